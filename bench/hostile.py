"""Mutated files against the confined stages: ``python -m bench.hostile --count 10000 FILE...``.

Media and manifests are damaged by a fuzzer of our own: flipped bits, cut ends, doubled and swapped pieces, lengths of
boxes that lie. Every mutant goes through every stage but the marks' (their reader has its own), each in a process with
limits of memory and time. A crash is contained and counted; nothing may hang or pass for what it is not.
"""

from __future__ import annotations

import argparse
import json
import random
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from verification.pipeline.stages import canonicalise, credentials, ingest

Mutation = Callable[[random.Random, bytearray], None]


def flip(draw: random.Random, data: bytearray) -> None:
    for _ in range(draw.choice((1, 8, 200))):
        data[draw.randrange(len(data))] ^= 1 << draw.randrange(8)


def cut(draw: random.Random, data: bytearray) -> None:
    del data[draw.randrange(1, len(data)) :]


def splice(draw: random.Random, data: bytearray) -> None:
    begin = draw.randrange(len(data))
    piece = data[begin : begin + draw.randrange(1, 5000)]
    at = draw.randrange(len(data))
    data[at:at] = piece


def lie(draw: random.Random, data: bytearray) -> None:
    """Give a box another length."""
    kinds = [
        b"moov",
        b"trak",
        b"stsz",
        b"stco",
        b"stsd",
        b"jumb",
        b"jumd",
        b"cbor",
        b"uuid",
        b"mdat",
        b"ctts",
    ]
    places = [at for kind in kinds if (at := data.find(kind, draw.randrange(len(data) // 2 + 1))) > 4]
    for at in draw.sample(places, min(len(places), 2)):
        data[at - 4 : at] = struct.pack(
            ">I", draw.choice((0, 1, 7, 0x7FFFFFFF, 0xFFFFFFFF, draw.randrange(1 << 20)))
        )


def noise(draw: random.Random, data: bytearray) -> None:
    at = draw.randrange(len(data))
    size = min(len(data) - at, draw.choice((4, 64, 4096)))
    data[at : at + size] = draw.randbytes(size)


MUTATIONS: tuple[Mutation, ...] = (flip, cut, splice, lie, noise)


@dataclass(frozen=True)
class Tried:
    """What became of a mutant."""

    name: str
    crashed: str
    seconds: float
    trusted: bool
    canonical_sha256: str


def mutants(source: Path, folder: Path, *, count: int, seed: int) -> Iterator[Path]:
    """Write one damaged copy after the other; each takes the place of the last."""
    whole = source.read_bytes()
    for number in range(count):
        draw = random.Random(f"{seed}/{number}")
        data = bytearray(whole)
        for mutate in draw.sample(MUTATIONS, draw.choice((1, 1, 2))):
            if data:
                mutate(draw, data)
        target = folder / f"mutant{source.suffix}"
        target.write_bytes(data)
        yield target


def tried(path: Path, *, anchors: str = "") -> Tried:
    """Run the stages on one file in this very process: what the confinement would contain is seen here."""
    began, crashed, trusted, canonical = time.monotonic(), "", False, ""
    for stage, given in (
        (ingest, {}),
        (canonicalise, {"reduced": True}),
        (credentials, {"anchors": anchors}),
    ):
        try:
            answer = stage.run({"path": str(path), "name": path.name, **given})
            canonical = answer.get("canonical_sha256", canonical)
            trusted = trusted or answer.get("provenance", {}).get("status") == "valid"
        except Exception as error:  # noqa: BLE001 (each is counted)
            if not getattr(error, "code", ""):  # an error of the house carries its code
                crashed = f"{stage.__name__}: {type(error).__name__}: {error}"
    took = time.monotonic() - began
    return Tried(path.name, crashed, took, trusted, canonical)


def _many(job: tuple[str, int, int]) -> list[dict[str, Any]]:
    name, count, seed = job
    with tempfile.TemporaryDirectory(prefix="tm-hostile-") as folder:
        return [asdict(tried(path)) for path in mutants(Path(name), Path(folder), count=count, seed=seed)]


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.hostile", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=10_000, help="mutants over all files")
    parser.add_argument("--processes", type=int, default=1)
    given = parser.parse_args(argv)
    chunk = 100
    jobs = [
        (str(given.files[number % len(given.files)]), chunk, number) for number in range(given.count // chunk)
    ]
    with ProcessPoolExecutor(given.processes) as pool:
        rows = [row for rows in pool.map(_many, jobs) for row in rows]
    worst = max(row["seconds"] for row in rows)
    crashes = Counter(row["crashed"][:120] for row in rows if row["crashed"])
    print(json.dumps({"mutants": len(rows), "slowest_seconds": round(worst, 2), "unexpected": crashes}))
    return 1 if crashes else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
