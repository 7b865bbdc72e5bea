"""Material in bulk: a file of captures through the real web server and past the gate, against raw COPY of the same rows.

python bench/training_import.py                    # 100,000 assets, minutes
python bench/training_import.py --rows 1000000     # the bar's
The clock of ours runs from the first byte sent to the last row written: the upload over HTTP, then the reading as the
worker does it, in one process (what waits between the two is the queue's). COPY goes first, into the emptier tables: as
many rows, which are a tenth of them registered beforehand and read back ten times with keys of their own, as text; nodes,
edges and originals into the same tables with every index, constraint and trigger, in two transactions, over
one connection. *Originals alone* leaves out what nodes and edges took: the harder rule, and the one of the bar.

On a machine that does other things too, the wall says little: the CPU seconds of both sides are printed beside it.

Bar: ours at least 0.2 times as fast as COPY; the memory of the reader no more for all rows than for a tenth of them, but
for 64 MiB.
"""

from __future__ import annotations

import argparse
import hashlib
import http.client
import json
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Self
from uuid import UUID

import psutil
import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [
    str(ROOT),
    str(ROOT / "clients" / "python"),
    str(ROOT / "clients" / "witness"),
    str(ROOT / "trustcore"),
]

from bench.figures import say  # noqa: E402
from bench.house import House, open_house  # noqa: E402

BAR, ROOM_BYTES = 0.2, 64 * 1024**2
TABLES = ("training_lineagenode", "training_lineageedge", "training_trainingasset")


