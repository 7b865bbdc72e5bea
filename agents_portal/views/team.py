"""The organisation's people: who belongs to it, inviting, roles, and letting somebody go."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_http_methods

from accounts.invitations import invite_person
from accounts.own_sign_in import may_set_passkeys
from accounts.presence import require_presence
from accounts.team import Member, member_of, remove_member, set_roles, team_of
from agents_portal import words
from agents_portal.access import PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.forms.team import InviteForm, RolesForm
from agents_portal.words import and_list, opening, spelled
from audit.services import record
from common.errors import Conflict, Forbidden, InvalidInput

_FIELD_OF = {"ROLE_UNKNOWN": "roles", "EMAIL_INVALID": "email", "NAME_INVALID": "full_name"}


@portal_page()
@require_GET
def team_page(request: PortalRequest) -> HttpResponse:
    """List everybody who acts for the organisation."""
    members = team_of(request.principal)
    return render(
        request,
        "portal/team.html",
        {
            "rows": [{"member": one, "roles": _roles(one)} for one in members],
            "headline": opening(
                ngettext(
                    "%(count)s person acts for %(organisation)s",
                    "%(count)s people act for %(organisation)s",
                    len(members),
                )
                % {"count": spelled(len(members)), "organisation": request.principal.organisation.name}
            ),
            "may_manage": _may_manage(request),
            "may_see_sign_in": _may_manage(request) or may_set_passkeys(request.principal),
            "me": request.principal.person.pk,
        },
    )


@portal_page()
@require_http_methods(["GET", "POST"])
def invite_page(request: PortalRequest) -> HttpResponse:
    """Invite somebody: they get a link by e-mail and join in one role."""
    _require_manager(request)
    form = InviteForm(
        request.POST if request.method == "POST" else None, kind=request.principal.organisation.kind
    )
    if request.method == "POST" and form.is_valid():
        require_presence(request.principal)
        try:
            with transaction.atomic():
                link, address = invite_person(
                    organisation=request.principal.organisation,
                    invited_by=request.principal.person,
                    time_zone=request.principal.person.time_zone,
                    **form.cleaned_data,
                )
                record(
                    kind="member.invited",
                    principal=request.principal,
                    object_type="invitation",
                    object_id=link.pk,
                    details={"name": link.full_name, "role": ", ".join(link.roles)},
                    subject_id=link.user_key,
                )
        except (InvalidInput, Conflict) as error:
            form.add_error(_FIELD_OF.get(error.code), _said(error))
        else:
            messages.success(
                request,
                _("%(email)s is invited. The link is good once.") % {"email": form.cleaned_data["email"]},
                extra_tags="permit",
            )
            if not settings.SMTP.host:
                messages.info(
                    request,
                    _("No mail goes out from this server. Hand this link over yourself: %(address)s")
                    % {"address": address},
                )
            return redirect("portal-team")
    return render(request, "portal/team_invite.html", {"form": form}, status=422 if form.errors else 200)


@portal_page()
@require_http_methods(["GET", "POST"])
def member_page(request: PortalRequest, person_id: UUID) -> HttpResponse:
    """Change what a member may do."""
    member = _member_or_404(request, person_id)
    _require_manager(request)
    form = RolesForm(
        request.POST if request.method == "POST" else None,
        kind=request.principal.organisation.kind,
        roles=member.roles,
    )
    if request.method == "POST" and form.is_valid():
        require_presence(request.principal)
        try:
            with transaction.atomic():
                changed = set_roles(
                    principal=request.principal, person_id=person_id, roles=form.cleaned_data["roles"]
                )
                _record(request, "member.role_changed", changed)
        except (InvalidInput, Conflict) as error:
            form.add_error("roles", _said(error))
        else:
            messages.success(request, _("Kept. It holds at their next step."), extra_tags="permit")
            return redirect("portal-team")
    return render(
        request,
        "portal/team_member.html",
        {"form": form, "member": member, "roles": _roles(member)},
        status=422 if form.errors else 200,
    )


@portal_page()
@require_http_methods(["GET", "POST"])
def remove_page(request: PortalRequest, person_id: UUID) -> HttpResponse:
    """End somebody's part in the organisation."""
    member = _member_or_404(request, person_id)
    _require_manager(request)
    if request.method == "POST":
        require_presence(request.principal)
        try:
            with transaction.atomic():
                remove_member(principal=request.principal, person_id=person_id)
                _record(request, "member.removed", member)
        except (Conflict, Forbidden) as error:
            messages.warning(request, _said(error), extra_tags="deny")
            return redirect("portal-teammate", person_id)
        return redirect("portal-team")
    name = member.person.full_name
    screen = Binding(
        title=_("Remove %(name)s?") % {"name": name},
        lead=_("They act for %(organisation)s no more.")
        % {"organisation": request.principal.organisation.name},
        verb=_("Remove %(name)s") % {"name": name},
        icon="circle-x",
        danger=True,
        back=reverse("portal-teammate", args=[person_id]),
        consequences=(
            Consequence(
                "log-out", _("They are out at their next step, wherever they are signed in."), "", "deny"
            ),
            Consequence(
                "key-round",
                ngettext(
                    "%(count)d API key that they made stops working.",
                    "%(count)d API keys that they made stop working.",
                    member.live_keys,
                )
                % {"count": member.live_keys},
                _("Somebody else makes new ones."),
            ),
            Consequence("check", _("What they signed stays, and stays provable."), "", "permit"),
        ),
    )
    return render(request, "portal/bind.html", {"screen": screen})


def _member_or_404(request: PortalRequest, person_id: UUID) -> Member:
    member = member_of(request.principal, person_id)
    if member is None:
        raise Http404
    return member


def _may_manage(request: PortalRequest) -> bool:
    return request.principal.is_role("ADMIN")


def _require_manager(request: PortalRequest) -> None:
    if not _may_manage(request):
        raise PermissionDenied


def _roles(member: Member) -> str:
    return and_list([str(words.ROLES.get(role, role)) for role in member.roles])


def _said(error: InvalidInput | Conflict | Forbidden) -> str:
    return f"{error.title} {error.detail or ''}".strip()


def _record(request: PortalRequest, kind: str, member: Member) -> None:
    record(
        kind=kind,
        principal=request.principal,
        object_type="member",
        object_id=member.person.pk,
        details={"name": member.person.full_name, "role": ", ".join(member.roles)},
        subject_id=member.person.pk,
    )
