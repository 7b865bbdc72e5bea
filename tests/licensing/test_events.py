"""Events judge every live licence, are shown before they are confirmed, and end in duties that are met in time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.sealed_fields import Closed
from audit.models import Event
from common import clock
from common.errors import DomainError
from licensing import selectors, services
from licensing.models import DeclaredEvent, LicenceToken, RevocationDuty, Talent
from licensing.selectors.tokens import hold_reasons_on
from tests import factories
from tests.licensing.conftest import Api, Cast
from tests.licensing.persons import call, give_authority, make_minor


def refusal(act: Any) -> str:
    with pytest.raises(DomainError) as refused:
        act()
    return refused.value.code


def declare(desk: Any, kind: str, covers: str, thing: Any) -> DeclaredEvent:
    what = {"principal": desk, "kind": kind, "covers": covers, "covered_id": thing.pk}
    shown = services.preview_event(**what)
    return services.declare_event(**what, effect_hash=shown.effect_hash, why="It has happened.")


def state(token: LicenceToken) -> str:
    return str(selectors.effective_state(LicenceToken.objects.get(pk=token.pk)))


@pytest.fixture
def token(cast: Cast) -> LicenceToken:
    return factories.make_live_token(cast.production, cast.talent)[0]


@pytest.mark.req("BX-010")
def test_strike_is_shown_first_then_holds_every_licence_and_later_ones_and_only_the_guild_calls_it(
    cast: Cast, token: LicenceToken
) -> None:
    guild = factories.make_desk(cast.production.guild, "AUDITOR")
    body = {"kind": "STRIKE", "covers": "production", "id": str(cast.production.pk)}
    assert call(cast.producer, "events/preview", body).json()["code"] == "NOT_YOURS_TO_DECLARE"
    assert call(cast.other_studio, "events/preview", body).status_code == 404
    shown = call(guild, "events/preview", body).json()
    assert shown["effects"] == [{"jti": str(token.pk), "becomes": "HELD", "reason": "STRIKE_SUSPENSION"}]
    assert state(token) == "ACTIVE"
    more, _, _ = factories.make_live_token(cast.production, cast.talent)
    stale = call(guild, "events/declare", {**body, "effect_hash": shown["effect_hash"], "why": "Strike."})
    assert (stale.status_code, stale.json()["code"]) == (409, "EFFECT_CHANGED")
    assert not DeclaredEvent.objects.exists()
    done = call(
        guild, "events/declare", {**body, "effect_hash": stale.json()["effect_hash"], "why": "Strike."}
    )
    assert done.status_code == 201
    assert {state(token), state(more)} == {"SUSPENDED"}
    later, _, _ = factories.make_live_token(cast.production, cast.talent)
    assert state(later) == "SUSPENDED"
    told = Event.objects.get(kind="event.strike")
    assert {str(cast.producer.organisation_id), str(cast.talent.organisation_id)} <= set(told.visible_to)
    again = services.preview_event(
        principal=guild, kind="STRIKE", covers="production", covered_id=cast.production.pk
    )
    assert {one.becomes for one in again.effects} == {"UNCHANGED"}
    assert refusal(lambda: declare(guild, "STRIKE", "production", cast.production)) == "EVENT_STANDS"


@pytest.mark.parametrize("kind", ["STRIKE", "DEATH", "REPRESENTATION", "CHANGE_OF_CONTROL"])
def test_an_effect_is_shown_in_as_many_queries_for_a_crowd_as_for_one(
    cast: Cast, token: LicenceToken, kind: str
) -> None:
    desk, covers, thing = {
        "STRIKE": (factories.make_desk(cast.production.guild, "AUDITOR"), "production", cast.production),
        "DEATH": (factories.make_desk(cast.talent.organisation, "ADMIN"), "talent", cast.talent),
        "REPRESENTATION": (cast.self, "talent", cast.talent),
        "CHANGE_OF_CONTROL": (
            factories.make_desk(cast.production.organisation, "ADMIN"), "organisation", cast.production.organisation,
        ),
    }[kind]  # fmt: skip

    def queries() -> tuple[int, int]:
        with CaptureQueriesContext(connection) as seen:
            shown = services.preview_event(principal=desk, kind=kind, covers=covers, covered_id=thing.pk)
        return len(seen), len(shown.effects)

    few, one = queries()
    for _ in range(3):
        factories.make_live_token(cast.production, cast.talent)
    assert queries() == (few, one + 3)


@pytest.mark.req("BX-010")
def test_dispute_holds_what_it_names_and_nothing_else(cast: Cast, token: LicenceToken) -> None:
    other, _, _ = factories.make_live_token(cast.production, cast.talent)
    declare(cast.producer, "DISPUTE", "token", token)
    assert hold_reasons_on(token) == ("DISPUTE_HOLD",)
    assert (state(token), state(other)) == ("SUSPENDED", "ACTIVE")
    assert refusal(lambda: declare(cast.colleague, "DISPUTE", "token", other)) == "NOT_YOURS_TO_DECLARE"
    assert refusal(lambda: declare(cast.producer, "DISPUTE", "organisation", cast.producer.organisation)) == (
        "EVENT_COVERS_OTHER_THINGS"
    )


@pytest.mark.req("BX-010")
def test_coming_of_age_ends_the_guardians_word_and_waits_for_the_persons_own(
    cast: Cast, move_clock: Any
) -> None:
    minor, guardian, _ = make_minor()
    request = factories.make_submitted_request(cast.production, minor, days=2000)
    token = services.approve_request(
        principal=guardian, request_id=request.pk, terms_hash=request.current.terms_hash
    )
    assert token is not None
    grown = factories.desk_of_talent(minor)
    assert refusal(lambda: declare(grown, "MAJORITY", "talent", minor)) == "EVENT_STANDS"
    move_clock(days=901)
    declare(grown, "MAJORITY", "talent", minor)
    assert (state(token), hold_reasons_on(token)) == ("SUSPENDED", ("MINOR_REACHED_MAJORITY",))
    hold = token.talent.holds.get(lifted_at=None)
    assert refusal(lambda: services.lift_hold(principal=guardian, hold_id=hold.pk)) == "NOT_YOURS_TO_LIFT"
    services.lift_hold(principal=grown, hold_id=hold.pk)
    assert state(token) == "ACTIVE"


@pytest.mark.req("BX-010")
def test_what_waited_for_a_guardian_waits_for_the_grown_person_and_the_guardian_reads_no_more(
    cast: Cast, move_clock: Any, settings: Any
) -> None:
    settings.REQUEST_ANSWER_DAYS = 1000
    minor, guardian, _ = make_minor()
    request = factories.make_submitted_request(cast.production, minor, days=30)
    answer = {"request_id": request.pk, "terms_hash": request.current.terms_hash}
    move_clock(days=901)
    grown = factories.desk_of_talent(minor)
    declare(grown, "MAJORITY", "talent", minor)
    assert refusal(lambda: services.approve_request(principal=guardian, **answer)) == "NOT_YOURS_TO_DECIDE"
    assert call(guardian, f"license-requests/{request.pk}", method="get").status_code in (401, 403, 404)
    assert services.approve_request(principal=grown, **answer) is not None


def test_an_executor_reads_nothing_before_the_death_and_a_document_that_ran_out_lets_nobody_read(
    cast: Cast, token: LicenceToken, move_clock: Any
) -> None:
    admin = factories.make_desk(cast.talent.organisation, "ADMIN")
    executor = factories.make_user()
    until = clock.now().date() + timedelta(days=30)
    services.register_authority(
        principal=admin, talent=cast.talent, user=executor, kind="ESTATE_EXECUTOR", document_type="Will",
        issuer="Court", issued_on=clock.now().date(), expires_on=until, sha256="e" * 64,
    )  # fmt: skip
    assert not executor.memberships.filter(ended_at=None).exists()
    other = factories.make_desk(cast.talent.organisation, "ADMIN")
    declare(other, "DEATH", "talent", cast.talent)
    desk = factories.principal_of_person(executor, cast.talent.organisation_id)
    assert desk is not None
    assert selectors.tokens_visible_to(desk).filter(pk=token.pk).exists()
    move_clock(days=31)
    assert services.end_expired_authorities() == 1
    assert services.end_expired_authorities() == 0
    assert not executor.memberships.filter(ended_at=None).exists()


def test_a_dead_talents_login_neither_stops_nor_goes_on(cast: Cast, token: LicenceToken) -> None:
    services.emergency_stop(principal=cast.self, talent=cast.talent, reason="Stop.", ends_licences=False)
    admin = factories.make_desk(cast.talent.organisation, "ADMIN")
    declare(admin, "DEATH", "talent", cast.talent)
    dead = Talent.objects.get(pk=cast.talent.pk)
    assert refusal(lambda: services.lift_emergency_stop(principal=cast.self, talent=dead)) == "TALENT_ONLY"
    assert (
        refusal(lambda: services.emergency_stop(principal=cast.self, talent=dead, reason="No."))
        == "TALENT_ONLY"
    )


def test_training_that_an_event_ends_is_told_to_who_trains(cast: Cast) -> None:
    made = services.submit_training_request(principal=cast.producer, ask=factories.make_training_ask(cast))
    licence = services.approve_training(principal=cast.self, request_id=made.pk, terms_hash=made.terms_hash)
    declare(factories.make_desk(cast.talent.organisation, "ADMIN"), "DEATH", "talent", cast.talent)
    told = Event.objects.get(kind="training.revoked", object_id=str(made.pk))
    assert told.details["jti"] == str(licence.pk)
    assert str(cast.producer.organisation_id) in told.visible_to


@pytest.mark.req("BX-010")
def test_death_holds_what_the_talent_did_not_allow_until_the_estate_confirms(
    cast: Cast, token: LicenceToken
) -> None:
    allowed, _, _ = factories.make_live_token(
        cast.production, cast.talent, use_types=("VOICE_RENDER",), constructs=("VOICE_SPEAKING",)
    )
    services.instruct(
        principal=cast.self, talent=cast.talent, kind="POST_MORTEM",
        body={"allowed": True, "use_types": ["VOICE_RENDER"], "text": "My voice may finish this film."},
    )  # fmt: skip
    admin = factories.make_desk(cast.talent.organisation, "ADMIN")
    for desk in (cast.agent, cast.self, cast.producer):
        assert refusal(lambda desk=desk: declare(desk, "DEATH", "talent", cast.talent)) in {
            "NOT_YOURS_TO_DECLARE", "NOT_FOUND",
        }  # fmt: skip
    event = declare(admin, "DEATH", "talent", cast.talent)
    assert {one["jti"]: one["becomes"] for one in event.effects} == {
        str(token.pk): "HELD", str(allowed.pk): "UNCHANGED",
    }  # fmt: skip
    assert (state(token), state(allowed)) == ("SUSPENDED", "ACTIVE")
    assert selectors.mandate_in_force(cast.talent.pk) is None
    fields = {
        "talent": cast.talent, "user": factories.make_user(), "kind": "ESTATE_EXECUTOR", "document_type": "Will",
        "issuer": "Court", "issued_on": clock.now().date(), "sha256": "e" * 64,
    }  # fmt: skip
    assert refusal(lambda: services.register_authority(principal=admin, **fields)) == "FOUR_EYES"
    executor, _ = give_authority(cast.talent, "ESTATE_EXECUTOR")
    hold = token.holds.get(lifted_at=None)
    services.lift_hold(principal=executor, hold_id=hold.pk)
    assert state(token) == "ACTIVE"


@pytest.mark.req("BX-010")
def test_change_of_representation_waits_for_the_talent_or_the_new_agent(
    cast: Cast, token: LicenceToken
) -> None:
    agency = cast.other_agent.organisation
    given = {
        "principal": cast.self, "talent": cast.talent, "agency": agency, "mode": "AGENT_WITHIN_MANDATE",
        "use_types": ["FACE_RENDER", "VOICE_RENDER"],
    }  # fmt: skip
    assert refusal(
        lambda: services.preview_representation(principal=cast.agent, talent=cast.talent, agency=None)
    ) == ("TALENT_ONLY")
    shown = services.preview_representation(principal=cast.self, talent=cast.talent, agency=agency)
    assert [(one.jti, one.becomes) for one in shown.effects] == [(token.pk, "HELD")]
    for read in (None, "sha256:" + "0" * 64):
        assert (
            refusal(lambda read=read: services.grant_mandate(**given, effect_hash=read)) == "EFFECT_CHANGED"
        )
    assert (state(token), DeclaredEvent.objects.count()) == ("ACTIVE", 0)
    assert cast.talent.mandates.get(revoked_at=None) == cast.mandate  # nothing has happened
    services.grant_mandate(**given, effect_hash=shown.effect_hash)
    assert (state(token), hold_reasons_on(token)) == ("SUSPENDED", ("REPRESENTATION_CHANGED",))
    event = DeclaredEvent.objects.get()
    assert (event.kind, event.effect_hash) == ("REPRESENTATION", shown.effect_hash)
    told = Event.objects.get(kind="event.representation")
    parties = {cast.producer.organisation_id, cast.agent.organisation_id, cast.talent.organisation_id}
    assert {str(one) for one in parties} <= set(told.visible_to)
    mine, _, _ = factories.make_live_token(cast.production, cast.talent)
    again = services.preview_event(
        principal=cast.self, kind="REPRESENTATION", covers="talent", covered_id=cast.talent.pk
    )
    assert {one.jti: (one.becomes, one.reason) for one in again.effects} == {
        token.pk: ("UNCHANGED", "HELD_ALREADY"), mine.pk: ("UNCHANGED", "SAME_REPRESENTATION"),
    }  # fmt: skip
    assert (
        refusal(lambda: declare(cast.other_agent, "REPRESENTATION", "talent", cast.talent))
        == "NOT_YOURS_TO_DECLARE"
    )
    hold = token.holds.get(lifted_at=None)
    assert refusal(lambda: services.lift_hold(principal=cast.agent, hold_id=hold.pk)) == "NOT_YOURS_TO_LIFT"
    services.lift_hold(principal=cast.other_agent, hold_id=hold.pk)
    assert state(token) == "ACTIVE"


def test_ending_a_mandate_holds_what_the_agency_granted_and_not_what_the_talent_granted_alone(
    cast: Cast, token: LicenceToken
) -> None:
    place = f"talents/{cast.talent.pk}/mandate"
    assert call(cast.agent, f"{place}/preview", {"agency": None}).json()["code"] == "TALENT_ONLY"
    assert call(cast.other_agent, f"{place}/preview", {"agency": None}).status_code == 404
    shown = call(cast.self, f"{place}/preview", {"agency": None}).json()
    assert [one["becomes"] for one in shown["effects"]] == ["HELD"]
    unread = call(cast.self, f"{place}/end", {})
    assert (unread.status_code, unread.json()["code"]) == (409, "EFFECT_CHANGED")
    assert unread.json()["effect_hash"] == shown["effect_hash"]
    assert call(cast.self, f"{place}/end", {"effect_hash": shown["effect_hash"]}).status_code == 204
    assert state(token) == "SUSPENDED"
    services.lift_hold(principal=cast.self, hold_id=token.holds.get(lifted_at=None).pk)
    request = factories.make_submitted_request(cast.production, cast.talent)
    assert (request.agency_id, request.mode) == (None, "TALENT_ONLY")
    own = services.approve_request(
        principal=cast.self, request_id=request.pk, terms_hash=request.current.terms_hash
    )
    assert own is not None
    shown = services.preview_representation(
        principal=cast.self, talent=cast.talent, agency=cast.agent.organisation
    )
    assert {one.jti: one.reason for one in shown.effects} == {
        token.pk: "SAME_REPRESENTATION", own.pk: "TALENTS_OWN_WORD",
    }  # fmt: skip
    factories.make_mandate(cast.talent, cast.agent)
    assert {state(token), state(own)} == {"ACTIVE"}


@pytest.mark.req("BX-010")
def test_change_of_control_ends_asks_again_or_leaves_each_licence_as_its_terms_say(cast: Cast) -> None:
    kept = {
        rule: factories.make_live_token(cast.production, cast.talent, terms={"change_of_control": rule})[0]
        for rule in ("TERMINATE", "RECONSENT", "SURVIVE")
    }
    studio = cast.producer.organisation
    assert refusal(lambda: declare(cast.producer, "CHANGE_OF_CONTROL", "organisation", studio)) == (
        "NOT_YOURS_TO_DECLARE"
    )
    admin = factories.make_desk(studio, "ADMIN")
    event = declare(admin, "CHANGE_OF_CONTROL", "organisation", studio)
    by_jti = {one["jti"]: one["becomes"] for one in event.effects}
    assert {rule: by_jti[str(row.pk)] for rule, row in kept.items()} == {
        "TERMINATE": "TERMINATED", "RECONSENT": "NEEDS_CONSENT", "SURVIVE": "UNCHANGED",
    }  # fmt: skip
    assert state(kept["TERMINATE"]) == "TERMINATED_CHANGE_OF_CONTROL"
    facts = {rule: selectors.licence_state_for(row.pk) for rule, row in kept.items()}
    assert facts["RECONSENT"].has_new_owner
    assert not facts["SURVIVE"].has_new_owner
    assert facts["TERMINATE"].why_over is not None
    with pytest.raises(IntegrityError, match="stays ended"), transaction.atomic():
        LicenceToken.objects.filter(pk=kept["TERMINATE"].pk).update(state="ACTIVE")
    assert RevocationDuty.objects.filter(token=kept["TERMINATE"]).count() == 1
    with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
        DeclaredEvent.objects.update(why=Closed("Never mind."))


def test_revocation_is_owed_an_answer_by_licensee_and_each_vendor_within_96_hours(
    cast: Cast, api: Api, move_clock: Any
) -> None:
    vendor = factories.make_vendor()
    token, _, _ = factories.make_live_token(cast.production, cast.talent, vendors=[vendor])
    services.revoke_token(
        principal=cast.agent, jti=token.pk, kind="RECALL_REQUEST",
        disposition="DESTROY_WITH_CERTIFICATE", reason="Recall it, please.",
    )  # fmt: skip
    token.refresh_from_db()
    duties = {row.organisation_id: row for row in RevocationDuty.objects.filter(token=token)}
    assert set(duties) == {token.licensee_id, vendor.pk}
    assert {row.due_at - token.revoked_at < timedelta(hours=97) for row in duties.values()} == {True}
    (mine,) = api.get("revocation-duties").json()["results"]
    path = f"revocation-duties/{mine['id']}/acknowledge"
    assert api.post(path).json()["code"] == "CERTIFICATE_MISSING"
    assert api.post(path, {"certificate_sha256": "xyz"}).status_code == 422
    stranger = Api(api.client, factories.make_credential(cast.other_studio.organisation)[0])
    assert stranger.post(path, {"certificate_sha256": "a" * 64}).status_code == 404
    done = api.post(path, {"certificate_sha256": "a" * 64})
    assert done.json()["acknowledged_at"]
    assert api.post(path, {"certificate_sha256": "b" * 64}).json()["code"] == "ACKNOWLEDGED"
    assert services.note_overdue_duties() == 0
    move_clock(hours=97)
    assert services.note_overdue_duties() == 1
    assert services.note_overdue_duties() == 0
    late = Event.objects.get(kind="revocation.overdue")
    assert late.organisation_id == vendor.pk
    with pytest.raises(IntegrityError, match="acknowledged once"), transaction.atomic():
        RevocationDuty.objects.filter(pk=mine["id"]).update(certificate_sha256="c" * 64)


def test_emergency_stop_cascades_to_vendors_of_every_licence(cast: Cast) -> None:
    vendor = factories.make_vendor()
    for _ in range(2):
        factories.make_live_token(cast.production, cast.talent, vendors=[vendor])
    services.emergency_stop(principal=cast.self, talent=cast.talent, reason="Stop everything.")
    assert RevocationDuty.objects.filter(organisation=vendor, disposition="QUARANTINE").count() == 2


def test_estate_and_guardian_never_lift_a_stop_that_the_talent_made(cast: Cast) -> None:
    services.emergency_stop(
        principal=cast.self, talent=cast.talent, reason="Stop, please.", ends_licences=False
    )
    admin = factories.make_desk(cast.talent.organisation, "ADMIN")
    declare(admin, "DEATH", "talent", cast.talent)
    executor, _ = give_authority(Talent.objects.get(pk=cast.talent.pk), "ESTATE_EXECUTOR")
    hold = cast.talent.holds.get(reason="EMERGENCY_STOP")
    for desk in (executor, admin, cast.agent):
        assert refusal(lambda desk=desk: services.lift_hold(principal=desk, hold_id=hold.pk)) in {
            "TALENT_ONLY", "NOT_YOURS_TO_LIFT", "NOT_FOUND",
        }  # fmt: skip
    hold.refresh_from_db()
    assert hold.lifted_at is None
