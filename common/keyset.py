"""Pages of long lists by the last row seen, never by counting rows that are skipped.

    >>> slice_of(Talent.objects.all(), by=("stage_name", "id"), after="", size=40)  # doctest: +SKIP
    Slice(rows=(...), after='WyJJbHNl...')

A cursor holds the values of the last row's columns. It is no secret and grants nothing: the rows that it
chooses from are those of the query. One that cannot be read begins the list anew.
"""

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Generic, TypeVar

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet

from common.choosing import among

Row = TypeVar("Row", bound=Model)
_CURSOR_MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class Slice(Generic[Row]):
    """Some rows, and the cursor behind the last of them; empty at the end."""

    rows: tuple[Row, ...]
    after: str


def slice_of(
    rows: QuerySet[Row],
    *,
    by: Sequence[str],
    after: str,
    size: int,
    joined: Callable[[QuerySet[Row]], QuerySet[Row]] | None = None,
) -> Slice[Row]:
    """The first ``size`` rows behind the cursor, in the order of ``by``; one query.

    Args:
        by: columns, ``-`` before those that fall; together they must be unique, and none may be null.
        joined: what the page reads of other tables; given here, it is read of the page's rows alone, where a
            planner would otherwise join every row that it is about to sort and cut.
    """
    seen = _values(after, len(by))
    ordered = rows.order_by(*by)
    try:
        found = _first(ordered.filter(_behind(by, seen)) if seen else ordered, by, size + 1, joined)
    except (ValidationError, ValueError, TypeError):  # values that the columns do not know
        found = _first(ordered, by, size + 1, joined)
    page = tuple(found[:size])
    return Slice(page, cursor_of(page[-1], by) if len(found) > size else "")


def _first(
    ordered: QuerySet[Row],
    by: Sequence[str],
    number: int,
    joined: Callable[[QuerySet[Row]], QuerySet[Row]] | None,
) -> list[Row]:
    if joined is None:
        return list(ordered[:number])
    chosen = ordered.model._default_manager.filter(among(ordered.values("pk")[:number]))
    return list(joined(chosen).order_by(*by))


def cursor_of(row: Model, by: Sequence[str]) -> str:
    """The cursor behind ``row``."""
    values = [_text(_value(row, name.lstrip("-"))) for name in by]
    return base64.urlsafe_b64encode(json.dumps(values).encode()).decode().rstrip("=")


def _behind(by: Sequence[str], seen: Sequence[str]) -> Q:
    """``(a, b)`` after ``(x, y)``: ``a > x or (a = x and b > y)``, with the bound on ``a`` for its index."""
    behind, equal = Q(), Q()
    for name, value in zip(by, seen, strict=True):
        column, way = name.lstrip("-"), "lt" if name.startswith("-") else "gt"
        behind |= equal & Q(**{f"{column}__{way}": value})
        equal &= Q(**{column: value})
    first, way = by[0].lstrip("-"), "lte" if by[0].startswith("-") else "gte"
    return Q(**{f"{first}__{way}": seen[0]}) & behind


def _value(row: Any, path: str) -> Any:
    for name in path.split("__"):
        row = getattr(row, name)
    return row


def _text(value: Any) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _values(after: str, number: int) -> list[str]:
    if not after or len(after) > _CURSOR_MOST or not after.isascii():
        return []
    try:
        read = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        return []
    is_whole = isinstance(read, list) and len(read) == number
    return read if is_whole and all(isinstance(one, str) and "\0" not in one for one in read) else []
