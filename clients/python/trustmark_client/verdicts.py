"""What the server's answer to a batch of receipts means for its rows, and for the files of their frames.

A row that was not taken as it was told takes its frame's name away: what has a frame's name has its receipt. Rows that
are out of step with the server's clock are not decided yet: they wait on disk, as if the server had not answered.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from trustmark_client.answers import BatchAnswer
from trustmark_client.names import UNAUTHORISED, UNRECEIPTED

OUT_OF_STEP = "CLOCK_SKEW"
_BECOMES = {"unauthorised": UNAUTHORISED, "refused": UNRECEIPTED}


class Told(msgspec.Struct, frozen=True):
    """Which file a row tells of: its frame, and the SHA-256 of what lay in it."""

    frame: int
    file_sha256: str


_ROW = msgspec.json.Decoder(Told)


def told_by(row: bytes) -> Told:
    """What the JSON of a row says.

    >>> told_by(b'{"file_sha256":"00","frame":7}')
    Told(frame=7, file_sha256='00')
    """
    return _ROW.decode(row)


def rows_out_of_step(rows: list[bytes], answer: BatchAnswer) -> list[bytes]:
    """The rows that wait until this clock and the server's agree."""
    return [
        rows[number]
        for run in answer.runs
        if run.code == OUT_OF_STEP
        for number in range(run.row, run.row + run.count)
    ]


def given_up(rows: list[bytes], answer: BatchAnswer) -> Iterator[tuple[Told, str]]:
    """The rows that the server did not take as rendered under leave, and what their files become."""
    for run in answer.runs:
        became = _BECOMES.get(run.status)
        if became and run.code != OUT_OF_STEP:
            for row in rows[run.row : run.row + run.count]:
                yield told_by(row), became
