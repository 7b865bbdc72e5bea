"""Exceptions from the gate's rules: all of them, one of them, asked for, signed, ended."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods

from accounts.models import Membership
from agents_portal import material_words as say
from agents_portal.access import PortalRequest
from agents_portal.binding import Binding, Consequence
from agents_portal.forming import FormPage, Part, carried_out, show_form
from agents_portal.forms.material import ExceptionForm, end_of
from agents_portal.paging import page_after
from agents_portal.views.material import material_page, tabs
from common import clock
from training.models import RightsException
from training.seats import is_counsel, is_engineer
from training.selectors import rooms
from training.selectors.inventory import classes_of, exceptions_of, sources_of
from training.services.exceptions import ExceptionAsk, ask_exception, end_exception, sign_exception

_OFFERED = 200


@material_page
@require_http_methods(["GET"])
def exceptions_page(request: PortalRequest) -> HttpResponse:
    """Every exception of the house, over or not."""
    page = page_after(exceptions_of(request.principal), request.GET.get("after", ""))
    return render(
        request,
        "portal/material_exceptions.html",
        {
            "tabs": tabs("portal-material-exceptions"),
            "rows": [
                {"row": one, "badge": say.exception_badge(one), "why": say.why(one.codes)}
                for one in page.rows
            ],
            "more": f"?after={page.after}" if page.after else "",
            "first": request.path if request.GET.get("after") else "",
            "may_ask": is_engineer(request.principal),
        },
    )


@material_page
@require_http_methods(["GET", "POST"])
def new_exception_page(request: PortalRequest) -> HttpResponse:
    """Ask for an exception; it lifts nothing before counsel signed it."""
    if not is_engineer(request.principal):
        raise PermissionDenied
    classes = [(one.code, one.code) for one in classes_of(request.principal)[:_OFFERED]]
    sources = [
        (str(one.pk), f"{one.source_class.code}: {one.rights_holder}, {one.platform_id}")
        for one in sources_of(request.principal)[:_OFFERED]
    ]
    people = [
        (one.user.email, one.user.full_name)
        for one in Membership.objects.filter(organisation=request.principal.organisation, ended_at=None)
        .select_related("user")
        .order_by("user__full_name")[:_OFFERED]
    ]
    form = ExceptionForm(_sent(request), classes=classes, sources=sources, people=people)
    made: list[RightsException] = []
    if request.method == "POST" and carried_out(form, lambda: made.append(_ask(request, form.cleaned_data))):
        return redirect("portal-material-exception", made[0].pk)
    page = FormPage(
        title=_("Ask for an exception"),
        lead=_("A rule does not hold for a while, in a stated scope, with something done instead."),
        verb=_("Ask counsel"),
        back=reverse("portal-material-exceptions"),
        back_words=_("Exceptions"),
        parts=(
            Part(_("What and where"), ("codes", "source_class", "source")),
            Part(_("Why, and what instead"), ("owner", "reason", "compensating_controls", "rollback_plan")),
            Part(_("Until when"), ("review_on", "ends_on")),
        ),
        consequences=(
            Consequence("signature", _("Counsel signs it, or not."), _("Until then it lifts nothing.")),
            Consequence("eye", _("Everybody of the house sees it."), _("Also when it is over.")),
            Consequence("timer-off", _("It ends by itself.")),
        ),
        aside_title=_("What follows"),
    )
    return show_form(request, page, form)


@material_page
@require_http_methods(["GET"])
def exception_page(request: PortalRequest, exception_id: UUID) -> HttpResponse:
    """One exception with everything it states."""
    row = _exception(request, exception_id)
    is_live = row.ended_at is None and row.ends_at > clock.now()
    return render(
        request,
        "portal/material_exception.html",
        {
            "row": row,
            "badge": say.exception_badge(row),
            "why": say.why(row.codes),
            "is_own": row.asked_by_id == request.principal.person.pk,
            "may_bind": is_counsel(request.principal) and is_live,
        },
    )


@material_page
@require_http_methods(["GET", "POST"])
def sign_exception_page(request: PortalRequest, exception_id: UUID) -> HttpResponse:
    """Counsel signs."""
    row = _exception(request, exception_id)
    screen = Binding(
        title=_("Sign this exception?"),
        lead=_("Until %(day)s, in the class %(code)s.") % {
            "day": clock.rfc3339(row.ends_at)[:10], "code": row.source_class.code,
        },
        verb=_("Sign the exception"),
        back=reverse("portal-material-exception", args=[row.pk]),
        go_back=_("Go back"),
        consequences=(
            *(Consequence("lock-open", one.found, _("does not stop it there any more."), "expire") for one in say.why(row.codes)),
            Consequence("shield-check", _("Instead:"), row.compensating_controls),
            Consequence("undo-2", _("To undo it:"), row.rollback_plan),
        ),
    )  # fmt: skip
    return _carry(request, screen, row, sign_exception)


@material_page
@require_http_methods(["GET", "POST"])
def end_exception_page(request: PortalRequest, exception_id: UUID) -> HttpResponse:
    """End it before its time."""
    row = _exception(request, exception_id)
    screen = Binding(
        title=_("End this exception now?"),
        lead=_("The rules hold again from the next question on."),
        verb=_("End the exception"),
        icon="circle-x",
        danger=True,
        back=reverse("portal-material-exception", args=[row.pk]),
        go_back=_("Go back"),
        consequences=(
            Consequence("undo-2", _("To undo it:"), row.rollback_plan),
            Consequence("history", _("What it let in"), _("stays in, and each verdict names the exception.")),
        ),
    )
    return _carry(request, screen, row, end_exception)


def _carry(
    request: PortalRequest, screen: Binding, row: RightsException, act: Callable[..., Any]
) -> HttpResponse:
    if not is_counsel(request.principal):
        raise PermissionDenied
    if request.method == "POST":
        act(principal=request.principal, exception_id=row.pk)
        return redirect(screen.back)
    return render(request, "portal/bind.html", {"screen": screen})


def _ask(request: PortalRequest, given: dict[str, Any]) -> RightsException:
    told = dict(given)
    source = told.pop("source")
    return ask_exception(
        principal=request.principal,
        ask=ExceptionAsk(
            codes=tuple(told.pop("codes")),
            source=UUID(source) if source else None,
            ends_at=end_of(told.pop("ends_on")),
            **told,
        ),
    )


def _exception(request: PortalRequest, exception_id: UUID) -> RightsException:
    row = rooms.exception_for(request.principal, exception_id)
    if row is None:
        raise Http404
    return row


def _sent(request: PortalRequest) -> Any:
    return request.POST if request.method == "POST" else None
