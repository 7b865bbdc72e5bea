"""The receipts of a farm that works offline: queued on disk and drained through kills, in order, without loss.

python bench/outbox.py              # 1,000,000 receipts, 20 kills while they are written and 20 while they are sent
python bench/outbox.py --quick      # 20,000

A child process writes receipts and says after each durable write how many there are; another drains them with the
real client over HTTP. Both are killed (SIGKILL) at moments drawn by chance. What receives is a small server of this
file, which takes a batch once per ``Idempotency-Key``, as ours does, and checks that every frame arrives once and
in order: it is the queue that is measured here, not the intake. Then a disk without room: nothing that was said to
be kept may be missing.
"""

from __future__ import annotations

import argparse
import gzip
import json
import random
import re
import resource
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python")]

from trustmark_client import FrameReceipt, TrustmarkClient  # noqa: E402
from trustmark_client.errors import OutboxFull  # noqa: E402
from trustmark_client.outbox import FLUSH_ROWS, Outbox  # noqa: E402

AT = "2026-11-22T08:05:00.250Z"
_FRAME = re.compile(rb'"frame":(\d+)')
BAR_MEMORY_MB = 150


@dataclass(frozen=True, slots=True)
class Found:
    """What one run found."""

    rows: int
    kills: int
    write_seconds: float
    drain_seconds: float
    batches_sent_twice: int
    memory_mb: float
    bytes_per_row: float


def receipt(frame: int) -> FrameReceipt:
    """The receipt of a frame, of the size that a farm's have."""
    return FrameReceipt("0199e000-0000-7000-8000-000000000001", frame, f"{frame:064x}", "1" * 64, AT, AT)


def write(path: Path, rows: int, at_once: int) -> None:
    """In a child: queue what is not on disk yet, and say how far it is after each durable write."""
    outbox = Outbox(path)
    done = outbox.waiting
    print(done, flush=True)
    while done < rows:
        step = min(at_once, rows - done)
        outbox.add([receipt(frame) for frame in range(done, done + step)])
        done += step
        print(done, flush=True)


def drain(path: Path, server: str, batch: int) -> None:
    """In a child: send all that waits, and say so after each batch."""
    with TrustmarkClient(server, "tm_bench_key") as client:
        outbox = Outbox(path, batch_rows=batch)
        print("begun", flush=True)

        def send(rows: list[bytes], key: str) -> Any:
            answer = client.send_rows(rows, key=key)
            print(answer.accepted, flush=True)
            return answer

        outbox.send(send, everything=True)
        outbox.close()


