"""A film done in stretches is the film done in one go: the same pictures at the same times."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from tests.watermarking import making
from tests.watermarking.conftest import MARK_ID
from watermarking.embedding import MarkJob, PictureWork, Tally, embed_stream, embed_stretch, join_stretches
from watermarking.errors import MediaError, MediaReason
from watermarking.media.codecs import Encoding
from watermarking.media.films import Stretch
from watermarking.media.frames import planes_of
from watermarking.media.pieces import PacketEntry, decode_times
from watermarking.media.segments import plan_segments


@pytest.fixture
def job(key: bytes) -> MarkJob:
    return MarkJob(MARK_ID, key, "pixel-1", "audio-1")


def _in_stretches(source: Path, target: Path, job: MarkJob, encoding: Encoding, seconds: float) -> Tally:
    pieces, tally = [], Tally()
    for number, stretch in enumerate(plan_segments(source, seconds)):
        pieces.append(target.with_name(f"{target.name}.{number}"))
        tally += embed_stretch(source, pieces[-1], stretch, job, encoding, target)
    assert len(pieces) > 1
    join_stretches(pieces, source, target, job, encoding, tally)
    return tally


@pytest.mark.parametrize(
    ("suffix", "codec", "options", "uneven"),
    [
        (".mp4", "h264", {"g": "10", "bf": "2"}, False),
        (".mkv", "h264", {"g": "12", "bf": "3", "x264-params": "open-gop=1"}, True),
        (".mp4", "h265", {"g": "10"}, True),
        (".mov", "prores", {"g": "10", "bf": "2"}, False),
    ],
)
def test_joined_stretches_have_the_times_of_one_pass(
    suffix: str, codec: str, options: dict[str, str], uneven: bool, tmp_path: Path, job: MarkJob
) -> None:
    times = [40 * n + (n * 7 % 5) * 3 for n in range(40)] if uneven else None
    base = Fraction(1, 1000) if uneven else Fraction(1, 25)
    source = making.write(
        tmp_path / "in.mkv", count=40, options=options, times=times, base=base, sounds=1, seconds=1.6
    )
    encoding = Encoding(codec=codec)
    one, two = tmp_path / f"one{suffix}", tmp_path / f"two{suffix}"
    report = embed_stream(source, one, job, encoding)
    tally = _in_stretches(source, two, job, encoding, 0.4)
    assert tally.frames == report.frames == 40
    assert _shown(two) == _shown(one) == _shown(source)
    assert _stored(two) == _stored(one)
    assert making.packets(two, "audio") == making.packets(one, "audio")


@pytest.mark.parametrize("form", ["yuv420p", "yuv422p10le"])
def test_pictures_marked_in_batches_are_those_marked_one_by_one(
    form: str, tmp_path: Path, job: MarkJob
) -> None:
    source = making.write(tmp_path / "in.mkv", count=13, form=form, codec="ffv1")
    films = []
    for batch in (1, 5):
        made = tmp_path / f"{batch}.mkv"
        report = embed_stream(source, made, replace(job, batch=batch), Encoding(lossless=True))
        assert (report.frames, report.layers["pixel"].status) == (13, "embedded")
        films.append(list(making.decoded(made)))
    plain = list(making.decoded(source))
    assert [frame.pts for frame in films[0]] == [frame.pts for frame in films[1]]
    for before, *both in zip(plain, *films, strict=True):
        one, other = (np.concatenate([p.ravel() for p in planes_of(frame)]).astype(int) for frame in both)
        assert (one != np.concatenate([p.ravel() for p in planes_of(before)])).mean() > 0.2
        assert (one != other).mean() < 1e-4, "sums in another order may round a sample the other way"
        assert np.abs(one - other).max() <= 1


def test_a_batch_is_one_picture_on_a_processor_and_as_many_as_fit_elsewhere(job: MarkJob) -> None:
    assert PictureWork(job).batch(1280, 720) == 1
    sizes = [(640, 360), (1920, 1080), (3840, 2160), (16384, 4096)]
    assert [PictureWork(replace(job, device="cuda")).batch(*size) for size in sizes] == [32, 16, 4, 1]


def _shown(path: Path) -> list[Fraction]:
    return [frame.pts * frame.time_base for frame in making.decoded(path)]


def _stored(path: Path) -> tuple[list[int], float, list[float]]:
    """Decode times, duration and start times."""
    with av.open(str(path)) as container:
        video = container.streams.video[0]
        starts = [float((one.start_time or 0) * one.time_base) for one in container.streams]
        times = [one.dts for one in container.demux(video) if one.dts is not None]
        return times, container.duration, starts


def test_every_picture_lies_in_one_stretch_and_stretches_begin_at_key_frames(tmp_path: Path) -> None:
    source = making.write(tmp_path / "in.mp4", count=50, options={"g": "10", "bf": "2"})
    stretches = plan_segments(source, 0.7)
    with av.open(str(source)) as container:
        keys = {one.pts for one in container.demux(video=0) if one.is_keyframe}
    assert stretches[0].start is None
    assert stretches[-1].end is None
    assert [one.end for one in stretches[:-1]] == [one.start for one in stretches[1:]]
    assert {one.start for one in stretches[1:]} <= keys
    assert len(stretches) == 3


def test_a_film_that_cannot_be_cut_is_one_stretch(tmp_path: Path, job: MarkJob) -> None:
    source = making.write(tmp_path / "in.mp4", count=20, options={"g": "100", "sc_threshold": "0"})
    assert plan_segments(source, 0.2) == [Stretch()]
    with av.open(str(tmp_path / "sound.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=8000)
        frame.rate = 8000
        container.mux(stream.encode(frame))
    assert plan_segments(tmp_path / "sound.wav", 0.2) == [Stretch()]


def test_a_broken_or_foreign_piece_is_refused_and_nothing_appears(tmp_path: Path, job: MarkJob) -> None:
    source = making.write(tmp_path / "in.mp4", count=20, options={"g": "10"})
    target = tmp_path / "out.mp4"
    pieces = [tmp_path / "a", tmp_path / "b"]
    first, second = plan_segments(source, 0.4)
    tally = embed_stretch(source, pieces[0], first, job, Encoding(), target)
    embed_stretch(source, pieces[1], second, job, Encoding(quality="compact", preset="slow"), target)
    whole = pieces[0].read_bytes()
    for spoil in (
        lambda: None,
        lambda: pieces[1].write_bytes(whole[:-9]),
        lambda: pieces[1].write_bytes(b""),
        pieces[1].unlink,
    ):
        spoil()
        with pytest.raises(MediaError) as refused:
            join_stretches(pieces, source, target, job, Encoding(), tally)
        assert refused.value.reason is MediaReason.MEDIA_UNREADABLE
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "in.mp4"]


def test_decode_times_are_those_of_one_encoder() -> None:
    """Two stretches of three pictures, one of them reordered by one."""
    stretches = [
        [
            PacketEntry(0, -10, 10, 1, True),
            PacketEntry(20, 0, 10, 1, False),
            PacketEntry(10, 10, 10, 1, False),
        ],
        [
            PacketEntry(30, 20, 10, 1, True),
            PacketEntry(50, 30, 10, 1, False),
            PacketEntry(40, 40, 10, 1, False),
        ],
    ]
    assert list(decode_times(stretches)) == [-10, 0, 10, 20, 30, 40]
    assert list(decode_times([])) == []
