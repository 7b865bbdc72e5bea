"""``trustmark gate exec`` as a farm runs it: real processes around a real server, real pictures."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import psutil
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from trustmark_client.pixels import file_sha256, pixel_sha256

from accounts.models import ApiCredential
from accounts.services import revoke_api_credential
from licensing import services
from licensing.models import LicenceToken
from receipts.selectors import entries_of
from receipts.services import drain_log
from tests import factories
from tests.client.wire import Wire
from trustcore.receipt import FrameEntry, parse_entry

PAINT = textwrap.dedent(
    """
    import os, sys, time
    from pathlib import Path
    from PIL import Image
    folder, first, last, seconds = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "environment.txt").write_text("\\n".join(f"{k}={v}" for k, v in os.environ.items()))
    for frame in range(first, last + 1):
        draft = folder / f".frame.{frame:04d}.png"
        Image.new("RGB", (32, 18), (frame % 256, 90, 120)).save(draft, format="PNG")
        draft.rename(folder / f"frame.{frame:04d}.png")
        time.sleep(seconds)
    """
)


# as a renderer that ends at the next frame when it is told to
PATIENT = textwrap.dedent(
    """
    import signal, sys, time
    from pathlib import Path
    from PIL import Image
    told = []
    signal.signal(signal.SIGTERM, lambda *_: told.append(1))
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    for frame in range(1, 501):
        time.sleep(0.4)
        Image.new("RGB", (32, 18), (frame % 256, 90, 120)).save(folder / f"frame.{frame:04d}.png")
        if told:
            break
    """
)


@dataclass
class Gate:
    """A farm node's desk: its files, and the command it types."""

    folder: Path
    server: str
    token: LicenceToken

    def command(self, *options: str, run: list[str], server: str = "") -> list[str]:
        return [
            sys.executable, "-m", "trustcore.cli", "gate", "exec", "--server", server or self.server,
            "--key-file", str(self.folder / "api.key"), "--proof-key", str(self.folder / "proof.pem"),
            "--token", str(self.folder / "token.jwt"), "--project", str(self.token.production_id),
            "--shot", "sh010", "--use-type", "FACE_RENDER", "--outbox", str(self.folder / "outbox"),
            *options, "--", *run,
        ]  # fmt: skip

    def exec(self, *options: str, run: list[str], server: str = "") -> subprocess.CompletedProcess[str]:
        command = self.command("--render-territory", "GB", *options, run=run, server=server)
        return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)

    def paint(self, first: int, last: int, *, seconds: float = 0) -> list[str]:
        return [sys.executable, "-c", PAINT, str(self.frames), str(first), str(last), str(seconds)]

    @property
    def frames(self) -> Path:
        return self.folder / "frames"

    def revoke(self) -> None:
        """The talent's side takes the licence back."""
        services.revoke_token(
            principal=factories.decider_of(self.token.request),
            jti=self.token.pk,
            kind="PROSPECTIVE",
            disposition="KEEP",
            reason="The scene was cut.",
        )

    @property
    def environment(self) -> dict[str, str]:
        """What a node has set for all its jobs, with the programs of this environment first."""
        return os.environ | {
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TRUSTMARK_API_KEY_FILE": str(self.folder / "api.key"),
            "TRUSTMARK_PROOF_KEY_FILE": str(self.folder / "proof.pem"),
            "TRUSTMARK_OUTBOX": str(self.folder / "outbox"),
        }

    def named(self) -> dict[str, list[int]]:
        """The frames that lie in the folder, by what stands behind their names: ``""`` may be used."""
        found: dict[str, list[int]] = {}
        for path in sorted(self.frames.glob("frame.*.png*")):
            number, _, ending = path.name.removeprefix("frame.").partition(".png")
            found.setdefault(ending, []).append(int(number))
        return found

    def logged(self) -> dict[int, FrameEntry]:
        """Frame entries in the production's log, by frame."""
        drain_log(production_id=self.token.production_id)
        entries = (parse_entry(leaf.entry) for leaf in entries_of(self.token.production_id))
        return {entry.frame: entry for entry in entries if isinstance(entry, FrameEntry)}


