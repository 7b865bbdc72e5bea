"""The work comes back at the checkpoints that were agreed; the talent's side alone lets it pass, once."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import IntegrityError, transaction

from audit.models import Event
from common import clock
from common.errors import DomainError, NotFound
from licensing import selectors, services
from licensing.models import CheckpointPass, CheckpointYes, LicenceToken
from licensing.selectors.facts import licence_state_for
from licensing.selectors.tokens import hold_reasons_on
from provenance.models import Asset
from provenance.rules import HoldCode
from provenance.services.release import standing_reasons
from tests import factories
from tests.farm import make_farm
from tests.licensing.conftest import Cast
from tests.licensing.persons import call, make_minor
from tests.licensing.test_holds_races import race


def licensed(cast: Cast, *checkpoints: str) -> LicenceToken:
    request = factories.make_submitted_request(
        cast.production, cast.talent, terms={"approvals": {"checkpoints": list(checkpoints)}}
    )
    return factories.approve(request)


def refusal(act: Any) -> str:
    with pytest.raises(DomainError) as refused:
        act()
    return refused.value.code


def test_agent_or_talent_passes_what_was_agreed_once_and_nothing_else(cast: Cast) -> None:
    token = licensed(cast, "ROLE", "FINAL")
    passed = services.pass_checkpoint(principal=cast.agent, jti=token.pk, checkpoint="ROLE")
    assert passed is not None
    assert (passed.side, passed.passed_by) == ("AGENT", cast.agent.person)
    answer = call(cast.self, f"tokens/{token.pk}/checkpoints", {"checkpoint": "FINAL"})
    assert (answer.status_code, answer.json()["checkpoint"]) == (201, "FINAL")
    again = call(cast.self, f"tokens/{token.pk}/checkpoints", {"checkpoint": "FINAL"})
    assert (again.status_code, again.json()["code"]) == (409, "CHECKPOINT_PASSED")
    for checkpoint in ("SCRIPT", "WHATEVER"):
        act = lambda one=checkpoint: services.pass_checkpoint(  # noqa: E731
            principal=cast.self, jti=token.pk, checkpoint=one
        )
        assert refusal(act) == "CHECKPOINT_NOT_AGREED"
    assert call(cast.self, f"tokens/{token.pk}/checkpoints", {"checkpoint": "LATER"}).status_code == 422


def test_no_render_is_permitted_before_role_and_script_that_were_agreed_have_passed(
    db: None,
) -> None:
    farm = make_farm(terms={"approvals": {"checkpoints": ["ROLE", "SCRIPT", "FINAL"]}})
    talent = factories.desk_of_talent(farm.token.talent)
    producer = factories.make_producer(farm.token.production.organisation)
    beat = services.heartbeat_token(principal=farm.desk, jti=farm.token.pk)
    assert (beat.state, beat.reasons, beat.jws) == ("SUSPENDED", ("CONTENT_APPROVAL_REQUIRED",), None)
    facts = licence_state_for(farm.token.pk)  # what every render check reads
    assert facts is not None
    assert facts.holds == ("CONTENT_APPROVAL_REQUIRED",)
    hold = farm.token.holds.get(lifted_at=None)
    for desk in (talent, producer):  # it is passed, not lifted
        assert refusal(lambda desk=desk: services.lift_hold(principal=desk, hold_id=hold.pk)) == (
            "NOT_YOURS_TO_LIFT"
        )
        assert refusal(lambda desk=desk: services.resume_token(principal=desk, jti=farm.token.pk)) == (
            "NOT_YOURS_TO_LIFT"
        )
    services.pass_checkpoint(principal=talent, jti=farm.token.pk, checkpoint="SCRIPT")
    assert str(selectors.effective_state(LicenceToken.objects.get(pk=farm.token.pk))) == "SUSPENDED"
    services.pass_checkpoint(principal=talent, jti=farm.token.pk, checkpoint="ROLE")
    assert str(selectors.effective_state(LicenceToken.objects.get(pk=farm.token.pk))) == "ACTIVE"
    assert farm.check(0, 9).lease is not None
    assert {one.kind for one in Event.objects.filter(object_id=str(farm.token.pk))} >= {
        "licence.suspended", "licence.resumed",
    }  # fmt: skip


def test_renewal_of_the_same_work_stays_passed_and_another_script_is_read_again(cast: Cast) -> None:
    token = licensed(cast, "ROLE")
    services.pass_checkpoint(principal=cast.agent, jti=token.pk, checkpoint="ROLE")

    def renewed(**changes: Any) -> tuple[str, ...]:
        with transaction.atomic():
            request = factories.make_submitted_request(
                cast.production, cast.talent, renews=token.pk,
                terms={"approvals": {"checkpoints": ["ROLE"]}}, **changes,
            )  # fmt: skip
            reasons = hold_reasons_on(factories.approve(request))
            transaction.set_rollback(True)
        return reasons

    assert renewed() == ()
    assert renewed(description=factories.DESCRIPTION + " And one more scene.") == (
        "CONTENT_APPROVAL_REQUIRED",
    )


def test_studio_passes_nothing_and_a_stranger_finds_nothing(cast: Cast) -> None:
    token = licensed(cast, "FINAL")
    producer = factories.make_producer(cast.production.organisation)
    act: Any = {"jti": token.pk, "checkpoint": "FINAL"}
    assert refusal(lambda: services.pass_checkpoint(principal=producer, **act)) == "NOT_YOURS_TO_PASS"
    with pytest.raises(NotFound):
        services.pass_checkpoint(principal=cast.other_studio, **act)
    assert not CheckpointPass.objects.exists()


def test_what_was_passed_is_never_written_over_or_taken_back(cast: Cast) -> None:
    token = licensed(cast, "FINAL")
    services.pass_checkpoint(principal=cast.self, jti=token.pk, checkpoint="FINAL")
    for change in (CheckpointPass.objects.all().delete, lambda: CheckpointPass.objects.update(side="AGENT")):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


def test_finished_work_is_held_until_the_final_review_is_passed(cast: Cast) -> None:
    token, free = licensed(cast, "FINAL"), licensed(cast, "ROLE")
    asset = Asset(production_id=cast.production.pk, token_jtis=[token.pk, free.pk])

    def held() -> list[tuple[str, bool]]:
        return [
            (one.code, str(token.pk) in one.detail)
            for one in standing_reasons(asset)
            if one.code == HoldCode.CHECKPOINT_OPEN
        ]

    assert held() == [(HoldCode.CHECKPOINT_OPEN, True)]
    services.pass_checkpoint(principal=cast.agent, jti=token.pk, checkpoint="FINAL")
    assert held() == []


@pytest.mark.parametrize("name", ["mode", "quorum"])
def test_ask_names_checkpoints_and_never_who_decides(cast: Cast, name: str) -> None:
    def ask() -> Any:
        return factories.make_submitted_request(
            cast.production, cast.talent, terms={"approvals": {name: "AUTO_WITHIN_RULES"}}
        )

    assert refusal(ask) == "TERM_FIXED"


def test_minor_alone_passes_nothing_and_the_guardian_does(cast: Cast) -> None:
    minor, guardian, _ = make_minor()
    request = factories.make_submitted_request(
        cast.production, minor, terms={"approvals": {"checkpoints": ["FINAL"]}}
    )
    token = services.approve_request(
        principal=guardian, request_id=request.pk, terms_hash=request.current.terms_hash
    )
    assert token is not None
    act: Any = {"jti": token.pk, "checkpoint": "FINAL"}
    themselves = factories.desk_of_talent(minor)
    assert refusal(lambda: services.pass_checkpoint(principal=themselves, **act)) == "NOT_YOURS_TO_DECIDE"
    for desk, may in ((themselves, False), (guardian, True)):
        detail = selectors.licence_detail(desk, token.pk)
        assert detail is not None
        assert ("PASS_CHECKPOINT" in detail.may) is may
    passed = services.pass_checkpoint(principal=guardian, **act)
    assert passed is not None
    assert passed.side == "GUARDIAN"


def test_what_the_talent_granted_in_person_no_agent_lets_pass(cast: Cast) -> None:
    request = factories.make_submitted_request(
        cast.production, cast.talent, terms={"approvals": {"checkpoints": ["FINAL"]}}
    )
    assert request.current is not None
    services.escalate_request(principal=cast.agent, request_id=request.pk, note="Hers to decide.")
    token = services.approve_request(
        principal=cast.self, request_id=request.pk, terms_hash=request.current.terms_hash
    )
    assert token is not None
    act = lambda: services.pass_checkpoint(  # noqa: E731
        principal=cast.agent, jti=token.pk, checkpoint="FINAL"
    )
    assert refusal(act) == "NOT_YOURS_TO_PASS"
    for desk, may in ((cast.agent, False), (cast.self, True)):
        detail = selectors.licence_detail(desk, token.pk)
        assert detail is not None
        assert ("PASS_CHECKPOINT" in detail.may) is may
    passed = services.pass_checkpoint(principal=cast.self, jti=token.pk, checkpoint="FINAL")
    assert passed is not None
    assert passed.side == "TALENT"


# -- several yeses --------------------------------------------------------------------------------------


def both_agree(request: Any, *desks: Any) -> LicenceToken:
    """The licence, once each of ``desks`` has approved."""
    for desk in desks:
        token = services.approve_request(
            principal=desk, request_id=request.pk, terms_hash=request.current.terms_hash
        )
    assert token is not None
    return token


def dual(cast: Cast) -> LicenceToken:
    factories.make_mandate(cast.talent, cast.agent, mode="DUAL")
    asked = factories.make_submitted_request(
        cast.production, cast.talent, terms={"approvals": {"checkpoints": ["ROLE", "FINAL"]}}
    )
    return both_agree(asked, cast.agent, cast.self)


def licensed_by_talent(cast: Cast) -> LicenceToken:
    """What a talent whom nobody represents granted."""
    asked = factories.make_submitted_request(
        cast.production, factories.make_talent(), terms={"approvals": {"checkpoints": ["FINAL"]}}
    )
    assert asked.mode == "TALENT_ONLY"
    return factories.approve(asked)


def standing(desk: Any, token: LicenceToken, checkpoint: str) -> tuple[list[str], tuple[str, ...], int, bool]:
    detail = selectors.licence_detail(desk, token.pk)
    assert detail is not None
    (state,) = [one for one in detail.open_checkpoints if one.checkpoint == checkpoint]
    return [one.side for one in state.agreed], state.awaited, state.short_of, state.is_mine


def test_dual_is_passed_by_talent_and_agent_in_either_order_and_by_neither_alone(cast: Cast) -> None:
    token = dual(cast)
    for checkpoint, first, second in (
        ("ROLE", cast.agent, cast.self),
        ("FINAL", cast.self, cast.agent),
    ):
        act: Any = {"jti": token.pk, "checkpoint": checkpoint}
        assert standing(first, token, checkpoint) == ([], ("AGENT", "TALENT"), 2, True)
        answer = call(first, f"tokens/{token.pk}/checkpoints", {"checkpoint": checkpoint}).json()
        theirs = "AGENT" if second is cast.agent else "TALENT"
        assert (answer["passed_at"], answer["awaited"], answer["short_of"]) == (None, [theirs], 1)
        assert not CheckpointPass.objects.filter(checkpoint=checkpoint).exists()
        assert refusal(lambda: services.pass_checkpoint(principal=first, **act)) == "ALREADY_APPROVED"  # noqa: B023
        assert [standing(one, token, checkpoint)[3] for one in (first, second)] == [False, True]
        read = call(cast.self, f"tokens/{token.pk}", method="get").json()["open_checkpoints"]
        (told,) = [one for one in read if one["checkpoint"] == checkpoint]
        assert (len(told["agreed"]), told["awaited"]) == (1, [theirs])
        passed = services.pass_checkpoint(principal=second, **act)
        assert passed is not None
        assert passed.passed_by == second.person
    assert CheckpointYes.objects.count() == 4
    kinds = Event.objects.filter(object_id=str(token.pk), kind__startswith="licence.checkpoint")
    assert sorted(kinds.values_list("kind", flat=True)) == [
        *["licence.checkpoint_agreed"] * 2,
        *["licence.checkpoint_passed"] * 2,
    ]


@pytest.mark.parametrize("who", ["one", "both"])
def test_renewal_carries_over_each_yes_and_waits_for_those_that_were_not_said(cast: Cast, who: str) -> None:
    if who == "both":
        token = dual(cast)
        desks = [cast.agent, cast.self]
    else:  # granted by the agent alone, and renewed by both
        token, desks = licensed(cast, "ROLE"), [cast.agent]
    for desk in desks:
        services.pass_checkpoint(principal=desk, jti=token.pk, checkpoint="ROLE")
    if who == "one":
        factories.make_mandate(cast.talent, cast.agent, mode="DUAL")
    asked = factories.make_submitted_request(
        cast.production, cast.talent, renews=token.pk, terms={"approvals": {"checkpoints": ["ROLE"]}}
    )
    renewed = both_agree(asked, cast.agent, cast.self)
    assert hold_reasons_on(renewed) == (() if who == "both" else ("CONTENT_APPROVAL_REQUIRED",))
    if who == "one":
        assert standing(cast.self, renewed, "ROLE") == (["AGENT"], ("TALENT",), 1, True)


def test_talent_alone_is_left_once_the_mandate_of_a_dual_licence_has_ended(cast: Cast) -> None:
    token = dual(cast)
    act: Any = {"principal": cast.self, "jti": token.pk, "checkpoint": "ROLE"}
    assert services.pass_checkpoint(**act) is None
    shown = services.preview_representation(principal=cast.self, talent=cast.talent, agency=None)
    services.end_mandate(principal=cast.self, talent=cast.talent, effect_hash=shown.effect_hash)
    # who went away leaves the licence held, until the talent has looked at it
    assert standing(cast.self, token, "ROLE") == (["TALENT"], (), 0, False)
    assert refusal(lambda: services.pass_checkpoint(**act)) == "TOKEN_STATE"
    hold = token.holds.get(reason="REPRESENTATION_CHANGED", lifted_at=None)
    services.lift_hold(principal=cast.self, hold_id=hold.pk)
    assert standing(cast.self, token, "ROLE") == (["TALENT"], (), 0, True)
    assert services.pass_checkpoint(**act) is not None
    assert CheckpointYes.objects.count() == 1


def test_quorum_passes_with_as_many_different_signers_and_not_before(cast: Cast) -> None:
    band = [factories.make_desk(factories.make_organisation("TALENT"), "TALENT") for _ in range(3)]
    factories.make_mandate(
        cast.talent, cast.agent, mode="QUORUM", quorum=2, signers=[one.person for one in band]
    )
    asked = factories.make_submitted_request(
        cast.production, cast.talent, terms={"approvals": {"checkpoints": ["FINAL"]}}
    )
    token = both_agree(asked, *band[:2])
    act: Any = {"jti": token.pk, "checkpoint": "FINAL"}
    for desk in (cast.agent, cast.self):
        assert refusal(lambda desk=desk: services.pass_checkpoint(principal=desk, **act)) == (
            "NOT_YOURS_TO_PASS"
        )
    assert services.pass_checkpoint(principal=band[2], **act) is None
    assert refusal(lambda: services.pass_checkpoint(principal=band[2], **act)) == "ALREADY_APPROVED"
    assert standing(band[0], token, "FINAL") == (["SIGNER"], ("SIGNER",), 1, True)
    with pytest.raises(IntegrityError, match="not passed yet"), transaction.atomic():
        CheckpointPass.objects.create(
            token=token, checkpoint="FINAL", side="SIGNER", passed_by=band[2].person
        )
    assert services.pass_checkpoint(principal=band[0], **act) is not None
    assert refusal(lambda: services.pass_checkpoint(principal=band[1], **act)) == "CHECKPOINT_PASSED"


def test_database_refuses_a_yes_that_is_not_this_persons_to_say(cast: Cast) -> None:
    agents, alone = licensed(cast, "FINAL"), licensed_by_talent(cast)
    own = factories.desk_of_talent(alone.talent)
    for token, side, person in (
        (alone, "AGENT", cast.agent.person),
        (alone, "SIGNER", cast.agent.person),
        (alone, "GUARDIAN", cast.agent.person),
        (agents, "TALENT", cast.agent.person),
    ):
        with pytest.raises(IntegrityError, match="says no yes"), transaction.atomic():
            CheckpointYes.objects.create(token=token, checkpoint="FINAL", side=side, said_by=person)
    with pytest.raises(IntegrityError, match="not passed yet"), transaction.atomic():
        CheckpointPass.objects.create(token=alone, checkpoint="FINAL", side="TALENT", passed_by=own.person)
    said = CheckpointYes.objects.create(token=alone, checkpoint="FINAL", side="TALENT", said_by=own.person)
    for change in (said.delete, lambda: CheckpointYes.objects.update(side="AGENT")):
        with pytest.raises(IntegrityError, match="append-only"), transaction.atomic():
            change()


@pytest.mark.django_db(transaction=True)
def test_two_who_say_yes_at_once_write_one_pass() -> None:
    talent, agent = factories.make_talent(), factories.make_agent(factories.make_agency())
    factories.make_mandate(talent, agent, mode="DUAL")
    asked = factories.make_submitted_request(
        None, talent, terms={"approvals": {"checkpoints": ["ROLE", "SCRIPT", "FINAL"]}}
    )
    themselves = factories.desk_of_talent(talent)
    token = both_agree(asked, agent, themselves)
    for checkpoint in ("ROLE", "SCRIPT", "FINAL"):
        refused = race(
            *(
                lambda desk=desk, checkpoint=checkpoint: services.pass_checkpoint(
                    principal=desk, jti=token.pk, checkpoint=checkpoint
                )
                for desk in (agent, themselves, themselves)
            )
        )
        assert len(refused) == 1
        assert refused[0] in {"ALREADY_APPROVED", "CHECKPOINT_PASSED"}
    assert (CheckpointPass.objects.count(), CheckpointYes.objects.count()) == (3, 6)


def passes(desk: Any, token: LicenceToken, checkpoint: str) -> tuple[int, str, str]:
    """What the API answers to a yes: its status, its code, and the state that it names."""
    answer = call(desk, f"tokens/{token.pk}/checkpoints", {"checkpoint": checkpoint})
    told = answer.json()
    return answer.status_code, told.get("code", ""), told.get("state", "")


def days_until_after(token: LicenceToken) -> int:
    return (token.not_after - clock.now()).days + 1


def barriers(desk: Any, token: LicenceToken) -> dict[str, str]:
    detail = selectors.licence_detail(desk, token.pk)
    assert detail is not None
    return {one.checkpoint: str(one.barrier or "") for one in detail.open_checkpoints}


def test_nobody_says_yes_while_something_else_pauses_the_licence(cast: Cast) -> None:
    token = licensed(cast, "ROLE")
    hold = services.place_hold(
        principal=cast.self, covers="token", covered_id=token.pk, reason="SUSPENDED", why="Not this week."
    )
    assert passes(cast.self, token, "ROLE") == (409, "TOKEN_STATE", "SUSPENDED")
    assert barriers(cast.self, token) == {"ROLE": "PAUSED"}
    detail = selectors.licence_detail(cast.self, token.pk)
    assert detail is not None
    assert "PASS_CHECKPOINT" not in detail.may
    assert not CheckpointYes.objects.exists()
    services.lift_hold(principal=cast.self, hold_id=hold.pk)
    assert passes(cast.self, token, "ROLE")[0] == 201


@pytest.mark.parametrize("end", ["revoked", "expired"])
def test_role_is_let_pass_no_more_once_the_licence_has_ended(cast: Cast, end: str, move_clock: Any) -> None:
    token = licensed(cast, "ROLE", "FINAL")
    if end == "revoked":
        services.revoke_token(
            principal=cast.self, jti=token.pk, kind="PROSPECTIVE", disposition="KEEP", reason="Enough."
        )
        assert passes(cast.self, token, "ROLE") == (409, "TOKEN_STATE", "REVOKED")
        assert barriers(cast.self, token)["ROLE"] == "ENDED"
    else:
        move_clock(days=days_until_after(token))
        assert passes(cast.self, token, "ROLE") == (409, "TOKEN_STATE", "EXPIRED")
        assert barriers(cast.self, token)["ROLE"] == "ENDED"
    assert not CheckpointYes.objects.exists()


def test_finished_work_is_reviewed_after_the_window_and_where_frames_are_kept_but_not_where_they_are_held(
    cast: Cast, move_clock: Any
) -> None:
    late, kept, held = (licensed(cast, "FINAL") for _one in range(3))
    for token, kind, disposition in (
        (kept, "PROSPECTIVE", "KEEP"),
        (held, "DISTRIBUTION_HOLD", "QUARANTINE"),
    ):
        services.revoke_token(
            principal=cast.self, jti=token.pk, kind=kind, disposition=disposition, reason="Enough."
        )
    assert passes(cast.self, kept, "FINAL")[0] == 201
    assert passes(cast.self, held, "FINAL") == (409, "TOKEN_STATE", "REVOKED")
    move_clock(days=days_until_after(late))
    assert passes(cast.self, late, "FINAL")[0] == 201
    assert {one.token_id for one in CheckpointPass.objects.all()} == {late.pk, kept.pk}


def test_finished_work_comes_after_role_and_script(cast: Cast) -> None:
    token = licensed(cast, "ROLE", "SCRIPT", "FINAL")
    assert barriers(cast.self, token) == {"ROLE": "", "SCRIPT": "", "FINAL": "ORDER"}
    assert passes(cast.self, token, "FINAL")[:2] == (409, "CHECKPOINT_TOO_EARLY")
    assert passes(cast.self, token, "SCRIPT")[0] == 201
    assert passes(cast.self, token, "FINAL")[:2] == (409, "CHECKPOINT_TOO_EARLY")
    assert passes(cast.self, token, "ROLE")[0] == 201
    assert passes(cast.self, token, "FINAL")[0] == 201
