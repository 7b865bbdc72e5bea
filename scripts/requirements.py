#!/usr/bin/env python3
"""Which requirements of the checklist a test proves: reads the marks without running a test.

    python scripts/requirements.py            # writes docs/requirements.md, prints the counts
    python scripts/requirements.py --check    # fails when docs/requirements.md is not up to date

A test proves ``ST-091`` by ``@pytest.mark.req("ST-091")`` on a function, a class or a module's ``pytestmark``.
An ID that docs/requirements.json does not know is an error, and so is one that it says is unproved, and why, while a
test is marked with it.
"""

from __future__ import annotations

import argparse
import ast
import json
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
CHECKLIST = ROOT / "docs" / "requirements.json"
REPORT = ROOT / "docs" / "requirements.md"


def marked_ids(node: ast.AST) -> Iterator[str]:
    """The IDs of every ``pytest.mark.req(...)`` call within ``node``."""
    for call in ast.walk(node):
        if (
            isinstance(call, ast.Call)
            and isinstance(call.func, ast.Attribute)
            and call.func.attr == "req"
            and ast.unparse(call.func.value) == "pytest.mark"
        ):
            for argument in call.args:
                yield str(ast.literal_eval(argument))


def proofs(tests: Path) -> dict[str, list[str]]:
    """For each ID the tests that prove it, as ``file::test``."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(tests.rglob("test_*.py")):
        name = path.relative_to(ROOT).as_posix()
        _read(ast.parse(path.read_text()), name, found)
    return found


def _read(tree: ast.AST, prefix: str, found: dict[str, list[str]]) -> None:
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            for decorator in node.decorator_list:
                for identifier in marked_ids(decorator):
                    found[identifier].append(f"{prefix}::{node.name}")
            if isinstance(node, ast.ClassDef):
                _read(node, f"{prefix}::{node.name}", found)
        elif isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "pytestmark":
            for identifier in marked_ids(node.value):
                found[identifier].append(prefix)


def report(checklist: list[dict[str, str]], found: dict[str, list[str]]) -> str:
    """The page: what is proved, by which tests, and what is not."""
    proved = sum(row["id"] in found for row in checklist)
    lines = [
        "# Requirements and the tests that prove them",
        "",
        "Written by `make requirements`; the texts are those of `requirements.json`.",
        "",
        f"{proved} of {len(checklist)} requirements are proved by a test.",
    ]
    group = ""
    for row in checklist:
        if row["group"] != group:
            group = row["group"]
            lines += ["", f"## {group}", "", "| ID | Requirement | Proved by |", "| --- | --- | --- |"]
        tests = "<br>".join(f"`{test}`" for test in sorted(set(found.get(row["id"], ()))))
        tests = tests or row.get("unproved", "not yet")
        lines.append(f"| {row['id']} | {row['text']} | {tests} |")
    return "\n".join(lines) + "\n"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    checklist = json.loads(CHECKLIST.read_text())["requirements"]
    found = proofs(ROOT / "tests")
    unknown = sorted(found.keys() - {row["id"] for row in checklist})
    if unknown:
        for identifier in unknown:
            print(f"unknown requirement {identifier}: {', '.join(found[identifier])}", file=sys.stderr)
        return 1
    outdated = [row["id"] for row in checklist if "unproved" in row and row["id"] in found]
    if outdated:
        print(f"said to be unproved, and marked: {', '.join(outdated)}", file=sys.stderr)
        return 1
    page = report(checklist, found)
    if options.check and (not REPORT.exists() or REPORT.read_text() != page):
        print("docs/requirements.md is out of date: run make requirements", file=sys.stderr)
        return 1
    REPORT.write_text(page)
    print(" ".join(sorted(found)) or "none yet")
    print(f"{len(found)} of {len(checklist)} requirements are proved by a test; see docs/requirements.md")
    return 0


if __name__ == "__main__":
    sys.exit(main())
