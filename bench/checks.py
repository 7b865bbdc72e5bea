"""Render checks through the real web server, against what a studio could use instead.

The baselines: a no-op view under the same server and middleware, introspection by django-oauth-toolkit (RFC
7662), a check in plain DRF.
"""

from __future__ import annotations

import json
from urllib.parse import urlencode

import psycopg

from bench import farms
from bench.figures import Ratio, Room, Sample, say, served
from bench.house import House, add_baseline
from bench.load import drive, request
from tests.receipts.conftest import Farm

CONNECTIONS = 16
CROWD = 64


def dealt(requests: list[bytes], connections: int) -> list[list[bytes]]:
    """Requests dealt out over connections."""
    return [requests[n::connections] for n in range(connections)]


def check_room(house: House, *, tokens: int, number: int, turns: int) -> Room:
    """Online checks, each decision durable, against a no-op, introspection and a plain check."""
    introspection, plain = (add_baseline(house, name, 1_000) for name in ("introspection", "plain"))
    say(f"{tokens} licences")
    many = farms.new_farm()
    with psycopg.connect(house.database_url) as wire:
        farms.copy_tokens(wire, many, tokens - 1)
    presented = farms.tokens_of(many, farms.copies_of(many, tokens))
    one = farms.new_farm(frames_max=100_000_000)
    alone = [one.jws()]
    few = max(CONNECTIONS, number // 8)  # the slow ones need no more
    room = Room(
        "Checks",
        (
            f"Online checks of 25 frames with a proof of possession and an idempotency key each, every decision durable: "
            f"{CONNECTIONS} connections over {tokens:,} licences, and {CROWD} on a single one. Each turn runs all rows once."
        ),
        "requests",
    )

    def check(farm: Farm, jws: list[str], connections: int) -> Sample:
        asked = dealt(
            farms.checks(farm, jws, number, start=len(room.turns.get("check, many licences", ())) * number),
            connections,
        )
        return served(house, house.web, lambda: drive(house.web.port, asked, ok=farms.PERMIT))

    noops = dealt([request("GET", "/bench/noop", headers=many.headers)] * (4 * number), CONNECTIONS)
    crowd = dealt([request("GET", "/bench/noop", headers=many.headers)] * (4 * number), CROWD)
    asked = house.facts["introspection"]
    introspections = dealt(
        [_introspect(asked["server"], token) for token in (asked["tokens"] * (few // 1000 + 1))[:few]],
        CONNECTIONS,
    )
    plains = dealt(_plain_checks(house.facts["plain"], few), CONNECTIONS)
    calls = {
        "no-op view, 16 connections": lambda: served(
            house, house.web, lambda: drive(house.web.port, noops, ok="{}")
        ),
        "check, many licences": lambda: check(many, presented, CONNECTIONS),
        "check, one licence, 64 clients": lambda: check(one, alone, CROWD),
        "check, many licences, 64 clients": lambda: check(many, presented, CROWD),
        "no-op view, 64 connections": lambda: served(
            house, house.web, lambda: drive(house.web.port, crowd, ok="{}")
        ),
        "introspection (django-oauth-toolkit)": lambda: served(
            house, introspection, lambda: drive(introspection.port, introspections, ok='"active": ?true')
        ),
        "check in plain DRF": lambda: served(
            house, plain, lambda: drive(plain.port, plains, ok='"allowed": ?true')
        ),
    }
    warm = dealt(farms.checks(many, presented, number, start=30_000), CONNECTIONS)
    drive(house.web.port, warm, ok=farms.PERMIT)
    drive(house.web.port, noops, ok="{}")
    room.play(turns, calls)
    noop, ours, single, spread, _, theirs, drf = calls
    room.ratios = [
        Ratio("check to no-op", ours, noop, "wall", 0.5),
        Ratio("check to no-op", ours, noop, "cpu", 0.5),
        Ratio("check to no-op", ours, noop, "cpu with client", None),
        Ratio("check to no-op", ours, noop, "p99", 3),
        Ratio("check to introspection", ours, theirs, "wall", 10),
        Ratio("check to introspection", ours, theirs, "cpu", 10),
        Ratio("check to a check in plain DRF", ours, drf, "wall", None),
        Ratio("one licence, 64 clients, to many, 16", single, ours, "wall", 0.7),
        Ratio("one licence, 64 clients, to many, 64", single, spread, "wall", 0.7),
        Ratio("one licence, 64 clients, to many, 64", single, spread, "cpu", None),
    ]
    room.notes.append(_exact(one, "of the run"))
    room.notes.append(exhausted(house, min(number, 2_000)))
    return room


def _exact(farm: Farm, what: str) -> str:
    granted, leased = farms.frames_granted(farm)
    verdict = "exact" if granted == leased else "**NOT EXACT**"
    return (
        f"quota of the one licence {what}: {granted:,} frames granted, leases add up to {leased:,}: {verdict}"
    )


def exhausted(house: House, number: int) -> str:
    """64 clients ask for more than one licence holds: what was granted is what it held, to the lease."""
    quota = number // 2 * farms.LEASE + 10
    farm = farms.new_farm(frames_max=quota)
    asked = dealt(farms.checks(farm, [farm.jws()], number), CROWD)
    load = drive(house.web.port, asked, ok=farms.SEEN)
    granted, leased = farms.frames_granted(farm)
    held = quota // farms.LEASE * farms.LEASE
    verdict = "exact" if held == granted == leased == load.total else "**NOT EXACT**"
    return (
        f"{number:,} checks by {CROWD} clients on a licence of {quota:,} frames: answers grant {load.total:,},"
        f" the quota says {granted:,}, leases add up to {leased:,}: {verdict}"
    )


def _introspect(server: str, token: str) -> bytes:
    headers = {"Authorization": f"Bearer {server}", "Content-Type": "application/x-www-form-urlencoded"}
    return request("POST", "/o/introspect/", headers=headers, body=urlencode({"token": token}).encode())


def plain_headers(facts: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Token {facts['key']}", "Content-Type": "application/json"}


def _plain_checks(facts: dict, number: int) -> list[bytes]:
    bodies = (
        {"licence": facts["licences"][n % len(facts["licences"])], "use_type": "FACE_RENDER",
         "shot": "0410_0020", "first": 0, "last": farms.LEASE - 1}
        for n in range(number)
    )  # fmt: skip
    return [
        request("POST", "/plain/checks", headers=plain_headers(facts), body=json.dumps(body).encode())
        for body in bodies
    ]
