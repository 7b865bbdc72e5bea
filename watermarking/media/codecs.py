"""Which encoder writes the pictures, in which pixel format, and how finely.

A film leaves in the family it came in, where that family can be written and the container holds
it; anything else leaves as H.264. ``Quality`` names three levels; every encoder has its own rate
factor for each (``docs/media.md`` has what they measure).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import av
from av.video.format import VideoFormat

from watermarking.errors import MediaError, MediaReason
from watermarking.media.hdr import LightLevels


class Quality(StrEnum):
    """How much the encoding itself may change: ``transparent`` adds less than the mark does."""

    TRANSPARENT = "transparent"
    HIGH = "high"
    COMPACT = "compact"


@dataclass(frozen=True)
class Encoding:
    """How a copy is encoded. ``codec`` None follows the source, ``crf`` None follows ``quality``.

    ``lossless``: nothing but the mark may change; overrides ``crf``.
    """

    crf: int | None = None
    preset: str = "veryfast"
    lossless: bool = False
    quality: Quality = Quality.TRANSPARENT
    codec: str | None = None


@dataclass(frozen=True)
class PictureCodec:
    """An encoder: its libav name, rate factors per quality (None: it has none), and its scale's end."""

    encoder: str
    factors: Mapping[Quality, int] | None = None
    worst_factor: int = 51
    lossless: bool = False


def _levels(transparent: int, high: int, compact: int) -> Mapping[Quality, int]:
    return {Quality.TRANSPARENT: transparent, Quality.HIGH: high, Quality.COMPACT: compact}


CODECS: Mapping[str, PictureCodec] = {
    "h264": PictureCodec("libx264", _levels(6, 16, 20), lossless=True),
    "h265": PictureCodec("libx265", _levels(6, 16, 21), lossless=True),
    "av1": PictureCodec("libsvtav1", _levels(4, 22, 30), worst_factor=63),
    "vp9": PictureCodec("libvpx-vp9", _levels(4, 20, 30), worst_factor=63),
    "prores": PictureCodec("prores_ks"),
    "ffv1": PictureCodec("ffv1", lossless=True),
    "qtrle": PictureCodec("qtrle", lossless=True),
}
_FAMILY = {"hevc": "h265", "libdav1d": "av1", "libaom-av1": "av1", "libvpx-vp9": "vp9"}
_PROGRESSIVE = {"h265", "av1", "vp9"}
_PRORES_PROFILES = {"apco": "0", "apcs": "1", "apcn": "2", "apch": "3", "ap4h": "4", "ap4x": "5"}


@dataclass(frozen=True)
class PicturePlan:
    """What the pictures will be written as: encoder, pixel format, options of the encoder."""

    codec: str
    encoder: str
    pixel_format: str
    options: Mapping[str, str]


@dataclass(frozen=True)
class PictureTraits:
    """What the plan depends on, as read from the source stream and its first frame.

    ``profile_tag``: the container's four letters. ``interlaced``: woven from two fields.
    ``chroma``: where its samples lie, in libav's words.
    """

    codec: str
    pixel_format: str
    profile_tag: str
    interlaced: bool
    light: LightLevels
    chroma: str | None = None


def plan_pictures(traits: PictureTraits, encoding: Encoding, supported: set[str]) -> PicturePlan:
    """Choose the encoder and format for pictures of ``traits``.

    Args:
        supported: names of codecs that the container holds.

    Raises:
        MediaError: the asked codec is unknown, is not there, or the container does not hold it.
    """
    name = _codec_for(traits, encoding, supported)
    codec = CODECS[name]
    kept = traits.pixel_format.replace("yuvj", "yuv")
    chosen = nearest_format(kept, formats_of(codec.encoder))
    options = _rate(name, codec, encoding) | _details(name, traits, chosen, encoding)
    if traits.chroma is not None:
        options["chroma_sample_location"] = traits.chroma
    return PicturePlan(name, codec.encoder, chosen, options)


def formats_of(encoder: str) -> tuple[str, ...]:
    """Return the pixel formats an encoder takes that hold separate planes or plain RGB.

    Raises:
        MediaError: there is no such encoder in this build.
    """
    try:
        found = av.Codec(encoder, "w").video_formats or []
    except (ValueError, av.error.FFmpegError) as error:
        raise MediaError(MediaReason.MEDIA_UNSUPPORTED, f"this build has no {encoder}") from error
    return tuple(one.name for one in found if _is_plain(one))


def _is_plain(one: VideoFormat) -> bool:
    if one.name.startswith(("yuvj", "nv")) or "555" in one.name or one.is_big_endian:
        return False
    return one.name[-4:] not in {"f16l", "f32l"} and "f16" not in one.name and "f32" not in one.name


def nearest_format(wanted: str, offered: tuple[str, ...]) -> str:
    """Return ``wanted`` where it is offered, else what loses least of it and then grows least."""
    if wanted in offered:
        return wanted
    want = _Shape.of(wanted)
    return min(offered, key=lambda name: want.cost(_Shape.of(name)))


