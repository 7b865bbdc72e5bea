"""Policies roll out in shadow and canary: a shadow never acts, and each step is signed off over what it changes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import IntegrityError, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.principals import Principal
from common import clock
from common.errors import Conflict, DomainError, Forbidden
from licensing import services
from licensing.models import (
    GuildDefault,
    GuildMember,
    LicenceRequest,
    LicenceToken,
    PolicyRollout,
    ProfileAdoption,
    ShadowOutcome,
)
from licensing.services.difference import Report
from tests import factories
from tests.licensing.conftest import Cast
from tests.licensing.persons import LIMITS, call
from trustcore.policy.profiles import catalogue, profile_hash
from trustcore.policy.rollout import Difference, Outcome, Refusal, is_chosen, report_hash

TVT = "SAG_TVT_2026@1"
HASH = profile_hash(catalogue()[TVT])


@pytest.fixture
def guild_admin(cast: Cast) -> Principal:
    assert cast.production.guild is not None
    GuildMember.objects.create(guild=cast.production.guild, talent=cast.talent, number_digest="ab" * 32)
    factories.sign_off(cast.production.guild, TVT)
    return factories.make_desk(cast.production.guild, "ADMIN")


def today() -> Any:
    return clock.now().date()


def read(desk: Principal, rollout: PolicyRollout) -> Report:
    return services.difference_report(principal=desk, rollout=rollout, since=today())


def signed(desk: Principal, rollout: PolicyRollout, **changes: Any) -> dict[str, Any]:
    fields = {
        "principal": desk,
        "rollout_id": rollout.pk,
        "content_hash": rollout.content_hash,
        "report_hash": read(desk, rollout).hash,
        "since": today(),
        "counsel_name": "Counsel & Partners",
    }
    return fields | changes


def outcome_of(request: LicenceRequest) -> dict[str, Any]:
    """All that a request's outcome is: who is asked, what it is bound by, when it may begin."""
    assert request.current is not None
    terms = request.current.terms
    waits = request.notice_until - request.submitted_at if request.notice_until else None
    return {
        "mode": request.mode,
        "state": request.state,
        "outside": request.outside_mandate,
        "profiles": terms["profiles"],
        "approvals": terms["approvals"],
        "waits": waits,
    }


@pytest.mark.req("BX-023")
def test_a_shadow_is_judged_on_every_request_and_acts_on_none(cast: Cast, guild_admin: Principal) -> None:
    before = outcome_of(factories.make_submitted_request(cast.production, cast.talent))
    profile = services.start_shadow(principal=guild_admin, profile=TVT)
    limits = services.start_shadow(principal=guild_admin, limits={**LIMITS, "frames_max": 10})
    asked = factories.make_submitted_request(cast.production, cast.talent)
    assert outcome_of(asked) == before
    by_profile = ShadowOutcome.objects.get(rollout=profile, request=asked)
    assert by_profile.differs
    assert by_profile.difference["notice_hours"] == 48
    assert "declared.consent_form" in {one["field"] for one in by_profile.difference["refused"]}
    by_limits = ShadowOutcome.objects.get(rollout=limits, request=asked)
    assert by_limits.difference["asked"] == ["TALENT"]
    assert by_limits.difference["because"] == ["scope.frames_max"]
    token = factories.approve(asked)
    assert token.state == "ACTIVE"
    services.end_rollout(principal=guild_admin, rollout_id=profile.pk)
    later = factories.make_submitted_request(cast.production, cast.talent)
    assert not ShadowOutcome.objects.filter(rollout=profile, request=later).exists()


