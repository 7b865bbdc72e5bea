"""Webhooks: addresses that are called, their secret (shown once), what was delivered, and sending it again."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from accounts.presence import require_presence
from agents_portal.access import PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.forms.webhooks import KINDS, RotateForm, WebhookForm
from agents_portal.paging import page_after
from agents_portal.words import Badge, opening, spelled
from common import clock
from common.errors import Conflict, InvalidInput
from notify import selectors, services
from notify.models import Delivery, WebhookEndpoint
from notify.schedule import ATTEMPTS_MAX

_MANAGERS = ("ADMIN", "ENGINEER", "PRODUCER", "AGENT", "TALENT")
_STATES = ("", "PENDING", "DELIVERED", "DEAD")


@portal_page()
@require_GET
def webhooks_page(request: PortalRequest) -> HttpResponse:
    """List the organisation's endpoints: what each hears of, how its deliveries go."""
    rows = [_row(endpoint) for endpoint in selectors.endpoints_of(request.principal)]
    return render(
        request,
        "portal/webhooks.html",
        {"rows": rows, "headline": _headline(rows), "may_manage": _may_manage(request)},
    )


@portal_page()
@require_http_methods(["GET", "POST"])
def new_webhook_page(request: PortalRequest) -> HttpResponse:
    """Register an address; the answer to the POST shows its secret, once."""
    _require_manager(request)
    form = WebhookForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        require_presence(request.principal)
        try:
            made = services.create_endpoint(
                principal=request.principal, url=form.cleaned_data["url"], kinds=form.cleaned_data["kinds"]
            )
        except (InvalidInput, Conflict) as error:
            form.add_error("kinds" if error.code == "KINDS_INVALID" else "url", _said(error))
        else:
            return render(request, "portal/webhook_made.html", {"made": made, "is_new": True})
    return render(request, "portal/webhook_new.html", {"form": form}, status=422 if form.errors else 200)


@portal_page()
@require_http_methods(["GET", "POST"])
def webhook_page(request: PortalRequest, endpoint_id: UUID) -> HttpResponse:
    """Show one endpoint with its delivery log (``state``, ``after``); POST changes what it hears of."""
    endpoint = _endpoint_or_404(request, endpoint_id)
    form = WebhookForm(
        request.POST if request.method == "POST" else None,
        endpoint=endpoint,
        initial={"kinds": endpoint.kinds},
    )
    if request.method == "POST":
        _require_manager(request)
        if form.is_valid():
            services.change_endpoint(
                principal=request.principal, endpoint_id=endpoint_id, kinds=form.cleaned_data["kinds"]
            )
            messages.success(request, _("Kept. It holds for what happens from now on."), extra_tags="permit")
            return redirect("portal-webhook", endpoint_id)
    state = request.GET.get("state", "")
    state = state if state in _STATES else ""
    shown = page_after(selectors.deliveries_of(endpoint, state), request.GET.get("after", ""))
    context = {
        "row": _row(endpoint),
        "endpoint": endpoint,
        "form": form,
        "deliveries": [_delivery(one) for one in shown.rows],
        "after": shown.after,
        "state": state,
        "tabs": _tabs(endpoint, state),
        "may_manage": _may_manage(request),
        "attempts_max": ATTEMPTS_MAX,
    }
    return render(request, "portal/webhook.html", context, status=422 if form.errors else 200)


@portal_page()
@require_POST
def switch_page(request: PortalRequest, endpoint_id: UUID) -> HttpResponse:
    """Switch an endpoint on or off (``enabled``: ``on`` or ``off``)."""
    _require_manager(request)
    services.change_endpoint(
        principal=request.principal, endpoint_id=endpoint_id, enabled=request.POST.get("enabled") == "on"
    )
    return redirect("portal-webhook", endpoint_id)


@portal_page()
@require_POST
def ping_page(request: PortalRequest, endpoint_id: UUID) -> HttpResponse:
    """Send a test to this endpoint alone."""
    _require_manager(request)
    services.ping_endpoint(principal=request.principal, endpoint_id=endpoint_id)
    messages.info(request, _("A test is on its way. It appears at the top of the list."))
    return redirect("portal-webhook", endpoint_id)


@portal_page()
@require_POST
def replay_page(request: PortalRequest, endpoint_id: UUID, delivery_id: UUID) -> HttpResponse:
    """Send a delivery that has ended once more."""
    _require_manager(request)
    services.replay_delivery(principal=request.principal, endpoint_id=endpoint_id, delivery_id=delivery_id)
    messages.info(request, _("It is sent again, under the same id."))
    return redirect("portal-webhook", endpoint_id)


@portal_page()
@require_http_methods(["GET", "POST"])
def rotate_page(request: PortalRequest, endpoint_id: UUID) -> HttpResponse:
    """Make a new secret; the answer shows it, once."""
    endpoint = _endpoint_or_404(request, endpoint_id)
    _require_manager(request)
    form = RotateForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        require_presence(request.principal)
        made = services.rotate_secret(
            principal=request.principal,
            endpoint_id=endpoint_id,
            overlap_hours=form.cleaned_data["overlap_hours"],
        )
        return render(request, "portal/webhook_made.html", {"made": made, "is_new": False})
    screen = Binding(
        title=_("Make a new secret?"),
        lead=_("For %(url)s. It is shown once, on the next page.") % {"url": endpoint.url},
        verb=_("Make a new secret"),
        icon="rotate-cw",
        back=reverse("portal-webhook", args=[endpoint_id]),
        consequences=(
            Consequence("key-round", _("The new secret signs from the next delivery on.")),
            Consequence(
                "clock",
                _("The old one signs beside it for as long as you say."),
                _("Say 0 if it has leaked: it ends at once."),
            ),
        ),
        form=form,
    )
    return render(
        request, "portal/bind.html", {"screen": screen, "form": form}, status=422 if form.errors else 200
    )


