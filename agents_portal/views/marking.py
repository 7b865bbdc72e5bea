"""Marks in the making: how far each job is, what became of every stretch, and its end before its time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from agents_portal.access import STUDIO, VENDOR, PortalRequest, portal_page
from agents_portal.figures import Meter
from agents_portal.paging import page_after
from agents_portal.words import Badge, figure, later, opening, spelled
from common import clock
from watermarking import workflows
from watermarking.models import JOBS_UNFINISHED, JobState
from watermarking.work.progress import (
    Progress,
    StretchLine,
    job_for,
    jobs_visible_to,
    progress_of,
    progress_of_all,
    stretch_lines,
)

_STRETCHES_SHOWN, _CELLS_MAX = 60, 120
_BADGES = {
    JobState.QUEUED: Badge("hourglass", later("Waits for its turn")),
    JobState.RUNNING: Badge("circle-dot", later("Being marked"), "yours"),
    JobState.VERIFYING: Badge("search-check", later("Being read back"), "yours"),
    JobState.RELEASED: Badge("circle-check", later("Marked and read back"), "permit"),
    JobState.NOT_MARKABLE: Badge("circle-minus", later("Cannot carry a mark"), "unsure"),
    JobState.FAILED: Badge("octagon-x", later("Failed"), "deny"),
    JobState.CANCELLED: Badge("ban", later("Cancelled")),
}
_WAITS = {
    "WAITS_FOR_WORKERS": later("It starts as soon as a worker is free."),
    "WAITS_FOR_OWN_JOBS": later("It starts when one of your other markings ends."),
    "WAITS_FOR_SPACE": later("It starts when there is working space for it."),
}
_REASONS = {
    "DARK": later("too dark to hide anything"),
    "SILENT": later("silent throughout"),
    "TOO_SHORT": later("too short"),
    "NOT_CONFIRMED": later("a reading that was not told the mark did not confirm it"),
}
_FAILURES = {
    "MEDIA_UNREADABLE": later("The file breaks off or is damaged."),
    "MEDIA_UNSUPPORTED": later("The file is of a kind that cannot be marked."),
    "MEDIA_EMPTY": later("There are no pictures and no sound in it."),
    "MEDIA_MISSING": later("The upload is not there any more."),
    "MEDIA_TOO_LARGE": later("It has more pixels or channels than are taken in."),
    "MEDIA_TOO_SMALL": later("Its pictures are too small to hide anything in."),
    "MEDIA_PROTECTED": later("It is encrypted, so it cannot be read."),
    "MEDIA_NOT_WRITTEN": later("The marked file could not be written."),
    "WORKER_LOST": later("It ended the program that worked on it, several times."),
    "MARK_NOT_CONFIRMED": later(
        "The finished file was read and the mark was not found, so it was not released."
    ),
}
_LAYERS = {"pixel": later("Pictures"), "audio": later("Sound")}
_ENDS = {
    JobState.VERIFYING: later(
        "Every stretch is done. The whole is being joined and read back before it is released."
    ),
    JobState.NOT_MARKABLE: later("Nothing in it can carry a mark, and none is claimed."),
    JobState.FAILED: later("It could not be marked. Nothing was released."),
    JobState.CANCELLED: later("It was cancelled before it was released. Nothing of it was kept."),
}
_WITHOUT_RESULT = (JobState.NOT_MARKABLE, JobState.FAILED, JobState.CANCELLED)


@dataclass(frozen=True)
class LayerRow:
    """A layer's name, its badge and why it is not marked."""

    name: str
    badge: Badge
    words: str
    code: str


@dataclass(frozen=True)
class StretchRow:
    """A stretch: from and to, its badge, and the small words beside it."""

    span: str
    badge: Badge
    words: str
    code: str


@dataclass(frozen=True)
class Cell:
    """One stretch in the strip."""

    x: int
    kind: str


@portal_page(STUDIO, VENDOR)
@require_GET
def markings_page(request: PortalRequest) -> HttpResponse:
    """List the organisation's mark jobs, newest first."""
    jobs = jobs_visible_to(request.principal)
    shown = page_after(jobs, request.GET.get("after", ""))
    rows = [_row(progress) for progress in progress_of_all(shown.rows)]
    busy = jobs.filter(state__in=JOBS_UNFINISHED).count()
    headline = _("No markings are under way.")
    if busy:
        count = {"count": spelled(busy)}
        headline = (
            ngettext("%(count)s marking is under way.", "%(count)s markings are under way.", busy) % count
        )
    return render(
        request,
        "portal/markings.html",
        {"rows": rows, "busy": busy, "after": shown.after, "headline": opening(headline)},
    )


