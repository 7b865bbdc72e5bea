"""Checkpoints of a licence: who has said yes, and who must still, as its mode of approval demands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol, TypeAlias
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef
from django.db.models.functions import JSONObject

from accounts.principals import Principal
from licensing.models import CheckpointPass, CheckpointYes, LicenceToken, Mandate
from licensing.models.requests import Side
from licensing.selectors.barriers import Barrier, barrier_at
from licensing.selectors.people import (
    authority_wanted,
    has_authority,
    is_agent_of,
    is_signer,
    is_talent,
    mandate_in_force,
)
from trustcore.policy.clauses import Checkpoint
from trustcore.policy.vocabulary import ApprovalMode

_OWN: Final = frozenset({Side.TALENT, Side.GUARDIAN})
_EITHER: Final = frozenset({ApprovalMode.AGENT_WITHIN_MANDATE, ApprovalMode.AUTO_WITHIN_RULES})
AGENT_HAS_A_WORD: Final = _EITHER | {ApprovalMode.DUAL}
"""Modes under which an agent says yes at a checkpoint, alone or beside the talent."""
Known: TypeAlias = tuple[Mandate | None] | None
"""The mandate in force, asked for already; None: it was not asked for."""


class Yes(Protocol):
    """In whose name a yes was said, and by whom."""

    @property
    def side(self) -> str: ...
    @property
    def said_by_id(self) -> UUID: ...


@dataclass(frozen=True, slots=True)
class CheckpointRule:
    """Whose yes counts (``sides``), how many persons (``least``), and whether one of every side must say it."""

    sides: frozenset[Side]
    least: int = 1
    is_each: bool = False

    def missing(self, said: Iterable[Yes]) -> frozenset[Side]:
        """The sides of which a yes is still awaited; empty: the checkpoint is passed."""
        counted = [one for one in said if _same(one.side, self.sides)]
        if self.is_each:
            heard = {_same(one.side, self.sides) for one in counted}
            return frozenset(side for side in self.sides if side not in heard)
        return frozenset() if len({one.said_by_id for one in counted}) >= self.least else self.sides

    def short_of(self, said: Iterable[Yes]) -> int:
        """How many yeses are still awaited."""
        said = list(said)
        if self.is_each:
            return len(self.missing(said))
        return max(0, self.least - len({one.said_by_id for one in said if _same(one.side, self.sides)}))


@dataclass(frozen=True, slots=True)
class YesLine:
    """One yes: at which checkpoint, in whose name, by whom, when."""

    checkpoint: str
    side: str
    said_by_id: UUID
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CheckpointState:
    """An agreed checkpoint that was not passed yet: the yeses that were said, and ``short_of`` more of ``awaited``.

    ``barrier``: why nobody says one yet, or any more; ``is_mine``: the caller may say one of them now.
    """

    checkpoint: str
    agreed: tuple[YesLine, ...]
    awaited: tuple[str, ...]
    short_of: int
    is_mine: bool = False
    barrier: Barrier | None = None


def checkpoint_rule(token: LicenceToken, *, known: Known = None) -> CheckpointRule:
    """What the mode under which the licence was granted demands at each of its checkpoints now.

    ``known`` holds the mandate in force where the caller has asked for it already. Where the mandate ended by which another was to agree, only the talent, or who speaks for them, is left.
    """
    own = Side.GUARDIAN if authority_wanted(token.talent) else Side.TALENT
    mode = token.request.mode
    if mode in _EITHER:
        return CheckpointRule(frozenset({own, Side.AGENT}))
    if mode in {ApprovalMode.DUAL, ApprovalMode.QUORUM}:
        mandate = _mandate(token, known)
        if mode == ApprovalMode.DUAL and mandate is not None:
            return CheckpointRule(frozenset({own, Side.AGENT}), least=2, is_each=True)
        if mode == ApprovalMode.QUORUM and mandate is not None and mandate.pk == token.request.mandate_id:
            return CheckpointRule(frozenset({Side.SIGNER}), least=token.request.quorum or 1)
    return CheckpointRule(frozenset({own}))


def voices_at(
    principal: Principal, token: LicenceToken, rule: CheckpointRule, *, known: Known = None
) -> frozenset[Side]:
    """The sides of ``rule`` in whose name the caller, signed in, may say yes."""
    if principal.credential is not None:
        return frozenset()
    sides = set()
    if Side.TALENT in rule.sides and is_talent(principal, token.talent):
        sides.add(Side.TALENT)
    if Side.GUARDIAN in rule.sides and has_authority(principal, token.talent):
        sides.add(Side.GUARDIAN)
    if Side.SIGNER in rule.sides and is_signer(principal, token.request.mandate_id):
        sides.add(Side.SIGNER)
    if Side.AGENT in rule.sides:
        mandate = _mandate(token, known)
        if mandate is not None and is_agent_of(principal, mandate):
            sides.add(Side.AGENT)
    return frozenset(sides)


def checkpoint_states(
    principal: Principal,
    token: LicenceToken,
    names: Iterable[str],
    yeses: Iterable[YesLine],
    *,
    known: Known = None,
) -> tuple[CheckpointState, ...]:
    """How the checkpoints ``names``, all that were not passed yet, stand after ``yeses``, and where the caller has a word."""
    names, yeses = tuple(names), tuple(yeses)
    if not names:
        return ()
    rule = checkpoint_rule(token, known=known)
    voices = voices_at(principal, token, rule, known=known)
    states = []
    for name in names:
        said = tuple(one for one in yeses if one.checkpoint == name)
        barrier = barrier_at(token, name, names)
        states.append(
            CheckpointState(
                checkpoint=str(Checkpoint(name)),
                agreed=said,
                awaited=tuple(sorted(str(side) for side in rule.missing(said))),
                short_of=rule.short_of(said),
                is_mine=barrier is None and _has_a_word(principal, rule.missing(said), said, voices),
                barrier=barrier,
            )
        )
    return tuple(states)


def yeses_at_checkpoints() -> ArraySubquery:
    """The yeses of a licence as objects, oldest first, within the query that asks for it (see :func:`told_yeses`)."""
    rows = CheckpointYes.objects.filter(token=OuterRef("pk")).order_by("created_at", "pk")
    told = JSONObject(
        checkpoint="checkpoint", side="side", by="said_by_id", name="said_by__full_name", at="created_at"
    )
    return ArraySubquery(rows.values(told=told))


def told_yeses(told: Iterable[dict[str, Any]]) -> tuple[YesLine, ...]:
    """What :func:`yeses_at_checkpoints` brought."""
    return tuple(
        YesLine(
            one["checkpoint"], one["side"], UUID(one["by"]), one["name"], datetime.fromisoformat(one["at"])
        )
        for one in told
    )


def open_checkpoints(principal: Principal, token: LicenceToken) -> tuple[CheckpointState, ...]:
    """The agreed checkpoints of a licence that the caller sees which were not passed yet."""
    agreed = token.terms.terms["approvals"]["checkpoints"]
    if not agreed:
        return ()
    passed = set(CheckpointPass.objects.filter(token=token).values_list("checkpoint", flat=True))
    return checkpoint_states(principal, token, [one for one in agreed if one not in passed], yeses_of(token))


def yeses_of(token: LicenceToken) -> tuple[YesLine, ...]:
    """Every yes that was said at a checkpoint of the licence, oldest first; 1 query."""
    rows = CheckpointYes.objects.filter(token=token).select_related("said_by").order_by("created_at", "pk")
    return tuple(
        YesLine(one.checkpoint, one.side, one.said_by_id, one.said_by.full_name, one.created_at)
        for one in rows
    )


def _has_a_word(
    principal: Principal, missing: frozenset[Side], said: tuple[YesLine, ...], voices: frozenset[Side]
) -> bool:
    if not missing:  # those who were awaited are no longer: whoever has a voice says so
        return bool(voices)
    return bool(voices & missing) and all(one.said_by_id != principal.person.pk for one in said)


def _mandate(token: LicenceToken, known: Known) -> Mandate | None:
    return mandate_in_force(token.talent_id) if known is None else known[0]


def _same(side: str, sides: frozenset[Side]) -> Side | None:
    """The side of ``sides`` that a yes counts for: what was said for the talent stays said when another speaks."""
    told = Side(side)
    if told in sides:
        return told
    return next(iter(_OWN & sides), None) if told in _OWN else None
