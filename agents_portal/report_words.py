"""Rights reports and views of the house in words: states, answers in numbers, and what each column says."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, NamedTuple

from django.utils.formats import number_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.material_words import REASONS
from agents_portal.words import Badge, figure, later, lower_words
from training import vocabulary as terms
from training.models import Review, RightsReport
from training.reporting.tables import ALLOWED, COLLECTED, ENDED_UP, TRANSFORMED

STATES: Final[dict[str, Badge]] = {
    terms.ReportState.QUEUED: Badge("clock", later("Waits to be made"), "unsure"),
    terms.ReportState.BUILDING: Badge("clock", later("Is being made"), "unsure"),
    terms.ReportState.DONE: Badge("circle-check", later("Signed"), "permit"),
    terms.ReportState.FAILED: Badge("octagon-x", later("Could not be made"), "deny"),
}
QUESTIONS: Final = {
    COLLECTED: later("What was collected?"),
    ALLOWED: later("Why was it allowed?"),
    TRANSFORMED: later("How was it transformed?"),
    ENDED_UP: later("Where did it end up?"),
}
VIEWS: Final = {
    "legal": (later("Legal"), later("Where the house stands in law: sources, rights, exceptions, readiness for takedowns.")),
    "engineering": (later("Engineering"), later("What was made, by which jobs, what failed at the gate, and where a run can be replayed from.")),
    "governance": (later("Governance"), later("Which run consumed which dataset version, and which licences held when it did.")),
    "procurement": (later("For a buyer"), later("What a buyer asks before anything is signed.")),
    "diligence": (later("For diligence"), later("What somebody asks who looks into the house.")),
    "incident": (later("For an incident"), later("What is needed on the day on which something must go.")),
}  # fmt: skip
PARTS: Final = {
    "source_counts": later("Sources and originals by type"),
    "rights_distribution": later("On which rights the sources stand"),
    "exceptions": later("Exceptions in force"),
    "rights_reviews": later("Rights records to be looked at again"),
    "takedown_readiness": later("Readiness for a takedown"),
    "dataset_versions": later("Dataset versions"),
    "transformation_jobs": later("Transformation jobs"),
    "failed_validation": later("Refused at the gate in 30 days"),
    "replay_checkpoints": later("Where a run can be replayed from"),
    "runs": later("What runs consumed"),
}
TABLES: Final = {
    "sources": later("Sources"),
    "originals": later("Originals"),
    "rights": later("Rights"),
    "verdicts": later("Verdicts of the gate"),
    "reviews": later("Reviews"),
    "exceptions": later("Exceptions"),
    "policies": later("Policies"),
    "jobs": later("Jobs"),
    "derivatives": later("Derivatives"),
    "manifests": later("Manifests"),
    "rows": later("Rows of manifests"),
    "runs": later("Training runs"),
    "models": later("Models"),
    "takedowns": later("Takedowns"),
    "events": later("Events"),
}
_ANSWERS: Final = {
    "sources": later("Sources"),
    "sources_by_type": later("Sources by type"),
    "originals": later("Originals"),
    "originals_by_kind": later("By kind"),
    "originals_by_method": later("By way of collection"),
    "originals_by_state": later("How originals stand"),
    "bytes": later("Bytes"),
    "first_collected_at": later("First collected"),
    "last_collected_at": later("Last collected"),
    "rights_by_licence_class": later("Rights by licence class"),
    "rights_by_standing": later("How rights stand"),
    "verdicts_by_outcome": later("Verdicts"),
    "verdicts_by_code": later("Reasons"),
    "reviews_by_answer": later("Reviews"),
    "exceptions": later("Exceptions"),
    "policies": later("Policies"),
    "jobs": later("Jobs"),
    "derivatives": later("Derivatives"),
    "derivatives_by_role": later("By role"),
    "derivatives_by_state": later("How derivatives stand"),
    "manifests_by_state": later("Manifests"),
    "rows": later("Rows"),
    "runs": later("Training runs"),
    "models": later("Models"),
    "takedowns_by_state": later("Takedowns"),
}
_ORDER: Final = {name: place for place, name in enumerate(_ANSWERS)}
_COLUMNS: Final = {
    "type": later("Source type"), "sources": later("Sources"), "originals": later("Originals"),
    "admitted": later("Admitted"), "isolated": later("Isolated"), "removed": later("Removed"),
    "licence_class": later("Licence class"), "over": later("Over"), "codes": later("What it lifts"),
    "source_class": later("Class of sources"), "review_on": later("Looked at again on"), "ends_at": later("Ends"),
    "due": later("Due on"), "rights": later("Rights record"), "source": later("Source"),
    "last_drill_at": later("Last drill"), "last_drill_reached": later("It reached"),
    "last_drill_ms": later("It took, in milliseconds"), "open_cases": later("Open cases"),
    "open_items": later("Open items"), "overdue_items": later("Overdue items"), "next_due_at": later("Next is due"),
    "closed": later("Takedowns closed"), "mean_seconds": later("Mean time to close, in seconds"),
    "longest_seconds": later("Longest time to close, in seconds"), "dataset": later("Dataset"),
    "version": later("Version"), "derivatives": later("Derivatives"), "made": later("Derivatives"), "bytes": later("Bytes"), "jobs": later("Jobs"),
    "last_at": later("Last added"), "name": later("Name"), "code_commit": later("Code"),
    "container_image": later("Image"), "created_at": later("At"), "part": later("Refused"), "whole": later("Judged"),
    "percent": later("Share"), "manifest": later("Manifest"), "frozen_at": later("Frozen"), "rows": later("Rows"),
    "policy": later("Policy"), "runs": later("Training runs"), "may_be_replayed": later("May be trained on again"),
    "run": later("Run"), "at": later("At"), "datasets": later("Dataset versions"), "models": later("Models"),
    "refusals": later("It was told no"), "licences": later("Licences"),
    "licences_not_in_force": later("Not in force then"),
}  # fmt: skip
_LEFT_OUT: Final = {"id", "rows_root", "response", "container_image", "policy"}
"""What a page does not repeat; it stands in the file."""
_CHOICES: Final[dict[str, Any]] = {
    value: label
    for choices in (
        terms.SourceType, terms.MediaKind, terms.CollectionMethod, terms.LicenceClass, terms.AssetState,
        terms.Outcome, Review.Answer, terms.TakedownState,
    )
    for value, label in choices.choices
}  # fmt: skip
_STANDINGS: Final = {
    "IN_FORCE": later("In force"),
    "EXPIRED": later("Run out"),
    "ENDED": later("Ended"),
    "LICENCE_REVOKED": later("Licence revoked"),
    "LICENCE_SUSPENDED": later("Licence suspended"),
    "LICENCE_EXPIRED": later("Licence run out"),
    "SIGNED": later("Signed"),
    "ASKED": later("Asked for"),
    "OPEN": later("Open"),
    "KEPT": later("Kept"),
    "FROZEN": later("Frozen"),
    "RELEASED": later("Released"),
    "WITHDRAWN": later("Withdrawn"),
    "BOUND": later("Bound to a manifest"),
    "UNBOUND": later("Without a manifest"),
    "DRILL": later("A drill"),
}


class Cell(NamedTuple):
    """One value as a page shows it: ``text``, or the moment ``at``, or the hash or id ``code``."""

    label: str
    text: str = ""
    at: datetime | None = None
    code: str = ""


def title_of(row: RightsReport) -> str:
    """What a report is about."""
    return str(terms.ReportScope(row.scope).label)


def answers(head: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The four answers: each question with its figures, and the tables that go into detail."""
    return [
        {
            "code": code,
            "asks": asks,
            "figures": [
                {"title": _ANSWERS.get(name, name), **_figure(name, value)}
                for name, value in sorted(head["answers"][code].items(), key=lambda one: _ORDER[one[0]])
            ],
            "tables": [
                {"name": one["name"], "title": TABLES[one["name"]], "rows": figure(one["rows"])}
                for one in head["tables"]
                if one["question"] == code
            ],
        }
        for code, asks in QUESTIONS.items()
    ]


