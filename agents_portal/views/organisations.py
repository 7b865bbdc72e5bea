"""The operator's view of organisations: registered, given a first administrator, people who left ended.

An operator reads no licence, request, vault or receipt, and belongs to no party.
"""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.models import Membership, Organisation, User
from accounts.operating import (
    KINDS,
    appoint_administrator,
    end_memberships,
    has_administrator,
    memberships_of,
    organisations,
    people_of,
    register_party,
)
from agents_portal import words
from agents_portal.access import OPERATOR, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.forms.organisations import AdministratorForm, OrganisationForm
from agents_portal.views.usage import after_of
from audit.services import record
from common.errors import Conflict, InvalidInput

_A_PAGE = 50
_PEOPLE_SHOWN = 200
_TABS = (("", gettext_lazy("All but talents")), *((one.value, one.label) for one in KINDS))


@portal_page(OPERATOR)
@require_GET
def organisations_page(request: PortalRequest) -> HttpResponse:
    """List organisations; ``q`` searches, ``kind`` narrows, ``after`` pages."""
    search, kind = request.GET.get("q", "").strip()[:160], request.GET.get("kind", "")
    if not search.isprintable() or (kind and kind not in Organisation.Kind.values):
        raise Http404
    after = after_of(request)
    last = Organisation.objects.filter(pk=after).first() if after else None
    page = list(organisations(search=search, kind=kind, after=last)[: _A_PAGE + 1])
    shown = page[:_A_PAGE]
    people = people_of(shown)
    return render(
        request,
        "portal/organisations.html",
        {
            "rows": [(one, Organisation.Kind(one.kind).label, people.get(one.pk, 0)) for one in shown],
            "after": shown[-1].pk if len(page) > _A_PAGE else None,
            "search": search,
            "kind": kind,
            "kinds": _TABS,
            "may_act": _may_act(request),
        },
    )


@portal_page(OPERATOR)
@require_http_methods(["GET", "POST"])
def new_organisation_page(request: PortalRequest) -> HttpResponse:
    """Register an organisation."""
    _require(request)
    form = OrganisationForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                made = register_party(principal=request.principal, **form.cleaned_data)
                _record(request, "organisation.registered", made, {"kind": made.kind, "slug": made.slug})
            return redirect("portal-organisation-one", made.pk)
        except (InvalidInput, Conflict) as error:
            form.add_error("slug" if error.code == "ORGANISATION_EXISTS" else None, error.title)
    return render(request, "portal/organisation_new.html", {"form": form}, status=422 if form.errors else 200)


@portal_page(OPERATOR)
@require_GET
def one_organisation_page(request: PortalRequest, organisation_id: UUID) -> HttpResponse:
    """Show an organisation's people and roles; nothing of what it does."""
    house = _organisation(organisation_id)
    rows = list(memberships_of(house)[:_PEOPLE_SHOWN])
    living: dict[UUID, list[Membership]] = {}
    for row in rows:
        if row.ended_at is None:
            living.setdefault(row.user_id, []).append(row)
    return render(
        request,
        "portal/organisation_one.html",
        {
            "house": house,
            "kind": Organisation.Kind(house.kind).label,
            "people": [
                (
                    mine[0].user,
                    ", ".join(str(words.ROLES.get(one.role, one.role)) for one in mine),
                    min(one.created_at for one in mine),
                    all(one.role != Membership.Role.TALENT for one in mine),
                )
                for mine in living.values()
            ],
            "past": [(row, words.ROLES.get(row.role, row.role)) for row in rows if row.ended_at is not None],
            "needs_administrator": not has_administrator(house) and house.kind != Organisation.Kind.OPERATOR,
            "is_ours": house.kind == Organisation.Kind.OPERATOR,
            "may_act": _may_act(request),
            "headline": ngettext("%(n)s person", "%(n)s people", len(living)) % {"n": len(living)},
        },
    )


@portal_page(OPERATOR)
@require_http_methods(["GET", "POST"])
def appoint_page(request: PortalRequest, organisation_id: UUID) -> HttpResponse:
    """Invite the first administrator; the link goes out by e-mail and is shown in the answer, once."""
    _require(request)
    house = _organisation(organisation_id)
    form = AdministratorForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                link, address = appoint_administrator(
                    principal=request.principal, organisation=house, **form.cleaned_data
                )
                _record(request, "organisation.administrator_appointed", house, {"invitation": str(link.pk)})
        except InvalidInput as error:
            form.add_error("email" if error.code == "EMAIL_INVALID" else "full_name", error.title)
        else:
            return render(
                request,
                "portal/organisation_appointed.html",
                {"house": house, "link": link, "address": address},
            )
    return render(
        request,
        "portal/organisation_appoint.html",
        {"form": form, "house": house},
        status=422 if form.errors else 200,
    )


@portal_page(OPERATOR)
@require_http_methods(["GET", "POST"])
def end_member_page(request: PortalRequest, organisation_id: UUID, user_id: UUID) -> HttpResponse:
    """End every role of somebody who has left."""
    _require(request)
    house = _organisation(organisation_id)
    person = User.objects.filter(
        pk=user_id, memberships__organisation=house, memberships__ended_at=None
    ).first()
    if person is None or _is_talent(house, person):
        raise Http404
    if request.method == "POST":
        with transaction.atomic():
            ended = end_memberships(principal=request.principal, organisation=house, user=person)
            _record(request, "organisation.member_ended", house, {"person": str(person.pk), "roles": ended})
        messages.success(request, _("Every role there has ended."), extra_tags="permit")
        return redirect("portal-organisation-one", house.pk)
    screen = Binding(
        title=_("End every role of %(name)s?") % {"name": person.full_name},
        lead=_("At %(house)s. The organisation sees that you did it.") % {"house": house.name},
        verb=_("End the roles"),
        icon="circle-x",
        danger=True,
        back=reverse("portal-organisation-one", args=[house.pk]),
        go_back=_("Go back"),
        consequences=(
            Consequence("log-out", _("The person acts for it no more,"), _("from the next page on."), "deny"),
            Consequence(
                "key-round", _("API keys that they made stop,"), _("for nobody answers for them."), "deny"
            ),
            Consequence("signature", _("What they signed stands.")),
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen})


def _organisation(organisation_id: UUID) -> Organisation:
    found = Organisation.objects.filter(pk=organisation_id).first()
    if found is None:
        raise Http404
    return found


def _is_talent(house: Organisation, person: User) -> bool:
    return memberships_of(house).filter(user=person, role="TALENT", ended_at=None).exists()


def _may_act(request: PortalRequest) -> bool:
    return request.principal.is_role("ADMIN")


def _require(request: PortalRequest) -> None:
    if not _may_act(request):
        raise PermissionDenied


def _record(request: PortalRequest, kind: str, house: Organisation, details: dict[str, object]) -> None:
    """The organisation reads what the operator did to it."""
    record(
        kind=kind,
        principal=request.principal,
        visible_to=[house.pk],
        object_type="organisation",
        object_id=house.pk,
        details=details,
    )
