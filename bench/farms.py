"""Licences, checks and receipts for a run: some real ones, and as many copies of them as are asked for.

A real licence goes through the services (request, approval, grant). Copies are rows of the same tables made by
the database from the real ones, each with its own request, terms, grant and token; a copy answers as the real
one does.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import psycopg
from django.db import connection

from bench.load import request
from common import clock
from receipts.models import Lease
from tests.factories import minted
from tests.receipts.conftest import CHECKS, RECEIPTS, Farm, make_farm, sha

LEASE = 25
SEEN = r'"frames_reserved": ?(\d+)'
PERMIT = r'"frames_reserved": ?(25)\b'
TAKEN = r'"accepted": ?(\d+)'


def new_farm(**changes: Any) -> Farm:
    return make_farm(**{"frames_max": 1_000_000, **changes})


def copy_tokens(wire: psycopg.Connection, farm: Farm, number: int, *, quotas: bool = False) -> None:
    """``number`` more licences like the farm's, with requests, terms and grants of their own."""
    token = farm.token
    wire.execute("drop table if exists bench_copy")
    wire.execute(
        "create temp table bench_copy as select n, uuidv7() jti, uuidv7() licence, uuidv7() request,"
        " uuidv7() terms, uuidv7() grant_id from generate_series(1, %s::int) n",
        [number],
    )
    row = wire.execute("select coalesce(max(status_list), 0) + 1 from licensing_licencetoken").fetchone()
    assert row is not None
    _copy(
        wire, "licensing_licencerequest", "s.id = %s", token.request_id,
        {"id": "c.request", "licence_id": "c.licence", "current_id": "c.terms"},
    )  # fmt: skip
    _copy(
        wire, "licensing_termsversion", "s.id = %s", token.terms_id,
        {"id": "c.terms", "licence_id": "c.licence", "request_id": "c.request"},
    )  # fmt: skip
    _copy(
        wire, "licensing_requestaction", "s.request_id = %s", token.request_id,
        {"id": "uuidv7()", "request_id": "c.request"},
    )  # fmt: skip
    _copy(
        wire, "licensing_licencetoken", "s.jti = %s", token.pk,
        {
            "jti": "c.jti", "licence_id": "c.licence", "request_id": "c.request", "terms_id": "c.terms",
            "status_list": f"{row[0]} + c.n / 100000", "status_index": "mod(c.n, 100000)",
        },
    )  # fmt: skip
    _copy(
        wire, "licensing_grantstatement", "s.token_id = %s", token.pk,
        {"id": "c.grant_id", "token_id": "c.jti"},
    )  # fmt: skip
    if quotas:
        wire.execute(
            "insert into receipts_quota (token_jti, counter, most, granted)"
            " select jti, 'frames', 1000000, 2500 from bench_copy"
        )
    wire.commit()


def copies_of(farm: Farm, number: int) -> list[uuid.UUID]:
    """The farm's licence and copies of it, ``number`` in all, spread over those there are."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select jti from licensing_licencetoken where production_id = %s and licensee_id = %s order by jti",
            [farm.token.production_id, farm.token.licensee_id],
        )
        found = [jti for (jti,) in cursor.fetchall()]
    return found[:: max(1, len(found) // number)][:number]


def tokens_of(farm: Farm, jtis: Sequence[uuid.UUID]) -> list[str]:
    """A presented token of each licence, for the farm's key."""
    return [minted(jti, farm.credential) for jti in jtis]


def checks(farm: Farm, tokens: Sequence[str], number: int, *, start: int = 0) -> list[bytes]:
    """``number`` questions for 25 frames, over the tokens in turn, each with a proof and a key of its own."""
    base = farm.body()
    made = []
    for turn in range(number):
        jws = tokens[turn % len(tokens)]
        first = (start + turn) * LEASE % 900_000
        body = {**base, "token": jws, "frame_range": {"first": first, "last": first + LEASE - 1}}
        headers = {
            **farm.headers,
            "Content-Type": "application/json",
            "DPoP": farm.proof(jws),
            "Idempotency-Key": str(uuid.uuid4()),
        }
        made.append(
            request("POST", CHECKS, headers=headers, body=json.dumps(body, separators=(",", ":")).encode())
        )
    return made


def open_leases(farm: Farm, number: int) -> list[tuple[str, int]]:
    """``number`` leases of 25 frames, opened by checks in this process: id and first frame of each."""
    jws = farm.jws()
    opened = []
    for turn in range(number):
        lease = farm.lease(turn * LEASE, turn * LEASE + LEASE - 1, token=jws)
        opened.append((lease["id"], turn * LEASE))
    return opened


def batch(farm: Farm, leases: Sequence[tuple[str, int]], take: int, *, key: str = "") -> bytes:
    """One batch: a receipt for each frame of each lease, as a farm writes it."""
    at = clock.now()
    times = f'"started_at":"{clock.rfc3339(at - timedelta(seconds=1))}","finished_at":"{clock.rfc3339(at)}"'
    lines = [
        f'{{"lease":"{lease}","frame":{frame},"take":{take},"file_sha256":"{sha(f"{lease}{frame}{take}")}",'
        f'"pixel_sha256":"{sha(f"{frame}")}","outcome":"RENDERED",{times}}}\n'
        for lease, first in leases
        for frame in range(first, first + LEASE)
    ]
    headers = {
        **farm.headers,
        "Content-Type": "application/x-ndjson",
        "Idempotency-Key": key or str(uuid.uuid4()),
    }
    return request("POST", RECEIPTS, headers=headers, body="".join(lines).encode())


def frames_granted(farm: Farm) -> tuple[int, int]:
    """What the quota of a farm's licence says is granted, and what its leases add up to."""
    with connection.cursor() as cursor:
        cursor.execute("select granted from receipts_quota where token_jti = %s", [farm.token.pk])
        granted = cursor.fetchone()[0]
    leases = Lease.objects.filter(token_jti=farm.token.pk)
    return granted, sum(last - first + 1 for first, last in leases.values_list("first", "last"))


def _copy(wire: psycopg.Connection, table: str, where: str, key: Any, instead: dict[str, str]) -> None:
    """Copy one row for every row of ``bench_copy``; columns the database numbers itself are left to it."""
    found = wire.execute(
        "select column_name from information_schema.columns where table_name = %s"
        " and table_schema = 'public' and is_identity = 'NO' and is_generated = 'NEVER'"
        " order by ordinal_position",
        [table],
    ).fetchall()
    names = [name for (name,) in found]
    values = ", ".join(instead.get(name, f"s.{name}") for name in names)
    wire.execute(
        f"insert into {table} ({', '.join(names)}) select {values} from {table} s, bench_copy c where {where}",  # type: ignore[arg-type]
        [key],
    )
