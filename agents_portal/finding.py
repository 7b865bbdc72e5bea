"""Finding whom to ask: those who let a studio know of them, or a name to ask by.

A person who is hidden and one who does not exist are refused in the same words, and each question stands in the trail.
"""

from collections.abc import Callable
from uuid import UUID

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext as _

from accounts.principals import Principal
from agents_portal import words
from agents_portal.access import PortalRequest
from common.errors import NotFound
from licensing.models import Production
from licensing.selectors import directory, productions_visible_to
from licensing.selectors.people import VisibleTalent
from licensing.services import check_visibility

_PRODUCTIONS_SHOWN = 200
_HANDLE_MOST = 80


def find_page(
    request: PortalRequest,
    *,
    begin: Callable[[Production, str], HttpResponse | None],
    trains: bool = False,
) -> HttpResponse:
    """Find whom to ask; POST (``production``, ``talent``) begins.

    Args:
        begin: where a found person leads to; None: there is nobody of that name whom one may ask.
        trains: whether one asks to train, which the page says.
    """
    require_asker(request)
    sent = request.POST if request.method == "POST" else request.GET
    chosen = _production(request.principal, sent.get("production", ""))
    problem = ""
    if request.method == "POST":
        if chosen is None:
            problem = _("Choose the production it is for.")
        else:
            found = begin(chosen, sent.get("talent", "").strip())
            if found is not None:
                return found
            problem = nobody()
    search = request.GET.get("q", "").replace("\0", "").strip()[:80]
    page = directory(
        request.principal.organisation_id, search=search, after=_place(request.GET.get("after", ""))
    )
    return render(
        request,
        "portal/request_new.html",
        {
            "trains": trains,
            "productions": list(_own_productions(request.principal)[:_PRODUCTIONS_SHOWN]),
            "chosen": chosen,
            "rows": [
                {
                    "line": line,
                    "holds": words.and_list([words.construct_words(one) for one in line.constructs]),
                }
                for line in page.lines
            ],
            "page": page,
            "after": page.after.replace("\n", "~") if page.after else "",
            "search": search,
            "problem": problem,
            "handle": sent.get("talent", "")[:_HANDLE_MOST] if problem else "",
        },
        status=422 if problem else 200,
    )


def seen_by_asking(principal: Principal, production: Production, handle: str) -> VisibleTalent | None:
    """The person called ``handle``, if the studio may know of them and of a part of them; the question is recorded."""
    if not 0 < len(handle) <= _HANDLE_MOST or not handle.isprintable():
        return None
    try:
        seen = check_visibility(principal=principal, handle=handle, production_id=production.pk).talent
    except NotFound:
        return None
    return seen if seen is not None and seen.constructs else None


def nobody() -> str:
    """What is said of who is hidden and of who is not there."""
    return _("There is nobody of that name whom you may ask.")


def require_asker(request: PortalRequest) -> None:
    """Refuse who may not ask for the studio.

    Raises:
        PermissionDenied: neither a producer nor an administrator.
    """
    if not request.principal.is_role("PRODUCER", "ADMIN"):
        raise PermissionDenied


def _own_productions(principal: Principal) -> QuerySet[Production]:
    return productions_visible_to(principal).filter(organisation=principal.organisation)


def _production(principal: Principal, text: str) -> Production | None:
    try:
        return _own_productions(principal).filter(pk=UUID(text)).first()
    except ValueError:
        return None


def _place(word: str) -> str:
    name, _sign, handle = word[:400].rpartition("~")
    return f"{name}\n{handle}" if handle else ""
