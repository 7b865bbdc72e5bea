"""The lineage of an organisation in the process: used when it is current, and never otherwise.

It is current when it has read as many edges as the organisation's head counts, up to the same number. Edges that came
later are read and added; what a transaction that is still open has written joins the process's copy only if it commits.
A graph above ``AT_ONCE`` edges is read from its snapshot (``snapshot``), which :func:`keep_snapshots` writes; until there is
one, and wherever the index is behind by more than ``LATER_MOST``, the answer comes from the database alone.
"""

import logging
import threading
from collections import OrderedDict
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from training.lineage.compressed import CompressedGraph, compress
from training.lineage.reading import edges_between, position_of
from training.lineage.snapshot import (
    Mark,
    SnapshotCorrupt,
    discard_snapshot,
    mark_of_snapshot,
    path_of,
    read_snapshot,
    write_snapshot,
)
from training.models import LineageHead

AT_ONCE: Final = 50_000
"""Edges up to which a graph is read from the database when it is asked for; larger ones have a snapshot."""
LATER_MOST: Final = 100_000
"""Edges that an index may carry beside its rows."""
LATER_PACKED: Final = 20_000
"""Edges beyond a snapshot from which on a new one is written."""
STRAYED: Final = "LINEAGE_INDEX_STRAYED"
"""The code that stands in the log when an index has another history than the database, as after a restore."""
_GRAPHS_KEPT: Final = 32
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Index:
    """A graph, and how far it has come. Never changed: a later one stands in its place."""

    graph: CompressedGraph
    mark: Mark

    @property
    def packed(self) -> int:
        """How many edges stand in its rows; the others are beside them, and are sorted anew whenever there are more."""
        return len(self.graph.down.ends)


_kept: OrderedDict[UUID, Index] = OrderedDict()
_lock = threading.Lock()


def index_for(organisation_id: UUID) -> Index | None:
    """The index, current as this transaction sees the graph; None: ask the database."""
    if not settings.LINEAGE_INDEX:
        return None
    index = _kept.get(organisation_id) or _loaded(organisation_id)
    if index is None:
        return None
    now = position_of(organisation_id, at_edge=index.mark.last_edge)
    if index.mark.last_edge > now.last_edge:
        return None  # a transaction that looks at an older state, or a database that was restored: see upkeep
    if index.mark.edges and now.last_one != index.mark.last_one:
        _forget_strayed(organisation_id)
        return None
    if now.edges - index.packed > LATER_MOST:
        mark = mark_of_snapshot(organisation_id)
        if mark is None or now.edges - mark.edges > LATER_MOST:
            return None  # until upkeep has written a later one
        index = _loaded(organisation_id)
        if index is None or now.edges - index.packed > LATER_MOST:
            return None
    if (index.mark.edges, index.mark.last_edge) != (now.edges, now.last_edge):
        index = _grown(organisation_id, index, now.last_edge)
        # kept when, and only if, the edges that it has read are committed
        transaction.on_commit(partial(_keep, organisation_id, index))
    return index if (index.mark.edges, index.mark.last_edge) == (now.edges, now.last_edge) else None


def build_index(organisation_id: UUID) -> Index:
    """Read the whole graph from the database."""
    now = position_of(organisation_id)
    edges = edges_between(organisation_id, 0, now.last_edge)
    return Index(compress(edges[:, 0], edges[:, 1]), Mark(len(edges), now.last_edge, now.last_one))


def keep_snapshot(organisation_id: UUID, *, anew: bool = False) -> Path | None:
    """Write the graph to its file if it has grown enough, or if there is none that holds; None: the one there will do.

    Args:
        anew: from the database, whatever is there.
    """
    with transaction.atomic():
        now = position_of(organisation_id)
        kept = None if anew else _snapshot(organisation_id)
        if kept is not None and _is_of(organisation_id, kept, now):
            if now.edges - kept.mark.edges < LATER_PACKED:
                return None
            grown = _grown(organisation_id, kept, now.last_edge)
            index = Index(grown.graph.packed(), grown.mark)
        else:
            index = build_index(organisation_id)
        return write_snapshot(organisation_id, index.graph, index.mark)


def keep_snapshots() -> int:
    """Write what is due of every organisation whose graph is too large to be read at once; how many."""
    if not settings.LINEAGE_INDEX:
        return 0
    written = 0
    for head in LineageHead.objects.filter(edges__gt=AT_ONCE).iterator():
        mark = mark_of_snapshot(head.pk)
        if mark is None or not 0 <= head.edges - mark.edges < LATER_PACKED or mark.last_edge > head.last_edge:
            written += keep_snapshot(head.pk) is not None
    return written


def forget(organisation_id: UUID) -> None:
    """Forget this process's copy."""
    with _lock:
        _kept.pop(organisation_id, None)


def _loaded(organisation_id: UUID) -> Index | None:
    index = _snapshot(organisation_id)
    if index is None:
        now = position_of(organisation_id)
        if now.edges > AT_ONCE:
            return None
        index = build_index(organisation_id)
        transaction.on_commit(partial(_keep, organisation_id, index))
        return index
    _keep(organisation_id, index)
    return index


def _snapshot(organisation_id: UUID) -> Index | None:
    try:
        found = read_snapshot(organisation_id)
    except SnapshotCorrupt as error:
        _log.error("%s %s: %s; it will be written anew", error.code, path_of(organisation_id), error)
        discard_snapshot(organisation_id)
        return None
    return Index(*found) if found else None


def _grown(organisation_id: UUID, index: Index, to: int) -> Index:
    added = edges_between(organisation_id, index.mark.last_edge, to)
    last = position_of(organisation_id, at_edge=to)
    return Index(index.graph.grown(added), Mark(index.mark.edges + len(added), to, last.last_one))


def _keep(organisation_id: UUID, index: Index) -> None:
    with _lock:
        _kept[organisation_id] = index
        _kept.move_to_end(organisation_id)
        while len(_kept) > _GRAPHS_KEPT:
            _kept.popitem(last=False)


def _is_of(organisation_id: UUID, kept: Index, now: Mark) -> bool:
    """Whether a kept graph is an earlier state of the one in the database."""
    then = position_of(organisation_id, at_edge=kept.mark.last_edge)
    if kept.mark.last_edge <= now.last_edge and then.last_one == kept.mark.last_one:
        return True
    _forget_strayed(organisation_id)
    return False


def _forget_strayed(organisation_id: UUID) -> None:
    _log.error("%s %s: the database has another history; it will be read anew", STRAYED, organisation_id)
    forget(organisation_id)
    discard_snapshot(organisation_id)
