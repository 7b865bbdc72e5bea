"""Sound files: depth, layout, rate, tags and the chunks of broadcasters come back as they were."""

from __future__ import annotations

import struct
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import soundfile

from tests.watermarking.conftest import MARK_ID
from tests.watermarking.media import melody
from watermarking.engine import detect_file, embed_file
from watermarking.errors import MediaError, MediaReason
from watermarking.media.sound import over_any_range, read_sound

HEX = f"{MARK_ID:016x}"


@pytest.fixture(scope="module")
def tune() -> np.ndarray:
    """Five seconds, ``[n, 2]``."""
    return melody(5.0, 48_000, seed=3, channels=2).T


def _embed(source: Path, target: Path, key: bytes, **given: Any) -> Any:
    return embed_file(source, target, mark_id=MARK_ID, key=key, **given)


def _found(path: Path, key: bytes) -> str | None:
    return detect_file(path, key=key, search=False).payload


@pytest.mark.parametrize(
    ("name", "subtype", "form", "channels"),
    [
        ("a.wav", "PCM_16", "WAV", 2),
        ("a.wav", "PCM_24", "WAV", 1),
        ("a.wav", "PCM_32", "WAV", 2),
        ("a.wav", "FLOAT", "WAV", 2),
        ("a.wav", "PCM_24", "RF64", 2),
        ("a.wav", "PCM_24", "WAVEX", 8),
        ("a.flac", "PCM_16", "FLAC", 6),
        ("a.flac", "PCM_24", "FLAC", 2),
        ("a.opus", "OPUS", "OGG", 2),
        ("a.mp3", "MPEG_LAYER_III", "MP3", 2),
    ],
)
def test_a_sound_keeps_its_depth_layout_and_length(
    name: str, subtype: str, form: str, channels: int, tune: np.ndarray, tmp_path: Path, key: bytes
) -> None:
    source, target = tmp_path / name, tmp_path / f"out{Path(name).suffix}"
    soundfile.write(source, np.tile(tune[:, :1], (1, channels)), 48_000, subtype=subtype, format=form)
    report = _embed(source, target, key)
    assert report.layers["audio"].status == "embedded"
    before, after = soundfile.info(source), soundfile.info(target)
    assert (after.subtype, after.channels, after.samplerate) == (before.subtype, channels, 48_000)
    assert after.frames == before.frames
    with av.open(str(source)) as one, av.open(str(target)) as other:
        assert other.streams.audio[0].layout.name == one.streams.audio[0].layout.name
    assert _found(target, key) == HEX


@pytest.mark.parametrize(
    ("source", "subtype", "target", "wanted"),
    [
        ("a.aiff", "PCM_16", "out.wav", "PCM_16"),
        ("a.aiff", "PCM_24", "out.wav", "PCM_24"),
        ("a.caf", "PCM_16", "out.w64", "PCM_16"),
        ("a.wav", "PCM_24", "out.aiff", "PCM_24"),
    ],
)
def test_a_sound_changes_its_container_without_loss(
    source: str, subtype: str, target: str, wanted: str, tune: np.ndarray, tmp_path: Path, key: bytes
) -> None:
    soundfile.write(tmp_path / source, tune, 48_000, subtype=subtype)
    assert _embed(tmp_path / source, tmp_path / target, key).layers["audio"].status == "embedded"
    made = soundfile.info(tmp_path / target)
    assert (made.subtype, made.channels, made.frames) == (wanted, 2, len(tune))


def test_m4a_keeps_its_tags_and_leaves_losslessly_where_asked(
    tune: np.ndarray, tmp_path: Path, key: bytes
) -> None:
    source = tmp_path / "in.m4a"
    with av.open(str(source), "w") as container:
        stream = container.add_stream("aac", rate=48_000, layout="stereo")
        container.metadata.update({"title": "Stück", "artist": "Å"})
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(tune.T), format="fltp", layout="stereo")
        frame.rate, frame.pts = 48_000, 0
        container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    for name, codec, given in (("a.m4a", "aac", {}), ("b.m4a", "alac", {"lossless": True})):
        _embed(source, tmp_path / name, key, **given)
        with av.open(str(tmp_path / name)) as container:
            assert container.streams.audio[0].codec_context.name == codec
            assert (container.metadata["title"], container.metadata["artist"]) == ("Stück", "Å")
            assert container.start_time == 0
            assert container.duration == pytest.approx(5_000_000, abs=50_000)
        assert _found(tmp_path / name, key) == HEX


