"""Suspending a licence, revoking it, and asking for its renewal.

Each opens in place on the licence's page; without JavaScript it is a page of its own.
"""

from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.presence import NotBound
from agents_portal.access import AGENT, STUDIO, TALENT, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.forming import carried_out
from agents_portal.forms.events import WhyForm
from agents_portal.forms.licences import DISPOSITIONS, RenewForm, RevokeForm
from agents_portal.views.licences import LIVE_STATES, licence_or_404
from agents_portal.words import and_list, figure
from common.errors import Conflict, InvalidInput
from common.language import later
from licensing.selectors import Barrier, LicenceDetail
from licensing.services import pass_checkpoint, place_hold, request_renewal, revoke_token
from receipts.selectors import TokenCounts, running_under
from trustcore.policy.reasons import DenyReason


@portal_page(AGENT, TALENT)
@require_http_methods(["GET", "POST"])
def revoke_page(request: PortalRequest, jti: UUID) -> HttpResponse:
    """Revoke a licence; the next check is refused."""
    detail = _may(request, jti, "REVOKE")
    form = RevokeForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        kind = form.cleaned_data["kind"]
        try:
            revoke_token(
                principal=request.principal,
                jti=jti,
                kind=kind,
                disposition=DISPOSITIONS[kind],
                reason=form.cleaned_data["reason"],
            )
            return redirect("portal-licence", jti)
        except InvalidInput as error:
            form.add_error("reason", f"{error.title} {error.detail}".strip())
        except NotBound as error:
            return _show(request, _revoke_screen(detail, running_under(jti), form).refused(error))
    return _show(request, _revoke_screen(detail, running_under(jti), form))


@portal_page(AGENT, TALENT, STUDIO)
@require_http_methods(["GET", "POST"])
def suspend_page(request: PortalRequest, jti: UUID) -> HttpResponse:
    """Pause a licence until the same side lifts it; the next check is refused."""
    detail = _may(request, jti, "SUSPEND")
    form = WhyForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and carried_out(
        form,
        lambda: place_hold(
            principal=request.principal,
            covers="token",
            covered_id=jti,
            reason=str(DenyReason.SUSPENDED),
            why=form.cleaned_data["why"],
        ),
    ):
        return redirect("portal-licence", jti)
    return _show(request, _suspend_screen(detail, running_under(jti), form))


@portal_page(AGENT, TALENT)
@require_http_methods(["GET", "POST"])
def checkpoint_page(request: PortalRequest, jti: UUID) -> HttpResponse:
    """Let the work pass its next checkpoint; said once and for good."""
    detail = licence_or_404(request, jti)
    if request.method == "POST":
        checkpoint = request.POST.get("checkpoint", "")
        if checkpoint not in {one.checkpoint for one in detail.open_checkpoints}:
            raise Conflict("CHECKPOINT_PASSED", _("This checkpoint was passed already."))
        screen = _checkpoint_screen(detail, checkpoint)
        try:
            pass_checkpoint(principal=request.principal, jti=jti, checkpoint=checkpoint)
            return redirect("portal-licence", jti)
        except NotBound as error:
            return _show(request, screen.refused(error))
    checkpoint = next((one.checkpoint for one in detail.open_checkpoints if one.is_mine), "")
    if not checkpoint:
        raise PermissionDenied
    return _show(request, _checkpoint_screen(detail, checkpoint))


@portal_page(STUDIO)
@require_http_methods(["GET", "POST"])
def renew_page(request: PortalRequest, jti: UUID) -> HttpResponse:
    """Ask to go on; nothing is granted by asking."""
    detail = _may(request, jti, "RENEW")
    form = RenewForm(
        request.POST if request.method == "POST" else None,
        initial={"days": detail.terms.window.days or 90, "frames_max": detail.line.frames_max},
    )
    if request.method == "POST" and form.is_valid():
        try:
            asked = request_renewal(
                principal=request.principal,
                jti=jti,
                days=form.cleaned_data["days"],
                changes={"scope.frames_max": form.cleaned_data["frames_max"]},
            )
            return redirect("portal-request", asked.pk)
        except InvalidInput as error:
            form.add_error(None, f"{error.title} {error.detail}".strip())
    line = detail.line
    screen = Binding(
        title=_("Ask for a renewal?"),
        lead=_(
            "The licence for %(talent)s in %(production)s goes on under the same terms, "
            "but for what you change here."
        )
        % {"talent": line.talent_name, "production": line.production_title},
        verb=_("Ask for a renewal"),
        icon="send",
        back=reverse("portal-licence", args=[jti]),
        consequences=(
            Consequence(
                "hourglass",
                _("%(name)s is asked.") % {"name": line.agency_name or line.talent_name},
                _("They may narrow it, approve or decline."),
            ),
            Consequence(
                "ban",
                _("Nothing is granted by asking."),
                _("The present licence still ends on its day."),
                "deny",
            ),
        ),
        form=form,
    )
    return _show(request, screen)


