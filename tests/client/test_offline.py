"""A farm whose server goes away: it goes on within its lease's bounds, stops at them, and is reconciled."""

from __future__ import annotations

import subprocess
import sys
import time
import zlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import msgspec
import pytest
from trustmark_client import Ask, ClientError, FrameReceipt, ProofKey, TrustmarkClient
from trustmark_client.answers import Lease as LeaseAnswer
from trustmark_client.bounds import Asked, OfflineBounds
from trustmark_client.clock import now
from trustmark_client.leases import LeaseKeeper, LeaseLife

from receipts.models import Lease, UnauthorisedFrame
from receipts.services import expire_leases
from tests.client.test_gate import Gate, wait_for
from tests.client.wire import Wire
from tests.trustcore import samples
from trustcore.claims import OfflineClaim
from trustcore.lease import encode_lease
from trustcore.offline import open_gate
from trustcore.tokens import LICENCE_TYP, encode_token

# -- bounds, with clocks of our own


@dataclass
class Clocks:
    """Two clocks that a test moves apart."""

    wall: float = 50_000.0
    monotonic: float = 10.0

    def sleep(self, seconds: float) -> None:
        self.wall += seconds
        self.monotonic += seconds


def gate_of(**changes: object) -> object:
    token = encode_token(samples.claims(), samples.SIGNER, LICENCE_TYP)
    return open_gate(
        token,
        encode_lease(samples.lease_claims(**changes), samples.DECISION_SIGNER),
        token_keys=samples.KEYS,
        decision_keys=samples.DECISION_KEYS,
        issuer=samples.ISSUER,
        now=samples.EPOCH,
    )


def bounds_of(clocks: Clocks, **changes: object) -> OfflineBounds:
    asked = Asked(clocks.wall, clocks.monotonic)
    return OfflineBounds(
        gate_of(**changes), asked, now=lambda: clocks.wall, monotonic=lambda: clocks.monotonic
    )


def receipt(frame: int, begun: float, done: float) -> FrameReceipt:
    def stamp(seconds: float) -> str:
        return datetime.fromtimestamp(seconds, tz=UTC).isoformat(timespec="milliseconds")

    return FrameReceipt("l", frame, "0" * 64, "1" * 64, stamp(begun), stamp(done))


@pytest.mark.req("BX-011")
def test_bounds_are_kept_in_the_servers_time_whatever_the_nodes_clock_says() -> None:
    clocks = Clocks()  # this wall clock is decades off: only what passes on it counts
    bounds = bounds_of(clocks)
    clocks.sleep(300)
    assert bounds.why_over() == []
    clocks.sleep(599)
    assert bounds.why_over() == []
    clocks.sleep(1.0)
    assert bounds.why_over() == ["OFFLINE_GRACE_EXCEEDED"]


def test_clock_set_back_and_machine_that_slept_gain_nothing() -> None:
    back = Clocks()
    bounds = bounds_of(back)
    back.sleep(899)
    assert bounds.why_over() == []
    back.wall -= 3600
    back.monotonic += 2
    assert bounds.why_over() == ["OFFLINE_GRACE_EXCEEDED"]
    slept = Clocks()
    bounds = bounds_of(slept)
    slept.wall += 901  # CLOCK_MONOTONIC stands still while a machine sleeps
    assert bounds.why_over() == ["OFFLINE_GRACE_EXCEEDED"]
    slept.wall -= 900
    assert bounds.why_over() == ["OFFLINE_GRACE_EXCEEDED"], "once over is over"


def test_frames_finished_after_the_end_are_counted_and_those_beyond_are_discarded() -> None:
    clocks = Clocks()
    bounds = bounds_of(clocks, off=OfflineClaim(frames=2, seconds=600))
    start = clocks.wall
    clocks.sleep(400)
    held = bounds.hold(
        [
            receipt(1, start + 200, start + 299),
            receipt(2, start + 299, start + 301),
            receipt(3, start + 301, start + 302),
            receipt(4, start + 302, start + 303),
        ]
    )
    assert [one.outcome for one in held] == ["RENDERED", "RENDERED", "RENDERED", "DISCARDED"]
    assert bounds.why_over() == ["OFFLINE_GRACE_EXCEEDED"]
    assert bounds.why_over_in_time() == [], "time is left: only the count is used up"
    late = bounds.hold([receipt(5, start + 901, start + 902)])
    assert late[0].outcome == "DISCARDED"


