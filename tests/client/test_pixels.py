"""The two hashes of a frame: equal pictures agree as pixels, whatever else their files say."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image, ImageFile, PngImagePlugin
from trustmark_client import hashing
from trustmark_client.errors import PixelsUnreadable
from trustmark_client.hashing import Hashes, hashed
from trustmark_client.pixels import both_sha256, file_sha256, pixel_sha256, samples_sha256


def picture(mode: str = "RGB", seed: int = 7) -> Image.Image:
    channels = len(mode)
    samples = np.random.default_rng(seed).integers(0, 256, (36, 64, channels), dtype=np.uint8)
    return Image.fromarray(samples.squeeze(), mode=None)


@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_metadata_and_compression_change_the_file_and_not_the_pixels(tmp_path: Path, mode: str) -> None:
    image = picture(mode)
    note = PngImagePlugin.PngInfo()
    note.add_text("Render time", "12.3 s on node 7")
    image.save(tmp_path / "a.png")
    image.save(tmp_path / "b.png", pnginfo=note, compress_level=1)
    assert file_sha256(tmp_path / "a.png") != file_sha256(tmp_path / "b.png")
    assert pixel_sha256(tmp_path / "a.png") == pixel_sha256(tmp_path / "b.png")


def test_one_bit_of_one_sample_changes_the_pixel_hash(tmp_path: Path) -> None:
    samples = np.array(picture())
    Image.fromarray(samples).save(tmp_path / "a.png")
    samples[10, 10, 1] ^= 1
    Image.fromarray(samples).save(tmp_path / "b.png")
    assert pixel_sha256(tmp_path / "a.png") != pixel_sha256(tmp_path / "b.png")


def test_png_and_tiff_of_the_same_picture_agree(tmp_path: Path) -> None:
    picture().save(tmp_path / "a.png")
    picture().save(tmp_path / "a.tiff")
    assert pixel_sha256(tmp_path / "a.png") == pixel_sha256(tmp_path / "a.tiff")


def test_the_hash_is_that_of_the_documented_bytes(tmp_path: Path) -> None:
    image = picture()
    image.save(tmp_path / "a.png")
    documented = b"trustmark-pixels/1 36 64 3 uint8\n" + np.array(image).tobytes()
    assert pixel_sha256(tmp_path / "a.png") == hashlib.sha256(documented).hexdigest()


@pytest.mark.parametrize("width", [1, 17, 33, 319])
@pytest.mark.parametrize("mode", ["L", "RGB", "RGBA"])
def test_rows_with_room_behind_them_are_hashed_without_it(tmp_path: Path, mode: str, width: int) -> None:
    image = Image.frombytes(mode, (width, 9), os.urandom(width * 9 * len(mode)))
    image.save(tmp_path / "odd.png")
    shape = (9, width, len(mode))
    assert pixel_sha256(tmp_path / "odd.png") == samples_sha256(image.tobytes(), shape=shape, dtype="uint8")


def test_pictures_of_eight_bits_are_hashed_without_numpy(tmp_path: Path) -> None:
    Image.new("RGB", (32, 18), (1, 2, 3)).save(tmp_path / "one.png")
    code = (
        "import sys; from pathlib import Path; from trustmark_client.pixels import load_decoders, pixel_sha256\n"
        "load_decoders(); assert 'av' in sys.modules; print(pixel_sha256(Path(sys.argv[1])), 'numpy' in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path / "one.png")], capture_output=True, text=True, check=False
    )
    assert done.stdout.split() == [pixel_sha256(tmp_path / "one.png"), "False"], done.stderr


def test_shape_is_part_of_the_hash() -> None:
    samples = bytes(24)
    wide = samples_sha256(samples, shape=(2, 4, 3), dtype="uint8")
    assert wide != samples_sha256(samples, shape=(4, 2, 3), dtype="uint8")


def test_sixteen_bits_are_hashed_as_sixteen_bits(tmp_path: Path) -> None:
    samples = np.random.default_rng(3).integers(0, 65536, (36, 64, 3), dtype=np.uint16)
    path = tmp_path / "deep.png"
    path.write_bytes(encoded("png", "rgb48be", samples))
    expected = samples_sha256(samples.tobytes(), shape=(36, 64, 3), dtype="uint16")
    assert pixel_sha256(path) == expected


def test_float_pictures_are_hashed_as_floats(tmp_path: Path) -> None:
    samples = np.random.default_rng(3).random((36, 64, 3), dtype=np.float32) * 4
    path = tmp_path / "linear.exr"
    path.write_bytes(encoded("exr", "gbrpf32le", samples))
    assert pixel_sha256(path) == samples_sha256(samples.tobytes(), shape=(36, 64, 3), dtype="float32")


@pytest.mark.parametrize("name", ["cut.png", "cut.tiff"])
def test_a_file_cut_short_is_refused(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    picture().save(path)
    path.write_bytes(path.read_bytes()[:-1500])
    with pytest.raises(PixelsUnreadable):
        pixel_sha256(path)


def test_a_file_cut_short_is_refused_where_another_library_made_pillow_lenient(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "cut.tiff"
    picture().save(path)
    path.write_bytes(path.read_bytes()[:-1500])
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with pytest.raises(PixelsUnreadable):
        pixel_sha256(path)
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_what_is_no_picture_is_refused(tmp_path: Path) -> None:
    for name in ("empty.png", "text.png", "text.jpg"):
        (tmp_path / name).write_bytes(b"" if name.startswith("empty") else b"not a picture")
        with pytest.raises(PixelsUnreadable):
            pixel_sha256(tmp_path / name)


def test_a_palette_is_refused_rather_than_guessed(tmp_path: Path) -> None:
    picture().convert("P").save(tmp_path / "palette.png")
    with pytest.raises(PixelsUnreadable, match="not hashed"):
        pixel_sha256(tmp_path / "palette.png")


def encoded(codec: str, pixel_format: str, samples: np.ndarray) -> bytes:
    encoder = av.CodecContext.create(codec, "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = samples.shape[1], samples.shape[0], pixel_format
    encoder.time_base = Fraction(1, 24)
    frame = av.VideoFrame.from_ndarray(samples, format=pixel_format)
    return b"".join(bytes(packet) for packet in [*encoder.encode(frame), *encoder.encode(None)])


def test_many_frames_are_hashed_at_once_in_their_order_and_a_file_that_is_no_picture_says_so(
    tmp_path: Path,
) -> None:
    paths = []
    for number in range(12):
        path = tmp_path / f"frame.{number:04d}.{'tif' if number % 2 else 'png'}"
        picture(seed=number).save(path)
        paths.append(path)
    paths[5].write_bytes(b"nonsense")
    asked: list[int] = []

    def given() -> Iterator[Path]:
        for number, path in enumerate(paths):
            asked.append(number)
            yield path

    found = hashed(given(), threads=3)
    first = next(found)
    assert len(asked) == 4, "no more files are in memory than threads"
    rest = [first, *found]
    assert [one.path for one in rest] == paths
    assert [one.file for one in rest] == [file_sha256(path) for path in paths]
    assert {one.path for one in rest if one.unreadable} == {paths[5]}
    assert rest[5].pixels == "0" * 64
    for one in rest:
        if not one.unreadable:
            assert one == Hashes(one.path, file_sha256(one.path), pixel_sha256(one.path))
    with pytest.raises(FileNotFoundError):
        list(hashed([tmp_path / "nothing.png"]))


@pytest.mark.parametrize("ending", ["png", "tif"])
def test_both_hashes_of_one_reading_are_those_of_two_and_no_picture_has_neither(
    tmp_path: Path, ending: str
) -> None:
    path = tmp_path / f"frame.{ending}"
    picture().save(path)
    assert both_sha256(path) == (file_sha256(path), pixel_sha256(path))
    path.write_bytes(b"half a pic")
    with pytest.raises(PixelsUnreadable):
        both_sha256(path)


def test_threads_read_at_the_same_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two files must be in hand at once for either to be finished."""
    both = threading.Barrier(2, timeout=20)
    paths = [tmp_path / "a.png", tmp_path / "b.png"]
    for path in paths:
        picture().save(path)
    read = hashing.both_sha256

    def together(path: Path) -> tuple[str, str]:
        both.wait()
        return read(path)

    monkeypatch.setattr(hashing, "both_sha256", together)
    assert len(list(hashed(paths, threads=2))) == 2
    both.abort()
    with pytest.raises(threading.BrokenBarrierError):
        list(hashed(paths, threads=1))
