"""What is done with a script: registered, handed in, granted, ended, copied, looked for, destroyed. One form a page."""

import math
from collections.abc import Callable
from datetime import datetime, time
from typing import Any, NamedTuple
from uuid import UUID

from django import forms
from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_http_methods

from agents_portal.access import PortalRequest, portal_page
from agents_portal.forms.scripts import (
    CopyForm,
    GrantForm,
    LeakForm,
    ReasonForm,
    TrainingForm,
    VersionForm,
    WorkForm,
)
from agents_portal.views.scripts import READERS, open_work
from common.errors import Conflict, InvalidInput, TooLarge
from common.problems import too_large
from licensing.selectors import productions_visible_to
from screenplays import selectors, services
from screenplays.api.base import FORM_BYTES, on_disk, refuse_oversize
from screenplays.models import Work

_FIELD_OF = {
    "WORK_TITLE_INVALID": "title",
    "WRITER_UNKNOWN": "writer_email",
    "PRODUCTION_UNKNOWN": "production_id",
    "VERSION_LABEL_INVALID": "label",
    "DATED_INVALID": "dated",
    "ENCODING_UNKNOWN": "encoding",
    "SCRIPT_ENCODING": "encoding",
    "GRANTEE_UNKNOWN": "to",
    "WINDOW_INVALID": "until",
    "VERSION_UNKNOWN": "version_id",
    "BASIS_MISSING": "basis",
    "TRAINING_LICENCE_INVALID": "training_licence",
    "REASON_MISSING": "reason",
    "RECIPIENT_INVALID": "recipient",
    "COPY_CHARACTERS": "version_id",
}


class Screen(NamedTuple):
    """The words around one form."""

    title: str
    lead: str
    verb: str
    back: str
    danger: bool = False


@portal_page(*READERS)
@require_http_methods(["GET", "POST"])
def new_script_page(request: PortalRequest) -> HttpResponse:
    """Register a work."""
    if not selectors.may_keep(request.principal):
        raise PermissionDenied
    rows = productions_visible_to(request.principal).filter(organisation=request.principal.organisation)
    productions = [(str(pk), title) for pk, title in rows.values_list("pk", "title")[:200]]
    screen = Screen(
        _("Register a script"),
        _("It gets a key of its own. What you hand in next is sealed under it."),
        _("Register it"),
        reverse("portal-scripts"),
    )
    return _act(
        request,
        WorkForm(_sent(request), productions=productions),
        screen,
        lambda **given: services.register_work(principal=request.principal, **given),
        lambda work: reverse("portal-script", args=[work.pk]),
    )


@csrf_exempt  # asked below, once it is known that the reader may hand in: asking reads the body
@portal_page(*READERS)
@require_http_methods(["GET", "POST"])
def new_version_page(request: PortalRequest, work_id: UUID) -> HttpResponseBase:
    """Hand a version in, spooled to disk as it comes."""
    work = _writable(request, work_id)
    screen = Screen(
        _("Hand in a version"),
        _(
            "It is read, hashed and sealed; the moment it comes in is signed. It cannot be changed afterwards."
        ),
        _("Hand it in"),
        reverse("portal-script", args=[work.pk]),
    )

    def take(path: Any, file_name: str, **given: Any) -> Any:
        return services.add_version(
            principal=request.principal, work_id=work.pk, path=path, file_name=file_name, **given
        )

    return _upload(request, VersionForm, screen, take, lambda _made: redirect("portal-script", work.pk))


@portal_page(*READERS)
@require_http_methods(["GET", "POST"])
def grant_page(request: PortalRequest, work_id: UUID) -> HttpResponse:
    """Let somebody read, analyse or summarise."""
    work = _writable(request, work_id)
    screen = Screen(
        _("Let somebody use it"),
        _("One purpose, one person or machine, until one day. You can end it at any time, at once."),
        _("Grant it"),
        reverse("portal-script", args=[work.pk]),
    )
    return _act(
        request,
        GrantForm(_sent(request), versions=_versions(work)),
        screen,
        lambda until, **given: services.grant_use(
            principal=request.principal, work_id=work.pk, not_after=_end_of(until), **given
        ),
        lambda _made: screen.back,
    )