def test_frame_finished_after_its_leave_ended_is_discarded_and_one_finished_before_is_not() -> None:
    clocks = Clocks(wall=now())
    keeper = LeaseKeeper(
        LeaseLife(LeaseAnswer("l", "", 60), bounds_of(clocks)), lambda _: pytest.fail("none is due")
    )
    before, after = receipt(1, now() - 2, now() - 1), receipt(2, now(), now() + 2)
    assert keeper.hold([before, after]) == [before, after], "it lives"
    keeper.end(["REVOKED"])
    keeper.end(["LEASE_ENDED"])
    failed = replace(after, outcome="FAILED")
    held = keeper.hold([before, after, failed])
    assert [one.outcome for one in held] == ["RENDERED", "DISCARDED", "FAILED"]
    assert keeper.reason_codes == ["REVOKED"], "the first reason stands"


def test_answered_heartbeat_begins_a_new_grace() -> None:
    clocks = Clocks()
    bounds = bounds_of(clocks)
    clocks.sleep(890)
    later = samples.EPOCH + 890
    bounds.renew(gate_of(iat=later, exp=later + 300), Asked(clocks.wall, clocks.monotonic))
    clocks.sleep(899)
    assert bounds.why_over() == []
    clocks.sleep(1)
    assert bounds.why_over() == ["OFFLINE_GRACE_EXCEEDED"]


def test_lease_without_frames_of_grace_ends_with_its_life() -> None:
    clocks = Clocks()
    bounds = bounds_of(clocks, off=OfflineClaim(frames=0, seconds=600))
    clocks.sleep(299)
    assert bounds.why_over_in_time() == []
    clocks.sleep(1)
    assert bounds.why_over_in_time() == ["OFFLINE_GRACE_EXCEEDED"]


# -- the real gate on a real server behind a wire that is cut


@pytest.fixture
def gate(far_gate: Gate) -> Gate:
    return far_gate


def start(gate: Gate, last: int, *, seconds: float) -> subprocess.Popen[str]:
    run = gate.paint(1, last, seconds=seconds)
    options = ["--render-territory", "GB", "--frames", f"1-{last}", "--output", str(gate.frames)]
    return subprocess.Popen(gate.command(*options, run=run), stderr=subprocess.PIPE, text=True)


def flush(gate: Gate, *options: str) -> subprocess.CompletedProcess[str]:
    command = [
        sys.executable, "-m", "trustcore.cli", "gate", "flush", "--server", gate.server,
        "--key-file", str(gate.folder / "api.key"), "--outbox", str(gate.folder / "outbox"),
        *options,
    ]  # fmt: skip
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)


def painted(gate: Gate) -> int:
    return len(list(gate.frames.glob("frame.*.png*")))


@pytest.mark.req("BX-011")
def test_cut_for_longer_than_the_grace_stops_the_work_at_the_bound_and_all_of_it_is_reconciled(
    gate: Gate, wire: Wire
) -> None:
    with start(gate, 500, seconds=0.2) as process:
        wait_for((gate.frames / "frame.0004.png").exists)
        lease = Lease.objects.get()
        wire.cut()
        lease.refresh_from_db()
        _, said = process.communicate(timeout=90)
    assert process.returncode == 3
    assert "denied: OFFLINE_GRACE_EXCEEDED" in said
    assert len(said.strip().splitlines()) == 1
    (waiting,) = (gate.folder / "outbox").iterdir()
    rows = [msgspec.json.decode(line.rpartition(b"\t")[0]) for line in waiting.read_bytes().splitlines()]
    assert len(rows) == painted(gate)
    deadline = lease.expires_at.timestamp() + 4
    last = max(datetime.fromisoformat(row["finished_at"]).timestamp() for row in rows)
    assert deadline - 3 < last < deadline + 1, "to the bound, and not beyond it"
    time.sleep(max(0.0, deadline + 0.5 - time.time()))
    assert expire_leases() == 1
    wire.mend()
    done = flush(gate)
    assert done.returncode == 0, done.stderr
    assert f"{len(rows)} accepted" in done.stdout, done.stdout
    assert not list((gate.folder / "outbox").iterdir())
    logged = gate.logged()
    assert sorted(logged) == list(range(1, len(rows) + 1))
    assert {entry.outcome for entry in logged.values()} == {"RENDERED"}