@portal_page(STUDIO, VENDOR)
@require_GET
def marking_page(request: PortalRequest, job_id: UUID) -> HttpResponse:
    """Show one job; the page asks again while it is under way."""
    job = job_for(request.principal, job_id)
    if job is None:
        raise Http404
    progress, lines = progress_of(job), stretch_lines(job)
    row = _row(progress)
    answer = render(
        request,
        "portal/marking.html",
        {
            "row": row,
            "layers": [_layer(name, progress.layers[name]) for name in _LAYERS if name in progress.layers],
            "stretches": [
                _stretch(line, is_over=not row["is_unfinished"]) for line in lines[:_STRETCHES_SHOWN]
            ],
            "hidden": max(0, len(lines) - _STRETCHES_SHOWN),
            "cells": [
                Cell(9 * index, _kind(line, is_over=not row["is_unfinished"]))
                for index, line in enumerate(lines[:_CELLS_MAX])
            ],
            "strip_width": 9 * min(len(lines), _CELLS_MAX),
            "strip_says": _strip_says(progress, lines),
            "may_cancel": row["is_unfinished"] and _may_cancel(request),
        },
    )
    if request.htmx and not row["is_unfinished"]:
        # it has ended since the page was opened: show the whole page as it is now
        answer.headers["HX-Refresh"] = "true"
    return answer


@portal_page(STUDIO, VENDOR)
@require_POST
def cancel_page(request: PortalRequest, job_id: UUID) -> HttpResponse:
    """End a job before it is released."""
    if job_for(request.principal, job_id) is None:
        raise Http404
    if not _may_cancel(request):
        raise PermissionDenied
    workflows.cancel(principal=request.principal, job_id=job_id)
    messages.info(request, _("The marking was cancelled. Nothing of it was kept."))
    return redirect("portal-marking", job_id)


def _may_cancel(request: PortalRequest) -> bool:
    return request.principal.is_role("PRODUCER", "ENGINEER", "ADMIN")


def _row(progress: Progress) -> dict[str, Any]:
    job = progress.job
    total = max(1, progress.frames_total) if progress.frames_total else max(1, progress.stretches_total)
    done = progress.frames_done if progress.frames_total else progress.stretches_done
    unit = "frames" if progress.frames_total > 1 else "parts"
    label = _("Frames done") if progress.frames_total > 1 else _("Parts done")
    unit = unit[:-1] if total == 1 else unit
    return {
        "job": job,
        "progress": progress,
        "badge": _BADGES[JobState(job.state)],
        "lead": _lead(progress),
        "failure": _FAILURES.get(job.error_code, later("What stopped it is named by this code.")),
        # of what ended without a marked file nothing was kept: frames that were done are no measure of anything
        "meter": None
        if job.state in _WITHOUT_RESULT
        else Meter(used=done, most=total, unit=unit, label=label),
        "is_unfinished": job.state in JOBS_UNFINISHED,
        "rate": _rate(progress.frames_a_second),
        "left": _left(progress.ends_at),
        "length": _clock(job.seconds),
    }


def _lead(progress: Progress) -> str:
    job = progress.job
    if job.state == JobState.QUEUED:
        waits = str(_WAITS.get(progress.wait_code, ""))
        if (progress.position or 0) <= 1:
            return waits
        place = _("Number %(place)s of your waiting jobs.") % {"place": progress.position}
        return f"{place} {waits}"
    if job.state == JobState.RUNNING:
        left = _left(progress.ends_at)
        done = ngettext(
            "%(done)s of %(all)s frame is done.",
            "%(done)s of %(all)s frames are done.",
            progress.frames_total,
        ) % {"done": figure(progress.frames_done), "all": figure(progress.frames_total)}
        return f"{done} {opening(left)}." if left else done
    if job.state == JobState.RELEASED:
        found = _("It carries its mark, and a reading that was not told the mark found it.")
        return f"{found} {_('The output goes on to be signed.')}" if job.then else found
    ends = str(_ENDS[JobState(job.state)])
    if job.state not in _WITHOUT_RESULT:
        return ends
    if job.then:
        return f"{ends} {_('Its output is held and does not leave.')}"
    return f"{ends} {_('A mark is used once: register another one to try again.')}"


