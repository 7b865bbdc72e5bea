"""Mutated files against the confined stages: ``python -m bench.hostile --count 10000 FILE...``.

Media and manifests are damaged by a fuzzer of our own: flipped bits, cut ends, doubled and swapped pieces, lengths of
boxes that lie. Every mutant goes through every stage but the marks' (their reader has its own), in a process of its own
that has given up what ``verification.pipeline.child`` gives up, under the contracts' limits of time and memory; it is
forked from one that holds the libraries already, so that ten thousand take minutes and not hours.

A file that ends in ``.c2pa`` is a manifest store: its medium is the file of the same name without that ending. What a
mutant does to its own process is counted by kind: an error with a code of the house is an answer; any other error, a
death, a hang or a limit of memory is listed with the seed that makes the mutant again.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import resource
import select
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.confinement import confine
from verification.pipeline.contracts import CONTRACTS
from verification.pipeline.stages import canonicalise, credentials, ingest

Mutation = Callable[[random.Random, bytearray], None]
_READ = ("ingest", "canonicalise", "provenance")
MEMORY = max(one.memory for one in CONTRACTS if one.stage in _READ)
SECONDS = 30.0


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


def head(draw: random.Random, data: bytearray) -> None:
    """Damage the first pages alone: names, types and sizes of attributes, which are a small part of a picture file."""
    for _ in range(draw.choice((1, 4, 16))):
        at = draw.randrange(min(len(data), 2048))
        data[at] = draw.choice((0, 0x7F, 0x80, 0xFF, draw.randrange(256)))


MUTATIONS: tuple[Mutation, ...] = (flip, cut, splice, lie, noise, head)


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


def tried(path: Path, *, anchors: str = "", sidecar: Path | None = None) -> Tried:
    """Run the stages on one file in this very process: what the confinement would contain is seen here."""
    began, crashed, trusted, canonical = time.monotonic(), "", False, ""
    for stage, given in (
        (ingest, {}),
        (canonicalise, {"reduced": True}),
        (credentials, {"anchors": anchors, "sidecar": str(sidecar) if sidecar else None}),
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


@dataclass(frozen=True)
class Fate:
    """What became of a mutant's process: ``peak`` in bytes of resident memory."""

    kind: str
    seconds: float
    peak: int
    trusted: bool = False
    canonical_sha256: str = ""


def confined(
    path: Path,
    *,
    anchors: str = "",
    sidecar: Path | None = None,
    seconds: float = SECONDS,
    memory: int = MEMORY,
) -> Fate:
    """Run the stages on one file in a forked process under limits; this one survives whatever comes of it."""
    began = time.monotonic()
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        _in_child(path, writing, anchors, sidecar, int(seconds), memory)
    os.close(writing)
    told, hung = b"", False
    while True:
        left = began + seconds - time.monotonic()
        ready = select.select([reading], [], [], max(0.0, left))[0]
        if not ready:
            hung = True
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            break
        piece = os.read(reading, 65536)
        if not piece:
            break
        told += piece
    os.close(reading)
    _, status, used = os.wait4(child, 0)
    took, peak = time.monotonic() - began, used.ru_maxrss * 1024
    if hung:
        return Fate("hang", took, peak)
    if os.WIFSIGNALED(status):
        return Fate(f"died: {signal.Signals(os.WTERMSIG(status)).name}", took, peak)
    try:
        answer = json.loads(told)
    except ValueError:
        return Fate("died: no answer", took, peak)
    kind = f"error: {answer['crashed']}" if answer["crashed"] else "answered"
    return Fate(kind[:120], took, peak, answer["trusted"], answer["canonical"])


def _in_child(path: Path, answer: int, anchors: str, sidecar: Path | None, seconds: int, memory: int) -> None:
    """Never returns."""
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    os.dup2(quiet, 2)
    try:
        confine(memory=memory, seconds=max(1, seconds))
        one = tried(path, anchors=anchors, sidecar=sidecar)
        said: dict[str, Any] = {
            "crashed": one.crashed,
            "trusted": one.trusted,
            "canonical": one.canonical_sha256,
        }
    except BaseException as error:  # noqa: BLE001 (each is an answer)
        said = {"crashed": f"{type(error).__name__}: {error}", "trusted": False, "canonical": ""}
    os.write(answer, json.dumps(said).encode())
    os._exit(0)


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.hostile", description=__doc__)
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--count", type=int, default=10_000, help="mutants over all files")
    parser.add_argument("--seconds", type=int, default=0, help="end after so long, each file with its share")
    parser.add_argument("--anchors", type=Path, help="certificates to trust, PEM")
    given = parser.parse_args(argv)
    anchors = given.anchors.read_text(encoding="ascii") if given.anchors else ""
    fates, bad, passed = Counter[str](), [], 0
    slowest, peak, began = 0.0, 0, time.monotonic()
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    whole = {}
    for one in given.files:
        medium, sidecar = _pair(one, one)
        whole[one] = confined(medium, anchors=anchors, sidecar=sidecar)
    each = -(-given.count // len(given.files))
    for place, source in enumerate(given.files, 1):
        with tempfile.TemporaryDirectory(prefix="tm-hostile-") as folder:
            for number, path in enumerate(mutants(source, Path(folder), count=each, seed=11)):
                if given.seconds and time.monotonic() - began > given.seconds * place / len(given.files):
                    break
                medium, sidecar = _pair(source, path)
                fate = confined(medium, anchors=anchors, sidecar=sidecar)
                fates[fate.kind] += 1
                slowest, peak = max(slowest, fate.seconds), max(peak, fate.peak)
                if fate.kind != "answered":
                    bad.append(f"{source.name} 11/{number}: {fate.kind}")
                elif fate.trusted and fate.canonical_sha256 != whole[source].canonical_sha256:
                    bad.append(f"{source.name} 11/{number}: passes for what it is not")
                passed += fate.trusted
                if number % 500 == 499:
                    print(f"{source.name}: {number + 1}", file=sys.stderr)
    print(
        json.dumps(
            {
                "mutants": sum(fates.values()), "fates": dict(fates), "still_trusted": passed, "unexpected": bad[:50],
                "slowest_seconds": round(slowest, 2), "peak_mib": peak >> 20, "limit_mib": MEMORY >> 20,
                "limit_seconds": SECONDS, "seconds": round(time.monotonic() - began),
                "parent_grew_mib": (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - own) >> 10,
            }
        )
    )  # fmt: skip
    return 1 if bad else 0


def _pair(source: Path, mutant: Path) -> tuple[Path, Path | None]:
    """The medium and its sidecar, of which one is the mutant."""
    if source.suffix != ".c2pa":
        return mutant, None
    return source.with_suffix(""), mutant


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
