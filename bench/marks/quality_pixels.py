"""How a marked picture differs from its original: one function a figure.

``film_quality`` compares two files of the same frames: the marked picture before any codec (``embed_file`` with
``lossless=True``) or the delivered file. Figures:

- luma PSNR of the clip's mean squared error;
- SSIM of luma, Gaussian window of sigma 1.5, no downsampling (Wang et al. 2004), mean over frames; also ffmpeg's
  (8 x 8 blocks), which is kinder;
- VMAF loss: the source against itself minus the marked film against the source (libvmaf, model v0.6.1);
- RGB PSNR of 8 bit RGB as a player shows it;
- S-CIELAB: mean colour difference, and the same on the flattest 30 per cent of pixels (``scielab``);
- flicker: how much the mark's low-passed luma moves from frame to frame, in levels (rms).
"""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.ndimage import gaussian_filter, uniform_filter

from bench.marks.ffmpeg import ffmpeg
from bench.marks.scielab import scielab_difference

Plane = NDArray[np.float32]
RGB = NDArray[np.uint8]

_SSIM_FRAMES = 12
_COLOUR_FRAMES = 3
_FLATTEST = 0.3
_FLICKER_SIGMA = 6.0


@dataclass(frozen=True)
class Frame:
    """``luma`` ``[h, w]`` as stored, 8 bit levels; ``rgb`` ``[h, w, 3]`` as a player shows it."""

    luma: Plane
    rgb: RGB


@dataclass(frozen=True)
class PixelQuality:
    """The figures of one clip. ``vmaf_loss`` is None for stills."""

    luma_psnr_db: float
    ssim: float
    ssim_blocks: float
    vmaf_loss: float | None
    rgb_psnr_db: float
    scielab_mean: float
    scielab_flat: float
    flicker_levels: float


def film_quality(source: Path, marked: Path, *, vmaf: bool = True) -> PixelQuality:
    """Compare two films frame by frame.

    Raises:
        ValueError: they differ in size or number of frames.
    """
    luma_error = rgb_error = 0.0
    smooth: list[Plane] = []
    ssims: list[float] = []
    colours: list[tuple[float, float]] = []
    count = frame_count(source)
    if count != frame_count(marked) or not count:
        raise ValueError(f"{source.name} and {marked.name} differ in length")
    for number, (old, new) in enumerate(zip(frames_of(source), frames_of(marked), strict=True)):
        change = new.luma - old.luma
        luma_error += float(np.square(change).mean())
        rgb_error += float(np.square(new.rgb.astype(np.float32) - old.rgb).mean())
        smooth.append(gaussian_filter(change, _FLICKER_SIGMA)[::4, ::4])
        if number in _spread(count, _SSIM_FRAMES):
            ssims.append(ssim(old.luma, new.luma))
        if number in _spread(count, _COLOUR_FRAMES):
            colours.append(colour_difference(old, new))
    scores = _libvmaf(source, marked) if vmaf else None
    own = _libvmaf(source, source) if vmaf else None
    return PixelQuality(
        psnr_db(luma_error / count),
        float(np.mean(ssims)),
        _ssim_blocks(source, marked),
        own - scores if own is not None and scores is not None else None,
        psnr_db(rgb_error / count),
        float(np.mean([mean for mean, _ in colours])),
        float(np.mean([flat for _, flat in colours])),
        flicker_of(smooth),
    )


def still_quality(source: Path, marked: Path) -> PixelQuality:
    """Compare two pictures of one size."""
    old, new = (still_frame(path) for path in (source, marked))
    mean, flat = colour_difference(old, new)
    rgb_error = float(np.square(new.rgb.astype(np.float32) - old.rgb).mean())
    value = ssim(old.luma, new.luma)
    return PixelQuality(
        psnr_db(float(np.square(new.luma - old.luma).mean())),
        value,
        value,
        None,
        psnr_db(rgb_error),
        mean,
        flat,
        0.0,
    )


