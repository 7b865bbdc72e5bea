r"""A graph in a file: one seal over all of it, then a head, then the arrays as they lie in memory.

``SEAL\n HEAD padding\n ARRAYS``: the seal is BLAKE2b (256 bits, hexadecimal) of everything after it, keyed by the
deployment's secret, so that a file that broke, or that somebody else wrote, is not believed. A new file takes the place of
the old one in one step; who has the old one mapped keeps it. Processes of a machine share the mapped pages.
"""

import hashlib
import json
import mmap
import os
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from training.lineage.compressed import CompressedGraph, Rows
from trustcore.encoding import canonical_json

CORRUPT: Final = "LINEAGE_SNAPSHOT_CORRUPT"
"""The code that stands in the log when a file is not as it was written."""
_FORM: Final = "trustmark lineage 1"
_SEAL_BYTES: Final = 65
_BODY_AT: Final = 4096
_TYPES: Final = (np.int64, np.int64, np.int64, np.int32, np.int32)


class SnapshotCorrupt(Exception):
    """The file is not as it was written."""

    code = CORRUPT


@dataclass(frozen=True, slots=True)
class Mark:
    """How far a graph had come: edges, the number of the last one, and what that one was (``parent child time``)."""

    edges: int
    last_edge: int
    last_one: str


def path_of(organisation_id: UUID) -> Path:
    """Where an organisation's graph is kept."""
    return Path(settings.LINEAGE_FOLDER) / f"{organisation_id}.lineage"


def write_snapshot(organisation_id: UUID, graph: CompressedGraph, mark: Mark) -> Path:
    """Write a packed graph, whole and durable before it takes the place of the last one."""
    # the wide ones first: so each begins where its type may lie
    arrays = (graph.numbers, graph.down.begins, graph.up.begins, graph.down.ends, graph.up.ends)
    head = canonical_json(
        {"form": _FORM, "organisation": str(organisation_id), "edges": mark.edges, "last_edge": mark.last_edge,
         "last_one": mark.last_one, "lengths": [len(one) for one in arrays]}
    ).ljust(_BODY_AT - _SEAL_BYTES - 1) + b"\n"  # fmt: skip
    seal = _seal()
    seal.update(head)
    place = path_of(organisation_id)
    place.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=f".{organisation_id}.")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(b" " * _SEAL_BYTES + head)
            for array, kind in zip(arrays, _TYPES, strict=True):
                body = np.ascontiguousarray(array, kind)
                seal.update(body.data)
                file.write(body.data)
            file.seek(0)
            file.write(seal.hexdigest().encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return place


def read_snapshot(organisation_id: UUID) -> tuple[CompressedGraph, Mark] | None:
    """The graph that is kept, its arrays mapped; None: none is kept.

    Raises:
        SnapshotCorrupt: the file is not as it was written, or not of this organisation.
    """
    try:
        with path_of(organisation_id).open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except FileNotFoundError:
        return None
    except ValueError as error:  # an empty file
        raise SnapshotCorrupt("nothing is in it") from error
    seal = _seal()
    seal.update(memoryview(mapped)[_SEAL_BYTES:])
    if mapped[:_SEAL_BYTES] != seal.hexdigest().encode() + b"\n":
        raise SnapshotCorrupt("the seal does not hold")
    head = json.loads(mapped[_SEAL_BYTES:_BODY_AT])
    if (head["form"], head["organisation"]) != (_FORM, str(organisation_id)):
        raise SnapshotCorrupt("it is another organisation's, or of another form")
    return _graph(mapped, head["lengths"]), Mark(head["edges"], head["last_edge"], head["last_one"])


def mark_of_snapshot(organisation_id: UUID) -> Mark | None:
    """How far the kept graph had come, by its head alone; None: none is kept, or it cannot be read."""
    try:
        with path_of(organisation_id).open("rb") as file:
            head = json.loads(file.read(_BODY_AT)[_SEAL_BYTES:])
        return Mark(head["edges"], head["last_edge"], head["last_one"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def discard_snapshot(organisation_id: UUID) -> None:
    """Forget the kept graph; the next upkeep writes it anew."""
    path_of(organisation_id).unlink(missing_ok=True)


def _graph(mapped: mmap.mmap, lengths: Sequence[int]) -> CompressedGraph:
    at = _BODY_AT

    def wide(length: int) -> NDArray[np.int64]:
        nonlocal at
        at += 8 * length
        return np.frombuffer(mapped, np.int64, length, at - 8 * length)

    def narrow(length: int) -> NDArray[np.int32]:
        nonlocal at
        at += 4 * length
        return np.frombuffer(mapped, np.int32, length, at - 4 * length)

    nodes, down, up, down_ends, up_ends = lengths
    numbers, begins_down, begins_up = wide(nodes), wide(down), wide(up)
    graph = CompressedGraph(numbers, Rows(begins_down, narrow(down_ends)), Rows(begins_up, narrow(up_ends)))
    if at != len(mapped):
        raise SnapshotCorrupt("it does not end where it should")
    return graph


def _seal() -> "hashlib.blake2b":
    key = hashlib.sha256(f"lineage:{settings.TRUSTMARK_SECRET}".encode()).digest()
    return hashlib.blake2b(digest_size=32, key=key)
