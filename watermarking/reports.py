"""What the engine answers: plain values that are also the JSON of the CLI and the API."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

SCHEME = "trustmark.dual"
VERSION = 1

Status = Literal["present", "absent", "uncertain"]
LayerName = Literal["pixel", "audio"]
LAYERS: tuple[LayerName, ...] = ("pixel", "audio")
# below it a scale is the search's own step (``signal.lattice``), not a crop
_CROPPED_SCALE = 1.02


class Transformation(msgspec.Struct, frozen=True, omit_defaults=True):
    """What must have happened to a medium, as far as reading the mark told; absent members are unknown.

    ``scale``: size of the picture against the canonical one. ``turn_degrees``: clockwise. ``crop``: share of the
    area that is left, to a twentieth, told by the scale: what was laid around it afterwards is not seen.
    ``tempo``, ``pitch``: 1.05 is five per cent faster, or higher.
    """

    scale: float | None = None
    turn_degrees: float | None = None
    crop: float | None = None
    mirrored: bool | None = None
    tempo: float | None = None
    pitch: float | None = None


class VariantReading(msgspec.Struct, frozen=True):
    """The form of the medium that was read best: ``original``, or ``normalised`` and by what."""

    name: str
    status: Status
    p_value: float


class LayerDetection(msgspec.Struct, frozen=True):
    """One layer's answer. ``payload`` is None unless ``status`` is ``present``.

    ``p_value`` bounds the chance of as good a score without this mark, every trial counted;
    ``confidence`` is the chance that the word is this one and not its nearest rival; ``score``
    is ``<signs, chips> / ||chips||``; ``geometry`` tells how it was found, in words, and
    ``transformation`` in numbers. ``thresholds`` are those of the card that it was held against.
    ``key_id`` names the key; ``keys_tried`` were paid for in the p-value.
    """

    status: Status
    payload: str | None
    p_value: float
    confidence: float
    method: str
    score: float
    geometry: str
    card: str
    transformation: Transformation = Transformation()
    thresholds: dict[str, float] = {}
    key_id: str = "1"
    keys_tried: int = 1


class DetectedSegment(msgspec.Struct, frozen=True):
    """A stretch of a layer that was read, in seconds, and the forms of it that were tried."""

    layer: LayerName
    start: float
    end: float
    status: Status
    payload: str | None
    p_value: float
    variants: tuple[VariantReading, ...] = ()


class DetectReport(msgspec.Struct, frozen=True):
    """What was found in a file. A layer that was not asked for, or is not there, is None."""

    status: Status
    payload: str | None
    p_value: float
    confidence: float
    method: str
    layers: dict[str, LayerDetection | None]
    segments: tuple[DetectedSegment, ...]
    scheme: str = SCHEME
    version: int = VERSION

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values; with the forms that were read, and how much of a picture is left, named."""
        layers = {name: layer and _with_crop(name, layer) for name, layer in self.layers.items()}
        segments = tuple(_with_form(segment, self.layers.get(segment.layer)) for segment in self.segments)
        plain: dict[str, Any] = msgspec.to_builtins(
            msgspec.structs.replace(self, layers=layers, segments=segments)
        )
        return plain


def _with_crop(name: str, layer: LayerDetection) -> LayerDetection:
    """Say how much of a picture is left; of a layer in which nothing was found nothing is known."""
    if layer.status == "absent":
        return msgspec.structs.replace(layer, transformation=Transformation())
    told = layer.transformation
    if name != "pixel" or told.crop is not None or told.scale is None or told.scale < _CROPPED_SCALE:
        return layer
    # pictures are brought to one area before they are read: what is cropped lies that much larger on it
    crop = round(told.scale**-2, 2)
    return msgspec.structs.replace(layer, transformation=msgspec.structs.replace(told, crop=crop))


def _with_form(segment: DetectedSegment, layer: LayerDetection | None) -> DetectedSegment:
    if layer is None or layer.geometry == "identity":
        return segment
    name = f"normalised: {layer.geometry}"
    variants = tuple(msgspec.structs.replace(one, name=name) for one in segment.variants)
    return msgspec.structs.replace(segment, variants=variants)


class LayerEmbedding(msgspec.Struct, frozen=True):
    """What happened to one layer.

    ``status``: ``embedded``, ``not_markable`` (with ``reason``: DARK, SILENT, TOO_SHORT) or
    ``missing`` (the file has no such layer). ``verified``: None when it was not verified.
    ``level_db``: mean PSNR of marked luma, or mean SNR of marked sound, before encoding.
    """

    status: Literal["embedded", "not_markable", "missing"]
    card: str
    reason: str | None = None
    verified: bool | None = None
    level_db: float | None = None


class EmbeddedSegment(msgspec.Struct, frozen=True):
    """A stretch of a layer as it was embedded, in seconds. ``verified``: a blind detection of it named the id."""

    layer: LayerName
    start: float
    end: float
    status: Literal["embedded", "not_markable", "missing"]
    reason: str | None
    verified: bool
    p_value: float | None
    boost: float = 1.0


class EmbedReport(msgspec.Struct, frozen=True):
    """What was written. ``left_out``: streams of the source that the container cannot hold."""

    payload: str
    frames: int
    seconds: float
    layers: dict[str, LayerEmbedding]
    detection: DetectReport | None = None
    left_out: tuple[str, ...] = ()
    segments: tuple[EmbeddedSegment, ...] = ()
    scheme: str = SCHEME
    version: int = VERSION

    @property
    def is_verified(self) -> bool:
        """Whether every layer that could be marked was read back, and there is one."""
        marked = [one for one in self.layers.values() if one.status == "embedded"]
        return bool(marked) and all(one.verified is True for one in marked)

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def payload_hex(payload: int) -> str:
    """Return a mark id as 16 lower-case hex digits."""
    return f"{payload:016x}"


def parse_payload(text: str) -> int:
    """Parse 16 hex digits.

    Raises:
        ValueError: not exactly 16 hex digits.
    """
    if len(text) != 16 or any(c not in "0123456789abcdefABCDEF" for c in text):
        raise ValueError(f"a mark id is 16 hex digits, not {text!r}")
    return int(text, 16)
