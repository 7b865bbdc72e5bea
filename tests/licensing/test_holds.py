"""Holds: who places them, what they cover, who lifts them, and that the very next read knows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.test import Client

from accounts.models import Organisation
from accounts.sealed_fields import Closed
from audit.models import Event
from common import clock
from common.errors import Conflict, DomainError, Forbidden
from licensing import selectors, services
from licensing.models import Hold, LicenceToken
from licensing.selectors.status import status_list_jwt, status_uri
from tests import factories
from tests.licensing.conftest import Api, Cast
from trustcore.policy.reasons import DenyReason
from trustcore.receipt import ResumedEntry, SuspendedEntry, parse_entry
from trustcore.signing import keys_from_jwks
from trustcore.status import SUSPENDED, VALID, StatusList, decode_status_list

pytestmark = pytest.mark.django_db


@pytest.fixture
def token(cast: Cast) -> LicenceToken:
    """A live licence of the cast."""
    return factories.make_live_token(cast.production, cast.talent)[0]


def place(desk: Any, thing: Any, reason: str = "SUSPENDED", covers: str = "token") -> Hold:
    return services.place_hold(
        principal=desk, covers=covers, covered_id=thing.pk, reason=reason, why="We need to look at it."
    )


def facts(token: LicenceToken) -> selectors.LicenceFacts:
    found = selectors.licence_state_for(token.pk)
    assert found is not None
    return found


def entries(kind: str) -> list[Any]:
    return [
        parse_entry(bytes(e.log_entry or b"")) for e in Event.objects.filter(kind=kind).order_by("number")
    ]


def signed_state(token: LicenceToken) -> int:
    """What anyone reads of the licence in the public status list."""
    codes = decode_status_list(
        status_list_jwt(token.status_list) or "",
        keys=keys_from_jwks(selectors.jwks()),
        uri=status_uri(token.status_list),
        now=int(clock.now().timestamp()),
    )
    assert isinstance(codes, StatusList)
    return codes.state_at(token.status_index)


# -- one licence


def test_suspended_licence_reads_as_suspended_everywhere_and_as_active_after_it_is_resumed(
    api: Api, cast: Cast, token: LicenceToken
) -> None:
    hold = place(cast.agent, token, "PAYMENT_HOLD")
    assert (facts(token).token_state, facts(token).holds) == ("ACTIVE", ("PAYMENT_HOLD",))
    assert facts(token).why_over == "PAYMENT_HOLD"
    assert selectors.effective_state(LicenceToken.objects.get(pk=token.pk)) == "SUSPENDED"
    assert signed_state(token) == SUSPENDED
    beat = api.post(f"tokens/{token.pk}/heartbeat").json()
    assert (beat["state"], beat["token"], beat["reason_codes"]) == ("SUSPENDED", None, ["PAYMENT_HOLD"])
    shown = api.get(f"tokens/{token.pk}").json()
    assert (shown["state"], shown["holds"]) == ("SUSPENDED", ["PAYMENT_HOLD"])

    services.lift_hold(principal=cast.agent, hold_id=hold.pk, why="Paid.")
    assert (facts(token).holds, facts(token).why_over, signed_state(token)) == ((), None, VALID)
    beat = api.post(f"tokens/{token.pk}/heartbeat").json()
    assert (beat["state"], beat["reason_codes"]) == ("ACTIVE", [])
    assert beat["token"] is not None


def test_production_log_tells_when_and_by_whom_it_was_suspended_and_resumed(
    cast: Cast, token: LicenceToken
) -> None:
    hold = place(cast.agent, token, "DISPUTE_HOLD")
    services.lift_hold(principal=cast.self, hold_id=hold.pk)
    ((placed,), (lifted,)) = entries("licence.suspended"), entries("licence.resumed")
    assert isinstance(placed, SuspendedEntry)
    assert isinstance(lifted, ResumedEntry)
    assert (placed.jti, placed.hold, placed.reason) == (str(token.pk), str(hold.pk), "DISPUTE_HOLD")
    assert (lifted.jti, lifted.hold, lifted.reason) == (str(token.pk), str(hold.pk), "DISPUTE_HOLD")
    assert placed.organisation == str(cast.agent.organisation_id)
    assert lifted.by == selectors.person_pseudonym(cast.self.person.pk, token.production_id)
    event = Event.objects.get(kind="licence.suspended")
    assert b"look at it" not in bytes(event.log_entry or b"")
    assert {str(token.licensee_id), str(cast.production.guild_id)} <= set(event.visible_to)


def test_two_holds_are_lifted_one_by_one(cast: Cast, token: LicenceToken) -> None:
    first, second = place(cast.agent, token, "PAYMENT_HOLD"), place(cast.self, token, "LEGAL_HOLD")
    assert facts(token).holds == ("PAYMENT_HOLD", "LEGAL_HOLD")
    services.lift_hold(principal=cast.agent, hold_id=first.pk)
    assert facts(token).holds == ("LEGAL_HOLD",)
    services.lift_hold(principal=cast.self, hold_id=second.pk)
    assert facts(token).holds == ()


@pytest.mark.parametrize(
    ("who", "reason", "code"),
    [
        ("producer", "PAYMENT_HOLD", "NOT_YOURS_TO_HOLD"),
        ("colleague", "SUSPENDED", "NOT_YOURS_TO_HOLD"),
        ("agent", "CONSENT_WITHDRAWN", "NOT_YOURS_TO_HOLD"),
        ("agent", "STRIKE_SUSPENSION", "NOT_YOURS_TO_HOLD"),
        ("self", "STRIKE_SUSPENSION", "NOT_YOURS_TO_HOLD"),
        ("self", "EMERGENCY_STOP", "EMERGENCY_STOP_IS_WHOLE"),
        ("self", "PROJECT_MISMATCH", "REASON_UNKNOWN"),
        ("other_agent", "SUSPENDED", "NOT_FOUND"),
        ("other_studio", "SUSPENDED", "NOT_FOUND"),
    ],
)
def test_hold_of_another_side_is_refused(
    cast: Cast, token: LicenceToken, who: str, reason: str, code: str
) -> None:
    with pytest.raises(DomainError) as refused:
        place(getattr(cast, who), token, reason)
    assert refused.value.code == code
    assert not Hold.objects.exists()


def test_licensee_cannot_lift_what_the_talents_side_placed_and_may_lift_its_own(
    cast: Cast, token: LicenceToken
) -> None:
    of_talent, of_studio = place(cast.self, token), place(cast.producer, token)
    for other, code in ((cast.producer, "NOT_YOURS_TO_LIFT"), (cast.agent, "NOT_YOURS_TO_LIFT")):
        with pytest.raises(Forbidden) as refused:
            services.lift_hold(principal=other, hold_id=of_talent.pk)
        assert refused.value.code == code
    with pytest.raises(Forbidden):
        services.lift_hold(principal=cast.self, hold_id=of_studio.pk)
    services.lift_hold(principal=cast.producer, hold_id=of_studio.pk)
    services.lift_hold(principal=cast.self, hold_id=of_talent.pk)
    with pytest.raises(Conflict) as again:
        services.lift_hold(principal=cast.self, hold_id=of_talent.pk)
    assert again.value.code == "HOLD_LIFTED"


def test_one_side_holds_once_for_one_reason(cast: Cast, token: LicenceToken) -> None:
    place(cast.agent, token)
    with pytest.raises(Conflict) as twice:
        place(cast.agent, token)
    assert twice.value.code == "HOLD_STANDS"
    assert len(entries("licence.suspended")) == 1


def test_ended_licence_is_not_held(cast: Cast, token: LicenceToken) -> None:
    services.revoke_token(
        principal=cast.agent, jti=token.pk, kind="PROSPECTIVE", disposition="KEEP", reason="Sold."
    )
    with pytest.raises(Conflict) as refused:
        place(cast.agent, token)
    assert refused.value.code == "TOKEN_STATE"


def test_licence_that_begins_under_a_hold_is_active_once_it_is_lifted(
    cast: Cast, move_clock: Callable[..., None]
) -> None:
    """The scan that stores what time has done must never store what a hold does."""
    begins = clock.now() + timedelta(days=2)
    token = factories.make_live_token(cast.production, cast.talent, not_before=begins)[0]
    hold = place(cast.agent, token)
    move_clock(days=3)
    assert services.settle_states() == 1
    assert selectors.effective_state(LicenceToken.objects.get(pk=token.pk)) == "SUSPENDED"
    assert LicenceToken.objects.get(pk=token.pk).state == "ACTIVE"
    services.lift_hold(principal=cast.agent, hold_id=hold.pk)
    assert selectors.effective_state(LicenceToken.objects.get(pk=token.pk)) == "ACTIVE"


def test_held_licence_is_not_renewed(cast: Cast, token: LicenceToken) -> None:
    place(cast.agent, token, "PAYMENT_HOLD")
    with pytest.raises(Conflict) as refused:
        services.request_renewal(principal=cast.producer, jti=token.pk, days=30)
    assert refused.value.code == "NOT_RENEWABLE"


# -- several licences


def test_strike_holds_every_licence_of_the_production_and_only_the_guild_lifts_it(cast: Cast) -> None:
    first, second = (factories.make_live_token(cast.production)[0] for _ in range(2))
    elsewhere = factories.make_live_token()[0]
    assert cast.production.guild is not None
    guild = factories.make_desk(cast.production.guild, "AUDITOR")
    hold = place(guild, cast.production, "STRIKE_SUSPENSION", "production")
    assert [facts(one).holds for one in (first, second, elsewhere)] == [("STRIKE_SUSPENSION",)] * 2 + [()]
    assert {entry.jti for entry in entries("licence.suspended")} == {str(first.pk), str(second.pk)}
    later = factories.make_live_token(cast.production)[0]
    assert facts(later).holds == ("STRIKE_SUSPENSION",)
    assert entries("licence.suspended")[-1].jti == str(later.pk), "the log says so of a later licence, too"
    with pytest.raises(Forbidden):
        services.lift_hold(principal=cast.producer, hold_id=hold.pk)
    services.lift_hold(principal=guild, hold_id=hold.pk)
    assert facts(first).holds == ()
    assert {entry.jti for entry in entries("licence.resumed")} == {
        str(one.pk) for one in (first, second, later)
    }
    assert [event.kind for event in Event.objects.filter(kind__startswith="hold.").order_by("number")] == [
        "hold.placed",
        "hold.lifted",
    ]


def test_guild_that_does_not_oversee_the_production_cannot_strike_it(cast: Cast) -> None:
    stranger = factories.make_desk(factories.make_guild(), "AUDITOR")
    with pytest.raises(DomainError) as refused:
        place(stranger, cast.production, "STRIKE_SUSPENSION", "production")
    assert refused.value.code == "NOT_FOUND"


def test_agent_holds_all_of_a_talent_and_nobody_elses(cast: Cast, token: LicenceToken) -> None:
    neighbour = factories.make_live_token(cast.production)[0]
    place(cast.agent, cast.talent, "REPRESENTATION_CHANGED", "talent")
    assert (facts(token).holds, facts(neighbour).holds) == (("REPRESENTATION_CHANGED",), ())


@pytest.mark.parametrize("side", ["producer", "agent"])
def test_organisation_holds_all_licences_that_it_has_a_part_in(
    cast: Cast, token: LicenceToken, side: str
) -> None:
    """A breach at the licensee or at the agency: its own administrator stops what runs on its word."""
    organisation = getattr(cast, side).organisation
    neighbour = factories.make_live_token()[0]
    with pytest.raises(Forbidden):
        place(getattr(cast, side), organisation, "SECURITY_INCIDENT_HOLD", "organisation")
    administrator = factories.make_desk(organisation, "ADMIN")
    hold = place(administrator, organisation, "SECURITY_INCIDENT_HOLD", "organisation")
    assert (facts(token).holds, facts(neighbour).holds) == (("SECURITY_INCIDENT_HOLD",), ())
    services.lift_hold(principal=administrator, hold_id=hold.pk)
    assert facts(token).holds == ()
    with pytest.raises(DomainError) as refused:
        place(administrator, factories.make_studio(), "SECURITY_INCIDENT_HOLD", "organisation")
    assert refused.value.code == "NOT_FOUND"


# -- the emergency stop


def test_stop_that_keeps_licences_is_lifted_by_the_talent_and_all_goes_on(
    cast: Cast, token: LicenceToken
) -> None:
    ended = services.emergency_stop(
        principal=cast.self, talent=cast.talent, reason="Stop.", ends_licences=False
    )
    assert ended == ()
    assert (facts(token).emergency_stop, facts(token).holds) == (True, ())
    assert facts(token).why_over == "EMERGENCY_STOP"
    assert selectors.effective_state(LicenceToken.objects.get(pk=token.pk)) == "SUSPENDED"
    administrator = factories.make_desk(cast.talent.organisation, "ADMIN")
    for other in (cast.agent, administrator, cast.producer):
        with pytest.raises(Forbidden) as refused:
            services.lift_emergency_stop(principal=other, talent=cast.talent)
        assert refused.value.code == "TALENT_ONLY"
        with pytest.raises(DomainError):
            services.lift_hold(principal=other, hold_id=Hold.objects.get().pk)
    services.lift_emergency_stop(principal=cast.self, talent=cast.talent, why="Back to work.")
    assert (facts(token).emergency_stop, facts(token).why_over) == (False, None)
    assert [e.kind for e in Event.objects.filter(kind__startswith="talent.emergency").order_by("number")] == [
        "talent.emergency_stop",
        "talent.emergency_stop_lifted",
    ]
    with pytest.raises(Conflict) as refused_again:
        services.lift_emergency_stop(principal=cast.self, talent=cast.talent)
    assert refused_again.value.code == "NOT_STOPPED"


def test_licence_that_an_agent_grants_after_the_stop_stands_still_until_it_is_lifted(
    cast: Cast, token: LicenceToken
) -> None:
    services.emergency_stop(principal=cast.self, talent=cast.talent, reason="Stop.")
    services.emergency_stop(principal=cast.self, talent=cast.talent, reason="Stop, I said.")
    assert Hold.objects.count() == 1, "stopping twice is stopping once"
    later = factories.make_live_token(cast.production, cast.talent)[0]
    assert (facts(later).token_state, facts(later).emergency_stop) == ("ACTIVE", True)
    services.lift_emergency_stop(principal=cast.self, talent=cast.talent)
    assert facts(later).why_over is None
    assert facts(token).emergency_stop, "what the stop ended stays ended"


def test_database_refuses_a_stop_by_anybody_but_the_talent(cast: Cast, token: LicenceToken) -> None:
    stop = {
        "reason": "EMERGENCY_STOP", "talent": cast.talent, "side": "TALENT", "placed_at": token.created_at,
        "placed_for": cast.talent.organisation, "why": "x",
    }  # fmt: skip
    for other in (cast.agent.person, cast.producer.person):
        with pytest.raises(DatabaseError, match="only the talent stops"), transaction.atomic():
            Hold.objects.create(**stop, placed_by=other)
    for change in ({"side": "AGENT"}, {"talent": None, "token": token}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Hold.objects.create(**{**stop, **change}, placed_by=cast.self.person)
    key = factories.make_credential(cast.talent.organisation, created_by=cast.self.person)[0]
    with pytest.raises(IntegrityError, match="in_person"), transaction.atomic():
        Hold.objects.create(**stop, placed_by=cast.self.person, credential=key)
    with pytest.raises(DatabaseError, match="has not made"), transaction.atomic():
        LicenceToken.objects.filter(pk=token.pk).update(
            state="REVOKED", revoked_at=token.created_at, revocation_kind="EMERGENCY_STOP"
        )
    services.emergency_stop(principal=cast.self, talent=cast.talent, reason="Stop.", ends_licences=False)
    with pytest.raises(DatabaseError, match="only the talent lifts"), transaction.atomic():
        Hold.objects.update(
            lifted_at=token.created_at, lifted_by=cast.agent.person, lifted_for=cast.agent.organisation
        )


def test_hold_changes_in_nothing_but_its_one_end(cast: Cast, token: LicenceToken) -> None:
    hold = place(cast.agent, token)
    other = factories.make_live_token()[0]
    for change in (
        {"reason": "LEGAL_HOLD"},
        {"token": other},
        {"why": Closed("another")},
        {"side": "LICENSEE"},
    ):
        with pytest.raises(DatabaseError, match="lifted once"), transaction.atomic():
            Hold.objects.filter(pk=hold.pk).update(**change)
    services.lift_hold(principal=cast.agent, hold_id=hold.pk)
    with pytest.raises(DatabaseError, match="lifted once"), transaction.atomic():
        Hold.objects.filter(pk=hold.pk).update(lifted_at=None, lifted_by=None, lifted_for=None)
    with pytest.raises(DatabaseError, match="lifted once"), transaction.atomic():
        Hold.objects.filter(pk=hold.pk).update(lift_why=Closed("for another reason"))
    with pytest.raises(DatabaseError, match="never deleted"), transaction.atomic():
        Hold.objects.filter(pk=hold.pk).delete()
    with (
        connection.cursor() as cursor,
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
    ):
        cursor.execute("set constraints all immediate; truncate licensing_hold")


# -- over HTTP


def test_api_suspends_and_resumes_for_the_agents_key(api: Api, cast: Cast, token: LicenceToken) -> None:
    key = factories.make_credential(cast.agent.organisation, created_by=cast.agent.person)[0]
    agents = Api(Client(), key)
    made = agents.post(f"tokens/{token.pk}/suspend", {"reason": "PAYMENT_HOLD", "why": "Unpaid."})
    assert made.status_code == 200, made.content
    assert (made.json()["reason"], made.json()["side"], made.json()["covers"]) == (
        "PAYMENT_HOLD", "AGENT", "token",
    )  # fmt: skip
    refused = api.post(f"tokens/{token.pk}/resume")
    assert (refused.status_code, refused.json()["code"]) == (403, "NOT_YOURS_TO_LIFT")
    assert facts(token).holds == ("PAYMENT_HOLD",)
    lifted = agents.post(f"tokens/{token.pk}/resume", {"why": "Paid."}).json()["holds"]
    assert [one["id"] for one in lifted] == [made.json()["id"]]
    assert lifted[0]["lifted_at"] is not None
    again = agents.post(f"tokens/{token.pk}/resume")
    assert (again.status_code, again.json()["code"]) == (409, "NOT_SUSPENDED")


def test_api_suspends_without_a_reason_code_and_refuses_codes_that_are_no_holds(
    api: Api, stranger_api: Api, token: LicenceToken
) -> None:
    assert api.post(f"tokens/{token.pk}/suspend", {"why": "A pause."}).json()["reason"] == "SUSPENDED"
    wrong = api.post(f"tokens/{token.pk}/suspend", {"reason": "PROJECT_MISMATCH", "why": "x"})
    assert wrong.status_code == 422
    stranger = stranger_api.post(f"tokens/{token.pk}/suspend", {"why": "x"})
    assert (stranger.status_code, stranger.json()["code"]) == (404, "NOT_FOUND")


def test_guild_strikes_a_production_over_http(cast: Cast, token: LicenceToken) -> None:
    assert cast.production.guild is not None
    client = factories.signed_in(factories.make_desk(cast.production.guild, "AUDITOR").person)
    body = {
        "covers": "production", "id": str(cast.production.pk), "reason": "STRIKE_SUSPENSION", "why": "Strike.",
    }  # fmt: skip
    made = client.post("/api/v1/holds", body, content_type="application/json")
    assert made.status_code == 201, made.content
    assert facts(token).holds == ("STRIKE_SUSPENSION",)
    stale = Client()
    stale.force_login(factories.make_desk(cast.production.guild, "AUDITOR").person)
    refused = stale.post(f"/api/v1/holds/{made.json()['id']}/lift", {}, content_type="application/json")
    assert refused.json()["code"] == "STEP_UP_REQUIRED"
    assert facts(token).holds == ("STRIKE_SUSPENSION",)
    lifted = client.post(f"/api/v1/holds/{made.json()['id']}/lift", {}, content_type="application/json")
    assert lifted.status_code == 200
    assert facts(token).holds == ()


def test_talent_stops_and_lifts_over_http_and_nobody_else_does(
    api: Api, cast: Cast, token: LicenceToken
) -> None:
    path = f"/api/v1/talents/{cast.talent.pk}/emergency-stop"
    body = {"reason": "Stop everything.", "licences": "HOLD"}

    def post(desk: Any, to: str, content: Any) -> tuple[int, Any]:
        client = factories.signed_in(desk.person)
        answer = client.post(to, content, content_type="application/json")
        return answer.status_code, answer.json()

    assert post(cast.agent, path, body)[1]["code"] == "TALENT_ONLY"
    own_key = factories.make_credential(cast.talent.organisation, created_by=cast.self.person)[0]
    by_key = Api(Client(), own_key).post(f"talents/{cast.talent.pk}/emergency-stop", body)
    assert (by_key.status_code, by_key.json()["code"]) == (403, "TALENT_ONLY")
    stranger = post(cast.other_studio, path, body)
    nobody = post(cast.other_studio, f"/api/v1/talents/{cast.production.pk}/emergency-stop", body)
    assert stranger == nobody
    assert stranger[0] == 404
    assert not Hold.objects.exists()

    assert post(cast.self, path, body) == (200, {"talent": str(cast.talent.pk), "ended": []})
    beat = api.post(f"tokens/{token.pk}/heartbeat").json()
    assert (beat["state"], beat["reason_codes"], beat["token"]) == ("SUSPENDED", ["EMERGENCY_STOP"], None)
    assert post(cast.agent, f"{path}/lift", {})[1]["code"] == "TALENT_ONLY"
    status, lifted = post(cast.self, f"{path}/lift", {"why": "Safe again."})
    assert (status, lifted["reason"]) == (200, "EMERGENCY_STOP")
    assert api.post(f"tokens/{token.pk}/heartbeat").json()["state"] == "ACTIVE"

    assert post(cast.self, path, {"reason": "For good."})[1]["ended"] == [str(token.pk)]
    beat = api.post(f"tokens/{token.pk}/heartbeat").json()
    assert (beat["state"], beat["reason_codes"]) == ("REVOKED", ["EMERGENCY_STOP", "REVOKED"])


def test_organisation_lists_the_holds_that_it_placed_and_nobody_elses(
    api: Api, stranger_api: Api, cast: Cast, token: LicenceToken
) -> None:
    place(cast.agent, token, "PAYMENT_HOLD")
    own = place(cast.producer, token)
    (listed,) = api.get("holds").json()["results"]
    assert (listed["id"], listed["why"], listed["lifted_at"]) == (str(own.pk), "We need to look at it.", None)
    services.lift_hold(principal=cast.producer, hold_id=own.pk)
    assert api.get("holds").json()["results"][0]["lifted_at"] is not None
    assert stranger_api.get("holds").json()["results"] == []


# -- the stamp


def stamp(token: LicenceToken) -> str:
    """The stamp as the database function gives it; the facts carry the same one."""
    with connection.cursor() as cursor:
        cursor.execute("select licensing_token_stamp(%s)", [token.pk])
        (text,) = cursor.fetchone()
    assert text == facts(token).stamp
    assert isinstance(text, str)
    return text


def test_stamp_changes_with_everything_that_may_change(
    cast: Cast, token: LicenceToken, move_clock: Callable[..., None]
) -> None:
    seen = [stamp(token)]

    def changed(what: str) -> None:
        seen.append(stamp(token))
        assert len(set(seen)) == len(seen), what

    assert cast.production.guild is not None
    guild = factories.make_desk(cast.production.guild, "AUDITOR")
    for desk, thing, reason, covers in (
        (cast.agent, token, "PAYMENT_HOLD", "token"),
        (cast.self, cast.talent, "CONSENT_WITHDRAWN", "talent"),
        (guild, cast.production, "STRIKE_SUSPENSION", "production"),
        (factories.make_desk(token.licensee, "ADMIN"), token.licensee, "LEGAL_HOLD", "organisation"),
        (factories.make_desk(cast.agent.organisation, "ADMIN"), cast.agent.organisation, "SUSPENDED", "organisation"),
    ):  # fmt: skip
        hold = place(desk, thing, reason, covers)
        changed(f"{covers} held")
        services.lift_hold(principal=desk, hold_id=hold.pk)
        assert stamp(token) == seen[0], "as before: nothing stands against it"
    services.emergency_stop(principal=cast.self, talent=cast.talent, reason="Stop.", ends_licences=False)
    changed("stopped")
    services.lift_emergency_stop(principal=cast.self, talent=cast.talent)
    assert stamp(token) == seen[0]
    Organisation.objects.filter(pk=token.licensee_id).update(control_generation=2)
    changed("sold")
    renewal = services.request_renewal(principal=cast.producer, jti=token.pk, days=30)
    successor = factories.approve(renewal)
    changed("renewed")
    services.revoke_token(
        principal=cast.agent, jti=successor.pk, kind="PROSPECTIVE", disposition="KEEP", reason="Not this."
    )
    changed("successor revoked")


def test_stamp_changes_with_revocation_and_with_the_stop_that_ends(cast: Cast, token: LicenceToken) -> None:
    before = stamp(token)
    services.revoke_token(
        principal=cast.agent, jti=token.pk, kind="PROSPECTIVE", disposition="KEEP", reason="Sold."
    )
    assert stamp(token) != before
    other = factories.make_live_token(cast.production, cast.talent)[0]
    before = stamp(other)
    services.emergency_stop(principal=cast.self, talent=cast.talent, reason="Stop.")
    assert stamp(other) != before


def test_stamp_says_nothing_of_time_zones_and_nothing_of_an_unknown_licence(
    cast: Cast, token: LicenceToken
) -> None:
    services.revoke_token(
        principal=cast.agent, jti=token.pk, kind="PROSPECTIVE", disposition="KEEP", reason="Sold."
    )
    here = stamp(token)
    with connection.cursor() as cursor:
        cursor.execute("set local time zone 'Pacific/Auckland'")
        cursor.execute("select licensing_token_stamp(%s)", [token.pk])
        assert cursor.fetchone() == (here,)
        cursor.execute("select licensing_token_stamp(%s)", [cast.production.pk])
        assert cursor.fetchone() == (None,)


def test_what_is_not_in_the_stamp_cannot_change(token: LicenceToken) -> None:
    """Each column of a licence is locked, in the stamp, or says nothing to a decision."""
    vendor = factories.make_vendor()
    other = factories.make_live_token(
        vendors=[vendor],
        days=30,
        frames_max=7,
        lines_max=7,
        use_types=("FACE_RENDER",),
        constructs=("FACE_3D",),
    )[0]
    changes = {"supersedes": other, "control_generation": 7, "status_list": 7, "not_before": other.not_after}
    stamped = {"state", "revoked_at", "revocation_kind"}
    silent = {"notice_at", "frame_disposition", "revocation_reason"}
    for field in LicenceToken._meta.concrete_fields:
        if field.name not in stamped | silent | {"jti"}:
            value = changes.get(field.name, getattr(other, field.name))
            assert value != getattr(token, field.name), field.name
            with pytest.raises(DatabaseError, match="locked"), transaction.atomic():
                LicenceToken.objects.filter(pk=token.pk).update(**{field.name: value})


def test_facts_of_a_licence_cost_one_statement_once_it_is_known(
    token: LicenceToken, django_assert_num_queries: Any
) -> None:
    facts(token)
    with django_assert_num_queries(1):
        assert facts(token).terms_version == 1
    assert DenyReason.REVOKED not in facts(token).holds