def part_of(name: str, value: Any) -> dict[str, Any]:
    """One part of a view: a table of rows, or facts."""
    key = name.rpartition(".")[2]
    told: dict[str, Any] = {"name": key, "title": PARTS[key], "rows": [], "facts": []}
    if isinstance(value, dict):
        flat = {**value, **value.get("response", {})}
        told["facts"] = [cell(column, one) for column, one in flat.items() if column not in _LEFT_OUT]
        return told
    told["rows"] = [
        [cell(column, one) for column, one in row.items() if column not in _LEFT_OUT] for row in value
    ]
    told["heads"] = [one.label for one in told["rows"][0]] if told["rows"] else []
    return told


def cell(column: str, value: Any) -> Cell:
    """One value under its column."""
    label = str(_COLUMNS.get(column, column))
    if value is None or value in ("", []):
        return Cell(label, _("No record") if column == "licence_class" else _("None"))
    if column.endswith("_at") or column == "at":
        return Cell(label, at=datetime.fromisoformat(value))
    if column == "codes":
        return Cell(label, "; ".join(word(code) for code in value))
    if column == "licences":
        number = len(value)
        return Cell(label, ngettext("%(n)s licence", "%(n)s licences", number) % {"n": figure(number)})
    if isinstance(value, bool):
        return Cell(label, _("Yes") if value else _("No"))
    if isinstance(value, float):
        return Cell(label, f"{number_format(value, 1)} %")
    if isinstance(value, int):
        return Cell(label, figure(value) if column != "version" else str(value))
    if isinstance(value, list):
        return Cell(label, ", ".join(map(str, value)))
    if column in ("manifest", "policy", "code_commit", "rights", "source"):
        return Cell(label, code=value.removeprefix("sha256:"))
    return Cell(label, word(value) if column in ("type", "licence_class") else str(value))


def word(code: str) -> str:
    """A state, a kind, a reason in words."""
    if code in REASONS:
        return str(REASONS[code].found)
    found = _STANDINGS.get(code) or _CHOICES.get(code)
    return str(found) if found else lower_words(code).capitalize()


def _figure(name: str, value: Any) -> dict[str, Any]:
    if isinstance(value, dict):
        return {
            "parts": [
                (word(code) if code.isupper() else code, figure(number)) for code, number in value.items()
            ]
        }
    if name.endswith("_at"):
        return {"at": datetime.fromisoformat(value) if value else None}
    return {"value": figure(value)}
