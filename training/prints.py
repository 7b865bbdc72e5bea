"""Near duplicates of pictures by PDQ (256 bits), searched exactly: every fingerprint is compared, none is missed.

A process keeps an organisation's fingerprints as rows of four 64-bit words and reads what was added since. 100,000
are compared in some milliseconds.

Source: PDQ, "The TMK+PDQF Video-Hashing Algorithm and the PDQ Image-Hashing Algorithm", 2019; ``pdqhash``.
"""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final
from uuid import UUID

import numpy as np
import pdqhash
from django.db import connection
from numpy.typing import NDArray
from PIL import Image

from training.models import Fingerprint

DISTANCE_MOST: Final = 31
"""Bits that may differ between two near duplicates (PDQ's own recommendation)."""
SAME_MOST: Final = 2
"""Bits that may differ between two codings of one frame; people who sit still move more than that."""
QUALITY_LEAST: Final = 50
"""Fingerprints of flat pictures say nothing and are compared with none."""


@dataclass(frozen=True, slots=True)
class Print:
    """A fingerprint: 32 bytes, PDQ's measure of its quality (0 to 100), and where in the film it was taken."""

    bits: bytes
    quality: int
    at_seconds: float | None = None


@dataclass(frozen=True, slots=True)
class Like:
    """The nearest asset, and by how many bits the two differ."""

    asset_id: UUID
    distance: int


@dataclass(slots=True)
class _Kept:
    words: NDArray[np.uint64] = field(default_factory=lambda: np.zeros((0, 4), np.uint64))
    assets: list[UUID] = field(default_factory=list)
    last: int = 0


_kept: dict[UUID, _Kept] = {}
_lock = threading.Lock()


def print_of(picture: Image.Image, at_seconds: float | None = None) -> Print:
    """Fingerprint one picture."""
    bits, quality = pdqhash.compute(np.ascontiguousarray(np.asarray(picture.convert("RGB"))))
    return Print(np.packbits(bits.astype(np.uint8)).tobytes(), int(quality), at_seconds)


def nearest(organisation_id: UUID, prints: Sequence[Print], *, but_for: UUID | None = None) -> Like | None:
    """The asset that comes nearest to any of ``prints``, if one comes near enough."""
    good = [one.bits for one in prints if one.quality >= QUALITY_LEAST]
    if not good:
        return None
    with _lock:
        kept = _brought_up(organisation_id)
        words, assets = kept.words, kept.assets
    best: Like | None = None
    for bits in good:
        distances = distances_to(words, bits)
        for at in np.flatnonzero(distances <= DISTANCE_MOST):
            if assets[at] != but_for and (best is None or distances[at] < best.distance):
                best = Like(assets[at], int(distances[at]))
    return best


def repeats(prints: Sequence[Print]) -> int:
    """How many of ``prints``, in their order, are the very picture of an earlier one (``SAME_MOST`` bits at most)."""
    words = as_words([one.bits for one in prints])
    return sum(
        bool((distances_to(words[:at], one.bits) <= SAME_MOST).any()) for at, one in enumerate(prints) if at
    )


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
    good = [one for one in prints if one.quality >= QUALITY_LEAST]
    if not good:
        return
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [f"prints {organisation_id}"])
    Fingerprint.objects.bulk_create(
        [
            Fingerprint(
                organisation_id=organisation_id, asset_id=asset_id, at_seconds=one.at_seconds,
                quality=one.quality, bits=one.bits,
            )
            for one in good
        ]
    )  # fmt: skip


def _brought_up(organisation_id: UUID) -> _Kept:
    kept = _kept.setdefault(organisation_id, _Kept())
    new = list(
        Fingerprint.objects.filter(organisation_id=organisation_id, number__gt=kept.last)
        .order_by("number")
        .values_list("number", "asset_id", "bits")
    )
    if new:
        kept.words = np.concatenate([kept.words, as_words([bytes(bits) for _no, _asset, bits in new])])
        kept.assets = [*kept.assets, *(asset for _no, asset, _bits in new)]
        kept.last = new[-1][0]
    return kept
