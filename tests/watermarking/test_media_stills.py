"""Stills and sequences: depth, light, alpha, channels, parts, windows and words come back as they were."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import av
import numpy as np
import OpenImageIO as oiio  # noqa: N813 (its own documents call it so)
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageCms

from tests.watermarking.conftest import MARK_ID
from watermarking.engine import detect_file, embed_file
from watermarking.errors import MediaError, MediaReason
from watermarking.media import scenelight
from watermarking.media.sequences import find_sequence, frame_path

HEX = f"{MARK_ID:016x}"


@pytest.fixture(scope="module")
def photo(demo_clip: Path) -> NDArray[np.uint8]:
    """A frame of the film, ``[h, w, 3]``."""
    with av.open(str(demo_clip)) as container:
        container.seek(26_000_000)
        small = next(container.decode(video=0)).reformat(768, 432, "rgb24")
    picture: NDArray[np.uint8] = small.to_ndarray()
    return picture


@pytest.fixture(scope="module")
def light(photo: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The same as scene-linear light, up to three times white."""
    share = photo.astype(np.float64) / 255.0
    linear = np.where(share <= 0.04045, share / 12.92, ((share + 0.055) / 1.055) ** 2.4)
    return (linear * 3.0).astype(np.float32)


def _save(path: Path, pixels: NDArray[Any], kind: str | None = None, **given: Any) -> None:
    height, width, channels = pixels.shape
    spec = oiio.ImageSpec(width, height, channels, kind or str(pixels.dtype))
    for name in (
        "channelnames",
        "x",
        "y",
        "full_x",
        "full_y",
        "full_width",
        "full_height",
        "tile_width",
        "tile_height",
    ):
        if name in given:
            setattr(spec, name, given.pop(name))
    kinds = given.pop("channelformats", None)
    if kinds:
        spec.channelformats = [oiio.TypeDesc(one) for one in kinds]
    for name, value in given.items():
        spec.attribute(name.replace("__", ":"), value)
    output = oiio.ImageOutput.create(str(path))
    assert output.open(str(path), spec), output.geterror()
    assert output.write_image(pixels), output.geterror()
    assert output.close()


def _load(path: Path, kind: str = "unknown", part: int = 0) -> tuple[NDArray[Any], Any]:
    asked = oiio.ImageSpec()
    asked.attribute("oiio:UnassociatedAlpha", 1)
    source = oiio.ImageInput.open(str(path), asked)
    source.seek_subimage(part, 0)
    spec = oiio.ImageSpec(source.spec())
    wanted = str(spec.format) if kind == "unknown" else kind
    return source.read_image(part, 0, 0, spec.nchannels, wanted), spec


def _embed(source: Path, target: Path, key: bytes, **given: Any) -> Any:
    return embed_file(source, target, mark_id=MARK_ID, key=key, **given)


def _found(path: Path, key: bytes) -> str | None:
    return detect_file(path, key=key, search=False).payload


@pytest.mark.parametrize(
    ("name", "kind", "given"),
    [
        ("a.png", "uint8", {}),
        ("a.png", "uint16", {}),
        ("a.jpg", "uint8", {"Compression": "jpeg:95"}),
        ("a.tif", "uint8", {"compression": "lzw"}),
        ("a.tif", "uint16", {"compression": "zip", "tile_width": 64, "tile_height": 64}),
        ("a.dpx", "uint16", {"oiio__BitsPerSample": 10}),
        ("a.webp", "uint8", {"Compression": "lossless"}),
    ],
)
def test_a_picture_keeps_its_depth_and_carries_the_mark(
    name: str, kind: str, given: dict[str, Any], photo: NDArray[np.uint8], tmp_path: Path, key: bytes
) -> None:
    fine = np.random.default_rng(3).integers(0, 256, photo.shape)
    pixels = photo if kind == "uint8" else (photo.astype(np.uint16) * 256 + fine.astype(np.uint16))
    source, target = tmp_path / name, tmp_path / f"out{Path(name).suffix}"
    _save(source, pixels, ImageDescription="a day", **given)
    report = _embed(source, target, key)
    assert report.layers["pixel"].status == "embedded"
    (before, old), (after, new) = _load(source), _load(target)
    assert (str(new.format), new.tile_width) == (str(old.format), old.tile_width)
    for attribute in ("oiio:BitsPerSample", "compression", "ImageDescription"):
        if not name.endswith(("jpg", "webp")):
            assert new.getattribute(attribute) == old.getattribute(attribute)
    if kind == "uint16" and not name.endswith("dpx"):
        assert len(np.unique(after % 256)) == 256
    error = np.square((after.astype(float) - before) / np.iinfo(before.dtype).max).mean()
    assert 38.0 < -10 * np.log10(error) < 50.0
    assert _found(target, key) == HEX