def main() -> int:
    """Register, copy, print; 1 where the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000)
    rows = max(10, parser.parse_args().rows // 10 * 10)
    with open_house() as house, tempfile.TemporaryDirectory() as folder:
        from tests.training.making import House as Makers

        makers = Makers()
        source = makers.licensed_source()
        tenth = _register(house, makers, source.pk, rows // 10, "tenth", Path(folder))
        copied, alone, copied_cpu, alone_cpu = _copy(house, makers.organisation.pk, rows // 10, Path(folder))
        whole = _register(house, makers, source.pk, rows, "bulk", Path(folder))
    ours = whole["upload"] + whole["reading"]
    growth = whole["memory"] - tenth["memory"]
    say(
        f"upload {whole['upload']:.1f} s, reading {whole['reading']:.1f} s: {rows / ours:,.0f} assets a second"
    )
    say(f"COPY of nodes, edges, originals: {copied:.1f} s; of originals alone: {alone:.1f} s")
    say(f"ratio: {copied / ours:.2f} of all three, {alone / ours:.2f} of originals alone (bar {BAR})")
    spent = whole["spent"]
    say(f"CPU of servers and client, ours {spent:.1f} s, COPY {copied_cpu:.1f} s, of originals alone {alone_cpu:.1f} s: "
        f"{copied_cpu / spent:.2f} and {alone_cpu / spent:.2f}")  # fmt: skip
    say(f"memory of the reader: {tenth['memory'] / 2**20:,.0f} MiB at its height for {rows // 10:,} rows, "
        f"{whole['memory'] / 2**20:,.0f} MiB for {rows:,}")  # fmt: skip
    return 0 if alone / ours >= BAR and growth <= ROOM_BYTES else 1


def _register(
    house: House, makers: Any, source: UUID, rows: int, name: str, folder: Path
) -> dict[str, float]:
    from tests import factories
    from training.models import MaterialImport, TrainingAsset
    from training.services.imports import read_material

    credential, _ = factories.make_credential(makers.organisation, created_by=makers.engineer.person)
    path = folder / f"{name}.ndjson"
    with path.open("wb") as out:
        out.writelines(_lines(source, rows, name))
    begun, cpu = time.monotonic(), _cpu(house)
    with path.open("rb") as body:
        import_id = _send(house.web.port, factories.bearer(credential), body, path.stat().st_size)
    sent = time.monotonic()
    with _Memory() as memory:
        done = read_material(UUID(import_id))
    read, spent = time.monotonic(), _cpu(house) - cpu
    assert (done.state, done.rows_admitted, done.rows_refused) == (MaterialImport.State.DONE, rows, 0)
    assert TrainingAsset.objects.filter(external_id__startswith=name).count() == rows
    path.unlink()
    return {"upload": sent - begun, "reading": read - sent, "memory": memory.most, "spent": spent}


def _send(port: int, headers: dict[str, str], body: IO[bytes], size: int) -> str:
    wire = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    wire.request(
        "POST", "/api/v1/training-imports", body,
        {**headers, "Content-Type": "application/x-ndjson", "Content-Length": str(size)},
    )  # fmt: skip
    answer = wire.getresponse()
    told = json.loads(answer.read())
    assert answer.status == 202, told
    return str(told["id"])


def _lines(source: UUID, rows: int, name: str) -> Iterator[bytes]:
    for number in range(rows):
        told = {
            "source_id": str(source), "external_id": f"{name}-{number}", "kind": "IMAGE", "media_type": "image/png",
            "sha256": hashlib.sha256(f"{name}{number}".encode()).hexdigest(), "size_bytes": 1000 + number,
            "canonical_url": f"https://films.example.test/{name}/{number}", "method": "EXPORT",
            "collected_at": "2026-10-01T12:00:00Z", "licence_claim": "Archive agreement 12", "territory": "US",
            "capture": {"hosting_domain": "films.example.test", "embedded_metadata": {"Make": "Arri", "Frame": number},
                        "page_context": f"Still {number} of reel 12"},
        }  # fmt: skip
        yield json.dumps(told).encode() + b"\n"


class _Memory:
    """The most that this process held while it was watched, a look every 50 ms; ``most``: bytes."""

    def __enter__(self) -> Self:
        self.most, self._is_over, self._own = 0, threading.Event(), psutil.Process()
        self._watch = threading.Thread(target=self._look)
        self._watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        self._watch.join()

    def _look(self) -> None:
        while not self._is_over.wait(0.05):
            self.most = max(self.most, self._own.memory_info().rss)


def _copy(house: House, organisation: UUID, tenth: int, folder: Path) -> tuple[float, float, float, float]:
    """What COPY of ten times the first tenth takes: seconds of all three tables and of originals alone, and CPU."""
    url = house.database_url
    with psycopg.connect(url) as wire:
        for table, query in _asked(wire, organisation).items():
            with (
                (folder / table).open("wb") as out,
                wire.cursor().copy(f"copy ({query}) to stdout") as rows_of,
            ):
                for piece in rows_of:
                    out.write(piece)
    with psycopg.connect(url) as wire:
        begun, cpu = time.monotonic(), _cpu(house)
        for table in TABLES[:2]:
            _fill(wire, table, folder)
        wire.commit()
        between, cpu_between = time.monotonic(), _cpu(house)
        _fill(wire, TABLES[2], folder)
        wire.commit()
        ended, cpu_ended = time.monotonic(), _cpu(house)
        found = wire.execute(f"select count(*) from {TABLES[2]} where external_id like 'copy-%'").fetchone()
    assert found == (tenth * 10,)
    return ended - begun, ended - between, cpu_ended - cpu, cpu_ended - cpu_between


def _cpu(house: House) -> float:
    """CPU seconds so far: this process, PostgreSQL, the web server."""
    return time.process_time() + sum(house.used(house.web))


def _asked(wire: psycopg.Connection, house: UUID) -> dict[str, str]:
    """What gives each table's rows: those of the first tenth ten times, each time with keys of their own."""
    nodes, edges, assets = (_columns(wire, table) for table in TABLES)
    number = "{} + (k + 1) * 1000000000::bigint"
    key = "('f' || k || substr({}::text, 3))::uuid"
    chosen = (
        f"{TABLES[2]} a cross join generate_series(0, 9) k"
        f" where a.organisation_id = '{house}' and a.external_id like 'tenth-%' order by k, a.node_id"
    )
    on_node = chosen.replace(" a ", f" a join {TABLES[0]} n on n.number = a.node_id ", 1)
    on_edge = chosen.replace(" a ", f" a join {TABLES[1]} e on e.child_id = a.node_id ", 1)
    assets |= {
        "id": key.format("a.id"), "node_id": number.format("a.node_id"),
        "external_id": "'copy-' || k || a.external_id", "sha256": "encode(sha256((k || a.sha256)::bytea), 'hex')",
    }  # fmt: skip
    nodes |= {"number": number.format("n.number"), "ref": key.format("n.ref")}
    edges |= {"number": number.format("e.number"), "child_id": number.format("e.child_id")}
    return {
        TABLES[0]: f"select {', '.join(nodes.values()).replace('a.', 'n.')} from {on_node}",
        TABLES[1]: f"select {', '.join(edges.values()).replace('a.', 'e.')} from {on_edge}",
        TABLES[2]: f"select {', '.join(assets.values())} from {chosen}",
    }


def _columns(wire: psycopg.Connection, table: str) -> dict[str, str]:
    rows = wire.execute(
        "select column_name from information_schema.columns where table_name = %s order by ordinal_position",
        [table],
    )
    return {str(name): f"a.{name}" for (name,) in rows.fetchall()}


def _fill(wire: psycopg.Connection, table: str, folder: Path) -> None:
    with wire.cursor().copy(f"copy {table} from stdin") as target, (folder / table).open("rb") as lines:
        while piece := lines.read(1024**2):
            target.write(piece)


if __name__ == "__main__":
    sys.exit(main())
