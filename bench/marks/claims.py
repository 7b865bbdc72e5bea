"""The room of false claims: unmarked media under many keys, and marked media under other keys.

Every trial reads one medium under one key nobody marked it with: a claim is an error, whatever it names. Most trials
read where the mark would lie (the cheap path: the medium is folded once); one in twenty also searches geometry,
tempo and pitch. Beside it stands the score of one id drawn beforehand, whose p-value must be uniform: all bounds are
built on that number.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.marks.attacks_pixels import prepared
from bench.marks.instruments import Instrument, pixel_instrument, sound_instrument
from bench.marks.material import Kind, Material
from bench.marks.run import Run, marked_copy
from bench.marks.sounds import plain_sound
from watermarking.keys import mark_key

ROOM = "false claims"
BLOCK = 50
SEARCHED_OF = 20
_SECRET = bytes(range(100, 132))


def claim_room(run: Run) -> None:
    """Spread ``run.trials`` a layer and a way over the media, in blocks of 50 keys."""
    for kind in ("film", "sound"):
        items = list(run.of(kind))
        if not items:
            continue
        share = run.trials / run.part[1] / len(items) / BLOCK
        for item in items:
            blocks = math.ceil(share)
            for marked in (False, True):
                _blocks(run, kind, item, blocks, marked=marked)


def _blocks(run: Run, kind: Kind, item: Material, blocks: int, *, marked: bool) -> None:
    way = "marked under another key" if marked else "unmarked"
    names = [f"{kind}, {way}, keys {block * BLOCK} on" for block in range(blocks)]
    if not any(run.wants(ROOM, item.name, name) for name in names):
        return
    with run.folder("claims") as folder:
        medium = _medium(kind, item, folder, marked=marked)
        for block, name in enumerate(names):
            run.measure(
                ROOM,
                item.name,
                name,
                lambda b=block: {"layer": kind, "way": way, **trials(medium, b, item.name)},
            )


def _medium(kind: Kind, item: Material, folder: Path, *, marked: bool) -> Instrument:
    if kind == "film":
        cut = {"first": item.first, "seconds": item.seconds, "filters": item.filters}
        plain = prepared(item.path, folder / "plain.mkv", **cut)
        return pixel_instrument(marked_copy(plain, folder / "marked.mp4") if marked else plain)
    plain = plain_sound(item, folder)
    return sound_instrument(marked_copy(plain, folder / "marked.wav") if marked else plain)


def trials(medium: Instrument, block: int, name: str) -> dict[str, Any]:
    """Read under the 50 keys of a block; counts, and the scores themselves."""
    claimed = uncertain = searched = 0
    best: list[float] = []
    fixed: list[float] = []
    least = 1.0
    for number, key in enumerate(_keys(block, name)):
        search = (block * BLOCK + number) % SEARCHED_OF == 0
        found = medium.read(key, search=search)
        claimed += found.payload is not None
        uncertain += found.status == "uncertain"
        searched += search
        least = min(least, found.p_value)
        best.append(round(found.score, 3))
        drawn = int(np.random.default_rng([block, number]).integers(1 << 63))
        fixed.append(round(medium.fixed_score(key, drawn), 4))
    return {
        "trials": BLOCK,
        "searched": searched,
        "claimed": claimed,
        "uncertain": uncertain,
        "least_p": least,
        "best_scores": best,
        "fixed_scores": fixed,
    }


def _keys(block: int, name: str) -> Iterator[bytes]:
    """Keys of their own for every medium."""
    secret = _SECRET + name.encode()
    for number in range(block * BLOCK, (block + 1) * BLOCK):
        yield mark_key(secret, str(number))
