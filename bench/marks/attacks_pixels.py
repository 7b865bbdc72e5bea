"""What happens to a film on its way: each attack takes a delivered file and leaves another delivered file.

Codec rows re-encode with x264, x265 and SVT-AV1 at preset medium (8 for SVT-AV1), libvpx at cpu-used 4. Rows of
geometry, colour and overlay are re-encoded with x264 at CRF 23 after the change, so that every row is a file that
somebody could have been sent; rows that name another codec or CRF use that instead. Sound is dropped: it is
measured apart.

    >>> from pathlib import Path
    >>> attack_named("half size").make(Path("marked.mp4"), Path("/tmp"))  # doctest: +SKIP
    PosixPath('/tmp/attacked.mp4')
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal

from PIL import Image, ImageDraw, ImageFont

from bench.marks.ffmpeg import convert, ffmpeg

Grade = Literal["G1", "G2", "G2 hard", "G3", "beyond", "stills"]
Make = Callable[[Path, Path], Path]


@dataclass(frozen=True)
class Attack:
    """``make(source, folder)`` writes the attacked file into ``folder`` and returns its path.

    ``grade`` names the bar that the row is judged by: G1 blind; G2, G2 hard and G3 by the registry;
    stills both ways; beyond: none.
    """

    name: str
    grade: Grade
    make: Make


def h264(crf: int, *, preset: str = "medium") -> tuple[str, ...]:
    return ("-c:v", "libx264", "-preset", preset, "-crf", str(crf), "-pix_fmt", "yuv420p")


def h265(crf: int) -> tuple[str, ...]:
    quiet = "log-level=error:pools=none:frame-threads=1"
    return ("-c:v", "libx265", "-preset", "medium", "-crf", str(crf), "-x265-params", quiet)


def vp9(crf: int) -> tuple[str, ...]:
    return ("-c:v", "libvpx-vp9", "-crf", str(crf), "-b:v", "0", "-cpu-used", "4")


def av1(crf: int) -> tuple[str, ...]:
    return ("-c:v", "libsvtav1", "-crf", str(crf), "-preset", "8", "-svtav1-params", "lp=1")


def film(source: Path, folder: Path, *, filters: str = "", codec: Sequence[str] = h264(23)) -> Path:
    """Decode, filter, encode."""
    graph = ("-vf", filters) if filters else ()
    return convert(source, folder / "attacked.mp4", ("-an", *graph, *codec))


def untouched(source: Path, folder: Path) -> Path:
    """The delivered file itself."""
    return source


def _even(side: str) -> str:
    return f"trunc(({side})/2+0.5)*2"


def resized(factor: float) -> str:
    return f"scale=w='{_even(f'iw*{factor}')}':h='{_even(f'ih*{factor}')}':flags=bicubic"


def cropped(share: float) -> str:
    """Keep ``share`` of the area, off-centre: a quarter of the way from the left, a third from the top."""
    side = math.sqrt(share)
    return f"crop=w='{_even(f'iw*{side:.5f}')}':h='{_even(f'ih*{side:.5f}')}':x='(iw-ow)/4':y='(ih-oh)/3'"


def turned(degrees: float) -> str:
    """The frame keeps its size; what turns into it is black."""
    return f"rotate={math.radians(degrees):.6f}:bilinear=1:fillcolor=black"


def noisy(sigma: float) -> str:
    """Gaussian noise, new in each frame, of ``sigma`` levels on every plane (measured: .53 of the filter's strength)."""
    return f"noise=alls={round(sigma / 0.53)}:allf=t:all_seed=7"


HALF_AND_BACK = f"{resized(0.5)},{resized(2)}"
GREY = "hue=s=0"
# Corners of what the phone sees, as shares of the picture: a keystone of 2 to 6 per cent.
SCREEN = (
    "perspective=x0='W*0.045':y0='H*0.03':x1='W*0.965':y1='H*0.01':x2='W*0.01':y2='H*0.975':x3='W*0.985':y3='H*0.94'"
    ":sense=source:interpolation=cubic"
)
SCREEN_CAPTURE = f"{SCREEN},{resized(0.8)},eq=gamma=1.1:contrast=0.95:saturation=0.92,{noisy(4)}"
IN_HAND = (
    "perspective=x0='W*(0.045+0.01*sin(on/17))':y0='H*(0.03+0.008*sin(on/11))':x1='W*(0.965+0.01*sin(on/13))'"
    ":y1='H*(0.02+0.01*sin(on/19))':x2='W*(0.02+0.01*sin(on/23))':y2='H*0.975':x3='W*0.985'"
    f":y3='H*(0.95+0.01*sin(on/15))':sense=source:interpolation=cubic:eval=frame,{resized(0.8)},{noisy(4)}"
)
COMBINATION = f"{cropped(0.9)},{resized(0.75)}"


def letterboxed(source: Path, folder: Path) -> Path:
    """Black bars above and below, a caption in the picture and a logo in its corner."""
    overlay = folder / "overlay.png"
    _caption(overlay)
    graph = (
        f"[0:v]pad=w=iw:h='{_even('ih*1.25')}':x=0:y='(oh-ih)/2':color=black[film];"
        "[1:v][film]scale=w=rw*0.7:h=-1[text];[film2][text]overlay=x='(W-w)/2':y='H*0.72'"
    ).replace("[film];", ",split[film][film2];")
    target = folder / "attacked.mp4"
    inputs = ("-i", str(source), "-i", str(overlay))
    ffmpeg("-loglevel", "error", *inputs, "-filter_complex", graph, "-an", *h264(23), str(target))
    return target


def _caption(path: Path) -> None:
    picture = Image.new("RGBA", (900, 160), (0, 0, 0, 0))
    draw = ImageDraw.Draw(picture)
    draw.text((10, 10), "shared by somebody @ somewhere", font=ImageFont.load_default(54), fill="white")
    draw.text((10, 90), "WATCH TO THE END", font=ImageFont.load_default(54), fill="yellow")
    draw.ellipse((820, 20, 890, 90), fill=(220, 30, 30, 255))
    picture.save(path)


def _filtered(name: str, grade: Grade, filters: str, codec: Sequence[str] = h264(23)) -> Attack:
    return Attack(name, grade, partial(film, filters=filters, codec=codec))


_VFR = ("-fps_mode", "vfr", *h264(23))

FILM_ATTACKS: tuple[Attack, ...] = (
    Attack("none", "G1", untouched),
    _filtered("H.264 CRF 23", "G1", ""),
    _filtered("H.264 CRF 28", "G1", "", h264(28)),
    _filtered("H.265 CRF 28", "G1", "", h265(28)),
    _filtered("VP9 CRF 40", "G1", "", vp9(40)),
    _filtered("AV1 CRF 40", "G1", "", av1(40)),
    _filtered("half size", "G1", resized(0.5)),
    _filtered("half size and back", "G1", HALF_AND_BACK),
    _filtered("crop to 80 %", "G1", cropped(0.8)),
    _filtered("crop to 50 %", "G1", cropped(0.5)),
    _filtered("crop to 25 %", "G1", cropped(0.25)),
    _filtered("rotation 2 deg", "G1", turned(2)),
    _filtered("rotation 5 deg", "G1", turned(5)),
    _filtered("24 to 30 fps", "G1", "fps=source_fps*1.25"),
    _filtered("frame drop 30 %", "G1", "select='gt(random(3),0.3)'", _VFR),
    _filtered("brighter", "G1", "eq=brightness=0.08"),
    _filtered("more contrast", "G1", "eq=contrast=1.25"),
    _filtered("gamma 0.75", "G1", "eq=gamma=0.75"),
    _filtered("hue 20 deg", "G1", "hue=h=20"),
    _filtered("grey-scale", "G1", GREY),
    _filtered("noise of 8 levels", "G1", noisy(8)),
    _filtered("blur 1.5", "G1", "gblur=sigma=1.5"),
    Attack("letterbox and text", "G1", letterboxed),
    _filtered("mirrored", "G1", "hflip"),
    _filtered("1.3 x", "G1", resized(1.3)),
    _filtered("grey-scale, half size", "G1", f"{GREY},{resized(0.5)}"),
    _filtered("grey-scale, crop to 80 %", "G1", f"{GREY},{cropped(0.8)}"),
    _filtered("grey-scale, crop to 80 %, half size", "G1", f"{GREY},{cropped(0.8)},{resized(0.5)}"),
    _filtered("H.264 CRF 34", "G2", "", h264(34)),
    _filtered("0.75 x, crop to 90 %, CRF 30", "G2", COMBINATION, h264(30)),
    _filtered("screen capture, CRF 26", "G2", SCREEN_CAPTURE, h264(26)),
    _filtered("H.265 CRF 34", "G2 hard", "", h265(34)),
    _filtered("H.264 CRF 40", "G3", "", h264(40)),
    _filtered("24 to 30 fps, blended", "beyond", "framerate=fps=30"),
    _filtered("screen capture, hand moving", "beyond", IN_HAND, h264(26)),
    _filtered("half size, CRF 28 veryfast", "beyond", resized(0.5), h264(28, preset="veryfast")),
    _filtered("1.1 x wide", "beyond", f"scale=w='{_even('iw*1.1')}':h=ih:flags=bicubic"),
    _filtered("denoised", "beyond", "hqdn3d=6:5:9:7"),
)


def attack_named(name: str) -> Attack:
    """Return the film attack of the table row ``name``.

    Raises:
        KeyError: there is none.
    """
    return {attack.name: attack for attack in FILM_ATTACKS}[name]


# -- what is done to clean material before it is marked ------------------------------------------------

LOSSLESS = ("-c:v", "libx264", "-preset", "ultrafast", "-qp", "0", "-pix_fmt", "yuv420p")
_DIM = "lutyuv=y='16+(val-16)*0.35':u='128+(val-128)*0.5':v='128+(val-128)*0.5'"
DARK_AND_GRAINY = f"{_DIM},noise=c0s=9:c1s=5:c2s=5:allf=t:all_seed=11"
SMALL = "scale=w='if(gt(iw,ih),-2,480)':h='if(gt(iw,ih),480,-2)':flags=bicubic"
"""Names of the materials that are made from clean clips: gain .35 with grain of 5 levels, and 480 lines."""


def prepared(source: Path, target: Path, *, first: float, seconds: float, filters: str = "") -> Path:
    """Cut ``seconds`` out of ``source``, filter, and write without loss (H.264, 4:2:0, 8 bit), without sound."""
    graph = ("-vf", f"{filters},format=yuv420p" if filters else "format=yuv420p")
    cut = ("-ss", f"{first:g}", "-t", f"{seconds:g}")
    return convert(source, target, ("-an", "-map_metadata", "-1", *graph, *LOSSLESS), before=cut)
