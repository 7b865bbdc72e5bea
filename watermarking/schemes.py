"""What each mark is and what reading it needs, for whoever has to rely on an answer. Public, and without a secret.

*Blind* means that neither the original nor a list of ids is needed; the key is needed always. A *robust* mark is
made to survive what happens to films; a *fragile* one is made to break, and to show where.
"""

from __future__ import annotations

from typing import Any

from watermarking.algorithms import algorithms
from watermarking.cards import load_pixel_card, load_sound_card
from watermarking.verdict import thresholds_of

RECOVERY_KEY = (
    "the mark key of the key id that the id was registered with, derived from the deployment's mark secret; "
    "it is never handed out"
)


def declarations() -> list[dict[str, Any]]:
    """Return one declaration per scheme, as JSON values."""
    return [*(_robust(one.alg, one.layer, one.card) for one in algorithms()), _seal()]


def _robust(alg: str, layer: str, name: str) -> dict[str, Any]:
    card = load_pixel_card(name) if layer == "pixel" else load_sound_card(name)
    return {
        "scheme": card.scheme,
        "version": card.version,
        "card": name,
        "layer": layer,
        "alg": alg,
        "kind": "robust",
        "nbits": card.nbits,
        "blind": True,
        "needs_original": False,
        "methods": ["blind", "registry"],
        "recovery_key": RECOVERY_KEY,
        "thresholds": thresholds_of(card.thresholds),
        "measured": card.measured,
    }


def _seal() -> dict[str, Any]:
    return {
        "scheme": "trustmark.seal",
        "version": 1,
        "card": "seal-1",
        "layer": "pixel",
        "alg": None,
        "kind": "fragile",
        "nbits": 0,
        "blind": True,
        "needs_original": False,
        "methods": ["blind"],
        "recovery_key": RECOVERY_KEY,
        "thresholds": {},
        "measured": {},
    }


def watermark_facts(result: dict[str, Any] | None, *, failed: bool) -> dict[str, Any]:
    """Return the ``watermark`` member of a report.

    ``status`` is ``present``, ``absent``, ``uncertain``, or None before the answer and where reading failed: then
    ``error`` is ``watermark_extraction_failed``. ``cards`` name the versions whose thresholds were applied.
    """
    layers = [layer for layer in ((result or {}).get("layers") or {}).values() if layer]
    return {
        "status": result["status"] if result else None,
        "confidence": result["confidence"] if result else None,
        "scheme": result["scheme"] if result else None,
        "p_value": result["p_value"] if result else None,
        "cards": sorted({layer["card"] for layer in layers}),
        "error": "watermark_extraction_failed" if failed else None,
    }
