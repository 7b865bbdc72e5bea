"""Work without a server: a token read offline, a log re-read, against the bare library calls under them."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import connection

from bench import farms
from bench.figures import Ratio, Room, Sample, say, timed
from bench.house import House
from bench.intake import ROWS, Intake
from common import clock, keys
from tests.trustcore import bundling
from trustcore import tokens
from trustcore.bundle.verify import verify_bundle
from trustcore.log.tiles import TILE_WIDTH, pack_entries
from trustcore.receipt import encode_entry


def offline_room(*, number: int, turns: int) -> Room:
    """A token decided on at a node without a server, against one decode by PyJWT."""
    farm = farms.new_farm()
    jws, now = farm.jws(), int(clock.now().timestamp())
    verifiers, audience = keys.public_keys("TOKEN"), _audience(jws)
    kid = jwt.get_unverified_header(jws)["kid"]
    key: Ed25519PublicKey = verifiers[kid]

    def pyjwt() -> None:
        for _ in range(number):
            jwt.decode(jws, key, algorithms=["EdDSA"], issuer=settings.BASE_URL, audience=audience)

    def cold() -> None:
        for _ in range(number):
            tokens.verify_token(jws, keys=verifiers, issuer=settings.BASE_URL, audience=audience, now=now)

    room = Room(
        "Offline",
        "One process, no server: a token verified by `trustcore`, against one EdDSA decode by PyJWT.",
        "tokens",
    )
    calls: dict[str, Callable[[], Sample]] = {
        "PyJWT decode": lambda: timed(number, pyjwt),
        "trustcore, cold": lambda: timed(number, cold),
    }
    room.ratios.append(Ratio("trustcore cold to PyJWT", "trustcore, cold", "PyJWT decode", "CPU cost", 1.3))
    gate = _gate(jws, farm, now)
    if gate is not None:
        opened, may_begin = gate

        def frames() -> None:
            for frame in range(number * 10):
                may_begin(frame % farms.LEASE, now)

        calls["trustcore, token and lease, cold"] = lambda: timed(
            number, lambda: [opened() for _ in range(number)]
        )
        calls["trustcore, with a verified lease"] = lambda: timed(number * 10, frames)
        room.ratios.append(
            Ratio(
                "with a verified lease to PyJWT",
                "trustcore, with a verified lease",
                "PyJWT decode",
                "CPU cost",
                0.1,
            )
        )
    else:
        room.notes.append(
            "`trustcore` of this checkout has no offline gate: the verified lease is not measured"
        )
    room.play(turns, calls)
    return room


def _audience(jws: str) -> str:
    """For whom a token was made."""
    return str(jwt.decode(jws, options={"verify_signature": False})["aud"])


def _gate(jws: str, farm: Any, now: int) -> tuple[Callable[[], Any], Callable[[int, int], Any]] | None:
    """How to open the offline gate, and to ask an open one; None where ``trustcore`` has none.

    The lease is the one that the server signs beside the answer to a check.
    """
    try:
        from trustcore import offline
    except ImportError:
        return None
    answer = farm.check(token=jws).json()
    lease = next(
        (value for value in _texts(answer) if value.count(".") == 2 and value.startswith("ey")), None
    )
    if lease is None:
        return None
    known = {
        "token": jws,
        "lease": lease,
        "keys": keys.public_keys("TOKEN"),
        "token_keys": keys.public_keys("TOKEN"),
        "decision_keys": keys.public_keys("DECISION"),
        "lease_keys": keys.public_keys("DECISION"),
        "issuer": settings.BASE_URL,
        "audience": _audience(jws),
        "now": now,
    }
    wanted = inspect.signature(offline.open_gate).parameters
    given = {name: known[name] for name in wanted if name in known}
    lacking = [n for n, p in wanted.items() if p.default is p.empty and n not in given]
    if lacking:
        say(f"the offline gate wants {lacking}, which this room does not know")
        return None
    gate = offline.open_gate(**given)
    return lambda: offline.open_gate(**given), lambda frame, at: gate.may_begin(frame=frame, now=at)


def _texts(value: Any) -> list[str]:
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def audit_room(house: House, *, receipts: int, turns: int) -> Room:
    """Log check and bundle verification, against SHA-256 of each of their entries."""
    from receipts.inspection import inspect_log

    intake = Intake(house, 1)
    for _ in range(max(1, receipts // ROWS)):
        intake.send(1, 1)
    production = intake.farm.token.production_id
    with connection.cursor() as cursor:
        cursor.execute("select entry from receipts_logentry where log_id = %s order by idx", [intake.log_id])
        entries = [bytes(entry) for (entry,) in cursor.fetchall()]

    cut = _bundles(entries)

    def check(**further: Any) -> None:
        report = inspect_log(production_id=production, **further)
        assert report is not None
        assert not report.faults, report.faults
        assert report.size >= len(entries)

    bundle, bundled = _bundle(house.folder, max(200, receipts // 4))
    bundled_cut = _bundles(bundled)

    def again(**further: Any) -> None:
        verify_bundle(bundle, **further)

    room = Room(
        "Log check",
        (
            f"`trustmark log check` of {len(entries):,} entries and `trustcore`'s verification of a bundle over "
            f"{len(bundled):,}, each against SHA-256 of each of its entries, cut out of entry bundles in memory. By wall "
            "time, because the other half is PostgreSQL and files."
        ),
        "entries",
    )
    calls = {
        "SHA-256 of each entry": lambda: timed(len(entries), lambda: _hash_each(cut)),
        "log check, one process": lambda: timed(len(entries), check),
        "SHA-256 of each entry of the bundle": lambda: timed(len(bundled), lambda: _hash_each(bundled_cut)),
        "bundle, one process": lambda: timed(len(bundled), again),
    }
    for what, whole, part in (
        ("log check", "log check, one process", "SHA-256 of each entry"),
        ("bundle", "bundle, one process", "SHA-256 of each entry of the bundle"),
    ):
        room.ratios.append(Ratio(f"{what} to SHA-256", whole, part, "wall cost", 4))
    for what, call, function, number in (
        ("log check", check, inspect_log, len(entries)),
        ("bundle", again, verify_bundle, len(bundled)),
    ):
        wanted = next(
            (n for n in ("processes", "workers") if n in inspect.signature(function).parameters), None
        )
        if wanted is None:
            room.notes.append(f"{what}: one process alone in this checkout")
            continue
        calls[f"{what}, two processes"] = partial(timed, number, partial(call, **{wanted: 2}))
        room.ratios.append(
            Ratio(
                f"{what}, two processes to one", f"{what}, two processes", f"{what}, one process", "wall", 1.7
            )
        )
    room.play(turns, calls)
    return room


def _bundles(entries: list[bytes]) -> list[bytes]:
    return [pack_entries(entries[at : at + TILE_WIDTH]) for at in range(0, len(entries), TILE_WIDTH)]


def _hash_each(bundles: list[bytes]) -> None:
    """The least that a reader of entry bundles does: find each entry, and hash it."""
    sha256 = hashlib.sha256
    for data in bundles:
        at, end = 0, len(data)
        while at < end:
            begin = at + 2
            at = begin + int.from_bytes(data[at:begin], "big")
            sha256(data[begin:at]).digest()


def _bundle(folder: Path, frames: int) -> tuple[Path, list[bytes]]:
    """A bundle over about ``frames`` frames, made with the core's own writers, and its entries."""
    made = bundling.Forge(entries=bundling.some_entries(frames))
    path = folder / "bundle.zip"
    path.write_bytes(bundling.zip_bytes(bundling.bag_files(made)))
    return path, [encode_entry(entry) for entry in made.entries]
