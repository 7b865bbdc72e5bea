"""Scripts of terms in a form: a row of four inputs each, and an empty row for one more."""

from itertools import zip_longest
from typing import Any, Final

from django import forms
from django.utils.datastructures import MultiValueDict

from agents_portal.evidence_fields import SCRIPT_PARTS, SCRIPTS_MOST, parts_of
from common.language import later

LABELS: Final = {
    "ref": later("Script"),
    "version": later("Its version"),
    "sha256": later("Its SHA-256"),
    "dated": later("Its date"),
}


class ScriptRowsWidget(forms.Widget):
    """Reads the repeated inputs ``NAME-ref``, ``NAME-version`` and so on as lines; a template draws them."""

    def value_from_datadict(self, data: Any, files: Any, name: str) -> list[str]:
        """One line a row; rows without a word are left out."""
        held = data if isinstance(data, MultiValueDict) else MultiValueDict()
        columns = [held.getlist(f"{name}-{part}")[: SCRIPTS_MOST + 1] for part in SCRIPT_PARTS]
        lines = ["\t".join(_plain(one) for one in row) for row in zip_longest(*columns, fillvalue="")]
        return [line for line in lines if line.strip()]

    def value_omitted_from_data(self, data: Any, files: Any, name: str) -> bool:
        """An empty list is an answer: no script."""
        return False


class ScriptRows(forms.Field):
    """Lines as :mod:`agents_portal.evidence_fields` reads them."""

    widget = ScriptRowsWidget


def rows_of(lines: list[str]) -> list[list[dict[str, str]]]:
    """What the template draws: each row's inputs with their part, label, value and type; the last row is empty."""
    return [
        [
            {
                "part": part,
                "label": str(LABELS[part]),
                "value": value,
                "type": "date" if part == "dated" and "T" not in value else "text",
            }
            for part, value in parts_of(line).items()
        ]
        for line in [*lines, *([""] if len(lines) < SCRIPTS_MOST else [])]
    ]


def _plain(text: Any) -> str:
    return str(text)[:200].replace("\t", " ")
