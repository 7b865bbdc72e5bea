"""Codes that find a medium again (ISO 24138): near for a copy, far for another, and none where none can be made."""

from __future__ import annotations

import wave
from pathlib import Path

import av
import imageio_ffmpeg
import iscc_lib
import numpy as np
import pytest

from verification.pipeline.stages import iscc
from watermarking.media.containers import probe

RATE = 44_100


def sound(target: Path, *, seed: int, seconds: float = 8.0, rate: int = RATE) -> Path:
    """A tune: chords that change twice a second."""
    draw, times = np.random.default_rng(seed), np.arange(int(seconds * RATE)) / RATE
    wav = np.zeros(len(times))
    for number in range(int(2 * seconds)):
        part = slice(number * RATE // 2, (number + 1) * RATE // 2)
        for note in draw.integers(0, 36, 3):
            wav[part] += np.sin(2 * np.pi * 110.0 * 2 ** (note / 12) * times[part])
    kept = wav[:: RATE // rate]
    with wave.open(str(target), "wb") as writing:
        writing.setnchannels(1)
        writing.setsampwidth(2)
        writing.setframerate(rate)
        writing.writeframes((kept * 8_000).astype("<i2").tobytes())
    return target


def film(target: Path, *, seed: int, crf: int) -> Path:
    """Two seconds of blurred shapes that move."""
    draw = np.random.default_rng(seed)
    shapes = np.kron(draw.integers(0, 255, (9, 16)), np.ones((24, 24))).astype(np.uint8)
    with av.open(str(target), "w") as writing:
        stream = writing.add_stream("libx264", rate=25, options={"crf": str(crf)})
        stream.height, stream.width, stream.pix_fmt = *shapes.shape, "yuv420p"
        for number in range(50):
            picture = np.stack([np.roll(shapes, 3 * number, 1)] * 3, -1)
            writing.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        writing.mux(stream.encode())
    return target


def codes(path: Path) -> dict[str, bytes]:
    """Code by kind of unit: ``DATA``, ``INSTANCE``, ``AUDIO``, ``VIDEO``."""
    kinds = {(3, 0): "DATA", (4, 0): "INSTANCE", (2, 2): "AUDIO", (2, 3): "VIDEO"}
    found = [iscc_lib.iscc_decode(one) for one in iscc.codes(path, probe(path))]
    return {kinds[one[0], one[1] if one[0] == 2 else 0]: bytes(one[4]) for one in found}


def apart(one: bytes, other: bytes) -> int:
    return (int.from_bytes(one, "big") ^ int.from_bytes(other, "big")).bit_count()


def test_a_sound_has_a_code_that_a_copy_is_near_to_and_another_is_not(tmp_path: Path) -> None:
    first = codes(sound(tmp_path / "first.wav", seed=1))
    copy = codes(sound(tmp_path / "copy.wav", seed=1, rate=RATE // 2))
    other = codes(sound(tmp_path / "other.wav", seed=2))
    assert set(first) == {"DATA", "INSTANCE", "AUDIO"}
    assert first["INSTANCE"] != copy["INSTANCE"]
    assert apart(first["AUDIO"], copy["AUDIO"]) <= 6 < 16 <= apart(first["AUDIO"], other["AUDIO"])
    assert "AUDIO" not in codes(sound(tmp_path / "short.wav", seed=1, seconds=2.0)), "too short for one"


def test_a_film_has_a_video_code_where_something_makes_its_signatures_and_none_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, copy = film(tmp_path / "first.mp4", seed=1, crf=18), film(tmp_path / "copy.mp4", seed=1, crf=34)
    other = film(tmp_path / "other.mp4", seed=2, crf=18)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    assert set(codes(first)) == {"DATA", "INSTANCE"}, "nothing here makes them, and none is claimed"
    program = tmp_path / "bin" / "ffmpeg"
    program.parent.mkdir()
    program.symlink_to(imageio_ffmpeg.get_ffmpeg_exe())
    found = {path: codes(path)["VIDEO"] for path in (first, copy, other)}
    assert apart(found[first], found[copy]) <= 6 < 12 <= apart(found[first], found[other])
    monkeypatch.setattr(iscc, "VIDEO_SECONDS_MAX", 1.0)
    assert "VIDEO" not in codes(first), "too long to be decoded for a code"
    monkeypatch.undo()
    # one that breaks, and one that answers something else, leave the other codes as they are
    for script in ("exit 1", "echo '<FrameSignature>0 1</FrameSignature>' > signature.xml"):
        program.unlink(missing_ok=True)
        program.write_text(f"#!/bin/sh\n{script}\n")
        program.chmod(0o755)
        monkeypatch.setenv("PATH", f"{program.parent}:/bin:/usr/bin")
        assert set(codes(first)) == {"DATA", "INSTANCE"}
