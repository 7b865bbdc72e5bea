"""Verify a file: hand it in, watch the stages, read the verdict, what is held for people, what was verified before."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from agents_portal.access import AGENT, AUDITOR, LEGAL, STUDIO, TALENT, VENDOR, PortalRequest, portal_page
from agents_portal.forms.verifications import VerifyForm, WordForm
from agents_portal.paging import PAGE, page_after
from agents_portal.verdict_words import (
    ACTIONS,
    STATES,
    errors_of,
    headline_words,
    layers_of,
    listed_badge,
    meant,
    not_meant,
    stages_of,
)
from common.errors import Conflict, InvalidInput, TooLarge, Unavailable
from common.keyset import slice_of
from common.problems import too_large
from verification import selectors, services, workflows
from verification.models import Verification
from watermarking.api import on_disk, refuse_oversize

READERS = (AGENT, TALENT, STUDIO, AUDITOR, VENDOR, LEGAL)
_SEGMENTS_SHOWN = 60
_UNDER_WAY = frozenset({"QUEUED", "RUNNING"})


@csrf_exempt  # asked below, once the size is known to be bearable: asking reads the body
@portal_page(*READERS)
@require_http_methods(["GET", "POST"])
def verifications_page(request: PortalRequest) -> HttpResponseBase:
    """What was verified, newest first, and the place to hand a file in."""
    try:
        refuse_oversize(request)  # type: ignore[arg-type]
    except TooLarge:
        return too_large(request)
    return _list_or_take(request)


@csrf_protect
def _list_or_take(request: PortalRequest) -> HttpResponse:
    is_sent = request.method == "POST"
    form = VerifyForm(request.POST, request.FILES) if is_sent else VerifyForm()
    if is_sent and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            with on_disk(upload) as path:
                row = workflows.verify_upload(
                    principal=request.principal,
                    path=path,
                    file_name=upload.name or "file",
                    content_type=upload.content_type or "",
                    impact=form.cleaned_data["impact"],
                )
            return redirect("portal-verification", row.pk)
        except (InvalidInput, TooLarge, Unavailable) as error:
            form.add_error("file", f"{error.title} {error.detail}".strip())
    page = page_after(selectors.verifications_visible_to(request.principal), request.GET.get("after", ""))
    waiting = selectors.review_queue(request.principal).count()
    return render(
        request,
        "portal/verifications.html",
        {
            "form": form,
            "rows": [_row(one) for one in page.rows],
            "after": page.after,
            "waiting": waiting,
            "waiting_words": ngettext(
                "%(n)s file waits for a person.", "%(n)s files wait for a person.", waiting
            )
            % {"n": waiting},
            "days": settings.VERIFICATION_KEEP_DAYS,
        },
        status=422 if form.errors else 200,
    )


@portal_page(*READERS)
@require_GET
def verification_page(request: PortalRequest, verification_id: UUID) -> HttpResponse:
    """The verdict in words, then the evidence of each layer; while it is under way, the stages.

    A page that follows tells what it shows (``seen``): nothing is replaced before something has changed, and the
    verdict comes as a page of its own.
    """
    row = _one(request, verification_id)
    if request.htmx and "seen" in request.GET:
        if row.state not in _UNDER_WAY:
            return HttpResponse(headers={"HX-Refresh": "true"})
        if request.GET["seen"] == _seen(row):
            return HttpResponse(status=204)
    return _shown(request, row, WordForm())


@portal_page(*READERS)
@require_POST
def review_page(request: PortalRequest, verification_id: UUID) -> HttpResponse:
    """Give one's word on what was held or escalated."""
    row, form = _one(request, verification_id), WordForm(request.POST)
    if form.is_valid():
        try:
            services.give_word(
                principal=request.principal, verification_id=verification_id, **form.cleaned_data
            )
            return redirect("portal-verification", verification_id)
        except (InvalidInput, Conflict) as error:
            form.add_error(None, f"{error.title} {error.detail}".strip())
    return _shown(request, row, form)


@portal_page(*READERS)
@require_POST
def replay_page(request: PortalRequest, verification_id: UUID) -> HttpResponse:
    """Decide again from what was stored, and say whether anything differs."""
    made = services.replay(principal=request.principal, verification_id=verification_id)
    number = len(made.differences)
    told = (
        ngettext("Decided again: %(n)s difference.", "Decided again: %(n)s differences.", number)
        % {"n": number}
        if number
        else _("Decided again from what was stored: the same.")
    )
    messages.info(request, told)
    return redirect("portal-verification", verification_id)


@portal_page(*READERS)
@require_GET
def review_queue_page(request: PortalRequest) -> HttpResponse:
    """What was held or escalated and waits for two people, what would harm somebody first, then the oldest."""
    after = request.GET.get("after", "")
    page = slice_of(
        selectors.review_queue(request.principal), by=selectors.QUEUE_ORDER, after=after, size=PAGE
    )
    return render(
        request,
        "portal/verification_queue.html",
        {
            "rows": [{**_row(one), "said": list(one.record.reviews.all())} for one in page.rows],
            "more": f"?after={page.after}" if page.after else "",
            "first": request.path if after else "",
        },
    )


def _shown(request: PortalRequest, row: Verification, form: WordForm) -> HttpResponse:
    context: dict[str, Any] = {
        "row": row,
        "stages": stages_of(row),
        "form": form,
        "state": STATES.get(row.state),
    }
    if hasattr(row, "record"):
        record, report = row.record, row.record.report
        badge, sentence, lead = headline_words(record.headline)
        words = list(record.reviews.select_related("person").order_by("created_at"))
        replay = record.replays.order_by("-created_at").first()
        outcome = selectors.outcome_of(record)
        is_watched = record.action in {"hold", "escalate"}
        context |= {
            "record": record,
            "report": report,
            "badge": badge,
            "sentence": sentence,
            "lead": lead,
            "action": ACTIONS[record.action],
            "layers": layers_of(report),
            "errors": errors_of(report),
            "segments": report["watermark"]["segments"][:_SEGMENTS_SHOWN],
            "means": meant(record.headline),
            "means_not": not_meant(record.headline),
            "words": words,
            "replay": replay,
            "outcome": outcome,
            "may_say": is_watched
            and outcome is None
            and request.principal.person.pk not in {one.person_id for one in words},
            "is_watched": is_watched,
            "seconds": sum(one["milliseconds"] for one in report["audit"]["stages"]) / 1000,
        }
    context |= {"unfinished": row.state in _UNDER_WAY, "seen": _seen(row)}
    return render(request, "portal/verification.html", context, status=422 if form.errors else 200)


def _seen(row: Verification) -> str:
    return f"{row.state}-{len(row.stages)}"


def _one(request: PortalRequest, verification_id: UUID) -> Verification:
    row = selectors.verification_for(request.principal, verification_id)
    if row is None:
        raise Http404
    return row


def _row(row: Verification) -> dict[str, Any]:
    if not hasattr(row, "record"):
        return {"row": row, "badge": STATES[row.state], "action": None}
    return {"row": row, "badge": listed_badge(row.record.headline), "action": ACTIONS[row.record.action]}
