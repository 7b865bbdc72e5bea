"""What a Parquet file says of itself: its columns, and in ``trustmark.*`` what it was cut from.

The log's origin, the signed checkpoint with its size and root, the verifier keys: an export of kind ``entries`` over the
whole log leads to that root by itself; see docs/operations/export.md.
"""

from typing import Any

from receipts.exports.columns import VERSION, Kind
from receipts.selectors.exports import LogSlice


def head_of(part: LogSlice, kind: Kind, *, row_group: int) -> dict[str, Any]:
    """A :class:`receipts.exports.parquet.Head`, as what it is encoded from."""
    return {
        "columns": kind.columns,
        "repeating": kind.repeating,
        "row_group": row_group,
        "metadata": {
            "trustmark.version": VERSION,
            "trustmark.kind": kind.name,
            "trustmark.production": str(part.production_id),
            "trustmark.tokens": "*" if part.tokens is None else " ".join(map(str, part.tokens)),
            "trustmark.origin": part.origin,
            "trustmark.first_leaf": str(part.first),
            "trustmark.end_leaf": str(part.end),
            "trustmark.size": str(part.size),
            "trustmark.root": part.root.hex(),
            "trustmark.checkpoint": part.checkpoint.decode(),
            "trustmark.vkey": part.vkey.decode(),
        },
    }
