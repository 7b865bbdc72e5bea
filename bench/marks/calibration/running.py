"""Spreading trials over processes that share a device, and keeping every number.

The workers' part lies in this file and not in ``__main__``: a spawned process must find it by its name.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import asdict, fields
from functools import partial
from pathlib import Path

import numpy as np
import torch
from torch import multiprocessing

from bench.marks.calibration.archive import read_films, read_sounds
from bench.marks.calibration.pixels import pixel_trials, searched_pixels
from bench.marks.calibration.sounds import searched_sounds, sound_trials
from bench.marks.calibration.trials import WAYS, Findings
from watermarking.signal.threads import device_for, use_threads

Part = tuple[str, str, Findings]
_SEARCH_SHARE = 0.2


def run(
    folder: Path,
    trials: int,
    searches: int,
    device: str,
    workers: int,
    seconds: float,
    layers: str,
    keys: int,
) -> list[Part]:
    """Spread the trials over ``workers`` processes; after ``seconds`` what is done is all there is.

    Args:
        layers: ``pixel``, ``sound`` or both with a comma between.
        keys: how many trials of pictures, each under a key of its own, read one clip.
    """
    until = time.time() + seconds
    kept = seconds * _SEARCH_SHARE if searches else 0.0
    work = partial(_share, folder, trials, searches, device, workers, until, kept, layers, keys)
    if workers == 1:
        return work(0)
    with multiprocessing.get_context("spawn").Pool(workers) as pool:
        return [part for some in pool.map(work, range(workers), chunksize=1) for part in some]


def _share(
    folder: Path,
    trials: int,
    searches: int,
    device: str,
    workers: int,
    until: float,
    kept: float,
    layers: str,
    keys: int,
    worker: int,
) -> list[Part]:
    use_threads(1)
    device = device_for(device)
    began = time.time()
    films, sounds = read_films(folder, device), read_sounds(folder, device)
    numbers, again = range(worker, trials, workers), range(worker, searches, workers)
    # trials of one clip lie together
    together = [number for number in range(trials) if number // keys % workers == worker]

    def before(last: float) -> Callable[[], bool]:
        return lambda: time.time() < last

    parts: list[Part] = []
    with torch.inference_mode():
        steps = [
            *((f"sound/{way}", partial(sound_trials, sounds, way, numbers)) for way in WAYS),
            *((f"pixel/{way}", partial(pixel_trials, films, way, together, keys=keys)) for way in WAYS),
            *((f"pixel/{way}", partial(searched_pixels, films, way, again)) for way in WAYS),
            *((f"sound/{way}", partial(searched_sounds, sounds, way, again)) for way in WAYS),
        ]
        steps = [(name, step) for name, step in steps if name.split("/")[0] in layers.split(",")]
        plain = len(steps) // 2
        for number, (name, step) in enumerate(steps):
            # searches have a share of their own, in equal parts; what plain trials leave of theirs comes to it
            left = until - time.time() if number >= plain else until - kept - time.time()
            left /= len(steps) - number if number >= plain else plain - number
            layer, way = name.split("/")
            parts.append((layer, way, step(device, before(time.time() + left))))
            if worker == 0:
                print(f"{time.time() - began:7.1f} s  {name}: {len(parts[-1][2].best)} and", end=" ")
                print(f"{len(parts[-1][2].searched)} searched", flush=True)
    return parts


def save(path: Path, parts: list[Part], told: dict[str, object]) -> None:
    """Keep every number."""
    whole: dict[str, Findings] = {}
    for layer, way, found in parts:
        name = f"{layer}/{way}"
        whole[name] = whole[name].joined(found) if name in whole else found
    arrays = {
        f"{name}/{field.name}": np.asarray(asdict(found)[field.name])
        for name, found in whole.items()
        for field in fields(found)
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez_compressed(path, told=np.array(json.dumps(told)), **arrays)
