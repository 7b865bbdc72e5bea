"""Exports of a production's log: receipts, checks or every entry, as Parquet or CSV, in constant memory.

>>> part = slice_of(production_id)                             # doctest: +SKIP
>>> for piece in streams.pieces(part, "receipts", "parquet"): ...      # doctest: +SKIP

``streams`` makes them in this process; ``apart`` has Parquet written by another, so that Arrow is not loaded here.
"""

from receipts.exports.columns import KINDS
from receipts.selectors.exports import LogSlice, slice_at, slice_of

__all__ = ["KINDS", "LogSlice", "slice_at", "slice_of"]
