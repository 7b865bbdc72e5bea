"""Marks in the making: how far each job is, what became of every stretch, and its end before its time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from agents_portal.access import STUDIO, VENDOR, PortalRequest, portal_page
from agents_portal.figures import Meter
from agents_portal.words import Badge, count_words, counted
from common import clock
from watermarking import workflows
from watermarking.models import JOBS_UNFINISHED, JobState
from watermarking.work.progress import (
    Progress,
    StretchLine,
    job_for,
    jobs_visible_to,
    progress_of,
    stretch_lines,
)

_SHOWN, _STRETCHES_SHOWN, _CELLS_MAX = 50, 60, 120
_BADGES = {
    JobState.QUEUED: Badge("hourglass", "Waits for its turn"),
    JobState.RUNNING: Badge("circle-dot", "Being marked", "yours"),
    JobState.VERIFYING: Badge("search-check", "Being read back", "yours"),
    JobState.RELEASED: Badge("circle-check", "Marked and read back", "permit"),
    JobState.NOT_MARKABLE: Badge("circle-minus", "Cannot carry a mark", "unsure"),
    JobState.FAILED: Badge("octagon-x", "Failed", "deny"),
    JobState.CANCELLED: Badge("ban", "Cancelled"),
}
_WAITS = {
    "WAITS_FOR_WORKERS": "It starts as soon as a worker is free.",
    "WAITS_FOR_OWN_JOBS": "It starts when one of your other markings ends.",
    "WAITS_FOR_SPACE": "It starts when there is working space for it.",
}
_REASONS = {
    "DARK": "too dark to hide anything",
    "SILENT": "silent throughout",
    "TOO_SHORT": "too short",
    "NOT_CONFIRMED": "a reading that was not told the mark did not confirm it",
}
_FAILURES = {
    "MEDIA_UNREADABLE": "The file breaks off or is damaged.",
    "MEDIA_UNSUPPORTED": "The file is of a kind that cannot be marked.",
    "MEDIA_EMPTY": "There are no pictures and no sound in it.",
    "WORKER_LOST": "It ended the program that worked on it, several times.",
    "MARK_NOT_CONFIRMED": "The finished file was read and the mark was not found, so it was not released.",
}
_LAYERS = {"pixel": "Pictures", "audio": "Sound"}
_ENDS = {
    JobState.VERIFYING: "Every frame is marked. The whole is being joined and read back before it is released.",
    JobState.NOT_MARKABLE: "Nothing in it can carry a mark, and none is claimed.",
    JobState.FAILED: "It could not be marked. Nothing was released.",
    JobState.CANCELLED: "It was cancelled before it was released. Nothing of it was kept.",
}


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
    rows = [_row(progress_of(job)) for job in jobs_visible_to(request.principal)[:_SHOWN]]
    busy = sum(row["is_unfinished"] for row in rows)
    headline = count_words(busy, "marking is under way", "markings are under way")
    return render(
        request,
        "portal/markings.html",
        {"rows": rows, "busy": busy, "headline": headline[:1].upper() + headline[1:] + "."},
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
            "stretches": [_stretch(line) for line in lines[:_STRETCHES_SHOWN]],
            "hidden": max(0, len(lines) - _STRETCHES_SHOWN),
            "cells": [Cell(9 * index, _kind(line)) for index, line in enumerate(lines[:_CELLS_MAX])],
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
    messages.info(request, "The marking was cancelled. Nothing of it was kept.")
    return redirect("portal-marking", job_id)


def _may_cancel(request: PortalRequest) -> bool:
    return request.principal.is_role("PRODUCER", "ENGINEER", "ADMIN")


def _row(progress: Progress) -> dict[str, Any]:
    job = progress.job
    total = max(1, progress.frames_total) if progress.frames_total else max(1, progress.stretches_total)
    done = progress.frames_done if progress.frames_total else progress.stretches_done
    unit = "frames" if progress.frames_total > 1 else "parts"
    unit = unit[:-1] if total == 1 else unit
    return {
        "job": job,
        "progress": progress,
        "badge": _BADGES[JobState(job.state)],
        "lead": _lead(progress),
        "failure": _FAILURES.get(job.error_code, ""),
        "meter": Meter(used=done, most=total, unit=unit, label=f"{unit.capitalize()} marked"),
        "is_unfinished": job.state in JOBS_UNFINISHED,
        "rate": f"{progress.frames_a_second:,.0f} frames a second" if progress.frames_a_second else "",
        "left": _left(progress.ends_at),
        "length": _clock(job.seconds),
    }


def _lead(progress: Progress) -> str:
    job = progress.job
    if job.state == JobState.QUEUED:
        place = f"Number {progress.position} of your waiting jobs. " if (progress.position or 0) > 1 else ""
        return place + _WAITS.get(progress.wait_code, "")
    if job.state == JobState.RUNNING:
        left = _left(progress.ends_at)
        done = f"{progress.frames_done:,} of {counted(progress.frames_total, 'frame', 'frames')} are marked."
        return f"{done} {left[:1].upper()}{left[1:]}." if left else done
    if job.state == JobState.RELEASED:
        further = " The output goes on to be signed." if job.then else ""
        return f"It carries its mark, and a reading that was not told the mark found it.{further}"
    return _ENDS[JobState(job.state)]


def _layer(name: str, layer: dict[str, Any]) -> LayerRow:
    reason = str(layer.get("reason") or "")
    words = _REASONS.get(reason, "")
    if layer["status"] == "embedded":
        badge = Badge("circle-check", "Found", "permit")
        words = "the mark was read back without being told it"
    elif layer["status"] == "missing":
        badge, words = Badge("circle-dashed", "Not there"), "the file has none"
    else:
        badge = Badge("circle-minus", "Not markable", "unsure")
    return LayerRow(_LAYERS.get(name, name), badge, words, reason)


def _stretch(line: StretchLine) -> StretchRow:
    span = f"{_clock(line.begins)} to {_clock(line.ends)}"
    if line.state == "WAITING":
        return StretchRow(span, Badge("circle-dashed", "Waits"), "", "")
    if line.state == "RUNNING":
        words = f"{line.frames_done:,} of {line.frames:,} frames" if line.frames else ""
        return StretchRow(span, Badge("circle-dot", "Being marked", "yours"), words, "")
    layers = [one for one in line.layers.values() if one["status"] != "missing"]
    refused = [one for one in layers if one["status"] == "not_markable"]
    if refused and len(refused) == len(layers):
        reason = str(refused[0].get("reason") or "")
        return StretchRow(
            span, Badge("circle-minus", "Not markable", "unsure"), _REASONS.get(reason, ""), reason
        )
    louder = "" if line.boost == 1.0 else f"marked {line.boost:g} times as strongly"
    return StretchRow(span, Badge("circle-check", "Found", "permit"), louder, "")


def _kind(line: StretchLine) -> str:
    if line.state != "DONE":
        return "again" if line.state == "RUNNING" else "not-yet"
    layers = [one for one in line.layers.values() if one["status"] != "missing"]
    is_refused = bool(layers) and all(one["status"] == "not_markable" for one in layers)
    return "no-lease" if is_refused else "rendered"


def _strip_says(progress: Progress, lines: list[StretchLine]) -> str:
    refused = sum(_kind(line) == "no-lease" for line in lines)
    return (
        f"{progress.stretches_done} of {counted(progress.stretches_total, 'stretch', 'stretches')} marked, "
        f"{refused} of them cannot carry a mark."
    )


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
        return f"about {counted(seconds, 'second is', 'seconds are')} left"
    minutes = round(seconds / 60)
    if minutes < 100:
        return f"about {counted(minutes, 'minute is', 'minutes are')} left"
    return f"about {counted(round(minutes / 60), 'hour is', 'hours are')} left"
