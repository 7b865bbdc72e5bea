"""Anybody checks a file, without an account: where an operator has switched the page on, at a pace, and nothing is kept.

The address of an answer is known to who handed the file in alone. It works until the answer was shown; then file and
answer are gone, and the address leads nowhere.
"""

import json
from base64 import b64encode
from functools import wraps
from typing import Any, Final

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal.access import View
from agents_portal.forms.checks import CheckForm
from agents_portal.verdict_words import (
    errors_of,
    headline_words,
    layers_of_check,
    meant,
    not_meant,
    stages_of,
)
from common import clock
from common.errors import DomainError, InvalidInput, NotFound, TooLarge, Unavailable
from common.networks import network_of
from common.pacing import ByAddress, seconds_to_wait
from common.problems import too_large
from verification import selectors, services, workflows
from verification.models import UNFINISHED, PublicCheck
from watermarking.api import on_disk

_MULTIPART_ROOM: Final = 64 * 1024
_UNREADABLE: Final = frozenset({"ingestion_failed", "canonicalisation_failed"})


class CheckLimit(ByAddress):
    """Files that one network may hand in; the shared cache counts under a name that holds no address."""

    scope = "public-check"
    setting = "PUBLIC_CHECKS_PER_MINUTE"

    def get_cache_key(self, request: Any, view: Any) -> str:
        day = f"{clock.now():%Y-%m-%d}"
        ident = salted_hmac(f"trustmark.public-check/{day}", network_of(request.META)).hexdigest()
        return self.cache_format % {"scope": self.scope, "ident": ident}


def _public(view: View) -> View:
    """Where no operator has switched the page on, there is nothing."""

    @wraps(view)
    def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not selectors.is_public_page_on():
            raise Http404
        response = view(request, *args, **kwargs)
        response.headers["X-Robots-Tag"] = "noindex"
        return response

    return answer


@csrf_exempt  # asked below, once the size and the pace are known to be bearable: asking reads the body
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@_public
def check_page(request: HttpRequest) -> HttpResponseBase:
    """The place to hand a file in: 413 where it is too large, 429 where they come too fast, before the body is read."""
    if request.method == "POST":
        declared = request.META.get("CONTENT_LENGTH") or "0"
        if not declared.isdigit() or int(declared) > settings.PUBLIC_CHECK_BYTES_MAX + _MULTIPART_ROOM:
            return too_large(request)
        if wait := seconds_to_wait(CheckLimit, request):
            refused = render(request, "429.html", status=429)
            refused.headers["Retry-After"] = str(wait)
            return refused
    return _page_or_take(request)


@csrf_protect
def _page_or_take(request: HttpRequest) -> HttpResponse:
    is_sent = request.method == "POST"
    form, status = CheckForm(request.POST, request.FILES) if is_sent else CheckForm(), 200
    if is_sent:
        status = 422
        if form.is_valid():
            try:
                return redirect("public-check-answer", _taken(form))
            except (InvalidInput, TooLarge, Unavailable) as error:
                status = error.status
                form.add_error("file", _words(error))
    context = {"form": form, "bytes_most": settings.PUBLIC_CHECK_BYTES_MAX}
    response = render(request, "portal/check.html", context, status=status)
    if status == Unavailable.status:
        response.headers["Retry-After"] = "60"
    return response


def _taken(form: CheckForm) -> str:
    upload = form.cleaned_data["file"]
    with on_disk(upload) as path:
        return workflows.check_upload(
            path=path, file_name=upload.name or "file", content_type=upload.content_type or ""
        )


@never_cache
@require_GET
@_public
def check_answer_page(request: HttpRequest, secret: str) -> HttpResponse:
    """The stages while it is being read, then the answer, this once.

    A page that follows (``seen``) is told to come again whole when there is something new, and takes nothing.
    """
    if "seen" in request.GET and getattr(request, "htmx", False):
        return _followed(request, secret)
    try:
        row = services.take_answer(secret=secret)
    except NotFound:
        return render(request, "portal/check_gone.html", status=404)
    if row.state in UNFINISHED:
        return _waiting(request, row)
    if row.answer is None:
        return render(request, "portal/check_failed.html", {"row": row}, status=422)
    return _answered(request, row, row.answer)


def _followed(request: HttpRequest, secret: str) -> HttpResponse:
    row = selectors.check_of(services.digest_of(secret))
    if row is None or row.state not in UNFINISHED:
        return HttpResponse(headers={"HX-Refresh": "true"})
    return HttpResponse(status=204) if request.GET["seen"] == _seen(row) else _waiting(request, row)


def _waiting(request: HttpRequest, row: PublicCheck) -> HttpResponse:
    return render(
        request, "portal/check_waits.html", {"row": row, "stages": stages_of(row), "seen": _seen(row)}
    )


def _answered(request: HttpRequest, row: PublicCheck, answer: dict[str, Any]) -> HttpResponse:
    report = answer["report"]
    errors = errors_of(report)
    unreadable = {code for _sentence, code in errors} >= _UNREADABLE
    badge, sentence, lead = headline_words(report["decision"]["headline"])
    taken_along = b64encode(json.dumps(answer, indent=1).encode()).decode("ascii")
    context = {
        "row": row,
        "report": report,
        "badge": badge,
        "sentence": _("We could not read this file.") if unreadable else sentence,
        "lead": _(
            "It is no film, picture or sound that is read here, or it is damaged. Nothing is known of it."
        )
        if unreadable
        else lead,
        "layers": [] if unreadable else layers_of_check(report),
        "errors": errors,
        "means": [] if unreadable else meant(report["decision"]["headline"]),
        "means_not": not_meant(report["decision"]["headline"]),
        "report_sha256": answer["report_sha256"],
        "taken_along": f"data:application/json;base64,{taken_along}",
    }
    return render(request, "portal/check_answer.html", context, status=422 if unreadable else 200)


def _seen(row: PublicCheck) -> str:
    return f"{row.state}-{len(row.stages)}"


def _words(error: DomainError) -> str:
    return f"{error.title} {error.detail}".strip()
