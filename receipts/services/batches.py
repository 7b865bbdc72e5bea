"""The answer to a batch of receipts, and how it is kept: runs of rows instead of rows."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from receipts.models import ReceiptBatch

ACCEPTED, UNAUTHORISED, REFUSED = "accepted", "unauthorised", "refused"


@dataclass(frozen=True, slots=True)
class RowAnswer:
    """What became of one row; ``row`` counts from 0. ``leaf_index`` is its place in the log."""

    row: int
    status: str
    code: str | None
    leaf_index: int | None


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """What became of a batch. ``size`` is the log's size after it; None if the rows were of several logs."""

    batch: UUID
    accepted: int
    unauthorised: int
    refused: int
    rows: tuple[RowAnswer, ...]
    size: int | None


def fold_runs(rows: Iterable[RowAnswer]) -> list[list[Any]]:
    """Pack answers as ``[row, count, status, code, leaf]``: consecutive rows of one kind, consecutive leaves."""
    runs: list[list[Any]] = []
    for row in rows:
        last = runs[-1] if runs else None
        if last and _continues(last, row):
            last[1] += 1
        else:
            runs.append([row.row, 1, row.status, row.code, row.leaf_index])
    return runs


def unfold_runs(runs: Iterable[list[Any]]) -> Iterator[RowAnswer]:
    """What :func:`fold_runs` packed."""
    for row, count, status, code, leaf in runs:
        for step in range(count):
            yield RowAnswer(row + step, status, code, None if leaf is None else leaf + step)


def answer_of(batch: ReceiptBatch) -> BatchAnswer:
    """The answer that a kept batch was given."""
    return BatchAnswer(
        batch=batch.pk,
        accepted=batch.accepted,
        unauthorised=batch.unauthorised,
        refused=batch.refused,
        rows=tuple(unfold_runs(batch.runs)),
        size=next(iter(batch.sizes.values())) if len(batch.sizes) == 1 else None,
    )


def _continues(run: list[Any], row: RowAnswer) -> bool:
    first, count, status, code, leaf = run
    follows = row.leaf_index is None if leaf is None else row.leaf_index == leaf + count
    return row.row == first + count and (row.status, row.code) == (status, code) and follows
