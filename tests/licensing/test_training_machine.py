"""Whatever people do in whatever order, no training is licensed without the talent's own word, and none survives their
stop or their withdrawal.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from common.errors import DomainError
from licensing import selectors, services
from licensing.models import TrainingConsent, TrainingRequest, TrainingToken
from tests import factories

ACTORS = ("producer", "agent", "colleague", "talent", "admin", "stranger", "key")


class Training(RuleBasedStateMachine):
    """One training request of a represented talent, and everything that anybody might try."""

    @initialize()
    def begin(self) -> None:
        self.sid = transaction.savepoint()
        studio, agency = factories.make_studio(), factories.make_agency()
        production, self.talent = factories.make_production(studio), factories.make_talent()
        producer = factories.make_producer(studio)
        self.people = {
            "producer": producer,
            "agent": factories.make_agent(agency),
            "colleague": factories.make_agent(agency),
            "talent": factories.desk_of_talent(self.talent),
            "admin": factories.make_desk(self.talent.organisation, "ADMIN"),
            "stranger": factories.make_producer(factories.make_studio()),
            "key": factories.desk_of_key(
                factories.make_credential(
                    self.talent.organisation, created_by=factories.desk_of_talent(self.talent).person
                )[0]
            ),
        }
        factories.make_mandate(self.talent, self.people["agent"])
        self.request = services.submit_training_request(
            principal=producer,
            ask=services.TrainingAsk(
                production_id=production.pk, talent=self.talent.handle, use_types=("TRAINING_REPLICA",),
                constructs=("FACE_3D",), replica_class="EMPLOYMENT_BASED_DIGITAL_REPLICA",
                description="Fit one face model for sequences 041 to 047 of this film.", days=60, runs_max=2,
                models=("face",), render_territory=("US",), distribution_territory=("US",),
                channels=("THEATRICAL",),
            ),
        )  # fmt: skip
        self.agreed = False
        self.over = False

    def teardown(self) -> None:
        if hasattr(self, "sid"):
            transaction.savepoint_rollback(self.sid)

    def tried(self, service: Any, **arguments: Any) -> Any:
        try:
            with transaction.atomic():
                return service(**arguments)
        except DomainError:
            return None

    @rule(who=st.sampled_from(ACTORS), exact=st.booleans())
    def approve(self, who: str, exact: bool) -> None:
        wanted = self.request.terms_hash if exact else "sha256:" + "0" * 64
        made = self.tried(
            services.approve_training,
            principal=self.people[who], request_id=self.request.pk, terms_hash=wanted,
        )  # fmt: skip
        assert made is None or (who == "talent" and exact and not self.agreed)
        self.agreed = self.agreed or made is not None

    @rule(who=st.sampled_from([one for one in ACTORS if one != "talent"]))
    def decline_for_another(self, who: str) -> None:
        assert (
            self.tried(
                services.decline_training,
                principal=self.people[who],
                request_id=self.request.pk,
                reason="No.",
            )
            is None
        )

    @rule(who=st.sampled_from([one for one in ACTORS if one != "producer"]))
    def withdraw_for_another(self, who: str) -> None:
        assert (
            self.tried(services.withdraw_training, principal=self.people[who], request_id=self.request.pk)
            is None
        )

    @rule(who=st.sampled_from(ACTORS))
    def revoke(self, who: str) -> None:
        for token in self.tokens():
            done = self.tried(
                services.revoke_training, principal=self.people[who], jti=token.pk, reason="No more."
            )
            assert done is None or who == "talent"
            self.over = self.over or done is not None

    @rule(who=st.sampled_from(ACTORS))
    def stop(self, who: str) -> None:
        done = self.tried(
            services.emergency_stop, principal=self.people[who], talent=self.talent, reason="Stop."
        )
        assert (done is not None) is (who == "talent")
        self.over = self.over or (done is not None and self.agreed)

    @rule()
    def lift_the_stop(self) -> None:
        self.tried(services.lift_emergency_stop, principal=self.people["talent"], talent=self.talent)

    @rule()
    def end_the_mandate(self) -> None:
        services.end_mandate(principal=self.people["talent"], talent=self.talent)

    @invariant()
    def training_rests_on_the_talents_own_word(self) -> None:
        if not hasattr(self, "request"):
            return
        assert bool(self.tokens()) is self.agreed
        assert len(self.tokens()) <= 1
        for token in self.tokens():
            consent = TrainingConsent.objects.get(request=self.request)
            assert consent.terms_hash == token.terms_hash == self.request.terms_hash
            assert TrainingRequest.objects.get(pk=self.request.pk).state == "APPROVED"

    @invariant()
    def what_was_taken_back_stays_so(self) -> None:
        if not hasattr(self, "request"):
            return
        for token in self.tokens():
            assert (str(selectors.training_state(token)) == "REVOKED") is self.over

    def tokens(self) -> list[TrainingToken]:
        return list(TrainingToken.objects.filter(talent=self.talent)) if hasattr(self, "talent") else []


@pytest.mark.req("ST-080")
@pytest.mark.django_db
def test_no_path_licenses_training_without_the_talents_own_word() -> None:
    run_state_machine_as_test(
        Training,
        settings=settings(
            max_examples=12,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