@portal_page(*READERS)
@require_http_methods(["GET", "POST"])
def training_page(request: PortalRequest, work_id: UUID) -> HttpResponse:
    """Let somebody train with it: an act of its own, with a fresh proof of who one is."""
    work = _writable(request, work_id)
    screen = Screen(
        _("Let somebody train with it"),
        _("What a model has learned cannot be taken out of it again. No other grant carries this."),
        _("Let them train"),
        reverse("portal-script", args=[work.pk]),
        danger=True,
    )
    return _act(
        request,
        TrainingForm(_sent(request), versions=_versions(work)),
        screen,
        lambda until, **given: services.grant_training(
            principal=request.principal, work_id=work.pk, not_after=_end_of(until), **given
        ),
        lambda _made: screen.back,
    )


@portal_page(*READERS)
@require_http_methods(["GET", "POST"])
def end_grant_page(request: PortalRequest, grant_id: UUID) -> HttpResponse:
    """End a grant, effective at the next access."""
    grant = selectors.grant_for(request.principal, grant_id)
    if grant is None:
        raise Http404
    work = _writable(request, grant.work_id)
    if grant.ended_at is not None:
        raise Conflict("GRANT_ENDED", _("This grant has ended."))
    holder = grant.person.full_name if grant.person else grant.credential.name if grant.credential else ""
    screen = Screen(
        _("End the grant of %(name)s") % {"name": holder},
        _("The next access is refused. What was handed out before stays where it is."),
        _("End the grant"),
        reverse("portal-script", args=[work.pk]),
        danger=True,
    )
    return _act(
        request,
        ReasonForm(_sent(request)),
        screen,
        lambda **given: services.end_grant(principal=request.principal, grant_id=grant.pk, **given),
        lambda _made: screen.back,
    )


@portal_page(*READERS)
@require_http_methods(["GET", "POST"])
def new_copy_page(request: PortalRequest, work_id: UUID) -> HttpResponse:
    """Make a marked copy."""
    work = open_work(request, work_id)
    if work.destroyed_at is not None or not selectors.may_read_now(request.principal, work):
        raise PermissionDenied
    screen = Screen(
        _("Make a marked copy"),
        _(
            "Every page bears a name, and every line a hidden mark. Lines of a PDF that turns up lead back to that name."
        ),
        _("Make the copy"),
        reverse("portal-script", args=[work.pk]),
    )
    form = CopyForm(
        _sent(request),
        versions=_versions(work),
        may_name=selectors.standing_of(request.principal, work) == "KEEPER",
    )
    return _act(
        request,
        form,
        screen,
        lambda **given: services.make_copy(
            principal=request.principal,
            work_id=work.pk,
            **{**given, "version_id": UUID(given["version_id"])},
        ),
        lambda _made: screen.back,
    )


@csrf_exempt  # as above
@portal_page(*READERS)
@require_http_methods(["GET", "POST"])
def leak_page(request: PortalRequest, work_id: UUID) -> HttpResponseBase:
    """Ask whose copy a PDF was."""
    work = _writable(request, work_id)
    screen = Screen(
        _("Whose copy is this?"),
        _("What turned up is compared with every copy of this script. Scans are read, too."),
        _("Look for its mark"),
        reverse("portal-script", args=[work.pk]),
    )

    def look(path: Any, file_name: str) -> Any:
        return services.whose_copy(principal=request.principal, work_id=work.pk, path=path)

    def show(leak: Any) -> HttpResponse:
        return render(
            request,
            "portal/script_leak.html",
            {"work": work, "leak": leak, "screen": screen, "odds": _odds(leak)},
        )

    return _upload(request, LeakForm, screen, look, show)


