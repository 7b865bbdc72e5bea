"""Reads of the trail: what an organisation may see, and what waits for a production's log."""

from collections.abc import Iterable, Mapping
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.principals import Principal
from audit.models import Event


def events_visible_to(principal: Principal) -> QuerySet[Event]:
    """Events of the caller's organisation and those shared with it, newest first."""
    own = Q(organisation_id=principal.organisation.pk)
    shared = Q(visible_to__contains=[str(principal.organisation.pk)])
    return Event.objects.filter(own | shared).order_by("-number")


def events_of(object_type: str, object_id: UUID | str) -> QuerySet[Event]:
    """Everything that happened to one object, in order."""
    return Event.objects.filter(object_type=object_type, object_id=str(object_id))


def has_recorded(ids: Mapping[str, Iterable[UUID | str]]) -> dict[str, set[str]]:
    """Which of these objects, by their type, the trail has an event of; 1 query."""
    asked = Q()
    for object_type, those in ids.items():
        asked |= Q(object_type=object_type, object_id__in=[str(one) for one in those])
    found: dict[str, set[str]] = {object_type: set() for object_type in ids}
    rows = Event.objects.filter(asked).values_list("object_type", "object_id").distinct().order_by()
    for object_type, one in rows:
        found[object_type].add(one)
    return found


def organisations_with(object_type: str, object_id: UUID | str) -> set[UUID]:
    """Whose events tell of this object; 1 query."""
    rows = events_of(object_type, object_id).exclude(organisation_id=None)
    return set(rows.values_list("organisation_id", flat=True).order_by().distinct())  # type: ignore[arg-type]


def log_events_after(production_id: UUID, number: int) -> QuerySet[Event]:
    """Events of a production that belong in its log and come after event ``number``, in order."""
    return Event.objects.filter(production_id=production_id, number__gt=number, log_entry__isnull=False)


def log_events() -> QuerySet[Event]:
    """Every event that belongs in the log of a production."""
    return Event.objects.filter(log_entry__isnull=False, production_id__isnull=False)