def desk(folder: Path, url: str, **changes: Any) -> Gate:
    """A licence, an API key and a proof key, laid where a node has them; ``changes`` go into the ask."""
    token, credential, proof_key = factories.make_live_token(**changes)
    (folder / "api.key").write_text(credential.secret)  # type: ignore[attr-defined]
    pem = proof_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (folder / "proof.pem").write_bytes(pem)
    (folder / "token.jwt").write_text(factories.minted(token.pk, credential))
    return Gate(folder, url, token)


def test_a_permitted_command_runs_and_every_frame_gets_its_receipt(gate: Gate) -> None:
    done = gate.exec("--frames", "1-12", "--output", str(gate.frames), run=gate.paint(1, 12))
    assert done.returncode == 0, done.stderr
    logged = gate.logged()
    assert sorted(logged) == list(range(1, 13))
    path = gate.frames / "frame.0007.png"
    assert logged[7].file_sha256 == file_sha256(path)
    assert logged[7].pixel_sha256 == pixel_sha256(path)
    assert {entry.outcome for entry in logged.values()} == {"RENDERED"}
    assert not list((gate.folder / "outbox").iterdir())


@pytest.mark.req("ST-036")
def test_receipts_come_without_a_word_from_the_command_and_never_from_a_command_that_was_refused(
    gate: Gate,
) -> None:
    done = gate.exec("--frames", "1-3", "--output", str(gate.frames), run=gate.paint(1, 3))
    assert done.returncode == 0, done.stderr
    said = (gate.frames / "environment.txt").read_text()
    assert "TRUSTMARK_LEASE_ID=" in said
    assert "tm_" not in said
    refused = gate.exec(
        "--frames", "4-6", "--output", str(gate.frames), "--construct", "BODY_3D", run=gate.paint(4, 6)
    )
    assert refused.returncode == 3
    assert sorted(gate.logged()) == [1, 2, 3]


@pytest.mark.req("ST-062")
@pytest.mark.req("BX-014")
@pytest.mark.parametrize(
    ("options", "code"),
    [
        (["--render-territory", "BR"], "TERRITORY_DENIED"),
        (["--use-type", "TRAINING_REPLICA"], "TRAINING_NOT_GRANTED"),
        (["--project", "00000000-0000-4000-8000-000000000001"], "PROJECT_MISMATCH"),
    ],
)
def test_a_denied_command_is_never_started_and_the_reasons_stand_on_one_line(
    gate: Gate, options: list[str], code: str
) -> None:
    allowed = gate.exec("--frames", "1-2", run=["true"])
    assert allowed.returncode == 0, allowed.stderr
    mark, begun = gate.folder / "started", time.monotonic()
    done = gate.exec("--frames", "1-2", *options, run=["touch", str(mark)])
    assert time.monotonic() - begun < 10
    assert done.returncode == 3
    assert not mark.exists()
    assert len(done.stderr.strip().splitlines()) == 1
    assert code in done.stderr


def test_lines_name_their_words_where_the_licence_counts_them(gate: Gate) -> None:
    gate.folder.joinpath("voice").mkdir()
    voice = desk(gate.folder / "voice", gate.server, lines_max=20, terms={"scope": {"words_max": 30}})
    spoken = ["--use-type", "VOICE_RENDER", "--construct", "VOICE_SPEAKING", "--lines", "3"]
    unnamed = voice.exec(*spoken, run=["true"])
    assert (unnamed.returncode, "LINES_EXHAUSTED" in unnamed.stderr) == (3, True)
    assert voice.exec(*spoken, "--words", "31", run=["true"]).returncode == 3
    allowed = voice.exec(*spoken, "--words", "30", run=["true"])
    assert allowed.returncode == 0, allowed.stderr


def test_a_server_that_cannot_be_reached_keeps_the_gate_closed(gate: Gate) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
        mark = gate.folder / "started"
        done = gate.exec("--frames", "1-2", run=["touch", str(mark)], server=nowhere)
    assert done.returncode == 3
    assert "OFFLINE" in done.stderr
    assert not mark.exists()


def test_the_commands_own_status_comes_through(gate: Gate) -> None:
    assert gate.exec("--frames", "1-1", run=["sh", "-c", "exit 7"]).returncode == 7
    assert gate.exec("--frames", "2-2", run=["no-such-program-here"]).returncode == 127


