"""Reads: the endpoints of an organisation, their deliveries, and the notices that a stream goes through."""

from collections.abc import Sequence
from uuid import UUID

from django.db.models import Max, QuerySet

from accounts.principals import Principal
from notify.models import OPEN, Delivery, Letter, Notice, WaitingEvent, WebhookEndpoint

STATES = ("PENDING", "DELIVERED", "DEAD")


def endpoints_of(principal: Principal) -> QuerySet[WebhookEndpoint]:
    """The endpoints of the caller's organisation, newest first."""
    return WebhookEndpoint.objects.filter(organisation=principal.organisation).order_by("-created_at")


def endpoint_for(principal: Principal, endpoint_id: UUID) -> WebhookEndpoint | None:
    """One endpoint, where it is the caller's organisation's."""
    return endpoints_of(principal).filter(pk=endpoint_id).first()


def deliveries_of(endpoint: WebhookEndpoint, state: str = "") -> QuerySet[Delivery]:
    """The delivery log of an endpoint, newest first; ``state`` is one of :data:`STATES` or empty for all."""
    rows = Delivery.objects.filter(endpoint=endpoint).select_related("event").order_by("-created_at")
    match state:
        case "PENDING":
            return rows.filter(OPEN)
        case "DELIVERED":
            return rows.exclude(delivered_at=None)
        case "DEAD":
            return rows.exclude(dead_at=None)
        case _:
            return rows


def head_position() -> int:
    """The position of the latest notice; 0 before the first."""
    latest: int | None = Notice.objects.aggregate(latest=Max("position"))["latest"]
    return latest or 0


def notices_after(position: int, limit: int) -> Sequence[Notice]:
    """The notices of all organisations that come after ``position``, in order."""
    return list(
        Notice.objects.filter(position__gt=position).select_related("event").order_by("position")[:limit]
    )


def notices_for(organisation_id: UUID, position: int, limit: int) -> Sequence[Notice]:
    """The notices of one organisation that come after ``position``, in order."""
    rows = Notice.objects.filter(organisation_id=organisation_id, position__gt=position)
    return list(rows.select_related("event").order_by("position")[:limit])


def position_of(organisation_id: UUID, event_id: UUID) -> int | None:
    """Where an event stands among the notices of an organisation; None where it was not told of it."""
    rows = Notice.objects.filter(organisation_id=organisation_id, event__id=event_id)
    return rows.values_list("position", flat=True).first()


def dead_deliveries() -> QuerySet[Delivery]:
    """Deliveries of anybody that were given up."""
    return Delivery.objects.exclude(dead_at=None)


def events_waiting() -> int:
    """Events of the trail that nobody was told of yet."""
    return WaitingEvent.objects.count()


def letters_for(principal: Principal) -> QuerySet[Letter]:
    """What the caller was told in the portal, acting for this organisation; newest first."""
    rows = Letter.objects.filter(person=principal.person, organisation=principal.organisation, in_portal=True)
    return rows.order_by("-created_at", "-id")


def unread_count(principal: Principal) -> int:
    """How many of them the caller has not read."""
    return unread_letters(principal).count()


def unread_letters(principal: Principal) -> QuerySet[Letter]:
    """Those the caller has not read."""
    return letters_for(principal).filter(read_at=None)


def mail_log(principal: Principal) -> QuerySet[Letter]:
    """The e-mails of the caller's organisation, newest first: to whom, of what, how it ended."""
    rows = Letter.objects.filter(organisation=principal.organisation).exclude(mail=Letter.Mail.NONE)
    return rows.select_related("person").order_by("-created_at", "-id")
