"""A rights report on paper: the signed head and the first rows of its tables as PDF, signed in its own right.

The data is the evidence; the paper says what the data says, and names its id. Whoever holds the paper alone checks its
statement (DSSE over the paper's SHA-256, naming the report). A paper is printed once and kept, so that a newer font or
printer does not change what was signed.
"""

import json
import zipfile
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any, Final

from django.core.files.base import ContentFile
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe

from common import keys
from common.errors import Unavailable
from common.locks import one_at_a_time
from common.models import SigningKey
from common.storage import blobs, local_copy
from compliance.printing import page_of, pdf_of
from training.models import RightsReport
from training.reporting.tables import QUESTIONS
from training.reporting.whereabouts import every_key
from trustcore.dsse import sign_statement
from trustcore.encoding import sha256_hex
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.rights_report import PAPER_TYPE, paper_predicate, verify_report

_ROWS: Final = 40
_LETTERS_MIN: Final = 8
_LETTERS_MAX: Final = 36
"""Of a column's longest cell: what its width is reckoned by."""
_SHOWN: Final[dict[str, tuple[str, str, tuple[str, ...]]]] = {
    "sources": (
        "collected", "Sources", ("source_class", "source_type", "rights_holder", "canonical_url", "registered_at"),
    ),
    "originals": ("collected", "Originals", ("id", "kind", "method", "collected_at", "sha256", "state")),
    "rights": (
        "allowed", "Rights", ("source", "version", "licence_class", "licence_type", "may_train", "expires_at", "standing"),
    ),
    "exceptions": ("allowed", "Exceptions", ("codes", "source_class", "reason", "signed_at", "ends_at")),
    "jobs": ("transformed", "Jobs", ("id", "name", "code_commit", "approved_by", "at")),
    "derivatives": ("transformed", "Derivatives", ("id", "dataset", "dataset_version", "role", "sha256", "removed_at")),
    "manifests": ("ended_up", "Manifests", ("content_id", "name", "rows", "frozen_at", "withdrawn_at")),
    "runs": ("ended_up", "Training runs", ("external_id", "name", "manifest", "code_commit", "at")),
    "models": ("ended_up", "Models", ("name", "version", "sha256", "run", "at")),
    "takedowns": ("ended_up", "Takedowns", ("id", "trigger", "is_drill", "state", "reached", "opened_at", "ended_at")),
}  # fmt: skip
"""Tables that stand on paper: under which question, their title, their columns."""


def paper_of(report: RightsReport) -> bytes:
    """The paper of a report that is made, as PDF.

    Raises:
        Unavailable: ``NO_PRINTER``: this server has no Pango; ``REPORT_BROKEN``: its data is not what was signed.
    """
    place = _place(report)
    # fonts and moments differ from print to print: of two that print at once, one prints and both hold its bytes
    with one_at_a_time(place):
        return _kept(place) if blobs().exists(place) else _printed(report, place)


def _kept(place: str) -> bytes:
    with blobs().open(place, "rb") as stream:
        return bytes(stream.read())


def _printed(report: RightsReport, place: str) -> bytes:
    try:
        facts = paper_facts(report)
    except (InvalidEvidence, zipfile.BadZipFile) as error:
        raise Unavailable("REPORT_BROKEN", "The data of this report is not what was signed.") from error
    made = pdf_of(page_of("compliance/rights_report.html", facts))
    if made is None:
        raise Unavailable("NO_PRINTER", "This server cannot print; take the report's data.")
    blobs().save(place, ContentFile(made))
    return made


def paper_statement(report: RightsReport) -> bytes:
    """The signed statement over the paper's SHA-256 that names the report which it prints. Raises as :func:`paper_of`."""
    digest = sha256_hex(paper_of(report))
    signer = keys.signer_for(SigningKey.Purpose.DECISION)
    return sign_statement({paper_name(report): digest}, PAPER_TYPE, paper_predicate(report.head), signer)


def paper_name(report: RightsReport) -> str:
    """The name of the paper's file."""
    return f"rights-report-{report.pk}.pdf"


def paper_facts(report: RightsReport) -> dict[str, Any]:
    """What the page says."""
    head = report.head
    with local_copy(report.location) as path, zipfile.ZipFile(path) as archive:
        with path.open("rb") as stream:  # what lies in the storage is printed only if it is what was signed
            found = verify_report(stream, every_key())
        if found.id != report.content_id:
            raise InvalidEvidence(InvalidReason.HASH_MISMATCH, "another report lies in its place", found.id)
        tables = [_table(archive, head, name) for name in _SHOWN]
    return {
        "report": report.content_id,
        "head": head,
        "house": report.organisation.name,
        "counts": {one["name"]: one["rows"] for one in head["tables"]},
        "questions": [
            {
                "asks": asks,
                "answer": [
                    (_said(name), _answer(value)) for name, value in sorted(head["answers"][code].items())
                ],
                "tables": [one for one in tables if one["question"] == code],
            }
            for code, asks in QUESTIONS.items()
        ],
    }


def _table(archive: zipfile.ZipFile, head: dict[str, Any], name: str) -> dict[str, Any]:
    question, title, columns = _SHOWN[name]
    rows = [[_cell(row[column]) for column in columns] for row in islice(_lines(archive, name), _ROWS)]
    whole = next(one["rows"] for one in head["tables"] if one["name"] == name)
    return {
        "question": question,
        "title": title,
        "file": f"tables/{name}.csv",
        "heads": [_said(column) for column in columns],
        "rows": rows,
        "widths": _widths([columns, *rows]),
        "left_out": whole - len(rows),
    }


def _widths(rows: Sequence[Sequence[str]]) -> list[int]:
    """Columns by their longest cell, in percent of the page.

    Said here, for the printer would find out by breaking every cell at every letter: most of what a long paper took.
    """
    longest = [min(max(_LETTERS_MIN, *map(len, column)), _LETTERS_MAX) for column in zip(*rows, strict=True)]
    return [100 * one // sum(longest) for one in longest]


def _lines(archive: zipfile.ZipFile, name: str) -> Iterator[dict[str, Any]]:
    with archive.open(f"tables/{name}.ndjson") as lines:
        for line in lines:
            yield json.loads(line)


def _said(code: str) -> str:
    return code.replace("_", " ").capitalize().replace("sha256", "SHA-256").replace("Sha256", "SHA-256")


def _cell(value: Any) -> SafeString | str:
    """A cell as text; long words may break anywhere (the house's paper), nothing is left out."""
    if value is None or value == "":
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return mark_safe("<br>".join(escape(one) for one in value))  # noqa: S308 - each is escaped
    return str(value)


def _answer(value: Any) -> str:
    """One figure of an answer: a number, a moment, or numbers by what they count."""
    if isinstance(value, dict):
        return "; ".join(f"{name} {number:,}" for name, number in value.items()) or "none"
    if isinstance(value, int):
        return f"{value:,}"
    return "none" if value is None else str(value)


def _place(report: RightsReport) -> str:
    return f"rights-reports/{report.organisation_id}/{report.pk}.pdf"
