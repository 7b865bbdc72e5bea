"""The way in: the first page of each seat, the organisation one acts for, the look of the portal."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_GET, require_http_methods

from accounts.selectors import ORGANISATION_KEY, organisations_open_to
from accounts.services import choose_language
from agents_portal.access import FIRST_PAGES, PortalRequest, portal_page
from agents_portal.forms.settings import SettingsForm

_YEAR = 365 * 24 * 3600


@portal_page()
@require_GET
def first_page(request: PortalRequest) -> HttpResponse:
    """Lead to the first page of the reader's seat."""
    return redirect(FIRST_PAGES[request.seat])


@portal_page()
@require_http_methods(["GET", "POST"])
def organisation_page(request: PortalRequest) -> HttpResponse:
    """Choose for whom one acts; an organisation one does not belong to is not there."""
    mine = organisations_open_to(request).order_by("name")
    if request.method == "POST":
        chosen = next((one for one in mine if str(one.pk) == request.POST.get("organisation")), None)
        if chosen is not None:
            request.session[ORGANISATION_KEY] = str(chosen.pk)
            return redirect(_safe(request, request.POST.get("next", "")))
    return render(
        request, "portal/organisation.html", {"organisations": mine, "next": request.GET.get("next", "")}
    )


@portal_page()
@require_http_methods(["GET", "POST"])
def settings_page(request: PortalRequest) -> HttpResponse:
    """Keep the language with the person, and language, theme and keys in cookies."""
    person = request.principal.person
    now = {
        "language": person.language,
        "theme": request.COOKIES.get("theme", "auto"),
        "keys": request.COOKIES.get("keys", "on"),
    }
    form = SettingsForm(request.POST if request.method == "POST" else None, initial=now)
    if request.method == "POST" and form.is_valid():
        response = redirect("portal-settings")
        choose_language(person=person, language=form.cleaned_data["language"])
        for name in ("language", "theme", "keys"):
            response.set_cookie(
                name,
                form.cleaned_data[name],
                max_age=_YEAR,
                httponly=True,
                samesite="Lax",
                secure=request.is_secure(),
            )
        return response
    return render(request, "portal/settings.html", {"form": form}, status=422 if form.errors else 200)


def _safe(request: HttpRequest, address: str) -> str:
    """Only our own addresses are gone to."""
    ours = url_has_allowed_host_and_scheme(
        address, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return address if ours else reverse("portal-first")
