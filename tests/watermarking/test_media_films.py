"""Films go through whole: codec, depth, colour, turns, fields, times, and all that lies beside the pictures."""

from __future__ import annotations

import os
import struct
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.sidedata.sidedata import Type

from tests.watermarking import making
from tests.watermarking.conftest import MARK_ID, MarkedFilm
from watermarking import engine
from watermarking.engine import detect_file, embed_file
from watermarking.errors import MediaError, MediaReason
from watermarking.media import codecs
from watermarking.media.chroma import chroma_location
from watermarking.media.frames import planes_of
from watermarking.media.orientation import Orientation, display_matrix

FORMS = [
    ("libx264", "yuv420p", ".mp4", "h264"),
    ("libx264", "yuv422p10le", ".mov", "h264"),
    ("libx264", "gray", ".mkv", "h264"),
    ("libx265", "yuv420p10le", ".mp4", "hevc"),
    ("libsvtav1", "yuv420p10le", ".mkv", "libdav1d"),
    ("prores_ks", "yuv422p10le", ".mov", "prores"),
    ("prores_ks", "yuva444p10le", ".mov", "prores"),
    ("ffv1", "yuv444p12le", ".mkv", "ffv1"),
    ("ffv1", "bgr0", ".mkv", "ffv1"),
    ("ffv1", "gbrp12le", ".mkv", "ffv1"),
    ("qtrle", "argb", ".mov", "qtrle"),
]
QUIET = {"libx265": {"x265-params": "log-level=error"}, "libsvtav1": {"preset": "12"}}


def _embed(source: Path, target: Path, key: bytes, **given: Any) -> Any:
    return embed_file(source, target, mark_id=MARK_ID, key=key, **given)


@pytest.mark.parametrize(("encoder", "form", "suffix", "decoder"), FORMS)
def test_a_film_leaves_in_its_own_codec_and_depth(
    encoder: str, form: str, suffix: str, decoder: str, tmp_path: Path, key: bytes
) -> None:
    source = making.write(
        tmp_path / f"in{suffix}", codec=encoder, form=form, count=4, options=QUIET.get(encoder)
    )
    report = _embed(source, tmp_path / f"out{suffix}", key)
    assert report.layers["pixel"].status == "embedded"
    before, after = (next(making.decoded(tmp_path / f"{name}{suffix}")) for name in ("in", "out"))
    assert after.format.name == before.format.name
    with av.open(str(tmp_path / f"out{suffix}")) as container:
        assert container.streams.video[0].codec_context.name == decoder
    assert 38.0 < making.luma_psnr(source, tmp_path / f"out{suffix}") < 60.0


@pytest.mark.parametrize(
    ("encoder", "form", "suffix"),
    [("prores_ks", "yuva444p10le", ".mov"), ("ffv1", "yuva420p", ".mkv"), ("qtrle", "argb", ".mov")],
)
def test_alpha_is_not_touched(encoder: str, form: str, suffix: str, tmp_path: Path, key: bytes) -> None:
    def soften(frame: av.VideoFrame) -> None:
        if form == "argb":
            pixels = np.frombuffer(frame.planes[0], np.uint8).reshape(making.SIZE[1], -1, 4)
            pixels[:, : making.SIZE[0], 0] = np.arange(making.SIZE[0]) % 256
        else:
            planes_of(frame)[3][...] = np.arange(making.SIZE[0]) % 200 + 20

    source = making.write(tmp_path / f"in{suffix}", codec=encoder, form=form, count=3, change=soften)
    _embed(source, tmp_path / f"out{suffix}", key)
    for before, after in zip(making.decoded(source), making.decoded(tmp_path / f"out{suffix}"), strict=True):
        if form == "argb":
            a, b = (frame.to_ndarray() for frame in (before, after))
            assert np.array_equal(a[..., 0], b[..., 0])
            assert not np.array_equal(a, b)
        else:
            assert np.array_equal(planes_of(before)[3], planes_of(after)[3])
            assert not np.array_equal(planes_of(before)[0], planes_of(after)[0])


