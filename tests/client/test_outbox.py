"""Receipts on disk: killed writers and senders, a full disk, a torn line; none is lost, and their order holds."""

from __future__ import annotations

import fcntl
import resource
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import msgspec
import pytest
from trustmark_client import Ask, FrameReceipt, ProofKey, TrustmarkClient
from trustmark_client.answers import BatchAnswer, RunAnswer
from trustmark_client.errors import OutboxFull
from trustmark_client.outbox import Outbox, flush_folder

from bench import outbox as bench
from receipts.selectors import entries_of
from receipts.services import drain_log
from tests.client.test_gate import Gate
from trustcore.receipt import FrameEntry, parse_entry

ROWS = 600
SENDER = textwrap.dedent(
    """
    import sys, time
    from pathlib import Path
    from trustmark_client import ProofKey, TrustmarkClient
    from trustmark_client.outbox import Outbox
    server, folder = sys.argv[1], Path(sys.argv[2])
    with TrustmarkClient(server, (folder / "api.key").read_text(), ProofKey.read(folder / "proof.pem")) as client:
        outbox = Outbox(folder / "outbox" / "queue.ndjson", batch_rows=20)
        print("begun", flush=True)
        def send(rows, key):
            answer = client.send_rows(rows, key=key)
            print(answer.accepted, flush=True)
            return answer
        outbox.send(send, everything=True)
        outbox.close()
    """
)


def receipt(frame: int, lease: str = "lease") -> FrameReceipt:
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    return FrameReceipt(lease, frame, f"{frame:064x}", "1" * 64, at, at)


class Server:
    """What came, in order, and an answer that accepts it; ``code`` refuses all of it instead."""

    def __init__(self) -> None:
        self.frames: list[int] = []
        self.keys: list[str] = []
        self.code: str | None = None
        self.fails_after: int | None = None

    def __call__(self, rows: list[bytes], key: str) -> BatchAnswer:
        if self.fails_after is not None and len(self.keys) >= self.fails_after:
            raise OSError("no route")
        self.keys.append(key)
        if self.code:
            runs = [RunAnswer(0, len(rows), "REFUSED", self.code)]
            return BatchAnswer("b", 0, 0, len(rows), runs)
        self.frames.extend(msgspec.json.decode(row)["frame"] for row in rows)
        return BatchAnswer("b", len(rows), 0, 0, [RunAnswer(0, len(rows), "ACCEPTED")])


def test_rows_are_sent_once_in_order_and_a_run_that_failed_goes_on_where_it_was(tmp_path: Path) -> None:
    path, server = tmp_path / "q.ndjson", Server()
    outbox = Outbox(path, batch_rows=10)
    outbox.add([receipt(frame) for frame in range(95)])
    outbox.send(server, everything=False)
    assert (server.frames, outbox.waiting) == (list(range(90)), 5), "full batches only"
    outbox.add([receipt(frame) for frame in range(95, 120)])
    server.fails_after = len(server.keys) + 1
    with pytest.raises(OSError, match="no route"):
        outbox.send(server, everything=True)
    outbox.close()
    assert len(path.read_bytes().splitlines()) == 20, "what was acknowledged is cut off"
    server.fails_after = None
    assert flush_folder(tmp_path, server).accepted == 20
    assert server.frames == list(range(120))
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "torn",
    [
        pytest.param(b'{"frame": 3, "file_sha', id="begun"),
        pytest.param(b'{"frame": 3}\t0000000', id="without its line end"),
        pytest.param(b'{"frame": 3}\t00000000\n', id="with another checksum"),
        pytest.param(b'{"frame": 3}\n', id="without a checksum"),
        pytest.param(b"\0" * 300 + b"\n" + b"\0" * 4096, id="zeros, as a file system leaves them"),
    ],
)
def test_torn_tail_is_cut_off_and_the_next_row_stands_on_a_line_of_its_own(
    tmp_path: Path, torn: bytes
) -> None:
    path, server = tmp_path / "q.ndjson", Server()
    outbox = Outbox(path)
    outbox.add([receipt(1), receipt(2)])
    outbox._file.write(torn)
    outbox._file.close()  # as a kill leaves it
    outbox = Outbox(path)
    outbox.add([receipt(3)])
    outbox.send(server, everything=True)
    outbox.close()
    assert server.frames == [1, 2, 3]


def test_row_damaged_on_disk_is_set_aside_and_said_and_those_around_it_are_sent(tmp_path: Path) -> None:
    path, server = tmp_path / "q.ndjson", Server()
    outbox = Outbox(path)
    outbox.add([receipt(frame) for frame in range(5)])
    outbox._file.close()
    data = path.read_bytes()
    path.write_bytes(data.replace(b'"frame":2,', b'"frame":7,'))
    for _ in range(2):  # a run that fails, and the one after it
        server.fails_after = 0 if not server.frames and server.fails_after is None else None
        outbox = Outbox(path)
        assert outbox.waiting == 4
        try:
            outbox.send(server, everything=True)
        except OSError:
            outbox._file.close()
    assert server.frames == [0, 1, 3, 4]
    assert (outbox.counts.damaged, outbox.counts.codes) == (1, {"ROW_DAMAGED"})
    outbox.close()
    (kept,) = tmp_path.iterdir()
    assert kept.name == "q.damaged"
    assert len(kept.read_bytes().splitlines()) == 1, "once, whoever tried how often"
    assert b'"frame":7,' in kept.read_bytes()


