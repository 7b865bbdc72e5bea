"""Attacks do what their rows say, and figures of quality say what was done."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

from bench.marks.attacks_containers import CONTAINER_ATTACKS
from bench.marks.attacks_pixels import FILM_ATTACKS, Attack, attack_named, prepared
from bench.marks.attacks_stills import STILL_ATTACKS
from bench.marks.ffmpeg import AttackFailed, convert
from bench.marks.quality_pixels import Frame, film_quality, flicker_of, frames_of, psnr_db, ssim
from bench.marks.scielab import scielab_difference

_QUICK = ("-c:v", "libx264", "-preset", "ultrafast", "-crf", "12")


@pytest.fixture(scope="module")
def clip(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds at 320x180, H.264."""
    folder = tmp_path_factory.mktemp("clip")
    small = prepared(demo_clip, folder / "plain.mkv", first=25, seconds=2, filters="scale=320:180")
    return convert(small, folder / "clip.mp4", ("-c:v", "libx264", "-crf", "18"))


def shape(path: Path) -> tuple[int, int, int]:
    frames = list(frames_of(path))
    return frames[0].luma.shape[1], frames[0].luma.shape[0], len(frames)


def container_attack(part: str) -> Attack:
    return next(attack for attack in CONTAINER_ATTACKS if part in attack.name)


@pytest.mark.req("LV-226")
@pytest.mark.parametrize(
    ("name", "size"),
    [
        ("none", (320, 180, 48)),
        ("half size", (160, 90, 48)),
        ("half size and back", (320, 180, 48)),
        ("crop to 50 %", (226, 128, 48)),
        ("crop to 25 %", (160, 90, 48)),
        ("24 to 30 fps", (320, 180, 60)),
        ("1.3 x", (416, 234, 48)),
        ("letterbox and text", (320, 226, 48)),
        ("0.75 x, crop to 90 %, CRF 30", (228, 128, 48)),
    ],
)
def test_resizes_crops_and_frame_rates_are_what_they_are_called(
    clip: Path, tmp_path: Path, name: str, size: tuple[int, int, int]
) -> None:
    assert shape(attack_named(name).make(clip, tmp_path)) == size