def test_hdr_levels_and_tags_pass_through(tmp_path: Path, key: bytes) -> None:
    levels = "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    params = f"log-level=error:hdr10=1:{levels}:max-cll=1000,400"

    def dress(_: Any, video: Any) -> None:
        context = video.codec_context
        context.color_primaries, context.color_trc, context.colorspace, context.color_range = 9, 16, 9, 1

    source = making.write(
        tmp_path / "in.mp4",
        codec="libx265",
        form="yuv420p10le",
        count=4,
        options={"x265-params": params},
        dress=dress,
    )
    for codec in ("h265", "h264"):
        target = tmp_path / f"{codec}.mp4"
        _embed(source, target, key, codec=codec)
        before, after = next(making.decoded(source)), next(making.decoded(target))
        for kind in (Type.MASTERING_DISPLAY_METADATA, Type.CONTENT_LIGHT_LEVEL):
            old, new = _ratios(before, kind), _ratios(after, kind)
            assert old
            assert new == pytest.approx(old, abs=2e-5)
        tags = [
            (one.color_primaries, one.color_trc, one.colorspace, one.color_range) for one in (before, after)
        ]
        assert tags == [(9, 16, 9, 1)] * 2


def _ratios(frame: Any, kind: Type) -> list[float]:
    (data,) = [bytes(side) for side in frame.side_data if side.type is kind]
    numbers = struct.unpack(f"<{len(data) // 4}i", data)
    if kind is Type.CONTENT_LIGHT_LEVEL:
        return list(numbers)
    return [above / below for above, below in zip(numbers[:20:2], numbers[1:20:2], strict=True)]


@pytest.mark.parametrize(
    ("encoder", "suffix"), [("libx264", ".mp4"), ("libx265", ".mkv"), ("libsvtav1", ".mp4")]
)
def test_chroma_stays_where_the_stream_says(encoder: str, suffix: str, tmp_path: Path, key: bytes) -> None:
    for place in ("topleft", None):
        options = QUIET.get(encoder, {}) | ({"chroma_sample_location": place} if place else {})
        source = making.write(tmp_path / f"in{suffix}", codec=encoder, count=5, options=options)
        target = tmp_path / f"out{suffix}"
        _embed(source, target, key)
        with av.open(str(source)) as one, av.open(str(target)) as other:
            places = [chroma_location(each.streams.video[0]) for each in (one, other)]
        assert places == [place, place]


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("codec", ["h264", "h265"])
def test_films_shorter_than_the_encoders_delay(codec: str, count: int, tmp_path: Path, key: bytes) -> None:
    source = making.write(tmp_path / "in.mkv", codec="ffv1", count=count)
    for suffix in (".mp4", ".mkv"):
        _embed(source, tmp_path / f"out{suffix}", key, codec=codec)
        seen = [frame.pts * frame.time_base for frame in making.decoded(tmp_path / f"out{suffix}")]
        assert seen == [Fraction(n, 25) for n in range(count)]


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no scheduling policies")
def test_no_encoder_puts_its_caller_before_every_other_process(tmp_path: Path, key: bytes) -> None:
    source = making.write(tmp_path / "in.mkv", codec="ffv1", count=5)
    assert os.sched_getscheduler(0) == os.SCHED_OTHER
    _embed(source, tmp_path / "out.mp4", key, codec="av1")
    threads = (int(task.name) for task in Path("/proc/self/task").iterdir())
    assert {os.sched_getscheduler(thread) for thread in threads} == {os.SCHED_OTHER}
    if os.geteuid() == 0:  # what the encoder does to whoever opens it unguarded
        making.write(tmp_path / "alone.mp4", codec="libsvtav1", count=5, options=QUIET["libsvtav1"])
        assert os.sched_getscheduler(0) != os.SCHED_OTHER
        os.sched_setscheduler(0, os.SCHED_OTHER, os.sched_param(0))


def test_fields_stay_fields(tmp_path: Path, key: bytes) -> None:
    def dress(_: Any, video: Any) -> None:
        context = video.codec_context
        context.flags |= av.codec.context.Flags.interlaced_dct | av.codec.context.Flags.interlaced_me
        context.field_order = 2

    source = making.write(
        tmp_path / "in.mp4", count=4, size=(320, 192), options={"x264-params": "tff=1"}, dress=dress
    )
    assert next(making.decoded(source)).interlaced_frame
    _embed(source, tmp_path / "out.mp4", key)
    assert next(making.decoded(tmp_path / "out.mp4")).interlaced_frame
    with av.open(str(source)) as one, av.open(str(tmp_path / "out.mp4")) as other:
        orders = [each.streams.video[0].codec_context.field_order for each in (one, other)]
        assert orders[0] == orders[1]


