"""Ends of a production that were declared: whether what terms wait for has come already."""

from uuid import UUID

from django.db.models import Q

from licensing.models import DeclaredEvent
from licensing.models.events import EventKind


def has_come(event: object, production_id: UUID, renewed_id: UUID | None = None) -> bool:
    """Whether the end ``event`` was declared for the production, or for the licence that is renewed alone.

    Args:
        event: ``window.production_end_event`` of terms; whatever is no text never comes.
    """
    if not isinstance(event, str) or not event:
        return False
    covers = Q(covers="production", covered_id=production_id)
    if renewed_id is not None:
        covers |= Q(covers="token", covered_id=renewed_id)
    declared = DeclaredEvent.objects.filter(covers, kind=EventKind.PRODUCTION_END)
    return folded(event) in {
        folded(one["reason"])
        for effects in declared.values_list("effects", flat=True)
        for one in effects
        if one["becomes"] == "TERMINATED"
    }


def folded(event: str) -> str:
    """An event as it is compared: "Picture  Lock" is "picture lock"."""
    return " ".join(event.casefold().split())
