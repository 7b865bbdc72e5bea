"""Marked films: found after what happens to films, alone in each layer, and never found by chance."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from tests.watermarking import media
from tests.watermarking.conftest import MARK_ID, MarkedFilm
from watermarking.engine import detect_file, embed_file
from watermarking.errors import MediaError, MediaReason
from watermarking.media.frames import planes_of


@pytest.mark.req("ST-034")
def test_both_layers_carry_one_id_and_a_missing_layer_is_not_claimed(film: MarkedFilm) -> None:
    assert film.report.is_verified
    found = detect_file(film.marked, key=film.key)
    assert found.status == "present"
    assert {name: layer and layer.payload for name, layer in found.layers.items()} == {
        "pixel": film.payload,
        "audio": film.payload,
    }
    unmarked = detect_file(film.plain, key=film.key, search=False)
    assert [layer and layer.payload for layer in unmarked.layers.values()] == [None, None]


@pytest.mark.req("ST-035")
@pytest.mark.req("LV-033")
@pytest.mark.parametrize("layer", ["pixel", "audio"])
def test_each_layer_alone_leads_home_from_a_stripped_half_size_copy(
    layer: str, film: MarkedFilm, stripped: Path, other_key: bytes
) -> None:
    found = detect_file(stripped, key=film.key, layers=[layer], search=False)
    assert (found.status, found.payload, found.method) == ("present", film.payload, "blind")
    assert found.p_value <= 1e-9
    assert [one["name"] for one in found.as_dict()["segments"][0]["variants"]] == ["original"]
    other = "audio" if layer == "pixel" else "pixel"
    assert found.layers[other] is None
    stranger = detect_file(stripped, key=other_key, layers=[layer], search=False)
    assert (stranger.status, stranger.payload, stranger.confidence) == ("absent", None, 0.0)


@pytest.mark.req("LV-101")
@pytest.mark.req("LV-186")
@pytest.mark.req("LV-187")
@pytest.mark.parametrize(
    ("work", "size", "crop"),
    [
        (media.cropped(0.8), (1144, 644), 0.8),
        (media.cropped(0.5), (904, 508), 0.5),
        (media.mirrored, (1280, 720), None),
    ],
    ids=["crop80", "crop50", "mirror"],
)
def test_pixels_are_found_again_after_a_change_of_geometry(
    work: media.FrameWork, size: tuple[int, int], crop: float | None, film: MarkedFilm, tmp_path: Path
) -> None:
    changed = media.recode(film.marked, tmp_path / "changed.mp4", crf=28, size=size, work=work)
    found = detect_file(changed, key=film.key, layers=["pixel"])
    assert found.payload == film.payload
    layer = found.layers["pixel"]
    assert layer is not None
    assert layer.geometry != "identity"
    told = found.as_dict()
    assert [one["name"] for one in told["segments"][0]["variants"]] == [f"normalised: {layer.geometry}"]
    assert told["layers"]["pixel"]["transformation"].get("crop") == (crop and pytest.approx(crop, abs=0.05))
    if crop == 0.5:  # as it is, it is not read: the normalised form was needed
        assert detect_file(changed, key=film.key, layers=["pixel"], search=False).payload is None


@pytest.mark.req("BX-016")
def test_search_over_geometry_and_tempo_claims_nothing_that_is_not_there(
    film: MarkedFilm, other_key: bytes
) -> None:
    for path, key in ((film.plain, film.key), (film.marked, other_key)):
        found = detect_file(path, key=key, candidates=[1, 2, MARK_ID])
        assert (found.status, found.payload) == ("absent", None)
        assert found.p_value > 1e-6


def test_an_id_that_differs_in_one_bit_is_not_mistaken_for_the_registered_one(
    film: MarkedFilm, stripped: Path
) -> None:
    neighbours = [MARK_ID ^ 1 << bit for bit in range(64)]
    found = detect_file(stripped, key=film.key, candidates=neighbours, search=False)
    assert found.payload == film.payload


def test_black_and_silence_are_reported_as_not_markable(tmp_path: Path, key: bytes) -> None:
    black = np.zeros((540, 480), np.uint8)
    black[:360], black[360:] = 16, 128
    frames = (av.VideoFrame.from_ndarray(black, format="yuv420p") for _ in range(48))
    media.write_film(tmp_path / "in.mp4", frames, np.zeros((2, 96_000), np.float32), 48_000)
    report = embed_file(tmp_path / "in.mp4", tmp_path / "out.mp4", mark_id=5, key=key, verify=True)
    assert {name: (one.status, one.reason, one.verified) for name, one in report.layers.items()} == {
        "pixel": ("not_markable", "DARK", None),
        "audio": ("not_markable", "SILENT", None),
    }
    assert not report.is_verified
    found = detect_file(tmp_path / "out.mp4", key=key)
    assert (found.status, found.payload) == ("absent", None)


def test_rate_duration_and_timestamps_pass_through(film: MarkedFilm) -> None:
    with av.open(str(film.plain)) as before, av.open(str(film.marked)) as after:
        old, new = before.streams.video[0], after.streams.video[0]
        assert (new.average_rate, new.frames) == (old.average_rate, old.frames) == (Fraction(24), 144)
        assert after.duration == pytest.approx(before.duration, abs=30_000)
        assert after.streams.audio[0].rate == before.streams.audio[0].rate
        seen = [frame.time for frame in after.decode(video=0)]
        assert seen == pytest.approx([frame.time for frame in before.decode(video=0)])


def test_colour_tags_and_uneven_timestamps_pass_through(tmp_path: Path, key: bytes) -> None:
    source, times = tmp_path / "in.mkv", [0, 40, 90, 100, 180, 260, 300, 333]
    with av.open(str(source), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        context = stream.codec_context
        context.time_base, context.color_range = Fraction(1, 1000), 1
        context.color_primaries, context.color_trc, context.colorspace = 1, 1, 1
        draw = np.random.default_rng(1)
        for time in times:
            frame = av.VideoFrame.from_ndarray(draw.integers(40, 200, (270, 320), np.uint8), format="yuv420p")
            frame.pts, frame.time_base = time, Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    embed_file(source, tmp_path / "out.mkv", mark_id=5, key=key)
    with av.open(str(tmp_path / "out.mkv")) as marked:
        context = marked.streams.video[0].codec_context
        tags = (context.color_range, context.color_primaries, context.color_trc, context.colorspace)
        assert tags == (1, 1, 1, 1)
        assert [round((frame.time or 0) * 1000) for frame in marked.decode(video=0)] == times


def test_lossless_copies_keep_the_mark_and_nothing_else_changes_but_by_it(
    film: MarkedFilm, tmp_path: Path
) -> None:
    target = tmp_path / "master.mkv"
    short = media.cut(film.plain, tmp_path / "short.mp4", first_frame=0, frames=24)
    embed_file(short, target, mark_id=MARK_ID, key=film.key, lossless=True)
    errors = [
        np.square(planes_of(a)[0].astype(float) - planes_of(b)[0]).mean()
        for a, b in zip(media.pictures_of(short), media.pictures_of(target), strict=True)
    ]
    assert 10 * np.log10(255**2 / np.mean(errors)) >= 48.0


@pytest.mark.parametrize("suffix", [".png", ".jpg"])
def test_stills_carry_the_mark(suffix: str, film: MarkedFilm, tmp_path: Path, other_key: bytes) -> None:
    frame = next(media.pictures_of(film.plain)).to_ndarray(format="rgb24")
    Image.fromarray(frame).save(tmp_path / f"in{suffix}")
    report = embed_file(
        tmp_path / f"in{suffix}", tmp_path / f"out{suffix}", mark_id=MARK_ID, key=film.key, verify=True
    )
    assert report.is_verified
    assert report.layers["audio"].status == "missing"
    Image.open(tmp_path / f"out{suffix}").convert("RGB").save(tmp_path / "again.jpg", quality=60)
    assert detect_file(tmp_path / "again.jpg", key=film.key).payload == film.payload
    assert detect_file(tmp_path / "again.jpg", key=other_key, search=False).payload is None


def test_broken_media_are_refused_with_a_code_and_leave_nothing_behind(
    film: MarkedFilm, tmp_path: Path
) -> None:
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(film.plain.read_bytes()[:20_000])
    target = tmp_path / "out.mp4"
    with pytest.raises(MediaError) as refused:
        embed_file(bad, target, mark_id=5, key=film.key)
    assert refused.value.reason is MediaReason.MEDIA_UNREADABLE
    with pytest.raises(MediaError) as missing:
        detect_file(tmp_path / "none.mp4", key=film.key)
    assert missing.value.reason is MediaReason.MEDIA_MISSING
    with pytest.raises(MediaError) as unknown:
        embed_file(film.plain, tmp_path / "out.xyz", mark_id=5, key=film.key)
    assert unknown.value.reason is MediaReason.MEDIA_UNSUPPORTED
    assert [path.name for path in tmp_path.iterdir()] == ["bad.mp4"]


def test_a_copy_damaged_on_the_way_is_still_evidence(
    film: MarkedFilm, stripped: Path, tmp_path: Path
) -> None:
    data = bytearray(stripped.read_bytes())
    start = data.index(b"mdat") + 2_000
    data[start + 40_000 : start + 48_000] = bytes(8_000)
    (tmp_path / "hurt.mp4").write_bytes(data)
    found = detect_file(tmp_path / "hurt.mp4", key=film.key, layers=["audio"], search=False)
    assert found.payload == film.payload
    with pytest.raises(MediaError):
        embed_file(tmp_path / "hurt.mp4", tmp_path / "out.mp4", mark_id=5, key=film.key)
    assert not (tmp_path / "out.mp4").exists()


def test_a_mark_id_has_64_bits_and_layers_have_names(film: MarkedFilm, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="64 bits"):
        embed_file(film.plain, tmp_path / "out.mp4", mark_id=1 << 64, key=film.key)
    with pytest.raises(ValueError, match="layers are"):
        detect_file(film.plain, key=film.key, layers=["smell"])
