"""Train both detectors, calibrate them, write their cards: minutes of one core, the same figures from the same seed.

    python -m verification.detectors.training.train --clip big_buck_bunny.mp4 --out verification/detectors/cards

Training takes the first 70 of a hundred of the film and one set of photographs, calibration the last 25 and another.
"""

import argparse
import hashlib
import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from verification.detectors.calibration import GOOD_FOR_DAYS
from verification.detectors.features import spatial_input, temporal_input
from verification.detectors.nets import Spatial, Temporal
from verification.detectors.training import forging, sources
from verification.detectors.training.autoencoders import trained
from verification.detectors.training.delivery import delivered, sized
from verification.detectors.training.sources import Piece, Run

SEED = 20261126
Set = tuple[list[Run], NDArray[np.float32]]


def main() -> None:
    """Train and write."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--clip", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=900, help="real runs for training")
    parser.add_argument("--epochs", type=int, default=12)
    given = parser.parse_args()
    torch.set_num_threads(1)
    began, draw = time.process_time(), np.random.default_rng(SEED)
    pieces = _pieces(given.clip, draw, given.runs, (0.0, 0.7), sources.TRAINING)
    makers = _makers([one.run for one in pieces])
    shown = _set(pieces, makers, draw)
    held = _pieces(given.clip, draw, given.runs // 5, (0.75, 1.0), sources.CALIBRATION)
    calibration = _set(held, makers, draw)
    print(
        f"{len(shown[0])} runs to learn from, {len(calibration[0])} to calibrate, {time.process_time() - began:.0f} s of CPU"
    )
    name = _calibration_id(held, calibration)
    for build, kind, inputs in ((Spatial, "spatial", _spatial), (Temporal, "temporal", _temporal)):
        torch.manual_seed(SEED)
        net = build()
        _learn(net, inputs, shown, draw, given.epochs if kind == "spatial" else given.epochs // 2)
        temperature, figures = _calibrated(net, inputs, calibration)
        _write(given.out, kind, net, inputs(calibration[0][:2], None), temperature, name, figures | {
            "training_runs": len(shown[0]), "sources": sorted({one.source for one in (*pieces, *held)}),
            "makers": sorted(makers), "seed": SEED,
        })  # fmt: skip
        print(f"{kind}: {figures}, temperature {temperature:.2f}, {time.process_time() - began:.0f} s of CPU")


def _pieces(
    clip: Path, draw: np.random.Generator, count: int, part: tuple[float, float], photographs: tuple[str, ...]
) -> list[Piece]:
    film = list(sources.film_pieces(clip, draw, count=count // 2, part=part))
    return film + list(sources.photograph_pieces(photographs, draw, count=count - len(film)))


def _makers(runs: Sequence[Run]) -> dict[str, forging.Maker]:
    return {
        "BLEND": forging.blend,
        "SHRINK": forging.shrink,
        "TRANSPOSED": forging.through(trained(runs, shuffled=False, seed=SEED)),
    }


def _set(pieces: Sequence[Piece], makers: dict[str, forging.Maker], draw: np.random.Generator) -> Set:
    """Each run as it is and as one maker made it, both delivered alike."""
    runs, truth, names = [], [], sorted(makers)
    for number, piece in enumerate(pieces):
        quality = int(draw.integers(14, 33))
        made = makers[names[number % len(names)]](piece.run, draw)
        runs += [sized(delivered(one, quality=quality)) for one in (piece.run, made)]
        truth += [0.0, 1.0]
    return runs, np.asarray(truth, np.float32)


def _spatial(runs: Sequence[Run], draw: np.random.Generator | None) -> tuple[Tensor, ...]:
    crops = [run[int(draw.integers(len(run))) if draw else len(run) // 2] for run in runs]
    if draw is not None:
        crops = [one[:, ::-1] if draw.random() < 0.5 else one for one in crops]
    pairs = [spatial_input(one) for one in crops]
    return tuple(torch.from_numpy(np.stack(part)) for part in zip(*pairs, strict=True))


def _temporal(runs: Sequence[Run], draw: np.random.Generator | None) -> tuple[Tensor, ...]:
    if draw is not None:
        runs = [run[:, :, ::-1] if draw.random() < 0.5 else run for run in runs]
    return (torch.from_numpy(np.stack([temporal_input(run) for run in runs])),)


Inputs = Callable[[Sequence[Run], np.random.Generator | None], tuple[Tensor, ...]]


def _learn(net: nn.Module, inputs: Inputs, shown: Set, draw: np.random.Generator, epochs: int) -> None:
    runs, truth = shown
    steps = torch.optim.AdamW(net.parameters(), 2e-3, weight_decay=1e-3)
    each = len(runs) // 32
    plan = torch.optim.lr_scheduler.OneCycleLR(steps, 4e-3, total_steps=epochs * each)
    net.train()
    for _ in range(epochs):
        order = draw.permutation(len(runs))
        for at in range(each):
            places = order[at * 32 : at * 32 + 32]
            told = net(*inputs([runs[one] for one in places], draw))
            loss = functional.binary_cross_entropy_with_logits(told, torch.from_numpy(truth[places]))
            steps.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            steps.step()
            plan.step()
    net.eval()


def _calibrated(net: nn.Module, inputs: Inputs, held: Set) -> tuple[float, dict[str, Any]]:
    """The temperature under which the held-out likelihood is greatest."""
    from verification.detectors.measures import auc, calibration_error

    with torch.inference_mode():
        logits = np.concatenate(
            [net(*inputs(held[0][at : at + 32], None)).numpy() for at in range(0, len(held[0]), 32)]
        )
    truth = held[1]
    signs = np.where(truth > 0.5, 1.0, -1.0)
    temperatures = np.geomspace(0.3, 20, 200)
    losses = [np.logaddexp(0, -signs * logits / one).mean() for one in temperatures]
    best = float(temperatures[int(np.argmin(losses))])
    scores = 1 / (1 + np.exp(-logits / best))
    return best, {
        "calibration_auc": round(auc(scores, truth), 4),
        "calibration_ece": round(calibration_error(scores, truth), 4),
    }


def _calibration_id(held: Sequence[Piece], made: Set) -> str:
    """Its name says what it is made of; the hash, of which pixels."""
    digest = hashlib.sha256(b"".join(one.tobytes() for one in made[0])).hexdigest()
    return f"self-blended-{len(made[0])}-{'-'.join(sorted({one.source for one in held}))}-{digest[:12]}"


def _write(
    folder: Path, kind: str, net: nn.Module, example: tuple[Tensor, ...], temperature: float, calibration: str,
    figures: dict[str, Any],
) -> None:  # fmt: skip
    folder.mkdir(parents=True, exist_ok=True)
    names = ["picture", "spectrum"] if kind == "spatial" else ["changes"]
    target = folder / f"{kind}-1.onnx"
    torch.onnx.export(
        net, example, str(target), input_names=names, output_names=["logit"], external_data=False,
        dynamic_shapes=tuple({0: torch.export.Dim("batch", min=1, max=512)} for _ in names), verbose=False,
    )  # fmt: skip
    card = {
        "schema": "trustmark.detector-card/1", "name": f"{kind}-1", "kind": kind, "version": "1.0.0",
        "weights": target.name, "weights_sha256": hashlib.sha256(target.read_bytes()).hexdigest(),
        "parameters": sum(one.numel() for one in net.parameters()), "temperature": round(temperature, 4),
        "calibration_set": calibration, "calibrated_on": datetime.now(UTC).date().isoformat(),
        "good_for_days": GOOD_FOR_DAYS, "trained": figures,
    }  # fmt: skip
    (folder / f"{kind}-1.json").write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
