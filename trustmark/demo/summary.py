"""What the demonstration leaves to read: ``summary.json`` and a table."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.table import Table

if TYPE_CHECKING:
    from trustmark.demo.journey import Result

_SAID = {
    1: lambda o: f"talent visible, request {o['request'][-4:]} submitted",
    2: lambda o: (
        f"token {o['token'][-4:]}, terms version {o['terms_version']}, rendered in {', '.join(o['render_territory'])}"
    ),
    3: lambda o: (
        f"{o['frames']:,} frames, {o['receipts']:,} receipts, {o['workers']} workers, {o['blocks']} leases"
    ),
    4: lambda o: f"{len(o['denied'])} refusals: {', '.join(sorted(set(o['denied'].values())))}",
    5: lambda o: (
        f"warned with {o['days_left']} days left; {o['further_frames']} frames under version {o['terms_versions'][1]}"
    ),
    6: lambda o: f"mark {o['mark']}, credentials {o['credentials'].lower()}",
    7: lambda o: f"{o['denied_workers']} workers refused {o['seconds_after_revocation']} s after revocation",
    8: lambda o: (
        f"{o['receipts']:,} receipts and {o['refusals_in_the_log']} refusals verified offline; flipped byte: exit {o['flipped_byte']['exit']}"
    ),
    9: lambda o: (
        f"found in pixels (p {o['pixels']['p_value']:.0e}) and in sound (p {o['sound']['p_value']:.0e})"
    ),
}


def write_summary(path: Path, results: list[Result]) -> None:
    """Counts, seconds and outcome of each act, as JSON."""
    document = {
        "written_at": datetime.now(tz=UTC).isoformat(timespec="seconds").replace("+00:00", "Z"),
        "passed": all(result.passed for result in results),
        "seconds": round(sum(result.seconds for result in results), 1),
        "acts": [
            {
                "number": result.number,
                "title": result.title,
                "passed": result.passed,
                "seconds": round(result.seconds, 1),
                "outcome": result.outcome,
            }
            for result in results
        ],
    }
    path.write_text(json.dumps(document, indent=1, default=str) + "\n")


def table(results: list[Result]) -> Table:
    """The same for a terminal."""
    grid = Table(title="the main job", title_justify="left")
    for name, justify in (("", "right"), ("act", "left"), ("outcome", "left"), ("seconds", "right")):
        grid.add_column(name, justify=justify)  # type: ignore[arg-type]
    for result in results:
        grid.add_row(str(result.number), result.title, _said(result), f"{result.seconds:.1f}")
    total = sum(result.seconds for result in results)
    grid.add_row("", "", "passed" if all(result.passed for result in results) else "FAILED", f"{total:.1f}")
    return grid


def _said(result: Result) -> str:
    outcome: dict[str, Any] = result.outcome
    return (
        _SAID[result.number](outcome) if result.passed else f"failed: {outcome['failure'].splitlines()[-1]}"
    )
