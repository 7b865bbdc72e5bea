"""The fragile mark: whole while untouched, broken where touched, and another key's is not ours."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from tests.watermarking import media
from tests.watermarking.conftest import SECRET
from watermarking.cli import main
from watermarking.errors import MediaError
from watermarking.keys import ENVIRONMENT, mark_key
from watermarking.sealing import SealRefused, check_file, seal_file
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


def test_films_are_sealed_frame_by_frame_and_a_missing_frame_is_told(demo_clip: Path, tmp_path: Path) -> None:
    small = tmp_path / "small.mp4"
    frames = (one.reformat(width=160, height=96) for one in list(media.pictures_of(
        media.cut(demo_clip, tmp_path / "cut.mp4", first_frame=620, frames=5))))  # fmt: skip
    media.write_film(small, frames, media.melody(0.3, 48_000, seed=1), 48_000)
    target = tmp_path / "sealed.mkv"
    report = seal_file(small, target, key=KEY)
    assert (report.status, report.frames, report.order) == ("intact", 5, True)
    with av.open(str(target)) as container:
        assert [one.type for one in container.streams] == ["video", "audio"]
    # the third frame goes, losslessly
    with av.open(str(target)) as reading, av.open(str(tmp_path / "short.mkv"), "w") as writing:
        made = writing.add_stream_from_template(reading.streams.video[0])
        for number, packet in enumerate(reading.demux(video=0)):
            if packet.dts is not None and number != 2:
                packet.stream = made
                writing.mux(packet)
    short = check_file(tmp_path / "short.mkv", key=KEY)
    assert (short.status, short.order, short.whole) == ("edited", False, short.blocks)
    # and lossy encoding leaves nothing
    media.recode(target, tmp_path / "lossy.mp4", crf=16)
    assert check_file(tmp_path / "lossy.mp4", key=KEY).status == "absent"


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
