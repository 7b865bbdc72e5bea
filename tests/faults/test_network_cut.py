"""The network between farm and server goes silent: nothing is refused, nothing closes, no packet arrives.

``tests/client/test_offline.py`` cuts the wire so that both ends hear of it. Here they hear nothing, for the length of
the grace and beyond: every call hangs until the caller's own patience ends, and the work must stop in time all the
same. When the wire sounds again, what was sent into the silence arrives late, beside what is sent anew.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from trustmark_client import FrameReceipt
from trustmark_client.clock import rfc3339
from trustmark_client.outbox import Outbox
from trustmark_client.pixels import file_sha256, pixel_sha256

from receipts.models import Lease, LogEntry, UnauthorisedFrame
from receipts.services import expire_leases
from tests import factories
from tests.client.test_gate import Gate, wait_for
from tests.client.test_offline import flush, painted, start
from tests.client.wire import Wire

LIFE_SECONDS, GRACE_SECONDS = 3, 4
BEYOND = range(401, 404)


@pytest.fixture
def wire(live_server: Any) -> Iterator[Wire]:
    wire = Wire(live_server.thread.port)
    yield wire
    wire.sound()
    wire.cut()


@pytest.fixture
def gate(tmp_path: Path, wire: Wire, settings: Any, transactional_db: None) -> Gate:
    settings.BASE_URL = wire.url
    settings.LEASE_HEARTBEAT_SECONDS, settings.LEASE_LIFE_SECONDS = 1, LIFE_SECONDS
    settings.OFFLINE_GRACE_SECONDS, settings.OFFLINE_GRACE_FRAMES = GRACE_SECONDS, 100
    token, credential, proof_key = factories.make_live_token()
    (tmp_path / "api.key").write_text(credential.secret)  # type: ignore[attr-defined]
    pem = proof_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "proof.pem").write_bytes(pem)
    (tmp_path / "token.jwt").write_text(factories.minted(token.pk, credential))
    return Gate(tmp_path, wire.url, token)


def waiting(gate: Gate) -> list[dict[str, Any]]:
    """The rows on the node's disk."""
    (path,) = (gate.folder / "outbox").iterdir()
    return [msgspec.json.decode(line.rpartition(b"\t")[0]) for line in path.read_bytes().splitlines()]


def seconds_of(row: dict[str, Any]) -> float:
    return datetime.fromisoformat(row["finished_at"]).timestamp()


def render_without_leave(gate: Gate, lease: str) -> None:
    """A node that does not stop: it paints on, and is honest about when."""
    begun = time.time()
    subprocess.run(gate.paint(BEYOND[0], BEYOND[-1]), check=True)
    outbox = Outbox(gate.folder / "outbox" / f"{lease}.ndjson")
    files = {frame: gate.frames / f"frame.{frame:04d}.png" for frame in BEYOND}
    outbox.add(
        [
            FrameReceipt(
                lease, frame, file_sha256(path), pixel_sha256(path), rfc3339(begun), rfc3339(time.time())
            )
            for frame, path in files.items()
        ]
    )
    outbox.close()


@pytest.mark.req("BX-011")
def test_silence_beyond_the_grace_stops_the_work_and_every_frame_is_reconciled_as_what_it_was(
    gate: Gate, wire: Wire
) -> None:
    with start(gate, 500, seconds=0.2) as process:
        wait_for((gate.frames / "frame.0004.png").exists)
        wire.silence()
        silent_at = time.time()
        _, said = process.communicate(timeout=90)
    held_for = time.time() - silent_at
    assert process.returncode == 3
    assert "denied: OFFLINE_GRACE_EXCEEDED" in said
    assert held_for < LIFE_SECONDS + GRACE_SECONDS + 20, "and the node is free soon after"
    rows = waiting(gate)
    assert len(rows) == painted(gate)
    lease = Lease.objects.get()
    deadline = lease.expires_at.timestamp() + GRACE_SECONDS
    last = max(map(seconds_of, rows))
    assert deadline - 3 < last < deadline + 1, "to the bound, and not beyond it"
    time.sleep(max(0.0, deadline + 0.5 - time.time()))
    render_without_leave(gate, str(lease.uid))
    assert expire_leases() == 1
    wire.sound()
    done = flush(gate)
    assert done.returncode == 0, done.stderr
    assert f"{len(rows)} accepted, {len(BEYOND)} unauthorised, 0 refused" in done.stdout
    logged = gate.logged()
    assert len(logged) == painted(gate) == len(rows) + len(BEYOND), "no frame without a receipt"
    assert {frame for frame, entry in logged.items() if entry.outcome == "UNAUTHORISED"} == set(BEYOND)
    assert {logged[row["frame"]].outcome for row in rows} == {"RENDERED"}
    noted = UnauthorisedFrame.objects.values_list("frame", "code")
    assert sorted(noted) == [(frame, "OFFLINE_GRACE_EXCEEDED") for frame in BEYOND]


@pytest.mark.req("BX-011")
def test_silence_shorter_than_the_grace_costs_nothing_and_what_arrives_late_changes_nothing(
    gate: Gate, wire: Wire, settings: Any
) -> None:
    settings.OFFLINE_GRACE_SECONDS = 20
    with start(gate, 60, seconds=0.2) as process:
        wait_for((gate.frames / "frame.0004.png").exists)
        wire.silence()
        time.sleep(LIFE_SECONDS + 2)
        wire.sound()
        _, said = process.communicate(timeout=90)
    assert (process.returncode, said) == (0, "")
    assert sorted(gate.logged()) == list(range(1, 61))
    assert LogEntry.objects.filter(frame__isnull=False).count() == 60, "each frame once"
    assert not list((gate.folder / "outbox").iterdir())
    assert Lease.objects.get().state == Lease.State.ENDED