@portal_page()
@require_http_methods(["GET", "POST"])
def end_page(request: PortalRequest, endpoint_id: UUID) -> HttpResponse:
    """Remove an endpoint with its delivery log."""
    endpoint = _endpoint_or_404(request, endpoint_id)
    _require_manager(request)
    if request.method == "POST":
        services.delete_endpoint(principal=request.principal, endpoint_id=endpoint_id)
        return redirect("portal-webhooks")
    waiting = selectors.deliveries_of(endpoint, "PENDING").count()
    screen = Binding(
        title=_("Remove this webhook?"),
        lead=endpoint.url,
        verb=_("Remove the webhook"),
        icon="circle-x",
        danger=True,
        back=reverse("portal-webhook", args=[endpoint_id]),
        consequences=(
            Consequence("circle-x", _("It is not called any more."), "", "deny"),
            Consequence(
                "send",
                ngettext(
                    "%(count)d delivery that waits is dropped.",
                    "%(count)d deliveries that wait are dropped.",
                    waiting,
                )
                % {"count": waiting},
                _("Its delivery log goes with it."),
            ),
            Consequence("check", _("The events themselves stay in the audit trail.")),
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen})


def _endpoint_or_404(request: PortalRequest, endpoint_id: UUID) -> WebhookEndpoint:
    endpoint = selectors.endpoint_for(request.principal, endpoint_id)
    if endpoint is None:
        raise Http404
    return endpoint


def _may_manage(request: PortalRequest) -> bool:
    return request.principal.is_role(*_MANAGERS)


def _require_manager(request: PortalRequest) -> None:
    if not _may_manage(request):
        raise PermissionDenied


def _said(error: InvalidInput | Conflict) -> str:
    return f"{error.title} {error.detail or ''}".strip()


def _headline(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return _("No address is called")
    failing = sum(bool(row["endpoint"].failing_since) or not row["endpoint"].enabled for row in rows)
    if not failing:
        return opening(
            ngettext("%(count)s webhook works", "%(count)s webhooks work", len(rows))
            % {"count": spelled(len(rows))}
        )
    return opening(
        ngettext("%(count)s webhook does not get through", "%(count)s webhooks do not get through", failing)
        % {"count": spelled(failing)}
    )


def _row(endpoint: WebhookEndpoint) -> dict[str, Any]:
    known = dict(KINDS)
    return {
        "endpoint": endpoint,
        "badge": _badge(endpoint),
        "kinds": [str(known.get(kind, kind)) for kind in endpoint.kinds],
    }


def _badge(endpoint: WebhookEndpoint) -> Badge:
    if not endpoint.enabled:
        words = {
            "BY_HAND": _("Switched off"),
            "GONE": _("Off: it answered that it is gone"),
            "FAILING": _("Off: nothing reached it"),
        }
        return Badge("circle-pause", words.get(endpoint.disabled_reason, _("Switched off")), "unsure")
    if endpoint.failing_since:
        return Badge("triangle-alert", _("Not getting through"), "expire")
    if endpoint.last_success_at is None:
        return Badge("circle-dashed", _("Not called yet"))
    return Badge("circle-check", _("Working"), "permit")


def _delivery(one: Delivery) -> dict[str, Any]:
    return {
        "delivery": one,
        "badge": _delivery_badge(one),
        "how": _how(one),
        "is_due": one.next_attempt_at <= clock.now(),
    }


def _delivery_badge(one: Delivery) -> Badge:
    return {
        "DELIVERED": Badge("circle-check", _("Delivered"), "permit"),
        "DEAD": Badge("circle-x", _("Given up"), "deny"),
    }.get(one.state) or Badge("hourglass", _("Tried again") if one.attempts else _("Waits"))


def _how(one: Delivery) -> str:
    """What the receiver did last, in words."""
    if one.last_status:
        return _("Answered %(status)s") % {"status": one.last_status}
    return {
        "TIMEOUT": _("No answer in time"),
        "CONNECT_FAILED": _("No connection"),
        "TLS_FAILED": _("Its certificate is not trusted"),
        "NAME_UNRESOLVED": _("Its name leads nowhere"),
        "ADDRESS_REFUSED": _("Its name leads to an address that webhooks do not go to"),
        "ANSWER_INVALID": _("Its answer is not HTTP"),
        "SECRET_UNREADABLE": _("Our side could not read the secret"),
        "ENDPOINT_DISABLED": _("The webhook was switched off"),
        "INTERNAL": _("It failed on our side"),
    }.get(one.last_error, "")


def _tabs(endpoint: WebhookEndpoint, state: str) -> list[dict[str, Any]]:
    address = reverse("portal-webhook", args=[endpoint.pk])
    labels = {"": _("All"), "PENDING": _("Under way"), "DELIVERED": _("Delivered"), "DEAD": _("Given up")}
    return [
        {"label": words, "href": f"{address}?state={key}" if key else address, "is_here": key == state}
        for key, words in labels.items()
    ]
