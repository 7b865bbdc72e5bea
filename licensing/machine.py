"""The states of a request as a table, and who must agree before a licence is issued. Pure.

    >>> transition("COUNTERED", ActionKind.ACCEPT_COUNTER)
    <RequestState.COUNTER_ACCEPTED: 'COUNTER_ACCEPTED'>

Source: TAXONOMY section 10.
"""

from collections.abc import Iterable
from types import MappingProxyType
from typing import Final, Protocol
from uuid import UUID

from licensing.models.requests import ActionKind, Side
from trustcore.policy.vocabulary import ApprovalMode, RequestState

S = RequestState
# a notice that runs holds back the beginning of the licence, not the answer
_ANSWERABLE = (S.SUBMITTED, S.NOTICE_PERIOD, S.IN_REVIEW, S.COUNTER_ACCEPTED)
_OPEN = (*_ANSWERABLE, S.COUNTERED)

TRANSITIONS: Final = MappingProxyType(
    {
        ActionKind.OPEN: {S.SUBMITTED: S.IN_REVIEW},
        ActionKind.COUNTER: dict.fromkeys(_ANSWERABLE, S.COUNTERED),
        ActionKind.REVISE: {
            S.SUBMITTED: S.SUBMITTED,
            S.NOTICE_PERIOD: S.NOTICE_PERIOD,
            S.IN_REVIEW: S.SUBMITTED,
            S.COUNTERED: S.SUBMITTED,
            S.COUNTER_ACCEPTED: S.SUBMITTED,
        },
        ActionKind.QUESTION: {state: state for state in _OPEN},
        ActionKind.ANSWER: {state: state for state in _OPEN},
        # the agent hands it up: the talent decides alone, from the state that it is in
        ActionKind.ESCALATE: {state: state for state in _OPEN},
        ActionKind.ACCEPT_COUNTER: {S.COUNTERED: S.COUNTER_ACCEPTED},
        # an approval that still waits for another leaves the state; the last one issues the licence
        ActionKind.APPROVE: {
            S.SUBMITTED: S.IN_REVIEW,
            S.NOTICE_PERIOD: S.NOTICE_PERIOD,
            S.IN_REVIEW: S.IN_REVIEW,
            S.COUNTER_ACCEPTED: S.COUNTER_ACCEPTED,
        },
        ActionKind.ISSUE: {
            S.IN_REVIEW: S.APPROVED,
            S.NOTICE_PERIOD: S.APPROVED,
            S.COUNTER_ACCEPTED: S.APPROVED,
        },
        ActionKind.NOTICE_OVER: {S.NOTICE_PERIOD: S.SUBMITTED},
        ActionKind.DECLINE: dict.fromkeys(_OPEN, S.DECLINED),
        ActionKind.WITHDRAW: dict.fromkeys(_OPEN, S.WITHDRAWN),
        ActionKind.LAPSE: dict.fromkeys(_OPEN, S.LAPSED),
    }
)
"""``{act: {state before: state after}}``; what is not here is illegal."""

REQUIRED_SIDES: Final = MappingProxyType(
    {
        ApprovalMode.TALENT_ONLY: frozenset({Side.TALENT}),
        ApprovalMode.AGENT_WITHIN_MANDATE: frozenset({Side.AGENT}),
        ApprovalMode.DUAL: frozenset({Side.AGENT, Side.TALENT}),
        ApprovalMode.QUORUM: frozenset({Side.SIGNER}),
        ApprovalMode.GUARDIAN_AND_COURT: frozenset({Side.GUARDIAN}),
        ApprovalMode.AUTO_WITHIN_RULES: frozenset({Side.SERVER}),
        ApprovalMode.UNION_NOTICE: frozenset({Side.TALENT}),
    }
)
"""Whose approval each mode demands; a signer's counts once the quorum is reached."""

_CONSENTS: Final = frozenset({ActionKind.SUBMIT, ActionKind.ACCEPT_COUNTER, ActionKind.REVISE})


class Act(Protocol):
    """As much of an action as the rules read."""

    kind: str
    side: str
    terms_hash: str
    actor_id: UUID | None


def transition(state: str, act: ActionKind) -> RequestState | None:
    """The state after ``act``; None when it is illegal in ``state``."""
    return TRANSITIONS[act].get(RequestState(state))


def sides_agreed(actions: Iterable[Act], terms_hash: str, quorum: int | None = None) -> frozenset[Side]:
    """Who has agreed to exactly these terms: the licensee by asking or accepting, the others by approving.

    Signers have agreed when ``quorum`` different ones of them have; without a number they never have.
    """
    agreed: set[Side] = set()
    signers: set[UUID | None] = set()
    for act in actions:
        if act.terms_hash != terms_hash:
            continue
        if act.kind == ActionKind.APPROVE and act.side == Side.SIGNER:
            signers.add(act.actor_id)
        elif act.kind == ActionKind.APPROVE or (act.kind in _CONSENTS and act.side == Side.LICENSEE):
            agreed.add(Side(act.side))
    if quorum is not None and len(signers - {None}) >= quorum:
        agreed.add(Side.SIGNER)
    return frozenset(agreed)


def sides_missing(
    mode: str, actions: Iterable[Act], terms_hash: str, quorum: int | None = None
) -> frozenset[Side]:
    """Who must still agree to ``terms_hash`` before a licence may be issued; empty: all have."""
    needed = REQUIRED_SIDES[ApprovalMode(mode)] | {Side.LICENSEE}
    return needed - sides_agreed(actions, terms_hash, quorum)
