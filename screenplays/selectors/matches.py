"""Which registered works a text is, or was taken from."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import iscc_lib
from django.contrib.postgres.fields import ArrayField
from django.db.models import BigIntegerField, F, Func, IntegerField, Q, QuerySet, Value
from django.db.models.functions import Cast

from accounts.principals import Principal
from screenplays.fingerprint import LEAST_HASHES, Fingerprint
from screenplays.models import Version
from screenplays.selectors.works import works_visible_to

NEAR_LEAST: Final = 0.2
_MATCHES_MOST: Final = 50


@dataclass(frozen=True, slots=True)
class Match:
    """A version that a text agrees with.

    Attributes:
        how: ``FILE`` (the same bytes), ``WORDING`` (the same words in another form) or ``PART``.
        of_text: estimated share of the text's wording that stands in the version.
        of_version: estimated share of the version that stands in the text.
        hashes: how many kept hashes agree; the estimates rest on them.
        iscc_distance: bits in which the ISCC text codes differ, of 256; None without one.
    """

    version: Version
    how: str
    of_text: float
    of_version: float
    hashes: int
    iscc_distance: int | None


def matches_for(principal: Principal, fingerprint: Fingerprint, *, sha256: str = "") -> list[Match]:
    """Versions of works that the caller may know of, best first; at most 50."""
    rows = Version.objects.filter(work__in=works_visible_to(principal))
    found = (
        _alike(rows, fingerprint, sha256)
        .select_related("work", "work__organisation")
        .order_by(F("shared").desc(), "-created_at")[:_MATCHES_MOST]
    )
    return _near(found, fingerprint, sha256)


def matches_of(fingerprint: Fingerprint, *, sha256: str = "") -> list[Match]:
    """Every version of any work, the earliest first: for the floors above, which tell their callers only what those may know.

    However many there are: whoever registers a text again and again pushes nobody's work out.
    """
    found = _alike(Version.objects.all(), fingerprint, sha256).order_by("created_at", "pk")
    return _near(found, fingerprint, sha256)


def _alike(rows: QuerySet[Version], fingerprint: Fingerprint, sha256: str) -> QuerySet[Version]:
    """Versions with the same bytes, the same words, or so many hashes in common that something may be claimed."""
    sketch = list(fingerprint.sketch)
    # not the wording of a text without words: that one is everybody's
    alike = Q(sha256=sha256) if sha256 else Q(pk=None)
    if fingerprint.words:
        alike |= Q(wording_sha256=fingerprint.wording_sha256)
    if len(sketch) >= LEAST_HASHES:
        alike |= Q(sketch__overlap=sketch, shared__gte=LEAST_HASHES)
    return (
        rows.annotate(
            shared=shared_numbers("sketch", sketch),
            kept=Func(F("sketch"), function="cardinality", output_field=IntegerField()),
        )
        .filter(alike)
        .defer("sketch")
    )


def _near(rows: Iterable[Version], fingerprint: Fingerprint, sha256: str) -> list[Match]:
    return [one for one in _told(rows, fingerprint, sha256) if _is_near(one)]


def _told(rows: Iterable[Version], fingerprint: Fingerprint, sha256: str) -> Iterable[Match]:
    for row in rows:
        how = "FILE" if sha256 and row.sha256 == sha256 else "PART"
        if how == "PART" and row.wording_sha256 == fingerprint.wording_sha256:
            how = "WORDING"
        shared, kept = row.shared, row.kept  # type: ignore[attr-defined]  # annotated above
        is_whole = how != "PART"
        yield Match(
            row,
            how,
            1.0 if is_whole else shared / max(len(fingerprint.sketch), 1),
            1.0 if is_whole else shared / max(kept, 1),
            shared,
            _distance(row.iscc, fingerprint.iscc),
        )


def _is_near(one: Match) -> bool:
    return one.how != "PART" or (
        one.hashes >= LEAST_HASHES and max(one.of_text, one.of_version) >= NEAR_LEAST
    )


class _Shared(Func):
    """How many numbers two arrays without repetitions have in common."""

    template = "cardinality(array(select unnest(%(expressions)s)))"
    arg_joiner = ") intersect select unnest("
    output_field = IntegerField()


def shared_numbers(column: str, numbers: Sequence[int]) -> Func:
    """How many of ``numbers`` a row's sketch keeps, for an annotation."""
    array = ArrayField(BigIntegerField())
    return _Shared(F(column), Cast(Value(list(numbers), output_field=array), array))


def _distance(one: str, other: str) -> int | None:
    if not one or not other:
        return None
    first, second = (int.from_bytes(iscc_lib.iscc_decode(code)[4], "big") for code in (one, other))
    return (first ^ second).bit_count()
