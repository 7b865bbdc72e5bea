"""Whatever people do to a licence in whatever order and at whatever time: it never comes back from an end, nothing is
permitted under a hold, nobody lifts another side's hold, and nobody but the talent shortens the talent's stop.

A stateful test: hypothesis picks acts, actors and hours; an oracle of its own keeps what must be true.
"""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from common.errors import DomainError
from licensing import services
from licensing.models import Hold, LicenceToken
from licensing.selectors.tokens import effective_state, tokens
from tests import factories

# who acts, and in whose name
SIDES = {
    "producer": "LICENSEE",
    "agent": "AGENT",
    "colleague": "",
    "talent": "TALENT",
    "admin": "",
    "auditor": "GUILD",
    "stranger": "",
}
# the reasons that are tried: who places each, and who may lift what the other side placed
PLACES = {
    "SUSPENDED": {"LICENSEE", "AGENT", "TALENT"},
    "STRIKE_SUSPENSION": {"GUILD"},
    "CONSENT_WITHDRAWN": {"TALENT"},
    "PAYMENT_HOLD": {"AGENT", "TALENT"},
    "DISPUTE_HOLD": {"LICENSEE", "AGENT", "TALENT"},
}
ENDS = {"REVOKED", "SUPERSEDED", "EXPIRED", "EXHAUSTED"}


