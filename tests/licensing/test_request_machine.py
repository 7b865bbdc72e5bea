"""Whatever people do in whatever order, no licence is issued without the consents its mode demands, and no stop of the
talent is shortened by anybody else.

A stateful test: hypothesis picks acts and actors; after each act the rows are judged by an oracle of its own.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from common.errors import DomainError
from licensing import services
from licensing.models import Hold, LicenceRequest, LicenceToken
from licensing.selectors.tokens import hold_reasons_on, tokens
from tests import factories
from tests.licensing.persons import RULE_LIMITS, in_days, make_minor

ACTORS = ("producer", "agent", "colleague", "talent", "guardian", "signer1", "signer2", "stranger", "admin")
CLOSED = {"APPROVED", "DECLINED", "WITHDRAWN", "LAPSED"}
NEEDED = {
    "TALENT_ONLY": {"TALENT"},
    "UNION_NOTICE": {"TALENT"},
    "AGENT_WITHIN_MANDATE": {"AGENT"},
    "DUAL": {"AGENT", "TALENT"},
    "QUORUM": {"SIGNER"},
    "GUARDIAN_AND_COURT": {"GUARDIAN"},
    "AUTO_WITHIN_RULES": {"SERVER"},
}
BY_MANDATE = ("TALENT_ONLY", "UNION_NOTICE", "AGENT_WITHIN_MANDATE", "DUAL", "QUORUM", "NONE")


class Negotiation(RuleBasedStateMachine):
    """One request, its people, and everything they might try."""

    @initialize(mode=st.sampled_from(BY_MANDATE), beyond=st.booleans())
    def begin(self, mode: str, beyond: bool) -> None:
        self.open(mode, beyond=beyond)

    def open(self, mode: str, *, beyond: bool) -> None:
        self.sid = transaction.savepoint()
        studio, agency = factories.make_studio(), factories.make_agency()
        production = factories.make_production(studio)
        # elsewhere the guardian speaks for another minor
        ward, guardian, document = make_minor()
        talent = ward if mode == "GUARDIAN_AND_COURT" else factories.make_talent()
        self.document, self.word_ended, self.voice = document, False, "talent"
        if talent is ward:
            self.voice = "guardian"
        agent = factories.make_agent(agency)
        self.people = {
            "producer": factories.make_producer(studio),
            "agent": agent,
            "colleague": factories.make_agent(agency),
            "talent": factories.desk_of_talent(talent),
            "guardian": guardian,
            "signer1": factories.make_desk(factories.make_organisation("TALENT"), "TALENT"),
            "signer2": factories.make_desk(factories.make_organisation("TALENT"), "TALENT"),
            "stranger": factories.make_producer(factories.make_studio()),
            "admin": factories.make_desk(talent.organisation, "ADMIN"),
        }
        further: dict[str, Any] = {"limits": {"frames_max": 100}} if beyond else {}
        if mode == "QUORUM":
            further |= {"quorum": 2, "signers": [self.people[f"signer{n}"].person for n in (1, 2)]}
        if mode == "UNION_NOTICE":
            further["notice_hours"] = 48
        if mode == "AUTO_WITHIN_RULES":
            most = {"frames_max": 100} if beyond else {}
            services.set_auto_rule(
                principal=self.people["talent"], talent=talent, use_types=["FACE_RENDER", "VOICE_RENDER"],
                limits={**RULE_LIMITS, **most}, valid_until=in_days(300),
            )  # fmt: skip
        elif mode not in {"NONE", "GUARDIAN_AND_COURT"}:
            factories.make_mandate(talent, agent, mode=mode, **further)
        self.talent = talent
        self.request = factories.make_submitted_request(production, talent, producer=self.people["producer"])
        self.by_rule = mode == "AUTO_WITHIN_RULES" and not beyond
        self.request.refresh_from_db()
        self.seen = [self.request.current.terms_hash]
        self.stopped = False
        self.closed_as = ""

    def teardown(self) -> None:
        if hasattr(self, "sid"):
            transaction.savepoint_rollback(self.sid)

    def act(self, service: Any, **arguments: Any) -> bool:
        try:
            service(**arguments)
        except DomainError:
            return False
        return True

    def hash_of(self, age: int) -> str:
        return self.seen[-1 - age % len(self.seen)]

    @rule(who=st.sampled_from(ACTORS), age=st.integers(0, 1))
    def approve(self, who: str, age: int) -> None:
        self.act(
            services.approve_request,
            principal=self.people[who], request_id=self.request.pk, terms_hash=self.hash_of(age),
        )  # fmt: skip

    @rule(who=st.sampled_from(ACTORS), frames=st.integers(1, 2999), age=st.integers(0, 1))
    def counter(self, who: str, frames: int, age: int) -> None:
        if self.act(
            services.counter_request,
            principal=self.people[who], request_id=self.request.pk, terms_hash=self.hash_of(age),
            changes={"scope.frames_max": frames},
        ):  # fmt: skip
            self.remember()

    @rule(who=st.sampled_from(["producer", "agent", "stranger"]), frames=st.integers(1, 5000))
    def revise(self, who: str, frames: int) -> None:
        if self.act(
            services.revise_request,
            principal=self.people[who], request_id=self.request.pk, terms_hash=self.hash_of(0),
            changes={"scope.frames_max": frames},
        ):  # fmt: skip
            self.remember()

    @rule(who=st.sampled_from(ACTORS), age=st.integers(0, 1))
    def accept(self, who: str, age: int) -> None:
        self.act(
            services.accept_counter,
            principal=self.people[who], request_id=self.request.pk, terms_hash=self.hash_of(age),
        )  # fmt: skip

    @rule(who=st.sampled_from(["stranger", "admin", "producer", "signer1"]))
    def decline(self, who: str) -> None:
        self.act(
            services.decline_request,
            principal=self.people[who], request_id=self.request.pk, reason="No, thank you.",
        )  # fmt: skip

    @rule()
    def end_mandate(self) -> None:
        voice = self.people[self.voice]
        try:
            read = services.preview_representation(principal=voice, talent=self.talent, agency=None)
        except DomainError:  # nobody speaks for the ward any more
            return
        self.act(services.end_mandate, principal=voice, talent=self.talent, effect_hash=read.effect_hash)

    @rule(who=st.sampled_from(["guardian", "agent", "stranger", "admin"]))
    def end_authority(self, who: str) -> None:
        done = self.act(services.end_authority, principal=self.people[who], authority_id=self.document.pk)
        # the ward's own organisation alone ends it
        assert not done or (who == "admin" and self.voice == "guardian")
        self.word_ended = self.word_ended or done

    @rule(who=st.sampled_from(ACTORS))
    def make_a_rule_too_late(self, who: str) -> None:
        """A rule made after people were asked answers for none of them."""
        done = self.act(
            services.set_auto_rule,
            principal=self.people[who], talent=self.talent, use_types=["FACE_RENDER", "VOICE_RENDER"],
            limits=RULE_LIMITS, valid_until=in_days(300),
        )  # fmt: skip
        assert not done or (who == "talent" and self.voice == "talent")

    @rule(who=st.sampled_from(ACTORS))
    def stop(self, who: str) -> None:
        done = self.act(
            services.emergency_stop,
            principal=self.people[who], talent=self.talent, reason="Stop, please.", ends_licences=False,
        )  # fmt: skip
        assert done is (who == "talent")
        self.stopped = self.stopped or done

    @rule(who=st.sampled_from(ACTORS))
    def lift(self, who: str) -> None:
        done = self.act(
            services.lift_emergency_stop, principal=self.people[who], talent=self.talent, why="Go on."
        )
        assert not done or (who == "talent" and self.stopped)
        if done:
            self.stopped = False

    def remember(self) -> None:
        self.request.refresh_from_db()
        self.seen.append(self.request.current.terms_hash)

    @invariant()
    def what_was_issued_was_agreed_to(self) -> None:
        if not hasattr(self, "request"):
            return
        request = LicenceRequest.objects.select_related("current").get(pk=self.request.pk)
        issued = list(LicenceToken.objects.filter(request=request).select_related("terms"))
        assert bool(issued) is (request.state == "APPROVED")
        assert len(issued) <= 1
        for token in issued:
            wanted = token.terms.terms_hash
            acts = list(request.actions.all())
            agreed = {act.side for act in acts if act.terms_hash == wanted and act.kind == "APPROVE"}
            assert NEEDED[request.mode] <= agreed
            assert any(
                act.side == "LICENSEE" and act.terms_hash == wanted and act.kind != "WITHDRAW" for act in acts
            )
            if request.mode == "QUORUM":
                voices = {a.actor_id for a in acts if a.side == "SIGNER" and a.terms_hash == wanted}
                assert len(voices) >= request.quorum == 2
            if request.notice_until:
                assert token.not_before >= request.notice_until
            if request.mode == "AUTO_WITHIN_RULES":
                assert request.auto_rule is not None
                assert request.auto_rule.set_by_id == self.people["talent"].person.pk
                assert token.frames_max <= request.auto_rule.limits["frames_max"]
                assert set(token.use_types) <= set(request.auto_rule.use_types)
            asked = {act.actor_id for act in acts if act.side == "LICENSEE"}
            assert not asked & {act.actor_id for act in acts if act.kind == "APPROVE"}

    @invariant()
    def each_side_spoke_for_itself(self) -> None:
        if not hasattr(self, "request"):
            return
        request = LicenceRequest.objects.get(pk=self.request.pk)
        assert (request.mode == "AUTO_WITHIN_RULES") is (self.by_rule and request.auto_rule_id is not None)
        persons = {"TALENT": "talent", "GUARDIAN": "guardian", "AGENT": "agent"}
        for act in request.actions.filter(kind="APPROVE"):
            if act.side == "SERVER":
                assert self.by_rule
                assert act.actor_id is None
            elif act.side in persons:
                assert act.actor_id == self.people[persons[act.side]].person.pk
            if act.side == "GUARDIAN":
                assert self.voice == "guardian"
                assert self.document.ended_at is None or act.at < self.document.ended_at
        if self.word_ended:
            self.document.refresh_from_db()
            assert self.document.ended_at is not None

    @invariant()
    def a_closed_request_stays_as_it_was_closed(self) -> None:
        if not hasattr(self, "request"):
            return
        state = LicenceRequest.objects.values_list("state", flat=True).get(pk=self.request.pk)
        assert not self.closed_as or state == self.closed_as
        self.closed_as = state if state in CLOSED else ""

    @invariant()
    def the_stop_holds_until_the_talent_lifts_it(self) -> None:
        if not hasattr(self, "request"):
            return
        standing = Hold.objects.filter(talent=self.talent, reason="EMERGENCY_STOP", lifted_at=None)
        assert standing.exists() is self.stopped
        for token in tokens().filter(talent=self.talent):
            assert ("EMERGENCY_STOP" in hold_reasons_on(token)) is self.stopped


class SpokenFor(Negotiation):
    """The same where a guardian speaks for a minor, or a rule that the talent made in advance answers."""

    @initialize(mode=st.sampled_from(["GUARDIAN_AND_COURT", "AUTO_WITHIN_RULES"]), beyond=st.booleans())
    def begin(self, mode: str, beyond: bool) -> None:
        self.open(mode, beyond=beyond)


@pytest.mark.req("ST-013", "BX-009")
@pytest.mark.django_db
@pytest.mark.parametrize(("machine", "examples"), [(Negotiation, 10), (SpokenFor, 8)])
def test_no_path_issues_without_consent_and_none_shortens_a_stop(machine: Any, examples: int) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
