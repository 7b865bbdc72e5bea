"""What fewer frames cost: ``python -m bench.sampling FOLDER [--faces CLIP ...]``.

Under load fewer frames are sampled of media of low impact. Here copies of each clip (re-encoded, smaller, cropped, trimmed)
are looked at with ever fewer frames, and held against every clip's original, which keeps all of its own: how many are led
back to the right one, how many to a wrong one, and what it took in CPU. With ``--faces``, too: of how many places that are
looked at a clip is still scored by the detectors.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from bench.corpus import ATTACKS, SUFFIXES
from bench.marks.attacks_pixels import Attack
from trustcore.verification.report import Sampling
from verification.detectors.contract import WINDOWS
from verification.detectors.ensemble import RUNS_LEAST
from verification.detectors.runs import face_runs
from verification.pipeline.case import Original
from verification.pipeline.contracts import Canonical
from verification.pipeline.nearest import nearest_original
from verification.pipeline.stages.canonicalise import FRAMES, FRAMES_UNDER_LOAD, codes_of, sampled
from verification.pipeline.stages.detection import WINDOWS_UNDER_LOAD

COUNTS = (FRAMES, 24, FRAMES_UNDER_LOAD, 8, 4, 2, 1)
COPIES = (
    "H.264 CRF 28",
    "half size",
    "crop to 80 %",
    "grey-scale",
    "24 to 30 fps",
    "trimmed to 2 s, packets copied",
)


@dataclass(frozen=True)
class Look:
    """One copy, looked at with so many frames."""

    clip: str
    copy: str
    frames: int
    led_to: str | None
    cpu_seconds: float


@dataclass(frozen=True)
class Recall:
    """Of all copies: ``lost`` is the share that all frames lead back and these do not."""

    frames: int
    copies: int
    recall: float
    wrong: float
    lost: float
    cpu_seconds: float


def looks_at(clips: Sequence[Path], attacks: Sequence[Attack], counts: Sequence[int] = COUNTS) -> list[Look]:
    """Make every copy, and look at each with each count of frames.

    Raises:
        ValueError: a count under one, or none that is the whole: there is nothing to hold the others against.
    """
    if min(counts, default=0) < 1 or FRAMES not in counts:
        raise ValueError(f"counts from 1 on, {FRAMES} among them")
    originals = tuple(
        Original(asset_id=clip.stem, canonical_sha256=clip.stem, frame_codes=codes_of(sampled(clip, FRAMES)))
        for clip in clips
    )
    looks = []
    for clip in clips:
        for attack in attacks:
            with tempfile.TemporaryDirectory(prefix="tm-sampling-") as folder:
                copy = attack.make(clip, Path(folder))
                for count in counts:
                    began = time.process_time()
                    codes = codes_of(sampled(copy, count))
                    took = time.process_time() - began
                    form = Canonical(
                        canonical_sha256="",
                        sampling=Sampling(frames=len(codes), strategy=""),
                        frame_codes=codes,
                    )
                    near = nearest_original(form, originals)
                    looks.append(
                        Look(clip.stem, attack.name, count, near[0].asset_id if near else None, took)
                    )
    return looks


def recall_of(looks: Sequence[Look]) -> list[Recall]:
    """One row for each count of frames, the most first."""
    whole = {(one.clip, one.copy) for one in looks if one.frames == FRAMES and one.led_to == one.clip}
    rows = []
    for count in sorted({one.frames for one in looks}, reverse=True):
        some = [one for one in looks if one.frames == count]
        found = {(one.clip, one.copy) for one in some if one.led_to == one.clip}
        rows.append(
            Recall(
                frames=count,
                copies=len(some),
                recall=round(len(found) / len(some), 3),
                wrong=round(sum(one.led_to not in {None, one.clip} for one in some) / len(some), 3),
                lost=round(len(whole - found) / len(some), 3),
                cpu_seconds=round(sum(one.cpu_seconds for one in some) / len(some), 3),
            )
        )
    return rows


def scored(faces: Sequence[Path], windows: Sequence[int] = (WINDOWS, WINDOWS_UNDER_LOAD)) -> dict[int, float]:
    """The share of clips of which the detectors see enough, by how many places are looked at."""
    return {
        count: round(
            sum(len(face_runs(one, windows=count).runs) >= RUNS_LEAST for one in faces) / len(faces), 3
        )
        for count in windows
    }


def main(argv: list[str]) -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--faces", type=Path, nargs="*", default=[])
    given = parser.parse_args(argv)
    clips = sorted(one for one in given.folder.iterdir() if one.suffix.lower() in SUFFIXES)
    if not clips:
        parser.error(f"there are no clips in {given.folder}")
    attacks = [one for one in ATTACKS if one.name in COPIES]
    told = {"clips": len(clips), "rows": [one.__dict__ for one in recall_of(looks_at(clips, attacks))]}
    if given.faces:
        told["scored"] = scored(given.faces)
    print(json.dumps(told, indent=1))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