@pytest.mark.parametrize(
    ("suffix", "degrees", "flip"), [(".mp4", 90, False), (".mp4", -90, True), (".mkv", 180, False)]
)
def test_a_turned_film_keeps_its_turn_and_is_marked_as_seen(
    suffix: str, degrees: int, flip: bool, tmp_path: Path, key: bytes, film: MarkedFilm
) -> None:
    source = tmp_path / f"in{suffix}"
    with av.open(str(source), "w") as container:
        video = container.add_stream("libx264", rate=24, options={"crf": "12", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = 640, 360, "yuv420p"
        video.set_display_rotation(degrees, hflip=flip)
        for index, frame in enumerate(making.decoded(film.plain)):
            if index == 24:
                break
            small = frame.reformat(640, 360)
            small.pts, small.time_base, small.pict_type = index, Fraction(1, 24), 0
            container.mux(video.encode(small))
        container.mux(video.encode(None))
    target = tmp_path / f"out{suffix}"
    _embed(source, target, key)
    before, after = next(making.decoded(source)), next(making.decoded(target))
    assert before.rotation != 0
    assert display_matrix(after) == display_matrix(before)
    assert (after.width, after.height) == (640, 360)
    found = detect_file(target, key=key, layers=["pixel"], search=False)
    assert found.payload == f"{MARK_ID:016x}"
    # as a platform does it: upright pixels, and no matrix
    upright = tmp_path / "upright.mp4"
    turn = Orientation.of_matrix(display_matrix(after))
    with av.open(str(upright), "w") as container:
        video = container.add_stream("libx264", rate=24, options={"crf": "20"})
        width, height = (360, 640) if turn.transposed else (640, 360)
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        for index, frame in enumerate(making.decoded(target)):
            planes = [turn.upright(plane) for plane in planes_of(frame)]
            made = av.VideoFrame(width, height, "yuv420p")
            for plane, values in zip(planes_of(made), planes, strict=True):
                plane[...] = values
            made.pts, made.time_base = index, Fraction(1, 24)
            container.mux(video.encode(made))
        container.mux(video.encode(None))
    assert detect_file(upright, key=key, layers=["pixel"], search=False).payload == f"{MARK_ID:016x}"


def test_a_turn_and_its_way_back_are_one_another(tmp_path: Path) -> None:
    plane = np.arange(12, dtype=np.uint8).reshape(3, 4)
    one = 1 << 16
    shown = {
        (0, one, 0, -one, 0, 0, 0, 0, 1 << 30): np.rot90(plane, -1),
        (0, -one, 0, one, 0, 0, 0, 0, 1 << 30): np.rot90(plane, 1),
        (-one, 0, 0, 0, -one, 0, 0, 0, 1 << 30): np.rot90(plane, 2),
        (-one, 0, 0, 0, one, 0, 0, 0, 1 << 30): plane[:, ::-1],
        (one // 2, one // 2, 0, 0, one, 0, 0, 0, 1 << 30): plane,
    }
    for matrix, expected in shown.items():
        turn = Orientation.of_matrix(matrix)
        assert np.array_equal(turn.upright(plane), expected)
        assert np.array_equal(turn.stored(turn.upright(plane)), plane)


def test_everything_beside_the_pictures_is_carried_over(tmp_path: Path, key: bytes) -> None:
    source, target = tmp_path / "in.mkv", tmp_path / "out.mkv"
    lines = [(40, 100, b"Hello"), (200, 160, b"<i>World</i>")]

    def dress(container: Any, video: Any) -> Any:
        container.metadata.update({"title": "Título", "TIMECODE": "10:00:00:00"})
        video.metadata["language"] = "eng"
        video.codec_context.sample_aspect_ratio = Fraction(4, 3)
        text = container.add_mux_stream("subrip")
        text.metadata["language"] = "deu"
        container.add_attachment("font.ttf", "application/x-truetype-font", b"\x00\x01 not a font")
        spans = [(0, 200, "One"), (200, 480, "Two")]
        base = Fraction(1, 1000)
        container.set_chapters(
            [
                {"id": i, "start": a, "end": b, "time_base": base, "metadata": {"title": name}}
                for i, (a, b, name) in enumerate(spans)
            ]
        )

        def before(opened: Any) -> None:
            opened.mux([making.packet(data, text, at, length, base) for at, length, data in lines])

        return before

    making.write(source, sounds=2, seconds=4.0, dress=dress)
    report = _embed(source, target, key)
    assert report.left_out == ()
    assert making.packets(target, "subtitle") == making.packets(source, "subtitle") != []
    with av.open(str(source)) as old, av.open(str(target)) as new:
        assert [stream.type for stream in new.streams] == [stream.type for stream in old.streams]
        assert new.chapters() == old.chapters()
        assert len(new.chapters()) == 2
        assert new.metadata["title"] == "Título"
        assert new.metadata["TIMECODE"] == "10:00:00:00"
        kept = [stream for stream in new.streams if stream.type == "attachment"]
        assert [(one.metadata["filename"], one.data) for one in kept] == [
            ("font.ttf", b"\x00\x01 not a font")
        ]
        assert new.streams.subtitles[0].metadata["language"] == "deu"
        assert new.streams.video[0].sample_aspect_ratio == Fraction(4, 3)
    for track in (0, 1):
        assert _heard(target, track, tmp_path, key) == f"{MARK_ID:016x}"


def _heard(path: Path, track: int, folder: Path, key: bytes) -> str | None:
    alone = folder / f"track{track}.mka"
    with av.open(str(path)) as source, av.open(str(alone), "w") as container:
        stream = source.streams.audio[track]
        made = container.add_stream_from_template(stream)
        for one in source.demux(stream):
            if one.dts is not None:
                one.stream = made
                container.mux(one)
    return detect_file(alone, key=key, layers=["audio"], search=False).payload


def test_a_master_keeps_its_timecode_and_chapters_once(tmp_path: Path, key: bytes) -> None:
    def dress(container: Any, video: Any) -> None:
        container.metadata["timecode"] = "01:02:03:04"
        spans = [(0, 200, "One"), (200, 480, "Two")]
        container.set_chapters(
            [
                {"id": i, "start": a, "end": b, "time_base": Fraction(1, 1000), "metadata": {"title": name}}
                for i, (a, b, name) in enumerate(spans)
            ]
        )

    source = making.write(
        tmp_path / "in.mov",
        codec="prores_ks",
        form="yuv422p10le",
        sounds=1,
        sound_codec="pcm_s24le",
        dress=dress,
    )
    _embed(source, tmp_path / "out.mov", key)
    seen = []
    for name in ("in.mov", "out.mov"):
        with av.open(str(tmp_path / name)) as container:
            codes = [one.metadata.get("timecode") for one in container.streams if one.type == "data"]
            titles = [chapter["metadata"]["title"] for chapter in container.chapters()]
            sound = container.streams.audio[0].codec_context.name
            seen.append((codes, titles, sound, len(container.streams)))
    assert seen[0] == seen[1]
    assert "01:02:03:04" in seen[0][0]


def test_what_the_container_cannot_hold_is_named(tmp_path: Path, key: bytes) -> None:
    def dress(container: Any, video: Any) -> Any:
        text = container.add_mux_stream("subrip")
        return lambda opened: opened.mux(making.packet(b"Hello", text, 40, 100, Fraction(1, 1000)))

    source = making.write(tmp_path / "in.mkv", dress=dress)
    report = _embed(source, tmp_path / "out.mp4", key)
    assert [entry.split()[0] for entry in report.left_out] == ["subtitle"]


def test_uneven_times_and_a_late_start_come_back_exactly(tmp_path: Path, key: bytes) -> None:
    times = [5000, 5400, 5900, 6000, 6800, 7600, 8000, 8333, 9001, 9002, 9900, 12_000]
    for suffix in (".mp4", ".mkv"):
        base = Fraction(1, 12_800) if suffix == ".mp4" else Fraction(1, 1000)
        source = making.write(tmp_path / f"in{suffix}", times=times, base=base, options={"bf": "2"})
        _embed(source, tmp_path / f"out{suffix}", key)
        before = [frame.pts * frame.time_base for frame in making.decoded(source)]
        after = [frame.pts * frame.time_base for frame in making.decoded(tmp_path / f"out{suffix}")]
        assert after == before
        assert len(set(before)) == 12


@pytest.mark.parametrize(
    ("encoder", "form", "suffix"),
    [
        ("libx264", "yuv420p", ".mp4"),
        ("prores_ks", "yuv422p10le", ".mkv"),
        ("ffv1", "gbrp10le", ".mkv"),
        ("libx265", "yuv420p12le", ".mp4"),
    ],
)
def test_lossless_changes_nothing_but_by_the_mark(
    encoder: str, form: str, suffix: str, tmp_path: Path, key: bytes
) -> None:
    """Where nothing can be hidden, in black, every bit comes back."""

    def blacken(frame: av.VideoFrame) -> None:
        dark = 0 if form.startswith("gbr") else 16 << (0 if frame.format.components[0].bits == 8 else 2)
        for plane in planes_of(frame) if form.startswith("gbr") else planes_of(frame)[:1]:
            plane[:60] = dark

    source = making.write(
        tmp_path / f"in{suffix}",
        codec=encoder,
        form=form,
        count=3,
        options=QUIET.get(encoder),
        change=blacken,
    )
    target = tmp_path / f"out{suffix}"
    _embed(source, target, key, lossless=True)
    for before, after in zip(making.decoded(source), making.decoded(target), strict=True):
        assert after.format.name == before.format.name
        old, new = planes_of(before), planes_of(after)
        assert np.array_equal(old[0][:40], new[0][:40])
        changed = np.abs(new[0][80:].astype(int) - old[0][80:])
        assert 0 < changed.max() <= 12 << (before.format.components[0].bits - 8)


def test_quality_crf_and_codec_are_the_callers_choice(tmp_path: Path, key: bytes) -> None:
    source = making.write(tmp_path / "in.mp4", count=6, options={"crf": "4"})
    measured = {}
    for name, given in {
        "transparent": {},
        "compact": {"quality": "compact"},
        "crf": {"crf": 30},
        "av1": {"codec": "av1"},
    }.items():
        _embed(source, tmp_path / f"{name}.mp4", key, **given)
        measured[name] = making.luma_psnr(source, tmp_path / f"{name}.mp4")
    assert measured["transparent"] > measured["compact"] + 1.0 > measured["crf"] + 2.0
    with av.open(str(tmp_path / "av1.mp4")) as container:
        assert container.streams.video[0].codec_context.name == "libdav1d"
    for given in ({"codec": "cinepak"}, {"codec": "prores"}, {"codec": "av1", "lossless": True}, {"crf": 60}):
        with pytest.raises(MediaError) as refused:
            _embed(source, tmp_path / "no.mp4", key, **given)
        assert refused.value.reason is MediaReason.MEDIA_UNSUPPORTED
    assert not (tmp_path / "no.mp4").exists()


def test_the_command_offers_what_there_is() -> None:
    assert set(engine.CODECS) == set(codecs.CODECS)
    assert tuple(codecs.Quality) == engine.QUALITIES


def test_a_squeezed_picture_is_marked_as_it_is_shown(tmp_path: Path, key: bytes, film: MarkedFilm) -> None:
    """Anamorphic pictures are unsqueezed on the way: the tile is square to the eye, not to the file."""
    source, target, square = (tmp_path / name for name in ("in.mp4", "out.mp4", "square.mp4"))
    _rewrite(film.plain, source, (480, 360), Fraction(4, 3))
    _embed(source, target, key)
    _rewrite(target, square, (640, 360), None)
    for path in (target, square):
        found = detect_file(path, key=key, layers=["pixel"], search=False)
        assert found.payload == f"{MARK_ID:016x}"


def _rewrite(source: Path, target: Path, size: tuple[int, int], aspect: Fraction | None) -> None:
    with av.open(str(target), "w") as container:
        video = container.add_stream("libx264", rate=24, options={"crf": "14", "preset": "veryfast"})
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        if aspect:
            video.codec_context.sample_aspect_ratio = aspect
        for index, frame in enumerate(making.decoded(source)):
            if index == 24:
                break
            small = frame.reformat(*size)
            small.pts, small.time_base, small.pict_type = index, Fraction(1, 24), 0
            container.mux(video.encode(small))
        container.mux(video.encode(None))
