"""Mark cards: what a mark is, in one JSON file per layer and version.

A card names scheme, version, strength, bits, code and thresholds, and the bounds that were
measured for them. The engine loads a mark by its card; a new version is a new file, and a
registration keeps the name of the card that it was made with.

    >>> load_pixel_card("pixel-1").nbits
    64
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any, TypeVar

import msgspec

DEFAULT_PIXEL_CARD = "pixel-1"
DEFAULT_AUDIO_CARD = "audio-1"


class CodeCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Tail-biting convolutional code: ``outputs`` chips per bit, ``constraint`` bits of memory."""

    name: str
    constraint: int
    outputs: int
    seed: str


class Thresholds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Bounds of a claim.

    ``claim_p``: at or below it a payload is named. ``hint_p``: at or below it the answer is
    ``uncertain``. ``word_log_odds``: natural log of the odds by which the best word must beat
    its nearest rival.
    """

    claim_p: float
    hint_p: float
    word_log_odds: float


class GeometryCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Canonical frame: ``sqrt(w * h) == side``; the pattern repeats every ``tile`` pixels of it."""

    side: int
    tile: int


class Carrier(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A ring of tile frequencies (cycles per tile), the share that synchronises, weight bands.

    ``tilt``: amplitudes go with ``radius ** -tilt``.
    """

    radii: tuple[int, int]
    sync_share: float
    bands: int
    tilt: float


class Carriers(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The two carriers: weak high luma, low chroma."""

    luma: Carrier
    chroma: Carrier


class PixelStrength(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What the pixel mark may spend.

    ``luma_psnr_db``: luma is levelled to it. ``luma_floor`` and ``luma_slope``: shape of the luma gain over
    local activity. ``delta``: visible CIELAB differences (rms) allowed at calm and at busy places;
    luma takes at most ``luma_share`` of it. ``chroma_cap``: in 8-bit levels. A place is calm below the first and busy above the second of
    ``calm_shares`` (quantiles of its frame) or of ``calm_activity`` (levels), whichever is larger. Gains fall
    to nothing over ``black_ramp``; ``dark_luma`` of luma's is left in frames whose mean luma is
    below ``dark_ramp``. All gains are scaled towards ``rgb_psnr_db`` by a factor within ``rgb_range``.
    """

    luma_psnr_db: float
    luma_floor: float
    luma_slope: float
    delta: tuple[float, float]
    luma_share: float
    chroma_cap: float
    activity_cap: float
    calm_shares: tuple[float, float]
    calm_activity: tuple[float, float]
    black_ramp: tuple[float, float]
    dark_ramp: tuple[float, float]
    dark_luma: float
    rgb_psnr_db: float
    rgb_range: tuple[float, float]


class PixelCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pixel mark; a still has one frame only and is marked more strongly."""

    scheme: str
    version: int
    layer: str
    nbits: int
    code: CodeCard
    geometry: GeometryCard
    carriers: Carriers
    sync_gain: float
    strength: PixelStrength
    still_strength: PixelStrength
    thresholds: Thresholds
    measured: dict[str, Any]


class AnalysisCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Short-time spectrum: sample rate in Hz, Hann window and hop in samples."""

    rate_hz: int
    window: int
    hop: int


class BandCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Band edges: each ``max(min_width_hz, relative_width * f)`` wide, from ``low_hz`` up."""

    count: int
    low_hz: float
    min_width_hz: float
    relative_width: float


class GridCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A period of the code: ``quads`` chips of 2 slots, each ``slot_frames`` hops long.

    Signs repeat after a lap of ``periods`` periods; every ``pilot_every``-th band pair synchronises.
    """

    slot_frames: int
    quads: int
    periods: int
    pilot_every: int


class SoundStrength(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Target SNR, cap of a gain, noise-to-mask ratio (dB); gain follows band energy's power.

    ``full_from_hz``: below it gains shrink with the square root of frequency.
    """

    snr_db: float
    gain_cap_db: float
    noise_to_mask_db: float
    energy_exponent: float
    full_from_hz: float


class SoundSearch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Grid of time scales, frequency scales and phases that the detector tries.

    Scales lie so close that both ends of a window together slip by ``slip_seconds`` from one to the
    next. ``pitch_fine``: steps around a found frequency scale.
    """

    time_scale_span: float
    slip_seconds: float
    pitch_scales: tuple[float, ...]
    pitch_fine: tuple[float, ...]
    phases: int


class SoundCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A sound mark."""

    scheme: str
    version: int
    layer: str
    nbits: int
    code: CodeCard
    analysis: AnalysisCard
    bands: BandCard
    grid: GridCard
    strength: SoundStrength
    search: SoundSearch
    thresholds: Thresholds
    measured: dict[str, Any]


_Card = TypeVar("_Card", PixelCard, SoundCard)


def _read(name: str, kind: type[_Card]) -> _Card:
    if not name.replace("-", "").isalnum():
        raise ValueError(f"no such card: {name!r}")
    path = files(__name__) / f"{name}.json"
    if not path.is_file():
        raise ValueError(f"no such card: {name!r}")
    return msgspec.json.decode(path.read_bytes(), type=kind, strict=True)


@cache
def load_pixel_card(name: str = DEFAULT_PIXEL_CARD) -> PixelCard:
    """Load the pixel card ``name``.

    Raises:
        ValueError: there is no such card, or it is no pixel card.
    """
    return _read(name, PixelCard)


@cache
def load_sound_card(name: str = DEFAULT_AUDIO_CARD) -> SoundCard:
    """Load the sound card ``name``.

    Raises:
        ValueError: there is no such card, or it is no sound card.
    """
    return _read(name, SoundCard)
