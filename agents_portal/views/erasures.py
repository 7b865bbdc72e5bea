"""Erasure of a person: asked for by the person or the operator, shown before it is asked, confirmed by another one."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.presence import require_presence
from agents_portal import erasure_words as say
from agents_portal.access import OPERATOR, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.downloads import as_download
from agents_portal.forming import FormPage, Part, show_form
from agents_portal.forms.erasures import GroundForm, WhomForm
from agents_portal.paging import page_after
from agents_portal.words import figure
from common.errors import NotFound
from compliance.erasure import services
from compliance.erasure.api import certificate_told, plan_told
from compliance.erasure.models import Erasure, ErasureState
from compliance.erasure.people import Person, person_named, person_of
from compliance.erasure.selectors import erasure_for, erasures_visible_to

_OPEN = (ErasureState.ASKED, ErasureState.CONFIRMED)


@portal_page()
@require_http_methods(["GET", "POST"])
def own_erasure_page(request: PortalRequest) -> HttpResponse:
    """See what one's own erasure would do, ask for it, take it back."""
    mine = erasures_visible_to(request.principal).filter(
        asked_by=request.principal.person, asked_for="SUBJECT"
    )
    row = mine.filter(state__in=_OPEN).first()
    if row is not None:
        return _take_back(request, row, reverse("portal-own-erasure"), reverse("portal-settings"))
    form = GroundForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        person = person_of(talent=None, user=request.principal.person)
        if request.POST.get("act") != "ask":
            return _plan_page(request, person, form.cleaned_data, reverse("portal-own-erasure"))
        services.ask_erasure(principal=request.principal, person=person, ground=form.cleaned_data["ground"])
        messages.success(
            request,
            _(
                "It was asked for. The operator of this server confirms it. Until its day it can be taken back:"
                " here as long as you have a seat, then by the operator."
            ),
            extra_tags="permit",
        )
        return redirect("portal-own-erasure")
    return show_form(
        request,
        FormPage(
            title=_("Have your data erased"),
            lead=_("See first what would become unreadable and what stays. Nothing is asked for yet."),
            verb=_("See what would happen"),
            icon="eye",
            back=reverse("portal-settings"),
            back_words=_("Settings"),
            parts=(Part("", ("ground",)),),
            hidden={"act": "look"},
            aside_title=_("How it goes"),
            consequences=_steps(),
        ),
        form,
    )


@portal_page(OPERATOR)
@require_GET
def erasures_page(request: PortalRequest) -> HttpResponse:
    """List erasures, newest first."""
    page = page_after(erasures_visible_to(request.principal), request.GET.get("after", ""))
    waiting = sum(row.state == ErasureState.ASKED for row in page.rows)
    return render(
        request,
        "portal/erasures.html",
        {
            "rows": [(row, say.badge_of(row.state), say.GROUNDS[row.ground]) for row in page.rows],
            "after": page.after,
            "may_act": _may_act(request),
            "headline": ngettext("%(n)s erasure waits for you", "%(n)s erasures wait for you", waiting)
            % {"n": figure(waiting)}
            if waiting
            else _("Erasures"),
        },
    )


@portal_page(OPERATOR)
@require_http_methods(["GET", "POST"])
def new_erasure_page(request: PortalRequest) -> HttpResponse:
    """Ask for the erasure of somebody, after a look at what it would do."""
    _require(request)
    form = WhomForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        given = form.cleaned_data
        try:
            person = person_named(talent=given["talent"], user=given["user"])
        except NotFound:
            form.add_error("talent" if given["talent"] else "user", _("Nobody is known by this name here."))
        else:
            if request.POST.get("act") != "ask":
                return _plan_page(request, person, given, reverse("portal-erasure-new"))
            made = services.ask_erasure(principal=request.principal, person=person, ground=given["ground"])
            return redirect("portal-erasure", made.pk)
    return show_form(
        request,
        FormPage(
            title=_("Erase a person"),
            lead=_("See first what would become unreadable and what stays. Nothing is asked for yet."),
            verb=_("See what would happen"),
            icon="eye",
            back=reverse("portal-erasures"),
            back_words=_("Erasures"),
            parts=(Part("", ("talent", "user", "ground")),),
            hidden={"act": "look"},
            aside_title=_("How it goes"),
            consequences=_steps(),
        ),
        form,
    )


