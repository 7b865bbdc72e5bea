"""How ready a house is, as data to compare: each figure with its name, its definition, its unit and its value (TP-195)."""

from datetime import timedelta
from typing import Any, Final, NamedTuple

from django.utils.translation import gettext_lazy as later

from common import clock
from training.selectors.readiness import WINDOW, Readiness, Share

FORMAT: Final = "trustmark.training-measures/1"


class Definition(NamedTuple):
    """A figure's name and what exactly it is. ``unit`` is that of its value: ``share``, ``seconds``, ``count``, ``ms``."""

    title: Any
    text: Any
    unit: str


DEFINITIONS: Final[dict[str, Definition]] = {
    "complete_provenance": Definition(
        later("Originals with complete provenance"),
        later("Of all originals that are held: those with every field that their kind demands, whose lineage leads to a source."),
        "share",
    ),
    "runs_bound": Definition(
        later("Runs bound to a frozen manifest"),
        later("Of all training runs that were registered: those that named a manifest that was frozen before they began."),
        "share",
    ),
    "report_time": Definition(
        later("Time to a signed rights report"),
        later("The mean time from the question to the signed answer, waiting included, over the reports of the last 30 days."),
        "seconds",
    ),
    "takedown_time": Definition(
        later("Time to answer a takedown"),
        later("The mean time from opening a case to closing it, over all that were closed; drills and cases called off do not count."),
        "seconds",
    ),
    "failed_validation": Definition(
        later("Refused at the gate"),
        later("Of all originals that the gate judged in the last 30 days: those it refused."),
        "share",
    ),
    "false_rejects": Definition(
        later("Isolated, then admitted by a person"),
        later("Of all reviews that were answered in the last 30 days: those in which a person admitted what the gate had held back."),
        "share",
    ),
    "review_turnaround": Definition(
        later("Time until a person decided"),
        later("The mean time from isolation to the answer, over the reviews of the last 30 days."),
        "seconds",
    ),
    "exception_volume": Definition(
        later("Exceptions in force"),
        later("Exceptions that are signed, not ended and not over."),
        "count",
    ),
    "exception_rate": Definition(
        later("Admitted by an exception"),
        later("Of the admitted originals of a class: those whose verdict rested on an exception."),
        "share",
    ),
    "question_cost": Definition(
        later("What a legal question costs"),
        later("The mean time in which the product answered one question of each kind in the last 30 days, beside the 30 days before."),
        "ms",
    ),
}  # fmt: skip
"""Every figure by its code. Codes are stable; a changed definition gets another code."""


def export(found: Readiness) -> dict[str, Any]:
    """The figures as data, with their definitions in the reader's language."""
    values: dict[str, Any] = {
        "complete_provenance": _share(found.provenance),
        "runs_bound": _share(found.bound_runs),
        "report_time": {"mean": _seconds(found.report_time), "reports": found.reports},
        "takedown_time": {"mean": _seconds(found.takedown_time), "takedowns": found.takedowns},
        "failed_validation": _share(found.refused),
        "false_rejects": _share(found.false_rejects),
        "review_turnaround": {"seconds": _whole(found.turnaround), "waiting": found.waiting, "overdue": found.overdue},
        "exception_volume": {"in_force": found.exceptions_in_force, "unreviewed": found.exceptions_unreviewed},
        "exception_rate": [{"source_class": one.code, **_share(one.share)} for one in found.exception_rates],
        "question_cost": [
            {
                "question": one.kind, "asked": one.asked, "mean": one.mean_ms, "mean_before": one.before_ms,
                "change_percent": one.change,
            }
            for one in found.questions
        ],
    }  # fmt: skip
    return {
        "format": FORMAT,
        "as_of": clock.rfc3339(found.at),
        "window_days": WINDOW.days,
        "measures": [
            {
                "code": code, "name": str(told.title), "definition": str(told.text), "unit": told.unit,
                "value": values[code],
            }
            for code, told in DEFINITIONS.items()
        ],
    }  # fmt: skip


def _share(one: Share) -> dict[str, Any]:
    return {"part": one.part, "whole": one.whole, "percent": one.percent}


def _seconds(taken: timedelta | None) -> float | None:
    return None if taken is None else round(taken.total_seconds(), 3)


def _whole(taken: timedelta | None) -> int | None:
    return None if taken is None else int(taken.total_seconds())
