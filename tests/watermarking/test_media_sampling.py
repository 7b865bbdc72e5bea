"""Which frames of a film are looked at: at fixed intervals, or where scenes change."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from watermarking.errors import MediaError
from watermarking.media import frames as media_frames
from watermarking.media.frames import Kept, SizeOf, sample_frames

SIZE_OF = SizeOf(128)


def film(target: Path, *, frames: int, rate: int, scene: int, key_frames: int) -> Path:
    """A film of scenes of ``scene`` frames, each of a noise of its own; every frame's mean tells its scene."""
    with av.open(str(target), "w") as container:
        options = {"preset": "ultrafast", "g": str(key_frames), "crf": "18"}
        if key_frames < frames:
            options |= {"sc_threshold": "40"}
        else:
            options |= {"x264-params": "scenecut=0"}
        stream = container.add_stream("libx264", rate=rate, options=options)
        stream.width, stream.height, stream.pix_fmt = 160, 96, "yuv420p"
        for number in range(frames):
            draw = np.random.default_rng(number // scene)
            picture = draw.integers(0, 60, (144, 160), np.uint8) + np.uint8(40 + 10 * (number // scene))
            picture[96:] = 128
            frame = av.VideoFrame.from_ndarray(picture, format="yuv420p")
            frame.pts, frame.time_base = number, Fraction(1, rate)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return target


@pytest.mark.req("LV-100")
def test_short_films_are_sampled_at_fixed_intervals(tmp_path: Path) -> None:
    path = film(tmp_path / "short.mp4", frames=48, rate=24, scene=100, key_frames=250)
    seen = [frame.seconds for frame in sample_frames(path, count=8, size_of=SIZE_OF)]
    assert seen == pytest.approx([(3 + 6 * n) / 24 for n in range(8)])


@pytest.mark.req("LV-100")
def test_long_films_are_sampled_where_scenes_change_and_at_intervals_where_that_is_not_known(
    tmp_path: Path,
) -> None:
    # eight scenes of five seconds; the encoder sets a key frame where one begins
    path = film(tmp_path / "scenes.mp4", frames=160, rate=4, scene=20, key_frames=150)
    frames = list(sample_frames(path, count=8, size_of=SIZE_OF))
    assert [frame.seconds for frame in frames] == pytest.approx([5.0 * n for n in range(8)])
    means = [float(frame.planes[0].mean()) for frame in frames]
    assert np.diff(means).min() > 5.0, "each of another scene"
    # too few key frames to rely on: every n-th frame of the whole
    path = film(tmp_path / "one-key.mp4", frames=160, rate=4, scene=20, key_frames=1000)
    seen = [frame.seconds for frame in sample_frames(path, count=8, size_of=SIZE_OF)]
    assert seen == pytest.approx([(10 + 20 * n) / 4 for n in range(8)])


@pytest.mark.req("LV-100")
def test_what_is_no_film_yields_no_frames(tmp_path: Path) -> None:
    (tmp_path / "no.mp4").write_bytes(b"no film")
    with pytest.raises(MediaError):
        list(sample_frames(tmp_path / "no.mp4", count=8, size_of=SIZE_OF))


@pytest.mark.parametrize(("bytes_max", "walks"), [(1 << 28, 1), (100_000, 2)])
def test_a_second_walk_sees_what_it_would_alone_and_decodes_only_what_was_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bytes_max: int, walks: int
) -> None:
    path = film(tmp_path / "short.mp4", frames=48, rate=24, scene=6, key_frames=250)
    alone = [list(sample_frames(path, count=count, size_of=SIZE_OF)) for count in (8, 48)]
    decoded: list[Path] = []
    plain = media_frames._decoded

    def counted(one: Path) -> Any:
        decoded.append(one)
        return plain(one)

    monkeypatch.setattr(media_frames, "_decoded", counted)
    kept = Kept(bytes_max=bytes_max, shrunk_max=8)
    walked = [list(sample_frames(path, count=count, size_of=SIZE_OF, kept=kept)) for count in (8, 48)]
    assert len(decoded) == walks
    for one, other in zip(alone, walked, strict=True):
        assert [frame.seconds for frame in one] == [frame.seconds for frame in other]
        assert all(np.array_equal(a.planes, b.planes) for a, b in zip(one, other, strict=True))
    shared = {id(frame) for frame in walked[0]} & {id(frame) for frame in walked[1]}
    assert len(shared) == 8, "what was resized for the first walk is not resized again"
