"""What a person was told, how they want to hear of what, and the link in a letter that ends its e-mail."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents_portal.access import PortalRequest, portal_page
from agents_portal.context import COUNTED, Portal
from agents_portal.forms.notices import ChoicesForm, topic_words
from agents_portal.paging import page_after
from agents_portal.words import Badge, opening, spelled
from common.errors import NotFound
from notify.models import Letter
from notify.selectors import letters_for, mail_log, unread_count
from notify.services import choices_of, choose, mark_read, resend_letter, stop_mail
from notify.unsubscribing import read_unsubscribe
from notify.wording import wording_of

_ICONS = {
    "ARRIVED": ("inbox", "accent"),
    "DEADLINE": ("clock-alert", "expire"),
    "ANSWERED": ("reply", ""),
    "ISSUED": ("file-check", "permit"),
    "EXPIRY": ("clock-alert", "expire"),
    "QUOTA": ("gauge", "expire"),
    "DUTY": ("hourglass", "expire"),
    "TRAINING": ("book-open", ""),
    "OUTPUT": ("circle-pause", "expire"),
    "STOP": ("octagon-x", "deny"),
    "SECURITY": ("key-round", ""),
}


@portal_page()
@require_GET
def notices_page(request: PortalRequest) -> HttpResponse:
    """List what the reader was told, newest first; ``after`` goes on."""
    shown = page_after(letters_for(request.principal), request.GET.get("after", ""))
    unread = unread_count(request.principal)
    return render(
        request,
        "portal/notices.html",
        {
            "rows": [_row(letter) for letter in shown.rows],
            "after": shown.after,
            "unread": unread,
            "headline": _headline(unread),
            "may_see_mail": request.principal.is_role("ADMIN"),
        },
    )


@portal_page()
@require_GET
def live_page(request: PortalRequest) -> HttpResponse:
    """The counts as they are now, for a page that stays open; ``waiting`` and ``unread`` are what it shows.

    The answer swaps figures in place and says in the page's one polite region what is new: no list moves.
    """
    frame = Portal(request)
    more_waiting = max(0, frame.waiting - _shown(request, "waiting"))
    more_unread = max(0, frame.unread - _shown(request, "unread"))
    return render(
        request,
        "portal/live.html",
        {
            "counted": COUNTED.get(request.seat, ""),
            "waiting": frame.waiting,
            "more_waiting": more_waiting,
            "more_unread": more_unread,
            "href": reverse(COUNTED[request.seat] if more_waiting else "portal-notices"),
        },
    )


@portal_page()
@require_POST
def read_page(request: PortalRequest) -> HttpResponse:
    """Mark all read, or those named by ``letter``."""
    named = [one for text in request.POST.getlist("letter") if (one := _uuid(text))]
    mark_read(principal=request.principal, letter_ids=named or None)
    return redirect("portal-notices")


@portal_page()
@require_http_methods(["GET", "POST"])
def choices_page(request: PortalRequest) -> HttpResponse:
    """Choose for each topic whether it comes by e-mail and stands in the portal."""
    now = choices_of(request.principal.person)
    form = ChoicesForm(request.POST if request.method == "POST" else None, now=now)
    if request.method == "POST" and form.is_valid():
        choose(person=request.principal.person, ways=form.ways())
        messages.success(request, _("Kept. It holds from now on."), extra_tags="permit")
        return redirect("portal-notice-choices")
    status = 422 if form.errors else 200
    return render(request, "portal/notice_choices.html", {"form": form, "rows": form.rows()}, status=status)


@portal_page()
@require_GET
def mail_page(request: PortalRequest) -> HttpResponse:
    """Show an administrator the e-mail of the organisation: to whom, of what, how it ended."""
    if not request.principal.is_role("ADMIN"):
        raise PermissionDenied
    shown = page_after(mail_log(request.principal), request.GET.get("after", ""))
    rows = [{"letter": one, "badge": _mail_badge(one), "topic": topic_words(one.topic)} for one in shown.rows]
    return render(request, "portal/mail_log.html", {"rows": rows, "after": shown.after})


@portal_page()
@require_POST
def resend_page(request: PortalRequest, letter_id: UUID) -> HttpResponse:
    """Try an e-mail that was given up once more."""
    if not request.principal.is_role("ADMIN"):
        raise PermissionDenied
    if resend_letter(letter_id=letter_id, organisation_id=request.principal.organisation_id) is None:
        raise Http404
    messages.success(request, _("It is tried again."), extra_tags="permit")
    return redirect("portal-mail")


@csrf_exempt  # posted by mail providers (RFC 8058); the address is signed and does this one thing
@require_http_methods(["GET", "POST"])
def unsubscribe_page(request: HttpRequest, token: str) -> HttpResponse:
    """End a topic's e-mail; opening the link asks first, for programs open links too."""
    try:
        person, topic = read_unsubscribe(token)
    except NotFound as error:
        raise Http404 from error
    is_done = request.method == "POST"
    if is_done:
        stop_mail(person=person, topic=topic)
    response = render(request, "portal/unsubscribe.html", {"topic": topic_words(topic), "is_done": is_done})
    response["Cache-Control"] = "private, no-store"
    response["Referrer-Policy"] = "no-referrer"
    return response


def _shown(request: PortalRequest, name: str) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isascii() and text.isdecimal() and len(text) < 9 else 0


def _row(letter: Letter) -> dict[str, Any]:
    icon, tone = _ICONS.get(letter.topic, ("info", ""))
    return {"letter": letter, "words": wording_of(letter.kind, letter.facts), "icon": icon, "tone": tone}


def _headline(unread: int) -> str:
    if not unread:
        return _("You have read everything")
    return opening(
        ngettext("%(count)s notice is new", "%(count)s notices are new", unread) % {"count": spelled(unread)}
    )


def _mail_badge(letter: Letter) -> Badge:
    return {
        Letter.Mail.SENT: Badge("circle-check", _("Sent"), "permit"),
        Letter.Mail.WAITING: Badge("hourglass", _("Tried again") if letter.attempts else _("Waits")),
        Letter.Mail.GATHERED: Badge("list", _("In the next digest")),
        Letter.Mail.DEAD: Badge("circle-x", _("Given up"), "deny"),
    }.get(Letter.Mail(letter.mail), Badge("circle-dashed", _("Not sent")))


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
