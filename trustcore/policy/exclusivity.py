"""Exclusive rights that stand in each other's way, told without a word about who holds them.

An ask is compared with the licences that live for the same likeness. What is answered is made of the ask's
own words alone: the channel, the country, the character that it asked for and that is not free.

    >>> conflicts(asked, [ExclusiveClaim.of(live)], at=now)       # doctest: +SKIP
    (Conflict(field='exploitation.channels', values=('SVOD',)),)

Source: TAXONOMY section 8.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Final

from trustcore.older import dataclass
from trustcore.policy.clauses import Exclusivity, ProjectKind
from trustcore.policy.settle import parse_time
from trustcore.policy.shape import Terms
from trustcore.policy.vocabulary import MARKETING_USE_TYPES, Channel

_ADVERTISING: Final = frozenset(
    {
        Channel.LINEAR_ADS,
        Channel.ONLINE_VIDEO_ADS,
        Channel.OOH_DOOH,
        Channel.PRINT,
        Channel.SOCIAL_PAID,
        Channel.MERCHANDISE,
    }
)


@dataclass(frozen=True, slots=True)
class Claim:
    """One side of the comparison.

    Attributes:
        category: what is advertised, where it is said.
        begins, ends: the time in which the work may be made or shown; ``ends`` None: for ever.
        right_ends: the end of the exclusive right: as agreed, or with the licence's window.
    """

    terms: Terms
    begins: datetime
    ends: datetime | None
    right_ends: datetime
    category: str | None = None

    @classmethod
    def of(cls, terms: Terms, *, begins: datetime, category: str | None = None) -> Claim:
        """The claim of terms whose window opens at ``begins`` unless they say when."""
        window = terms.window
        start = parse_time(window.not_before) if window.not_before else begins
        last = parse_time(window.not_after) if window.not_after else start + timedelta(days=window.days or 0)
        shown, right = terms.exploitation.until, terms.exclusivity.until
        ends = max(last, parse_time(shown)) if shown else None
        return cls(terms, start, ends, parse_time(right) if right else last, category)


@dataclass(frozen=True, slots=True)
class Conflict:
    """A field of the ask that is not free; ``values`` are the ask's own, and empty where all of it is meant."""

    field: str
    values: tuple[str, ...] = ()

    @property
    def sentence(self) -> str:
        """What the asking side may read."""
        what = f" ({', '.join(self.values[:12])})" if self.values else ""
        return f"An exclusive right stands against {_WORDS.get(self.field, self.field)}{what}."


_WORDS: Final = {
    "exploitation.channels": "channels that are asked for",
    "scope.characters": "a character that is asked for",
    "exclusivity": "the exclusive right that is asked for",
    "product_category": "this kind of product, or one that is not stated",
    "licensee": "work for this licensee",
    "use_types": "any use of this person",
}


def conflicts(asked: Claim, live: Iterable[Claim]) -> tuple[Conflict, ...]:
    """Return every conflict between an ask and live licences of others; the order says nothing of them."""
    found: set[Conflict] = set()
    for other in live:
        found.update(_between(asked, other))
    return tuple(sorted(found, key=lambda one: (one.field, one.values)))


def _between(asked: Claim, other: Claim) -> Iterator[Conflict]:
    if _meet(asked, other):
        yield from _stands_against(other, asked)
    if _meet(other, asked) and any(_stands_against(asked, other)):
        yield Conflict("exclusivity", (str(asked.terms.exclusivity.kind),))


def _meet(guest: Claim, holder: Claim) -> bool:
    """Whether the guest's time and places fall into those of the holder's right."""
    in_time = guest.begins < holder.right_ends and (guest.ends is None or holder.begins < guest.ends)
    where = holder.terms.exclusivity.territory or holder.terms.exploitation.distribution_territory
    there = guest.terms.exploitation.distribution_territory
    return in_time and _overlap(set(where), set(there))


def _overlap(these: set[str], those: set[str]) -> bool:
    """Whether two lists of ISO 3166 codes share a place; a country holds its subdivisions."""
    return bool(these & those) or any(
        code.partition("-")[0] in wide
        for narrow, wide in ((these, those), (those, these))
        for code in narrow
        if "-" in code
    )


def _stands_against(holder: Claim, guest: Claim) -> Iterator[Conflict]:
    right, terms = holder.terms.exclusivity, guest.terms
    if right.kind is Exclusivity.FULL:
        yield Conflict("use_types")
    elif right.kind is Exclusivity.MEDIUM:
        if both := sorted(set(holder.terms.exploitation.channels) & set(terms.exploitation.channels)):
            yield Conflict("exploitation.channels", tuple(map(str, both)))
    elif right.kind is Exclusivity.CHARACTER:
        if both_roles := sorted(set(holder.terms.scope.characters) & set(terms.scope.characters)):
            yield Conflict("scope.characters", tuple(both_roles))
        elif not terms.scope.characters:  # every character is asked for
            yield Conflict("scope.characters")
    elif right.kind is Exclusivity.CATEGORY and _advertises(terms):
        categories = {one.casefold() for one in right.categories}
        if guest.category is None or guest.category.casefold() in categories:
            yield Conflict("product_category", (guest.category,) if guest.category else ())
    elif right.kind is Exclusivity.COMPETITOR_LIST and terms.licensee in right.categories:
        yield Conflict("licensee")


def _advertises(terms: Terms) -> bool:
    return (
        terms.project.kind is ProjectKind.CAMPAIGN
        or not _ADVERTISING.isdisjoint(terms.exploitation.channels)
        or not MARKETING_USE_TYPES.isdisjoint(terms.use_types)
    )
