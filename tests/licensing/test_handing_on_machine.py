"""Whoever passes a mandate on, hands a request up, refuses a studio or tightens a guild's rules: no licence is issued
without the consents that its request asked for, and nobody but the talent shortens the talent's stop.

A stateful test: hypothesis picks acts and actors; after each act the rows are judged by an oracle of its own.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from common import clock
from common.errors import DomainError
from licensing import services
from licensing.models import Delegation, GuildMember, Hold, LicenceRequest, LicenceToken, Mandate, StudioBlock
from licensing.selectors.people import visible_constructs
from tests import factories

ACTORS = ("producer", "agent", "delegate", "second", "colleague", "talent", "guild", "stranger")
AGENTS = ("agent", "delegate", "second", "colleague")


class HandingOn(RuleBasedStateMachine):
    """One talent of a guild under a mandate, one studio, and an agency that passes the mandate on."""

    @initialize()
    def begin(self) -> None:
        self.sid = transaction.savepoint()
        studio, agency, guild = factories.make_studio(), factories.make_agency(), factories.make_guild()
        self.talent = factories.make_talent()
        GuildMember.objects.create(guild=guild, talent=self.talent, number_digest="cd" * 32)
        self.people = {name: factories.make_agent(agency) for name in AGENTS} | {
            "producer": factories.make_producer(studio),
            "talent": factories.desk_of_talent(self.talent),
            "guild": factories.make_desk(guild, "ADMIN"),
            "stranger": factories.make_agent(factories.make_agency()),
        }
        self.mandate = factories.make_mandate(self.talent, self.people["agent"])
        self.production = factories.make_production(studio)
        self.requests: list[LicenceRequest] = []
        self.stopped = False
        self.blocked_by = ""
        self.ask()

    def teardown(self) -> None:
        if hasattr(self, "sid"):
            transaction.savepoint_rollback(self.sid)

    def act(self, service: Any, **arguments: Any) -> bool:
        try:
            service(**arguments)
        except DomainError:
            return False
        return True

    @rule()
    def ask(self) -> None:
        """A blocked studio finds nobody to ask."""
        try:
            made = factories.make_submitted_request(
                self.production, self.talent, producer=self.people["producer"]
            )
        except DomainError:
            assert self.blocked_by
            return
        assert not self.blocked_by
        self.requests.append(made)

    @rule(who=st.sampled_from(AGENTS), to=st.sampled_from(AGENTS), on=st.booleans())
    def pass_on(self, who: str, to: str, on: bool) -> None:
        now = clock.now()
        self.act(
            services.delegate_mandate,
            principal=self.people[who], mandate=self.mandate, to_user=self.people[to].person,
            valid_from=now, valid_until=now + timedelta(days=3), may_pass_on=on,
        )  # fmt: skip

    @rule(who=st.sampled_from(ACTORS))
    def take_back(self, who: str) -> None:
        last = Delegation.objects.filter(mandate=self.mandate).order_by("-created_at").first()
        if last is not None:
            self.act(services.end_delegation, principal=self.people[who], delegation_id=last.pk)

    @rule(who=st.sampled_from(ACTORS))
    def hand_up(self, who: str) -> None:
        if self.requests:
            done = self.act(
                services.escalate_request,
                principal=self.people[who], request_id=self.requests[-1].pk, note="Yours.",
            )  # fmt: skip
            assert not done or who in AGENTS

    @rule(who=st.sampled_from(ACTORS))
    def approve(self, who: str) -> None:
        if not self.requests:
            return
        request = LicenceRequest.objects.select_related("current").get(pk=self.requests[-1].pk)
        assert request.current is not None
        before, may = request.mode, self.may_decide(who)
        done = self.act(
            services.approve_request,
            principal=self.people[who], request_id=request.pk, terms_hash=request.current.terms_hash,
        )  # fmt: skip
        if done and before == "AGENT_WITHIN_MANDATE":
            assert may
        if done and before == "TALENT_ONLY":
            assert who == "talent"

    def may_decide(self, who: str) -> bool:
        """The named agent, or whom a chain of delegations that all hold leads to."""
        if who == "agent":
            return True
        now = clock.now()
        held = Delegation.objects.filter(mandate=self.mandate, ended_at=None, valid_until__gt=now)
        return held.filter(to_user=self.people[who].person).exists()

    @rule(who=st.sampled_from(ACTORS), frames=st.integers(1, 4000))
    def tighten(self, who: str, frames: int) -> None:
        done = self.act(
            services.set_guild_defaults, principal=self.people[who], limits={"frames_max": frames}
        )
        assert not done or who == "guild"

    @rule(who=st.sampled_from(ACTORS))
    def block(self, who: str) -> None:
        if not self.requests:
            return
        done = self.act(
            services.block_studio, principal=self.people[who], request_id=self.requests[-1].pk, why="No more."
        )
        assert not done or who == "talent" or self.may_decide(who)
        if done:
            self.blocked_by = "talent" if who == "talent" else "agent"

    @rule(who=st.sampled_from(ACTORS))
    def unblock(self, who: str) -> None:
        row = StudioBlock.objects.filter(talent=self.talent, ended_at=None).first()
        if row is None:
            return
        done = self.act(services.unblock_studio, principal=self.people[who], block_id=row.pk)
        assert not done or who == "talent" or (self.blocked_by == "agent" and self.may_decide(who))
        if done:
            self.blocked_by = ""

    @rule(who=st.sampled_from(ACTORS))
    def stop(self, who: str) -> None:
        done = self.act(
            services.emergency_stop,
            principal=self.people[who], talent=self.talent, reason="Stop.", ends_licences=False,
        )  # fmt: skip
        assert done is (who == "talent")
        self.stopped = self.stopped or done

    @rule(who=st.sampled_from(ACTORS))
    def lift(self, who: str) -> None:
        done = self.act(services.lift_emergency_stop, principal=self.people[who], talent=self.talent)
        assert done is (who == "talent" and self.stopped)
        self.stopped = self.stopped and not done

    @invariant()
    def each_licence_has_the_consents_that_its_request_asked_for(self) -> None:
        needed = {"TALENT_ONLY": {"TALENT"}, "AGENT_WITHIN_MANDATE": {"AGENT"}, "DUAL": {"AGENT", "TALENT"}}
        for token in LicenceToken.objects.filter(talent=getattr(self, "talent", None)).select_related(
            "request", "terms"
        ):
            agreed = token.request.actions.filter(kind="APPROVE", terms_hash=token.terms.terms_hash)
            assert needed[token.request.mode] <= set(agreed.values_list("side", flat=True))
            handed_up = token.request.actions.filter(kind="ESCALATE").exists()
            assert not handed_up or token.request.mode == "TALENT_ONLY"

    @invariant()
    def the_stop_and_the_block_stand_until_they_are_ended(self) -> None:
        if not hasattr(self, "talent"):
            return
        standing = Hold.objects.filter(talent=self.talent, reason="EMERGENCY_STOP", lifted_at=None)
        assert standing.exists() is self.stopped
        seen = visible_constructs(self.talent.handle, self.people["producer"].organisation_id)
        assert (seen is None) is bool(self.blocked_by)
        assert Mandate.objects.get(talent=self.talent, revoked_at=None) == self.mandate


@pytest.mark.django_db
def test_no_chain_of_hands_issues_without_consent_or_shortens_a_stop() -> None:
    run_state_machine_as_test(
        HandingOn,
        settings=settings(
            max_examples=5, stateful_step_count=12, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
