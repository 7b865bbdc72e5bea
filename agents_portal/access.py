"""Who may open a page: signed in, a member of an organisation, in one of the seats the page is for.

Missing and forbidden answer the same 404. Times on the page are in the reader's zone.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from accounts.models import Membership, Organisation
from accounts.presence import StepUpRequired
from accounts.principals import Principal
from accounts.selectors import principal_of_session
from agents_portal.confirm import confirm_page, take_confirmation
from agents_portal.languages import speak_to
from common.errors import Conflict, Forbidden, NotFound, Unavailable

AGENT, TALENT, STUDIO, AUDITOR, VENDOR = "agent", "talent", "studio", "auditor", "vendor"
LEGAL, OPERATOR = "legal", "operator"
_SEATS = {
    Organisation.Kind.AGENCY: AGENT,
    Organisation.Kind.TALENT: TALENT,
    Organisation.Kind.STUDIO: STUDIO,
    Organisation.Kind.GUILD: AUDITOR,
    Organisation.Kind.VENDOR: VENDOR,
    Organisation.Kind.OPERATOR: OPERATOR,
}
# Whose legal desk has pages of its own; elsewhere who is only that reads what the house reads.
_WITH_LEGAL_DESK = {Organisation.Kind.AGENCY, Organisation.Kind.STUDIO}
FIRST_PAGES = {
    AGENT: "portal-inbox",
    TALENT: "portal-home",
    STUDIO: "portal-productions",
    AUDITOR: "portal-bundles",
    VENDOR: "portal-licences",
    LEGAL: "portal-productions",
    OPERATOR: "portal-organisations",
}
View = Callable[..., HttpResponseBase]


class PortalRequest(HttpRequest):
    """A request whose reader is known: who, for which organisation, in which seat."""

    principal: Principal
    seat: str
    portal_needs: int | None
    htmx: Any


def seat_of(principal: Principal) -> str:
    """Which pages a member of this kind of organisation gets; who is its counsel and nothing else, the legal desk's."""
    kind = Organisation.Kind(principal.organisation.kind)
    if kind in _WITH_LEGAL_DESK and principal.roles == {Membership.Role.LEGAL}:
        return LEGAL
    return _SEATS[kind]


def zone_of(name: str) -> ZoneInfo:
    """The reader's time zone; UTC where the name is unknown."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def portal_page(*seats: str) -> Callable[[View], View]:
    """Open the page to signed-in members in one of ``seats`` (any seat when empty); 404 for others."""

    def wrap(view: View) -> View:
        @wraps(view)
        def answer(request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            if not request.user.is_authenticated:
                return redirect_to_login(request.get_full_path(), reverse("account_login"))
            principal = principal_of_session(request)
            if principal is None:
                return render(request, "portal/nowhere.html", status=403)
            request.principal, request.seat = principal, seat_of(principal)
            speak_to(principal.person.language, familiarly=request.seat == TALENT)
            take_confirmation(request)
            if seats and request.seat not in seats:
                raise Http404
            with timezone.override(zone_of(principal.person.time_zone)):
                return _kept(_answered(view, request, *args, **kwargs))

        return answer

    return wrap


def _answered(view: View, request: PortalRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
    try:
        return view(request, *args, **kwargs)
    except NotFound as error:
        raise Http404 from error
    except StepUpRequired:
        return confirm_page(request)
    except Forbidden as error:
        raise PermissionDenied from error
    except Conflict as error:
        return render(request, "portal/conflict.html", {"problem": error}, status=409)
    except Unavailable as error:
        return render(request, "portal/unavailable.html", {"problem": error}, status=503)


def _kept(response: HttpResponseBase) -> HttpResponseBase:
    """Personal pages are never kept by a cache on the way, nor shown by "back" after signing out."""
    response.headers.setdefault("Cache-Control", "private, no-store")
    return response
