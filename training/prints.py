"""Near duplicates by 256 bits, searched exactly: every fingerprint is compared, none is missed.

Pictures are known by PDQ, sounds by eight of Chromaprint's numbers, a quarter of a second apart. A process keeps an
organisation's fingerprints as rows of four 64-bit words and reads what was added since. 100,000 are compared with one
picture in some milliseconds, with one sound in some tenths of a second.

What is kept of a sound begins at fixed times of it; a copy that was cut begins anywhere. So a sound is asked for by
bursts: fingerprints that begin at every number of a stretch that is as long as two kept ones are apart.

Source: Chromaprint, as ``training.soundprints`` says; PDQ, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019; ``pdqhash``.
"""

import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import numpy as np
import pdqhash
from django.db import connection
from numpy.typing import NDArray
from PIL import Image

from training.models import Fingerprint
from training.soundprints import SECONDS_EACH
from training.vocabulary import PrintOf

DISTANCE_MOST: Final = {PrintOf.PICTURE: 31, PrintOf.SOUND: 40}
"""Bits that may differ between two near duplicates. Pictures: PDQ's own recommendation. Sounds: copies at 12 kbit/s differ
by 24 at most where they fit best, recordings of different things by 66 at least."""
SAME_MOST: Final = 2
"""Bits that may differ between two codings of one frame; people who sit still move more than that."""
QUALITY_LEAST: Final = {PrintOf.PICTURE: 50, PrintOf.SOUND: 16}
"""Fingerprints of flat pictures, and of sounds in which nothing moves, say nothing and are compared with none."""
SOUND_NUMBERS: Final = 8
_SOUND_APART: Final = 2
_SOUND_STEP: Final = 16
_SOUND_STEP_SHORT: Final = 4
_SOUND_SHORT: Final = 480
_BURSTS_MOST: Final = 128
_BURSTS_APART: Final = 120


@dataclass(frozen=True, slots=True)
class Print:
    """A fingerprint: 32 bytes, a measure of its quality, and where in the film or the sound it was taken.

    Attributes:
        quality: of a picture PDQ's, 0 to 100; of a sound how many of 224 bits change from one of its numbers to the next.
    """

    bits: bytes
    quality: int
    at_seconds: float | None = None
    of: str = PrintOf.PICTURE


@dataclass(frozen=True, slots=True)
class Like:
    """The nearest asset, and by how many bits the two differ."""

    asset_id: UUID
    distance: int


@dataclass(slots=True)
class _Kept:
    # by columns, ``[4, n]``: two words of all are counted before the others of any
    words: dict[str, NDArray[np.uint64]] = field(
        default_factory=lambda: {of: np.zeros((4, 0), np.uint64) for of in PrintOf.values}
    )
    assets: dict[str, list[UUID]] = field(default_factory=lambda: {of: [] for of in PrintOf.values})
    last: int = 0


_kept: dict[UUID, _Kept] = {}
_lock = threading.Lock()


def print_of(picture: Image.Image, at_seconds: float | None = None) -> Print:
    """Fingerprint one picture."""
    bits, quality = pdqhash.compute(np.ascontiguousarray(np.asarray(picture.convert("RGB"))))
    return Print(np.packbits(bits.astype(np.uint8)).tobytes(), int(quality), at_seconds)


def prints_of_sound(numbers: NDArray[np.uint32]) -> list[Print]:
    """The fingerprints of a sound that are kept: one each two seconds, or half a second where it is short.

    Args:
        numbers: of :func:`~training.soundprints.chromaprint`. Below 4.4 seconds of sound there is no fingerprint.
    """
    step = _SOUND_STEP_SHORT if len(numbers) <= _SOUND_SHORT else _SOUND_STEP
    return _sounds_from(numbers, range(0, _starts(numbers), step))


