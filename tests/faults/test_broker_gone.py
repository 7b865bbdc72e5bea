"""The broker is killed: what farms and talents do goes on, readiness says so, and the beats come back with it."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import psycopg
import pytest

from tests.faults.deployment import Deployment, until
from tests.faults.render import Farm, Tally

BACK_SECONDS = 60.0


@pytest.fixture
def deployment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Deployment]:
    (tmp_path / "clock").write_text("0")
    monkeypatch.setenv(
        "TRUSTMARK_TEST_CLOCK_FILE", str(tmp_path / "clock")
    )  # the client's clock goes with it
    deployment = Deployment(
        tmp_path,
        further={
            "TRUSTMARK_BEAT_SECONDS": "1",
            "TRUSTMARK_READY_SECONDS": "0",
            "TRUSTMARK_TEST_CLOCK_FILE": str(tmp_path / "clock"),
        },
    )
    yield deployment
    deployment.stop()


def ready(deployment: Deployment) -> tuple[int, dict[str, bool]]:
    answer = httpx.get(f"{deployment.url}/readyz", timeout=30)
    return answer.status_code, answer.json()["parts"]


def states(deployment: Deployment) -> list[str]:
    """How the leases stand in their rows, oldest first: only a beat writes that one has run out."""
    with psycopg.connect(deployment.postgres.url()) as database:
        return [state for (state,) in database.execute("select state from receipts_lease order by id")]


def shown(deployment: Deployment, cast: dict[str, str]) -> int:
    """The size that the public checkpoint covers."""
    answer = httpx.get(f"{deployment.url}/log/{cast['production']}/checkpoint", timeout=30)
    return int(answer.text.split("\n")[1]) if answer.status_code == 200 else 0


def revoke(deployment: Deployment, cast: dict[str, str]) -> Any:
    return httpx.post(
        f"{deployment.url}/api/v1/tokens/{cast['jti']}/revoke",
        json={"kind": "PROSPECTIVE", "disposition": "KEEP", "reason": "The production changed hands."},
        headers={"Authorization": f"Bearer {cast['agents_key']}"},
        timeout=30,
    )


def test_farms_work_and_talents_revoke_without_a_broker_and_beats_recover_with_it(
    deployment: Deployment, tmp_path: Path
) -> None:
    deployment.start("valkey")
    cast = deployment.cast(frames_max=1_000)
    for name in ("web 1", "publisher", "worker", "beat"):
        deployment.start(name)
    deployment.wait_served()
    until(lambda: ready(deployment) == (200, {"database": True, "broker": True}), deployment.said)
    farm = Farm(deployment.url, cast, tmp_path, Tally(), 1)

    # beats beat: a lease that ran out in silence is settled by them
    farm.check(0, 9)
    (tmp_path / "clock").write_text("1000")
    until(lambda: states(deployment) == ["EXPIRED"], deployment.said, BACK_SECONDS)

    deployment.children["valkey"].process.send_signal(signal.SIGKILL)
    deployment.children["valkey"].process.wait(10)
    assert ready(deployment) == (503, {"database": True, "broker": False})
    assert httpx.get(f"{deployment.url}/healthz", timeout=5).status_code == 200

    # checks, heartbeats, receipts and their publication go on
    farm.render(100, 50)
    kept = farm.check(200, 209)
    assert len(farm.tally.acknowledged) == 50
    until(lambda: shown(deployment, cast) > max(farm.tally.acknowledged.values()), deployment.said)
    # and so does what ends them
    assert revoke(deployment, cast).status_code == 200
    assert farm.check(300, 309).reason_codes == ["REVOKED"]
    assert kept.lease is not None
    assert not farm.client.lease_heartbeat(kept.lease.id).lives
    (tmp_path / "clock").write_text("2000")
    assert states(deployment)[-1] == "CLOSING", "no beat, so nobody settles it"

    deployment.start("valkey")
    until(lambda: ready(deployment)[0] == 200, deployment.said)
    took = until(lambda: states(deployment)[-1] == "ENDED", deployment.said, BACK_SECONDS)
    print(f"beats were back after {took:.1f} s")
    assert [name for name, child in deployment.children.items() if child.returncode() is not None] == []
    assert deployment.run("-m", "trustcore.cli", "log", "check").returncode == 0
