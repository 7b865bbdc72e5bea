"""Checkpoints of a licence: who has said yes, and who must still, as its mode of approval demands."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from accounts.principals import Principal
from licensing.models import CheckpointPass, CheckpointYes, LicenceToken, Mandate
from licensing.models.requests import Side
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


@dataclass(frozen=True, slots=True)
class CheckpointRule:
    """Whose yes counts (``sides``), how many persons (``least``), and whether one of every side must say it."""

    sides: frozenset[Side]
    least: int = 1
    is_each: bool = False

    def missing(self, said: Iterable[CheckpointYes]) -> frozenset[Side]:
        """The sides of which a yes is still awaited; empty: the checkpoint is passed."""
        counted = [one for one in said if _same(one.side, self.sides)]
        if self.is_each:
            heard = {_same(one.side, self.sides) for one in counted}
            return frozenset(side for side in self.sides if side not in heard)
        return frozenset() if len({one.said_by_id for one in counted}) >= self.least else self.sides

    def short_of(self, said: Iterable[CheckpointYes]) -> int:
        """How many yeses are still awaited."""
        said = list(said)
        if self.is_each:
            return len(self.missing(said))
        return max(0, self.least - len({one.said_by_id for one in said if _same(one.side, self.sides)}))


@dataclass(frozen=True, slots=True)
class YesLine:
    """One yes: in whose name, by whom, when."""

    side: str
    name: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CheckpointState:
    """An agreed checkpoint that was not passed yet: the yeses that were said, and ``short_of`` more of ``awaited``.

    ``is_mine``: the caller may say one of them.
    """

    checkpoint: str
    agreed: tuple[YesLine, ...]
    awaited: tuple[str, ...]
    short_of: int
    is_mine: bool = False


def checkpoint_rule(token: LicenceToken) -> CheckpointRule:
    """What the mode under which the licence was granted demands at each of its checkpoints now.

    Where the mandate ended by which another was to agree, only the talent, or who speaks for them, is left.
    """
    own = Side.GUARDIAN if authority_wanted(token.talent) else Side.TALENT
    mode = token.request.mode
    if mode in _EITHER:
        return CheckpointRule(frozenset({own, Side.AGENT}))
    if mode in {ApprovalMode.DUAL, ApprovalMode.QUORUM}:
        mandate: Mandate | None = mandate_in_force(token.talent_id)
        if mode == ApprovalMode.DUAL and mandate is not None:
            return CheckpointRule(frozenset({own, Side.AGENT}), least=2, is_each=True)
        if mode == ApprovalMode.QUORUM and mandate is not None and mandate.pk == token.request.mandate_id:
            return CheckpointRule(frozenset({Side.SIGNER}), least=token.request.quorum or 1)
    return CheckpointRule(frozenset({own}))


def voices_at(principal: Principal, token: LicenceToken, rule: CheckpointRule) -> frozenset[Side]:
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
        mandate = mandate_in_force(token.talent_id)
        if mandate is not None and is_agent_of(principal, mandate):
            sides.add(Side.AGENT)
    return frozenset(sides)


def checkpoint_states(
    principal: Principal, token: LicenceToken, names: Iterable[str]
) -> tuple[CheckpointState, ...]:
    """How the checkpoints ``names``, which were not passed yet, stand, and on which the caller has a word."""
    rule = checkpoint_rule(token)
    voices = voices_at(principal, token, rule)
    rows = list(
        CheckpointYes.objects.filter(token=token).select_related("said_by").order_by("created_at", "pk")
    )
    states = []
    for name in names:
        said = [one for one in rows if one.checkpoint == name]
        states.append(
            CheckpointState(
                checkpoint=str(Checkpoint(name)),
                agreed=tuple(YesLine(one.side, one.said_by.full_name, one.created_at) for one in said),
                awaited=tuple(sorted(str(side) for side in rule.missing(said))),
                short_of=rule.short_of(said),
                is_mine=_has_a_word(principal, rule.missing(said), said, voices),
            )
        )
    return tuple(states)


def open_checkpoints(principal: Principal, token: LicenceToken) -> tuple[CheckpointState, ...]:
    """The agreed checkpoints of a licence that the caller sees which were not passed yet."""
    agreed = token.terms.terms["approvals"]["checkpoints"]
    if not agreed:
        return ()
    passed = set(CheckpointPass.objects.filter(token=token).values_list("checkpoint", flat=True))
    return checkpoint_states(principal, token, [one for one in agreed if one not in passed])


def _has_a_word(
    principal: Principal, missing: frozenset[Side], said: list[CheckpointYes], voices: frozenset[Side]
) -> bool:
    if not missing:  # those who were awaited are no longer: whoever has a voice says so
        return bool(voices)
    return bool(voices & missing) and all(one.said_by_id != principal.person.pk for one in said)


def _same(side: str, sides: frozenset[Side]) -> Side | None:
    """The side of ``sides`` that a yes counts for: what was said for the talent stays said when another speaks."""
    told = Side(side)
    if told in sides:
        return told
    return next(iter(_OWN & sides), None) if told in _OWN else None
