# ruff: noqa: PT012 - the loop itself is what raises
"""A renderer's own loop under a lease: each block asked for, each frame reported; stopped by no, and by silence."""

from __future__ import annotations

import os
import resource
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image
from trustmark_client import Ask, ClientError, Denied, FrameLoop, ProofKey, TrustmarkClient
from trustmark_client.outbox import flush_folder
from trustmark_client.pixels import file_sha256

from common import clock
from receipts.models import Lease, RenderCheck
from tests.client.test_gate import Gate, desk, wait_for
from tests.client.wire import Wire


def loop(gate: Gate, last: int, *, server: str = "", block: int = 5, **changes: object) -> FrameLoop:
    client = TrustmarkClient(
        server or gate.server, (gate.folder / "api.key").read_text(), ProofKey.read(gate.folder / "proof.pem")
    )
    told = {
        "token": (gate.folder / "token.jwt").read_text(), "project": str(gate.token.production_id),
        "shot": "sh010", "use_type": "FACE_RENDER", "render_territory": "GB",
    } | changes  # fmt: skip
    return FrameLoop(client, Ask(**told), 1, last, block=block, outbox=gate.folder / "outbox")


def render(gate: Gate, frame: int) -> Path:
    gate.frames.mkdir(exist_ok=True)
    path = gate.frames / f"frame.{frame:04d}.png"
    Image.new("RGB", (16, 9), (frame % 256, 0, 9)).save(path)
    return path


def drawn(gate: Gate) -> list[int]:
    return sorted(int(path.stem[-4:]) for path in gate.frames.glob("frame.*.png"))


@pytest.mark.req("ST-036")
@pytest.mark.req("ST-062")
def test_each_block_is_asked_for_and_every_frame_has_its_receipt(gate: Gate) -> None:
    with loop(gate, 12) as frames:
        for number in frames:
            frames.wrote(number, render(gate, number))
    assert (frames.counts.accepted, frames.counts.refused) == (12, 0)
    assert {frame: entry.outcome for frame, entry in gate.logged().items()} == dict.fromkeys(
        range(1, 13), "RENDERED"
    )
    assert sorted((check.first, check.last) for check in Lease.objects.all()) == [(1, 5), (6, 10), (11, 12)]
    assert not list((gate.folder / "outbox").iterdir())


@pytest.mark.req("BX-014")
def test_a_loop_that_is_denied_hands_out_no_frame_and_names_the_reason_on_one_line(gate: Gate) -> None:
    begun = time.monotonic()
    with pytest.raises(Denied) as no, loop(gate, 12, render_territory="BR") as frames:
        for number in frames:
            frames.wrote(number, render(gate, number))
    assert time.monotonic() - begun < 10
    assert no.value.reason_codes[0] == "TERRITORY_DENIED"
    assert no.value.line.startswith("trustmark: denied: TERRITORY_DENIED (")
    assert not gate.frames.exists()
    assert gate.logged() == {}


def test_what_the_server_calls_unauthorised_loses_the_name_that_its_receipt_had_given_it(
    gate: Gate, settings
) -> None:
    """A node between two heartbeats knows no better: the answer to its receipts tells it that its lease had ended."""
    settings.LEASE_HEARTBEAT_SECONDS = 60
    with pytest.raises(ClientError) as failed, loop(gate, 4, block=4) as frames:
        for number in frames:
            if number == 3:
                wait_for((gate.frames / "done.0002.png").exists)
                Lease.objects.update(state=Lease.State.ENDED, ended_at=clock.now(), end_reason="REVOKED")
                time.sleep(0.01)
            frames.wrote(number, render(gate, number), place=gate.frames / f"done.{number:04d}.png")
    assert failed.value.code == "RECEIPTS_REFUSED"
    outcomes = {frame: entry.outcome for frame, entry in gate.logged().items()}
    assert outcomes == {1: "RENDERED", 2: "RENDERED", 3: "UNAUTHORISED", 4: "UNAUTHORISED"}
    assert sorted(path.name for path in gate.frames.iterdir()) == [
        "done.0001.png",
        "done.0002.png",
        "done.0003.png.unauthorised",
        "done.0004.png.unauthorised",
    ]


