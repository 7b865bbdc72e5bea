"""Close what was written of a production that is about an erased person, and was not sealed for them."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final
from uuid import UUID

from common.keys import KeyUnreadable
from licensing.models import LicenceToken, Production
from provenance.graph.models import SealedText
from provenance.graph.resealing import close_missed
from provenance.graph.sealing import closed_for, open_text
from provenance.graph.services.recording import lock_graph

_CHUNK: Final = 500


def close_texts_about(talent_id: UUID, names: Sequence[str]) -> int:
    """Close the prompts, notes and papers that may be about an erased talent and were not sealed for them.

    Those are texts of the talent's productions that cite no licence, or one of the talent's: a call sheet from before
    the first licence, a version that was licensed after a note on it. And those that cite another's licences alone, and
    still can be read, and say one of ``names``: whole, between word ends, whatever its capitals, accents and blanks.
    Nobody reads them again, as nobody reads those that were sealed for the talent; their commitments stay. Returns how many.

    MUST be called inside the transaction in which the talent's key is destroyed. Nobody records in those productions
    until it ends.

    Args:
        names: what the talent was called, each as it was written; none: nothing is looked for.
    """
    mine = LicenceToken.objects.filter(talent=talent_id).values("production_id")
    productions = list(Production.objects.filter(pk__in=mine).order_by("pk"))
    for production in productions:  # in order, so that two erasures do not wait for each other
        lock_graph(production)
    ids = [one.pk for one in productions]
    return close_missed(talent_id, ids) + _close_naming(talent_id, ids, names)


def _close_naming(talent_id: UUID, productions: Sequence[UUID], names: Sequence[str]) -> int:
    if not names:
        return 0
    said = re.compile(rf"(?<!\w)(?:{'|'.join(re.escape(_folded(name)) for name in names)})(?!\w)")
    done = 0
    for row in _others(talent_id, productions):
        text = _read(row)
        if text is None or not said.search(_folded(text)):
            continue
        closed = closed_for(row, talent_id)
        if closed is not None:
            subjects = [*row.subject_ids, talent_id]
            done += SealedText.objects.filter(pk=row.pk).update(sealed=closed, subject_ids=subjects)
    return done


def _others(talent_id: UUID, productions: Sequence[UUID]) -> Iterator[SealedText]:
    """Texts that were sealed for others, a chunk at a time."""
    rows = SealedText.objects.filter(production__in=productions).order_by("pk")
    rows = rows.exclude(subject_ids__contains=[talent_id])
    after = UUID(int=0)
    while chunk := list(rows.filter(pk__gt=after)[:_CHUNK]):
        yield from chunk
        after = chunk[-1].pk


def _read(row: SealedText) -> str | None:
    try:
        return open_text(row)
    except KeyUnreadable:  # damaged: the inspection of the graph tells, and nobody reads it
        return None


def _folded(text: str) -> str:
    bare = "".join(one for one in unicodedata.normalize("NFKD", text) if not unicodedata.combining(one))
    return " ".join(bare.casefold().split())
