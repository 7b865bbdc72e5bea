"""The numbers a talent sets an agent, read strictly, and what a request asks beyond them. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Annotated, Any, Final

import msgspec

from common.errors import InvalidInput
from trustcore.encoding import prepare_readers
from trustcore.policy.clauses import PROHIBITED_CONTENT, ContentRule
from trustcore.policy.terms import Terms
from trustcore.policy.territory import covers

NOWHERE: Final = "ZZ"
"""ISO 3166 leaves it to users: here it is no place, and nothing lies in it."""
NO_CURRENCY: Final = "XXX"
"""ISO 4217: no currency."""
Most = Annotated[int, msgspec.Meta(ge=0)]


class MandateLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """Numeric and territorial limits of a mandate; None or empty: not limited in this respect.

    Attributes:
        days_max: longest window, in days.
        render_territory: where machines may run.
        distribution_territory: where the work may be shown.
        fee_least_minor: smallest flat amount, in minor units of ``currency``.
        content: content that is closed by default and that the agent may open alone.
    """

    frames_max: Most | None = None
    lines_max: Most | None = None
    days_max: Most | None = None
    render_territory: tuple[str, ...] = ()
    distribution_territory: tuple[str, ...] = ()
    fee_least_minor: Most | None = None
    currency: str | None = None
    content: tuple[str, ...] = ()


prepare_readers(MandateLimits)


def parse_limits(source: Mapping[str, Any]) -> MandateLimits:
    """Read limits as stored or sent.

    Raises:
        InvalidInput: ``LIMITS_INVALID``: an unknown name or a value of the wrong kind.
    """
    try:
        return msgspec.convert(source, MandateLimits)
    except msgspec.ValidationError as error:
        raise InvalidInput("LIMITS_INVALID", "The limits cannot be read.", str(error)) from error


def beyond_mandate(terms: Terms, *, use_types: frozenset[str], limits: MandateLimits) -> tuple[str, ...]:
    """What in ``terms`` the agent may not decide alone: paths of terms, empty when all is inside.

    >>> beyond_mandate(terms, use_types=frozenset(), limits=MandateLimits())  # doctest: +SKIP
    ('use_types:FACE_RENDER',)
    """
    return tuple(_beyond(terms, use_types, limits))


def _beyond(terms: Terms, use_types: frozenset[str], limits: MandateLimits) -> Iterator[str]:
    yield from (f"use_types:{use}" for use in terms.use_types if str(use) not in use_types)
    numbers = {
        "scope.frames_max": (terms.scope.frames_max, limits.frames_max),
        "scope.lines_max": (terms.scope.lines_max, limits.lines_max),
        "window.days": (terms.window.days or 0, limits.days_max),
    }
    yield from (path for path, (asked, most) in numbers.items() if most is not None and asked > most)
    pay, least = terms.compensation, limits.fee_least_minor
    if least is not None and (pay.amount_minor < least or limits.currency not in {None, pay.currency}):
        yield "compensation.amount_minor"
    for name in PROHIBITED_CONTENT:
        if terms.content.get(name) != ContentRule.PROHIBITED and name not in limits.content:
            yield f"content.{name}"
    places = {
        "render_territory": (terms.render_territory, limits.render_territory),
        "exploitation.distribution_territory": (
            terms.exploitation.distribution_territory,
            limits.distribution_territory,
        ),
    }
    for path, (asked_places, granted) in places.items():
        if granted:
            yield from (f"{path}:{code}" for code in asked_places if not covers(granted, code))


def is_tighter(inner: MandateLimits, outer: MandateLimits) -> bool:
    """Whether ``inner`` allows nothing that ``outer`` does not."""
    for name in ("frames_max", "lines_max", "days_max"):
        most, own = getattr(outer, name), getattr(inner, name)
        if most is not None and (own is None or own > most):
            return False
    for name in ("render_territory", "distribution_territory"):
        places, own_places = getattr(outer, name), getattr(inner, name)
        if places and not (own_places and all(covers(places, code) for code in own_places)):
            return False
    if outer.fee_least_minor is not None and (
        inner.fee_least_minor is None
        or inner.fee_least_minor < outer.fee_least_minor
        or inner.currency != outer.currency
    ):
        return False
    return set(inner.content) <= set(outer.content)


def tightest(several: Iterable[MandateLimits]) -> MandateLimits:
    """The limits that allow only what each of ``several`` allows; none at all allow everything but closed content."""
    found: MandateLimits | None = None
    for one in several:
        found = one if found is None else _both(found, one)
    return found or MandateLimits(content=PROHIBITED_CONTENT)


def _both(one: MandateLimits, other: MandateLimits) -> MandateLimits:
    fee, currency = _dearer(one, other)
    return MandateLimits(
        frames_max=_lower(one.frames_max, other.frames_max),
        lines_max=_lower(one.lines_max, other.lines_max),
        days_max=_lower(one.days_max, other.days_max),
        render_territory=_common(one.render_territory, other.render_territory),
        distribution_territory=_common(one.distribution_territory, other.distribution_territory),
        fee_least_minor=fee,
        currency=currency,
        content=tuple(sorted(set(one.content) & set(other.content))),
    )


def _lower(one: int | None, other: int | None) -> int | None:
    return min((number for number in (one, other) if number is not None), default=None)


def _dearer(one: MandateLimits, other: MandateLimits) -> tuple[int | None, str | None]:
    """The higher floor; of floors in two currencies neither can be met, so the one that nobody pays in."""
    if one.fee_least_minor is None or other.fee_least_minor is None:
        either = other if one.fee_least_minor is None else one
        return either.fee_least_minor, either.currency
    if None in {one.currency, other.currency} or one.currency == other.currency:
        return max(one.fee_least_minor, other.fee_least_minor), one.currency or other.currency
    return max(one.fee_least_minor, other.fee_least_minor), NO_CURRENCY


def _common(these: tuple[str, ...], those: tuple[str, ...]) -> tuple[str, ...]:
    """Places that both allow; where they share none, a place that is none: an empty list would allow all."""
    if not these or not those:
        return these or those
    shared = {code for code in these if covers(those, code)} | {code for code in those if covers(these, code)}
    return tuple(sorted(shared)) or (NOWHERE,)
