"""The warden behind a gate that ended too early: what was acknowledged stays, what was not loses its name, all of it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import msgspec
import psutil
import pytest
from trustmark_client.outbox import Outbox, flush_folder
from trustmark_client.warden import Warden
from trustmark_client.watch import FrameWatch

from tests.client.test_gate import Gate
from tests.client.test_outbox import Server, receipt

# a gate's last steps, with a server that answers as it is told, and an end that comes as it is told
GATE = textwrap.dedent(
    """
    import os, signal, sys
    from pathlib import Path
    from PIL import Image
    from trustmark_client.answers import BatchAnswer, RunAnswer
    from trustmark_client.outbox import Outbox
    from trustmark_client.reporting import Reporter
    from trustmark_client.warden import Warden
    from trustmark_client.watch import FrameWatch

    folder, how = Path(sys.argv[1]), sys.argv[2]
    gate = os.getpid()

    class Accepting:
        sent = 0

        def send_rows(self, rows, *, key, once_within=None):
            self.sent += 1
            if self.sent == 3:
                if how == "interrupted":
                    raise KeyboardInterrupt
                if how == "killed while it sends":
                    os.kill(os.getpid(), signal.SIGKILL)
            return BatchAnswer("b", len(rows), 0, 0, [RunAnswer(0, len(rows), "ACCEPTED")])

    class Online:
        is_online = True

        def hold(self, receipts):
            return receipts

    class Box(Outbox):
        def close(self):
            if how == "killed before the file goes" and os.getpid() == gate:
                os.kill(os.getpid(), signal.SIGKILL)
            super().close()
            if how == "killed after the file went" and os.getpid() == gate:
                os.kill(os.getpid(), signal.SIGKILL)

    frames = folder / "frames"
    watch = FrameWatch(frames, "lease", 1, 9)
    report = Reporter(Accepting(), Box(folder / "outbox" / "lease.ndjson", batch_rows=1), watch)
    with Warden(watch, report.outbox) as warden:
        for frame in range(1, 5):
            Image.new("RGB", (8, 8), (frame, 0, 0)).save(frames / f"frame.{frame:04d}.png")
        if how == "fails beside a folder":
            (frames / "frame.0002.png").unlink()
            (frames / "frame.0002.png").mkdir()
        if how.startswith("fails"):
            raise OSError("as a disk fails")
        report.send_rest(Online(), stopped=False, settled=warden.settled)
    """
)


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    (tmp_path / "frames").mkdir()
    return tmp_path / "frames"


def ended(folder: Path, how: str) -> str:
    """Run the gate's last steps to the end they come to; what it and its warden said."""
    with subprocess.Popen(
        [sys.executable, "-c", GATE, str(folder), how], stderr=subprocess.PIPE, text=True
    ) as process:
        _, said = process.communicate(timeout=30)  # both hold its end: the warden is heard out
    assert process.returncode != 0
    return said


def rows(folder: Path) -> dict[int, str]:
    (path,) = (folder / "outbox").glob("*.ndjson")
    found = [msgspec.json.decode(line.rpartition(b"\t")[0]) for line in path.read_bytes().splitlines()]
    assert len({row["frame"] for row in found}) == len(found), "no frame has two receipts"
    return {row["frame"]: row["outcome"] for row in found}


def names(frames: Path) -> list[str]:
    return sorted(path.name for path in frames.iterdir())


ALL = [f"frame.{frame:04d}.png" for frame in range(1, 5)]


@pytest.mark.parametrize("how", ["interrupted", "killed while it sends"])
def test_frames_that_were_acknowledged_keep_their_names_when_the_rest_is_not_sent(
    tmp_path: Path, frames: Path, how: str
) -> None:
    said = ended(tmp_path, how)
    assert "0 frames had no receipt" in said
    assert names(frames) == ALL
    assert rows(tmp_path) == {3: "RENDERED", 4: "RENDERED"}, "two were acknowledged"
    server = Server()
    assert flush_folder(tmp_path / "outbox", server).accepted == 2


@pytest.mark.parametrize("how", ["killed before the file goes", "killed after the file went"])
def test_a_gate_killed_as_it_clears_its_outbox_costs_no_frame_its_name(
    tmp_path: Path, frames: Path, how: str
) -> None:
    assert "given up" not in ended(tmp_path, how)
    assert names(frames) == ALL
    server = Server()
    assert flush_folder(tmp_path / "outbox", server).accepted == 0, "all were acknowledged"
    assert not list((tmp_path / "outbox").iterdir())


def test_a_gate_that_fails_before_it_looked_gives_up_every_frame(tmp_path: Path, frames: Path) -> None:
    assert "4 frames had no receipt" in ended(tmp_path, "fails with work in hand")
    assert names(frames) == [f"{name}.discarded" for name in ALL]
    assert rows(tmp_path) == dict.fromkeys(range(1, 5), "DISCARDED")


