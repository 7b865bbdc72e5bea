"""The transformation corpus over a folder of clips: ``python -m bench.corpus FOLDER`` (``make corpus CLIPS=FOLDER``).

Each clip is marked, then sent through what happens to films: re-encodes as social services do them, resizes, crops,
other frame rates, lost packets, trims, other containers (``bench.marks``). Every copy goes through the whole verifier.
Printed for each transformation: how many copies were led back to their original by what they look like, how much of
the mark's confidence was kept, and how far the detectors' score moved; then, grade by grade (``bench.marks``), of how many
copies the very id was read through this pipeline: G1 blind, the others among ``--registered`` ids.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from bench.marks.attacks_containers import CONTAINER_ATTACKS
from bench.marks.attacks_pixels import FILM_ATTACKS, Attack
from common.warmed import Warmed
from trustcore.verification.policy import policy_named
from trustcore.verification.report import Report
from trustcore.verification.words import Stage
from verification.pipeline.case import LAYERS, Case, Original
from verification.pipeline.confined import CHILD
from verification.pipeline.run import verify
from watermarking.candidates import MAGIC
from watermarking.engine import embed_file

KEY, MARK_ID = bytes.fromhex("5a" * 32), 0x00E1D2C3B4A59687
ATTACKS: tuple[Attack, ...] = (*FILM_ATTACKS, *CONTAINER_ATTACKS)
_BLIND = "G1"
SUFFIXES = frozenset({".mp4", ".mov", ".mkv", ".webm"})


@dataclass(frozen=True)
class Copy:
    """What the verifier says of one copy: ``kept`` of the mark's confidence, ``moved`` of the detectors' score."""

    clip: str
    transformation: str
    led_back: bool
    similarity: float | None
    mark: str
    confidence: float
    kept: float
    risk: float | None
    moved: float | None
    grade: str = ""
    payload: str | None = None


@dataclass(frozen=True)
class Way:
    """How copies are verified: by which layers, forked of what, and among which registered ids (a file) beyond G1."""

    layers: frozenset[Stage] = frozenset(LAYERS)
    warmed: Warmed | None = None
    registered: Path | None = None


def copies_of(clip: Path, attacks: Sequence[Attack] = ATTACKS, way: Way = Way()) -> Iterator[Copy]:
    """Mark a clip, make its copies one after the other, and verify each in this way."""
    with tempfile.TemporaryDirectory(prefix="tm-corpus-") as name:
        marked = Path(name) / "marked.mp4"
        embed_file(clip, marked, mark_id=MARK_ID, key=KEY)
        first = _verified(marked, (), way, among=None)
        original = Original(
            asset_id=clip.stem,
            canonical_sha256=first.audit.input_canonical_hash.removeprefix("sha256:"),
            frame_codes=first.audit.frame_hashes,
        )
        for attack in attacks:
            with tempfile.TemporaryDirectory(prefix="copy-", dir=name) as folder:
                among = None if attack.grade == _BLIND else way.registered
                said = _verified(attack.make(marked, Path(folder)), (original,), way, among=among)
            yield _compared(clip.stem, attack, first, said)


def summary(copies: Sequence[Copy]) -> list[dict[str, object]]:
    """One row a transformation: shares and means over the clips."""
    rows = []
    for name in dict.fromkeys(one.transformation for one in copies):
        some = [one for one in copies if one.transformation == name]
        moved = [abs(one.moved) for one in some if one.moved is not None]
        rows.append(
            {
                "transformation": name,
                "clips": len(some),
                "led_back": round(sum(one.led_back for one in some) / len(some), 3),
                "mark_present": round(sum(one.mark == "present" for one in some) / len(some), 3),
                "confidence_kept": round(sum(one.kept for one in some) / len(some), 3),
                "score_moved": round(sum(moved) / len(moved), 3) if moved else None,
            }
        )
    return rows


def grades(copies: Sequence[Copy]) -> list[dict[str, object]]:
    """One row a grade: of how many copies the very id was read, and of how many another one."""
    rows: list[dict[str, object]] = []
    for grade in dict.fromkeys(one.grade for one in copies):
        some = [one for one in copies if one.grade == grade]
        read = sum(one.payload == f"{MARK_ID:016x}" for one in some)
        wrong = sum(one.payload not in {None, f"{MARK_ID:016x}"} for one in some)
        rows.append({"grade": grade, "copies": len(some), "read": read, "another_id": wrong})
    return rows


def registered_ids(count: int, folder: Path) -> Path:
    """A file of ``count`` ids drawn from a seed, the mark's own among them."""
    drawn = np.random.default_rng(3).integers(0, 1 << 64, count - 1, dtype=np.uint64, endpoint=False)
    ids = np.append(drawn, np.uint64(MARK_ID))
    target = folder / "registered.ids"
    target.write_bytes(MAGIC + ids.astype(">u8").tobytes())
    return target