def _layer(name: str, layer: dict[str, Any]) -> LayerRow:
    reason = str(layer.get("reason") or "")
    words = _REASONS.get(reason, "")
    if layer["status"] == "embedded":
        badge = Badge("circle-check", later("Found"), "permit")
        words = later("the mark was read back without being told it")
    elif layer["status"] == "missing":
        badge, words = Badge("circle-dashed", later("Not there")), later("the file has none")
    else:
        badge = Badge("circle-minus", later("Not markable"), "unsure")
    return LayerRow(_LAYERS.get(name, name), badge, words, reason)


def _stretch(line: StretchLine, *, is_over: bool) -> StretchRow:
    span = _("%(first)s to %(last)s") % {"first": _clock(line.begins), "last": _clock(line.ends)}
    if is_over and line.state != "DONE":
        return StretchRow(span, Badge("circle-dashed", later("Not done")), "", "")
    if line.state == "WAITING":
        return StretchRow(span, Badge("circle-dashed", later("Waits")), "", "")
    if line.state == "RUNNING":
        words = ""
        if line.frames:
            counts = {"done": figure(line.frames_done), "all": figure(line.frames)}
            words = ngettext("%(done)s of %(all)s frame", "%(done)s of %(all)s frames", line.frames) % counts
        return StretchRow(span, Badge("circle-dot", later("Being marked"), "yours"), words, "")
    layers = [one for one in line.layers.values() if one["status"] != "missing"]
    refused = [one for one in layers if one["status"] == "not_markable"]
    if refused and len(refused) == len(layers):
        reason = str(refused[0].get("reason") or "")
        return StretchRow(
            span, Badge("circle-minus", later("Not markable"), "unsure"), _REASONS.get(reason, ""), reason
        )
    louder = ""
    if line.boost != 1.0:
        louder = _("marked %(times)s times as strongly") % {"times": number_format(f"{line.boost:g}")}
    return StretchRow(span, Badge("circle-check", later("Found"), "permit"), louder, "")


def _kind(line: StretchLine, *, is_over: bool = False) -> str:
    if line.state != "DONE":
        return "again" if line.state == "RUNNING" and not is_over else "not-yet"
    layers = [one for one in line.layers.values() if one["status"] != "missing"]
    is_refused = bool(layers) and all(one["status"] == "not_markable" for one in layers)
    return "no-lease" if is_refused else "rendered"


def _strip_says(progress: Progress, lines: list[StretchLine]) -> str:
    refused = sum(_kind(line) == "no-lease" for line in lines)
    return ngettext(
        "%(done)s of %(all)s stretch done, %(refused)s of them cannot carry a mark.",
        "%(done)s of %(all)s stretches done, %(refused)s of them cannot carry a mark.",
        progress.stretches_total,
    ) % {"done": progress.stretches_done, "all": figure(progress.stretches_total), "refused": refused}


def _rate(frames_a_second: float | None) -> str:
    if not frames_a_second:
        return ""
    return _("%(number)s frames a second") % {"number": figure(round(frames_a_second))}


def _clock(seconds: float) -> str:
    whole = int(seconds)
    hours, minutes = whole // 3600, whole % 3600 // 60
    if hours:
        return f"{hours}:{minutes:02d}:{whole % 60:02d}"
    rest = seconds - 60 * minutes
    return f"{minutes}:{int(rest):02d}" if rest == int(rest) else f"{minutes}:{rest:04.1f}"


def _left(ends_at: datetime | None) -> str:
    """What is left by the rate so far: ``about 40 seconds are left``."""
    if ends_at is None:
        return ""
    seconds = max(1, round((ends_at - clock.now()).total_seconds()))
    if seconds < 100:
        number = seconds
        text = ngettext("about %(number)s second is left", "about %(number)s seconds are left", number)
        return text % {"number": figure(number)}
    minutes = round(seconds / 60)
    if minutes < 100:
        number = minutes
        text = ngettext("about %(number)s minute is left", "about %(number)s minutes are left", number)
        return text % {"number": figure(number)}
    number = round(minutes / 60)
    text = ngettext("about %(number)s hour is left", "about %(number)s hours are left", number)
    return text % {"number": figure(number)}