@pytest.mark.parametrize("kind", ["half", "float"])
def test_scene_linear_light_is_marked_as_seen_and_comes_back_as_light(
    kind: str, light: NDArray[np.float32], tmp_path: Path, key: bytes, other_key: bytes
) -> None:
    rest = np.dstack([np.linspace(0, 1, light.shape[1])[None].repeat(light.shape[0], 0), light[..., 0] * 9.5])
    pixels = np.dstack([light, rest]).astype(np.float32)
    pixels[3, 4, 0], pixels[5, 6, 1], pixels[7, 8, 2], pixels[9, 10, 0] = np.nan, np.inf, -np.inf, -0.25
    pixels[20:30, 20:30, :3] = 0.0
    pixels[40:50, 40:50, :3] = 40.0
    # as much light as the file can say: it may not become infinite
    pixels[60:70, 60:70, :3] = 65504.0 if kind == "half" else 3.4e38
    source, target = tmp_path / "in.exr", tmp_path / "out.exr"
    _save(source, pixels, kind, channelnames=["R", "G", "B", "A", "Z"], compression="piz", Copyright="me")
    _embed(source, target, key)
    before, (after, new) = _load(source, "float")[0], _load(target, "float")
    assert [str(new.format), new.getattribute("compression"), new.getattribute("Copyright")] == [
        kind,
        "piz",
        "me",
    ]
    assert np.array_equal(before[..., 3:], after[..., 3:])
    colours = (before[..., :3], after[..., :3])
    left = ~np.isfinite(colours[0]) | (colours[0] <= 0.0)
    assert left.sum() > 300
    assert np.array_equal(colours[0][left], colours[1][left], equal_nan=True)
    assert not np.isfinite(after[3, 4, 0])
    assert np.array_equal(np.isfinite(colours[0]), np.isfinite(colours[1]))
    assert np.abs(after[60:70, 60:70, :3] / before[60:70, 60:70, :3] - 1.0).max() < 0.15
    lit = np.isfinite(colours[0]) & (colours[0] > 0.01)
    share = np.abs(colours[1][lit] / colours[0][lit] - 1.0)
    assert 0.001 < np.median(share) < 0.05
    bright = np.abs(after[42:48, 42:48, :3] / 40.0 - 1.0)
    assert bright.max() < 0.12
    assert _found(target, key) == HEX
    assert _found(target, other_key) is None


def test_light_shown_on_a_screen_still_carries_the_mark(
    light: NDArray[np.float32], tmp_path: Path, key: bytes
) -> None:
    """The viewer's own curve and 8 bits lie between: plain sRGB, clipped at white."""
    _save(tmp_path / "in.exr", light / 3.0, "half", channelnames=["R", "G", "B"])
    _embed(tmp_path / "in.exr", tmp_path / "out.exr", key)
    shown = _load(tmp_path / "out.exr", "float")[0].clip(0, 1)
    curved = np.where(shown <= 0.0031308, shown * 12.92, 1.055 * shown ** (1 / 2.4) - 0.055)
    Image.fromarray((curved * 255).round().astype(np.uint8)).save(tmp_path / "shown.jpg", quality=80)
    assert _found(tmp_path / "shown.jpg", key) == HEX


def test_channels_of_other_kinds_and_windows_are_kept(
    light: NDArray[np.float32], tmp_path: Path, key: bytes
) -> None:
    """A cropped window, tiles, and ids of 32 bits beside half floats."""
    height, width = 300, 500
    ids = np.random.default_rng(5).integers(0, 1 << 32, (height, width)).astype(np.float64)
    cut = light[50 : 50 + height, 100 : 100 + width].astype(np.float64)
    pixels = np.dstack([cut, ids / (2.0**32 - 1)])
    _save(
        tmp_path / "in.exr",
        pixels,
        "half",
        channelnames=["R", "G", "B", "id"],
        channelformats=["half", "half", "half", "uint"],
        x=100,
        y=50,
        full_width=768,
        full_height=432,
        tile_width=32,
        tile_height=32,
    )
    _embed(tmp_path / "in.exr", tmp_path / "out.exr", key)
    before, old = _load(tmp_path / "in.exr", "uint32")
    after, new = _load(tmp_path / "out.exr", "uint32")
    assert len(np.unique(before[..., 3])) > 100_000
    assert np.array_equal(before[..., 3], after[..., 3])
    windows = [
        (one.x, one.y, one.width, one.full_x, one.full_width, one.full_height, one.tile_width)
        for one in (old, new)
    ]
    assert windows[0] == windows[1]
    assert [str(one) for one in new.channelformats] == ["half", "half", "half", "uint"]
    assert not np.array_equal(before[..., :3], after[..., :3])


