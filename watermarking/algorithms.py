"""Our marks as C2PA soft-binding algorithms: a name per card, under a domain of the deployment's choice.

A name is the domain turned round, the layer and the card's version: ``org.trustmark-server.pixel.1``. Names are
written into manifests and asked for by strangers, so a domain that was used once is never changed.

Source: C2PA soft binding algorithm list, schema (pattern of ``alg``); C2PA specification 2.4, entity-specific labels.
"""

import re
from dataclasses import dataclass
from functools import cache

from django.conf import settings

from watermarking.cards import (
    DEFAULT_AUDIO_CARD,
    DEFAULT_PIXEL_CARD,
    PixelCard,
    SoundCard,
    load_pixel_card,
    load_sound_card,
)

NAME = re.compile(r"[A-Za-z]{2,63}(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?)+")
_MEDIA = {"pixel": ("image", "video"), "audio": ("audio", "video")}


@dataclass(frozen=True)
class Algorithm:
    """A mark as others name it.

    Attributes:
        alg: the soft-binding algorithm name.
        layer: ``pixel`` or ``audio``.
        card: the card that marks and reads it.
        media: top-level media types that it is read in.
    """

    alg: str
    layer: str
    card: str
    media: tuple[str, ...]


def algorithms() -> tuple[Algorithm, ...]:
    """Return what this deployment embeds and resolves, pixels first."""
    return _under(settings.SOFTBINDING_DOMAIN)


def algorithm_of_layer(layer: str) -> Algorithm:
    """Return the algorithm of ``pixel`` or ``audio`` (any case).

    Raises:
        ValueError: there is no such layer.
    """
    for one in algorithms():
        if one.layer == layer.lower():
            return one
    raise ValueError(f"no such layer: {layer!r}")


def algorithm_named(alg: str) -> Algorithm | None:
    """Return the algorithm of this name, or None where it is not ours."""
    return next((one for one in algorithms() if one.alg == alg), None)


def namespace(domain: str) -> str:
    """Turn a domain round: ``trustmark-server.org`` to ``org.trustmark-server``.

    Raises:
        ValueError: it is no domain, or none that can stand in a name.
    """
    turned = ".".join(reversed(domain.strip().lower().strip(".").split(".")))
    if not NAME.fullmatch(turned):
        raise ValueError(f"no domain that algorithms can be named under: {domain!r}")
    return turned


@cache
def _under(domain: str) -> tuple[Algorithm, ...]:
    cards: tuple[tuple[str, PixelCard | SoundCard], ...] = (
        (DEFAULT_PIXEL_CARD, load_pixel_card()),
        (DEFAULT_AUDIO_CARD, load_sound_card()),
    )
    return tuple(
        Algorithm(f"{namespace(domain)}.{card.layer}.{card.version}", card.layer, name, _MEDIA[card.layer])
        for name, card in cards
    )
