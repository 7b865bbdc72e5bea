"""Held frames are let go by the talent's side alone, asked by another house, with reasons; a stop by the talent alone."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction

from audit.models import Event
from common import clock
from common.errors import DomainError, NotFound
from licensing import selectors, services
from licensing.models import FrameRelease, LicenceToken
from provenance.models import Asset
from provenance.rules import HoldCode
from provenance.services.release import standing_reasons
from tests import factories
from tests.licensing.conftest import Cast
from tests.licensing.persons import call, make_minor
from tests.licensing.test_attacks_races import while_it_commits


def refusal(act: Any) -> str:
    with pytest.raises(DomainError) as refused:
        act()
    return refused.value.code


def ended(cast: Cast, kind: str = "DISTRIBUTION_HOLD", disposition: str = "QUARANTINE") -> LicenceToken:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    return services.revoke_token(
        principal=cast.agent, jti=token.pk, kind=kind, disposition=disposition, reason="Not these."
    )


def asked(cast: Cast, token: LicenceToken) -> FrameRelease:
    return services.ask_release(principal=cast.producer, jti=token.pk, why="The scene was cut anew.")


def decide(desk: Any, row: FrameRelease, *, grants: bool = True) -> FrameRelease:
    return services.decide_release(principal=desk, release_id=row.pk, grants=grants, why="Seen and fine.")


def may_decide(desk: Any, token: LicenceToken) -> bool:
    detail = selectors.licence_detail(desk, token.pk)
    assert detail is not None
    return "DECIDE_RELEASE" in detail.may


def held_by_licence(cast: Cast, token: LicenceToken) -> list[str]:
    asset = Asset(production_id=cast.production.pk, token_jtis=[token.pk])
    return [one.code for one in standing_reasons(asset) if one.code != HoldCode.RECEIPTS_MISSING]


def test_frames_go_out_only_after_another_house_asked_and_the_talents_side_let_them_go(cast: Cast) -> None:
    token = ended(cast)
    assert held_by_licence(cast, token) == [HoldCode.DISTRIBUTION_HOLD]
    made = call(cast.producer, f"tokens/{token.pk}/ask-release", {"why": "The scene was cut anew."})
    assert (made.status_code, made.json()["is_granted"]) == (201, None)
    assert held_by_licence(cast, token) == [HoldCode.DISTRIBUTION_HOLD]
    again = call(cast.producer, f"tokens/{token.pk}/ask-release", {"why": "Please."})
    assert (again.status_code, again.json()["code"]) == (409, "RELEASE_OPEN")
    place = f"frame-releases/{made.json()['id']}/decide"
    assert (
        call(cast.producer, place, {"grants": True, "why": "Ours."}).json()["code"] == "NOT_YOURS_TO_RELEASE"
    )
    assert call(cast.other_studio, place, {"grants": True, "why": "Ours."}).status_code == 404
    assert call(cast.colleague, place, {"grants": True, "why": "Ours."}).status_code == 403
    done = call(cast.agent, place, {"grants": True, "why": "Seen and fine."})
    assert (done.status_code, done.json()["is_granted"], done.json()["side"]) == (200, True, "AGENT")
    assert held_by_licence(cast, token) == []
    told = list(Event.objects.filter(kind__startswith="licence.release_").order_by("number"))
    assert [one.kind for one in told] == ["licence.release_asked", "licence.release_granted"]
    assert str(cast.talent.organisation_id) in told[0].visible_to
    assert str(cast.producer.organisation_id) in told[1].visible_to
    listed = call(cast.producer, "frame-releases", method="get").json()["results"]
    assert [(one["answer"], one["is_granted"]) for one in listed] == [("Seen and fine.", True)]
    assert call(cast.other_studio, "frame-releases", method="get").json()["results"] == []
    assert refusal(lambda: decide(cast.self, FrameRelease.objects.get())) == "RELEASE_DECIDED"
    assert refusal(lambda: asked(cast, token)) == "NOTHING_HELD"


def test_refused_once_they_stay_held_and_may_be_asked_for_again(cast: Cast) -> None:
    token = ended(cast)
    decide(cast.self, asked(cast, token), grants=False)
    assert held_by_licence(cast, token) == [HoldCode.DISTRIBUTION_HOLD]
    decide(cast.self, asked(cast, token))
    assert held_by_licence(cast, token) == []


def test_what_is_not_held_or_is_to_be_destroyed_is_not_let_go(cast: Cast) -> None:
    live, _, _ = factories.make_live_token(cast.production, cast.talent)
    assert refusal(lambda: asked(cast, live)) == "NOTHING_HELD"
    assert refusal(lambda: asked(cast, ended(cast, "PROSPECTIVE", "KEEP"))) == "NOTHING_HELD"
    gone = ended(cast, "RECALL_REQUEST", "DESTROY_WITH_CERTIFICATE")
    assert refusal(lambda: asked(cast, gone)) == "FRAMES_TO_BE_DESTROYED"
    token = ended(cast)
    assert refusal(lambda: services.ask_release(principal=cast.agent, jti=token.pk, why="Ours.")) == (
        "NOT_YOURS_TO_ASK"
    )
    assert (
        refusal(lambda: services.ask_release(principal=cast.producer, jti=token.pk, why=" ")) == "WHY_INVALID"
    )
    with pytest.raises(NotFound):
        services.ask_release(principal=cast.other_studio, jti=token.pk, why="Theirs.")


def test_what_the_talent_stopped_only_the_talent_lets_go(cast: Cast) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    by_agent = ended(cast)
    services.emergency_stop(principal=cast.self, talent=cast.talent, reason="Stop.")
    row, other = asked(cast, token), asked(cast, by_agent)
    assert refusal(lambda: decide(cast.agent, row)) == "TALENT_ONLY"
    assert refusal(lambda: decide(cast.agent, other)) == "TALENT_ONLY"  # while the stop is in force
    theirs = {
        "is_granted": True, "decided_at": clock.now(), "decided_by": cast.agent.person,
        "decided_for": cast.agent.organisation,
    }  # fmt: skip
    for side in ("AGENT", "TALENT"):
        with pytest.raises(IntegrityError, match="only the talent"), transaction.atomic():
            FrameRelease.objects.filter(pk=row.pk).update(**theirs, side=side)
    assert decide(cast.self, row).is_granted
    assert held_by_licence(cast, token) == []


@pytest.mark.parametrize("mode", ["DUAL", "TALENT_ONLY"])
def test_agent_under_a_mandate_that_reserves_decisions_lets_nothing_go(cast: Cast, mode: str) -> None:
    token = ended(cast)
    row = asked(cast, token)
    factories.make_mandate(cast.talent, cast.agent, mode=mode)
    for grants in (True, False):
        assert refusal(lambda grants=grants: decide(cast.agent, row, grants=grants)) == "TALENT_ONLY"
    assert may_decide(cast.agent, token) is False
    assert may_decide(cast.self, token)
    assert decide(cast.self, row).side == "TALENT"


def test_what_the_talent_took_back_no_agent_lets_go(cast: Cast) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    services.revoke_token(
        principal=cast.self, jti=token.pk, kind="DISTRIBUTION_HOLD", disposition="QUARANTINE", reason="No."
    )
    row = asked(cast, token)
    assert refusal(lambda: decide(cast.agent, row)) == "TALENT_ONLY"
    assert may_decide(cast.agent, token) is False
    assert held_by_licence(cast, token) == [HoldCode.DISTRIBUTION_HOLD]
    assert decide(cast.self, row).is_granted
    by_agent = ended(cast)
    asked(cast, by_agent)
    assert may_decide(cast.agent, by_agent)


def test_minor_alone_lets_nothing_go_and_the_guardian_does(cast: Cast) -> None:
    minor, guardian, _ = make_minor()
    request = factories.make_submitted_request(cast.production, minor)
    token = services.approve_request(
        principal=guardian, request_id=request.pk, terms_hash=request.current.terms_hash
    )
    assert token is not None
    themselves = factories.desk_of_talent(minor)
    services.revoke_token(
        principal=themselves, jti=token.pk, kind="DISTRIBUTION_HOLD", disposition="QUARANTINE", reason="No."
    )  # to end it is theirs
    row = asked(cast, token)
    assert refusal(lambda: decide(themselves, row)) == "NOT_YOURS_TO_DECIDE"
    assert may_decide(themselves, token) is False
    assert decide(guardian, row).side == "GUARDIAN"


def test_stop_suspends_what_was_let_go_before_it_until_the_talent_lifts_it(cast: Cast) -> None:
    token, later = ended(cast), ended(cast)
    decide(cast.agent, asked(cast, token))
    assert held_by_licence(cast, token) == []
    services.emergency_stop(principal=cast.self, talent=cast.talent, reason="Stop.")
    assert held_by_licence(cast, token) == [HoldCode.DISTRIBUTION_HOLD]
    assert decide(cast.self, asked(cast, later)).side == "TALENT"
    assert held_by_licence(cast, later) == []  # the talent's own word after the stop
    services.lift_emergency_stop(principal=cast.self, talent=cast.talent)
    assert held_by_licence(cast, token) == []


def test_agent_who_decides_while_the_talent_stops_everything_is_refused(transactional_db: None) -> None:
    token, _, _ = factories.make_live_token()
    agent, talent = factories.decider_of(token.request), factories.desk_of_talent(token.talent)
    services.revoke_token(
        principal=agent, jti=token.pk, kind="DISTRIBUTION_HOLD", disposition="QUARANTINE", reason="Not these."
    )
    studio = factories.make_producer(token.licensee)
    row = services.ask_release(principal=studio, jti=token.pk, why="The scene was cut anew.")
    raised = while_it_commits(
        lambda: services.emergency_stop(principal=talent, talent=token.talent, reason="Stop."),
        lambda: decide(agent, row),
    )
    assert getattr(raised, "code", None) == "TALENT_ONLY"


def test_database_holds_four_eyes_and_a_decision_made_once(cast: Cast) -> None:
    row = asked(cast, ended(cast))
    decided = {"is_granted": True, "decided_at": clock.now(), "side": "TALENT"}
    for person, house in (
        (cast.producer.person, cast.talent.organisation),
        (cast.self.person, cast.producer.organisation),
    ):
        with pytest.raises(IntegrityError, match="four_eyes"), transaction.atomic():
            FrameRelease.objects.filter(pk=row.pk).update(**decided, decided_by=person, decided_for=house)
    decide(cast.self, row, grants=False)
    for change in ({"is_granted": True}, {"asked_for": cast.agent.organisation}):
        with pytest.raises(IntegrityError, match="decided once"), transaction.atomic():
            FrameRelease.objects.filter(pk=row.pk).update(**change)


def test_database_takes_no_release_that_begins_decided_and_empties_neither_releases_nor_blocks(
    cast: Cast,
) -> None:
    token = ended(cast)
    written = {"token": token, "asked_by": cast.producer.person, "asked_for": cast.producer.organisation}
    decided = {
        "is_granted": True, "decided_at": clock.now(), "side": "TALENT", "decided_by": cast.agent.person,
        "decided_for": cast.agent.organisation,
    }  # fmt: skip
    with pytest.raises(IntegrityError, match="begins undecided"), transaction.atomic():
        FrameRelease.objects.create(**written, **decided)
    assert FrameRelease.objects.create(**written).decided_at is None
    for table in ("licensing_framerelease", "licensing_studioblock"):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            connection.cursor().execute(f"set constraints all immediate; truncate {table} cascade")
