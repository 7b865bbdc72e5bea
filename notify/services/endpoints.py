"""Writes of an organisation on its endpoints. Each change is an event of the trail; URLs and secrets are not."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Organisation
from accounts.principals import Principal
from audit.models import Event
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from notify.addresses import clean_url
from notify.kinds import clean_kinds
from notify.models import Delivery, WebhookEndpoint
from notify.selectors import endpoint_for
from notify.services.attempts import disable
from notify.services.placing import PING
from notify.signing import new_secret, sealed

_MANAGERS = ("ADMIN", "ENGINEER", "PRODUCER", "AGENT", "TALENT")
_MOST = 20
_OVERLAP_HOURS_MAX = 168


@dataclass(frozen=True, slots=True)
class WithSecret:
    """An endpoint and its new secret, which nobody can read again."""

    endpoint: WebhookEndpoint
    secret: str


def create_endpoint(*, principal: Principal, url: str, kinds: Iterable[str] = ()) -> WithSecret:
    """Register an address to call.

    Raises:
        Forbidden: ``NOT_YOURS_TO_MANAGE``: the caller only reads here.
        InvalidInput: ``URL_INVALID``, ``URL_INSECURE``, ``URL_REFUSED`` or ``KINDS_INVALID``.
        Conflict: ``WEBHOOK_EXISTS``: this address is registered; ``WEBHOOK_LIMIT``.
    """
    _require_manager(principal)
    url, wanted = clean_url(url), clean_kinds(kinds)
    with transaction.atomic():
        # the organisation's row keeps two callers from passing the limit, or the same address, together
        Organisation.objects.select_for_update(no_key=True).get(pk=principal.organisation.pk)
        rows = WebhookEndpoint.objects.filter(organisation=principal.organisation)
        if rows.filter(url=url).exists():
            raise Conflict("WEBHOOK_EXISTS", "This address is registered already.")
        if rows.count() >= _MOST:
            raise Conflict(
                "WEBHOOK_LIMIT", _("An organisation has at most %(most)s endpoints.") % {"most": _MOST}
            )
        endpoint = WebhookEndpoint(
            organisation=principal.organisation, created_by=principal.person, url=url, kinds=wanted
        )
        secret = new_secret()
        endpoint.sealed_secret = sealed(secret, endpoint.pk)
        endpoint.save(force_insert=True)
        _record("webhook.created", principal, endpoint)
        return WithSecret(endpoint, secret)


def change_endpoint(
    *,
    principal: Principal,
    endpoint_id: UUID,
    enabled: bool | None = None,
    kinds: Iterable[str] | None = None,
) -> WebhookEndpoint:
    """Switch an endpoint on or off, or change what it wants to hear of.

    Raises:
        NotFound, Forbidden, InvalidInput: as elsewhere here.
    """
    _require_manager(principal)
    wanted = clean_kinds(kinds) if kinds is not None else None
    with transaction.atomic():
        endpoint = _locked(principal, endpoint_id)
        if wanted is not None and wanted != endpoint.kinds:
            endpoint.kinds = wanted
            endpoint.save(update_fields=["kinds"])
            _record("webhook.changed", principal, endpoint)
        if enabled is False and endpoint.enabled:
            disable(endpoint=endpoint, reason=WebhookEndpoint.Disabled.BY_HAND)
        elif enabled is True and not endpoint.enabled:
            endpoint.enabled, endpoint.disabled_reason, endpoint.disabled_at = True, "", None
            endpoint.failing_since = None
            endpoint.save(update_fields=["enabled", "disabled_reason", "disabled_at", "failing_since"])
            _record("webhook.enabled", principal, endpoint)
        return endpoint


def delete_endpoint(*, principal: Principal, endpoint_id: UUID) -> None:
    """Remove an endpoint with its delivery log."""
    _require_manager(principal)
    with transaction.atomic():
        endpoint = _locked(principal, endpoint_id)
        _record("webhook.deleted", principal, endpoint)
        endpoint.delete()


def rotate_secret(*, principal: Principal, endpoint_id: UUID, overlap_hours: int = 24) -> WithSecret:
    """Make a new secret; for ``overlap_hours`` the old one signs beside it.

    Raises:
        InvalidInput: ``OVERLAP_INVALID``.
    """
    _require_manager(principal)
    if not 0 <= overlap_hours <= _OVERLAP_HOURS_MAX:
        raise InvalidInput(
            "OVERLAP_INVALID",
            _("Two secrets sign together for at most %(overlap_hours_max)s hours.")
            % {"overlap_hours_max": _OVERLAP_HOURS_MAX},
        )
    with transaction.atomic():
        endpoint = _locked(principal, endpoint_id)
        secret = new_secret()
        endpoint.sealed_previous = endpoint.sealed_secret if overlap_hours else None
        endpoint.previous_until = _until(overlap_hours)
        endpoint.sealed_secret = sealed(secret, endpoint.pk)
        endpoint.save(update_fields=["sealed_secret", "sealed_previous", "previous_until"])
        _record("webhook.secret_rotated", principal, endpoint)
        return WithSecret(endpoint, secret)


def ping_endpoint(*, principal: Principal, endpoint_id: UUID) -> Delivery:
    """Send a ``webhook.ping`` to this endpoint alone, whatever kinds it wants.

    Raises:
        Conflict: ``WEBHOOK_DISABLED``.
    """
    _require_manager(principal)
    with transaction.atomic():
        endpoint = _locked(principal, endpoint_id)
        _require_enabled(endpoint)
        event = _record(PING, principal, endpoint)
        return Delivery.objects.create(endpoint=endpoint, event=event, next_attempt_at=clock.now())


def replay_delivery(*, principal: Principal, endpoint_id: UUID, delivery_id: UUID) -> Delivery:
    """Send a delivery that has ended once more, with all its attempts before it; its id stays.

    Raises:
        Conflict: ``WEBHOOK_DISABLED``; ``DELIVERY_PENDING``: it is still being tried.
    """
    _require_manager(principal)
    with transaction.atomic():
        endpoint = _locked(principal, endpoint_id)
        rows = Delivery.objects.select_for_update(of=("self",)).select_related("event")
        delivery = rows.filter(endpoint=endpoint, pk=delivery_id).first()
        if delivery is None:
            raise NotFound
        _require_enabled(endpoint)
        if delivery.state == "PENDING":
            raise Conflict("DELIVERY_PENDING", "This delivery is still being tried.")
        delivery.attempts, delivery.next_attempt_at = 0, clock.now()
        delivery.delivered_at = delivery.dead_at = delivery.claimed_until = None
        delivery.save()
        return delivery


def _until(hours: int) -> datetime | None:
    return clock.now() + timedelta(hours=hours) if hours else None


def _locked(principal: Principal, endpoint_id: UUID) -> WebhookEndpoint:
    if endpoint_for(principal, endpoint_id) is None:
        raise NotFound
    endpoint = WebhookEndpoint.objects.select_for_update(no_key=True).filter(pk=endpoint_id).first()
    if endpoint is None:
        raise NotFound
    return endpoint


def _require_manager(principal: Principal) -> None:
    if not principal.acts_as(*_MANAGERS):
        raise Forbidden("NOT_YOURS_TO_MANAGE", "You may read the endpoints, and others manage them.")


def _require_enabled(endpoint: WebhookEndpoint) -> None:
    if not endpoint.enabled:
        raise Conflict("WEBHOOK_DISABLED", "This endpoint is switched off.", "Switch it on first.")


def _record(kind: str, principal: Principal, endpoint: WebhookEndpoint) -> Event:
    return record(kind=kind, principal=principal, object_type="webhook", object_id=endpoint.pk)