def test_a_window_is_marked_where_it_lies_in_the_picture(
    light: NDArray[np.float32], tmp_path: Path, key: bytes
) -> None:
    """Windows that wander from frame to frame carry one pattern, and an overscan's rim is left alone."""
    rim = np.pad(light, ((8, 8), (16, 16), (0, 0)), mode="edge")
    for name, pixels, x, y in (("over", rim, -16, -8), ("part", light[40:, 64:], 64, 40)):
        folder = tmp_path / name
        folder.mkdir()
        _save(
            folder / "in.exr",
            pixels,
            "half",
            channelnames=["R", "G", "B"],
            x=x,
            y=y,
            full_width=768,
            full_height=432,
        )
        _embed(folder / "in.exr", folder / "out.exr", key)
        assert _found(folder / "out.exr", key) == HEX
    before, after = (_load(tmp_path / "over" / name, "float")[0] for name in ("in.exr", "out.exr"))
    assert np.array_equal(before[:8], after[:8])
    assert np.array_equal(before[:, -16:], after[:, -16:])
    assert not np.array_equal(before[8:-8, 16:-16], after[8:-8, 16:-16])


def test_of_several_parts_only_the_picture_of_each_view_is_marked(
    light: NDArray[np.float32], tmp_path: Path, key: bytes
) -> None:
    small = light[:360, :640]
    specs = []
    for name, view in (("beauty", "left"), ("beauty_r", "right"), ("diffuse", "left"), ("depth", "left")):
        channels = ["Z"] if name == "depth" else ["R", "G", "B"]
        spec = oiio.ImageSpec(640, 360, len(channels), "half")
        spec.channelnames = channels
        spec.attribute("oiio:subimagename", name)
        spec.attribute("view", view)
        specs.append(spec)
    source, target = tmp_path / "in.exr", tmp_path / "out.exr"
    output = oiio.ImageOutput.create(str(source))
    assert output.open(str(source), tuple(specs)), output.geterror()
    for number, spec in enumerate(specs):
        if number:
            output.open(str(source), spec, "AppendSubimage")
        output.write_image(np.ascontiguousarray(small[..., : spec.nchannels]))
    output.close()
    _embed(source, target, key)
    same = []
    for number in range(4):
        (before, old), (after, new) = (_load(path, "float", number) for path in (source, target))
        assert new.getattribute("oiio:subimagename") == old.getattribute("oiio:subimagename")
        same.append(np.array_equal(before, after))
    assert same == [False, False, True, True]


def test_alpha_and_colour_profile_of_a_png_are_kept(
    photo: NDArray[np.uint8], tmp_path: Path, key: bytes
) -> None:
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    alpha = np.tile(np.arange(photo.shape[1]) % 256, (photo.shape[0], 1)).astype(np.uint8)
    whole = Image.fromarray(np.dstack([photo, alpha]), "RGBA")
    whole.save(tmp_path / "in.png", icc_profile=profile)
    _embed(tmp_path / "in.png", tmp_path / "out.png", key)
    after = Image.open(tmp_path / "out.png")
    assert after.info["icc_profile"] == profile
    assert np.array_equal(np.asarray(after)[..., 3], alpha)
    change = np.asarray(after)[..., :3].astype(int) - photo
    assert 0 < np.abs(change[:, 0]).max() <= 40


def test_a_turned_photo_is_marked_as_seen_and_keeps_its_turn(
    photo: NDArray[np.uint8], tmp_path: Path, key: bytes
) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(photo).save(tmp_path / "in.jpg", quality=95, exif=exif)
    _embed(tmp_path / "in.jpg", tmp_path / "out.jpg", key)
    after = Image.open(tmp_path / "out.jpg")
    assert after.getexif()[0x0112] == 6
    assert _found(tmp_path / "out.jpg", key) == HEX
    upright = after.transpose(Image.Transpose.ROTATE_270)
    upright.save(tmp_path / "upright.png")
    assert _found(tmp_path / "upright.png", key) == HEX


def test_grey_pictures_are_marked_in_their_one_channel(
    photo: NDArray[np.uint8], tmp_path: Path, key: bytes
) -> None:
    Image.fromarray(photo).convert("L").save(tmp_path / "in.png")
    _embed(tmp_path / "in.png", tmp_path / "out.png", key)
    assert Image.open(tmp_path / "out.png").mode == "L"
    assert _found(tmp_path / "out.png", key) == HEX


