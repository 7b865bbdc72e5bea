"""A guild's members: the list, rolls that are handed in and read, what is set for all of them by default."""

from dataclasses import dataclass
from typing import BinaryIO, cast
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.http import require_GET, require_http_methods

from agents_portal.access import AUDITOR, PortalRequest, portal_page
from agents_portal.binding import Binding, Consequence
from agents_portal.downloads import as_download
from agents_portal.figures import Meter
from agents_portal.forms.members import DefaultsForm, RollForm
from agents_portal.limits import effect_of, limit_sentences
from agents_portal.views.usage import after_of
from agents_portal.words import Badge, figure
from common.errors import DomainError, InvalidInput, TooLarge
from common.language import later
from common.problems import too_large
from licensing import services
from licensing.models import GuildDefault, RollImport
from licensing.selectors import defaults_of, members_of, members_page, roll_for, rolls_of
from licensing.services.limits import MandateLimits, parse_limits, tightest
from licensing.workflows import import_roll

_FORM_BYTES = 64 * 1024
_ROLLS_SHOWN = 5
_REFUSED_SHOWN = 50
_STATES = {
    "QUEUED": Badge("hourglass", later("Waiting")),
    "RUNNING": Badge("circle-dot", later("Being read"), "yours"),
    "DONE": Badge("circle-check", later("Read"), "permit"),
    "FAILED": Badge("circle-x", later("Could not be read to its end"), "deny"),
}
_REFUSED = {
    "FORMULA": later("A spreadsheet would run this cell"),
    "ROW_MALFORMED": later("The row has other columns than the heading, or a quote that does not close"),
    "ROW_TOO_LONG": later("The row is longer than a row may be"),
    "DUPLICATE": later("This number stands in the roll already"),
    "MEMBER_NUMBER_INVALID": later("The member number is missing or too long"),
    "NAME_INVALID": later("The name is missing, too long, or holds what cannot be seen"),
    "DATE_INVALID": later("The date is not written YYYY-MM-DD"),
}
_FAILED = {
    "ENCODING_UNKNOWN": later("The file holds bytes that its encoding does not know."),
    "COLUMNS_INVALID": later("The heading names other columns."),
    "FILE_GONE": later("The file could not be read from where it is kept."),
}


@dataclass(frozen=True)
class RollRow:
    """A roll with its badge and how far it has been read."""

    roll: RollImport
    badge: Badge
    meter: Meter
    is_unfinished: bool


@portal_page(AUDITOR)
@require_GET
def members_page_view(request: PortalRequest) -> HttpResponse:
    """List the members by name; ``q`` searches, ``after`` pages."""
    search = request.GET.get("q", "")[:200]
    if not search.isprintable():
        raise Http404
    page = members_page(request.principal, search=search, after=after_of(request))
    many = members_of(request.principal).count()
    return render(
        request,
        "portal/members.html",
        {
            "page": page,
            "search": search,
            "many": many,
            "headline": ngettext("%(n)s member", "%(n)s members", many) % {"n": figure(many)},
            "rolls": [_row(roll) for roll in rolls_of(request.principal)[:_ROLLS_SHOWN]],
            "defaults": defaults_of(request.principal).first(),
            "may_act": _may_act(request),
        },
    )


@csrf_exempt  # asked below, once it is known that the reader may hand in a roll: asking reads the body
@portal_page(AUDITOR)
@require_http_methods(["GET", "POST"])
def new_roll_page(request: PortalRequest) -> HttpResponseBase:
    """Take a roll of at most 200 MiB, spooled to disk as it comes; its own page says how far it is read."""
    if not _may_act(request):
        raise PermissionDenied
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if not declared.isdecimal() or int(declared) > services.ROLL_BYTES_MAX + _FORM_BYTES:
        return too_large(request)
    return _take_roll(request)


@csrf_protect
def _take_roll(request: PortalRequest) -> HttpResponse:
    is_sent = request.method == "POST"
    form = RollForm(request.POST, request.FILES) if is_sent else RollForm()
    if is_sent and form.is_valid():
        upload = form.cleaned_data["file"]
        try:
            roll = import_roll(
                principal=request.principal,
                stream=cast(BinaryIO, upload.file),
                size=upload.size or 0,
                file_name=upload.name or "roll.csv",
                encoding=form.cleaned_data["encoding"],
            )
            return redirect("portal-member-roll", roll.pk)
        except (InvalidInput, TooLarge) as error:
            form.add_error("file", f"{error.title} {error.detail}".strip())
    return render(request, "portal/member_roll_new.html", {"form": form}, status=422 if form.errors else 200)


