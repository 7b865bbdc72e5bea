"""``make requirements`` reads marks as pytest does, and refuses what the checklist does not know."""

from __future__ import annotations

import ast
import importlib.util
from pathlib import Path

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
    unproved = next(row for row in checklist if row["id"] not in found)
    assert f"| {unproved['id']} | {unproved['text']} | not yet |" in page
