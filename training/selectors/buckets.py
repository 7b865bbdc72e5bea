"""The inventory in buckets, each with its risk: where a reviewer's time goes first (TP-140 to TP-142).

A bucket holds the sources that share a value (a platform, a licence class ...); its cells are the ways in which
material was collected there. A cell's score is that of its riskiest source: a mean would hide it.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import BooleanField, Count, ExpressionWrapper, OuterRef, Q, QuerySet, Subquery

from accounts.principals import Principal
from training.models import RightsRecord, Source, SourceClass, TrainingAsset
from training.services.risk import risk_of
from training.vocabulary import AssetState

DIMENSIONS: Final = {
    "type": "source_class__source_type",
    "licence": "licence",
    "platform": "platform",
    "geography": "geography",
    "purpose": "source_class__purpose",
}
"""What the inventory can be grouped by, and the column it stands in; a source without a record has no licence."""


@dataclass(slots=True)
class Cell:
    """What was collected in one way in a bucket: the highest score, and how many originals."""

    score: int = 0
    originals: int = 0


@dataclass(slots=True)
class Bucket:
    """The sources that share ``value``; ``score`` is None until something was collected."""

    value: str
    sources: int = 0
    admitted: int = 0
    isolated: int = 0
    cells: dict[str, Cell] = field(default_factory=dict)

    @property
    def score(self) -> int | None:
        """The highest of its cells."""
        return max((cell.score for cell in self.cells.values()), default=None)


def sources_with_licence(principal: Principal, *, at: datetime) -> QuerySet[Source]:
    """The house's sources with ``licence`` (class of the newest record; None without one), ``checks``, ``is_over``."""
    newest = RightsRecord.objects.filter(source=OuterRef("pk")).order_by("-version")
    over = ExpressionWrapper(
        Q(expires_at__lte=at, expires_at__isnull=False) | Q(end__isnull=False), output_field=BooleanField()
    )
    return Source.objects.filter(organisation=principal.organisation).annotate(
        licence=Subquery(newest.values("licence_class")[:1]),
        checks=Subquery(newest.values("checks")[:1]),
        is_over=Subquery(newest.annotate(over=over).values("over")[:1]),
    )


def buckets_of(principal: Principal, *, by: str, at: datetime) -> list[Bucket]:
    """The house's inventory by one of ``DIMENSIONS``, the riskiest bucket first; 2 queries.

    Raises:
        KeyError: ``by`` is none of them.
    """
    column = DIMENSIONS[by]
    rows = sources_with_licence(principal, at=at)
    found: dict[str, Bucket] = {}
    for row in rows.values(column).annotate(number=Count("pk")).order_by():
        value = row[column] or ""
        found[value] = Bucket(value, sources=row["number"])
    told = (
        rows.filter(assets__isnull=False)
        .values(*{column, "licence", "checks", "is_over", "source_class__expected_value", "assets__method"})
        .annotate(
            originals=Count("assets"),
            admitted=Count("assets", filter=Q(assets__state=AssetState.ADMITTED)),
            isolated=Count("assets", filter=Q(assets__state=AssetState.ISOLATED)),
        )
        .order_by()
    )
    for row in told:
        bucket = found.setdefault(row[column] or "", Bucket(row[column] or ""))
        cell = bucket.cells.setdefault(row["assets__method"], Cell())
        cell.score = max(cell.score, _score(row))
        cell.originals += row["originals"]
        bucket.admitted += row["admitted"]
        bucket.isolated += row["isolated"]
    return sorted(found.values(), key=lambda one: (-1 if one.score is None else -one.score, one.value))


def in_bucket(principal: Principal, *, by: str, value: str, at: datetime) -> QuerySet[Source]:
    """The sources of one bucket."""
    rows = sources_with_licence(principal, at=at).select_related("source_class")
    if by not in DIMENSIONS:
        return rows
    column = DIMENSIONS[by]
    return rows.filter(**({column: value} if value or by != "licence" else {f"{column}__isnull": True}))


@dataclass(slots=True)
class Holding:
    """What the house holds of one source, and how risky it is; None: nothing was collected."""

    admitted: int = 0
    isolated: int = 0
    refused: int = 0
    score: int | None = None


def holdings(sources: list[Source]) -> dict[UUID, Holding]:
    """Originals and risk of these sources (rows of :func:`sources_with_licence`); 1 query."""
    by_id = {one.pk: one for one in sources}
    found = {key: Holding() for key in by_id}
    rows = TrainingAsset.objects.filter(source__in=by_id).order_by().values("source", "method", "state")
    for row in rows.annotate(number=Count("pk")):
        source, held = by_id[row["source"]], found[row["source"]]
        marks = vars(source)
        score = _score(
            {"licence": marks["licence"], "checks": marks["checks"], "is_over": marks["is_over"],
             "source_class__expected_value": source.source_class.expected_value, "assets__method": row["method"]}
        )  # fmt: skip
        held.score = max(held.score or 0, score)
        match row["state"]:
            case AssetState.ADMITTED:
                held.admitted += row["number"]
            case AssetState.ISOLATED:
                held.isolated += row["number"]
            case AssetState.REFUSED:
                held.refused += row["number"]
    return found


def _score(row: dict[str, Any]) -> int:
    """The score of one group; rights that are over are no rights."""
    rights = None
    if row["licence"] and not row["is_over"]:
        rights = RightsRecord(licence_class=row["licence"], checks=row["checks"])
    kind = SourceClass(expected_value=row["source_class__expected_value"])
    return risk_of(kind, rights, row["assets__method"])
