"""Which encoder writes a sound: its own again where there is one, at its own depth.

Sound that came losslessly leaves losslessly. Rates and layouts stay, but for Opus, which knows 48 kHz only.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import av
from av.audio.stream import AudioStream

from watermarking.errors import MediaError, MediaReason

_AGAIN = {
    "aac": "aac",
    "mp3": "libmp3lame",
    "mp3float": "libmp3lame",
    "opus": "libopus",
    "libopus": "libopus",
    "flac": "flac",
    "alac": "alac",
    "ac3": "ac3",
    "eac3": "eac3",
}
_BY_SUFFIX: Mapping[str, tuple[str, ...]] = {
    ".wav": ("pcm",),
    ".w64": ("pcm",),
    ".aif": ("pcm",),
    ".aiff": ("pcm",),
    ".flac": ("flac",),
    ".mp3": ("libmp3lame",),
    ".opus": ("libopus",),
    ".ogg": ("libopus", "flac"),
    ".webm": ("libopus",),
}
_LOSSLESS = ("pcm", "flac", "alac")
_BITS_PER_CHANNEL = {"aac": 96_000, "libmp3lame": 96_000, "libopus": 80_000, "ac3": 128_000, "eac3": 128_000}
_MOST_BITS = {"libmp3lame": 320_000, "ac3": 640_000}
_DEEP = {"s32": 24, "s32p": 24, "flt": 24, "fltp": 24, "dbl": 24, "dblp": 24, "s64": 24, "s64p": 24}


@dataclass(frozen=True)
class SoundPlan:
    """What a stream of sound will be written as."""

    encoder: str
    rate_hz: int
    sample_format: str | None = None
    bits_per_second: int | None = None
    options: Mapping[str, str] = field(default_factory=dict)


def plan_sound(source: AudioStream, suffix: str, supported: set[str], *, lossless: bool) -> SoundPlan:
    """Choose the encoder for ``source``.

    Args:
        suffix: of the target.
        supported: names of codecs that the container holds.
        lossless: nothing but the mark may change.

    Raises:
        MediaError: the container holds no codec that is written here.
    """
    name = source.codec_context.name
    own = name if name.startswith("pcm_") else _AGAIN.get(name)
    was_lossless = name.startswith("pcm_") or name in {
        "flac",
        "alac",
        "truehd",
        "mlp",
        "wavpack",
        "tta",
        "ape",
    }
    keep = lossless or was_lossless
    wanted = _BY_SUFFIX.get(suffix) or tuple(
        filter(None, (own, "alac", "flac", "pcm") if keep else (own, "aac"))
    )
    wanted = (*wanted, "aac", "libopus", "flac")
    for each in wanted:
        if lossless and not each.startswith(_LOSSLESS):
            continue
        encoder = _pcm(source, own, supported) if each.startswith("pcm") else each
        if (
            encoder in supported
            or encoder.removeprefix("lib") in supported
            or _canonical(encoder) in supported
        ):
            return _plan(encoder, source)
    raise MediaError(MediaReason.MEDIA_UNSUPPORTED, f"no sound codec for {suffix}")


def _canonical(encoder: str) -> str:
    return av.Codec(encoder, "w").canonical_name


def _pcm(source: AudioStream, own: str | None, supported: set[str]) -> str:
    """The source's own form; else the same with its bytes turned round; else whole numbers of about its depth."""
    depth = "pcm_s24" if source.codec_context.format.name in _DEEP else "pcm_s16"
    choices = [f"{depth}le", f"{depth}be"]
    if own is not None and own.startswith("pcm_") and own in av.codecs_available:
        turned = {"le": "be", "be": "le"}.get(own[-2:])
        choices = [own, *([own[:-2] + turned] if turned else []), *choices]
    return next((one for one in choices if one in supported), choices[0])


def _plan(encoder: str, source: AudioStream) -> SoundPlan:
    deep = source.codec_context.format.name in _DEEP
    if encoder in {"flac", "alac"}:
        lossy = source.codec_context.name in _BITS_PER_CHANNEL or source.codec_context.name.startswith("mp3")
        wide = {"flac": "s32", "alac": "s32p"}[encoder]
        narrow = {"flac": "s16", "alac": "s16p"}[encoder]
        return SoundPlan(encoder, source.rate, wide if deep and not lossy else narrow)
    rate = 48_000 if encoder == "libopus" else source.rate
    if encoder not in _BITS_PER_CHANNEL:
        return SoundPlan(encoder, rate)
    bits = max(_BITS_PER_CHANNEL[encoder] * max(2, source.channels), source.bit_rate or 0)
    return SoundPlan(encoder, rate, bits_per_second=min(bits, _MOST_BITS.get(encoder, bits)))
