"""A card's mark, stronger than the card says: for what did not read back. What masking allows stays the limit."""

from __future__ import annotations

import math

import msgspec

from watermarking.cards import PixelCard, PixelStrength, SoundCard


def boosted_pixels(card: PixelCard, boost: float) -> PixelCard:
    """Return the card with ``boost`` times its budget; caps and the ramp into black stay.

    Raises:
        ValueError: ``boost`` is not in [1, 2].
    """
    _check(boost)
    if boost == 1.0:
        return card
    return msgspec.structs.replace(
        card, strength=_stronger(card.strength, boost), still_strength=_stronger(card.still_strength, boost)
    )


def boosted_sound(card: SoundCard, boost: float) -> SoundCard:
    """Return the card with its signal-to-noise target lowered; the noise-to-mask limit stays.

    Raises:
        ValueError: ``boost`` is not in [1, 2].
    """
    _check(boost)
    if boost == 1.0:
        return card
    lower = msgspec.structs.replace(card.strength, snr_db=card.strength.snr_db - 20.0 * math.log10(boost))
    return msgspec.structs.replace(card, strength=lower)


def _stronger(strength: PixelStrength, boost: float) -> PixelStrength:
    return msgspec.structs.replace(
        strength,
        luma_psnr_db=strength.luma_psnr_db - 20.0 * math.log10(boost),
        delta=(strength.delta[0] * boost, strength.delta[1] * boost),
    )


def _check(boost: float) -> None:
    if not 1.0 <= boost <= 2.0:
        raise ValueError("a boost lies between 1 and 2")
