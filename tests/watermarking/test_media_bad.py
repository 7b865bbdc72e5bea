"""Bad input: a stable code each, never a crash, never anything under the final name, nothing left beside it."""

from __future__ import annotations

import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import zlib
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile
from PIL import Image

from tests.watermarking import making
from tests.watermarking.breaking import cut, patched, refused, set_big, swapped
from tests.watermarking.conftest import SECRET
from watermarking.engine import detect_file, embed_file
from watermarking.errors import MediaError, MediaReason
from watermarking.keys import ENVIRONMENT
from watermarking.media import stills
from watermarking.media.staging import staged


@pytest.fixture(scope="module")
def film12(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four seconds of film, its header in front."""
    folder = tmp_path_factory.mktemp("bad")
    plain = making.write(folder / "plain.mp4", count=100, sounds=1, options={"g": "10"})
    faststart = {"movflags": "faststart"}
    with (
        av.open(str(plain)) as source,
        av.open(str(folder / "film.mp4"), "w", container_options=faststart) as target,
    ):
        made = {one.index: target.add_stream_from_template(one) for one in source.streams}
        for packet in source.demux():
            if packet.dts is not None:
                packet.stream = made[packet.stream.index]
                target.mux(packet)
    return folder / "film.mp4"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (cut(0.0), MediaReason.MEDIA_EMPTY),
        (cut(0.01), MediaReason.MEDIA_EMPTY),
        (cut(0.5), MediaReason.MEDIA_UNREADABLE),
        # stsz: a thousand million samples; stts: as many durations
        (set_big(b"stsz", 12, 1_000_000_000), MediaReason.MEDIA_UNREADABLE),
        (set_big(b"stts", 8, 1_000_000_000), MediaReason.MEDIA_UNREADABLE),
        (set_big(b"moov", -4, 40), MediaReason.MEDIA_EMPTY),
        (swapped(b"avc1\0\0\0\0", b"encv\0\0\0\0"), MediaReason.MEDIA_PROTECTED),
        (swapped(b"mp4a\0\0\0\0", b"enca\0\0\0\0"), MediaReason.MEDIA_PROTECTED),
        (swapped(b"mp4a\0\0\0\0", b"drms\0\0\0\0"), MediaReason.MEDIA_PROTECTED),
    ],
    ids=["empty", "stub", "half", "samples", "durations", "moov", "encv", "enca", "drms"],
)
def test_broken_and_lying_films(
    change: Callable[[bytearray], None], reason: MediaReason, film12: Path, tmp_path: Path, key: bytes
) -> None:
    bad = patched(film12, tmp_path / "bad.mp4", change)
    assert refused(bad, tmp_path / "out.mp4", key) is reason
    # what can still be decoded may be evidence: detection answers, or refuses for the same reason
    answer: object = None
    try:
        answer = detect_file(bad, key=key, search=False).payload
    except MediaError as error:
        answer = error.reason
    assert answer in {None, reason}


def test_a_film_cut_off_in_a_container_without_an_index(tmp_path: Path, key: bytes) -> None:
    whole = making.write(tmp_path / "in.mkv", count=100, options={"g": "10"})
    bad = patched(whole, tmp_path / "bad.mkv", cut(0.5))
    assert refused(bad, tmp_path / "out.mkv", key) is MediaReason.MEDIA_UNREADABLE


@pytest.mark.parametrize(
    ("name", "share", "reason"),
    [
        ("a.png", 0.6, MediaReason.MEDIA_UNREADABLE),
        ("a.tif", 0.5, MediaReason.MEDIA_UNREADABLE),
        ("a.exr", 0.5, MediaReason.MEDIA_UNREADABLE),
        ("a.dpx", 0.5, MediaReason.MEDIA_UNREADABLE),
        ("a.webp", 0.5, MediaReason.MEDIA_UNREADABLE),
        ("a.jpg", 0.01, MediaReason.MEDIA_UNREADABLE),
        ("a.jpg", 0.9, MediaReason.MEDIA_UNREADABLE),
        ("a.bmp", 0.9, MediaReason.MEDIA_UNREADABLE),
        ("a.png", 0.0, MediaReason.MEDIA_EMPTY),
    ],
)
def test_cut_off_pictures(name: str, share: float, reason: MediaReason, tmp_path: Path, key: bytes) -> None:
    import OpenImageIO as oiio  # noqa: N813

    pixels = making.scene(200, 160)
    spec = oiio.ImageSpec(200, 160, 3, "half" if name.endswith("exr") else "uint8")
    output = oiio.ImageOutput.create(name)
    output.open(str(tmp_path / name), spec)
    output.write_image(pixels)
    output.close()
    patched(tmp_path / name, tmp_path / f"bad{Path(name).suffix}", cut(share))
    assert refused(tmp_path / f"bad{Path(name).suffix}", tmp_path / f"out{Path(name).suffix}", key) is reason


def test_pictures_too_small_and_too_large(tmp_path: Path, key: bytes) -> None:
    Image.new("RGB", (1, 1)).save(tmp_path / "dot.png")
    Image.new("L", (16_384, 16_384)).save(tmp_path / "wall.png", compress_level=1)
    making.write(tmp_path / "dot.mkv", codec="ffv1", size=(16, 16), count=2)
    for name, reason in (
        ("dot.png", MediaReason.MEDIA_TOO_SMALL),
        ("wall.png", MediaReason.MEDIA_TOO_LARGE),
        ("dot.mkv", MediaReason.MEDIA_TOO_SMALL),
    ):
        assert refused(tmp_path / name, tmp_path / f"out{Path(name).suffix}", key) is reason
        with pytest.raises(MediaError) as caught:
            detect_file(tmp_path / name, key=key)
        assert caught.value.reason is reason


def test_a_header_that_claims_more_pixels_than_there_are(tmp_path: Path, key: bytes) -> None:
    making_png = tmp_path / "in.png"
    Image.fromarray(making.scene(200, 160)).save(making_png)

    def wider(data: bytearray) -> None:
        struct.pack_into(">II", data, 16, 16_000, 16_000)
        struct.pack_into(">I", data, 29, zlib.crc32(bytes(data[12:29])))

    bad = patched(making_png, tmp_path / "bad.png", wider)
    assert refused(bad, tmp_path / "out.png", key) is MediaReason.MEDIA_TOO_LARGE


def test_one_sample_no_sound_and_too_many_channels(tmp_path: Path, key: bytes) -> None:
    soundfile.write(tmp_path / "one.wav", np.array([0.5]), 48_000)
    report = embed_file(tmp_path / "one.wav", tmp_path / "out.wav", mark_id=5, key=key)
    assert (report.layers["audio"].status, report.layers["audio"].reason) == ("not_markable", "TOO_SHORT")
    assert soundfile.info(tmp_path / "out.wav").frames == 1
    assert detect_file(tmp_path / "out.wav", key=key).status == "absent"
    soundfile.write(tmp_path / "many.wav", np.zeros((4800, 96)), 48_000)
    assert refused(tmp_path / "many.wav", tmp_path / "o.wav", key) is MediaReason.MEDIA_TOO_LARGE
    soundfile.write(tmp_path / "none.wav", np.zeros((0, 1)), 48_000)
    report = embed_file(tmp_path / "none.wav", tmp_path / "o.wav", mark_id=5, key=key)
    assert report.layers["audio"].status == "not_markable"
    silent = making.write(tmp_path / "mute.mp4", count=4)
    assert embed_file(silent, tmp_path / "o.mp4", mark_id=5, key=key).layers["audio"].status == "missing"


def test_pictures_that_change_size_midway(tmp_path: Path, key: bytes) -> None:
    with av.open(str(tmp_path / "in.ts"), "w", format="mpegts") as container:
        stream = None
        for part, size in enumerate(((320, 180), (640, 360))):
            encoder = av.CodecContext.create("libx264", "w")
            encoder.width, encoder.height, encoder.pix_fmt = *size, "yuv420p"
            encoder.time_base = Fraction(1, 25)
            encoder.options = {"bf": "0", "x264-params": "annexb=1:repeat-headers=1"}
            if stream is None:
                stream = container.add_mux_stream("h264", rate=25, width=320, height=180)
            for index, frame in enumerate(making.frames(10, size=size)):
                frame.pts, frame.time_base = part * 10 + index, Fraction(1, 25)
                packets = encoder.encode(frame)
                _mux(container, stream, packets)
            _mux(container, stream, encoder.encode(None))
    assert refused(tmp_path / "in.ts", tmp_path / "out.mp4", key) is MediaReason.MEDIA_UNSUPPORTED


def _mux(container: Any, stream: Any, packets: list[Any]) -> None:
    for packet in packets:
        packet.stream = stream
        packet.time_base = Fraction(1, 25)
        container.mux(packet)


_CHILD = """
import json, os, resource, signal, sys
from pathlib import Path
from watermarking.engine import embed_file
from watermarking.errors import MediaError
how, cases = json.loads(sys.argv[1])
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
if how == "nobody":
    from watermarking import pipeline
    os.setuid(65534)
else:
    resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
for source, target in cases:
    try:
        embed_file(Path(source), Path(target), mark_id=5, key=bytes(32))
        print("written")
    except MediaError as error:
        print(error.code)
"""


def _in_a_child(how: str, cases: list[tuple[Path, Path]]) -> list[str]:
    """Embed in a process of its own, as nobody or on a full disk; returns what came of each."""
    given = json.dumps([how, [[str(path) for path in case] for case in cases]])
    done = subprocess.run(
        [sys.executable, "-c", _CHILD, given],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout.split()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not read")
def test_files_and_folders_that_one_may_not_touch(film12: Path) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        shutil.copy(film12, folder / "in.mp4")
        Image.fromarray(making.scene(200, 160)).save(folder / "in.png")
        for each in ("in.mp4", "in.png"):
            shutil.copy(folder / each, folder / f"secret{Path(each).suffix}")
            (folder / f"secret{Path(each).suffix}").chmod(0o600)
        for each, mode in (("kept", 0o755), ("open", 0o777)):
            (folder / each).mkdir()
            (folder / each).chmod(mode)
        cases = [
            (folder / "in.mp4", folder / "kept" / "out.mp4"),
            (folder / "in.png", folder / "kept" / "out.png"),
            (folder / "secret.mp4", folder / "open" / "out.mp4"),
            (folder / "secret.png", folder / "open" / "out.png"),
        ]
        assert _in_a_child("nobody", cases) == ["MEDIA_NOT_WRITTEN"] * 2 + ["MEDIA_UNREADABLE"] * 2
        assert not [*(folder / "kept").iterdir(), *(folder / "open").iterdir()]


def test_a_full_disk_leaves_nothing(film12: Path, tmp_path: Path) -> None:
    picture = tmp_path / "in.png"
    Image.fromarray(making.scene(400, 400)).save(picture)
    cases = [(film12, tmp_path / "out.mp4"), (film12, tmp_path / "out.mkv")]
    cases += [(picture, tmp_path / f"out{suffix}") for suffix in (".png", ".jpg", ".tif")]
    assert _in_a_child("full", cases) == ["MEDIA_NOT_WRITTEN"] * 5
    assert [path.name for path in tmp_path.iterdir()] == ["in.png"]


def test_a_folder_that_is_not_there(film12: Path, tmp_path: Path, key: bytes) -> None:
    assert refused(film12, tmp_path / "no" / "out.mp4", key) is MediaReason.MEDIA_NOT_WRITTEN


def test_termination_leaves_nothing_and_keeps_what_was_there(tmp_path: Path) -> None:
    source = tmp_path / "in.mp4"
    making.write(source, count=250, size=(640, 360), options={"preset": "ultrafast"})
    target = tmp_path / "out.mp4"
    target.write_bytes(b"an older delivery")
    command = [sys.executable, "-m", "watermarking.cli", "embed", str(source), str(target)]
    child = subprocess.Popen(
        [*command, "--payload", "0" * 15 + "7"],
        env={**os.environ, ENVIRONMENT: SECRET.hex(), "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    deadline = time.monotonic() + 60
    while not any(path.stat().st_size for path in tmp_path.glob(".out*")) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert child.poll() is None
    child.send_signal(signal.SIGTERM)
    assert child.wait(30) == 128 + signal.SIGTERM
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.mp4", "out.mp4"]
    assert target.read_bytes() == b"an older delivery"


def test_what_dead_processes_left_is_removed_and_what_lives_is_not(tmp_path: Path) -> None:
    dead, fresh = tmp_path / ".a.00000000.partial.mp4", tmp_path / ".b.00000000.partial.mp4"
    folder = tmp_path / ".c.00000000.partial"
    folder.mkdir()
    for path in (dead, fresh, folder / "x.png"):
        path.write_bytes(b"half")
    long_ago = time.time() - 3600
    for path in (dead, folder):
        os.utime(path, (long_ago, long_ago))
    with staged(tmp_path / "d.mp4") as alive:
        alive.write_bytes(b"half")
        os.utime(alive, (long_ago, long_ago))
        with staged(tmp_path / "e.mp4") as other:
            other.write_bytes(b"whole")
        assert alive.exists()
        assert (tmp_path / "e.mp4").read_bytes() == b"whole"
    assert sorted(path.name for path in tmp_path.iterdir()) == [fresh.name, "d.mp4", "e.mp4"]


def test_pictures_without_a_picture_and_a_second_stream_of_them(tmp_path: Path, key: bytes) -> None:
    with av.open(str(tmp_path / "two.mkv"), "w") as container:
        streams = [container.add_stream("ffv1", rate=25) for _ in range(2)]
        for stream in streams:
            stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for index, frame in enumerate(making.frames(3)):
            for stream in streams:
                frame.pts, frame.time_base = index, Fraction(1, 25)
                container.mux(stream.encode(frame))
        for stream in streams:
            container.mux(stream.encode(None))
    assert refused(tmp_path / "two.mkv", tmp_path / "out.mkv", key) is MediaReason.MEDIA_UNSUPPORTED
    (tmp_path / "text.srt").write_text("1\n00:00:00,100 --> 00:00:00,900\nHello\n")
    assert refused(tmp_path / "text.srt", tmp_path / "out.mkv", key) is MediaReason.MEDIA_UNREADABLE


def test_missing_sound_of_a_melody_is_no_reason_to_fail(tmp_path: Path, key: bytes) -> None:
    """A film whose second half has no sound any more."""
    source = making.write(tmp_path / "in.mkv", count=200, sounds=1, seconds=4.0)
    report = embed_file(source, tmp_path / "out.mkv", mark_id=5, key=key)
    assert report.frames == 200
    assert report.layers["audio"].status == "embedded"


def test_many_parts_are_too_large_together(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    picture = Image.fromarray(np.full((100, 120, 3), 99, np.uint8))
    picture.save(tmp_path / "three.tif", save_all=True, append_images=[picture, picture])
    monkeypatch.setattr(stills, "BYTES_MAX", 3 * 100 * 120 * 3)
    assert len(stills.open_still(tmp_path / "three.tif").parts) == 3
    monkeypatch.setattr(stills, "BYTES_MAX", 3 * 100 * 120 * 3 - 1)
    with pytest.raises(MediaError) as caught:
        stills.open_still(tmp_path / "three.tif")
    assert caught.value.reason is MediaReason.MEDIA_TOO_LARGE


@pytest.mark.parametrize(
    ("was", "becomes"),
    [
        (b"displayWindow\0box2i", b"displayWindow\0box2\xe9"),
        (b"compression\0compression", b"compression\0compre\xb4sion"),
        (b"channels\0chlist", b"channels\0chlis\xb4"),
    ],
)
def test_an_exr_header_that_is_no_text_is_unreadable_and_says_so(
    tmp_path: Path, was: bytes, becomes: bytes
) -> None:
    """The library quotes such bytes in what it says is wrong, and they cannot be decoded."""
    from provenance.formats import EXR
    from tests.provenance.media_files import still_file

    whole = still_file(tmp_path / "whole.exr", EXR, width=160, height=90)
    assert stills.open_still(whole).form == "openexr"
    data = whole.read_bytes()
    assert data.count(was) == 1
    damaged = tmp_path / "damaged.exr"
    damaged.write_bytes(data.replace(was, becomes))
    with pytest.raises(MediaError) as caught:
        stills.open_still(damaged)
    assert caught.value.code == "MEDIA_UNREADABLE"
    assert caught.value.detail == "its header holds bytes that are no text"