@pytest.mark.req("LV-226")
def test_what_is_no_film_is_refused_and_not_measured(tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film at all")
    with pytest.raises(AttackFailed):
        attack_named("half size").make(broken, tmp_path)
    with pytest.raises(KeyError):
        attack_named("half the size")


def test_frames_are_dropped_mirrored_and_greyed(clip: Path, tmp_path: Path) -> None:
    dropped = shape(attack_named("frame drop 30 %").make(clip, tmp_path))
    assert 26 < dropped[2] < 42
    first = next(frames_of(clip)).luma
    mirrored = next(frames_of(attack_named("mirrored").make(clip, tmp_path))).luma
    assert psnr_db(float(np.square(mirrored[:, ::-1] - first).mean())) > 38
    assert psnr_db(float(np.square(mirrored - first).mean())) < 25
    grey = next(frames_of(attack_named("grey-scale").make(clip, tmp_path))).rgb.astype(int)
    assert int(np.ptp(grey, axis=2).max()) <= 4


@pytest.mark.req("LV-225")
def test_platform_copies_keep_to_their_box_and_rate(clip: Path, tmp_path: Path) -> None:
    large = convert(clip, tmp_path / "large.mp4", ("-vf", "scale=960:540", *_QUICK))
    for part, width, kilobit in (("480p at 0.6", 854, 600), ("360p", 640, 350)):
        made = container_attack(part).make(large, tmp_path)
        assert shape(made)[0] == width
        assert made.stat().st_size * 8 / 2 / 1000 < 1.6 * kilobit
    tall = convert(clip, tmp_path / "tall.mp4", ("-vf", "transpose=1", *_QUICK))
    assert shape(container_attack("480p at 0.6").make(tall, tmp_path))[:2] == (180, 320)


@pytest.mark.req("LV-228")
def test_wrapping_keeps_every_picture_and_trimming_cuts_at_packets(clip: Path, tmp_path: Path) -> None:
    wrapped = container_attack("MKV, TS, MP4").make(clip, tmp_path)
    with av.open(str(wrapped)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
    pairs = list(zip(frames_of(clip), frames_of(wrapped), strict=True))
    assert all(np.array_equal(a.luma, b.luma) for a, b in pairs)
    trimmed = container_attack("trimmed to 3 s").make(clip, tmp_path)
    assert 0 < shape(trimmed)[2] < 48


@pytest.mark.req("LV-227")
def test_lost_and_damaged_packets_leave_a_film_that_differs(clip: Path, tmp_path: Path) -> None:
    larger = convert(clip, tmp_path / "larger.mp4", ("-vf", "scale=640:360", *_QUICK))
    whole = [frame.luma for frame in frames_of(larger)]
    for part in ("3 % of datagrams lost", "1 % lost, concealed"):
        made = container_attack(part).make(larger, tmp_path)
        seen = [frame.luma for frame in readable(made)]
        assert 20 < len(seen) <= 49
        errors = [float(np.square(a - b).mean()) for a, b in zip(whole, seen, strict=False)]
        assert psnr_db(max(errors)) < 32, part
    sent = container_attack("packets damaged").make(larger, tmp_path).read_bytes()
    assert len(sent) % 188 == 0
    assert all(sent[at] == 0x47 for at in range(0, len(sent), 188))


def readable(path: Path) -> list[Frame]:
    """As many frames as ffmpeg makes of a damaged stream."""
    target = path.with_name("readable.mkv")
    options = ("-an", "-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", "-fps_mode", "passthrough")
    return list(frames_of(convert(path, target, options)))


def test_every_still_attack_leaves_a_picture(demo_clip: Path, tmp_path: Path) -> None:
    source = convert(
        demo_clip, tmp_path / "still.png", ("-frames:v", "1", "-vf", "scale=320:180"), before=("-ss", "25")
    )
    for attack in STILL_ATTACKS:
        made = attack.make(source, tmp_path)
        with av.open(str(made)) as container:
            frame = next(container.decode(video=0))
        expected = {"half size": 160, "crop to 25 %": 160, "crop to 50 %": 226}.get(attack.name)
        assert frame.width == expected or expected is None
        assert attack.name == "none" or made.suffix in {".jpeg", ".webp"}


def test_names_of_rows_are_their_own() -> None:
    for attacks in ((*FILM_ATTACKS, *CONTAINER_ATTACKS), STILL_ATTACKS):
        names = [attack.name for attack in attacks]
        assert len(set(names)) == len(names)


def test_a_film_against_itself_is_perfect_and_noise_is_counted(clip: Path, tmp_path: Path) -> None:
    same = film_quality(clip, clip, vmaf=False)
    assert (same.luma_psnr_db, same.rgb_psnr_db, same.scielab_mean, same.flicker_levels) == (
        99.0,
        99.0,
        0.0,
        0.0,
    )
    assert same.ssim == pytest.approx(1)
    noisy = prepared(
        clip, tmp_path / "noisy.mkv", first=0, seconds=2, filters="noise=c0s=7:allf=t:all_seed=1"
    )
    told = film_quality(clip, noisy, vmaf=True)
    # a strength of 7 is measured as a standard deviation of 3.53, cut off by black and white
    assert told.luma_psnr_db == pytest.approx(psnr_db(3.53**2), abs=0.5)
    assert told.ssim < told.ssim_blocks < 0.99
    assert told.vmaf_loss is not None
    assert told.vmaf_loss > 1
    with pytest.raises(ValueError, match="differ in length"):
        film_quality(clip, prepared(clip, tmp_path / "short.mkv", first=0, seconds=1))


def test_ssim_is_lower_for_structure_than_for_brightness() -> None:
    draw = np.random.default_rng(1)
    plane = draw.uniform(60, 200, (64, 64)).astype(np.float32)
    brighter, noisy = plane + 5, plane + draw.normal(0, 5, plane.shape).astype(np.float32)
    assert ssim(plane, plane) == pytest.approx(1)
    assert ssim(plane, noisy) < ssim(plane, brighter) < 1


def test_flicker_counts_what_moves_and_not_what_stands() -> None:
    draw = np.random.default_rng(2)
    pattern = np.kron(draw.normal(0, 2, (8, 8)), np.ones((16, 16))).astype(np.float32)
    assert flicker_of([pattern, pattern, pattern]) == 0
    assert flicker_of([pattern, -pattern, pattern]) > 1


def test_scielab_of_flat_colours_is_cielab() -> None:
    old, new = np.full((96, 96, 3), 128, np.uint8), np.full((96, 96, 3), 128, np.uint8)
    new[..., 0] = 134
    # sRGB (128, 128, 128) is L* 53.585; (134, 128, 128) is L* 54.150, a* 2.168, b* 0.858 (CIE 1976, D65)
    assert scielab_difference(old, new).mean() == pytest.approx(
        np.hypot(np.hypot(0.565, 2.168), 0.858), abs=0.08
    )
    assert scielab_difference(old, old).max() == 0


def test_scielab_sees_coarse_colour_and_not_fine_colour() -> None:
    old = np.full((128, 128, 3), 128, np.uint8)
    rows, columns = np.indices((128, 128))

    def checked(size: int) -> float:
        new = old.copy()
        sign = 1 - 2 * ((rows // size + columns // size) % 2)
        new[..., 0] = 128 + 6 * sign
        new[..., 2] = 128 - 6 * sign
        return float(scielab_difference(old, new).mean())

    assert checked(1) < checked(4) < checked(32)
    assert checked(1) < 0.3 * checked(32)
