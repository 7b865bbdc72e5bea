"""Alerts: what ends soon, which quota runs out, which acknowledgement is owed, which notice runs."""

from typing import Any
from uuid import UUID

from django import forms
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal.access import AGENT, STUDIO, VENDOR, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.forming import carried_out
from licensing.models import RevocationDuty
from licensing.selectors import Notices, duty_owed, notices_page
from licensing.services import acknowledge_revocation

_TABS = (
    ("ends", gettext_lazy("Ends soon")),
    ("quota", gettext_lazy("Nearly used up")),
    ("owed", gettext_lazy("To acknowledge")),
    ("notice", gettext_lazy("Notice running")),
)


class AcknowledgeForm(forms.Form):
    """The certificate of destruction, where one is owed."""

    certificate_sha256 = forms.RegexField(
        r"^[0-9a-f]{64}$", label=gettext_lazy("SHA-256 of the certificate of destruction"),
        error_messages={
            "invalid": gettext_lazy("A SHA-256 has 64 digits, 0 to 9 and a to f."),
            "required": gettext_lazy("Name the certificate of destruction by its SHA-256."),
        },
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false"}),
    )  # fmt: skip


@portal_page(AGENT, STUDIO, VENDOR)
@require_GET
def alerts_page(request: PortalRequest) -> HttpResponse:
    """List what the reader should know of now; ``tab`` chooses the kind."""
    tab, after = request.GET.get("tab", ""), request.GET.get("after", "")
    tab = tab if tab in dict(_TABS) else "ends"
    found = notices_page(request.principal, kind=tab, after=after)
    address = reverse("portal-alerts")
    return render(
        request,
        "portal/alerts.html",
        {
            "tab": tab,
            "tabs": [
                {"label": label, "count": found.counts[key], "href": f"{address}?tab={key}", "is_here": key == tab}
                for key, label in _TABS
            ],
            "rows": found.rows,
            "headline": _headline(found),
            "more": f"{address}?tab={tab}&after={found.after}" if found.after else "",
            "first": f"{address}?tab={tab}" if after else "",
        },
    )  # fmt: skip


@portal_page(STUDIO, VENDOR)
@require_http_methods(["GET", "POST"])
def acknowledge_page(request: PortalRequest, duty_id: UUID) -> HttpResponse:
    """Say that one has stopped, and what became of the frames."""
    duty = duty_owed(request.principal, duty_id)
    if duty is None:
        raise Http404
    form = _form(request, duty)
    if request.method == "POST" and carried_out(
        form,
        lambda: acknowledge_revocation(
            principal=request.principal,
            duty_id=duty_id,
            certificate_sha256=form.cleaned_data.get("certificate_sha256", ""),
        ),
    ):
        return redirect(f"{reverse('portal-alerts')}?tab=owed")
    screen = Binding(
        title=_("Acknowledge the end of this licence?"),
        lead=_("You say that nothing more is rendered under licence %(id)s in %(production)s.")
        % {"id": str(duty.token_id)[-4:].upper(), "production": duty.token.production.title},
        verb=_("Acknowledge it"),
        icon="check",
        back=f"{reverse('portal-alerts')}?tab=owed",
        consequences=(
            Consequence("send", _("The talent’s side sees that you have stopped.")),
            Consequence("film", _disposition_words(duty.disposition)),
        ),
        form=form,
    )
    return render(
        request, "portal/bind.html", {"screen": screen, "form": form}, status=422 if form.errors else 200
    )


def _form(request: PortalRequest, duty: RevocationDuty) -> forms.Form:
    sent = request.POST if request.method == "POST" else None
    return AcknowledgeForm(sent) if duty.disposition == "DESTROY_WITH_CERTIFICATE" else forms.Form(sent)


def _disposition_words(code: str) -> str:
    return {
        "KEEP": _("Frames already made may be used."),
        "QUARANTINE": _("Frames already made are held, and not shown."),
        "DESTROY_WITH_CERTIFICATE": _("Frames already made were destroyed, and the certificate proves it."),
    }.get(code, code)


def _headline(found: Notices) -> str:
    """``Two licences end soon. One acknowledgement is late.``"""
    parts: list[Any] = []
    ends, quota, late = found.counts["ends"], found.counts["quota"], found.late
    if ends:
        parts.append(ngettext("%(n)s licence ends soon.", "%(n)s licences end soon.", ends) % {"n": ends})
    if quota:
        parts.append(
            ngettext("%(n)s quota is nearly used up.", "%(n)s quotas are nearly used up.", quota)
            % {"n": quota}
        )
    if late:
        parts.append(
            ngettext("%(n)s acknowledgement is late.", "%(n)s acknowledgements are late.", late) % {"n": late}
        )
    if not parts and (found.counts["owed"] or found.counts["notice"]):
        return _("Nothing ends soon, and nothing is late")
    return " ".join(parts) or _("Nothing ends soon")
