"""Score a hold-out that training never saw, neither its clips nor its generators, and say what came of it.

    python -m verification.detectors.training.measure --cards verification/detectors/cards --out evaluation.json CLIP...

Each clip is cut into videos of six windows with a face; each video is scored as it is and as three makers of the
hold-out made it, all delivered alike. The document is what the promotion gate reads; the figures are printed.
"""

import argparse
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from trustcore.verification.policy import policy_named
from trustcore.verification.risk import aggregate
from verification.detectors.cards import CARDS, KINDS, Ensemble, installed
from verification.detectors.contract import FACE_LEAST, MARGIN, RUN_FRAMES
from verification.detectors.ensemble import window_scores
from verification.detectors.faces import largest_face
from verification.detectors.gate import SCHEMA, gate, parse_evaluation
from verification.detectors.measures import auc
from verification.detectors.runs import FaceRun
from verification.detectors.training import forging
from verification.detectors.training.autoencoders import trained
from verification.detectors.training.delivery import delivered, sized
from verification.detectors.training.sources import Run

SEED = 404
WINDOWS = 6
_STEP = 12
_SIDE_MOST = 256


def main() -> None:
    """Measure and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("clips", type=Path, nargs="+")
    parser.add_argument("--cards", type=Path, default=CARDS)
    parser.add_argument("--holdout", default="talking-faces-1")
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    ensemble = installed(given.cards)
    if ensemble is None:
        parser.error("no detector is installed there")
    document, parts = evaluated(given.clips, ensemble, holdout=given.holdout, seen=_seen(given.cards))
    given.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    answer = gate(parse_evaluation(document), ensemble, policy_named("default@1").risk)
    print(json.dumps(answer.to_dict() | {"auc_of": parts}, indent=1))


def evaluated(
    clips: Sequence[Path], ensemble: Ensemble, *, holdout: str, seen: dict[str, list[str]]
) -> tuple[dict[str, Any], dict[str, float]]:
    """The document, and the AUC of each detector alone against each generator."""
    draw, policy = np.random.default_rng(SEED), policy_named("default@1").risk
    found = {clip.stem: list(_faces(clip)) for clip in clips}
    drawn_again = forging.through(
        trained([one for runs in found.values() for one in runs], shuffled=True, seed=SEED)
    )
    videos: list[dict[str, Any]] = []
    alone: dict[tuple[str, str], list[float]] = {}
    for source, runs in found.items():
        others = [one for name, some in found.items() if name != source for one in some]
        makers: dict[str, forging.Maker] = {"SHUFFLED": drawn_again, "WARP": forging.warp}
        if others:
            makers["SWAP"] = forging.swap_with(others)
        for at in range(0, len(runs) - WINDOWS + 1, WINDOWS):
            quality = int(draw.integers(16, 31))
            for generator in (None, *sorted(makers)):
                shown = [
                    sized(delivered(makers[generator](one, draw) if generator else one, quality=quality))
                    for one in runs[at : at + WINDOWS]
                ]
                spatial, temporal = window_scores([FaceRun(0, 0, one) for one in shown], ensemble)
                both = [(one + two) / 2 for one, two in zip(spatial, temporal, strict=True)]
                videos.append({"score": aggregate(both, policy), "source": source, "generator": generator})
                for name, scores in (("spatial", spatial), ("temporal", temporal), ("ensemble", both)):
                    alone.setdefault((name, generator or ""), []).append(aggregate(scores, policy))
    document = {
        "schema": SCHEMA, "ensemble": ensemble.version, "holdout": holdout, "seen_sources": seen["sources"],
        "seen_generators": seen["makers"], "videos": videos,
    }  # fmt: skip
    return document, _parts(alone)


def _parts(alone: dict[tuple[str, str], list[float]]) -> dict[str, float]:
    told = {}
    for (name, generator), scores in sorted(alone.items()):
        if generator:
            real = alone[(name, "")]
            truth = np.array([0] * len(real) + [1] * len(scores))
            told[f"{name} {generator}"] = round(auc(np.array(real + scores), truth), 3)
    return told


def _faces(clip: Path) -> Iterator[Run]:
    """Runs with a face at its own size, one after the other through a clip."""
    held: list[NDArray[np.uint8]] = []
    with av.open(str(clip)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            held = [*held[-(RUN_FRAMES - 1) :], np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)]
            if number % _STEP == _STEP - 1 and len(held) == RUN_FRAMES:
                box = largest_face(held[RUN_FRAMES // 2])
                if box is not None and box.side >= FACE_LEAST:
                    yield _square(held, box.left, box.top, box.side)


def _square(held: list[NDArray[np.uint8]], left: float, top: float, side: float) -> Run:
    whole = 2 * int(side * MARGIN / 2)
    height, width = held[0].shape[:2]
    whole = min(whole, height // 2 * 2, width // 2 * 2, _SIDE_MOST)
    row = int(min(max(0.0, top - (whole - side) / 2), height - whole))
    column = int(min(max(0.0, left - (whole - side) / 2), width - whole))
    return np.stack([one[row : row + whole, column : column + whole] for one in held])


def _seen(folder: Path) -> dict[str, list[str]]:
    cards = [json.loads(one.read_bytes()) for kind in KINDS for one in folder.glob(f"{kind}-*.json")]
    return {
        name: sorted({each for card in cards for each in card["trained"][name]})
        for name in ("sources", "makers")
    }


if __name__ == "__main__":
    main()
