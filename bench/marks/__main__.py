"""``make bench-marks``: measure what the marks survive, and write docs/watermark-table.md.

make bench-marks                                      # everything; hours; goes on where it stopped
make bench-marks BENCH_ARGS="--subset ci"             # five minutes, nothing but the repository; writes no page
make bench-marks BENCH_ARGS="--rooms films,stills"    # of films, stills, sounds, claims, averages, costs, growth, peers
make bench-marks BENCH_ARGS="--only 'film.*CRF 40'"   # cells whose room/material/row match
make bench-marks BENCH_ARGS="--rooms none"            # write the page from what was measured

Rows go to var/bench/marks/results.jsonl, one a line, known by the digest of watermarking/; the newest of every cell are kept
in bench/marks/measured.jsonl, and stand, marked, for what the code at hand did not measure yet. Ends with 1 if anything was
claimed that is not so, and in the subset also if a bar is missed.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import torch

from bench.marks.averaging import averaging_room
from bench.marks.bars import is_wrong, verdicts
from bench.marks.claims import claim_room
from bench.marks.costs import cost_room
from bench.marks.films import film_room
from bench.marks.growth import growth_room
from bench.marks.material import all_material
from bench.marks.peers import peer_room
from bench.marks.results import FOLDER, KEPT, ROOT, Results, code_version
from bench.marks.run import Run, say
from bench.marks.sounds import sound_room
from bench.marks.spread import ROOMS, spread
from bench.marks.stills import still_room
from bench.marks.table import judged, write_page

PAGE = ROOT / "docs" / "watermark-table.md"  # its figures go to docs/figures
SHARED_MEDIA = ROOT.parent / "shared" / "media"
_SPREAD = {room.name for room in ROOMS.values()}
_CI_ROOMS = ("films", "stills", "sounds", "claims")


def main() -> int:
    """Measure what is asked for and missing, then judge and write."""
    given = _arguments()
    torch.set_num_threads(1)
    ci = given.subset == "ci"
    media = None if ci else given.media
    if media is not None and not media.is_dir():
        say(f"no {media}: what lies there is left out")
        media = None
    results = Results(given.results, version=given.code or code_version(), kept=None if ci else KEPT)
    run = Run(
        results,
        all_material(media),
        given.results.parent / "work",
        given.registry,
        given.trials,
        only=given.only,
        ci=ci,
        part=given.part,
    )
    rooms = _rooms(run, tuple(given.minutes))
    default = _CI_ROOMS if ci else tuple(rooms)
    wanted = [name for name in (given.rooms.split(",") if given.rooms else default) if name != "none"]
    if unknown := set(wanted) - set(rooms):
        say(f"no such room: {', '.join(sorted(unknown))}")
        return 2
    helpers = _helpers(given.jobs) if given.part == (0, 1) else []
    if helpers:
        run = Run(**{**vars(run), "part": (0, given.jobs)})
        rooms = _rooms(run, tuple(given.minutes))
    if given.spread:
        _, left = spread(run, set(wanted), processes=given.spread, seconds=given.seconds)
        wanted = [] if left else [name for name in wanted if name not in _SPREAD]
    for name in wanted:
        rooms[name]()
    failed = [helper for helper in helpers if helper.wait()]
    return _told(run, page=not (ci or given.dry) and given.part[1] == 1, strict=ci or given.strict) or int(
        bool(failed)
    )


def _arguments() -> argparse.Namespace:
    def part(text: str) -> tuple[int, int]:
        which, _, of = text.partition("/")
        return int(which), int(of)

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--subset", choices=("all", "ci"), default="all")
    parser.add_argument("--rooms", default="", help="some of them, or none")
    parser.add_argument("--only", default="", help="a pattern over room/material/row")
    parser.add_argument("--media", type=Path, default=SHARED_MEDIA, help="a folder of further clips")
    parser.add_argument(
        "--registry", type=int, default=int(os.environ.get("BENCH_REGISTRY", "1000000")), help="ids"
    )
    parser.add_argument("--trials", type=int, default=0, help="of false claims, each layer and way; 10,000")
    parser.add_argument("--minutes", type=int, nargs="+", default=[1, 10], help="lengths of the growth room")
    parser.add_argument("--jobs", type=int, default=1, help="processes that share the work")
    parser.add_argument(
        "--spread", type=int, default=0, help="processes that share films, stills and sounds cell by cell"
    )
    parser.add_argument("--seconds", type=float, default=1e9, help="after which nothing more is spread")
    parser.add_argument("--part", type=part, default=(0, 1), help=argparse.SUPPRESS)
    parser.add_argument(
        "--results", type=Path, help="var/bench/marks/results.jsonl; results-ci.jsonl for the subset"
    )
    parser.add_argument("--code", default="", help="show rows of another version of the code")
    parser.add_argument("--dry", action="store_true", help="write no page")
    parser.add_argument("--strict", action="store_true", help="a missed bar is a failure too")
    given = parser.parse_args()
    given.results = given.results or FOLDER / (
        "results-ci.jsonl" if given.subset == "ci" else "results.jsonl"
    )
    given.trials = given.trials or (100 if given.subset == "ci" else 10_000)
    if given.subset == "ci":
        given.registry = min(given.registry, 10_000)
    return given


def _rooms(run: Run, minutes: tuple[int, ...]) -> dict[str, Callable[[], None]]:
    return {
        "films": partial(film_room, run),
        "stills": partial(still_room, run),
        "sounds": partial(sound_room, run),
        "costs": partial(cost_room, run),
        "peers": partial(peer_room, run),
        "averages": partial(averaging_room, run),
        "claims": partial(claim_room, run),
        "growth": partial(growth_room, run, minutes),
    }


def _helpers(jobs: int) -> list[subprocess.Popen[bytes]]:
    """The same command again for every other part of the work."""
    command = [sys.executable, "-m", "bench.marks", *sys.argv[1:]]
    return [subprocess.Popen([*command, "--part", f"{which}/{jobs}"], cwd=ROOT) for which in range(1, jobs)]


def _told(run: Run, *, page: bool, strict: bool) -> int:
    rows = run.results.newest()
    found = verdicts(rows)
    print("\n".join(judged(found)))
    if page:
        run.results.keep(KEPT)
        write_page(PAGE, rows, run.material, version=run.results.version, registered=run.registered)
    missed = [one for one in found if one.met is False]
    if is_wrong(rows):
        say("something was claimed that is not so")
        return 1
    return int(bool(missed) and strict)


if __name__ == "__main__":
    raise SystemExit(main())