class Licence(RuleBasedStateMachine):
    """One licence and its renewal, its people, and everything they might try."""

    @initialize()
    def begin(self) -> None:
        self.sid = transaction.savepoint()
        self.clock = Path(tempfile.mkdtemp()) / "clock"
        self.frozen = override_settings(TEST_CLOCK_FILE=str(self.clock))
        self.frozen.enable()
        studio, agency, guild = factories.make_studio(), factories.make_agency(), factories.make_guild()
        self.production, self.talent = factories.make_production(studio, guild=guild), factories.make_talent()
        self.people = {
            "producer": factories.make_producer(studio),
            "agent": factories.make_agent(agency),
            "colleague": factories.make_agent(agency),
            "talent": factories.desk_of_talent(self.talent),
            "admin": factories.make_desk(self.talent.organisation, "ADMIN"),
            "auditor": factories.make_desk(guild, "AUDITOR"),
            "stranger": factories.make_producer(factories.make_studio()),
        }
        factories.make_mandate(self.talent, self.people["agent"])
        asked = factories.make_submitted_request(
            self.production, self.talent, producer=self.people["producer"], days=10
        )
        self.first = factories.approve(asked).pk
        self.hours = 0
        self.stopped = False
        self.holds: dict[Any, tuple[str, str]] = {}
        self.ended: dict[Any, str] = {}

    def teardown(self) -> None:
        if hasattr(self, "sid"):
            self.frozen.disable()
            transaction.savepoint_rollback(self.sid)

    def tried(self, service: Any, **arguments: Any) -> Any:
        """What the service made; None where it refused."""
        try:
            with transaction.atomic():
                return service(**arguments)
        except DomainError:
            return None

    @rule(hours=st.sampled_from([1, 30, 60, 100]))
    def time_passes(self, hours: int) -> None:
        self.hours += hours
        self.clock.write_text(str(timedelta(hours=self.hours).total_seconds()), encoding="ascii")
        services.settle_states()

    @rule(who=st.sampled_from(list(SIDES)), reason=st.sampled_from(list(PLACES)), wide=st.booleans())
    def hold(self, who: str, reason: str, wide: bool) -> None:
        covers, thing = ("production", self.production.pk) if wide else ("token", self.first)
        made = self.tried(
            services.place_hold,
            principal=self.people[who], covers=covers, covered_id=thing, reason=reason, why="For now.",
        )  # fmt: skip
        if made:
            assert made.side in PLACES[reason]
            assert SIDES[who] == made.side
            self.holds[made.pk] = (reason, made.side)

    @rule(who=st.sampled_from(list(SIDES)), which=st.integers(0, 5))
    def lift(self, who: str, which: int) -> None:
        if not self.holds:
            return
        key = list(self.holds)[which % len(self.holds)]
        if self.tried(services.lift_hold, principal=self.people[who], hold_id=key):
            reason, side = self.holds.pop(key)
            assert SIDES[who] == side or (SIDES[who] == "TALENT" and side == "AGENT")
            assert reason != "CONSENT_WITHDRAWN" or who == "talent"

    @rule(who=st.sampled_from(list(SIDES)))
    def resume(self, who: str) -> None:
        for one in self.tried(services.resume_token, principal=self.people[who], jti=self.first) or ():
            _, side = self.holds.pop(one.pk)
            assert SIDES[who] == side or (SIDES[who] == "TALENT" and side == "AGENT")

    @rule(who=st.sampled_from([one for one in SIDES if one not in {"agent", "talent"}]))
    def revoke_without_a_right(self, who: str) -> None:
        assert not self.revoked_by(who)

    @rule(who=st.sampled_from(["agent", "talent"]), sure=st.integers(0, 3))
    def revoke(self, who: str, sure: int) -> None:
        if sure:
            return  # an end ends the story: one in four is enough
        before = effective_state(tokens().get(pk=self.first))
        assert self.revoked_by(who) is (before not in ENDS)

    def revoked_by(self, who: str) -> bool:
        ended = self.tried(
            services.revoke_token,
            principal=self.people[who], jti=self.first, kind="PROSPECTIVE", disposition="KEEP", reason="Over.",
        )  # fmt: skip
        return ended is not None

    @rule()
    def renew(self) -> None:
        request = self.tried(
            services.request_renewal, principal=self.people["producer"], jti=self.first, days=10, changes={}
        )
        if request is not None and request.state in {"SUBMITTED", "IN_REVIEW"}:
            self.tried(
                services.approve_request,
                principal=self.people["agent"], request_id=request.pk, terms_hash=request.current.terms_hash,
            )  # fmt: skip

    @rule(who=st.sampled_from(list(SIDES)), ends=st.booleans())
    def stop(self, who: str, ends: bool) -> None:
        done = self.tried(
            services.emergency_stop,
            principal=self.people[who], talent=self.talent, reason="Stop.", ends_licences=ends and self.hours > 30,
        )  # fmt: skip
        assert (done is not None) is (who == "talent")
        self.stopped = self.stopped or done is not None

    @rule(who=st.sampled_from(list(SIDES)))
    def lift_the_stop(self, who: str) -> None:
        done = self.tried(services.lift_emergency_stop, principal=self.people[who], talent=self.talent)
        assert (done is not None) is (who == "talent" and self.stopped)
        self.stopped = self.stopped and done is None

    @rule(who=st.sampled_from([one for one in SIDES if one != "talent"]))
    def lift_the_stop_as_a_hold(self, who: str) -> None:
        for one in Hold.objects.filter(talent=self.talent, reason="EMERGENCY_STOP", lifted_at=None):
            assert self.tried(services.lift_hold, principal=self.people[who], hold_id=one.pk) is None

    @invariant()
    def an_end_stays(self) -> None:
        for token in self.licences():
            state = str(effective_state(token))
            assert self.ended.get(token.pk, state) == state or {self.ended[token.pk], state} <= ENDS
            if state in ENDS:
                self.ended[token.pk] = state

    @invariant()
    def nothing_is_permitted_under_a_hold_or_a_stop(self) -> None:
        if not hasattr(self, "holds"):
            return
        standing = Hold.objects.filter(lifted_at=None)
        assert {one.pk for one in standing.exclude(reason="EMERGENCY_STOP")} == set(self.holds)
        assert standing.filter(reason="EMERGENCY_STOP").exists() is self.stopped
        for token in self.licences():
            state = effective_state(token)
            if self.stopped or token.hold_reasons:  # type: ignore[attr-defined]
                assert state != "ACTIVE"
            elif state == "SUSPENDED":
                raise AssertionError("suspended, and nothing holds it")

    @invariant()
    def one_licence_at_most_is_in_force(self) -> None:
        assert sum(effective_state(token) == "ACTIVE" for token in self.licences()) <= 1

    def licences(self) -> list[LicenceToken]:
        return list(tokens().filter(talent=self.talent)) if hasattr(self, "talent") else []


@pytest.mark.django_db
def test_no_path_revives_an_ended_licence_or_permits_under_a_hold() -> None:
    run_state_machine_as_test(
        Licence,
        settings=settings(
            max_examples=12,
            stateful_step_count=14,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