@pytest.mark.parametrize("noted", ["00000000000000000007", "99999999999999999999", "nonsense", "-5"])
def test_place_that_is_none_is_not_believed(tmp_path: Path, noted: str) -> None:
    path, server = tmp_path / "q.ndjson", Server()
    outbox = Outbox(path)
    outbox.add([receipt(1), receipt(2)])
    outbox._file.close()
    path.with_suffix(".sent").write_text(noted)
    outbox = Outbox(path)
    outbox.send(server, everything=True)
    assert server.frames == [1, 2]


def test_rows_out_of_step_stay_on_disk_and_hold_up_the_next_ones_only_until_the_end(tmp_path: Path) -> None:
    server = Server()
    outbox = Outbox(tmp_path / "q.ndjson", batch_rows=2)
    outbox.add([receipt(frame) for frame in range(4)])
    server.code = "CLOCK_SKEW"
    outbox.send(server, everything=False)
    asked = len(server.keys)
    outbox.send(server, everything=False)
    assert len(server.keys) == asked, "asked twice, not with every look"
    outbox.send(server, everything=True)
    assert (outbox.counts.out_of_step, outbox.counts.refused, outbox.waiting) == (4, 0, 4)
    outbox.close()
    server.code = None
    assert flush_folder(tmp_path, server).accepted == 4
    assert sorted(server.frames) == [0, 1, 2, 3]


def test_file_that_is_held_is_left_alone_and_one_that_was_replaced_is_opened_anew(tmp_path: Path) -> None:
    path, server = tmp_path / "q.ndjson", Server()
    outbox = Outbox(path)
    outbox.add([receipt(1)])
    assert flush_folder(tmp_path, server).accepted == 0
    outbox.close()
    stale = path.open("ab+")
    assert flush_folder(tmp_path, server).accepted == 1
    fcntl.flock(stale, fcntl.LOCK_EX | fcntl.LOCK_NB)  # its name is gone: whoever still has it holds nothing
    with Outbox(path)._file as file:
        assert file.fileno() != stale.fileno()


def test_full_disk_is_said_and_the_rows_are_sent_from_memory(tmp_path: Path) -> None:
    path, server = tmp_path / "q.ndjson", Server()
    outbox = Outbox(path)
    outbox.add([receipt(1), receipt(2)])
    room = path.stat().st_size * 3 // 2 - 10  # the third row does not fit whole
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, before[1]))
    try:
        with pytest.raises(OutboxFull):
            outbox.add([receipt(3), receipt(4)])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert len(path.read_bytes().splitlines()) == 2, "no part of a row is left"
    assert outbox.waiting == 4
    outbox.send(server, everything=True)
    assert server.frames == [1, 2, 3, 4]
    outbox.close()
    assert not path.exists()


def test_gate_whose_disk_is_full_stops_the_command_and_its_receipts_arrive(gate: Gate) -> None:
    command = gate.command(
        "--render-territory", "GB", "--frames", "1-200", "--output", str(gate.frames),
        run=["sh", "-c", 'ulimit -f unlimited; exec "$@"', "sh", *gate.paint(1, 200, seconds=0.1)],
    )  # fmt: skip

    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (1000, resource.RLIM_INFINITY))

    done = subprocess.run(
        command, capture_output=True, text=True, timeout=90, check=False, preexec_fn=little_room
    )
    assert done.returncode == 3, done.stderr
    assert "denied: OUTBOX_FULL" in done.stderr
    painted = len(list(gate.frames.glob("frame.*.png*")))
    assert 0 < painted < 100
    assert len(gate.logged()) == painted


@pytest.mark.req("BX-011")
def test_queue_of_an_offline_farm_is_drained_in_order_through_kills(gate: Gate) -> None:
    with TrustmarkClient(
        gate.server, (gate.folder / "api.key").read_text(), ProofKey.read(gate.folder / "proof.pem")
    ) as client:
        lease = client.check(
            Ask(
                token=(gate.folder / "token.jwt").read_text(), project=str(gate.token.production_id),
                shot="sh010", use_type="FACE_RENDER", render_territory="GB", first=1, last=ROWS,
            )
        ).lease  # fmt: skip
    assert lease is not None
    outbox = Outbox(gate.folder / "outbox" / "queue.ndjson")
    outbox.add([receipt(frame, lease.id) for frame in range(1, ROWS + 1)])
    outbox._file.close()
    command = [sys.executable, "-c", SENDER, gate.server, str(gate.folder)]
    for batches in (1, 4, 7):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as sender:
            assert sender.stdout is not None
            for _ in range(1 + batches):
                assert sender.stdout.readline()
            sender.send_signal(signal.SIGKILL)
    assert outbox.path.exists()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not outbox.path.exists()
    drain_log(production_id=gate.token.production_id)
    entries = (parse_entry(leaf.entry) for leaf in entries_of(gate.token.production_id))
    assert [e.frame for e in entries if isinstance(e, FrameEntry)] == list(range(1, ROWS + 1))


def test_queue_written_and_drained_through_forty_kills_loses_nothing_and_needs_little_memory(
    tmp_path: Path,
) -> None:
    found = bench.run(tmp_path, rows=20_000, kills=20, at_once=100, batch=200, seed=7)
    assert found.kills == 40
    assert found.memory_mb < bench.BAR_MEMORY_MB
    kept, there = bench.fill(tmp_path)
    assert kept == there > 0
