"""Every page of the portal with a crowd stored: queries, and time against a page that reads nothing.

python bench/portal.py                    # a hundredth of the crowd, minutes
python bench/portal.py --share 1          # 200 agents, 20,000 talents, 100,000 requests, 1,000,000 licences,
                                          # 20,000,000 receipts: 45 GB of disk, hours
Each page is asked in turns with the sign-in page, which the same server renders without the database. Bars: at most
12 queries, and the 95th percentile at most six times the static page's.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python"), str(ROOT / "clients" / "witness")]

from bench.figures import say  # noqa: E402
from bench.house import House, open_house  # noqa: E402
from bench.load import drive, request  # noqa: E402

QUERIES, RATIO = 12, 6.0
STATIC = "/sign-in/"


def main() -> int:
    """Fill, measure, print; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--share", type=float, default=0.01, help="of the bar's crowd; as many rows a person")
    parser.add_argument("--times", type=int, default=40, help="that each page is asked")
    parser.add_argument("--only", default="", help="pages whose address holds this")
    given = parser.parse_args()
    with open_house() as house:
        missed = _measure(house, given)
    return 1 if missed else 0


def _measure(house: House, given: argparse.Namespace) -> int:
    import psycopg
    from django.conf import settings
    from django.test import Client

    from bench.crowd import Scale, fill
    from bench.scale import fill_log, settled
    from receipts.services.tally import recount
    from tests.tour.stage import READERS, make_stage, pages_of

    begun, scale = time.monotonic(), Scale(given.share)
    world = make_stage(house.folder)
    say(f"the real world stands after {time.monotonic() - begun:,.0f} s")
    with psycopg.connect(house.database_url) as wire:
        fill(wire, world, scale)
        say(f"{scale.licences:,} licences after {time.monotonic() - begun:,.0f} s")
        farm = world.facts["farm"]
        log = settled(farm)
        fill_log(wire, house.folder / "storage", log, farm, max(100_000, scale.receipts))
    recount(log_id=log.pk)  # what was copied in past the intake is counted by nobody else
    with psycopg.connect(house.database_url, autocommit=True) as wire:
        wire.execute("vacuum analyze")
        size = wire.execute("select pg_database_size(current_database())").fetchone()
    say(f"{(size or (0,))[0] / 1e9:,.1f} GB stored after {time.monotonic() - begun:,.0f} s")
    cookies = {}
    for name in READERS:
        client = Client()
        client.force_login(world.people[name].person)
        cookies[name] = client.cookies[settings.SESSION_COOKIE_NAME].value
    rows, missed = [], 0
    for page in pages_of(world):
        if given.only not in page.path:
            continue
        head = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={cookies[page.reader]}"} if page.reader else {}
        queries = _queries(page.path, world, page.reader)
        if queries is None:
            say(f"{page.path} sends {page.reader or 'whoever comes'} on: not timed")
            continue
        asked = [request("GET", page.path, headers=head), request("GET", STATIC)]
        with _said(page.path):
            drive(house.web.port, [asked * 3], seconds=120)
            spans = drive(house.web.port, [asked * given.times], seconds=600).spans
        own, other = sorted(spans[0::2]), sorted(spans[1::2])
        p95, base = (one[int(len(one) * 0.95)] * 1000 for one in (own, other))
        half, half_base = (one[len(one) // 2] * 1000 for one in (own, other))
        bad = queries > QUERIES or p95 / base > RATIO
        missed += bad
        rows.append(
            f"| {page.name} | {page.reader} | {queries} | {half:.1f} | {p95:.1f} | {p95 / base:.1f}"
            f" | {half / half_base:.1f} | {'missed' if bad else 'met'} |"
        )
        print(rows[-1], flush=True)
    print(
        "\n".join(
            ["| page | reader | queries | median ms | p95 ms | p95 ratio | median ratio | bars |", *rows]
        )
    )
    say(f"{missed} of {len(rows)} pages miss a bar")
    return missed


def _queries(path: str, world: object, reader: str) -> int | None:
    """How often the page asks the database; None where it only sends its reader to another page."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client = Client()
    if reader:
        client.force_login(world.people[reader].person)  # type: ignore[attr-defined]
    client.get(path)
    with CaptureQueriesContext(connection) as seen:
        answer = client.get(path)
    assert answer.status_code in (200, 302), (path, answer.status_code)
    return len(seen) if answer.status_code == 200 else None


@contextmanager
def _said(path: str) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        raise RuntimeError(f"{path}: {error}") from error


if __name__ == "__main__":
    raise SystemExit(main())
