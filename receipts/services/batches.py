"""The answer to a batch of receipts, and how it is kept: runs of rows instead of rows."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from receipts.models import ReceiptBatch

ACCEPTED, UNAUTHORISED, REFUSED = "accepted", "unauthorised", "refused"


class RowAnswer(NamedTuple):
    """What became of one row; ``row`` counts from 0. ``leaf_index`` is its place in the log."""

    row: int
    status: str
    code: str | None
    leaf_index: int | None


class Run(NamedTuple):
    """So many ``rows`` from ``row`` on, with one answer and, where they are in the log, consecutive leaves."""

    row: int
    rows: int
    status: str
    code: str | None
    leaf_index: int | None


@dataclass(frozen=True, slots=True)
class BatchAnswer:
    """What became of a batch.

    Attributes:
        size: the log's size after it; None if the rows were of several logs.
        is_published: whether the checkpoint that the world sees covered the batch when this was answered.
    """

    batch: UUID
    accepted: int
    unauthorised: int
    refused: int
    runs: tuple[Run, ...]
    size: int | None
    is_published: bool

    @property
    def rows(self) -> tuple[RowAnswer, ...]:
        """The answer row by row."""
        return tuple(unfold_runs(self.runs))


def fold_runs(rows: Iterable[RowAnswer]) -> list[Run]:
    """Pack answers in the order of their rows: see :class:`Run`."""
    runs: list[Run] = []
    first, status, code, leaf, following = 0, "", None, None, 0
    for row in rows:
        follows = row.leaf_index is None if leaf is None else row.leaf_index == leaf + following
        if (
            following
            and row.row == first + following
            and (row.status, row.code) == (status, code)
            and follows
        ):
            following += 1
            continue
        if following:
            runs.append(Run(first, following, status, code, leaf))
        first, status, code, leaf = row
        following = 1
    if following:
        runs.append(Run(first, following, status, code, leaf))
    return runs


def runs_of(numbers: Sequence[int], first_leaf: int) -> list[Run]:
    """The runs of accepted rows that stand in the log one after the other from ``first_leaf`` on."""
    if numbers and numbers[-1] - numbers[0] == len(numbers) - 1:  # they ascend: no gap
        return [Run(numbers[0], len(numbers), ACCEPTED, None, first_leaf)]
    leaves = range(first_leaf, first_leaf + len(numbers))
    return fold_runs(RowAnswer(n, ACCEPTED, None, leaf) for n, leaf in zip(numbers, leaves, strict=True))


def unfold_runs(runs: Iterable[Run]) -> Iterator[RowAnswer]:
    """What :func:`fold_runs` packed."""
    for row, count, status, code, leaf in runs:
        for step in range(count):
            yield RowAnswer(row + step, status, code, None if leaf is None else leaf + step)


def count_rows(runs: Iterable[Run]) -> dict[str, int]:
    """How many rows have which status."""
    counts = {ACCEPTED: 0, UNAUTHORISED: 0, REFUSED: 0}
    for run in runs:
        counts[run.status] += run.rows
    return counts


def answer_of(batch: ReceiptBatch, *, is_published: bool) -> BatchAnswer:
    """The answer that a kept batch was given."""
    runs: list[list[Any]] = batch.runs
    return BatchAnswer(
        batch=batch.pk,
        accepted=batch.accepted,
        unauthorised=batch.unauthorised,
        refused=batch.refused,
        runs=tuple(Run(*run) for run in runs),
        size=next(iter(batch.sizes.values())) if len(batch.sizes) == 1 else None,
        is_published=is_published,
    )
