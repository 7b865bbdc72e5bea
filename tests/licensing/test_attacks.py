"""Attempts to act with a seat, a key or a number that one does not have."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership
from accounts.services import add_member
from common import clock
from common.errors import Forbidden
from licensing import selectors, services
from licensing.models import LicenceRequest, LicenceToken
from tests import factories
from tests.licensing.conftest import Api, Cast

WHY = {"reason": "We want it gone."}


@pytest.fixture
def open_mandate(cast: Cast) -> None:
    """Every agent of the agency may decide: nobody is named."""
    factories.make_mandate(cast.talent, cast.agent, named=False)


def key_of(desk: Any) -> Api:
    return Api(Client(), factories.make_credential(desk.organisation, created_by=desk.person)[0])


def test_key_made_by_an_administrator_of_the_agency_is_no_agent(cast: Cast, open_mandate: None) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    administrator = factories.make_desk(cast.agent.organisation, Membership.Role.ADMIN)
    refused = key_of(administrator).post(f"tokens/{token.pk}/revoke", WHY)
    assert (refused.status_code, refused.json()["code"]) == (403, "NOT_YOURS_TO_REVOKE")
    assert key_of(cast.agent).post(f"tokens/{token.pk}/revoke", WHY).status_code == 200


def test_key_of_an_agent_who_is_one_no_more_revokes_nothing(cast: Cast, open_mandate: None) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    api = key_of(cast.agent)
    Membership.objects.filter(user=cast.agent.person).update(ended_at=clock.now())
    add_member(organisation=cast.agent.organisation, user=cast.agent.person, role="AUDITOR")
    assert api.post(f"tokens/{token.pk}/revoke", WHY).status_code == 403
    assert selectors.effective_state(LicenceToken.objects.get(pk=token.pk)) == "ACTIVE"


def test_engineer_asks_for_nothing_through_a_key_of_their_own(
    cast: Cast, request_body: dict[str, Any]
) -> None:
    engineer = key_of(factories.make_desk(cast.producer.organisation, Membership.Role.ENGINEER))
    assert engineer.post("license-requests", request_body).json()["code"] == "PRODUCER_ONLY"
    assert engineer.post("productions", {"title": "A", "kind": "PRODUCTION"}).status_code == 403
    request = factories.make_submitted_request(cast.production, cast.talent, producer=cast.producer)
    assert request.current is not None
    services.counter_request(
        principal=cast.agent,
        request_id=request.pk,
        terms_hash=request.current.terms_hash,
        changes={"scope.frames_max": 10},
    )
    offered = LicenceRequest.objects.get(pk=request.pk).current
    assert offered is not None
    accept = {"terms_hash": offered.terms_hash}
    assert engineer.post(f"license-requests/{request.pk}/accept", accept).status_code == 403
    assert engineer.post(f"license-requests/{request.pk}/withdraw").status_code == 403
    assert key_of(cast.producer).post(f"license-requests/{request.pk}/accept", accept).status_code == 200


def test_agent_who_belongs_to_the_licensee_too_does_not_answer_it(cast: Cast) -> None:
    request = factories.make_submitted_request(cast.production, cast.talent, producer=cast.producer)
    assert request.current is not None
    terms_hash = request.current.terms_hash
    membership = add_member(organisation=cast.producer.organisation, user=cast.agent.person, role="PRODUCER")
    for act in (
        lambda: services.approve_request(principal=cast.agent, request_id=request.pk, terms_hash=terms_hash),
        lambda: services.counter_request(
            principal=cast.agent,
            request_id=request.pk,
            terms_hash=terms_hash,
            changes={"scope.frames_max": 10},
        ),
    ):
        with pytest.raises(Forbidden) as refused:
            act()
        assert refused.value.code == "FOUR_EYES"
    membership.ended_at = clock.now()
    membership.save()
    assert services.approve_request(principal=cast.agent, request_id=request.pk, terms_hash=terms_hash)


def test_vendor_of_one_version_learns_nothing_of_the_next(cast: Cast) -> None:
    vendor = factories.make_vendor()
    token, _, _ = factories.make_live_token(cast.production, cast.talent, vendors=[vendor])
    renewal = services.request_renewal(
        principal=cast.producer, jti=token.pk, days=10, changes={"vendors": []}
    )
    later = factories.approve(renewal)
    seen = selectors.licence_detail(factories.make_desk(vendor, "ENGINEER"), token.pk)
    assert seen is not None
    assert [line.jti for line in seen.lineage] == [token.pk]
    assert seen.superseded_by is None
    whole = selectors.licence_detail(cast.producer, token.pk)
    assert whole is not None
    assert [line.jti for line in whole.lineage] == [token.pk, later.pk]
    assert whole.superseded_by == later.pk


@pytest.mark.parametrize("begins", ["9999-12-31T00:00:00Z", "0001-01-01T00:00:00+14:00"])
def test_window_at_the_end_of_the_calendar_is_refused(
    api: Api, request_body: dict[str, Any], begins: str
) -> None:
    answer = api.post("license-requests", request_body | {"window": {"not_before": begins, "days": 90}})
    assert answer.status_code == 422


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 100_000,
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b"\xff\xfe",
        b'{"talent":"\\ud800"}',
        b'{"a":1,"a":2}',
        b'{"a":1e999}',
        b'{"a":' + b"9" * 5000 + b"}",
    ],
)
def test_hostile_json_is_malformed_and_no_more(api: Api, body: bytes) -> None:
    answer = api.client.post(
        "/api/v1/license-requests",
        body,
        content_type="application/json",
        headers=factories.bearer(api.credential),
    )
    assert (answer.status_code, answer.json()["code"]) == (400, "JSON_MALFORMED")


def test_what_is_foreign_answers_as_what_is_not_there(stranger_api: Api, cast: Cast) -> None:
    """One stranger, every address that takes an id: the same bytes for a real id and a made-up one."""
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    request = factories.make_submitted_request(cast.production, cast.talent, producer=cast.producer)
    accept = {"terms_hash": "sha256:" + "0" * 64}
    addresses: list[tuple[str, Any, Any]] = [
        ("productions/{}", cast.production.pk, None),
        ("license-requests/{}", request.pk, None),
        ("license-requests/{}/accept", request.pk, accept),
        ("license-requests/{}/withdraw", request.pk, {}),
        ("tokens/{}", token.pk, None),
        ("tokens/{}/heartbeat", token.pk, {}),
        ("tokens/{}/revoke", token.pk, WHY),
        ("render/receipts?token={}", token.pk, None),
        ("render/checks?token={}", token.pk, None),
        ("render/receipts/0/proof?project={}", cast.production.pk, None),
    ]
    for address, real, body in addresses:
        answers = [
            stranger_api.get(address.format(one))
            if body is None
            else stranger_api.post(address.format(one), body)
            for one in (real, uuid.uuid4())
        ]
        assert [answer.status_code for answer in answers] == [404, 404], address
        assert answers[0].content == answers[1].content, address
    for body in ({"project": str(cast.production.pk)}, {"project": str(uuid.uuid4())}):
        answer = stranger_api.post("visibility/check", body | {"talent": cast.talent.handle})
        assert (answer.status_code, json.loads(answer.content)["code"]) == (404, "NOT_FOUND")
        asked = stranger_api.post("bundles", body | {"purpose": "UNION_REPORTING"})
        assert (asked.status_code, json.loads(asked.content)["code"]) == (404, "NOT_FOUND")
