"""Ending licences early: who may, what it takes along, and that it holds at once."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from django.test import Client

from audit.models import Event
from common.errors import Conflict, DomainError, Forbidden, InvalidInput
from licensing import selectors, services
from licensing.models import LicenceRequest, LicenceToken
from tests import factories
from tests.licensing.conftest import Api, Cast
from trustcore.receipt import RevokedEntry, parse_entry

HOW = {"kind": "PROSPECTIVE", "disposition": "KEEP", "reason": "The film was sold."}


@pytest.fixture
def token(cast: Cast) -> LicenceToken:
    """A live licence of the cast."""
    return factories.make_live_token(cast.production, cast.talent)[0]


def test_agent_revokes_and_the_very_next_read_says_so(api: Api, cast: Cast, token: LicenceToken) -> None:
    before = selectors.licence_state_for(token.pk)
    assert before is not None
    assert before.token_state == "ACTIVE"
    services.revoke_token(principal=cast.agent, jti=token.pk, **HOW)
    facts = selectors.licence_state_for(token.pk)
    assert facts is not None
    assert (facts.token_state, facts.revocation_kind, facts.emergency_stop) == (
        "REVOKED",
        "PROSPECTIVE",
        False,
    )
    beat = api.post(f"tokens/{token.pk}/heartbeat").json()
    assert (beat["state"], beat["token"]) == ("REVOKED", None)


def test_revocation_is_logged_with_kind_and_disposition(cast: Cast, token: LicenceToken) -> None:
    services.revoke_token(
        principal=cast.agent,
        jti=token.pk,
        kind="RECALL_REQUEST",
        disposition="DESTROY_WITH_CERTIFICATE",
        reason="Used outside the terms.",
    )
    event = Event.objects.get(kind="licence.revoked")
    assert event.log_entry is not None
    entry = parse_entry(bytes(event.log_entry))
    assert isinstance(entry, RevokedEntry)
    assert (entry.jti, entry.kind, entry.disposition) == (
        str(token.pk),
        "RECALL_REQUEST",
        "DESTROY_WITH_CERTIFICATE",
    )
    assert b"outside the terms" not in bytes(event.log_entry)
    assert str(token.licensee_id) in event.visible_to


def test_only_the_talent_or_an_agent_under_mandate_revokes(cast: Cast, token: LicenceToken) -> None:
    for other, code in (
        (cast.producer, "NOT_YOURS_TO_REVOKE"),
        (cast.colleague, "NOT_YOURS_TO_REVOKE"),
        (cast.other_agent, "NOT_FOUND"),
        (cast.other_studio, "NOT_FOUND"),
    ):
        with pytest.raises(DomainError) as refused:
            services.revoke_token(principal=other, jti=token.pk, **HOW)
        assert refused.value.code == code
    services.revoke_token(principal=cast.self, jti=token.pk, **HOW)
    with pytest.raises(Conflict) as again:
        services.revoke_token(principal=cast.agent, jti=token.pk, **HOW)
    assert again.value.code == "TOKEN_STATE"


def test_agent_whose_mandate_ended_no_longer_revokes_and_the_new_one_does(
    cast: Cast, token: LicenceToken
) -> None:
    factories.make_mandate(cast.talent, cast.other_agent)
    with pytest.raises(Forbidden):
        services.revoke_token(principal=cast.agent, jti=token.pk, **HOW)
    services.revoke_token(principal=cast.other_agent, jti=token.pk, **HOW)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"kind": "SOMEHOW"}, "KIND_UNKNOWN"),
        ({"kind": "EMERGENCY_STOP"}, "EMERGENCY_STOP_IS_WHOLE"),
        ({"disposition": "BURN"}, "DISPOSITION_UNKNOWN"),
        ({"reason": ""}, "REASON_INVALID"),
    ],
)
def test_malformed_revocation_is_refused(
    cast: Cast, token: LicenceToken, change: dict[str, str], code: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        services.revoke_token(principal=cast.agent, jti=token.pk, **HOW | change)
    assert refused.value.code == code
    token.refresh_from_db()
    assert token.state == "ACTIVE"


def test_revocation_takes_the_open_renewal_along(cast: Cast, token: LicenceToken) -> None:
    renewal = services.request_renewal(principal=cast.producer, jti=token.pk, days=30)
    services.revoke_token(principal=cast.agent, jti=token.pk, **HOW)
    renewal.refresh_from_db()
    assert (renewal.state, renewal.decline_reason) == ("DECLINED", "The film was sold.")
    with pytest.raises(Conflict) as refused:
        services.request_renewal(principal=cast.producer, jti=token.pk, days=30)
    assert refused.value.code == "NOT_RENEWABLE"


def test_revoked_licence_stays_revoked_in_the_database(cast: Cast, token: LicenceToken) -> None:
    services.revoke_token(principal=cast.agent, jti=token.pk, **HOW)
    with pytest.raises(DatabaseError, match="stays revoked"), transaction.atomic():
        LicenceToken.objects.filter(pk=token.pk).update(state="ACTIVE", revoked_at=None)


def test_emergency_stop_ends_everything_of_a_person_and_nothing_of_others(
    cast: Cast, token: LicenceToken
) -> None:
    second, _, _ = factories.make_live_token(
        factories.make_production(cast.other_studio.organisation), cast.talent
    )
    waiting = factories.make_submitted_request(cast.production, cast.talent)
    neighbour, _, _ = factories.make_live_token(cast.production)
    ended = services.emergency_stop(principal=cast.self, talent=cast.talent, reason="Stop.")
    assert set(ended) == {token.pk, second.pk}
    facts = selectors.licence_state_for(second.pk)
    assert facts is not None
    assert (facts.token_state, facts.emergency_stop) == ("REVOKED", True)
    waiting.refresh_from_db()
    assert waiting.state == "DECLINED"
    assert selectors.effective_state(neighbour) == "ACTIVE"


def test_emergency_stop_is_the_talents_alone(cast: Cast, token: LicenceToken) -> None:
    administrator = factories.make_desk(cast.talent.organisation, "ADMIN")
    key = factories.desk_of_key(
        factories.make_credential(cast.talent.organisation, created_by=cast.self.person)[0]
    )
    for other in (cast.agent, administrator, key, cast.producer):
        with pytest.raises(Forbidden) as refused:
            services.emergency_stop(principal=other, talent=cast.talent, reason="Stop.")
        assert refused.value.code == "TALENT_ONLY"
    detail = selectors.licence_detail(cast.agent, token.pk)
    assert detail is not None
    assert detail.may == {"REVOKE", "SUSPEND"}
    own = selectors.licence_detail(cast.self, token.pk)
    assert own is not None
    assert own.may == {"REVOKE", "SUSPEND", "EMERGENCY_STOP"}


def test_api_revokes_for_the_agents_key_and_refuses_the_licensees(
    api: Api, cast: Cast, token: LicenceToken
) -> None:
    refused = api.post(f"tokens/{token.pk}/revoke", {"reason": "We want it gone."})
    assert (refused.status_code, refused.json()["code"]) == (403, "NOT_YOURS_TO_REVOKE")
    key, _ = factories.make_credential(cast.agent.organisation, created_by=cast.agent.person)
    answer = Api(Client(), key).post(f"tokens/{token.pk}/revoke", HOW)
    assert answer.status_code == 200
    assert (answer.json()["state"], answer.json()["revocation_kind"]) == ("REVOKED", "PROSPECTIVE")


@pytest.mark.django_db(transaction=True)
def test_licence_approved_while_the_talent_stops_everything_does_not_survive(
    race: Callable[..., Any],
) -> None:
    talent = factories.make_talent()
    desk = factories.desk_of_talent(talent)
    request = factories.make_submitted_request(None, talent)
    assert request.current is not None
    terms_hash = request.current.terms_hash
    race(
        lambda: services.approve_request(principal=desk, request_id=request.pk, terms_hash=terms_hash),
        lambda: services.emergency_stop(principal=desk, talent=talent, reason="Stop."),
    )
    states = set(LicenceToken.objects.filter(talent=talent).values_list("state", flat=True))
    assert states <= {"REVOKED"}
    assert LicenceRequest.objects.get(pk=request.pk).state in {"APPROVED", "DECLINED"}


@pytest.fixture
def race() -> Callable[..., list[Exception]]:
    """Run calls at once, each in a thread with a connection of its own; returns what they refused."""

    def run(*calls: Callable[[], object]) -> list[Exception]:
        refused: list[Exception] = []
        start = threading.Barrier(len(calls))

        def one(call: Callable[[], object]) -> None:
            start.wait()
            try:
                call()
            except DomainError as error:
                refused.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=one, args=(call,)) for call in calls]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        return refused

    return run


@pytest.mark.django_db(transaction=True)
def test_two_approvals_at_once_issue_one_licence(race: Callable[..., list[Exception]]) -> None:
    request = factories.make_submitted_request()
    assert request.current is not None
    agent, terms_hash = factories.decider_of(request), request.current.terms_hash

    def approve() -> object:
        return services.approve_request(principal=agent, request_id=request.pk, terms_hash=terms_hash)

    refused = race(approve, approve)
    assert LicenceToken.objects.filter(request=request).count() == 1
    assert [error.code for error in refused if isinstance(error, DomainError)] == ["REQUEST_STATE"]