def _show(request: PortalRequest, screen: Binding) -> HttpResponse:
    form = screen.form
    is_refused = bool(screen.problem or (form and form.errors))
    return render(
        request,
        "portal/parts/bind_here.html" if request.htmx else "portal/bind.html",
        {"screen": screen, "form": form},
        status=422 if is_refused else 200,
    )


def _may(request: PortalRequest, jti: UUID, act: str) -> LicenceDetail:
    detail = licence_or_404(request, jti)
    if act not in detail.may:
        if detail.line.state not in LIVE_STATES:
            raise Conflict("LICENCE_ENDED", _("This licence has ended already"), _("Nothing was changed."))
        raise PermissionDenied
    return detail


def _leases_end(counts: TokenCounts) -> Consequence:
    return Consequence(
        "circle-x",
        ngettext(
            "%(count)s running lease ends at the next heartbeat.",
            "%(count)s running leases end at the next heartbeat.",
            counts.live_leases,
        )
        % {"count": figure(counts.live_leases)},
        _("Every check from now on is refused."),
        "deny",
    )


def _are_told(names: list[str], detail: LicenceDetail) -> Consequence:
    vendors = ngettext("%(count)s vendor", "%(count)s vendors", len(detail.vendor_ids)) % {
        "count": figure(len(detail.vendor_ids))
    }
    told = [*names, *([vendors] if detail.vendor_ids else [])]
    return Consequence("send", _("%(names)s can see it at once.") % {"names": and_list(told)})


def _suspend_screen(detail: LicenceDetail, counts: TokenCounts, form: WhyForm) -> Binding:
    line = detail.line
    return Binding(
        title=_("Suspend this licence?"),
        lead=_("%(talent)s in %(production)s. It takes effect on the next check, until your side lifts it.")
        % {"talent": line.talent_name, "production": line.production_title},
        verb=_("Suspend the licence"),
        icon="circle-pause",
        danger=True,
        back=reverse("portal-licence", args=[line.jti]),
        consequences=(
            _leases_end(counts),
            Consequence(
                "film",
                _("Frames already made may be used."),
                _("To hold or recall them, revoke the licence."),
            ),
            Consequence("clock", _("Its days go on running."), _("The last day does not move.")),
            _are_told([line.licensee_name, line.agency_name or line.talent_name], detail),
        ),
        form=form,
    )


_CHECKPOINTS = {
    "ROLE": later("You have seen the role as it is played."),
    "SCRIPT": later("You have read the script as it is used."),
    "FINAL": later("You have seen the finished work."),
}


def _checkpoint_screen(detail: LicenceDetail, checkpoint: str) -> Binding:
    line = detail.line
    later_ones = any(one.barrier is Barrier.ORDER for one in detail.open_checkpoints)
    final = (
        (Consequence("film", _("The finished work may be released."), _("Until you say so it is held.")),)
        if checkpoint == "FINAL"
        else (
            Consequence(
                "clapperboard",
                _("The work may begin"),
                _("once role and script have passed, where both were agreed."),
            ),
        )
    )
    return Binding(
        title=_("Let the work pass?"),
        lead=_("%(talent)s in %(production)s. It cannot be taken back.")
        % {"talent": line.talent_name, "production": line.production_title},
        verb=_("Let it pass"),
        icon="circle-check",
        back=reverse("portal-licence", args=[line.jti]),
        consequences=(
            Consequence("check", str(_CHECKPOINTS[checkpoint])),
            *final,
            *(
                (
                    Consequence(
                        "hourglass", _("The finished work comes back to you"), _("after role and script.")
                    ),
                )
                if later_ones
                else ()
            ),
            _are_told([line.licensee_name], detail),
        ),
        hidden={"checkpoint": checkpoint},
    )


def _revoke_screen(detail: LicenceDetail, counts: TokenCounts, form: RevokeForm) -> Binding:
    line = detail.line
    renewal = (
        (Consequence("ban", _("The open renewal is declined."), "", "deny"),) if line.open_renewal else ()
    )
    return Binding(
        title=_("Revoke this licence?"),
        lead=_("%(talent)s in %(production)s. It takes effect on the next check, and cannot be undone.")
        % {"talent": line.talent_name, "production": line.production_title},
        verb=_("Revoke the licence"),
        icon="circle-x",
        danger=True,
        back=reverse("portal-licence", args=[line.jti]),
        consequences=(
            _leases_end(counts),
            Consequence(
                "film",
                ngettext(
                    "%(count)s frame is already made.",
                    "%(count)s frames are already made.",
                    counts.rendered,
                )
                % {"count": figure(counts.rendered)},
                _("What becomes of them you choose below."),
            ),
            _are_told([line.licensee_name], detail),
            *renewal,
            Consequence("check", _("Receipts and signatures stay,"), _("and stay provable."), "permit"),
        ),
        form=form,
    )