class Sink(ThreadingHTTPServer):
    """Takes each batch once by its key, and notes a frame that is not the next one."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Take)
        self.keys: dict[str, int] = {}
        self.next = 0
        self.repeated = 0
        self.faults: list[str] = []
        self.lock = threading.Lock()

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.server_address[1]}"

    def take(self, key: str, body: bytes) -> int:
        """How many rows the batch has; those of a new key are counted."""
        with self.lock:
            if key in self.keys:
                self.repeated += 1
                return self.keys[key]
            frames = [int(frame) for frame in _FRAME.findall(body)]
            if frames != list(range(self.next, self.next + len(frames))):
                self.faults.append(f"expected {self.next}, got {frames[:3]} ({len(frames)} rows)")
            self.next += len(frames)
            self.keys[key] = len(frames)
            return len(frames)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Whoever asked may be killed at any moment."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Take(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Sink

    def do_POST(self) -> None:
        sent = self.rfile.read(int(self.headers["Content-Length"]))
        if len(sent) < int(self.headers["Content-Length"]):  # killed in the middle of it
            return
        body = gzip.decompress(sent)
        taken = self.server.take(self.headers["Idempotency-Key"], body)
        answer = {
            "batch": "b", "accepted": taken, "unauthorised": 0, "refused": 0,
            "runs": [{"row": 0, "count": taken, "status": "ACCEPTED"}],
        }  # fmt: skip
        data = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        with suppress(OSError):  # who asked was killed meanwhile
            self.wfile.write(data)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


def _most_memory_mb(pid: int) -> float:
    """The most memory that a process had since it became its program; 0 once it has ended."""
    try:
        status = Path(f"/proc/{pid}/status").read_text()
    except OSError:
        return 0
    found = re.search(r"VmHWM:\s*(\d+) kB", status)
    return int(found[1]) / 1024 if found else 0


def through_kills(
    command: list[str], kills: int, steps: int, chance: random.Random
) -> tuple[list[str], float]:
    """Run ``command`` until it ends by itself, killed ``kills`` times on the way.

    Returns:
        The last line of each run, and the most memory that one had, in MB.
    """
    said: list[str] = []
    memory = 0.0
    for left in range(kills, -1, -1):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
            assert child.stdout is not None
            lines, last = chance.randint(1, max(1, 2 * steps // (kills + 1))), ""
            for number, line in enumerate(child.stdout):
                last, memory = line.strip() or last, max(memory, _most_memory_mb(child.pid))
                if left and number >= lines:
                    time.sleep(chance.random() * 0.01)  # in the middle of what follows, not between two steps
                    child.kill()
                    break
            rest = child.stdout.read().split()
            said.append(rest[-1] if rest else last)
        if child.returncode == 0:
            break
        if left == 0:
            raise RuntimeError(f"{command} ended with {child.returncode}")
    return said, memory


def run(
    folder: Path, *, rows: int, kills: int, at_once: int = 500, batch: int = FLUSH_ROWS, seed: int = 1
) -> Found:
    """Write and drain ``rows`` receipts through twice ``kills`` kills.

    Raises:
        AssertionError: a receipt that was said to be kept is missing, or one came twice or out of order.
    """
    chance, path = random.Random(seed), folder / "queue.ndjson"
    own = [sys.executable, __file__]
    begun = time.monotonic()
    said, writing_mb = through_kills(
        [*own, "--write", str(path), "--rows", str(rows), "--at-once", str(at_once)],
        kills, rows // at_once, chance,
    )  # fmt: skip
    written = time.monotonic()
    assert [int(line) for line in said] == sorted(int(line) for line in said), "what was kept is kept"
    assert int(said[-1]) == rows
    size = path.stat().st_size
    sink = Sink()
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    try:
        _, draining_mb = through_kills(
            [*own, "--drain", str(path), "--server", sink.url, "--batch", str(batch)],
            kills,
            rows // batch,
            chance,
        )
    finally:
        sink.shutdown()
        sink.server_close()
    assert not sink.faults, sink.faults[:3]
    assert sink.next == rows, f"{sink.next} of {rows} arrived"
    assert not path.exists()
    return Found(
        rows,
        2 * kills,
        written - begun,
        time.monotonic() - written,
        sink.repeated,
        max(writing_mb, draining_mb),
        size / rows,
    )


def fill(folder: Path, room: int = 100_000) -> tuple[int, int]:
    """Queue until the disk has no room: how many rows were said to be kept, and how many are there afterwards."""
    path, kept = folder / "full.ndjson", 0
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    outbox = Outbox(path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        while True:
            outbox.add([receipt(kept + step) for step in range(7)])
            kept += 7
    except OutboxFull as full:
        print(f"a disk without room: {full}")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        outbox._file.close()
    again = Outbox(path)
    found = again.waiting
    again._file.close()
    return kept, found


def main() -> int:
    """Print what was found; 1 if a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--folder", type=Path, help="on the disk to be measured; the system's by default")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--write", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--drain", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--server", help=argparse.SUPPRESS)
    parser.add_argument("--at-once", type=int, default=500)
    parser.add_argument("--batch", type=int, default=FLUSH_ROWS)
    given = parser.parse_args()
    rows = given.rows or (20_000 if given.quick else 1_000_000)
    if given.write:
        write(given.write, rows, given.at_once)
        return 0
    if given.drain:
        drain(given.drain, given.server, given.batch)
        return 0
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        found = run(
            Path(folder),
            rows=rows,
            kills=given.kills,
            at_once=given.at_once,
            batch=given.batch,
            seed=given.seed,
        )
        kept, there = fill(Path(folder))
    print(
        f"{found.rows:,} receipts of {found.bytes_per_row:.0f} bytes, {found.kills} kills: written in "
        f"{found.write_seconds:.1f} s (fsync each {given.at_once}), drained in order in {found.drain_seconds:.1f} s, "
        f"{found.batches_sent_twice} batches sent twice; most memory of a child {found.memory_mb:.0f} MB"
    )
    print(f"{kept} rows said to be kept on a full disk, {there} there afterwards")
    return 0 if found.memory_mb < BAR_MEMORY_MB and kept == there else 1


if __name__ == "__main__":
    raise SystemExit(main())