@portal_page(AUDITOR)
@require_GET
def roll_page(request: PortalRequest, roll_id: UUID) -> HttpResponse:
    """Say how far a roll is read, what became of its rows, and which were refused and why."""
    roll = roll_for(request.principal, roll_id)
    if roll is None:
        raise Http404
    row = _row(roll)
    refused = list(roll.refusals.order_by("row")[:_REFUSED_SHOWN]) if roll.rows_refused else []
    answer = render(
        request,
        "portal/member_roll.html",
        {
            "row": row,
            "roll": roll,
            "encoding": roll.encoding.removesuffix("-sig").upper(),
            "failure": _FAILED.get(roll.failure, roll.failure),
            "refused": [(one, _REFUSED.get(one.code, one.code)) for one in refused],
            "hidden": max(0, roll.rows_refused - len(refused)),
        },
    )
    if request.htmx and not row.is_unfinished:
        answer.headers["HX-Refresh"] = "true"  # it has ended: show the whole page as it is now
    return answer


@portal_page(AUDITOR)
@require_GET
def refused_page(request: PortalRequest, roll_id: UUID) -> StreamingHttpResponse:
    """Every row that was refused, as a sheet in which no cell runs."""
    roll = roll_for(request.principal, roll_id)
    if roll is None:
        raise Http404
    rows = services.write_csv(("row", "column", "code", "cell"), services.refusals_of(roll))
    return as_download(StreamingHttpResponse(rows, content_type="text/csv; charset=utf-8"), "refused.csv")


@portal_page(AUDITOR)
@require_http_methods(["GET", "POST"])
def defaults_page(request: PortalRequest) -> HttpResponse:
    """Show every version in words; the form makes the next one, after its effect was shown."""
    versions = list(defaults_of(request.principal))
    latest = parse_limits(versions[0].limits) if versions else None
    form = DefaultsForm(
        request.POST if request.method == "POST" else None,
        initial=DefaultsForm.initial_of(latest) if latest else None,
    )
    if request.method == "POST":
        if not _may_act(request):
            raise PermissionDenied
        if form.is_valid():
            return _next_defaults(request, form, latest, versions)
    return render(
        request,
        "portal/member_defaults.html",
        {
            "form": form,
            "versions": [(one, limit_sentences(parse_limits(one.limits))) for one in versions],
            "binding": limit_sentences(tightest(parse_limits(one.limits) for one in versions))
            if versions
            else [],
            "may_act": _may_act(request),
        },
        status=422 if form.errors else 200,
    )


def _next_defaults(
    request: PortalRequest, form: DefaultsForm, latest: MandateLimits | None, versions: list[GuildDefault]
) -> HttpResponse:
    """Show what the version would do; carry it out where that was confirmed over the same version."""
    limits, version = form.limits(), len(versions) and versions[0].version
    effect = effect_of(parse_limits(limits), latest)
    if effect == "SAME":
        messages.info(request, _("Nothing was changed: these are the defaults that stand."))
        return redirect("portal-member-defaults")
    if request.POST.get("confirm") == str(version):
        try:
            made = services.set_guild_defaults(principal=request.principal, limits=limits)
        except DomainError as error:
            form.add_error(None, error.title)
        else:
            messages.success(
                request,
                _("Version %(version)s stands.") % {"version": made.version},
                extra_tags="permit",
            )
            return redirect("portal-member-defaults")
    elif "confirm" in request.POST:
        form.add_error(
            None, _("Somebody set other defaults meanwhile. Nothing was set; read what stands now.")
        )
    screen = _defaults_screen(request, parse_limits(limits), effect, version)
    return render(
        request,
        "portal/bind.html",
        {"screen": screen, "form": form if form.errors else None},
        status=409 if form.errors else 200,
    )


def _defaults_screen(request: PortalRequest, limits: MandateLimits, effect: str, version: int) -> Binding:
    many = members_of(request.principal).count()
    if effect == "LOOSER":
        who = Consequence(
            "lock",
            _("Nobody is loosened by this alone."),
            _("What is looser in it counts only for a member who accepts it; what is tighter binds at once."),
        )
    else:
        who = Consequence(
            "users",
            ngettext("It binds %(n)s member at once.", "It binds all %(n)s members at once.", many)
            % {"n": figure(many)},
            _("Requests that are made from now on ask the member where they go beyond it."),
        )
    return Binding(
        title=_("Set version %(version)s for all members?") % {"version": version + 1},
        lead=_("A member can be tighter than this, never looser without their own word."),
        verb=_("Set version %(version)s") % {"version": version + 1},
        icon="scale",
        back=reverse("portal-member-defaults"),
        go_back=_("Go back"),
        consequences=(
            who,
            *(Consequence("check", one) for one in limit_sentences(limits)),
            Consequence("ban", _("Licences that are live stay as they were signed."), tone=""),
        ),
        hidden={"confirm": str(version)},
        repeated=tuple(
            (name, value)
            for name, values in request.POST.lists()
            if name in DefaultsForm.base_fields
            for value in values
        ),
    )


def _row(roll: RollImport) -> RollRow:
    is_unfinished = roll.finished_at is None
    used = roll.bytes_read if is_unfinished else roll.size_bytes if roll.state == "DONE" else roll.bytes_read
    meter = Meter(used=used, most=max(1, roll.size_bytes), unit="bytes", label=str(_("Read so far")))
    return RollRow(roll, _STATES[roll.state], meter, is_unfinished)


def _may_act(request: PortalRequest) -> bool:
    return request.principal.is_role("ADMIN")
