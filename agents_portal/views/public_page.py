"""The operator's switch of the page where anybody may check a file."""

from django.conf import settings
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.template.defaultfilters import filesizeformat
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods

from accounts.operating import require_operator
from accounts.presence import require_presence
from agents_portal.access import OPERATOR, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.words import figure
from common.errors import Conflict
from verification import selectors, services


@portal_page(OPERATOR)
@require_http_methods(["GET", "POST"])
def public_page_switch(request: PortalRequest) -> HttpResponse:
    """Say how it stands, and switch it; the button says which way."""
    require_operator(request.principal)
    require_presence(request.principal)
    wanted = not selectors.is_public_page_on()
    if request.method == "POST":
        if request.POST.get("on") != ("on" if wanted else "off"):
            raise Conflict(
                "PUBLIC_PAGE_MOVED", _("Somebody changed this meanwhile"), _("Nothing was changed by you.")
            )
        services.switch_public_page(principal=request.principal, on=wanted)
        return redirect("portal-public-page")
    screen = _switch_on() if wanted else _switch_off()
    return render(request, "portal/bind.html", {"screen": screen, "form": None})


def _switch_on() -> Binding:
    pace = settings.PUBLIC_CHECKS_PER_MINUTE
    return Binding(
        title=_("Let anybody check a file here?"),
        lead=_("The public page is off: its address leads nowhere."),
        verb=_("Switch the page on"), icon="search-check", back=reverse("portal-health"), hidden={"on": "on"},
        consequences=(
            Consequence("users", _("Whoever finds %(path)s may hand a file in,") % {"path": reverse("public-check")}, _("without an account, and reads what its credentials and the marks of this server say.")),
            Consequence("hourglass", ngettext("%(n)s file a minute from one network,", "%(n)s files a minute from one network,", pace) % {"n": figure(pace)}, _("each of at most %(size)s, a few at once.") % {"size": filesizeformat(settings.PUBLIC_CHECK_BYTES_MAX)}),
            Consequence("lock", _("Nothing is kept:"), _("the file goes as soon as it was read, the answer as soon as it was seen. Nobody learns which licence or production a mark leads to."), "permit"),
        ),
    )  # fmt: skip


def _switch_off() -> Binding:
    said = selectors.public_switch()
    return Binding(
        title=_("Close the public page?"),
        lead=_("It is on, by %(person)s. Anybody may check a file at %(path)s.")
        % {"person": said.person.full_name if said else "", "path": reverse("public-check")},
        verb=_("Switch the page off"), icon="circle-x", danger=True, back=reverse("portal-health"), hidden={"on": "off"},
        consequences=(
            Consequence("circle-x", _("Its address leads nowhere,"), _("at once."), "deny"),
            Consequence("hourglass", _("What waits is deleted, unread."), ""),
        ),
    )  # fmt: skip