def _verified(path: Path, originals: tuple[Original, ...], way: Way, *, among: Path | None) -> Report:
    case = Case(
        path=path, name=path.name, asset_id=path.stem, pointer="corpus", keys={"default": KEY.hex()},
        candidates={"default": str(among)} if among else {}, originals=originals, layers=way.layers,
    )  # fmt: skip
    return verify(case, policy_named("default@1"), at=datetime.now(UTC), warmed=way.warmed)


def _compared(clip: str, attack: Attack, first: Report, said: Report) -> Copy:
    was, now = first.watermark.confidence or 0.0, said.watermark.confidence or 0.0
    before, after = first.deepfake.risk_score, said.deepfake.risk_score
    return Copy(
        clip=clip,
        transformation=attack.name,
        led_back=said.provenance.nearest_original == clip,
        similarity=said.provenance.binding_score,
        mark=str(said.watermark.status),
        confidence=now,
        kept=round(now / was, 4) if was else 0.0,
        risk=after,
        moved=round(after - before, 4) if before is not None and after is not None else None,
        grade=attack.grade,
        payload=said.watermark.payload,
    )


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="transformations whose name begins so")
    parser.add_argument("--grades", default="", help="of these grades alone, with commas: G1,G2")
    parser.add_argument("--registered", type=int, default=0, help="ids that grades beyond G1 are read among")
    parser.add_argument("--no-detect", action="store_true", help="leave the detectors out")
    parser.add_argument("--rows", type=Path, help="where every copy's row is written, as JSON lines")
    given = parser.parse_args(argv)
    clips = sorted(one for one in given.folder.iterdir() if one.suffix.lower() in SUFFIXES)
    if not clips:
        parser.error(f"there are no clips in {given.folder}")
    wanted = set(given.grades.split(",")) if given.grades else {one.grade for one in ATTACKS}
    attacks = [one for one in ATTACKS if one.name.startswith(given.only) and one.grade in wanted]
    layers = frozenset(LAYERS) - ({Stage.DETECTION} if given.no_detect else set())
    warmed = Warmed(CHILD)
    with tempfile.TemporaryDirectory(prefix="tm-corpus-ids-") as folder:
        listed = registered_ids(given.registered, Path(folder)) if given.registered else None
        warmed.wait_ready()
        way = Way(layers, warmed, listed)
        copies = [_told(copy) for clip in clips for copy in copies_of(clip, attacks, way)]
    warmed.end()
    if given.rows:
        given.rows.write_text("".join(json.dumps(asdict(one)) + "\n" for one in copies), encoding="utf-8")
    print(json.dumps({"transformations": summary(copies), "grades": grades(copies)}, indent=1))
    return 0


def _told(copy: Copy) -> Copy:
    print(f"{copy.clip}: {copy.transformation}: {copy.mark} {copy.payload}", file=sys.stderr, flush=True)
    return copy


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