def test_chunks_of_a_broadcast_wave_are_carried_over(tune: np.ndarray, tmp_path: Path, key: bytes) -> None:
    soundfile.write(tmp_path / "in.wav", tune, 48_000, subtype="PCM_24")
    bext = b"bext" + struct.pack("<I", 602) + b"Take 7".ljust(602, b"\0")
    notes = b"iXML" + struct.pack("<I", 5) + b"<a/>\n\0"
    whole = (tmp_path / "in.wav").read_bytes() + bext + notes
    (tmp_path / "in.wav").write_bytes(whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:])
    _embed(tmp_path / "in.wav", tmp_path / "out.wav", key)
    made = (tmp_path / "out.wav").read_bytes()
    assert bext in made
    assert notes in made
    assert struct.unpack_from("<I", made, 4)[0] == len(made) - 8
    assert soundfile.info(tmp_path / "out.wav").frames == 5 * 48_000


def test_silence_comes_back_bit_for_bit(tune: np.ndarray, tmp_path: Path, key: bytes) -> None:
    quiet = np.random.default_rng(1).integers(-1, 2, (40 * 48_000, 1)).astype(np.int32) << 8
    quiet[: len(tune), 0] = (tune[:, 0] * 2.0**30).astype(np.int32) >> 8 << 8
    soundfile.write(tmp_path / "in.flac", quiet, 48_000, subtype="PCM_24")
    _embed(tmp_path / "in.flac", tmp_path / "out.flac", key, lossless=True)
    after = soundfile.read(tmp_path / "out.flac", dtype="int32", always_2d=True)[0]
    assert np.array_equal(after[34 * 48_000 :], quiet[34 * 48_000 :])
    assert not np.array_equal(after[: len(tune)], quiet[: len(tune)])


def test_numbers_beyond_full_scale_and_no_numbers_survive() -> None:
    draw = np.random.default_rng(2).standard_normal((2, 4000)).astype(np.float32) * 2.0
    draw[0, 7], draw[1, 9] = np.nan, np.inf
    seen: list[float] = []

    def work(samples: np.ndarray, second: int) -> np.ndarray:
        assert np.isfinite(samples).all()
        seen.append(float(np.abs(samples).max()))
        return np.clip(samples * np.float32(1.001), -1.0, 1.0)

    made = over_any_range(work)(draw, 0)
    assert seen[0] <= 1.0
    assert np.isnan(made[0, 7])
    assert np.isinf(made[1, 9])
    rest = np.isfinite(draw)
    assert made[rest] == pytest.approx(draw[rest] * 1.001, rel=1e-5)


def test_a_hole_in_the_time_of_a_track_is_silence(tmp_path: Path) -> None:
    """What comes after the hole stays where it was, or the lips would run ahead."""
    path = tmp_path / "hole.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for start in (0, 24_000):
            frame = av.AudioFrame.from_ndarray(
                np.full((1, 8000), 1000, np.int16), format="s16", layout="mono"
            )
            frame.rate, frame.pts = 8000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    whole = np.concatenate(list(read_sound(path)), 1)[0]
    assert len(whole) == pytest.approx(32_000, abs=40)
    assert np.abs(whole[8100:23_900]).max() == 0.0
    assert np.abs(whole[24_100:]).min() > 0.02


def test_a_hole_of_more_than_an_hour_is_a_broken_file(tmp_path: Path) -> None:
    path = tmp_path / "far.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        for start in (0, 8000 * 4000):
            frame = av.AudioFrame.from_ndarray(np.ones((1, 8000), np.int16), format="s16", layout="mono")
            frame.rate, frame.pts = 8000, start
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    with pytest.raises(MediaError) as refused:
        list(read_sound(path))
    assert refused.value.reason is MediaReason.MEDIA_UNREADABLE
