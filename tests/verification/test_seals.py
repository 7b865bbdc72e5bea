"""A seal in a master: whole, edited at a place that the report names, foreign, or not there at all."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from verification.pipeline.stages.seals import seal_of
from watermarking.keys import MarkKey
from watermarking.sealing import seal_file

OURS, OTHER = MarkKey("1", b"\x5a" * 32), MarkKey("2", b"\x33" * 32)


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    draw = np.random.default_rng(1)
    ramp = np.mgrid[0:160, 0:192][1].astype(float)[..., None] + draw.normal(60, 4, (160, 192, 3))
    Image.fromarray(ramp.clip(0, 255).astype(np.uint8)).save(tmp_path / "plain.png")
    seal_file(tmp_path / "plain.png", tmp_path / "sealed.png", key=OURS.key)
    return tmp_path / "sealed.png"


@pytest.mark.req("LV-162")
@pytest.mark.req("LV-034")
def test_an_edit_of_a_sealed_master_is_told_with_its_place(sealed: Path, tmp_path: Path) -> None:
    whole = seal_of(sealed, (OTHER, OURS))
    assert whole is not None
    assert (whole.status, whole.whole, whole.regions) == ("intact", whole.blocks, ())
    values = np.asarray(Image.open(sealed)).copy()
    values[100, 70, 0] ^= 4
    Image.fromarray(values).save(tmp_path / "edited.png")
    edited = seal_of(tmp_path / "edited.png", (OURS,))
    assert edited is not None
    assert edited.status == "edited"
    (region,) = edited.regions
    assert region.x <= 70 < region.x + region.width
    assert region.y <= 100 < region.y + region.height


@pytest.mark.req("LV-162")
def test_no_seal_is_none_and_a_strangers_is_foreign(sealed: Path, tmp_path: Path) -> None:
    assert seal_of(tmp_path / "plain.png", (OURS,)) is None
    stranger = seal_of(sealed, (OTHER,))
    assert stranger is not None
    assert (stranger.status, stranger.whole) == ("foreign", 0)
    Image.open(sealed).save(tmp_path / "copy.jpg")
    assert seal_of(tmp_path / "copy.jpg", (OURS,)) is None
    assert seal_of(sealed, ()) is None