def bursts_of_sound(numbers: NDArray[np.uint32]) -> list[Print]:
    """The fingerprints that a sound is searched by: bursts over all its length, each as long as a step of what is kept."""
    starts = _starts(numbers)
    count = min(_BURSTS_MOST, max(16, starts // _BURSTS_APART))
    if starts <= count * _SOUND_STEP:
        return _sounds_from(numbers, range(starts))
    first = np.linspace(0, starts - _SOUND_STEP, count).astype(int)
    return _sounds_from(numbers, (begun + at for begun in first for at in range(_SOUND_STEP)))


def _starts(numbers: NDArray[np.uint32]) -> int:
    return max(len(numbers) - (SOUND_NUMBERS - 1) * _SOUND_APART, 0)


def _sounds_from(numbers: NDArray[np.uint32], starts: Iterable[int]) -> list[Print]:
    made = []
    for at in starts:
        taken = numbers[at : at + SOUND_NUMBERS * _SOUND_APART : _SOUND_APART]
        moves = int(np.bitwise_count(taken[1:] ^ taken[:-1]).sum())
        made.append(Print(taken.astype(">u4").tobytes(), moves, at * SECONDS_EACH, PrintOf.SOUND))
    return made


def nearest(organisation_id: UUID, prints: Sequence[Print], *, but_for: UUID | None = None) -> Like | None:
    """The asset that comes nearest to any of ``prints``, each compared with its own kind, if one comes near enough."""
    good = [one for one in prints if one.quality >= QUALITY_LEAST[PrintOf(one.of)]]
    if not good:
        return None
    with _lock:
        kept = _brought_up(organisation_id)
        words, assets = dict(kept.words), dict(kept.assets)
    best: Like | None = None
    for one in good:
        for at, distance in near_to(words[one.of], one.bits, most=DISTANCE_MOST[PrintOf(one.of)]):
            asset = assets[one.of][at]
            if asset != but_for and (best is None or distance < best.distance):
                best = Like(asset, distance)
    return best


def repeats(prints: Sequence[Print]) -> int:
    """How many of ``prints``, in their order, are the very picture of an earlier one (``SAME_MOST`` bits at most)."""
    words = as_words([one.bits for one in prints])
    return sum(
        bool((distances_to(words[:at], one.bits) <= SAME_MOST).any()) for at, one in enumerate(prints) if at
    )


def near_to(columns: NDArray[np.uint64], bits: bytes, *, most: int) -> Iterator[tuple[int, int]]:
    """Places of the fingerprints within ``most`` bits of ``bits``, each with its distance; none is passed over.

    Half of a fingerprint differs by no more than the whole does: what half alone rules out is not looked at again.

    Args:
        columns: ``[4, n]``, of :func:`as_words` turned on its side.
    """
    asked = np.frombuffer(bits, dtype=">u8").astype(np.uint64)
    half = np.bitwise_count(columns[0] ^ asked[0]) + np.bitwise_count(columns[1] ^ asked[1])
    left = np.flatnonzero(half <= most)
    whole = np.bitwise_count(columns[:, left] ^ asked[:, None]).sum(axis=0, dtype=np.int64)
    for at in np.flatnonzero(whole <= most):
        yield int(left[at]), int(whole[at])


def distances_to(words: NDArray[np.uint64], bits: bytes) -> NDArray[np.int64]:
    """Hamming distances of ``bits`` to each row of ``words`` (``[n, 4]``, big-endian)."""
    asked = np.frombuffer(bits, dtype=">u8").astype(np.uint64)
    counted: NDArray[np.int64] = np.bitwise_count(words ^ asked).sum(axis=1, dtype=np.int64)
    return counted


def as_words(many: Sequence[bytes]) -> NDArray[np.uint64]:
    """Fingerprints as rows of four words."""
    return np.frombuffer(b"".join(many), dtype=">u8").astype(np.uint64).reshape(-1, 4)


def keep_prints(organisation_id: UUID, asset_id: UUID, prints: Sequence[Print]) -> None:
    """Write an asset's fingerprints down.

    MUST be called inside the transaction that keeps the asset. An organisation's writers take turns until they commit,
    so that fingerprints become visible in the order of their numbers and a reader who has read to a number misses none.
    """
    good = [one for one in prints if one.quality >= QUALITY_LEAST[PrintOf(one.of)]]
    if not good:
        return
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"prints {organisation_id}"])
    Fingerprint.objects.bulk_create(
        [
            Fingerprint(
                organisation_id=organisation_id, asset_id=asset_id, at_seconds=one.at_seconds,
                quality=one.quality, bits=one.bits, of=one.of,
            )
            for one in good
        ]
    )  # fmt: skip


def _brought_up(organisation_id: UUID) -> _Kept:
    kept = _kept.setdefault(organisation_id, _Kept())
    new = list(
        Fingerprint.objects.filter(organisation_id=organisation_id, number__gt=kept.last)
        .order_by("number")
        .values_list("number", "asset_id", "of", "bits")
    )
    for of in PrintOf.values:
        if some := [(asset, bytes(bits)) for _no, asset, what, bits in new if what == of]:
            added = as_words([bits for _asset, bits in some]).T
            kept.words[of] = np.ascontiguousarray(np.concatenate([kept.words[of], added], axis=1))
            kept.assets[of] = [*kept.assets[of], *(asset for asset, _bits in some)]
    kept.last = new[-1][0] if new else kept.last
    return kept
