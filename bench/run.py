"""``make bench``: start a database and web servers of our own, measure, write docs/benchmarks.md.

python bench/run.py                      # every room but scale, about ten minutes
python bench/run.py --scale              # with 1,000,000 licences and 50,000,000 receipts, about half an hour more
python bench/run.py --rooms checks       # one room; the page keeps what it says of the others
python bench/run.py --quick --scale      # seconds of everything, to see that it works; writes nothing
"""

from __future__ import annotations

import argparse
import os
import platform
import re
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python")]

from bench.figures import Room, say, table  # noqa: E402
from bench.house import House, open_house  # noqa: E402

PAGE = ROOT / "docs" / "benchmarks.md"
ROOMS = ("checks", "receipts", "memory", "offline", "audit")
REPEAT = "How to repeat it"  # of HEAD
TITLES = ("Checks", "Receipts", "Memory", "Offline", "Log check", "Scale")
HEAD = """# Benchmarks

Written by `make bench`, which starts a PostgreSQL with fsync on and the deployment's own web server beside the
baselines it is compared with, all on one machine. Rates depend on the machine and on what else it does: compare
ratios. The two sides of a ratio take turns within one run; the table gives the median over the turns, and the
lowest and the highest. "Median" above a bar of `≥` or below one of `≤` is met.

CPU is per request or row, read from the kernel: *web* is granian with its workers, *PostgreSQL* the server with
its backends, *client* the load generator, which is the same program on both sides and sends bytes that were made
before the clock started. Ratios by CPU count web and PostgreSQL, not the client, unless they say so.

## How to repeat it

| part | command | the other side |
| --- | --- | --- |
| Checks | `make bench BENCH_ARGS="--rooms checks"` | `bench/baselines/noop` (one more route in our own deployment), `bench/baselines/introspection` (django-oauth-toolkit, RFC 7662), `bench/baselines/plain` (DRF, django-simple-history) |
| Receipts | `make bench BENCH_ARGS="--rooms receipts"` | `bench/packed.py`: rows that intake wrote, copied out by PostgreSQL in its binary format and written again; `bench/baselines/plain` |
| Memory | `make bench BENCH_ARGS="--rooms memory"` | the bar |
| Offline | `make bench BENCH_ARGS="--rooms offline"` | one EdDSA decode by PyJWT |
| Log check | `make bench BENCH_ARGS="--rooms audit"` | SHA-256 of each entry |
| Scale | `make bench BENCH_ARGS="--rooms none --scale"` | the same deployment without the rows, served beside it; 60 GB of disk, half an hour |

`--turns N` takes more turns, `--receipts` and `--tokens` change what *Scale* loads, `--quick` runs seconds of
everything and writes nothing. Each baseline serves on as many workers and threads as the deployment, with
persistent database connections, and runs alone while it is measured. A part keeps its table until it runs again.
"""


def main() -> int:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rooms", default=",".join(ROOMS), help=f"of {', '.join(ROOMS)}; or none")
    parser.add_argument("--scale", action="store_true", help="the long one too")
    parser.add_argument("--receipts", type=int, default=0, help="that scale loads; 50,000,000")
    parser.add_argument("--tokens", type=int, default=0, help="that scale loads; 1,000,000")
    parser.add_argument("--turns", type=int, default=0, help="of each measurement; 5 by default")
    parser.add_argument("--quick", action="store_true", help="seconds of everything; writes nothing")
    parser.add_argument("--dry", action="store_true", help="writes nothing")
    given = parser.parse_args()
    wanted = [name for name in given.rooms.split(",") if name != "none"]
    if unknown := set(wanted) - set(ROOMS):
        parser.error(f"no such room: {', '.join(sorted(unknown))}")
    given.receipts = given.receipts or (200_000 if given.quick else 50_000_000)
    given.tokens = given.tokens or (2_000 if given.quick else 1_000_000)
    done: dict[str, Room] = {}
    with open_house() as house:
        for title, measure in _rooms(house, wanted, given):
            say(title)
            done[title] = measure()
            print("\n".join(table(done[title])), flush=True)
    if not (given.quick or given.dry):
        PAGE.write_text(
            page(PAGE.read_text(encoding="utf-8") if PAGE.exists() else "", done), encoding="utf-8"
        )
    return 0


def _rooms(
    house: House, wanted: list[str], given: argparse.Namespace
) -> Iterator[tuple[str, Callable[[], Room]]]:
    from bench import checks, core, intake, scale, verify  # they import models, which want settings

    quick, turns = given.quick, given.turns or (1 if given.quick else 5)
    number = 160 if quick else 4_000
    if "checks" in wanted:
        yield (
            "Checks",
            lambda: checks.check_room(house, tokens=20 if quick else 1_000, number=number, turns=turns),
        )
    if "receipts" in wanted:
        yield "Receipts", lambda: intake.receipt_room(house, batches=2 if quick else 10, turns=turns)
    if "offline" in wanted:
        yield "Offline", lambda: core.offline_room(number=100 if quick else 2_000, turns=turns)
    if "audit" in wanted:
        yield (
            "Log check",
            lambda: verify.audit_room(house.folder, entries=5_000 if quick else 200_000, turns=min(turns, 3)),
        )
    if "memory" in wanted:
        yield "Memory", lambda: intake.memory_room(house, receipts=100_000 if quick else 1_000_000)
    if given.scale:
        yield "Scale", lambda: scale.scale_room(
            house,
            tokens=given.tokens,
            receipts=given.receipts,
            number=number,
            batches=1 if quick else 10,
            turns=turns,
        )  # fmt: skip


def page(before: str, done: dict[str, Room]) -> str:
    """The page with the sections just measured; the others, and those written by hand, stay as they were."""
    kept = dict(re.findall(r"^(## ([^\n]+)\n.*?)(?=^## |\Z)", before, re.MULTILINE | re.DOTALL))
    by_hand = [text.rstrip() + "\n" for text, title in kept.items() if title not in (*TITLES, REPEAT)]
    sections = {title: text.rstrip() + "\n" for text, title in kept.items() if title in TITLES}
    stamp = (
        f"Run of {datetime.now(tz=UTC):%Y-%m-%d}: {os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}, load {os.getloadavg()[0]:.1f} at the end."
    )
    for title, room in done.items():
        sections[title] = "\n".join([*table(room), stamp, ""])
    return "\n".join([HEAD, *(sections[title] for title in TITLES if title in sections), *by_hand])


if __name__ == "__main__":
    raise SystemExit(main())