def flicker_of(smooth: Sequence[Plane]) -> float:
    """Root mean square of what low-passed changes differ by from one frame to the next, over sqrt 2, in levels."""
    steps = [float(np.square(b - a).mean()) / 2 for a, b in itertools.pairwise(smooth)]
    return float(np.sqrt(np.mean(steps))) if steps else 0.0


def psnr_db(mean_square: float) -> float:
    """Peak signal to noise of 8 bit levels; 99 where there is no difference."""
    return 99.0 if mean_square <= 0 else float(10 * np.log10(255**2 / mean_square))


def ssim(old: Plane, new: Plane) -> float:
    """Structural similarity of two luma planes, sigma 1.5, range 255. Source: Wang et al. 2004, section III B."""
    low, high = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    a, b = old.astype(np.float64), new.astype(np.float64)
    mean_a, mean_b = _window(a), _window(b)
    var_a, var_b = _window(a * a) - mean_a**2, _window(b * b) - mean_b**2
    cross = _window(a * b) - mean_a * mean_b
    top = (2 * mean_a * mean_b + low) * (2 * cross + high)
    return float((top / ((mean_a**2 + mean_b**2 + low) * (var_a + var_b + high)))[5:-5, 5:-5].mean())


def _window(plane: NDArray[np.float64]) -> NDArray[np.float64]:
    return gaussian_filter(plane, 1.5, truncate=3.5)


def colour_difference(old: Frame, new: Frame) -> tuple[float, float]:
    """Mean S-CIELAB difference of a frame, and on its flattest 30 per cent."""
    difference = scielab_difference(old.rgb, new.rgb)
    rough = roughness(old.luma)
    flat = rough <= np.quantile(rough, _FLATTEST)
    return float(difference.mean()), float(difference[flat].mean())


def roughness(luma: Plane) -> Plane:
    """Local standard deviation over 9 x 9 pixels."""
    mean = uniform_filter(luma, 9)
    return np.sqrt(np.maximum(uniform_filter(luma * luma, 9) - mean * mean, 0))


def frames_of(path: Path) -> Iterator[Frame]:
    """Decode; luma is taken as stored, RGB is made with bicubic chroma."""
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "SLICE"
        for frame in container.decode(video=0):
            height, width = frame.height, frame.width
            plain = (
                frame if frame.format.name in {"yuv420p", "yuvj420p"} else frame.reformat(format="yuv420p")
            )
            line = plain.planes[0].line_size
            stored = np.frombuffer(plain.planes[0], np.uint8).reshape(-1, line)[:height, :width]
            rgb = frame.reformat(format="rgb24", interpolation="BICUBIC").to_ndarray()
            yield Frame(stored.astype(np.float32), rgb)


def still_frame(path: Path) -> Frame:
    with Image.open(path) as opened:
        picture = opened.convert("RGB")
    return Frame(np.asarray(picture.convert("L")).astype(np.float32), np.asarray(picture))


def frame_count(path: Path) -> int:
    with av.open(str(path)) as container:
        return sum(1 for packet in container.demux(video=0) if packet.size)


def _spread(count: int, wanted: int) -> set[int]:
    return {round((place + 0.5) * count / wanted - 0.5) for place in range(min(count, wanted))}


def _libvmaf(source: Path, marked: Path) -> float:
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "vmaf.json"
        graph = f"[0:v]settb=1/25,setpts=N[a];[1:v]settb=1/25,setpts=N[b];[a][b]libvmaf=log_fmt=json:log_path={log}:n_threads=1"
        ffmpeg("-loglevel", "error", "-i", str(marked), "-i", str(source), "-lavfi", graph, "-f", "null", "-")
        return float(json.loads(log.read_text("utf-8"))["pooled_metrics"]["vmaf"]["mean"])


def _ssim_blocks(source: Path, marked: Path) -> float:
    graph = "[0:v]settb=1/25,setpts=N[a];[1:v]settb=1/25,setpts=N[b];[a][b]ssim"
    said = ffmpeg("-i", str(marked), "-i", str(source), "-lavfi", graph, "-f", "null", "-")
    return float(said.rsplit("SSIM Y:", 1)[1].split()[0])
