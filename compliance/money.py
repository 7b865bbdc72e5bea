"""What is owed for a use, computed from the terms as they were signed. Pure; nothing is ever moved.

    >>> amount_due(Compensation(basis=PayBasis.PER_FRAME, amount_minor=5), Use(frames=10)).amount_minor
    50

Source: TAXONOMY section 11. What a contract leaves to figures that this server does not hold (a box office, a
scale's rates) is said to be unknown, never guessed.
"""

from dataclasses import dataclass
from typing import Final

from trustcore.policy.clauses import PayBasis
from trustcore.policy.shape import Compensation

FRAMES_PER_SECOND: Final = 24
_BASIS_POINTS: Final = 10_000
_ONCE: Final = frozenset({PayBasis.FLAT, PayBasis.BUYOUT, PayBasis.SESSION})
_BY_DAYS: Final = frozenset({PayBasis.PER_DAY_EQUIVALENT, PayBasis.PRO_RATA_DAY})


@dataclass(frozen=True, slots=True)
class Use:
    """What was made under a licence in a period; ``over`` is what lies beyond the quota."""

    frames: int = 0
    lines: int = 0
    frames_over: int = 0
    begins_here: bool = True
    """Whether the licence's window begins in the period: what is owed once is owed then."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is owed, in minor units; ``amount_minor`` None: the figures are not here, ``missing`` says which."""

    currency: str
    amount_minor: int | None
    overage_minor: int = 0
    pension_health_minor: int | None = None
    missing: str = ""


def amount_due(pay: Compensation, use: Use) -> Due:
    """Return what is owed for ``use``; parts of a minor unit are rounded up, in the performer's favour."""
    base, missing = _base(pay, use)
    if base is None:
        return Due(pay.currency, None, missing=missing)
    overage = use.frames_over * pay.overage_rate_minor
    least = pay.minimum_guarantee_minor if use.begins_here else 0
    total = max(base, least) + overage
    return Due(pay.currency, total, overage, _part(total, pay.pension_health_bps, _BASIS_POINTS))


def _base(pay: Compensation, use: Use) -> tuple[int | None, str]:
    if pay.basis in _ONCE:
        return (pay.amount_minor if use.begins_here else 0), ""
    if pay.basis in _BY_DAYS:
        if pay.equivalent_days_estimated is None:
            return None, "EQUIVALENT_DAYS"
        return (pay.amount_minor * pay.equivalent_days_estimated if use.begins_here else 0), ""
    match pay.basis:
        case PayBasis.NO_FEE_CONSENTED:
            return 0, ""
        case PayBasis.PER_FRAME:
            return use.frames * pay.amount_minor, ""
        case PayBasis.PER_SECOND:
            return _part(use.frames * pay.amount_minor, 1, FRAMES_PER_SECOND), ""
        case PayBasis.PER_LINE | PayBasis.PER_UTTERANCE:
            return use.lines * pay.amount_minor, ""
        case PayBasis.ROYALTY_SHARE | PayBasis.REVENUE_SHARE:
            return None, "REVENUE"
        case PayBasis.SCALE_MULTIPLE | PayBasis.MFN:
            return None, "SCALE_RATES"
        case _:
            return None, "COUNT_NOT_KEPT"


def _part(whole: int, of: int, base: int) -> int:
    """``whole * of / base``, rounded up."""
    return -(-whole * of // base)