@dataclass(frozen=True)
class _Shape:
    bits: int
    chroma: tuple[int, int]
    alpha: bool
    rgb: bool
    grey: bool

    @classmethod
    def of(cls, name: str) -> _Shape:
        made = VideoFormat(name, 64, 64)
        parts = [part for part in made.components if not part.is_alpha]
        chroma = (parts[1].width, parts[1].height) if len(parts) > 2 else (0, 0)
        if made.has_palette:
            return cls(8, (64, 64), alpha=True, rgb=True, grey=False)
        return cls(
            max(part.bits for part in parts),
            chroma,
            len(parts) < len(made.components),
            made.is_rgb,
            len(parts) < 3,
        )

    def cost(self, other: _Shape) -> tuple[float, ...]:
        lost = 100.0 * (self.alpha and not other.alpha) + 40.0 * (other.grey and not self.grey)
        lost += 10.0 * max(0, self.bits - other.bits)
        lost += sum(1.0 for a, b in zip(self.chroma, other.chroma, strict=True) if b < a)
        lost += 0.5 * (self.rgb != other.rgb)
        return (lost, abs(other.bits - self.bits), sum(other.chroma), other.alpha)


def _codec_for(traits: PictureTraits, encoding: Encoding, supported: set[str]) -> str:
    if encoding.codec is not None:
        if encoding.codec not in CODECS:
            raise MediaError(MediaReason.MEDIA_UNSUPPORTED, f"no codec is called {encoding.codec}")
        if encoding.lossless and not CODECS[encoding.codec].lossless:
            raise MediaError(MediaReason.MEDIA_UNSUPPORTED, f"{encoding.codec} is not lossless here")
        if not _holds(encoding.codec, supported):
            raise MediaError(MediaReason.MEDIA_UNSUPPORTED, f"the container does not hold {encoding.codec}")
        return encoding.codec
    own = _FAMILY.get(traits.codec, traits.codec)
    for name in (own, "h264", "h265", "ffv1", "prores", "vp9"):
        if name in CODECS and _holds(name, supported) and _suits(name, traits, encoding, own):
            return name
    raise MediaError(MediaReason.MEDIA_UNSUPPORTED, "nothing that the container holds keeps these pictures")


def _holds(name: str, supported: set[str]) -> bool:
    codec = av.Codec(CODECS[name].encoder, "w")
    return bool({codec.canonical_name, codec.name} & supported)


def _suits(name: str, traits: PictureTraits, encoding: Encoding, own: str) -> bool:
    """Whether ``name`` keeps what the pictures hold: alpha and depth, all of it where lossless."""
    if (encoding.lossless and not CODECS[name].lossless) or (traits.interlaced and name in _PROGRESSIVE):
        return False
    kept = traits.pixel_format.replace("yuvj", "yuv")
    there = _Shape.of(nearest_format(kept, formats_of(CODECS[name].encoder)))
    lost = _Shape.of(kept).cost(there)[0]
    return lost < (0.5 if encoding.lossless else 10.0) or (name == own and not encoding.lossless)


def _rate(name: str, codec: PictureCodec, encoding: Encoding) -> dict[str, str]:
    if codec.factors is None:
        return {}
    factor = codec.factors[encoding.quality] if encoding.crf is None else encoding.crf
    if encoding.lossless:
        return {"qp": "0"} if name == "h264" else {}
    if factor > codec.worst_factor:
        raise MediaError(MediaReason.MEDIA_UNSUPPORTED, f"{name} has rate factors up to {codec.worst_factor}")
    return {"crf": str(factor)} | ({"b": "0"} if name == "vp9" else {})


def _details(name: str, traits: PictureTraits, chosen: str, encoding: Encoding) -> dict[str, str]:
    if name == "h264":
        plain = not encoding.lossless and encoding.crf is None and encoding.quality is Quality.TRANSPARENT
        tuned = {"tune": "psnr"} if plain else {}
        return _with_params({"preset": encoding.preset} | tuned, "x264-params", traits.light.for_x264())
    if name == "h265":
        params = ["log-level=error", *traits.light.for_x265()]
        params += ["lossless=1"] if encoding.lossless else []
        return _with_params({"preset": encoding.preset}, "x265-params", params)
    if name == "av1":
        return _with_params({"preset": "8"}, "svtav1-params", traits.light.for_svt())
    if name == "vp9":
        return {"deadline": "good", "cpu-used": "4", "row-mt": "1"}
    if name == "prores":
        deep = "444" in chosen
        profile = _PRORES_PROFILES.get(traits.profile_tag, "4" if deep else "3")
        if deep and profile not in {"4", "5"}:
            profile = "4"
        return {
            "profile": profile,
            "vendor": "apl0",
            "alpha_bits": "16" if chosen.startswith("yuva") else "0",
        }
    if name == "ffv1":
        return {"level": "3", "slicecrc": "1", "g": "1"}
    return {}


def _with_params(options: dict[str, str], name: str, params: list[str]) -> dict[str, str]:
    return options | ({name: ":".join(params)} if params else {})
