"""Re-read a log from its rows and say what does not fit: the answer to ``trustmark log check``.

1. Guards: the triggers that refuse change are there and switched on.
2. Rows: indexes run from 0 without a gap; every entry is canonical; the columns beside it say what it says;
   checks, events and leases that entries name still say the same, and no check is missing.
3. Frontier: the rows lead to the root that the log's row names, at its size.
4. Files: every tile and entry bundle that the checkpoint covers is what the rows give.
5. Checkpoints: the one on the store, every one published before, every one a witness cosigned and every one that
   somebody brings are signed by a key of this deployment, for this log, over a root that the rows had at that size.
6. Counts: what is kept beside the log to be read quickly is what the rows give.

A superuser can disable triggers and change a row; nobody can do that and pass all five. Who also holds the signing key
and every file can, until a witness is asked: bring its checkpoint (``outside``).
"""

from collections.abc import Iterator, Sequence
from uuid import UUID

from django.db.models import Subquery

from receipts.inspection.chain import ChainReading, read_chain, root_faults
from receipts.inspection.counts import count_faults
from receipts.inspection.facts import unlogged
from receipts.inspection.findings import Fault, LogReport, shortened
from receipts.inspection.guards import guard_faults
from receipts.inspection.parts import scan_log
from receipts.inspection.scan import Range, Scanned
from receipts.inspection.tree import roots_at, upper_tile_faults
from receipts.inspection.votes import judged
from receipts.models import LogEntry, ProductionLog
from receipts.selectors.logs import frontier_of
from receipts.storage import LogFiles
from trustcore.log.tiles import TILE_WIDTH

__all__ = ["Fault", "LogReport", "inspect_log"]


def inspect_log(
    *, production_id: UUID, jobs: int = 1, outside: Sequence[tuple[str, bytes]] = ()
) -> LogReport | None:
    """Check one log against everything that is kept of it; None if the production has no log.

    Args:
        jobs: how many processes read rows and files.
        outside: checkpoints that others hold (a witness, an auditor): where from, and the note.
    """
    log = ProductionLog.objects.filter(production_id=production_id).first()
    if log is None:
        return None
    faults = list(guard_faults())  # 1
    chain = read_chain(log, outside)
    log.refresh_from_db()  # read after the checkpoint: a log that grows meanwhile covers it
    covered = min(chain.current.size if chain.current else 0, log.size)
    if log.size and not LogEntry.objects.filter(log_id=log.pk).exists():
        faults.append(Fault("PARTITION_EMPTY", log.origin, f"none of the log's {log.size} rows is left"))
        return _report(log, covered, chain, [*faults, *chain.faults])
    sizes = {log.size, covered, *(one.checkpoint.size for one in chain.shown)}
    sizes = {size for size in sizes if size <= log.size}
    whole = Range(
        log.pk, production_id, log.size, covered, 0, -(-log.size // TILE_WIDTH), tuple(sorted(sizes))
    )
    scanned = scan_log(whole, jobs=jobs)  # 2
    roots = roots_at(sizes, scanned)
    faults.extend(scanned.faults)
    faults.extend(unlogged(log))
    faults.extend(count_faults(log))  # 6
    faults.extend(_frontier_faults(log, roots))  # 3
    faults.extend(_file_faults(log, scanned, chain, covered, roots))  # 4
    faults.extend(chain.faults)  # 5
    faults.extend(root_faults(log, chain.shown, roots))
    return _report(log, covered, chain, faults)


def _report(log: ProductionLog, covered: int, chain: ChainReading, faults: Sequence[Fault]) -> LogReport:
    return LogReport(
        log.production_id,
        log.origin,
        log.size,
        covered,
        shortened(faults),
        chain.checkpoints,
        chain.cosignatures,
    )


def _frontier_faults(log: ProductionLog, roots: dict[int, bytes]) -> Iterator[Fault]:
    if log.size in roots and roots[log.size] != frontier_of(log).root():
        yield Fault("FRONTIER_DIFFERS", log.origin, f"the rows do not lead to the root kept at {log.size}")
    now = ProductionLog.objects.filter(pk=log.pk).values("size")
    beyond = LogEntry.objects.filter(log_id=log.pk, idx__gte=Subquery(now)).order_by("idx").first()
    if beyond is not None:
        yield Fault("ROW_BEYOND", f"leaf {beyond.idx}", "a row stands beyond the log's size")


def _file_faults(
    log: ProductionLog, scanned: Scanned, chain: ChainReading, covered: int, roots: dict[int, bytes]
) -> Iterator[Fault]:
    signed = chain.current.root if chain.current and chain.current.size == covered else None
    rows_hold = signed is not None and roots.get(covered) == signed
    yield from judged(scanned.suspects, rows_hold=rows_hold)
    for fault in upper_tile_faults(LogFiles(log.production_id), scanned, covered):
        if rows_hold or fault.code != "FILE_DIFFERS":  # a changed row makes every tile above it differ
            yield fault
