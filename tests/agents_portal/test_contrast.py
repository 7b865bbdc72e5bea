"""Every pair of text and ground in the stylesheet's tokens reaches WCAG 2.2 AA, in light and in dark."""

from __future__ import annotations

import re

import pytest

from tests.agents_portal.test_house_rules import STATIC

TOKENS = dict(
    re.findall(
        r"--([a-z0-9-]+): light-dark\((#[0-9a-f]{6}, #[0-9a-f]{6})\)",
        (STATIC / "css" / "portal.css").read_text(encoding="utf-8"),
    )
)
TONES = ("permit", "deny", "expire", "unsure")
TEXT = [
    *(
        (ink, ground)
        for ink in ("ink", "ink-2", "ink-3", "accent", *TONES)
        for ground in ("surface", "ground")
    ),
    *((ink, "sunken") for ink in ("ink", "ink-2", "ink-3")),
    *((tone, f"{tone}-tint") for tone in TONES),
    *(("ink", f"{tone}-tint") for tone in (*TONES, "accent")),
    ("accent", "accent-tint"),
    ("ink-2", "accent-tint"),
    ("on-accent", "accent"),
]


def luminance(colour: str) -> float:
    """Relative luminance of ``#rrggbb`` (WCAG 2.2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize(("text", "ground"), TEXT)
def test_text_reaches_four_and_a_half_to_one(text: str, ground: str, mode: int) -> None:
    pair = [TOKENS[name].split(", ")[mode] for name in (text, ground)]
    assert contrast(*pair) >= 4.5, (text, ground, pair)


@pytest.mark.parametrize("mode", [0, 1], ids=["light", "dark"])
def test_borders_of_controls_reach_three_to_one(mode: int) -> None:
    pair = [TOKENS[name].split(", ")[mode] for name in ("line-2", "surface")]
    assert contrast(*pair) >= 3
    assert contrast("#ffffff", TOKENS["deny-solid"].split(", ")[mode]) >= 4.5


def test_contrast_is_measured_as_the_guideline_says() -> None:
    assert contrast("#000000", "#ffffff") == pytest.approx(21)
    assert contrast("#767676", "#ffffff") == pytest.approx(4.54, abs=0.01)
