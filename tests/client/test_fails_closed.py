"""The table of how each adapter fails closed names tests that are there, and every adapter has its row."""

from __future__ import annotations

import ast
import re

import pytest

from tests.client.test_adapters import ADAPTERS
from tests.client.tools import ROOT

PAGE = ROOT / "docs" / "integrations" / "fails-closed.md"
TESTS = ROOT / "tests" / "client"
# what each row's name must say, by the folder of clients/ that it is about
NAMES = {
    "python": "Python client",
    "typescript": "TypeScript",
    "openjd": "Open Job Description",
    "deadline": "Deadline 10",
    "shotgrid": "ShotGrid",
    "unity": "Unity",
}
NOT_ADAPTERS = {"witness"}


def rows() -> dict[str, list[str]]:
    """The three tests of each adapter."""
    table = PAGE.read_text().partition("| --- | --- | --- | --- |\n")[2].partition("\n\n")[0]
    cells = ([cell.strip() for cell in line.strip("|").split("|")] for line in table.splitlines())
    return {name: [test.strip("`") for test in tests] for name, *tests in cells}


def proves_fail_closed(test: str) -> bool:
    """Whether that test is there and is marked as a proof of BX-014."""
    file, _, name = test.partition("::")
    if not (TESTS / file).exists():
        return False
    for node in ast.parse((TESTS / file).read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return any("BX-014" in ast.unparse(mark) for mark in node.decorator_list)
    return False


@pytest.mark.parametrize("adapter", rows())
def test_every_adapter_names_three_tests_that_are_there_and_are_proofs(adapter: str) -> None:
    tests = rows()[adapter]
    assert len(set(tests)) == 3
    assert [test for test in tests if not proves_fail_closed(test)] == []


def test_every_client_of_the_tree_has_a_row() -> None:
    folders = {place.name for place in (ROOT / "clients").iterdir() if place.is_dir()} - NOT_ADAPTERS
    assert set(ADAPTERS) <= folders
    said = " ".join(rows()).lower()
    assert {folder for folder in folders if NAMES.get(folder, folder).lower() not in said} == set()
    for extra in ("gate exec", "opentimelineio"):
        assert extra in said


def test_a_test_that_is_gone_or_proves_something_else_is_no_proof() -> None:
    assert not proves_fail_closed("test_gate.py::test_that_nobody_wrote")
    assert not proves_fail_closed("test_nothing.py::test_that_nobody_wrote")
    assert not proves_fail_closed("test_gate.py::test_misuse_is_neither_a_failure_nor_a_denial")


def test_each_name_that_a_file_may_end_with_stands_on_the_page() -> None:
    from trustmark_client.bounds import DISCARDED
    from trustmark_client.names import UNAUTHORISED, UNRECEIPTED

    said = set(re.findall(r"`frame\.0007\.png\.(\w+)`", PAGE.read_text()))
    assert said == {name.lower() for name in (DISCARDED, "FAILED", UNAUTHORISED, UNRECEIPTED)}