@portal_page(*READERS)
@require_http_methods(["GET", "POST"])
def destroy_page(request: PortalRequest, work_id: UUID) -> HttpResponse:
    """Destroy a work's key, and its text with it."""
    work = _writable(request, work_id)
    screen = Screen(
        _("Destroy the text of %(title)s") % {"title": work.title},
        _(
            "Its key is destroyed, and with it every version here. Hashes, proofs, grants and the record stay."
        ),
        _("Destroy the text"),
        reverse("portal-script", args=[work.pk]),
        danger=True,
    )
    return _act(
        request,
        ReasonForm(_sent(request)),
        screen,
        lambda **given: services.destroy_work(principal=request.principal, work_id=work.pk, **given),
        lambda _made: screen.back,
    )


def _act(
    request: PortalRequest,
    form: forms.Form,
    screen: Screen,
    act: Callable[..., Any],
    then: Callable[[Any], str],
) -> HttpResponse:
    if request.method == "POST" and form.is_valid():
        try:
            return redirect(then(act(**form.cleaned_data)))
        except InvalidInput as error:
            _blame(form, error)
    context = {"form": form, "screen": screen}
    return render(request, "portal/script_act.html", context, status=422 if form.errors else 200)


def _upload(
    request: PortalRequest,
    kind: type[forms.Form],
    screen: Screen,
    take: Callable[..., Any],
    then: Callable[[Any], HttpResponseBase],
) -> HttpResponseBase:
    try:
        refuse_oversize(request)
    except TooLarge:
        return too_large(request)
    return _take(request, kind, screen, take, then)


@csrf_protect
def _take(
    request: PortalRequest,
    kind: type[forms.Form],
    screen: Screen,
    take: Callable[..., Any],
    then: Callable[[Any], HttpResponseBase],
) -> HttpResponseBase:
    is_sent = request.method == "POST"
    form = kind(request.POST, request.FILES) if is_sent else kind()
    if is_sent and form.is_valid():
        fields = dict(form.cleaned_data)
        upload = fields.pop("file")
        try:
            with on_disk(upload) as path:
                made = take(path=path, file_name=upload.name or "script", **fields)
            return then(made)
        except (InvalidInput, TooLarge) as error:
            _blame(form, error)
        except Conflict as error:
            if error.code != "VERSION_KNOWN":
                raise
            _blame(form, error)
    most = settings.SCRIPT_BYTES_MAX - FORM_BYTES
    context = {"form": form, "screen": screen, "is_upload": True, "most": most}
    return render(request, "portal/script_act.html", context, status=422 if form.errors else 200)


def _blame(form: forms.Form, error: InvalidInput | TooLarge | Conflict) -> None:
    """Say what was refused beside the field that it is about."""
    name = _FIELD_OF.get(error.code)
    if name not in form.fields:
        name = "file" if "file" in form.fields else None
    # what the reader of a file said of it is for whoever mends the file, and stands in the API's answer
    detail = "" if error.code.startswith("SCRIPT_") else error.detail
    form.add_error(name, f"{error.title} {detail}".strip())


def _odds(leak: Any) -> str:
    """The bound on the chance of error as a power of ten: ``10⁻²⁴``."""
    if leak.likeness is None or leak.likeness.odds <= 0:
        return "10⁻³⁰⁰"
    power = math.ceil(math.log10(leak.likeness.odds))
    return "1" if power >= 0 else "10⁻" + str(-power).translate(str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"))


def _writable(request: PortalRequest, work_id: UUID) -> Work:
    """The work, if the reader keeps it and its text is still there."""
    work = selectors.work_for(request.principal, work_id)
    if work is None:
        raise Http404
    if not selectors.may_write(request.principal, work):
        raise PermissionDenied
    if work.destroyed_at is not None:
        raise Conflict("SCRIPT_DESTROYED", _("The text of this work was destroyed."))
    return work


def _versions(work: Work) -> list[tuple[str, str]]:
    rows = selectors.versions_of(work).values_list("pk", "number", "label")
    return [(str(pk), f"{number}: {label}") for pk, number, label in rows]


def _end_of(day: Any) -> datetime:
    """The end of a day in the reader's time zone."""
    return timezone.make_aware(datetime.combine(day, time(23, 59, 59)))


def _sent(request: PortalRequest) -> Any:
    return request.POST if request.method == "POST" else None
