"""Platforms, wrappers and bad networks: what happens to a film as a file and not as a picture.

- *Platforms* (LV-225): resized, at a capped rate, with the key-frame distance and presets that upload services
  use. They are profiles of ours, made to resemble what such services say they do; no service was asked.
- *Wrapping and trimming* (LV-228): packets are copied, not re-encoded.
- *Lost packets* (LV-227): an MPEG transport stream that loses datagrams of seven packets, read as it is, and
  after a player's concealment.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from bench.marks.attacks_pixels import Attack, film, h264
from bench.marks.ffmpeg import convert, ffmpeg

_TS_PACKET = 188
_DATAGRAM = 7 * _TS_PACKET
_COPY = ("-an", "-c", "copy")
_GOP = ("-g", "24", "-bf", "2")


def _fit(long_side: int, short_side: int) -> str:
    """Shrink into a box, whichever way up the film is; never enlarge."""
    width = f"if(gt(iw,ih),min({long_side},iw),min({short_side},iw))"
    height = f"if(gt(iw,ih),min({short_side},ih),min({long_side},ih))"
    return f"scale=w='{width}':h='{height}':force_original_aspect_ratio=decrease:force_divisible_by=2:flags=bicubic"


def _capped(kbit: int, *options: str) -> Sequence[str]:
    rate = ("-b:v", f"{kbit}k", "-maxrate", f"{kbit * 3 // 2}k", "-bufsize", f"{kbit * 2}k")
    return ("-c:v", "libx264", "-pix_fmt", "yuv420p", *rate, *options)


_VP9_SITE = (
    "-c:v",
    "libvpx-vp9",
    "-b:v",
    "900k",
    "-maxrate",
    "1300k",
    "-crf",
    "34",
    "-g",
    "120",
    "-cpu-used",
    "4",
)


def rewrapped(source: Path, folder: Path) -> Path:
    """MP4 to Matroska to a transport stream to MP4, packets copied."""
    first = convert(source, folder / "wrapped.mkv", _COPY)
    second = convert(first, folder / "wrapped.ts", (*_COPY, "-bsf:v", "h264_mp4toannexb"))
    return convert(second, folder / "attacked.mp4", _COPY)


def as_stream(source: Path, folder: Path) -> Path:
    """The packets in a transport stream."""
    return convert(source, folder / "attacked.ts", (*_COPY, "-bsf:v", "h264_mp4toannexb"))


def trimmed(source: Path, folder: Path, *, first: float, seconds: float) -> Path:
    """Cut at key frames without re-encoding, out of a copy at CRF 23 with a key frame every second."""
    copy = convert(source, folder / "gop.mp4", ("-an", *h264(23), *_GOP))
    cut = ("-ss", f"{first:g}", "-t", f"{seconds:g}")
    return convert(copy, folder / "attacked.mp4", _COPY, before=cut)


def lossy_stream(source: Path, folder: Path, *, share: float) -> Path:
    """A stream of 3 Mbit/s that loses ``share`` of its datagrams; its first 40 packets arrive."""
    whole = convert(source, folder / "whole.ts", ("-an", *_capped(3000, "-preset", "fast", *_GOP)))
    sent = whole.read_bytes()
    head = 40 * _TS_PACKET
    draw = random.Random(5)
    kept = [sent[i : i + _DATAGRAM] for i in range(head, len(sent), _DATAGRAM) if draw.random() >= share]
    target = folder / "attacked.ts"
    target.write_bytes(sent[:head] + b"".join(kept))
    return target


def damaged_stream(source: Path, folder: Path, *, share: float) -> Path:
    """A stream of 3 Mbit/s in which ``share`` of the packets have sixteen bytes overwritten."""
    whole = convert(source, folder / "whole.ts", ("-an", *_capped(3000, "-preset", "fast", *_GOP)))
    sent = bytearray(whole.read_bytes())
    draw = random.Random(6)
    for start in range(40 * _TS_PACKET, len(sent) - _TS_PACKET, _TS_PACKET):
        if draw.random() < share:
            at = start + draw.randrange(20, 160)
            sent[at : at + 16] = draw.randbytes(16)
    target = folder / "attacked.ts"
    target.write_bytes(sent)
    return target


def concealed(source: Path, folder: Path, *, share: float) -> Path:
    """The lossy stream as a player shows it: damage hidden by the decoder, then re-encoded at CRF 23."""
    lossy = lossy_stream(source, folder, share=share)
    target = folder / "concealed.mp4"
    hide = ("-err_detect", "ignore_err", "-ec", "guess_mvs+deblock", "-flags", "+output_corrupt")
    ffmpeg("-loglevel", "quiet", *hide, "-i", str(lossy), "-an", *h264(23), str(target), tolerant=True)
    return target


CONTAINER_ATTACKS: tuple[Attack, ...] = (
    Attack(
        "site, 720p at 1.2 Mbit/s",
        "beyond",
        partial(
            film,
            filters=_fit(1280, 720),
            codec=_capped(1200, "-preset", "faster", "-g", "48", "-profile:v", "high"),
        ),
    ),
    Attack("site, 720p VP9 at 0.9 Mbit/s", "beyond", partial(film, filters=_fit(1280, 720), codec=_VP9_SITE)),
    Attack(
        "mobile, 480p at 0.6 Mbit/s",
        "beyond",
        partial(
            film,
            filters=_fit(854, 480),
            codec=_capped(600, "-preset", "fast", "-g", "60", "-profile:v", "main"),
        ),
    ),
    Attack(
        "short videos, 576p at 0.9 Mbit/s, 30 fps",
        "beyond",
        partial(
            film,
            filters=f"{_fit(1024, 576)},fps=30",
            codec=_capped(900, "-preset", "veryfast", "-g", "150", "-profile:v", "high"),
        ),
    ),
    Attack(
        "messenger, 360p at 0.35 Mbit/s",
        "beyond",
        partial(
            film, filters=_fit(640, 360), codec=_capped(350, "-preset", "ultrafast", "-profile:v", "baseline")
        ),
    ),
    Attack("wrapped as MKV, TS, MP4", "G1", rewrapped),
    Attack("wrapped as TS", "G1", as_stream),
    Attack("trimmed to 3 s, packets copied", "G1", partial(trimmed, first=1.2, seconds=3)),
    Attack("trimmed to 2 s, packets copied", "beyond", partial(trimmed, first=2.5, seconds=2)),
    Attack("stream, 0.5 % of datagrams lost", "beyond", partial(lossy_stream, share=0.005)),
    Attack("stream, 3 % of datagrams lost", "beyond", partial(lossy_stream, share=0.03)),
    Attack("stream, 1 % of packets damaged", "beyond", partial(damaged_stream, share=0.01)),
    Attack("stream, 1 % lost, concealed, CRF 23", "beyond", partial(concealed, share=0.01)),
)
