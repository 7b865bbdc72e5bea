"""After a revocation: who has said that they stopped, until when the others do, and saying it."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal.access import AGENT, AUDITOR, STUDIO, TALENT, VENDOR, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.forms.duties import AcknowledgeForm
from agents_portal.words import Badge, opening, spelled
from common.errors import InvalidInput
from licensing.selectors import DutyLine, duties_of, duty_for
from licensing.services import acknowledge_revocation

_RUNS_WORK = ("PRODUCER", "ENGINEER", "ADMIN")
_SHOWN_DONE = 50


@portal_page(STUDIO, VENDOR, AGENT, TALENT, AUDITOR)
@require_GET
def duties_page(request: PortalRequest) -> HttpResponse:
    """List what is due, the most urgent first, and what was acknowledged lately."""
    is_open = duties_of(request.principal, is_open=True)
    mine = [one for one in is_open if one.is_mine]
    return render(
        request,
        "portal/duties.html",
        {
            "groups": [
                (_("Yours"), [_row(one) for one in mine]),
                (_("Owed by others"), [_row(one) for one in is_open if not one.is_mine]),
                (
                    _("Acknowledged"),
                    [_row(one) for one in duties_of(request.principal, is_open=False, limit=_SHOWN_DONE)],
                ),
            ],
            "headline": _headline(mine, list(is_open)),
            "may_say": request.principal.is_role(*_RUNS_WORK),
        },
    )


@portal_page(STUDIO, VENDOR)
@require_http_methods(["GET", "POST"])
def acknowledge_page(request: PortalRequest, duty_id: UUID) -> HttpResponse:
    """Say that the organisation has stopped, with a certificate where frames are destroyed."""
    duty = duty_for(request.principal, duty_id)
    if duty is None or not duty.is_mine:
        raise Http404
    if duty.acknowledged_at is not None:
        return redirect("portal-duties")
    if not request.principal.is_role(*_RUNS_WORK):
        raise PermissionDenied
    destroys = duty.disposition == "DESTROY_WITH_CERTIFICATE"
    form = AcknowledgeForm(request.POST if request.method == "POST" else None, destroys=destroys)
    if request.method == "POST" and form.is_valid():
        try:
            acknowledge_revocation(
                principal=request.principal,
                duty_id=duty_id,
                certificate_sha256=form.cleaned_data.get("certificate_sha256", ""),
            )
        except InvalidInput as error:
            form.add_error("certificate_sha256", error.title)
        else:
            messages.success(request, _("Acknowledged. The others were told."), extra_tags="permit")
            return redirect("portal-duties")
    return render(
        request,
        "portal/bind.html",
        {"screen": _screen(duty, form), "form": form},
        status=422 if form.errors else 200,
    )


def frames_words(disposition: str) -> str:
    """What becomes of frames that are made already."""
    return {
        "KEEP": _("Frames made already may be used"),
        "QUARANTINE": _("Frames made already are held"),
        "DESTROY_WITH_CERTIFICATE": _("Frames made already are destroyed, with a certificate"),
    }.get(disposition, disposition)


def _row(duty: DutyLine) -> dict[str, object]:
    return {"duty": duty, "badge": _badge(duty), "frames": frames_words(duty.disposition)}


def _badge(duty: DutyLine) -> Badge:
    if duty.acknowledged_at is not None:
        return Badge("circle-check", _("Acknowledged"), "permit")
    return Badge("clock-alert", _("Late"), "deny") if duty.is_late else Badge("hourglass", _("Due"), "expire")


def _headline(mine: list[DutyLine], every: list[DutyLine]) -> str:
    if mine:
        return opening(
            ngettext(
                "%(count)s licence ended and waits for your word",
                "%(count)s licences ended and wait for your word",
                len(mine),
            )
            % {"count": spelled(len(mine))}
        )
    if every:
        return opening(
            ngettext(
                "%(count)s acknowledgement is still due",
                "%(count)s acknowledgements are still due",
                len(every),
            )
            % {"count": spelled(len(every))}
        )
    return _("Nothing is to be acknowledged")


def _screen(duty: DutyLine, form: AcknowledgeForm) -> Binding:
    return Binding(
        title=_("Acknowledge that you stopped?"),
        lead=_("The licence %(id)s for %(talent)s in %(production)s has ended.")
        % {"id": duty.short_id, "talent": duty.talent_name, "production": duty.production_title},
        verb=_("Acknowledge"),
        icon="check",
        back=reverse("portal-duties"),
        consequences=(
            Consequence("circle-x", _("You say that nothing is rendered under it any more."), "", "deny"),
            Consequence("film", f"{frames_words(duty.disposition)}."),
            Consequence(
                "send",
                _("The talent’s side, the studio and the guild can see when you said it."),
                _("It cannot be taken back."),
            ),
        ),
        form=form,
    )
