"""Near duplicates of texts: how much of one stands in another, whatever their lengths, layout or case.

The sketches are those of scripts (``screenplays.fingerprint``, FracMinHash): one hash in four of a short text is kept,
fewer of a long one, and two sketches are compared by the coarser. Writing without spaces counts by its characters.
"""

import hashlib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models import QuerySet

from screenplays.fingerprint import LEAST_HASHES, kept_below, sketch_key, sketch_of
from screenplays.reading import wording_of
from screenplays.selectors.matches import shared_numbers
from training.models import TextSketch
from training.vocabulary import Held

SHARE_LEAST: Final = 0.5
"""Of either text's wording, what stands in the other; below it two texts quote one another."""
_SCALE_LEAST: Final = 4
_HASHES_MOST: Final = 4_096
_CANDIDATES_MOST: Final = 50
_UNSPACED: Final = re.compile(
    r"[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff]"
)


@dataclass(frozen=True, slots=True)
class Sketch:
    """Kept hashes, ascending, one of ``scale``; of how many words."""

    hashes: tuple[int, ...]
    scale: int
    words: int

    @property
    def says_something(self) -> bool:
        """Whether enough is kept to compare: some 40 words."""
        return len(self.hashes) >= LEAST_HASHES


@dataclass(frozen=True, slots=True)
class LikeText:
    """The asset that has most in common with a text: the estimated share of each that stands in the other."""

    asset_id: UUID
    of_text: float
    of_asset: float


def sketch_of_text(text: str, key: bytes = b"") -> Sketch:
    """The sketch of a text; ``key``: as :func:`~screenplays.fingerprint.sketch_of`."""
    words = [part for word in wording_of(text) for part in (word if _UNSPACED.search(word) else [word])]
    scale = _SCALE_LEAST
    while len(words) // scale > _HASHES_MOST:
        scale *= 2
    return Sketch(sketch_of(words, scale=scale, key=key), scale, len(words))


def nearest_text(organisation_id: UUID, sketch: Sketch, *, but_for: UUID | None = None) -> LikeText | None:
    """The text of a house that this one was taken from, or that holds it; None where none shares enough."""
    if not sketch.says_something:
        return None
    rows = (
        TextSketch.objects.filter(organisation_id=organisation_id, hashes__overlap=list(sketch.hashes))
        .exclude(asset_id=but_for)
        .annotate(shared=shared_numbers("hashes", sketch.hashes))
        .order_by("-shared", "asset_id")[:_CANDIDATES_MOST]
    )
    with by_index():
        found = [like for row in rows if (like := _compared(row, sketch)) is not None]
    return max(found, key=lambda one: max(one.of_text, one.of_asset), default=None)


@contextmanager
def by_index() -> Iterator[None]:
    """Have sketches searched by their index: the planner takes comparing arrays for cheap, and would read every row."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local enable_seqscan = off")
        yield
        cursor.execute("set local enable_seqscan to default")


def keep_sketch(organisation_id: UUID, asset_id: UUID, sketch: Sketch | None) -> None:
    """Write down an asset's sketch, if it says something. MUST be called inside the transaction that keeps the asset."""
    if sketch is not None and sketch.says_something:
        TextSketch.objects.create(
            organisation_id=organisation_id, asset_id=asset_id, scale=sketch.scale, hashes=list(sketch.hashes),
            key_id=key_id(),
        )  # fmt: skip


def key_id() -> str:
    """The name of the key that texts are sketched under now; the key does not follow from it."""
    return hashlib.sha256(b"name of " + sketch_key()).hexdigest()[:16]


def under_another_key() -> QuerySet[TextSketch]:
    """Sketches under another key than the one of now, of texts whose bytes are here."""
    rows = (
        TextSketch.objects.exclude(key_id=key_id()).filter(asset__held=Held.HERE).exclude(asset__location="")
    )
    return rows.select_related("asset").order_by("pk")


def replace_sketch(asset_id: UUID, sketch: Sketch) -> None:
    """Put the sketch under the key of now in the place of one under another; of a text that says too little it is empty."""
    hashes = list(sketch.hashes) if sketch.says_something else []
    TextSketch.objects.filter(asset_id=asset_id).exclude(key_id=key_id()).update(
        scale=sketch.scale, hashes=hashes, key_id=key_id()
    )


def _compared(row: TextSketch, sketch: Sketch) -> LikeText | None:
    limit = kept_below(max(row.scale, sketch.scale))
    own, other = ({one for one in many if one < limit} for many in (sketch.hashes, row.hashes))
    shared = len(own & other)
    if shared < LEAST_HASHES or shared < SHARE_LEAST * min(len(own), len(other)):
        return None
    return LikeText(row.asset_id, shared / len(own), shared / len(other))
