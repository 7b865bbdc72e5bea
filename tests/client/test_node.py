# ruff: noqa: PT012 - the loop itself is what raises
"""A node as its environment describes it: the loop that follows, and the line and status that a job ends with."""

from __future__ import annotations

from pathlib import Path

import pytest
from trustmark_client import ClientError, Denied
from trustmark_client.node import Node, said, status_of

from tests.client.test_frames import render
from tests.client.test_gate import Gate, wait_for
from tests.client.tools import node_environment


@pytest.mark.req("BX-014")
def test_loop_of_a_node_fetches_its_own_token_and_says_when_the_frame_in_hand_lost_its_leave(
    gate: Gate,
) -> None:
    node = Node.of_environment(node_environment(gate))
    assert (node.shot, node.construct, node.outbox) == ("sh010", "FACE_3D", gate.folder / "outbox")
    with node.client() as client, node.frames(client, 1, 3, engine="tests", version="1") as frames:
        for number in frames:
            assert frames.ended == []
            frames.wrote(number, render(gate, number))
    assert sorted(gate.logged()) == [1, 2, 3]
    with (
        node.client() as client,
        pytest.raises(Denied) as no,
        node.frames(client, 4, 9, engine="tests", version="1") as frames,
    ):
        number = next(iter(frames))
        gate.revoke()
        wait_for(lambda: frames.ended == ["REVOKED"])
        frames.wrote(number, render(gate, number))
    assert status_of(no.value) == (3, "trustmark: denied: REVOKED (frame 4 is discarded)")
    with (
        node.client() as client,
        pytest.raises(Denied) as no,
        node.frames(client, 5, 9, engine="tests", version="1") as frames,
    ):
        next(iter(frames))
    assert no.value.reason_codes == ["REVOKED"]


@pytest.mark.parametrize("name", ["URL", "LICENCE", "PROJECT", "SHOT", "USE_TYPE", "RENDER_TERRITORY"])
def test_variable_that_is_missing_is_named(name: str, tmp_path: Path) -> None:
    for file in ("api.key", "proof.pem"):
        (tmp_path / file).write_text("key")
    told = {
        "URL": "http://127.0.0.1:9", "LICENCE": "1", "PROJECT": "2", "SHOT": "s", "USE_TYPE": "FACE_RENDER",
        "RENDER_TERRITORY": "GB", "API_KEY_FILE": str(tmp_path / "api.key"), "PROOF_KEY_FILE": str(tmp_path / "proof.pem"),
    }  # fmt: skip
    environ = {f"TRUSTMARK_{key}": value for key, value in told.items()}
    assert Node.of_environment(environ).server == "http://127.0.0.1:9"
    assert Node.of_environment(environ, shot="sh020").shot == "sh020"
    del environ[f"TRUSTMARK_{name}"]
    with pytest.raises(ValueError, match=f"TRUSTMARK_{name} is not set"):
        Node.of_environment(environ)


def test_each_kind_of_error_has_its_status_and_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert said(Denied(["REVOKED", "EXPIRED"], "now")) == 3
    assert said(ClientError("RECEIPTS_REFUSED", "two of them")) == 1
    assert said(ValueError("no shot")) == 2
    assert capsys.readouterr().err.splitlines() == [
        "trustmark: denied: REVOKED EXPIRED (now)",
        "trustmark: failed: RECEIPTS_REFUSED (two of them)",
        "trustmark: misuse: no shot",
    ]
