"""However rolls are handed in and defaults set: a roll grants nothing and shows nobody, what a member set stands, and a
member's own stop is not shortened by a guild.
"""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from common.errors import DomainError
from licensing import services
from licensing.models import (
    GuildMember,
    Hold,
    LicenceRequest,
    LicenceToken,
    Mandate,
    Talent,
    VisibilityRule,
)
from licensing.services.limits import is_tighter, parse_limits
from tests import factories

NUMBERS = ("S-1", "S-2", "S-3", "S-4")


class Rolls(RuleBasedStateMachine):
    """A guild that reads rolls again and again, and one member who is there in person."""

    @initialize()
    def begin(self) -> None:
        self.sid = transaction.savepoint()
        self.guild = factories.make_desk(factories.make_guild(), "ADMIN")
        self.known: dict[str, str] = {}
        self.member = factories.make_talent("Ilse Varga-Thorne")
        self.self = factories.desk_of_talent(self.member)
        digest = services.member_digest(self.guild.organisation_id, "S-0")
        GuildMember.objects.create(guild=self.guild.organisation, talent=self.member, number_digest=digest)
        self.tightest: Any = None
        self.stopped = False

    def teardown(self) -> None:
        if hasattr(self, "sid"):
            transaction.savepoint_rollback(self.sid)

    @rule(rows=st.dictionaries(st.sampled_from(NUMBERS), st.sampled_from(["Ada", "Bo", "=1+1"]), min_size=1))
    def hand_in(self, rows: dict[str, str]) -> None:
        lines = "".join(f"{number},{name},\r\n" for number, name in rows.items())
        content = f"member_number,stage_name,majority_on\r\nS-0,Ilse Varga-Thorne,\r\n{lines}".encode()
        roll = services.hand_in_roll(
            principal=self.guild, stream=io.BytesIO(content), size=len(content), file_name="roll.csv"
        )
        done = services.read_roll(roll.pk)
        good = {number: name for number, name in rows.items() if name != "=1+1"}
        assert (done.state, done.rows_refused) == ("DONE", len(rows) - len(good))
        assert done.rows_made == len(set(good) - set(self.known))
        self.known |= good

    @rule(frames=st.integers(1, 9000))
    def set_defaults(self, frames: int) -> None:
        services.set_guild_defaults(principal=self.guild, limits={"frames_max": frames})

    @rule(frames=st.integers(1, 9000), by_guild=st.booleans())
    def tighten_own(self, frames: int, by_guild: bool) -> None:
        try:
            services.tighten_own(
                principal=self.guild if by_guild else self.self,
                talent=self.member, limits={"frames_max": frames},
            )  # fmt: skip
        except DomainError:
            return
        assert not by_guild
        self.tightest = None  # the member's own word: what they set now counts

    @rule(by_guild=st.booleans())
    def stop(self, by_guild: bool) -> None:
        desk = self.guild if by_guild else self.self
        try:
            services.emergency_stop(principal=desk, talent=self.member, reason="Stop.")
        except DomainError:
            assert by_guild
            return
        assert not by_guild
        self.stopped = True

    @rule()
    def guild_lifts_the_stop(self) -> None:
        with pytest.raises(DomainError):
            services.lift_emergency_stop(principal=self.guild, talent=self.member)

    @invariant()
    def a_roll_grants_nothing_and_shows_nobody(self) -> None:
        if not hasattr(self, "known"):
            return
        rolled = Talent.objects.filter(membership__guild=self.guild.organisation).exclude(pk=self.member.pk)
        assert dict(rolled.values_list("membership__number_digest", "stage_name")) == {
            services.member_digest(self.guild.organisation_id, number): name
            for number, name in self.known.items()
        }
        shown = VisibilityRule.objects.filter(talent__in=rolled).exclude(level="HIDDEN")
        for granted in (shown, *(kind.objects.filter(talent__in=rolled) for kind in _GRANTS)):
            assert not granted.exists()

    @invariant()
    def what_binds_the_member_only_tightens_but_by_their_own_word(self) -> None:
        if not hasattr(self, "known"):
            return
        now = services.limits_of_member(self.member) or parse_limits({})
        assert self.tightest is None or is_tighter(now, self.tightest)
        self.tightest = now
        standing = Hold.objects.filter(talent=self.member, reason="EMERGENCY_STOP", lifted_at=None)
        assert standing.exists() is self.stopped


_GRANTS = (LicenceToken, LicenceRequest, Mandate)


@pytest.mark.django_db
def test_no_roll_grants_anything_and_no_guild_loosens_or_lifts() -> None:
    run_state_machine_as_test(
        Rolls,
        settings=settings(
            max_examples=6, stateful_step_count=10, deadline=None, derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )  # fmt: skip
