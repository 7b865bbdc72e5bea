"""What stands around the terms of a request: conflicts, floors, the notice clock, and the profiles that apply and why.

Nothing is written, and nothing is granted: this is what who decides reads beside the terms (TAXONOMY 16). Floors and
conflicts are for the talent's side alone: a floor is what the agent may not go below, and a conflict speaks of a
licence of somebody else.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from licensing.models import LicenceRequest
from licensing.services.exclusives import clashes
from licensing.services.limits import MandateLimits, parse_limits, tightest
from licensing.services.profiles import judge_terms
from trustcore.policy.clauses import PayBasis
from trustcore.policy.exclusivity import Conflict as Clash
from trustcore.policy.profiles import Profile, catalogue
from trustcore.policy.settle import parse_time
from trustcore.policy.strictest import Judgement
from trustcore.policy.terms import Terms

_SUMS: Final = frozenset({PayBasis.FLAT, PayBasis.BUYOUT, PayBasis.NO_FEE_CONSENTED})


@dataclass(frozen=True, slots=True)
class Floor:
    """The least that somebody set for the talent.

    Attributes:
        whose: ``MANDATE`` or ``GUILD``.
        state: ``MET``, ``BELOW``, or ``UNLIKE``: another currency, or an offer that is no sum.
    """

    whose: str
    least_minor: int
    currency: str
    state: str


@dataclass(frozen=True, slots=True)
class Applying:
    """A profile that the terms name: its text, and the parties that signed it off."""

    ref: str
    profile: Profile | None
    adopted_by: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Outlook:
    """What stands around the terms.

    Attributes:
        conflicts: with exclusive licences that live, in the words of these terms alone.
        notice_until: no licence begins before; None: no notice is owed.
        earliest_at: the first moment at which a licence could be active, approved now.
        waits_for: ``NOTICE``, ``WINDOW`` or empty: what puts it off.
        judged: what the profiles say of the terms.
    """

    conflicts: tuple[Clash, ...]
    floors: tuple[Floor, ...]
    notice_until: datetime | None
    earliest_at: datetime
    waits_for: str
    profiles: tuple[Applying, ...]
    judged: Judgement


def outlook_on(request: LicenceRequest, terms: Terms, *, at: datetime, for_talent: bool) -> Outlook:
    """What stands around ``terms``, the present ones of ``request`` or those of a draft.

    Args:
        request: as :func:`~licensing.selectors.request_detail` read it, with what it says of guild and profiles.
        for_talent: whether the reader is of the talent's side; others are told of no floor and no conflict.
    """
    notice = request.notice_until if request.notice_until and request.notice_until > at else None
    opens = parse_time(terms.window.not_before) if terms.window.not_before else at
    earliest = max(at, opens, notice or at)
    return Outlook(
        conflicts=clashes(terms, request.talent, request.production, at, notice_until=notice)
        if for_talent
        else (),
        floors=tuple(_floors(request, terms)) if for_talent else (),
        notice_until=notice,
        earliest_at=earliest,
        waits_for="" if earliest == at else "NOTICE" if earliest == notice else "WINDOW",
        profiles=_applying(request, terms),
        judged=judge_terms(terms, request.talent, at),
    )


def _floors(request: LicenceRequest, terms: Terms) -> Iterator[Floor]:
    if request.mandate is not None:
        yield from _floor("MANDATE", parse_limits(request.mandate.limits), terms)
    # a canary of the guild's is told where it asks the talent, as what lies outside the mandate
    guilds = [*getattr(request, "guilds_limits", ()), getattr(request, "members_limits", None)]
    if several := [parse_limits(one) for one in guilds if one]:
        yield from _floor("GUILD", tightest(several), terms)


def _floor(whose: str, limits: MandateLimits, terms: Terms) -> Iterator[Floor]:
    pay, least = terms.compensation, limits.fee_least_minor
    if least is None:
        return
    currency = limits.currency or pay.currency
    like = currency == pay.currency and pay.basis in _SUMS
    state = "UNLIKE" if not like else "BELOW" if pay.amount_minor < least else "MET"
    yield Floor(whose, least, currency, state)


def _applying(request: LicenceRequest, terms: Terms) -> tuple[Applying, ...]:
    if not terms.profiles:
        return ()
    names: dict[str, set[str]] = {}
    for one in getattr(request, "signed_off", ()):
        names.setdefault(one["profile"], set()).add(one["name"])
    known = catalogue()
    return tuple(Applying(ref, known.get(ref), tuple(sorted(names.get(ref, ())))) for ref in terms.profiles)
