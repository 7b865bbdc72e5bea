"""Passing a mandate on to a colleague, taking it back, and being out of office."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from agents_portal.access import AGENT, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.forming import FormPage, Part, carried_out, show_form
from agents_portal.forms.mandates import AbsenceForm, DelegationForm
from licensing.models import Mandate
from licensing.selectors import (
    DelegationLine,
    HeldMandate,
    colleagues_of,
    delegation_of,
    delegations_seen_by,
    held_mandate,
    may_pass_on,
)
from licensing.services import delegate_mandate, end_absence, end_delegation, set_absence


@portal_page(AGENT)
@require_http_methods(["GET", "POST"])
def delegate_page(request: PortalRequest, mandate_id: UUID) -> HttpResponse:
    """Pass a mandate on, within what one may decide oneself."""
    held = held_mandate(request.principal, mandate_id)
    if held is None:
        raise Http404
    mandate = Mandate.objects.get(pk=mandate_id)
    if not may_pass_on(request.principal, mandate):
        raise PermissionDenied
    outer = _passed_to_me(request, held)
    uses = outer.use_types if outer and outer.use_types is not None else held.mandate.use_types
    form = DelegationForm(
        request.POST if request.method == "POST" else None,
        colleagues=colleagues_of(request.principal),
        use_types=tuple(uses),
        limits=outer.limits if outer and outer.limits else held.mandate.limits,
        earliest=outer.valid_from if outer else None,
        latest=outer.valid_until if outer else held.mandate.valid_until,
    )
    if request.method == "POST" and carried_out(
        form,
        lambda: delegate_mandate(principal=request.principal, mandate=mandate, **form.delegation()),
    ):
        messages.success(
            request,
            _("%(name)s may decide within it.") % {"name": form.cleaned_data["to"].full_name},
            extra_tags="permit",
        )
        return redirect("portal-mandate", mandate_id)
    return show_form(request, _delegate_screen(held), form)


@portal_page(AGENT)
@require_http_methods(["GET", "POST"])
def end_delegation_page(request: PortalRequest, delegation_id: UUID) -> HttpResponse:
    """Take a delegation back."""
    line = delegation_of(request.principal, delegation_id)
    if line is None:
        raise Http404
    if not line.may_end:
        raise PermissionDenied
    if request.method == "POST":
        end_delegation(principal=request.principal, delegation_id=delegation_id)
        return redirect("portal-mandate", line.mandate_id)
    screen = Binding(
        title=_("Take it back from %(name)s?") % {"name": line.to_name},
        lead=_("They may decide for %(talent)s until then.") % {"talent": line.talent_name},
        verb=_("Take it back"),
        icon="undo-2",
        danger=True,
        back=reverse("portal-mandate", args=[line.mandate_id]),
        consequences=(
            Consequence("circle-x", _("It ends at once,"), _("with everything they passed on under it."), "deny"),
            Consequence("check", _("What they answered stays answered.")),
        ),
    )  # fmt: skip
    return render(request, "portal/bind.html", {"screen": screen, "form": None})


@portal_page(AGENT)
@require_http_methods(["GET", "POST"])
def absence_page(request: PortalRequest) -> HttpResponse:
    """Say that one is out, and who decides meanwhile."""
    form = AbsenceForm(
        request.POST if request.method == "POST" else None, colleagues=colleagues_of(request.principal)
    )
    if not request.principal.is_role("AGENT"):
        raise PermissionDenied
    if request.method == "POST" and carried_out(
        form, lambda: set_absence(principal=request.principal, **form.absence())
    ):
        messages.success(
            request,
            _("%(name)s decides while you are out.") % {"name": form.cleaned_data["stand_in"].full_name},
            extra_tags="permit",
        )
        return redirect("portal-mandates")
    return show_form(
        request,
        FormPage(
            title=_("Be out of office"),
            lead=_("A colleague decides under the mandates that name you, and passes nothing on."),
            verb=_("Set the absence"),
            icon="calendar-x",
            back=reverse("portal-mandates"),
            back_words=_("Mandates"),
            parts=(Part("", ("stand_in", "first_day", "last_day")),),
        ),
        form,
    )


@portal_page(AGENT)
@require_POST
def end_absence_page(request: PortalRequest, absence_id: UUID) -> HttpResponse:
    """Be back before time."""
    end_absence(principal=request.principal, absence_id=absence_id)
    messages.success(request, _("You are back. Requests wait for you again."), extra_tags="permit")
    return redirect("portal-mandates")


def _passed_to_me(request: PortalRequest, held: HeldMandate) -> DelegationLine | None:
    """The delegation that the reader would pass on; None for the named agent, and for each agent where none is."""
    if held.mandate.agent_name is None or held.mandate.agent_id == request.principal.person.pk:
        return None
    lines = delegations_seen_by(request.principal, mandate_id=held.mandate.id)
    held_now = [line for line in lines if line.to_me and line.begun and line.may_pass_on]
    return max(held_now, key=lambda line: line.valid_until, default=None)


def _delegate_screen(held: HeldMandate) -> FormPage:
    return FormPage(
        title=_("Pass on what you may decide for %(name)s") % {"name": held.talent_name},
        lead=_("Within this mandate, or within less. You go on deciding, too."),
        verb=_("Pass it on"),
        icon="signature",
        back=reverse("portal-mandate", args=[held.mandate.id]),
        back_words=_("Mandate for %(name)s") % {"name": held.talent_name},
        parts=(
            Part(_("To whom"), ("to", "may_pass_on")),
            Part(_("What"), ("use_types",)),
            Part(_("How long"), ("first_day", "last_day")),
            Part(_("Limits"), ("frames_max", "lines_max", "days_max", "fee_least", "currency", "render_territory", "distribution_territory", "content"), _("As in the mandate; they may only be tighter."), folded=True),
        ),
        aside_title=_("What stays as it is"),
        consequences=(
            Consequence("check", _("You take it back whenever you like.")),
            Consequence("check", _("The talent sees it."), _("Every act names who did it.")),
            Consequence("x", _("Beyond these limits they cannot answer."), "", "deny"),
        ),
    )  # fmt: skip