@pytest.mark.req("BX-023")
@settings(max_examples=8, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_no_shadow_changes_the_outcome_of_any_request(
    cast: Cast, guild_admin: Principal, data: st.DataObject
) -> None:
    """The same ask, with and without policies in shadow, comes out the same: mode, profiles, notice, licence."""
    ask = {
        "frames_max": data.draw(st.integers(1, 9000), "frames"),
        "days": data.draw(st.integers(1, 400), "days"),
        "use_types": tuple(
            data.draw(st.sampled_from([["FACE_RENDER"], ["FACE_RENDER", "VOICE_RENDER"]]), "uses")
        ),
        "render_territory": tuple(data.draw(st.sampled_from([["US"], ["US", "DE"], ["GB"]]), "where")),
    }
    usable = sorted(ref for ref, one in catalogue().items() if one.status != "STRUCK_DOWN")
    profiles = data.draw(st.lists(st.sampled_from(usable), unique=True, max_size=3), "profiles")
    limits = {
        "frames_max": data.draw(st.integers(0, 9000), "limit"),
        "days_max": data.draw(st.integers(0, 400), "longest"),
        "render_territory": data.draw(st.sampled_from([[], ["US"], ["FR"]]), "within"),
    }
    approves = data.draw(st.booleans(), "approved")

    def run(*, with_shadows: bool) -> tuple[dict[str, Any], str]:
        save = transaction.savepoint()
        try:
            if with_shadows:
                for ref in profiles:
                    services.start_shadow(principal=guild_admin, profile=ref)
                services.start_shadow(principal=guild_admin, limits=limits)
            request = factories.make_submitted_request(cast.production, cast.talent, **ask)
            answer = ""
            if approves:
                try:
                    answer = f"licence {services.approve_request(**_approval(cast, request)) is not None}"
                except DomainError as error:
                    answer = error.code
            request.refresh_from_db()
            if with_shadows:
                assert ShadowOutcome.objects.filter(request=request, failure="").count() == len(profiles) + 1
            return outcome_of(request), answer
        finally:
            transaction.savepoint_rollback(save)

    assert run(with_shadows=True) == run(with_shadows=False)


def _approval(cast: Cast, request: LicenceRequest) -> dict[str, Any]:
    assert request.current is not None
    return {"principal": cast.agent, "request_id": request.pk, "terms_hash": request.current.terms_hash}


def test_a_shadow_that_breaks_or_whose_text_changed_never_stops_a_request(
    cast: Cast, guild_admin: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = services.start_shadow(principal=guild_admin, profile=TVT)
    real = profile_hash
    monkeypatch.setattr("licensing.services.shadows.profile_hash", lambda _one: "sha256:" + "9" * 64)
    asked = factories.make_submitted_request(cast.production, cast.talent)
    kept = ShadowOutcome.objects.get(rollout=row, request=asked)
    assert (kept.failure, kept.differs) == ("PROFILE_CHANGED", False)
    monkeypatch.setattr("licensing.services.shadows.profile_hash", real)

    def broken(*_args: Any, **_more: Any) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("licensing.services.shadows.judge", broken)
    second = factories.make_submitted_request(cast.production, cast.talent)
    assert ShadowOutcome.objects.get(rollout=row, request=second).failure == "NOT_JUDGED"
    monkeypatch.setattr("licensing.services.shadows.shadows_over", broken)
    third = factories.make_submitted_request(cast.production, cast.talent)
    assert factories.approve(third).state == "ACTIVE"


@pytest.mark.req("BX-023")
def test_a_canary_binds_the_share_it_chose_and_the_productions_it_names(
    cast: Cast, guild_admin: Principal, monkeypatch: pytest.MonkeyPatch
) -> None:
    shadow = services.start_shadow(principal=guild_admin, profile=TVT)
    canary = services.start_canary(**signed(guild_admin, shadow, share_percent=50, productions=()))
    bound, free = set(), set()
    for _ in range(12):
        request = factories.make_submitted_request(cast.production, cast.talent)
        chosen = is_chosen(canary.pk, request.pk, 50)
        assert (request.current.terms["profiles"] == [TVT]) is chosen
        assert (request.notice_until is not None) is chosen
        (bound if chosen else free).add(request)
    assert bound
    assert free
    with pytest.raises(Conflict) as refused:
        factories.approve(bound.pop())
    assert refused.value.code == "PROFILE_UNMET"
    assert factories.approve(free.pop()).state == "ACTIVE"

    services.end_rollout(principal=guild_admin, rollout_id=canary.pk)
    again = services.start_shadow(principal=guild_admin, profile=TVT)
    services.start_canary(**signed(guild_admin, again, share_percent=0, productions=[cast.production.pk]))
    named = factories.make_submitted_request(cast.production, cast.talent)
    assert named.current.terms["profiles"] == [TVT]
    other = factories.make_production(cast.producer.organisation, guild=guild_admin.organisation)
    elsewhere = factories.make_submitted_request(other, cast.talent)
    assert elsewhere.current.terms["profiles"] == []


def test_a_canary_of_defaults_asks_the_talent_of_the_share_it_chose(
    cast: Cast, guild_admin: Principal
) -> None:
    shadow = services.start_shadow(principal=guild_admin, limits={**LIMITS, "frames_max": 10})
    canary = services.start_canary(**signed(guild_admin, shadow, share_percent=40, productions=()))
    modes = {}
    for _ in range(10):
        request = factories.make_submitted_request(cast.production, cast.talent)
        modes[request] = request.mode
        assert (request.mode == "DUAL") is is_chosen(canary.pk, request.pk, 40)
    assert set(modes.values()) == {"DUAL", "AGENT_WITHIN_MANDATE"}
    assert services.limits_of_member(cast.talent).frames_max is None  # nobody else is bound


@pytest.mark.req("BX-023")
def test_the_report_counts_what_would_differ_and_names_only_what_its_reader_may_know(
    cast: Cast, guild_admin: Principal
) -> None:
    waiting = factories.make_submitted_request(cast.production, cast.talent)
    live, *_ = factories.make_live_token(cast.production, cast.talent)
    gone = factories.make_submitted_request(cast.production, cast.talent)
    services.decline_request(principal=cast.agent, request_id=gone.pk, reason="Not now.")
    candidate = services.candidate(principal=guild_admin, profile=TVT)
    report = read(guild_admin, candidate)
    opened, period, licences = (report.tally(kind) for kind in ("OPEN", "PERIOD", "LICENCE"))
    assert (opened.there, opened.differ, opened.refused, opened.longer) == (1, 1, 1, 1)
    assert (period.there, period.differ) == (2, 2)
    assert (licences.there, licences.differ) == (1, 1)
    assert report.is_complete
    # a guild reads licences of productions that it oversees, and never the requests before them
    assert {(one.kind, one.id) for one in report.rows if one.id} == {("LICENCE", live.pk)}
    assert all(one.talent == "" for one in report.rows if one.kind != "LICENCE")
    assert waiting.pk not in {one.id for one in report.rows}
    assert not PolicyRollout.objects.exists()
    assert not ShadowOutcome.objects.exists()
    limits = services.candidate(principal=guild_admin, limits={**LIMITS, "frames_max": 10})
    assert read(guild_admin, limits).tally("OPEN").asked == 1
    wide = services.candidate(principal=guild_admin, limits={"content": ["NUDITY"]})
    assert read(guild_admin, wide).differ == 0


@pytest.mark.req("BX-023")
def test_promotion_is_signed_off_over_the_text_and_over_what_it_changes(
    cast: Cast, guild_admin: Principal
) -> None:
    row = services.start_shadow(principal=guild_admin, profile=TVT)
    factories.make_submitted_request(cast.production, cast.talent)
    fields = signed(guild_admin, row)

    def code(**changes: Any) -> str:
        with pytest.raises(DomainError) as refused:
            services.promote(**(fields | changes))
        return refused.value.code

    assert code(content_hash="sha256:" + "0" * 64) == "PROFILE_CHANGED"
    assert code(report_hash="sha256:" + "0" * 64) == "EFFECT_CHANGED"
    assert code(since=today() + timedelta(days=2)) == "SINCE_INVALID"
    assert code(principal=factories.make_desk(guild_admin.organisation, "AUDITOR")) == "ADMIN_ONLY"
    assert code(principal=factories.make_desk(cast.producer.organisation, "ADMIN")) == "NOT_FOUND"
    factories.make_submitted_request(cast.production, cast.talent)  # one more would differ
    assert code() == "EFFECT_CHANGED"
    adoption = services.promote(**signed(guild_admin, row))
    assert isinstance(adoption, ProfileAdoption)
    row.refresh_from_db()
    assert row.ended_at is not None
    assert factories.make_submitted_request(cast.production, cast.talent).current.terms["profiles"] == [TVT]
    assert code() == "ROLLOUT_ENDED"


def test_no_profile_binds_a_share_or_anybody_before_counsel_signed_it_off(
    cast: Cast, guild_admin: Principal
) -> None:
    row = services.start_shadow(principal=guild_admin, profile="SAG_TVT_2023@1")
    for act, more in (
        (services.start_canary, {"share_percent": 5, "productions": ()}),
        (services.promote, {}),
    ):
        with pytest.raises(DomainError) as refused:
            act(**signed(guild_admin, row, **more))
        assert refused.value.code == "SIGN_OFF_MISSING"
    with pytest.raises(IntegrityError, match="without a sign-off"), transaction.atomic():
        PolicyRollout.objects.create(
            organisation=row.organisation, kind="PROFILE", profile=row.profile, content_hash=row.content_hash,
            stage="CANARY", share_percent=5, counsel_name="C. Ounsel", report_hash="sha256:" + "1" * 64,
            recorded_by=guild_admin.person,
        )  # fmt: skip
    limits = services.start_shadow(principal=guild_admin, limits={**LIMITS, "frames_max": 10})
    with pytest.raises(DomainError) as refused:
        services.promote(**signed(guild_admin, limits, counsel_name=" "))
    assert refused.value.code == "COUNSEL_INVALID"


def test_limits_become_defaults_when_they_are_promoted(cast: Cast, guild_admin: Principal) -> None:
    row = services.start_shadow(principal=guild_admin, limits={**LIMITS, "frames_max": 10})
    canary = services.start_canary(**signed(guild_admin, row, share_percent=5, productions=()))
    made = services.promote(**signed(guild_admin, canary))
    assert isinstance(made, GuildDefault)
    assert services.limits_of_member(cast.talent).frames_max == 10
    assert factories.make_submitted_request(cast.production, cast.talent).mode == "DUAL"


def test_what_is_refused(cast: Cast, guild_admin: Principal) -> None:
    def code(act: Any, **fields: Any) -> str:
        with pytest.raises(DomainError) as refused:
            act(**fields)
        return refused.value.code

    shadow = services.start_shadow
    assert code(shadow, principal=cast.agent, profile=TVT) == "ADMIN_ONLY"
    assert code(shadow, principal=guild_admin) == "POLICY_INVALID"
    assert code(shadow, principal=guild_admin, profile=TVT, limits={}) == "POLICY_INVALID"
    assert code(shadow, principal=guild_admin, profile="NO@1") == "PROFILE_UNKNOWN"
    assert code(shadow, principal=guild_admin, profile="CA_AB2655@1") == "PROFILE_STRUCK_DOWN"
    assert code(shadow, principal=guild_admin, limits={"frames": 1}) == "LIMITS_INVALID"
    studio = factories.make_desk(cast.producer.organisation, "ADMIN")
    assert code(shadow, principal=studio, limits=LIMITS) == "GUILD_ONLY"
    row = shadow(principal=guild_admin, profile=TVT)
    assert code(shadow, principal=guild_admin, profile=TVT) == "ROLLOUT_OPEN"
    for share, productions, wanted in (
        (0, (), "SHARE_INVALID"),
        (100, (), "SHARE_INVALID"),
        (0, [uuid4()], "PRODUCTION_UNKNOWN"),
    ):
        fields = signed(guild_admin, row, share_percent=share, productions=productions)
        assert code(services.start_canary, **fields) == wanted
    canary = services.start_canary(**signed(guild_admin, row, share_percent=5, productions=()))
    assert (
        code(services.start_canary, **signed(guild_admin, canary, share_percent=9, productions=()))
        == "ROLLOUT_STAGE"
    )
    assert code(services.end_rollout, principal=studio, rollout_id=canary.pk) == "NOT_FOUND"
    services.end_rollout(principal=guild_admin, rollout_id=canary.pk)
    assert code(services.end_rollout, principal=guild_admin, rollout_id=canary.pk) == "ROLLOUT_ENDED"
    factories.adopt_profile(guild_admin, TVT)
    assert code(shadow, principal=guild_admin, profile=TVT) == "PROFILE_ADOPTED"


def test_rows_of_a_rollout_are_locked(cast: Cast, guild_admin: Principal) -> None:
    row = services.start_shadow(principal=guild_admin, profile=TVT)
    asked = factories.make_submitted_request(cast.production, cast.talent)
    changes: list[Any] = [
        lambda: PolicyRollout.objects.filter(pk=row.pk).update(
            stage="CANARY", share_percent=50, counsel_name="x", report_hash="y"
        ),
        lambda: PolicyRollout.objects.filter(pk=row.pk).update(share_percent=50),
        lambda: ShadowOutcome.objects.filter(request=asked).update(differs=False),
        lambda: ShadowOutcome.objects.filter(request=asked).delete(),
    ]
    for change in changes:
        with pytest.raises(IntegrityError), transaction.atomic():
            change()


def test_it_is_all_there_over_http_for_its_own_administrators(cast: Cast, guild_admin: Principal) -> None:
    factories.make_submitted_request(cast.production, cast.talent)
    seen = call(guild_admin, "policy-rollouts/report", {"profile": TVT, "since": today().isoformat()}).json()
    assert (seen["differ"], seen["content_hash"]) == (1, HASH)
    made = call(guild_admin, "policy-rollouts", {"profile": TVT})
    assert made.status_code == 201
    place = f"policy-rollouts/{made.json()['id']}"
    factories.make_submitted_request(cast.production, cast.talent)
    one = call(guild_admin, place, method="get").json()
    assert (one["judged"], one["differ"], one["stage"]) == (1, 1, "SHADOW")
    outcomes = call(guild_admin, f"{place}/outcomes", method="get").json()["results"]
    assert (len(outcomes), outcomes[0]["request"]) == (1, None)  # a guild knows of no request
    report = call(guild_admin, f"{place}/report?since={today()}", method="get").json()
    assert call(guild_admin, f"{place}/report?since=rubbish", method="get").json()["code"] == "SINCE_INVALID"
    stale = {
        "content_hash": HASH, "report_hash": seen["report_hash"], "since": today().isoformat(),
        "counsel_name": "Counsel", "share_percent": 10,
    }  # fmt: skip
    changed = call(guild_admin, f"{place}/canary", stale)
    assert (changed.status_code, changed.json()["code"]) == (409, "EFFECT_CHANGED")
    good = stale | {"report_hash": report["report_hash"]}
    canary = call(guild_admin, f"{place}/canary", good)
    assert (canary.status_code, canary.json()["share_percent"]) == (201, 10)
    place = f"policy-rollouts/{canary.json()['id']}"
    good.pop("share_percent")
    bound = call(guild_admin, f"{place}/promote", good)
    assert (bound.status_code, bound.json()["profile"]) == (200, TVT)
    stranger = factories.make_desk(factories.make_guild(), "ADMIN")
    for path in (place, f"{place}/report?since={today()}", f"{place}/outcomes"):
        assert call(stranger, path, method="get").status_code == 404
    assert call(stranger, f"{place}/end").status_code == 404
    assert call(stranger, "policy-rollouts", method="get").json()["results"] == []
    assert len(call(guild_admin, "policy-rollouts", method="get").json()["results"]) == 2


@given(share=st.integers(0, 99), rollout=st.uuids(), subject=st.uuids())
def test_a_canarys_choice_is_stable_and_grows_with_its_share(
    share: int, rollout: UUID, subject: UUID
) -> None:
    chosen = is_chosen(rollout, subject, share)
    assert is_chosen(rollout, subject, share) is chosen
    assert not (chosen and not is_chosen(rollout, subject, share + 1))
    assert not is_chosen(rollout, subject, 0)
    assert is_chosen(rollout, subject, 100)


def test_a_canary_chooses_about_its_share_and_each_canary_others() -> None:
    subjects = [UUID(int=number) for number in range(4000)]
    first = {one for one in subjects if is_chosen(UUID(int=1), one, 25)}
    second = {one for one in subjects if is_chosen(UUID(int=2), one, 25)}
    assert 850 < len(first) < 1150
    assert 150 < len(first & second) < 350


_refusals = st.builds(
    Refusal,
    rule=st.sampled_from(["REQUIRE", "MARKS"]),
    field=st.sampled_from(["a", "b"]),
    profile=st.sampled_from(["P@1", "Q@1"]),
)
_outcomes = st.builds(
    Outcome,
    refused=st.frozensets(_refusals),
    asked=st.frozensets(st.sampled_from(["AGENT", "TALENT"])),
    beyond_limits=st.lists(st.sampled_from(["x", "y"]), unique=True).map(tuple),
    notice_hours=st.integers(0, 96),
)


@given(binding=_outcomes, candidate=_outcomes)
def test_a_difference_is_what_the_candidate_adds_and_nothing_else(
    binding: Outcome, candidate: Outcome
) -> None:
    found = candidate.beyond(binding)
    assert set(found.refused) == candidate.refused - binding.refused
    assert set(found.asked) == candidate.asked - binding.asked
    assert (found.notice_hours > 0) == (candidate.notice_hours > binding.notice_hours)
    assert binding.beyond(binding).is_empty
    assert found.is_empty == (
        candidate.refused <= binding.refused
        and candidate.asked <= binding.asked
        and candidate.notice_hours <= binding.notice_hours
    )


def test_the_hash_of_a_report_is_of_what_differs_in_any_order() -> None:
    subject = {"kind": "PROFILE"}
    rows = [("OPEN", "1", Difference(notice_hours=48)), ("OPEN", "2", Difference(asked=("TALENT",)))]
    assert report_hash(subject, rows) == report_hash(subject, reversed(rows))
    assert report_hash(subject, rows) != report_hash(subject, rows[:1])
    assert report_hash(subject, rows) != report_hash({"kind": "DEFAULTS"}, rows)


def test_an_api_key_rolls_nothing_out(api: Any, guild_admin: Principal) -> None:
    assert api.post("policy-rollouts", {"profile": TVT}).json()["code"] == "IN_PERSON"
    with pytest.raises(Forbidden):
        services.candidate(
            principal=factories.desk_of_key(factories.make_credential(guild_admin.organisation)[0]),
            profile=TVT,
        )


def test_live_licences_stay_as_they_were_signed(cast: Cast, guild_admin: Principal) -> None:
    live, *_ = factories.make_live_token(cast.production, cast.talent)
    row = services.start_shadow(principal=guild_admin, profile=TVT)
    services.promote(**signed(guild_admin, row))
    kept = LicenceToken.objects.get(pk=live.pk)
    assert (kept.state, kept.terms.terms["profiles"]) == ("ACTIVE", [])
