"""Reading several media at once, each under its own key: their words are decoded together.

What a reading costs on an accelerator is mostly waiting between small steps, and the trellis has most of them. Answers are
those of each reader alone, without a search of geometry, tempo or pitch.
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from watermarking.cards import SoundCard
from watermarking.signal.alignment import Heard, SoundReader
from watermarking.signal.evidence import LayerReading
from watermarking.signal.listening import TRUSTS, QuadMap
from watermarking.signal.reading import AT_REST_TRIALS, FrameSize, PictureReader, hint_of
from watermarking.signal.residual import Stretch


def read_pictures(
    readers: Sequence[PictureReader], clips: Sequence[Sequence[Stretch]], sizes: Sequence[FrameSize]
) -> list[LayerReading]:
    """Read each clip under its reader where the tile should be, plain and mirrored.

    Args:
        readers: of one card and one device, without registered ids; one per clip.

    Raises:
        ValueError: a reader has registered ids.
    """
    if any(reader.words.roster is not None for reader in readers):
        raise ValueError("registered ids are read one medium at a time")
    softs: list[Tensor] = []
    hints: list[float] = []
    for reader, stretches, size in zip(readers, clips, sizes, strict=True):
        ways = [reader.at_rest(stretches, size, mirrored=mirrored) for mirrored in (False, True)]
        softs += [soft.values for soft, _ in ways]
        hints.append(min(hint_of(scores) for _, scores in ways))
    if not softs:
        return []
    names = ["identity", "mirrored"] * len(readers)
    found = readers[0].words.best_of(softs, trials=AT_REST_TRIALS, geometries=names)
    pairs = zip(readers, found[::2], found[1::2], hints, strict=True)
    return [
        reader.judge(min(plain, mirrored, key=lambda one: one.p_value), hint)
        for reader, plain, mirrored, hint in pairs
    ]


def hear_all(card: SoundCard, windows: Tensor) -> list[Heard]:
    """Map windows ``[b, channels, n]`` at the analysis rate, on their device, in one batch."""
    quads = QuadMap(card, windows)
    maps = {trust: quads.scores(trust=trust) for trust in TRUSTS}
    return [Heard({trust: maps[trust][n] for trust in TRUSTS}) for n in range(len(windows))]


def read_sounds(readers: Sequence[SoundReader], heard: Sequence[Heard]) -> list[LayerReading]:
    """Read each window under its reader at the plain tempo and pitch.

    Args:
        readers: of one card and one device, without registered ids, as many readings behind each; one per window.

    Raises:
        ValueError: a reader has registered ids.
    """
    if any(reader.words.roster is not None for reader in readers):
        raise ValueError("registered ids are read one medium at a time")
    placed = [reader.place_plain([window]) for reader, window in zip(readers, heard, strict=True)]
    there = [one for one in placed if one is not None]
    if len({(one.trials, one.decodings) for one in there}) > 1:
        raise ValueError("the readers have not read equally much before")
    words = iter(
        readers[0].words.best_of(
            [soft for one in there for soft in one.softs],
            trials=there[0].trials,
            geometries=[fit.geometry for one in there for fit in one.fits],
            pilots=[pilots for one in there for pilots in one.beside],
            decodings=there[0].decodings,
        )
        if there
        else []
    )
    return [
        reader.nothing() if one is None else reader.judge(one, [next(words) for _ in one.fits])
        for reader, one in zip(readers, placed, strict=True)
    ]
