"""Holds: what may stand against a use for a time, who may place each, and who may lift it.

A hold says nothing of the terms; it stands beside them until it is lifted. Whoever is wronged by a use
places it, and it is lifted by the side that placed it. The talent lifts what its own agent placed, never
the other way round; nobody but the guild ends a strike; nobody but the talent stops and starts everything.

    >>> may_lift(DenyReason.PAYMENT_HOLD, placed_by=HoldSide.TALENT, sides=[HoldSide.LICENSEE])
    False

Source: TAXONOMY section 10.
"""

from __future__ import annotations

from collections.abc import Collection
from types import MappingProxyType
from typing import Final

from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import HoldSide

_TALENT: Final = frozenset({HoldSide.TALENT})
_TALENTS_SIDE: Final = frozenset({HoldSide.TALENT, HoldSide.AGENT})
_CONSENT: Final = _TALENTS_SIDE | {HoldSide.GUILD}
_PARTIES: Final = _TALENTS_SIDE | {HoldSide.LICENSEE}
_EVERY_SIDE: Final = frozenset(HoldSide)

PLACED_BY: Final = MappingProxyType(
    {
        DenyReason.EMERGENCY_STOP: _TALENT,
        DenyReason.SUSPENDED: _PARTIES | {HoldSide.ORGANISATION},
        DenyReason.STRIKE_SUSPENSION: frozenset({HoldSide.GUILD}),
        DenyReason.CONSENT_MISSING: _CONSENT,
        DenyReason.CONSENT_WITHDRAWN: _TALENT,
        DenyReason.NOTICE_PERIOD_RUNNING: _CONSENT,
        DenyReason.GUARDIAN_REQUIRED: _CONSENT,
        DenyReason.MINOR_REACHED_MAJORITY: _CONSENT,
        DenyReason.ESTATE_AUTHORITY_REQUIRED: _CONSENT,
        DenyReason.REPRESENTATION_CHANGED: _TALENTS_SIDE,
        DenyReason.EXCLUSIVITY_CONFLICT: _TALENTS_SIDE,
        # stands from the issue on until role and script have passed the checkpoints that were agreed
        DenyReason.CONTENT_APPROVAL_REQUIRED: frozenset[HoldSide](),
        DenyReason.FINAL_REVIEW_PENDING: _TALENTS_SIDE,
        DenyReason.PAYMENT_HOLD: _TALENTS_SIDE,
        DenyReason.DISPUTE_HOLD: _PARTIES,
        DenyReason.LEGAL_HOLD: _EVERY_SIDE,
        DenyReason.SECURITY_INCIDENT_HOLD: _EVERY_SIDE,
    },
)
"""The reasons that are holds, each with the sides that may place it; nobody: it stands by the terms alone."""

_LIFTED_BY_THE_TALENT_ALONE: Final = frozenset(
    {DenyReason.EMERGENCY_STOP, DenyReason.CONSENT_WITHDRAWN, DenyReason.MINOR_REACHED_MAJORITY},
)
"""A consent given in person again, whoever placed the hold."""
_LIFTED_BY_THE_TALENTS_SIDE: Final = frozenset(
    {
        DenyReason.CONSENT_MISSING,
        DenyReason.GUARDIAN_REQUIRED,
        DenyReason.ESTATE_AUTHORITY_REQUIRED,
        DenyReason.REPRESENTATION_CHANGED,
    },
)
"""A consent or an authority that came on file, whoever missed it."""


def may_place(reason: DenyReason, sides: Collection[HoldSide]) -> HoldSide | None:
    """The side of ``sides`` in whose name the hold may be placed; None: none of them may."""
    allowed = PLACED_BY.get(reason, frozenset())
    return next((side for side in HoldSide if side in allowed and side in sides), None)


def may_lift(reason: DenyReason, *, placed_by: HoldSide, sides: Collection[HoldSide]) -> bool:
    """Whether one of ``sides`` may lift a hold that the side ``placed_by`` placed."""
    if not PLACED_BY.get(reason):  # it is lifted by what it waits for
        return False
    if reason in _LIFTED_BY_THE_TALENT_ALONE:
        return HoldSide.TALENT in sides
    if reason in _LIFTED_BY_THE_TALENTS_SIDE:
        return not _TALENTS_SIDE.isdisjoint(sides)
    return placed_by in sides or (placed_by is HoldSide.AGENT and HoldSide.TALENT in sides)
