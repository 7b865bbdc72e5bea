"""Letting held frames go: a studio asks, the talent's side decides, and the studio takes its held output up again."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from agents_portal.access import AGENT, STUDIO, TALENT, VENDOR, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.forming import carried_out
from agents_portal.forms.releases import AskReleaseForm, DecideReleaseForm, TakeUpForm
from agents_portal.held_words import held_lines
from agents_portal.views.licences import licence_or_404
from common.errors import Conflict, NotFound
from licensing.selectors import LicenceDetail
from licensing.selectors.releases import side_that_lets_go, waiting_release
from licensing.services import ask_release, decide_release
from provenance.selectors import assets_visible_to
from provenance.workflows import take_up_asset


@portal_page(STUDIO)
@require_http_methods(["GET", "POST"])
def ask_release_page(request: PortalRequest, jti: UUID) -> HttpResponse:
    """Ask the talent's side to let the held frames of a licence go."""
    detail = _may(request, jti, "ASK_RELEASE")
    form = AskReleaseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and carried_out(
        form, lambda: ask_release(principal=request.principal, jti=jti, why=form.cleaned_data["why"])
    ):
        messages.success(request, _("The talent’s side was asked."), extra_tags="permit")
        return redirect("portal-licence", jti)
    side = detail.line.agency_name or detail.line.talent_name
    screen = Binding(
        title=_("Ask for the held frames?"),
        lead=_lead(detail.line.talent_name, detail.line.production_title),
        verb=_("Ask the talent’s side"),
        icon="send",
        back=reverse("portal-licence", args=[jti]),
        consequences=(
            Consequence("octagon-x", _("Nothing goes out by asking."), _("The frames stay held until they answer.")),
            Consequence("users", side, _("reads your reason and decides, in person.")),
        ),
        form=form,
    )  # fmt: skip
    return _shown(request, screen)


@portal_page(AGENT, TALENT)
@require_http_methods(["GET", "POST"])
def decide_release_page(request: PortalRequest, jti: UUID) -> HttpResponse:
    """Let the held frames go, or keep them held; decided once."""
    asked = waiting_release(request.principal, jti)
    if asked is None:
        _may(request, jti, "DECIDE_RELEASE")
        raise NotFound
    if side_that_lets_go(request.principal, asked.token) is None:
        raise PermissionDenied
    form = DecideReleaseForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and carried_out(
        form,
        lambda: decide_release(
            principal=request.principal,
            release_id=asked.pk,
            grants=form.cleaned_data["kind"] == "LET_GO",
            why=form.cleaned_data["why"],
        ),
    ):
        return redirect("portal-licence", jti)
    screen = Binding(
        title=_("Let the held frames go?"),
        lead=_lead(asked.token.talent.stage_name, asked.token.production.title),
        verb=_("Sign this decision"),
        back=reverse("portal-licence", args=[jti]),
        consequences=(
            Consequence("reply", _("%(studio)s asks:") % {"studio": asked.asked_for.name}, f"“{asked.why}”"),
            Consequence("film", _("Let go:"), _("what was rendered under this licence may be released after all."), "permit"),
            Consequence("octagon-x", _("Keep held:"), _("nothing goes out. They may ask again.")),
            Consequence("circle-x", _("The licence stays ended."), _("No new frame is rendered either way.")),
        ),
        form=form,
    )  # fmt: skip
    return _shown(request, screen)


@portal_page(STUDIO, VENDOR)
@require_http_methods(["GET", "POST"])
def take_up_page(request: PortalRequest, asset_id: UUID) -> HttpResponse:
    """Have a held output judged anew; it goes on if no licence holds it any more."""
    asset = assets_visible_to(request.principal).filter(pk=asset_id, state="HELD").first()
    if asset is None:
        raise NotFound
    if not request.principal.is_role("PRODUCER", "ENGINEER", "ADMIN"):
        raise PermissionDenied
    form, reasons = TakeUpForm(request.POST if request.method == "POST" else None), asset.hold_reasons
    try:
        if request.method == "POST" and carried_out(
            form,
            lambda: take_up_asset(
                principal=request.principal, asset_id=asset_id, why=form.cleaned_data["why"]
            ),
        ):
            messages.success(request, _("The output goes on where it stopped."), extra_tags="permit")
            return redirect("portal-production", asset.production_id)
    except Conflict as error:
        if error.code != "STILL_HELD":
            raise
        form.add_error(None, error.title)
        reasons = error.extra["reasons"]
    screen = Binding(
        title=_("Take this output up again?"),
        lead=asset.file_name or str(asset.pk),
        verb=_("Take it up again"),
        icon="rotate-cw",
        back=reverse("portal-production", args=[asset.production_id]),
        consequences=(
            *(Consequence("octagon-x", why, what) for why, what in held_lines(reasons)),
            Consequence("scale", _("Its licences are judged anew."), _("What still holds it is named, and it stays held.")),
            Consequence("search-check", _("Both marks and its credentials are read back"), _("before it goes out.")),
        ),
        form=form,
    )  # fmt: skip
    return _shown(request, screen)


def _may(request: PortalRequest, jti: UUID, act: str) -> LicenceDetail:
    detail = licence_or_404(request, jti)
    if act not in detail.may:
        raise PermissionDenied
    return detail


def _lead(talent: str, production: str) -> str:
    return _(
        "%(talent)s in %(production)s. The licence has ended, and what was rendered under it is held."
    ) % {"talent": talent, "production": production}


def _shown(request: PortalRequest, screen: Binding) -> HttpResponse:
    form = screen.form
    status = 422 if form is not None and form.errors else 200
    return render(request, "portal/bind.html", {"screen": screen, "form": form}, status=status)
