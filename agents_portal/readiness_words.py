"""Readiness in words: each figure with what it counts, beside the definition that its export carries."""

from datetime import timedelta
from typing import Any

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.words import Badge, figure
from training.measures import DEFINITIONS
from training.selectors.readiness import QuestionTime, Readiness, Share
from training.vocabulary import QuestionKind


def percent(share: Share) -> str:
    """A share as people read it; of nothing there is none."""
    value = share.percent
    return _("Nothing to measure yet") if value is None else f"{number_format(value, 1)} %"


def counted(share: Share) -> str:
    """The share behind the per cent."""
    return _("%(part)s of %(whole)s") % {"part": figure(share.part), "whole": figure(share.whole)}


def short(milliseconds: int | None) -> str:
    """How long an answer took, to a tenth of a second."""
    if milliseconds is None:
        return _("Nothing to measure yet")
    if milliseconds < 1000:
        return _("%(n)s ms") % {"n": figure(milliseconds)}
    return _("%(n)s s") % {"n": number_format(milliseconds / 1000, 1)}


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
        ("runs_bound", percent(found.bound_runs), counted(found.bound_runs)),
        ("report_time", short(_milliseconds(found.report_time)), _reports(found)),
        ("takedown_time", duration(found.takedown_time), _takedowns(found)),
        ("failed_validation", percent(found.refused), counted(found.refused)),
        ("false_rejects", percent(found.false_rejects), counted(found.false_rejects)),
        ("review_turnaround", duration(found.turnaround), _waiting(found)),
        ("exception_volume", figure(found.exceptions_in_force), _unreviewed(found)),
    )
    return [
        {"code": code, "title": DEFINITIONS[code].title, "text": DEFINITIONS[code].text, "value": value, "small": small}
        for code, value, small in told
    ]  # fmt: skip


def question_rows(found: Readiness) -> list[dict[str, Any]]:
    """What each kind of legal question cost, beside the window before."""
    return [
        {
            "title": QuestionKind(one.kind).label,
            "asked": figure(one.asked),
            "now": short(one.mean_ms),
            "before": short(one.before_ms),
            "change": _change(one),
            "is_dearer": (one.change or 0) > 0,
        }
        for one in found.questions
    ]


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
    if late := found.rights_reviews_overdue:
        told.append(
            ngettext(
                "%(n)s rights record was to be looked at again by now.",
                "%(n)s rights records were to be looked at again by now.",
                late,
            )
            % {"n": figure(late)}
        )
    return told


def _change(one: QuestionTime) -> str:
    if one.change is None:
        return _("Nothing to compare")
    return f"{number_format(one.change, 1)} %" if one.change <= 0 else f"+{number_format(one.change, 1)} %"


def _milliseconds(taken: timedelta | None) -> int | None:
    return None if taken is None else round(taken.total_seconds() * 1000)


def _reports(found: Readiness) -> str:
    return ngettext("%(n)s report", "%(n)s reports", found.reports) % {"n": figure(found.reports)}


def _takedowns(found: Readiness) -> str:
    return ngettext("%(n)s takedown closed", "%(n)s takedowns closed", found.takedowns) % {
        "n": figure(found.takedowns)
    }


def _waiting(found: Readiness) -> str:
    return ngettext("%(n)s waits now", "%(n)s wait now", found.waiting) % {"n": figure(found.waiting)}


def _unreviewed(found: Readiness) -> str:
    number = found.exceptions_unreviewed
    if not number:
        return _("Each was looked at in time.")
    return ngettext(
        "%(n)s exception was not looked at in time.", "%(n)s exceptions were not looked at in time.", number
    ) % {"n": figure(number)}