@pytest.mark.req("BX-011")
def test_more_frames_than_the_grace_allows_stop_the_work_and_are_recorded_as_such(
    gate: Gate, wire: Wire, settings
) -> None:
    settings.OFFLINE_GRACE_SECONDS, settings.OFFLINE_GRACE_FRAMES = 60, 5
    with start(gate, 500, seconds=0.5) as process:
        wait_for((gate.frames / "frame.0002.png").exists)
        wire.cut()
        _, said = process.communicate(timeout=90)
    assert process.returncode == 3
    assert "denied: OFFLINE_GRACE_EXCEEDED" in said
    (waiting,) = (gate.folder / "outbox").iterdir()
    rows = [msgspec.json.decode(line.rpartition(b"\t")[0]) for line in waiting.read_bytes().splitlines()]
    end = Lease.objects.get().expires_at.timestamp()
    after = [row for row in rows if datetime.fromisoformat(row["finished_at"]).timestamp() > end]
    within = [row for row in after if row["outcome"] == "RENDERED"]
    assert 0 < len(within) <= 5, "the node counts from when it asked, a little earlier than the server"
    assert {row["outcome"] for row in after[5:]} <= {"DISCARDED"}
    wire.mend()
    flush(gate)
    outcomes = [entry.outcome for entry in gate.logged().values()]
    assert len(outcomes) == painted(gate) == len(rows), "nothing is dropped"
    assert outcomes.count("UNAUTHORISED") == max(0, len(after) - 5) == UnauthorisedFrame.objects.count()


def test_cut_that_is_mended_within_the_grace_goes_unnoticed_by_the_work(gate: Gate, wire: Wire) -> None:
    with start(gate, 25, seconds=0.2) as process:
        wait_for((gate.frames / "frame.0004.png").exists)
        wire.cut()
        time.sleep(4)
        wire.mend()
        _, said = process.communicate(timeout=90)
    assert (process.returncode, said) == (0, "")
    assert sorted(gate.logged()) == list(range(1, 26))
    assert not list((gate.folder / "outbox").iterdir())


def test_permit_that_the_server_did_not_sign_for_us_is_none(gate: Gate, wire: Wire) -> None:
    from trustmark_client import Trust

    ask = Ask(
        token=(gate.folder / "token.jwt").read_text(), project=str(gate.token.production_id), shot="sh010",
        use_type="FACE_RENDER", render_territory="GB", first=1, last=3,
    )  # fmt: skip
    key = ProofKey.read(gate.folder / "proof.pem")
    api_key = (gate.folder / "api.key").read_text()
    with TrustmarkClient(gate.server, api_key, key) as client:
        lease = client.check(ask).lease
        assert lease is not None
        assert client.open_lease(lease).lease.jti == lease.id
    with TrustmarkClient(gate.server, api_key, ProofKey.generate()) as thief:
        with pytest.raises(ClientError) as refused:
            thief.keep_lease(lease)
        assert refused.value.code == "LEASE_UNVERIFIED"
    stale = Trust(samples.KEYS, samples.DECISION_KEYS)
    with TrustmarkClient(gate.server, api_key, key, trust=stale) as client:
        assert client.check(ask).permitted, "keys that were rotated are fetched again"


@pytest.mark.req("BX-012")
def test_gate_shows_its_key_with_every_call_where_the_server_asks_for_it(gate: Gate, settings) -> None:
    settings.BOUND_REPORTS = True
    done = gate.exec("--frames", "1-12", "--output", str(gate.frames), run=gate.paint(1, 12, seconds=0.15))
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(gate.logged()) == list(range(1, 13))
    assert Lease.objects.get().state == Lease.State.ENDED, "given back, so its end was accepted too"
    bare = flush_with(gate)
    assert (bare.returncode, "SENDER_MISMATCH" in bare.stderr) == (1, True)
    assert flush_with(gate, "--proof-key", str(gate.folder / "proof.pem")).returncode == 0


def flush_with(gate: Gate, *options: str) -> subprocess.CompletedProcess[str]:
    """Flush one row that waits."""
    row = gate.folder / "outbox" / "left.ndjson"
    entry = gate.logged()[1]
    kept = {name: getattr(entry, name) for name in (
        "file_sha256", "pixel_sha256", "frame", "take", "started_at", "finished_at",
    )}  # fmt: skip
    told = kept | {"outcome": "RENDERED", "lease": str(Lease.objects.get(check_id=entry.check).uid)}
    line = msgspec.json.encode(told, order="sorted")
    row.write_bytes(b"%b\t%08x\n" % (line, zlib.crc32(line)))
    return flush(gate, *options)