def test_file_that_is_no_picture_is_reported_as_failed_and_a_frame_not_handed_out_is_misuse(
    gate: Gate,
) -> None:
    with loop(gate, 2) as frames:
        for number in frames:
            with pytest.raises(ValueError, match="not handed out"):
                frames.wrote(99, gate.folder)
            path = render(gate, number)
            path.write_bytes(b"nonsense")
            frames.wrote(number, path)
    assert {entry.outcome for entry in gate.logged().values()} == {"FAILED"}
    assert sorted(path.name for path in gate.frames.iterdir()) == [
        "frame.0001.png.failed",
        "frame.0002.png.failed",
    ]


def test_frames_reserved_and_not_rendered_are_given_back(gate: Gate) -> None:
    with pytest.raises(RuntimeError), loop(gate, 10) as frames:
        for number in frames:
            frames.wrote(number, render(gate, number))
            if number == 2:
                raise RuntimeError("the renderer fell over")
    assert sorted(gate.logged()) == [1, 2]
    assert set(Lease.objects.values_list("state", flat=True)) == {Lease.State.ENDED}


@pytest.mark.req("BX-014")
def test_revocation_in_mid_loop_stops_it_and_the_frame_in_hand_is_discarded(gate: Gate) -> None:
    with pytest.raises(Denied) as no, loop(gate, 200, block=50) as frames:
        for number in frames:
            if number == 4:
                gate.revoke()
                (lease,) = frames._open
                wait_for(lease.keeper.ended.is_set)  # while the fourth is rendered
            frames.wrote(number, render(gate, number))
    assert no.value.reason_codes[0] == "REVOKED"
    logged = gate.logged()
    assert sorted(logged) == [1, 2, 3, 4]
    assert [logged[frame].outcome for frame in (1, 2, 3)] == ["RENDERED"] * 3
    assert logged[4].outcome in {"DISCARDED", "UNAUTHORISED"}
    assert drawn(gate) == [1, 2, 3]
    assert (gate.frames / "frame.0004.png.discarded").exists()


@pytest.mark.req("BX-014")
def test_next_block_is_refused_after_a_revocation_even_between_two_heartbeats(gate: Gate, settings) -> None:
    settings.LEASE_HEARTBEAT_SECONDS = 60
    with pytest.raises(Denied) as no, loop(gate, 40, block=10) as frames:
        for number in frames:
            if number == 2:
                gate.revoke()
            frames.wrote(number, render(gate, number))
    assert no.value.reason_codes[0] == "REVOKED"
    logged = gate.logged()
    assert sorted(logged) == list(range(1, 11))
    # what the server calls unauthorised, because it was written before the node heard of the revocation, loses its name
    assert drawn(gate) == [frame for frame, entry in sorted(logged.items()) if entry.outcome == "RENDERED"]
    assert len(list(gate.frames.glob("*.unauthorised"))) == 10 - len(drawn(gate))


@pytest.mark.req("BX-014")
def test_server_that_cannot_be_reached_or_says_nothing_lets_no_frame_begin(gate: Gate) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for url in ("http://127.0.0.1:9", f"http://127.0.0.1:{silent.getsockname()[1]}"):
            begun = time.monotonic()
            with pytest.raises(Denied) as no, loop(gate, 5, server=url) as frames:
                for number in frames:
                    frames.wrote(number, render(gate, number))
            assert no.value.reason_codes == ["OFFLINE"]
            assert time.monotonic() - begun < 10
    assert not gate.frames.exists()
    assert not RenderCheck.objects.exists()


@pytest.fixture
def wire(live_server) -> Iterator[Wire]:
    wire = Wire(live_server.thread.port)
    yield wire
    wire.cut()


