"""``make requirements`` reads marks as pytest does, and refuses what the checklist does not know."""

from __future__ import annotations

import ast
import importlib.util
import json
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_spec = importlib.util.spec_from_file_location("requirements_script", ROOT / "scripts" / "requirements.py")
assert _spec is not None
assert _spec.loader is not None
script = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(script)


def test_marks_are_found_on_functions_in_parameters_and_on_modules() -> None:
    tree = ast.parse(
        "pytestmark = [pytest.mark.req('ST-001')]\n"
        "@pytest.mark.req('ST-002', 'ST-003')\ndef test_a(): ...\n"
        "class TestB:\n    @pytest.mark.parametrize('x', [pytest.param(1, marks=pytest.mark.req('ST-004'))])\n"
        "    def test_c(self, x): ...\n"
        "def helper(): return 'pytest.mark.req(\"ST-005\")'\n"
    )
    found: dict[str, list[str]] = {identifier: [] for identifier in script.marked_ids(tree)}
    assert sorted(found) == ["ST-001", "ST-002", "ST-003", "ST-004"]


def test_every_mark_in_the_house_names_a_requirement_and_the_page_says_which_are_proved() -> None:
    checklist = script.json.loads(script.CHECKLIST.read_text())["requirements"]
    found = script.proofs(ROOT / "tests")
    assert found.keys() <= {row["id"] for row in checklist}
    page = script.report(checklist, found)
    for row in checklist:
        if row["id"] not in found:
            assert f"| {row['id']} | {row['text']} | {row.get('unproved', 'not yet')} |" in page
        else:
            assert "unproved" not in row


@pytest.mark.parametrize(("marked", "status"), [("AA-001", 0), ("AA-002", 1)])
def test_what_is_unproved_says_why_and_cannot_be_marked_as_proved_beside_it(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    marked: str,
    status: int,
) -> None:
    rows = [
        {"id": "AA-001", "group": "A", "text": "One."},
        {"id": "AA-002", "group": "A", "text": "Two.", "unproved": "not shown: there is none here"},
    ]
    (tmp_path / "tests").mkdir()
    test = f'@pytest.mark.req("{marked}")\ndef test_it() -> None: ...\n'
    (tmp_path / "tests" / "test_one.py").write_text(test)
    (tmp_path / "requirements.json").write_text(json.dumps({"requirements": rows}))
    monkeypatch.setattr(script, "ROOT", tmp_path)
    monkeypatch.setattr(script, "CHECKLIST", tmp_path / "requirements.json")
    monkeypatch.setattr(script, "REPORT", tmp_path / "requirements.md")
    monkeypatch.setattr(sys, "argv", ["requirements.py"])
    assert script.main() == status
    if status:
        assert "said to be unproved, and marked: AA-002" in capsys.readouterr().err
        assert not script.REPORT.exists()
    else:
        page = script.REPORT.read_text()
        assert "| AA-001 | One. | `tests/test_one.py::test_it` |" in page
        assert "| AA-002 | Two. | not shown: there is none here |" in page