def test_misuse_is_neither_a_failure_nor_a_denial(gate: Gate) -> None:
    assert gate.exec("--frames", "9-1", run=["true"]).returncode == 2
    assert gate.exec("--frames", "1-2", run=[]).returncode == 2


def test_missing_frames_fail_a_command_that_says_it_succeeded(gate: Gate) -> None:
    done = gate.exec("--frames", "1-5", "--output", str(gate.frames), run=gate.paint(1, 3))
    assert done.returncode == 1
    assert "2 frames did not appear, first 4" in done.stderr
    assert sorted(gate.logged()) == [1, 2, 3]


def test_a_frame_outside_the_lease_is_recorded_as_unauthorised(gate: Gate) -> None:
    done = gate.exec("--frames", "1-3", "--output", str(gate.frames), "--own-folder", run=gate.paint(1, 4))
    assert done.returncode == 1
    logged = gate.logged()
    assert {frame: entry.outcome for frame, entry in logged.items()} == {
        1: "RENDERED",
        2: "RENDERED",
        3: "RENDERED",
        4: "UNAUTHORISED",
    }
    assert gate.named() == {"": [1, 2, 3], ".unauthorised": [4]}


def test_a_file_that_is_no_picture_is_reported_as_failed(gate: Gate) -> None:
    gate.frames.mkdir()
    run = ["sh", "-c", f"printf nonsense > {gate.frames}/frame.0001.png"]
    done = gate.exec("--frames", "1-1", "--output", str(gate.frames), run=run)
    assert done.returncode == 0, done.stderr
    assert gate.logged()[1].outcome == "FAILED"


def test_a_revocation_stops_the_command_and_keeps_what_was_finished(gate: Gate) -> None:
    run = gate.paint(1, 500, seconds=0.2)
    command = gate.command(
        "--render-territory", "GB", "--frames", "1-500", "--output", str(gate.frames), run=run
    )
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_for((gate.frames / "frame.0004.png").exists)
        gate.revoke()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "REVOKED" in said
    outcomes = {frame: entry.outcome for frame, entry in gate.logged().items()}
    assert 4 <= len(outcomes) < 100
    named = gate.named()
    assert sorted(chain(*named.values())) == sorted(outcomes)
    assert named[""] == [frame for frame, outcome in sorted(outcomes.items()) if outcome == "RENDERED"]


@pytest.mark.req("BX-014")
def test_a_revocation_ends_the_command_at_the_next_frame_which_is_receipted_as_discarded(gate: Gate) -> None:
    run = [sys.executable, "-c", PATIENT, str(gate.frames)]
    command = gate.command(
        "--render-territory", "GB", "--frames", "1-500", "--output", str(gate.frames), run=run
    )
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_for((gate.frames / "frame.0004.png").exists)
        gate.revoke()
        revoked_at = time.monotonic()
        _, said = process.communicate(timeout=60)
    assert time.monotonic() - revoked_at < 10
    assert process.returncode == 3
    (line,) = said.strip().splitlines()
    assert "denied: " in line
    assert "REVOKED" in line
    outcomes = {frame: entry.outcome for frame, entry in gate.logged().items()}
    named = gate.named()
    painted = len(list(chain(*named.values())))
    assert sorted(outcomes) == list(range(1, painted + 1)), "every frame has its receipt"
    assert painted in named.get(".discarded", []) + named.get(".unauthorised", [])
    assert named[""] == [frame for frame, outcome in sorted(outcomes.items()) if outcome == "RENDERED"]
    # the node said DISCARDED; the server, which knows when it revoked, says it more strictly
    assert outcomes[painted] in {"DISCARDED", "UNAUTHORISED"}
    assert {outcomes[frame] for frame in range(1, 4)} == {"RENDERED"}


def test_a_command_that_obeys_at_once_with_status_zero_was_stopped_all_the_same(gate: Gate) -> None:
    obeys = "import os, signal, time; signal.signal(signal.SIGTERM, lambda *_: os._exit(0)); time.sleep(60)"
    command = gate.command("--render-territory", "GB", "--frames", "1-5", run=[sys.executable, "-c", obeys])
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        time.sleep(2)
        gate.revoke()
        _, said = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "REVOKED" in said


