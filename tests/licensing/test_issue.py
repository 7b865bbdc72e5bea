"""What an issued licence says: row, signed grant, log entry; training is never in it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, transaction

from audit.models import Event
from common import clock
from common.errors import Conflict, InvalidInput
from common.keys import public_keys
from licensing import selectors, services
from licensing.models import LicenceRequest, LicenceToken, TermsVersion
from licensing.services.issue import issue_token
from tests import factories
from tests.licensing.conftest import Api, Cast
from trustcore.errors import InvalidToken
from trustcore.policy.terms import parse_time
from trustcore.receipt import AuthorisedEntry, parse_entry
from trustcore.tokens import GRANT_TYP, LICENCE_TYP, verify_token


def _grant(token: LicenceToken, **changes: Any) -> Any:
    expected = {
        "keys": public_keys("TOKEN"),
        "issuer": settings.BASE_URL,
        "audience": f"urn:trustmark:licence:{token.licence_id}",
        "now": None,
        "typ": GRANT_TYP,
    }
    return verify_token(token.grant.jws, **expected | changes)


@pytest.mark.req("ST-002")
@pytest.mark.req("ST-090")
def test_ninety_day_face_render_licence_carries_scope_duration_rights_and_territory(cast: Cast) -> None:
    token, _, _ = factories.make_live_token(
        cast.production,
        cast.talent,
        use_types=("FACE_RENDER",),
        constructs=("FACE_3D",),
        shots=("0410_0020",),
    )
    claims = _grant(token)
    assert claims.ut == ("FACE_RENDER",)
    assert claims.cst == ("FACE_3D",)
    assert claims.scope.shots == ("0410_0020",)
    assert claims.win.na - claims.win.nb == 90 * 86400
    assert (claims.quota.frames, claims.quota.lines) == (3000, 20)
    assert claims.ter.render == claims.ter.dist == ("CA", "GB", "US")
    assert claims.ch == ("SVOD", "THEATRICAL")
    assert claims.trn is False
    assert claims.terms_hash == token.terms.terms_hash
    assert claims.cls == "EMPLOYMENT_BASED_DIGITAL_REPLICA"
    assert claims.coc == token.licensee.control_generation
    assert token.not_after - token.not_before == timedelta(days=90)
    # a licence that lasts longer than allowed, or no time at all, is refused before it is asked
    for days in (0, 3651):
        with pytest.raises(InvalidInput) as refused:
            factories.make_submitted_request(cast.production, cast.talent, days=days)
        assert refused.value.code == "WINDOW_INVALID"


@pytest.mark.req("ST-001")
def test_licence_is_locked_to_one_production(cast: Cast) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    film_b = factories.make_production(cast.producer.organisation)
    assert _grant(token).prj == str(cast.production.pk)
    facts = selectors.licence_state_for(token.pk)
    assert facts is not None
    assert facts.terms.project.id == str(cast.production.pk) == str(facts.production_id)
    # neither the row nor a renewal moves it to film B
    with pytest.raises(IntegrityError, match="locked"), transaction.atomic():
        LicenceToken.objects.filter(pk=token.pk).update(production=film_b)
    with pytest.raises(InvalidInput) as refused:
        factories.make_submitted_request(film_b, cast.talent, renews=token.pk)
    assert refused.value.code == "RENEWAL_MISMATCH"


def test_grant_carries_pseudonyms_that_differ_by_production(cast: Cast) -> None:
    first, _, _ = factories.make_live_token(cast.production, cast.talent)
    second, _, _ = factories.make_live_token(
        factories.make_production(cast.producer.organisation), cast.talent
    )
    one, two = _grant(first), _grant(second)
    assert one.tal != two.tal
    assert one.act != two.act
    for jws, told in ((first.grant.jws, one), (second.grant.jws, two)):
        assert cast.talent.handle not in jws
        assert str(cast.talent.pk) not in repr(told)
        assert cast.talent.stage_name not in repr(told)


def test_grant_verifies_with_the_published_key_alone_and_not_as_a_token(cast: Cast) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    assert token.grant.kid in public_keys("TOKEN")
    with pytest.raises(InvalidToken):
        _grant(token, typ=LICENCE_TYP, now=int(clock.now().timestamp()))
    with pytest.raises(InvalidToken):
        _grant(token, keys=public_keys("LOG"))


def test_log_entry_names_each_approval_by_pseudonym(cast: Cast) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    event = Event.objects.get(kind="licence.issued", object_id=str(token.pk))
    assert event.log_entry is not None
    entry = parse_entry(bytes(event.log_entry))
    assert isinstance(entry, AuthorisedEntry)
    assert entry.terms_hash == token.terms.terms_hash
    assert [party.organisation for party in entry.approvals] == [
        str(cast.producer.organisation_id),
        str(cast.agent.organisation_id),
    ]
    assert entry.approvals[1].actor == _grant(token).act
    assert str(cast.agent.person.pk) not in repr(entry)
    assert str(token.production.guild_id) in event.visible_to


def test_window_left_open_begins_with_the_issue_and_the_signed_hash_stays(
    cast: Cast, move_clock: Any
) -> None:
    request = factories.make_submitted_request(cast.production, cast.talent)
    move_clock(days=10)
    token = factories.approve(request)
    assert token.not_before >= request.submitted_at + timedelta(days=9)
    assert token.terms.terms["window"] == {"not_before": None, "not_after": None, "days": 90}
    facts = selectors.licence_state_for(token.pk)
    assert facts is not None
    assert parse_time(facts.terms.window.not_before or "") == token.not_before
    assert facts.terms_hash == token.terms.terms_hash


def test_window_in_the_future_waits_and_one_that_is_over_is_refused(cast: Cast, move_clock: Any) -> None:
    begins = (clock.now() + timedelta(days=5)).replace(microsecond=0)
    token = factories.approve(
        factories.make_submitted_request(cast.production, cast.talent, not_before=begins, days=3)
    )
    assert token.state == "PENDING_ACTIVATION"
    assert selectors.effective_state(token) == "PENDING_ACTIVATION"
    late = factories.make_submitted_request(cast.production, cast.talent, not_before=begins, days=3)
    move_clock(days=6)
    assert selectors.effective_state(token) == "ACTIVE"
    assert services.settle_states() == 1
    token.refresh_from_db()
    assert token.state == "ACTIVE"
    move_clock(days=9)
    with pytest.raises(Conflict) as refused:
        factories.approve(late)
    assert refused.value.code == "WINDOW_OVER"
    assert selectors.effective_state(token) == "EXPIRED"
    assert services.settle_states() == 1
    late.refresh_from_db()
    assert late.state == "SUBMITTED"


@pytest.mark.req("ST-080")
@pytest.mark.parametrize("training", ["TRAINING_REPLICA", "FINE_TUNE", "DATA_MINING"])
def test_training_is_refused_in_a_render_request_and_told_to_ask_apart(
    api: Api, request_body: dict[str, Any], training: str
) -> None:
    refused = api.post("license-requests", {**request_body, "use_types": ["FACE_RENDER", training]})
    assert refused.status_code == 422
    assert refused.json()["code"] == "TRAINING_SEPARATE"
    assert refused.json()["use_types"] == [training]
    assert not LicenceRequest.objects.exists()
    assert api.post("license-requests", request_body).status_code == 201


@pytest.mark.req("ST-080")
def test_database_and_issue_refuse_training_however_it_got_there(cast: Cast) -> None:
    request = factories.make_submitted_request(cast.production, cast.talent)
    assert request.current is not None
    good = request.current.terms
    bad = (
        {**good, "use_types": ["FACE_RENDER", "TRAINING_REPLICA"]},
        {**good, "training": {**good["training"], "allowed": True}},
        {name: value for name, value in good.items() if name != "training"},
    )
    for terms in bad:
        with pytest.raises(IntegrityError, match="terms_never_carry_training"), transaction.atomic():
            _version(request, terms)
    token = factories.approve(request)
    columns = {
        field.attname: getattr(token, field.attname) for field in LicenceToken._meta.concrete_fields
    } | {"jti": cast.production.pk, "status_index": token.status_index ^ 1, "request_id": None}
    other = factories.make_submitted_request(cast.production, cast.talent)
    with pytest.raises(IntegrityError, match="token_never_carries_training"), transaction.atomic():
        LicenceToken.objects.create(**columns | {"request_id": other.pk, "use_types": ["TRAINING_GENERAL"]})
    # and the service, were it ever handed such terms
    request.current.terms = bad[0]
    with pytest.raises(Exception, match=r"TERMS_INVALID|TRAINING_SEPARATE"):
        issue_token(request=request, principal=cast.agent, at=clock.now())
    assert LicenceToken.objects.count() == 1


def _version(request: LicenceRequest, terms: dict[str, Any]) -> None:
    assert request.current is not None
    TermsVersion.objects.create(
        request=request,
        licence_id=request.licence_id,
        version=99,
        terms=terms,
        terms_hash=request.current.terms_hash,
        side="LICENSEE",
        created_by=request.requested_by,
    )


def test_two_licences_never_share_a_place_in_the_status_list(cast: Cast) -> None:
    places = set()
    for _ in range(3):
        token, _, _ = factories.make_live_token(cast.production, cast.talent)
        places.add((token.status_list, token.status_index))
    assert len(places) == 3


def test_times_are_whole_seconds(cast: Cast) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    assert isinstance(token.not_before, datetime)
    assert token.not_before.microsecond == token.not_after.microsecond == 0
