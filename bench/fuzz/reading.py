"""Reads schemathesis's own report: how many cases, which operations, which answers, what was found."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True, order=True)
class Finding:
    """What was wrong with an answer, once however often it came."""

    operation: str
    check: str
    said: str
    answer: str = ""


@dataclass
class Seen:
    """What a run came to."""

    cases: int = 0
    answers: Counter[tuple[str, int]] = field(default_factory=Counter)
    findings: dict[Finding, str] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    @property
    def operations(self) -> set[str]:
        """Those that answered at least once."""
        return {operation for operation, _ in self.answers}

    def add(self, other: Seen) -> None:
        """Take another run's in."""
        self.cases += other.cases
        self.answers += other.answers
        self.findings = other.findings | self.findings
        self.errors += other.errors


def read_report(path: Path) -> Seen:
    """What the events of one run say."""
    seen = Seen()
    with path.open() as lines:
        for line in lines:
            event = json.loads(line)
            if "ScenarioFinished" in event:
                _read_scenario(event["ScenarioFinished"]["recorder"], seen)
            elif "NonFatalError" in event:
                told = event["NonFatalError"]
                seen.errors.append(f"{told.get('label')}: {told['value'].get('message', '')[:300]}")
            elif "FatalError" in event:
                seen.errors.append(json.dumps(event)[:500])
    return seen


def _read_scenario(recorder: dict[str, Any], seen: Seen) -> None:
    label = recorder["label"]
    for case, exchange in recorder["interactions"].items():
        answer = exchange.get("response")
        if answer is None:
            seen.errors.append(f"{label}: no answer")
            continue
        seen.cases += 1
        method = exchange["request"]["method"]
        if label.startswith(f"{method} "):  # else a probe with a method that the operation does not have
            seen.answers[label, answer["status_code"]] += 1
        for check in recorder["checks"].get(case, ()):
            if check["status"] == "failure":
                told = check.get("failure_info", {}).get("failure", {})
                said = " ".join(told.get("message", "").split())[:600]
                finding = Finding(
                    label, check["name"], f"{told.get('title', '')}: {said}", str(answer["status_code"])
                )
                seen.findings.setdefault(finding, _curl(exchange))


def _curl(exchange: dict[str, Any]) -> str:
    asked = exchange["request"]
    return f"{asked['method']} {asked['uri'][:300]} {json.dumps(asked.get('body'))[:600]}"
