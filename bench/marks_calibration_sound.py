"""Counts false claims of the sound mark, and what averaging reveals of it.

    .venv/bin/python bench/marks_calibration_sound.py SOUND... [--trials 10000] [--searches 100] [--seconds S] [--out FILE]

*Trials*: every sound, unmarked and marked under another key, is cut into windows; each is mapped once and then read
under many keys nobody marked it with: where the mark would lie (all columns of the lap, all phases, all trusts, the best
word decoded), and the score of one id drawn beforehand where its output would begin, which must be a standard normal number. One
trial in ``trials / searches`` also searches tempo and pitch. The control: the same score of the id and key each sound was
marked with, which must be far from it.

*Averages*: an attacker folds the map of a marked sound at the code's period and at the lap, and the maps of outputs with
many ids; the likeness of the mean to the signs is compared with that of the quads themselves (of the last sound given).

The result is one JSON object: counts, histograms of z and of p-values, likeness.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from watermarking.cards import load_sound_card
from watermarking.keys import mark_key
from watermarking.media.sound import Samples, in_blocks, read_sound, windows
from watermarking.signal.alignment import Heard, SoundReader
from watermarking.signal.code import code_for, payload_bits
from watermarking.signal.listening import QuadMap
from watermarking.signal.quads import Drift, quad_layout, signs_at
from watermarking.signal.threads import use_threads
from watermarking.signal.voice import BLOCK_SECONDS, MARGIN_SECONDS, SoundMarker

CARD = load_sound_card()
RATE = CARD.analysis.rate_hz
SECONDS = 6
SECRET = bytes(range(64, 96))
COPIES = 50


def marked(samples: Samples, key: bytes, payload: int) -> Samples:
    """Mark a sound at the analysis rate."""
    marker = SoundMarker(CARD, key, payload)

    def work(block: Samples, first_second: int) -> Samples:
        return marker.mark(block, rate_hz=RATE, first_second=first_second)

    made = in_blocks([samples], rate_hz=RATE, block=BLOCK_SECONDS, margin=MARGIN_SECONDS, work=work)
    return np.concatenate(list(made), 1)


def media(paths: list[Path]) -> Iterator[tuple[str, Samples]]:
    """Windows of six seconds of each sound, plain and marked under a key of their own."""
    foreign = mark_key(SECRET, "foreign")
    for path in paths:
        whole = np.concatenate(list(read_sound(path, rate_hz=RATE)), 1).mean(0, keepdims=True)
        for way, samples in (
            ("unmarked", whole),
            ("another key", marked(whole, foreign, 0x0123_4567_89AB_CDEF)),
        ):
            for window in windows([samples], length=SECONDS * RATE, least=SECONDS * RATE):
                if float(np.square(window).mean()) > 1e-6:
                    yield way, window


def trials(paths: list[Path], count: int, searches: int, seconds: float) -> dict[str, Any]:
    """Read every window under its share of keys, for ``seconds`` at most."""
    until = time.monotonic() + seconds
    material = [(way, window, heard) for way, window in media(paths) if (heard := _heard(window)) is not None]
    every = max(1, count // max(1, searches))
    scores: dict[str, list[float]] = {"unmarked": [], "another key": []}
    best: dict[str, list[float]] = {"unmarked": [], "another key": []}
    claimed = uncertain = searched = 0
    least = 1.0
    for number in range(count):
        if time.monotonic() > until:
            break
        way, window, heard = material[number % len(material)]
        reader = SoundReader(CARD, mark_key(SECRET, str(number)))
        reading = reader.read_plain([heard])
        if number % every == 0:
            searched += 1
            reading = min(reading, reader.read_searched(window), key=lambda one: one.p_value)
        claimed += reading.payload is not None
        uncertain += reading.status == "uncertain"
        least = min(least, reading.p_value)
        best[way].append(reading.score)
        drawn = int(np.random.default_rng(number).integers(1 << 62))
        scores[way].append(reader.known_agreement(heard, drawn))
    return {
        "windows": len(material),
        "trials": {way: len(found) for way, found in scores.items()},
        "searched": searched,
        "claimed": claimed,
        "uncertain": uncertain,
        "least_p_value": least,
        "largest_best_score": {way: round(max(found, default=0.0), 2) for way, found in best.items()},
        "control": {path.name: round(_control(path), 2) for path in paths},
        "fixed_id": {way: _normality(np.array(found)) for way, found in scores.items() if found},
    }


def _control(path: Path) -> float:
    key, payload = mark_key(SECRET, "control"), 0x0FED_CBA9_8765_4321
    whole = np.concatenate(list(read_sound(path, rate_hz=RATE)), 1).mean(0, keepdims=True)[
        :, : 2 * SECONDS * RATE
    ]
    reader = SoundReader(CARD, key)
    return reader.known_score(marked(whole, key, payload)[:, : SECONDS * RATE], payload)


def _heard(window: Samples) -> Heard | None:
    return SoundReader(CARD, bytes(32)).hear(window)


def _normality(scores: np.ndarray[Any, Any]) -> dict[str, Any]:
    p_values = np.array([0.5 * math.erfc(z / math.sqrt(2)) for z in scores])
    return {
        "mean": round(float(scores.mean()), 4),
        "standard_deviation": round(float(scores.std()), 4),
        "largest": round(float(scores.max()), 3),
        "z_histogram": np.histogram(scores, bins=np.arange(-5, 5.5, 0.5))[0].tolist(),
        "p_histogram": np.histogram(p_values, bins=10, range=(0, 1))[0].tolist(),
        "p_below": {str(p): round(float((p_values < p).mean()), 5) for p in (0.1, 0.01, 0.001)},
    }


def averages(path: Path) -> dict[str, Any]:
    """What an attacker learns from one sound marked once, and from many outputs."""
    key = mark_key(SECRET, "averages")
    plain = np.concatenate(list(read_sound(path, rate_hz=RATE)), 1).mean(0, keepdims=True)
    quads = _quads(marked(plain, key, 1))
    signs = _signs(key, 1, quads.shape[1])
    period = CARD.grid.quads
    whole = quads.shape[1] // period * period
    folded = quads[:, :whole].reshape(quads.shape[0], -1, period).mean(1)
    kept = [abs(_likeness(folded, signs[:, n : n + period])) for n in range(0, whole, period)]
    short = plain[:, : 20 * RATE]
    mean = torch.zeros(0)
    own: list[Tensor] = []
    for number in range(COPIES):
        payload = int(np.random.default_rng(number).integers(1 << 62))
        change = _quads(marked(short, key, payload)) - _quads(short)
        own.append(_signs(key, payload, change.shape[1]))
        mean = change if not number else mean + change
    return {
        "seconds": round(plain.shape[1] / RATE, 1),
        "periods_folded": whole // period,
        "likeness_of_the_quads_to_the_signs": round(_likeness(quads, signs), 4),
        "likeness_of_the_mean_period_to_any_period": [round(float(np.mean(kept)), 4), round(max(kept), 4)],
        "copies": COPIES,
        "likeness_of_the_copies_mean_change_to_one": round(
            float(np.mean([_likeness(mean, one) for one in own])), 4
        ),
        "by_chance": round(1 / math.sqrt(COPIES), 4),
    }


def _quads(samples: Samples) -> Tensor:
    scores = QuadMap(CARD, torch.from_numpy(samples)).scores()
    return scores[:, :: 2 * CARD.grid.slot_frames]


def _signs(key: bytes, payload: int, columns: int) -> Tensor:
    code = code_for(CARD.nbits, CARD.code.constraint, CARD.code.outputs, CARD.code.seed)
    layout = quad_layout(CARD, key)
    chips = code.encode(payload_bits([payload], CARD.nbits))[0]
    return signs_at(layout, Drift(key, payload, layout.columns), chips, torch.arange(columns))[0::2, 0::2]


def _likeness(one: Tensor, other: Tensor) -> float:
    return float((one * other).sum() / (one.norm() * other.norm()).clamp_min(1e-9))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("sounds", nargs="+", type=Path)
    parser.add_argument("--trials", type=int, default=10_000)
    parser.add_argument("--searches", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=math.inf, help="stop trials after so long")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    use_threads(1)
    began = time.process_time()
    result = {
        "card": "audio-1",
        "window_seconds": SECONDS,
        "sounds": [path.name for path in given.sounds],
        "false_claims": trials(given.sounds, given.trials, given.searches, given.seconds),
        "averages": averages(given.sounds[-1]),
    }
    result["cpu_seconds"] = round(time.process_time() - began)
    text = json.dumps(result, indent=1)
    if given.out:
        given.out.write_text(text + "\n")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
