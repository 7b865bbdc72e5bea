"""The transformation corpus over a folder of clips: ``python -m bench.corpus FOLDER`` (``make corpus CLIPS=FOLDER``).

Each clip is marked, then sent through what happens to films: re-encodes as social services do them, resizes, crops,
other frame rates, lost packets, trims, other containers (``bench.marks``). Every copy goes through the whole verifier.
Printed for each transformation: how many copies were led back to their original by what they look like, how much of
the mark's confidence was kept, and how far the detectors' score moved.
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

from bench.marks.attacks_containers import CONTAINER_ATTACKS
from bench.marks.attacks_pixels import FILM_ATTACKS, Attack
from trustcore.verification.policy import policy_named
from trustcore.verification.report import Report
from trustcore.verification.words import Stage
from verification.pipeline.case import LAYERS, Case, Original
from verification.pipeline.run import verify
from watermarking.engine import embed_file

KEY, MARK_ID = bytes.fromhex("5a" * 32), 0x00E1D2C3B4A59687
ATTACKS: tuple[Attack, ...] = (*FILM_ATTACKS, *CONTAINER_ATTACKS)
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


def copies_of(
    clip: Path, attacks: Sequence[Attack] = ATTACKS, layers: frozenset[Stage] = frozenset(LAYERS)
) -> Iterator[Copy]:
    """Mark a clip, make its copies one after the other, and verify each by these layers."""
    with tempfile.TemporaryDirectory(prefix="tm-corpus-") as name:
        marked = Path(name) / "marked.mp4"
        embed_file(clip, marked, mark_id=MARK_ID, key=KEY)
        first = _verified(marked, (), layers)
        original = Original(
            asset_id=clip.stem,
            canonical_sha256=first.audit.input_canonical_hash.removeprefix("sha256:"),
            frame_codes=first.audit.frame_hashes,
        )
        for attack in attacks:
            with tempfile.TemporaryDirectory(prefix="copy-", dir=name) as folder:
                said = _verified(attack.make(marked, Path(folder)), (original,), layers)
            yield _compared(clip.stem, attack.name, first, said)


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


def _verified(path: Path, originals: tuple[Original, ...], layers: frozenset[Stage]) -> Report:
    case = Case(
        path=path, name=path.name, asset_id=path.stem, pointer="corpus", keys={"default": KEY.hex()},
        originals=originals, layers=layers,
    )  # fmt: skip
    return verify(case, policy_named("default@1"), at=datetime.now(UTC))


def _compared(clip: str, name: str, first: Report, said: Report) -> Copy:
    was, now = first.watermark.confidence or 0.0, said.watermark.confidence or 0.0
    before, after = first.deepfake.risk_score, said.deepfake.risk_score
    return Copy(
        clip=clip,
        transformation=name,
        led_back=said.provenance.nearest_original == clip,
        similarity=said.provenance.binding_score,
        mark=str(said.watermark.status),
        confidence=now,
        kept=round(now / was, 4) if was else 0.0,
        risk=after,
        moved=round(after - before, 4) if before is not None and after is not None else None,
    )


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--only", default="", help="transformations whose name begins so")
    parser.add_argument("--rows", type=Path, help="where every copy's row is written, as JSON lines")
    given = parser.parse_args(argv)
    clips = sorted(one for one in given.folder.iterdir() if one.suffix.lower() in SUFFIXES)
    if not clips:
        parser.error(f"there are no clips in {given.folder}")
    attacks = [one for one in ATTACKS if one.name.startswith(given.only)]
    copies = [copy for clip in clips for copy in copies_of(clip, attacks)]
    if given.rows:
        given.rows.write_text("".join(json.dumps(asdict(one)) + "\n" for one in copies), encoding="utf-8")
    print(json.dumps(summary(copies), indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