@pytest.mark.req("BX-014")
@pytest.mark.parametrize("how", ["cut", "silent"])
def test_a_server_that_is_gone_ends_the_task_within_ten_seconds_on_one_line(
    far_gate: Gate, wire: Wire, how: str
) -> None:
    assert far_gate.exec("--frames", "1-1", run=["true"]).returncode == 0
    (wire.cut if how == "cut" else wire.silence)()
    mark, begun = far_gate.folder / "started", time.monotonic()
    done = far_gate.exec("--frames", "1-2", run=["touch", str(mark)])
    assert time.monotonic() - begun < 10
    assert done.returncode == 3
    (line,) = done.stderr.strip().splitlines()
    assert line.startswith("trustmark gate: denied: OFFLINE (")
    assert not mark.exists()


def test_an_api_key_that_ends_stops_the_command_and_its_receipts_wait(gate: Gate) -> None:
    run = gate.paint(1, 500, seconds=0.2)
    command = gate.command(
        "--render-territory", "GB", "--frames", "1-500", "--output", str(gate.frames), run=run
    )
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        wait_for((gate.frames / "frame.0003.png").exists)
        for credential in ApiCredential.objects.filter(organisation=gate.token.licensee):
            revoke_api_credential(credential=credential)
        _, said = process.communicate(timeout=60)
    assert process.returncode == 3
    assert "denied: API_KEY_REVOKED" in said
    (waiting,) = (gate.folder / "outbox").iterdir()
    assert len(waiting.read_bytes().splitlines()) == len(list(gate.frames.glob("frame.*.png")))


def test_a_gate_that_is_killed_takes_its_command_with_it(gate: Gate) -> None:
    command = gate.command("--render-territory", "GB", "--frames", "1-2", run=["sleep", "300"])
    with subprocess.Popen(command) as process:
        wait_for(lambda: any(p.name() == "sleep" for p in psutil.Process(process.pid).children()))
        (sleeper,) = (p for p in psutil.Process(process.pid).children() if p.name() == "sleep")
        os.kill(process.pid, signal.SIGKILL)
    psutil.wait_procs([sleeper], timeout=10)
    assert not sleeper.is_running()


def test_receipts_that_could_not_be_sent_wait_on_disk_for_the_next_flush(gate: Gate) -> None:
    import msgspec
    from trustmark_client import Ask, ProofKey, TrustmarkClient
    from trustmark_client.outbox import Outbox
    from trustmark_client.watch import FrameWatch

    with TrustmarkClient(
        gate.server, (gate.folder / "api.key").read_text(), ProofKey.read(gate.folder / "proof.pem")
    ) as client:
        lease = client.check(
            Ask(
                token=(gate.folder / "token.jwt").read_text(),
                project=str(gate.token.production_id),
                shot="sh010",
                use_type="FACE_RENDER",
                render_territory="GB",
                first=1,
                last=3,
            )
        ).lease
        assert lease is not None
        watch = FrameWatch(gate.frames, lease.id, 1, 3)
        subprocess.run(gate.paint(1, 3), check=True)
        outbox = Outbox(gate.folder / "outbox" / f"{lease.id}.ndjson")
        outbox.add(list(watch.poll(ended=True)))
        outbox.close()
    flush = [
        sys.executable, "-m", "trustcore.cli", "gate", "flush", "--key-file", str(gate.folder / "api.key"),
        "--outbox", str(gate.folder / "outbox"), "--server",
    ]  # fmt: skip
    offline = subprocess.run([*flush, "http://127.0.0.1:9"], capture_output=True, text=True, check=False)
    assert offline.returncode == 1
    rows = [msgspec.json.decode(line.split(b"\t")[0]) for line in outbox.path.read_bytes().splitlines()]
    assert [row["frame"] for row in rows] == [1, 2, 3]
    online = subprocess.run([*flush, gate.server], capture_output=True, text=True, check=False)
    assert online.returncode == 0, online.stderr
    assert "3 accepted" in online.stdout
    assert not outbox.path.exists()
    assert sorted(gate.logged()) == [1, 2, 3]


def wait_for(look: Callable[[], bool], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not look():
        assert time.monotonic() < deadline
        time.sleep(0.05)