def test_a_name_that_is_taken_or_a_file_that_cannot_be_read_costs_no_later_frame_its_end(
    tmp_path: Path, frames: Path
) -> None:
    (frames / "frame.0001.png.discarded").mkdir()
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "kept").write_bytes(b"kept")
    (frames / "frame.0003.png.discarded").symlink_to(elsewhere)
    said = ended(tmp_path, "fails beside a folder")
    assert "4 frames had no receipt" in said
    assert names(frames) == [
        "frame.0001.png.discarded",
        "frame.0001.png.discarded.2",
        "frame.0002.png.unreceipted",
        "frame.0003.png.discarded",
        "frame.0004.png.discarded",
    ]
    assert rows(tmp_path) == {1: "DISCARDED", 3: "DISCARDED", 4: "DISCARDED"}
    assert [path.name for path in elsewhere.iterdir()] == ["kept"]


def test_giving_up_a_link_takes_the_links_name_and_leaves_what_it_points_to(
    tmp_path: Path, frames: Path
) -> None:
    watch = FrameWatch(frames, "lease", 1, 9)
    plate = tmp_path / "plate.0007.png"
    plate.write_bytes(b"of another department")
    (frames / "frame.0007.png").symlink_to(plate)
    watch.give_up(7, "DISCARDED")
    assert names(frames) == ["frame.0007.png.discarded"]
    assert plate.read_bytes() == b"of another department"
    assert not watch.stuck


def test_a_folder_that_leads_elsewhere_by_now_loses_no_name_and_is_said(tmp_path: Path, frames: Path) -> None:
    watch = FrameWatch(frames, "lease", 1, 9)
    approved = tmp_path / "approved"
    approved.mkdir()
    (approved / "frame.0007.png").write_bytes(b"approved")
    frames.rmdir()
    frames.symlink_to(approved)
    watch.give_up(7, "DISCARDED")
    assert names(approved) == ["frame.0007.png"]
    assert "leads elsewhere" in watch.stuck[frames / "frame.0007.png"]


def test_a_file_that_cannot_be_renamed_is_removed_and_what_cannot_be_removed_is_said(frames: Path) -> None:
    long = "f" * 240 + ".0007.png"
    watch = FrameWatch(frames, "lease", 1, 9)
    (frames / long).write_bytes(b"no room behind its name")
    watch.give_up(7, "DISCARDED")
    assert names(frames) == []
    (frames / long).mkdir()
    (frames / "frame.0007.png").write_bytes(b"sorted after it")
    watch.give_up(7, "DISCARDED")
    assert names(frames) == [long, "frame.0007.png.discarded"]
    assert list(watch.stuck) == [frames / long]


def test_no_flush_beside_it_takes_an_outbox_from_a_gate_that_is_gone_and_its_warden(tmp_path: Path) -> None:
    outbox, server = Outbox(tmp_path / "lease.ndjson"), Server()
    with Warden(None, outbox):
        outbox.add([receipt(1)])
        outbox.let_go()
        assert flush_folder(tmp_path, server).accepted == 0
    assert flush_folder(tmp_path, server).accepted == 1


def end_badly(outbox: Path, group: int, *, is_relieved: bool) -> None:
    with Warden(None, Outbox(outbox)) as warden:
        warden.guard(group)
        if is_relieved:
            warden.relieve()
        raise OSError("the gate fails")


@pytest.mark.parametrize("is_relieved", [False, True])
def test_a_warden_kills_the_group_it_guards_and_nobody_once_that_has_ended(
    tmp_path: Path, is_relieved: bool
) -> None:
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    with pytest.raises(OSError, match="the gate fails"):
        end_badly(tmp_path / "lease.ndjson", stranger.pid, is_relieved=is_relieved)
    if is_relieved:
        with pytest.raises(subprocess.TimeoutExpired):
            stranger.wait(0.2)
        stranger.kill()
    assert stranger.wait(10) == -signal.SIGKILL


def test_a_command_whose_warden_is_gone_is_ended_and_its_frames_are_given_up(gate: Gate) -> None:
    without = textwrap.dedent(
        """
        import os, pathlib, signal, sys, time
        from trustmark_client import gate, session
        class Gone(session.Warden):
            def guard(self, group):
                os.kill(self._warden, signal.SIGKILL)
                folder = pathlib.Path(sys.argv[1])
                while not (folder / "frame.0001.png").exists():
                    time.sleep(0.01)
                (folder / "group").write_text(str(group))
                super().guard(group)
        session.Warden = Gone
        sys.exit(gate.main(sys.argv[2:]))
        """
    )
    gate.frames.mkdir()
    options = ("--render-territory", "GB", "--frames", "1-9", "--output", str(gate.frames))
    told = gate.command(*options, run=["sh", "-c", '"$@"; sleep 60', "sh", *gate.paint(1, 1)])
    argv = told[told.index("gate") + 1 :]
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", without, str(gate.frames), *argv],
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert time.monotonic() - begun < 30
    assert done.returncode not in {0, None}
    assert "warden is gone" in done.stderr
    group = int((gate.frames / "group").read_text())
    members = [each for each in psutil.process_iter() if _group_of(each.pid) == group]
    assert not [each for each in members if each.status() != psutil.STATUS_ZOMBIE]
    assert gate.named() == {".discarded": [1]}


def _group_of(pid: int) -> int:
    try:
        return os.getpgid(pid)
    except ProcessLookupError:
        return 0