@pytest.mark.req("BX-011")
@pytest.mark.req("BX-014")
def test_server_gone_in_mid_block_is_outlived_by_the_block_and_no_other_begins(
    tmp_path: Path, wire: Wire, settings, transactional_db: None
) -> None:
    settings.BASE_URL, settings.LEASE_HEARTBEAT_SECONDS = wire.url, 1
    gate = desk(tmp_path, wire.url)
    with pytest.raises(Denied) as no, loop(gate, 40, block=10) as frames:
        for number in frames:
            if number == 3:
                wire.cut()
            frames.wrote(number, render(gate, number))
    assert no.value.reason_codes == ["OFFLINE"]
    assert drawn(gate) == list(range(1, 11))
    assert len(list((gate.folder / "outbox").iterdir())) == 1
    wire.mend()
    with TrustmarkClient(gate.server, (gate.folder / "api.key").read_text()) as client:
        flush_folder(gate.folder / "outbox", lambda rows, key: client.send_rows(rows, key=key))
    assert sorted(gate.logged()) == drawn(gate)


def test_file_whose_receipt_the_server_refuses_loses_its_name_and_what_it_took_keeps_its_own(
    gate: Gate,
) -> None:
    """A frame told twice, of two pictures: the log holds the first, so what lies there afterwards has no receipt."""
    with pytest.raises(ClientError) as failed, loop(gate, 3) as frames:
        for number in frames:
            frames.wrote(number, render(gate, number), place=gate.frames / f"done.{number:04d}.png")
            if number == 2:
                wait_for((gate.frames / "done.0002.png").exists)
                first = file_sha256(gate.frames / "done.0002.png")
                again = gate.frames / "again.png"
                Image.new("RGB", (16, 9), (200, 0, 9)).save(again)
                second = file_sha256(again)
                frames.wrote(number, again, place=gate.frames / "done.0002.png")
    assert (failed.value.code, failed.value.detail) == (
        "RECEIPTS_REFUSED",
        "receipts were not accepted: FRAME_CONFLICT",
    )
    assert sorted(path.name for path in gate.frames.iterdir()) == [
        "done.0001.png",
        "done.0002.png.unreceipted",
        "done.0003.png",
    ]
    logged = gate.logged()
    assert {entry.outcome for entry in logged.values()} == {"RENDERED"}
    assert logged[2].file_sha256 == first
    assert file_sha256(gate.frames / "done.0002.png.unreceipted") == second != first


def test_file_whose_receipt_neither_disk_nor_server_took_loses_its_name(
    tmp_path: Path, wire: Wire, settings, transactional_db: None
) -> None:
    settings.BASE_URL = wire.url
    gate, kept = desk(tmp_path, wire.url), tmp_path / "outbox"
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    with pytest.raises(Denied) as no, loop(gate, 9, block=9) as frames:
        for number in frames:
            path = render(gate, number)
            if number == 2:
                wait_for(lambda: any(file.stat().st_size for file in kept.glob("*.ndjson")))
                wire.cut()
                (file,) = kept.glob("*.ndjson")
                resource.setrlimit(resource.RLIMIT_FSIZE, (file.stat().st_size + 10, before[1]))
            try:
                frames.wrote(number, path)
                if number == 2:
                    wait_for(lambda: frames._failure is not None)
            except BaseException:
                resource.setrlimit(resource.RLIMIT_FSIZE, before)
                raise
    resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert no.value.reason_codes == ["OUTBOX_FULL"]
    assert sorted(path.name for path in gate.frames.iterdir()) == [
        "frame.0001.png",
        "frame.0002.png.unreceipted",
    ]
    wire.mend()
    with TrustmarkClient(gate.server, (gate.folder / "api.key").read_text()) as client:
        flush_folder(kept, lambda rows, key: client.send_rows(rows, key=key))
    assert sorted(gate.logged()) == [1]


def test_receipts_that_were_not_accepted_are_an_error_of_the_loop(gate: Gate) -> None:
    with pytest.raises(ClientError) as no, loop(gate, 2) as frames:
        for number in frames:
            path = render(gate, number)
            if number == 2:
                os.utime(path, (1, 1))  # finished decades before its lease was given
            frames.wrote(number, path)
    assert no.value.code == "RECEIPTS_REFUSED"
    # what the clocks disagree about is not decided: it waits on disk under its name, as if the server had not answered
    assert drawn(gate) == [1, 2]
    assert len(list((gate.folder / "outbox").glob("*.ndjson"))) == 1
