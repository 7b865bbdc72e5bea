"""Rolling a policy out: which requests a canary binds, and what a policy would change before it acts. Pure.

    >>> Outcome(notice_hours=48).beyond(Outcome(notice_hours=0)).notice_hours
    48

A candidate is judged beside what binds; what it alone would add is a :class:`Difference`. Nothing is taken away:
a candidate that asks less than what binds makes no difference.

Source: BX-023.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from trustcore.encoding import canonical_json
from trustcore.older import StrEnum, dataclass


class Stage(StrEnum):
    """How far a policy is rolled out; once it binds it is an adoption, or a guild's default."""

    SHADOW = "SHADOW"
    CANARY = "CANARY"
    BINDING = "BINDING"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A rule of a profile that the terms do not meet."""

    rule: str
    field: str
    profile: str


@dataclass(frozen=True, slots=True)
class Difference:
    """What a candidate would add to an outcome; nothing at all where :attr:`is_empty`.

    Attributes:
        refused: rules that stand against the licence and would not stand without it.
        asked: sides that would be asked as well; ``because`` the terms that make it so.
        notice_hours: the longer notice; 0: no longer than without it.
        notice_before: hours without it.
    """

    refused: tuple[Refusal, ...] = ()
    asked: tuple[str, ...] = ()
    because: tuple[str, ...] = ()
    notice_hours: int = 0
    notice_before: int = 0

    @property
    def is_empty(self) -> bool:
        """Whether the outcome would be the same."""
        return not (self.refused or self.asked or self.notice_hours)

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON values, the same for the same difference."""
        return {
            "refused": [
                {"rule": one.rule, "field": one.field, "profile": one.profile} for one in self.refused
            ],
            "asked": list(self.asked),
            "because": list(self.because),
            "notice_hours": self.notice_hours,
            "notice_before": self.notice_before,
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What policies make of one version of terms."""

    refused: frozenset[Refusal] = frozenset()
    asked: frozenset[str] = frozenset()
    beyond_limits: tuple[str, ...] = ()
    notice_hours: int = 0

    def beyond(self, binding: Outcome) -> Difference:
        """What this outcome adds to that of the ``binding`` policies."""
        asked = tuple(sorted(self.asked - binding.asked))
        longer = self.notice_hours > binding.notice_hours
        return Difference(
            refused=tuple(
                sorted(self.refused - binding.refused, key=lambda one: (one.profile, one.rule, one.field))
            ),
            asked=asked,
            because=tuple(one for one in self.beyond_limits if one not in binding.beyond_limits)
            if asked
            else (),
            notice_hours=self.notice_hours if longer else 0,
            notice_before=binding.notice_hours if longer else 0,
        )


def is_chosen(rollout: UUID, subject: UUID, share_percent: int) -> bool:
    """Whether a canary of so many percent binds this request: always the same answer, and each canary its own.

    >>> is_chosen(UUID(int=1), UUID(int=2), 100), is_chosen(UUID(int=1), UUID(int=2), 0)
    (True, False)
    """
    digest = hashlib.sha256(b"policy-rollout\0" + rollout.bytes + subject.bytes).digest()
    return int.from_bytes(digest[:8], "big") % 100 < share_percent


def report_hash(subject: dict[str, Any], rows: Iterable[tuple[str, str, Difference]]) -> str:
    """Return ``sha256:<hex>`` over what differs: ``(kind, id, difference)``, in any order.

    What does not differ is not in it: a report that was read stays good while its outcomes stand.
    """
    told = sorted(
        ((kind, identifier, difference.to_dict()) for kind, identifier, difference in rows),
        key=lambda row: row[:2],
    )
    document = {"subject": subject, "rows": [list(one) for one in told]}
    return f"sha256:{hashlib.sha256(canonical_json(document)).hexdigest()}"