@portal_page(OPERATOR)
@require_GET
def erasure_page(request: PortalRequest, erasure_id: UUID) -> HttpResponse:
    """Show one erasure: what it does, how far it is, what stands against it."""
    row = erasure_for(request.principal, erasure_id)
    is_open = row.state in _OPEN
    plan: dict[str, Any] = row.plan or {}
    return render(
        request,
        "portal/erasure.html",
        {
            "row": row,
            "badge": say.badge_of(row.state),
            "ground": say.GROUNDS[row.ground],
            "unreadable": say.unreadable(plan.get("rows", {}), plan.get("keys", 0)),
            "provable": say.provable(),
            "against": say.standing_against(row.against) if is_open else (),
            "may_withdraw": is_open and _may_act(request),
            "may_confirm": _may_act(request)
            and row.state == ErasureState.ASKED
            and row.asked_by_id != request.principal.person.pk,
            "is_mine": row.state == ErasureState.ASKED and row.asked_by_id == request.principal.person.pk,
        },
    )


@portal_page(OPERATOR)
@require_http_methods(["GET", "POST"])
def confirm_erasure_page(request: PortalRequest, erasure_id: UUID) -> HttpResponse:
    """Give the second pair of eyes."""
    _require(request)
    row = erasure_for(request.principal, erasure_id)
    require_presence(request.principal)
    if request.method == "POST":
        services.confirm_erasure(principal=request.principal, erasure_id=row.pk)
        messages.success(request, _("It is carried out when its days are over."), extra_tags="permit")
        return redirect("portal-erasure", row.pk)
    plan: dict[str, Any] = row.plan or {}
    screen = Binding(
        title=_("Confirm this erasure?"),
        lead=_("Asked for by %(name)s.") % {"name": row.asked_by.full_name},
        verb=_("Confirm the erasure"),
        icon="check",
        danger=True,
        back=reverse("portal-erasure", args=[row.pk]),
        go_back=_("Go back"),
        consequences=(
            *say.unreadable(plan.get("rows", {}), plan.get("keys", 0)),
            Consequence(
                "calendar-clock",
                _("It is not carried out at once:"),
                _("until its day it can be taken back."),
            ),
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen})


@portal_page(OPERATOR)
@require_http_methods(["GET", "POST"])
def withdraw_erasure_page(request: PortalRequest, erasure_id: UUID) -> HttpResponse:
    """Take an erasure back."""
    _require(request)
    row = erasure_for(request.principal, erasure_id)
    here = reverse("portal-erasure", args=[row.pk])
    return _take_back(request, row, here, here)


@portal_page(OPERATOR)
@require_GET
def erasure_certificate(request: PortalRequest, erasure_id: UUID) -> HttpResponse:
    """Hand out the signed certificate."""
    told = certificate_told(erasure_for(request.principal, erasure_id))
    return as_download(JsonResponse(told, json_dumps_params={"indent": 2}), f"erasure-{erasure_id}.json")


def _plan_page(request: PortalRequest, person: Person, given: dict[str, Any], here: str) -> HttpResponse:
    plan = plan_told(person)
    is_own = services.is_subject(request.principal, person)
    against = [one for one in plan["against"] if not (is_own and one["code"] == "ERASURE_STILL_MEMBER")]
    screen = Binding(
        title=_("Ask for this erasure?"),
        lead=_("This is what it would do now. Another person confirms it, then it waits for its days."),
        verb=_("Ask for the erasure"),
        icon="x",
        danger=True,
        back=here,
        go_back=_("Go back"),
        consequences=(),
        hidden={"act": "ask", **{name: str(value) for name, value in given.items() if value}},
    )
    return render(
        request,
        "portal/erasure_plan.html",
        {
            "screen": screen,
            "unreadable": say.unreadable(plan["rows"], plan["keys_destroyed"]),
            "provable": say.provable(),
            "against": say.standing_against(plan["against"]),
            "may_ask": not against,
        },
    )


def _take_back(request: PortalRequest, row: Erasure, here: str, back: str) -> HttpResponse:
    if request.method == "POST":
        services.withdraw_erasure(principal=request.principal, erasure_id=row.pk)
        messages.success(request, _("It was taken back. Nothing was erased."), extra_tags="permit")
        return redirect(here)
    against = say.standing_against(row.against)
    screen = Binding(
        title=_("Take this erasure back?"),
        lead=str(say.badge_of(row.state).words),
        verb=_("Take the erasure back"),
        icon="undo-2",
        back=back,
        go_back=_("Go back"),
        consequences=(
            Consequence("check", _("Nothing is erased."), _("It can be asked for again at any time.")),
            *say.its_day(row.due_at),
            *against,
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen})


def _steps() -> tuple[Consequence, ...]:
    return (
        Consequence("eye", _("You see what it would do"), _("before anything is asked.")),
        Consequence("users", _("Another person confirms"), _("an administrator of this server.")),
        Consequence("calendar-clock", _("It waits for its days"), _("and can be taken back until then.")),
        Consequence("lock", _("A job carries it out"), _("and signs a certificate of what was done.")),
    )


def _may_act(request: PortalRequest) -> bool:
    return request.principal.is_role("ADMIN")


def _require(request: PortalRequest) -> None:
    if not _may_act(request):
        raise PermissionDenied
