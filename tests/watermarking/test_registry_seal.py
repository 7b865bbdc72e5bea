"""The fragile mark: whole while untouched, broken where touched, and another key's is not ours."""

from __future__ import annotations

import json
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from av.video.frame import VideoFrame
from PIL import Image

from tests.watermarking import media
from tests.watermarking.conftest import SECRET
from watermarking.cli import main
from watermarking.errors import MediaError
from watermarking.keys import ENVIRONMENT, mark_key
from watermarking.sealing import SealRefused, SealReport, check_file, seal_file
from watermarking.signal.fragile import BLOCK, SealMark, read_seal, seal_planes

KEY, OTHER = mark_key(SECRET), mark_key(SECRET, "2")


def noise(height: int, width: int, seed: int, dtype: type = np.uint8) -> np.ndarray:
    top = np.iinfo(dtype).max
    return np.random.default_rng(seed).integers(0, top, (height, width), dtype=dtype, endpoint=True)


@pytest.fixture(scope="module")
def picture(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A frame of the film, 400x300."""
    path = tmp_path_factory.mktemp("seal") / "in.png"
    cut = media.cut(demo_clip, path.with_suffix(".mp4"), first_frame=620, frames=1)
    media.save_still(cut, path)
    Image.open(path).resize((400, 300)).save(path)
    return path


@pytest.fixture
def sealed(picture: Path, tmp_path: Path) -> Path:
    seal_file(picture, tmp_path / "sealed.png", key=KEY)
    return tmp_path / "sealed.png"


@pytest.mark.req("LV-034")
def test_an_untouched_picture_is_whole_and_an_edit_is_found_where_it_is(
    picture: Path, sealed: Path, tmp_path: Path
) -> None:
    report = check_file(sealed, key=KEY)
    assert (report.status, report.regions, report.whole) == ("intact", (), report.blocks)
    assert (report.false_alarm, report.miss) == (0.0, 2.0**-64)
    plain, marked = (np.asarray(Image.open(one)).astype(int) for one in (picture, sealed))
    assert np.abs(marked - plain).max() == 1
    psnr = 10 * np.log10(255**2 / np.square(marked - plain).mean())
    assert psnr > 57.0
    # one level of one sample in one block
    values = np.asarray(Image.open(sealed)).copy()
    values[100, 203, 0] ^= 4
    Image.fromarray(values).save(tmp_path / "edited.png")
    edited = check_file(tmp_path / "edited.png", key=KEY)
    assert edited.status == "edited"
    assert [(one.x, one.y, one.width, one.height) for one in edited.regions] == [(192, 96, BLOCK, BLOCK)]
    assert edited.whole == edited.blocks - 1
    # a face painted over
    values[64:150, 32:101] = 200
    Image.fromarray(values).save(tmp_path / "painted.png")
    boxes = {
        (one.x, one.y, one.width, one.height) for one in check_file(tmp_path / "painted.png", key=KEY).regions
    }
    assert (32, 64, 80, 96) in boxes


@pytest.mark.req("LV-034")
def test_another_key_did_not_seal_it_and_re_encoding_leaves_nothing_of_it(
    picture: Path, sealed: Path, tmp_path: Path
) -> None:
    assert check_file(sealed, key=OTHER).status == "foreign"
    assert check_file(picture, key=KEY).status == "absent"
    Image.open(sealed).save(tmp_path / "again.jpg", quality=98)
    report = check_file(tmp_path / "again.jpg", key=KEY)
    assert (report.status, report.whole) == ("absent", 0)
    assert "re-encoding" in report.detail


def test_blocks_that_were_swapped_or_come_from_another_picture_are_seen() -> None:
    planes = [noise(64, 96, 1)]
    sealed = seal_planes(planes, SealMark(7), key=KEY)[0]
    assert read_seal([sealed], key=KEY).whole.all()
    swapped = sealed.copy()
    swapped[:16, :16], swapped[16:32, 16:32] = sealed[16:32, 16:32], sealed[:16, :16]
    assert np.argwhere(~read_seal([swapped], key=KEY).whole).tolist() == [[0, 0], [1, 1]]
    # the same place of the same scene, sealed as another picture
    other = seal_planes(planes, SealMark(8), key=KEY)[0]
    spliced = sealed.copy()
    spliced[32:48, 32:48] = other[32:48, 32:48]
    reading = read_seal([spliced], key=KEY)
    assert reading.mark == SealMark(7)
    assert np.argwhere(~reading.whole).tolist() == [[2, 2]]
    # cut off at a block's edge: the new edge was none
    cut = read_seal([sealed[:48]], key=KEY).whole
    assert cut[:2].all()
    assert not cut[2].any()


@pytest.mark.parametrize("shape", [(16, 16), (31, 47), (33, 50)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_every_bit_of_every_plane_is_under_the_seal(shape: tuple[int, int], dtype: type) -> None:
    chroma = tuple((side + 1) // 2 for side in shape)
    planes = [noise(*shape, 2, dtype), noise(*chroma, 3, dtype), noise(*chroma, 4, dtype)]
    sealed = seal_planes(planes, SealMark(5, 9), key=KEY)
    assert read_seal(sealed, key=KEY).mark == SealMark(5, 9)
    last = seal_planes(planes, SealMark(5, 9, last=True), key=KEY)
    assert read_seal(last, key=KEY).mark == SealMark(5, 9, last=True)
    with pytest.raises(ValueError, match="31 bits"):
        seal_planes(planes, SealMark(5, 1 << 31), key=KEY)
    draw = np.random.default_rng(6)
    for plane in range(3):
        for _ in range(40):
            touched = [one.copy() for one in sealed]
            row, column = (int(draw.integers(side)) for side in touched[plane].shape)
            touched[plane][row, column] ^= dtype(1 << int(draw.integers(8 * np.dtype(dtype).itemsize)))
            assert int((~read_seal(touched, key=KEY).whole).sum()) == 1


def test_masters_of_sixteen_bits_and_with_alpha_are_sealed(tmp_path: Path) -> None:
    import OpenImageIO

    deep = np.stack([noise(40, 56, n, np.uint16) for n in range(4)], -1)
    output = OpenImageIO.ImageOutput.create(str(tmp_path / "deep.tif"))
    spec = OpenImageIO.ImageSpec(56, 40, 4, "uint16")
    spec.attribute("oiio:UnassociatedAlpha", 1)
    output.open(str(tmp_path / "deep.tif"), spec)
    output.write_image(deep)
    output.close()
    for suffix in (".tif", ".png"):
        target = tmp_path / f"sealed{suffix}"
        assert seal_file(tmp_path / "deep.tif", target, key=KEY).status == "intact"
        asked = OpenImageIO.ImageSpec()
        asked.attribute("oiio:UnassociatedAlpha", 1)
        read = OpenImageIO.ImageInput.open(str(target), asked).read_image("uint16")
        assert np.abs(read.astype(int) - deep).max() == 1
        assert np.array_equal(read[..., [0, 1, 3]], deep[..., [0, 1, 3]])


@pytest.fixture(scope="module")
def sealed_film(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five frames of 160x96, and sound."""
    folder = tmp_path_factory.mktemp("seal-film")
    cut = media.cut(demo_clip, folder / "cut.mp4", first_frame=620, frames=5)
    frames = [one.reformat(width=160, height=96) for one in media.pictures_of(cut)]
    media.write_film(folder / "small.mp4", iter(frames), media.melody(0.3, 48_000, seed=1), 48_000)
    seal_file(folder / "small.mp4", folder / "sealed.mkv", key=KEY)
    return folder / "sealed.mkv"


def rearranged(film: Path, target: Path, frames: Sequence[int]) -> Path:
    """The frames of these numbers, in this order, losslessly: their very packets."""
    with av.open(str(film)) as reading, av.open(str(target), "w") as writing:
        made = writing.add_stream_from_template(reading.streams.video[0])
        packets = [bytes(packet) for packet in reading.demux(video=0) if packet.dts is not None]
        for number, frame in enumerate(frames):
            packet = av.Packet(packets[frame])
            packet.stream, packet.time_base, packet.is_keyframe = made, Fraction(1, 24), True
            packet.pts = packet.dts = number
            writing.mux(packet)
    return target


@pytest.mark.req("LV-034")
@pytest.mark.parametrize(
    ("frames", "detail"),
    [
        ([1, 2, 3, 4], "the beginning is missing"),
        ([0, 1, 2, 3], "the end is missing"),
        ([0], "the end is missing"),
        ([2, 3], "the beginning is missing; the end is missing"),
        ([0, 1, 3, 4], "frames are missing, doubled or moved"),
        ([0, 1, 1, 2, 3, 4], "frames are missing, doubled or moved"),
        ([0, 2, 1, 3, 4], "frames are missing, doubled or moved"),
        ([0, 1, 2, 3, 4, 4], "frames are missing, doubled or moved"),
    ],
)
def test_a_film_whose_frames_are_not_all_there_is_not_intact_though_each_of_them_is(
    frames: list[int], detail: str, sealed_film: Path, tmp_path: Path
) -> None:
    report = check_file(rearranged(sealed_film, tmp_path / "cut.mkv", frames), key=KEY)
    assert (report.status, report.order, report.detail) == ("edited", False, detail)
    assert (report.frames, report.whole, report.regions) == (len(frames), report.blocks, ())


@pytest.mark.req("LV-034")
def test_films_are_sealed_frame_by_frame_and_a_changed_frame_is_told(
    sealed_film: Path, tmp_path: Path
) -> None:
    report = check_file(sealed_film, key=KEY)
    assert (report.status, report.frames, report.order, report.regions) == ("intact", 5, True, ())
    with av.open(str(sealed_film)) as container:
        assert [one.type for one in container.streams] == ["video", "audio"]
    same = check_file(rearranged(sealed_film, tmp_path / "same.mkv", range(5)), key=KEY)
    assert (same.status, same.order, same.picture_id) == ("intact", True, report.picture_id)
    # one sample of one frame, whichever, by one level; or all of a frame
    for changed in (0, 2, 4):
        assert {(one.frame, one.x, one.y) for one in touched(sealed_film, tmp_path, changed, 1).regions} == {
            (changed, 32, 16)
        }
        painted = touched(sealed_film, tmp_path, changed, 96)
        assert (painted.status, painted.order) == ("edited", False)
        assert painted.detail.endswith("; whole frames were changed")
    # and lossy encoding leaves nothing
    media.recode(sealed_film, tmp_path / "lossy.mp4", crf=16)
    assert check_file(tmp_path / "lossy.mp4", key=KEY).status == "absent"


def touched(film: Path, folder: Path, changed: int, rows: int) -> SealReport:
    """What is left of the seal when a frame's luma is changed by one level, in one sample or in many rows."""
    target = folder / f"touched-{changed}-{rows}.mkv"
    with av.open(str(film)) as reading, av.open(str(target), "w") as writing:
        video = reading.streams.video[0]
        made = writing.add_stream("ffv1", rate=24, options={"level": "3", "g": "1"})
        made.width, made.height, made.pix_fmt = video.width, video.height, video.format.name
        for number, frame in enumerate(reading.decode(video=0)):
            values = frame.to_ndarray()
            if number == changed:
                values[(slice(rows), slice(None)) if rows > 1 else (20, 41)] ^= 1
            again = VideoFrame.from_ndarray(values, format=video.format.name)
            again.pts = number
            writing.mux(made.encode(again))
        writing.mux(made.encode(None))
    return check_file(target, key=KEY)


def test_what_would_lose_the_seal_is_refused_with_a_code(picture: Path, tmp_path: Path) -> None:
    for name in ("out.jpg", "out.mp4", "out"):
        with pytest.raises(SealRefused) as refused:
            seal_file(picture, tmp_path / name, key=KEY)
        assert refused.value.code == "SEAL_NEEDS_LOSSLESS"
    Image.fromarray(noise(8, 40, 1)).save(tmp_path / "tiny.png")
    with pytest.raises(SealRefused) as refused:
        seal_file(tmp_path / "tiny.png", tmp_path / "out.png", key=KEY)
    assert refused.value.code == "SEAL_UNSUPPORTED"
    (tmp_path / "bad.png").write_bytes(b"no picture")
    for source in ("bad.png", "missing.png"):
        with pytest.raises(MediaError):
            seal_file(tmp_path / source, tmp_path / "out.png", key=KEY)
    assert not list(tmp_path.glob("*out*"))


def test_the_commands_seal_and_check(
    picture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())

    def run(*given: Any) -> tuple[int, dict[str, Any]]:
        code = main([str(one) for one in given])
        return code, json.loads(capsys.readouterr().out.splitlines()[-1])

    target = tmp_path / "out.png"
    assert run("seal", picture, target)[1]["scheme"] == "trustmark.seal"
    assert run("check-seal", target, "--json")[0] == 0
    values = np.asarray(Image.open(target)).copy()
    values[:10, :10] = 0
    Image.fromarray(values).save(target)
    code, answer = run("check-seal", target)
    assert (code, answer["status"], answer["regions"][0]["width"]) == (4, "edited", 16)
    code, answer = run("seal", picture, tmp_path / "out.jpg")
    assert (code, answer["code"]) == (1, "SEAL_NEEDS_LOSSLESS")
    assert run("seal", picture, picture)[1]["code"] == "SAME_FILE"
