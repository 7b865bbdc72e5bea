"""Readiness in words: each figure with what it counts and its definition, for the page and for the export alike."""

from datetime import timedelta
from typing import Any, Final, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.words import Badge, figure, later
from common import clock
from training.selectors.readiness import WINDOW, Readiness, Share


class Definition(NamedTuple):
    """A figure's name and what exactly it is."""

    title: str
    text: str


DEFINITIONS: Final[dict[str, Definition]] = {
    "complete_provenance": Definition(
        later("Originals with complete provenance"),
        later("Of all originals that are held: those with every field that their kind demands, whose lineage leads to a source."),
    ),
    "failed_validation": Definition(
        later("Refused at the gate"),
        later("Of all originals that the gate judged in the last 30 days: those it refused."),
    ),
    "false_rejects": Definition(
        later("Isolated, then admitted by a person"),
        later("Of all reviews that were answered in the last 30 days: those in which a person admitted what the gate had held back."),
    ),
    "review_turnaround": Definition(
        later("Time until a person decided"),
        later("The mean time from isolation to the answer, over the reviews of the last 30 days."),
    ),
    "exception_volume": Definition(
        later("Exceptions in force"),
        later("Exceptions that are signed, not ended and not over."),
    ),
    "exception_rate": Definition(
        later("Admitted by an exception"),
        later("Of the admitted originals of a class: those whose verdict rested on an exception."),
    ),
}  # fmt: skip


def percent(share: Share) -> str:
    """A share as people read it; of nothing there is none."""
    value = share.percent
    return _("Nothing to measure yet") if value is None else f"{number_format(value, 1)} %"


def counted(share: Share) -> str:
    """The share behind the per cent."""
    return _("%(part)s of %(whole)s") % {"part": figure(share.part), "whole": figure(share.whole)}


def duration(taken: timedelta | None) -> str:
    """How long something took."""
    if taken is None:
        return _("Nothing to measure yet")
    if taken < timedelta(minutes=1):
        return _("Under a minute")
    hours = taken.total_seconds() / 3600
    if hours >= 48:
        return ngettext("%(n)s day", "%(n)s days", round(hours / 24)) % {"n": figure(round(hours / 24))}
    return _("%(hours)s h %(minutes)s min") % {"hours": int(hours), "minutes": int(hours % 1 * 60)}


def measures(found: Readiness) -> list[dict[str, Any]]:
    """The figures of the page, in order."""
    told = (
        ("complete_provenance", percent(found.provenance), counted(found.provenance)),
        ("failed_validation", percent(found.refused), counted(found.refused)),
        ("false_rejects", percent(found.false_rejects), counted(found.false_rejects)),
        ("review_turnaround", duration(found.turnaround), _waiting(found)),
        ("exception_volume", figure(found.exceptions_in_force), _unreviewed(found)),
    )
    return [
        {"code": code, "title": DEFINITIONS[code].title, "text": DEFINITIONS[code].text, "value": value, "small": small}
        for code, value, small in told
    ]  # fmt: skip


def badge(found: Readiness) -> Badge:
    """Whether anything stands open."""
    if _open(found):
        return Badge("clock-alert", _("Something stands open"), "expire")
    if not found.provenance.whole:
        return Badge("circle-dashed", _("Nothing held yet"))
    return Badge("circle-check", _("Nothing stands open"), "permit")


def lead(found: Readiness) -> str:
    """The page's one sentence."""
    if not found.provenance.whole:
        return _("The house holds no material, so there is nothing to answer for.")
    told = _("Where it comes from is known of %(share)s originals.") % {"share": counted(found.provenance)}
    return " ".join([told, *_open(found)])


def export(found: Readiness) -> dict[str, Any]:
    """The figures as data, with their definitions in the reader's language."""

    def share(one: Share) -> dict[str, Any]:
        return {"part": one.part, "whole": one.whole, "percent": one.percent}

    seconds = None if found.turnaround is None else int(found.turnaround.total_seconds())
    values: dict[str, Any] = {
        "complete_provenance": share(found.provenance),
        "failed_validation": share(found.refused),
        "false_rejects": share(found.false_rejects),
        "review_turnaround": {"seconds": seconds, "waiting": found.waiting, "overdue": found.overdue},
        "exception_volume": {
            "in_force": found.exceptions_in_force,
            "unreviewed": found.exceptions_unreviewed,
        },
        "exception_rate": [{"source_class": one.code, **share(one.share)} for one in found.exception_rates],
    }
    return {
        "as_of": clock.rfc3339(found.at),
        "window_days": WINDOW.days,
        "measures": [
            {"code": code, "name": str(DEFINITIONS[code].title), "definition": str(DEFINITIONS[code].text), "value": value}
            for code, value in values.items()
        ],
    }  # fmt: skip


def _open(found: Readiness) -> list[str]:
    told = []
    if over := sum(one.over for one in found.rights):
        told.append(
            ngettext("The rights of %(n)s source are over.", "The rights of %(n)s sources are over.", over)
            % {"n": figure(over)}
        )
    if found.overdue:
        told.append(
            ngettext("%(n)s review is overdue.", "%(n)s reviews are overdue.", found.overdue)
            % {"n": figure(found.overdue)}
        )
    if found.exceptions_unreviewed:
        told.append(_unreviewed(found))
    return told


def _waiting(found: Readiness) -> str:
    return ngettext("%(n)s waits now", "%(n)s wait now", found.waiting) % {"n": figure(found.waiting)}


def _unreviewed(found: Readiness) -> str:
    number = found.exceptions_unreviewed
    if not number:
        return _("Each was looked at in time.")
    return ngettext(
        "%(n)s exception was not looked at in time.", "%(n)s exceptions were not looked at in time.", number
    ) % {"n": figure(number)}