def test_what_another_format_would_lose_is_refused(
    photo: NDArray[np.uint8], light: NDArray[np.float32], tmp_path: Path, key: bytes
) -> None:
    _save(tmp_path / "light.exr", light[:100, :100], "half", channelnames=["R", "G", "B"])
    _save(tmp_path / "deep.png", photo[:100, :100].astype(np.uint16) * 257)
    _save(tmp_path / "flat.png", photo[:100, :100])
    for source, target, given in (
        ("light.exr", "out.png", {}),
        ("deep.png", "out.jpg", {}),
        ("flat.png", "out.jpg", {"lossless": True}),
        ("flat.png", "out.gif", {}),
    ):
        with pytest.raises(MediaError) as refused:
            _embed(tmp_path / source, tmp_path / target, key, **given)
        assert refused.value.reason is MediaReason.MEDIA_UNSUPPORTED
    assert not list(tmp_path.glob("*out*"))
    _embed(tmp_path / "flat.png", tmp_path / "moved.tif", key)
    assert _load(tmp_path / "moved.tif")[0].shape == (100, 100, 3)


@pytest.mark.parametrize("target", ["marked", "marked/shot_####.exr"])
def test_a_sequence_is_one_film_and_its_numbers_stay(
    target: str, light: NDArray[np.float32], tmp_path: Path, key: bytes
) -> None:
    folder = tmp_path / "plates"
    folder.mkdir()
    for number in (998, 999, 1000):
        _save(folder / f"shot_{number:04d}.exr", light[:, number % 7 :], "half", channelnames=["R", "G", "B"])
    (folder / "notes.txt").write_text("not a picture")
    with pytest.raises(MediaError):
        _embed(folder, tmp_path / "marked", key)  # the sizes differ
    assert [path.name for path in tmp_path.iterdir()] == ["plates"]
    for number in (998, 999, 1000):
        _save(
            folder / f"shot_{number:04d}.exr",
            light[:, number - 998 :][:, :760],
            "half",
            channelnames=["R", "G", "B"],
        )
    report = _embed(folder if "#" not in target else folder / "shot_%04d.exr", tmp_path / target, key)
    assert report.frames == 3
    made = sorted(path.name for path in (tmp_path / "marked").iterdir())
    assert made == ["shot_0998.exr", "shot_0999.exr", "shot_1000.exr"]
    assert _found(tmp_path / target, key) == HEX


def test_names_of_sequences(tmp_path: Path) -> None:
    for name in ("a.0001.png", "a.0003.png", "b.9.png"):
        (tmp_path / name).write_bytes(b"")
    found = find_sequence(tmp_path / "a.%04d.png")
    assert found is not None
    assert [number for number, _ in found.files] == [1, 3]
    assert find_sequence(tmp_path / "a.0001.png") is None
    assert frame_path(tmp_path / "out.####.exr", 7, tmp_path / "a.png").name == "out.0007.exr"
    assert frame_path(tmp_path, 7, tmp_path / "a.0007.png").name == "a.0007.png"
    for path, reason in (
        (tmp_path / "c.%04d.png", MediaReason.MEDIA_MISSING),
        (tmp_path, MediaReason.MEDIA_UNSUPPORTED),
    ):
        with pytest.raises(MediaError) as refused:
            find_sequence(path)
        assert refused.value.reason is reason


def test_the_curve_is_smooth_and_its_slope_is_the_one_that_is_used() -> None:
    values = np.array([1e-5, 1e-3, 0.0031, 0.0032, 0.01, 0.18, 0.49], np.float32)
    step = np.float32(1e-4)
    slope = (scenelight.seen(values * (1 + step)) - scenelight.seen(values)) / (values * step)
    moved = scenelight.brought_back(values, np.full_like(values, 1e-3)) - values
    full = np.array([65504.0, 3.4e38], np.float32)
    assert scenelight.brought_back(full, np.full_like(full, 1e-2)).tolist() == pytest.approx(
        [67_000, 3.4e38], rel=2e-3
    )
    assert scenelight.brought_back(full, np.full_like(full, 1e-2), 65504.0).tolist() == [65504.0, 65504.0]
    assert scenelight.seen(full).tolist() == pytest.approx([1.0, 1.0], abs=1e-3)
    assert moved * slope == pytest.approx(np.full(7, 1e-3), rel=0.03)
    rising = np.geomspace(1e-6, 1e4, 2000).astype(np.float32)
    assert (np.diff(scenelight.seen(rising)) >= 0).all()
    assert scenelight.seen(np.array([0.5, 0.5001], np.float32)) == pytest.approx(0.735357, abs=2e-4)
    assert scenelight.seen(np.array([np.nan, np.inf, -1.0], np.float32)).tolist() == [0.0, 0.0, 0.0]
