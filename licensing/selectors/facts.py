"""What a render check needs to know of a licence: what was agreed, and how it stands at this moment.

What was agreed cannot change (the database refuses it), so each process keeps the latest it read. How the
licence stands is read anew every time, in one statement: state, successor, change of control and holds as of
one moment, and the *stamp* that is another one as soon as any of them changed.
"""

from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Final
from uuid import UUID

from django.db import connection

from common import clock
from licensing.models import LicenceToken
from licensing.selectors.people import pairwise_pseudonym
from licensing.selectors.tokens import Successor, state_by_time, terms_in_force
from trustcore.policy.clauses import ChangeOfControl
from trustcore.policy.reasons import DenyReason
from trustcore.policy.rules import REASON_OF_STATE
from trustcore.policy.terms import Terms
from trustcore.policy.vocabulary import RevocationKind, TokenState

_AGREEMENTS_KEPT: Final = 2048
_ID_LENGTH: Final = 36
_STANDING: Final = """
select state, revoked_at, revocation_kind, successor, successor_not_before, successor_revoked_at,
       control_generation, stamp
from licensing_token_standing where jti = %s
"""


@dataclass(frozen=True, slots=True)
class LicenceFacts:
    """What a render check asks of a licence.

    Attributes:
        token_state: what time has made of the stored state; holds stand beside it, in ``holds``.
        terms: as signed, with their window opened where they left it to the issue.
        terms_hash: of the terms as signed.
        control_generation: the licensee's at issue; ``control_generation_now`` its present one.
        emergency_stop: the talent has stopped everything, or ended this licence by doing so.
        holds: reason codes of the holds in force, the oldest first; the stop is not among them.
        stamp: differs from every earlier one as soon as anything that may change has changed.
        read_at: when this was read; ``next_change_at`` when time alone changes the state next, None: never.
    """

    jti: UUID
    token_state: TokenState
    terms: Terms
    terms_hash: str
    terms_version: int
    licence_id: UUID
    production_id: UUID
    licensee_id: UUID
    vendor_ids: frozenset[UUID]
    talent_pseudonym: str
    not_before: datetime
    not_after: datetime
    frames_max: int
    lines_max: int
    use_types: tuple[str, ...]
    constructs: tuple[str, ...]
    revoked_at: datetime | None
    revocation_kind: str
    emergency_stop: bool
    control_generation: int
    control_generation_now: int
    superseded_by: UUID | None
    holds: tuple[str, ...]
    stamp: str
    read_at: datetime
    next_change_at: datetime | None

    def may_present(self, organisation_id: UUID) -> bool:
        """Whether the organisation is the licensee or a listed vendor."""
        return organisation_id == self.licensee_id or organisation_id in self.vendor_ids

    @property
    def has_new_owner(self) -> bool:
        """Whether the licensee has changed hands and the terms do not carry over."""
        survives = self.terms.change_of_control is ChangeOfControl.SURVIVE
        return self.control_generation != self.control_generation_now and not survives

    @property
    def why_over(self) -> str | None:
        """The first reason against every use; None while the licence stands. One used up permits what it gave."""
        if self.emergency_stop:
            return DenyReason.EMERGENCY_STOP
        if self.token_state in REASON_OF_STATE and self.token_state is not TokenState.EXHAUSTED:
            return REASON_OF_STATE[self.token_state]
        if self.has_new_owner:
            return DenyReason.CHANGE_OF_CONTROL
        return next(iter(self.holds), None)


@dataclass(frozen=True, slots=True)
class _Agreed:
    """The part of a licence that is locked from its issue on (trigger ``licensing_token_locked``)."""

    terms: Terms
    terms_hash: str
    terms_version: int
    licence_id: UUID
    production_id: UUID
    licensee_id: UUID
    vendor_ids: frozenset[UUID]
    talent_pseudonym: str
    not_before: datetime
    not_after: datetime
    frames_max: int
    lines_max: int
    use_types: tuple[str, ...]
    constructs: tuple[str, ...]
    control_generation: int


def licence_state_for(jti: UUID) -> LicenceFacts | None:
    """The facts of a licence for a render check; None: no such licence.

    One statement, and one more the first time that this process meets the licence.
    """
    with connection.cursor() as cursor:
        cursor.execute(_STANDING, [jti])
        row = cursor.fetchone()
    if row is None:
        return None
    state, revoked_at, kind, successor, successor_begins, successor_revoked_at, generation, stamp = row
    agreed, reasons, now = _agreed(jti), _held(stamp), clock.now()
    following = Successor(successor, successor_begins, successor_revoked_at) if successor else None
    stopped = DenyReason.EMERGENCY_STOP in reasons or kind == RevocationKind.EMERGENCY_STOP
    return LicenceFacts(
        jti=jti,
        token_state=state_by_time(state, agreed.not_before, agreed.not_after, following, now),
        terms=agreed.terms,
        terms_hash=agreed.terms_hash,
        terms_version=agreed.terms_version,
        licence_id=agreed.licence_id,
        production_id=agreed.production_id,
        licensee_id=agreed.licensee_id,
        vendor_ids=agreed.vendor_ids,
        talent_pseudonym=agreed.talent_pseudonym,
        not_before=agreed.not_before,
        not_after=agreed.not_after,
        frames_max=agreed.frames_max,
        lines_max=agreed.lines_max,
        use_types=agreed.use_types,
        constructs=agreed.constructs,
        revoked_at=revoked_at,
        revocation_kind=kind,
        emergency_stop=stopped,
        control_generation=agreed.control_generation,
        control_generation_now=generation,
        superseded_by=successor,
        holds=tuple(reason for reason in reasons if reason != DenyReason.EMERGENCY_STOP),
        stamp=stamp,
        read_at=now,
        next_change_at=min(
            (
                at
                for at in (agreed.not_before, agreed.not_after, successor_begins)
                if at is not None and at > now
            ),
            default=None,
        ),
    )


def _held(stamp: str) -> tuple[str, ...]:
    """The reasons of the holds at the end of a stamp, ``{<id><reason>,...}``, oldest first: ids rise with time."""
    holds = stamp.rpartition("|")[2].strip("{}")
    return tuple(hold[_ID_LENGTH:] for hold in sorted(holds.split(","))) if holds else ()


@lru_cache(maxsize=_AGREEMENTS_KEPT)
def _agreed(jti: UUID) -> _Agreed:
    """What was agreed, read once a process: no later statement can change it."""
    token = LicenceToken.objects.select_related("terms").get(pk=jti)
    return _Agreed(
        terms=terms_in_force(token),
        terms_hash=token.terms.terms_hash,
        terms_version=token.terms.version,
        licence_id=token.licence_id,
        production_id=token.production_id,
        licensee_id=token.licensee_id,
        vendor_ids=frozenset(token.vendor_ids),
        talent_pseudonym=pairwise_pseudonym(token.talent_id, token.production_id),
        not_before=token.not_before,
        not_after=token.not_after,
        frames_max=token.frames_max,
        lines_max=token.lines_max,
        use_types=tuple(token.use_types),
        constructs=tuple(token.constructs),
        control_generation=token.control_generation,
    )
