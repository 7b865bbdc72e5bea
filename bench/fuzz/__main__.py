"""Asks every operation of the OpenAPI document what its schema allows and what it does not, as every seat.

python -m bench.fuzz                  # 20,000 cases and more; some half an hour
python -m bench.fuzz --examples 1 --phases fuzzing    # a case for each operation and seat
python -m bench.fuzz --seats agent    # with one seat's key

The deployment is the one that the launcher starts: PostgreSQL, the web server, the publisher; before it lies one world
for each seat with one of everything, and all seats ask at once. Cases come from schemathesis: the edges of every field
("coverage") and random ones ("fuzzing"), well formed and not. Every answer is held against the document: its status is
listed there, its media type and shape are as described, no status is 5xx, an operation that needs a key refuses one
without. Ends with 1 where anything was found.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python"), str(ROOT / "clients" / "witness")]

from bench.figures import say  # noqa: E402
from bench.fuzz.reading import Seen, read_report  # noqa: E402

SEATS = {"studio": "studio-key", "agent": "agency-key", "guild": "guild-key", "operator": "operator"}
CHECKS = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_schema_conformance",
    "ignored_auth",
)


def main() -> int:
    """Run, print what was seen; 1 where something was found."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--seats", nargs="+", choices=SEATS, default=list(SEATS))
    parser.add_argument("--examples", type=int, default=24, help="random cases for an operation, at most")
    parser.add_argument("--phases", default="coverage,fuzzing")
    parser.add_argument("--workers", type=int, default=2, help="questions of a seat that are asked at once")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--only", default="", help="operations whose path this expression matches")
    parser.add_argument("--out", type=Path, help="where the answers are written, as JSON")
    given = parser.parse_args()
    from tests.name_server import name_server

    with name_server() as names:
        os.environ["TRUSTMARK_DNS_SERVERS"] = f"127.0.0.1:{names.port}"
        from bench.house import open_house

        with open_house() as house:
            total, operations, spent = _ask_all(house, given)
    _tell(total, operations, given, spent)
    return 1 if total.findings or total.errors else 0


def _ask_all(house: Any, given: argparse.Namespace) -> tuple[Seen, int, float]:
    import httpx

    base = f"http://127.0.0.1:{house.web.port}"
    document = httpx.get(f"{base}/api/schema/", headers={"Accept": "application/json"}, timeout=120)
    document.raise_for_status()
    where = house.folder / "openapi.json"
    where.write_bytes(document.content)
    operations = sum(len(methods) for methods in document.json()["paths"].values())
    worlds = []
    for number, seat in enumerate(given.seats):
        folder = house.folder / f"fuzz-{seat}"
        folder.mkdir()
        say(f"{seat}: making a world")
        worlds.append((seat, _facts(seat, folder), folder, given.seed + number))

    def ask(seat: str, secret: str, folder: Path, seed: int) -> Seen:
        seen = _ask(base, where, secret, folder, given, seed)
        say(f"{seat}: {seen.cases:,} cases, {len(seen.operations)} operations, {len(seen.findings)} findings")
        return seen

    total, begun = Seen(), time.monotonic()
    with ThreadPoolExecutor(len(worlds)) as together:
        for seen in together.map(lambda world: ask(*world), worlds):
            total.add(seen)
    return total, operations, time.monotonic() - begun


def _facts(seat: str, folder: Path) -> str:
    """Make a world for the seat and write what the hooks put into questions; returns the secret of its key."""
    from django.db import transaction

    from tests import factories
    from tests.permissions.addresses import addresses
    from tests.permissions.asks import BODIES, things_of
    from tests.permissions.worlds import make_world

    world = make_world(folder)
    if seat == "operator":
        desk = world.people["operator"]
        world.keys["operator"], _ = factories.make_credential(desk.organisation, created_by=desk.person)
    ids = {
        address.text: {
            name: world.ids[thing]
            for name, thing in things_of(address.text, address.parameters, "").items()
            if thing in world.ids
        }
        for address in addresses().values()
        if address.is_api
    }
    bodies: dict[str, Any] = {}
    for place, body in BODIES.items():
        if not place.partition(" ")[2].startswith("/api/v1/") or "@" in place:
            continue
        with transaction.atomic():  # some bodies change the world to be right
            ask = body(world)
            transaction.set_rollback(True)
        if ask.kind == "json" and isinstance(ask.data, dict):
            bodies[place] = json.loads(json.dumps(ask.data, default=str))
    (folder / "facts.json").write_text(json.dumps({"ids": ids, "bodies": bodies}))
    return str(world.keys[SEATS[seat]].secret)


def _ask(base: str, document: Path, secret: str, folder: Path, given: argparse.Namespace, seed: int) -> Seen:
    report = folder / "report.ndjson"
    command = [
        sys.executable, "-m", "schemathesis.cli", "run", str(document), "--url", base,
        "--header", f"Authorization:Bearer {secret}", "--phases", given.phases,
        "--max-examples", str(given.examples), "--workers", str(given.workers), "--checks", ",".join(CHECKS), "--seed", str(seed),
        "--no-color", "--continue-on-failure", "--no-shrink", "--warnings", "off", "--request-timeout", "60",
        "--generation-database", "none", "--suppress-health-check", "all",
        "--report", "ndjson", "--report-ndjson-path", str(report),
        *(["--include-path-regex", given.only] if given.only else []),
    ]  # fmt: skip
    env = os.environ | {
        "SCHEMATHESIS_HOOKS": "bench.fuzz.hooks",
        "TRUSTMARK_FUZZ_FACTS": str(folder / "facts.json"),
        "PYTHONPATH": str(ROOT),
    }
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    if done.returncode not in (0, 1) or not report.exists():
        raise RuntimeError(
            f"schemathesis ended with {done.returncode}\n{done.stdout[-3000:]}{done.stderr[-3000:]}"
        )
    return read_report(report)


def _tell(total: Seen, operations: int, given: argparse.Namespace, spent: float) -> None:
    statuses: Counter[int] = Counter()
    for (_, status), number in total.answers.items():
        statuses[status] += number
    for finding, example in sorted(total.findings.items()):
        print(
            f"FOUND {finding.operation} [{finding.answer}] {finding.check}: {finding.said}\n      {example}"
        )
    for error in sorted(set(total.errors)):
        print(f"ERROR {error}")
    print(
        f"{total.cases:,} cases in {spent:,.0f} s as {', '.join(given.seats)}; {len(total.operations)} of "
        f"{operations} operations answered; {len(total.findings)} findings, {len(set(total.errors))} errors"
    )
    print("answers: " + ", ".join(f"{status}: {number:,}" for status, number in sorted(statuses.items())))
    if given.out:
        rows: dict[str, dict[str, int]] = {}
        for (operation, status), number in sorted(total.answers.items()):
            rows.setdefault(operation, {})[str(status)] = number
        given.out.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    raise SystemExit(main())
