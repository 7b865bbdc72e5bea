"""Pages of a long list by its key (newest first): one query a page, however many rows lie before it.

The place after which a page goes on is a time and an id, written as one word that a link can carry.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

M = TypeVar("M", bound=Model)
PAGE = 50


@dataclass(frozen=True)
class Shown(Generic[M]):
    """The rows of one page, and the word for the next page; empty at the end."""

    rows: list[M]
    after: str


def page_after(rows: QuerySet[M], after: str, *, field: str = "created_at", size: int = PAGE) -> Shown[M]:
    """One page of ``rows``, newest first by ``field`` and id; a word that cannot be read starts at the top."""
    place = _read(after)
    if place is not None:
        at, last = place
        rows = rows.filter(Q(**{f"{field}__lt": at}) | Q(**{field: at, "pk__lt": last}))
    found = list(rows.order_by(f"-{field}", "-pk")[: size + 1])
    shown = found[:size]
    more = len(found) > size
    return Shown(shown, f"{getattr(shown[-1], field).isoformat()}~{shown[-1].pk}" if more else "")


def _read(word: str) -> tuple[datetime, UUID] | None:
    at, _, last = word.partition("~")
    try:
        moment = datetime.fromisoformat(at)
        return (moment, UUID(last)) if moment.tzinfo else None
    except ValueError:
        return None
