"""Beside DRM and forensic marks: what is encrypted is refused whole, other marks and credentials stay readable."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from django.test import Client
from PIL import Image

from common.errors import InvalidInput
from common.storage import blobs
from provenance.media import probe_media
from provenance.models import Asset
from tests import factories
from tests.compliance.test_erasure import use_own_stores
from tests.farm import Farm, make_farm
from tests.provenance.test_assets_api import upload
from watermarking import engine
from watermarking.keys import mark_key

pytestmark = pytest.mark.django_db
OURS, THEIRS = mark_key(bytes.fromhex("5a" * 32)), mark_key(bytes.fromhex("c3" * 32))
MARK, THEIR_MARK = 0x0123456789ABCDEF, 0xFEDCBA9876543210
STRENGTH, CERTAIN = 3.0, 6.0


@pytest.fixture
def farm() -> Farm:
    farm = make_farm(factories.make_production(guild=factories.make_guild()))
    farm.render(0, 4)
    return farm


def protected(clip: Path, target: Path, old: bytes, new: bytes) -> Path:
    """The clip as a packager leaves it: the sample entry says that its samples are encrypted."""
    data = bytearray(clip.read_bytes())
    at = data.index(old + b"\0\0\0\0")
    data[at : at + 4] = new
    target.write_bytes(data)
    return target


@pytest.mark.req("ST-084")
@pytest.mark.parametrize(("old", "new"), [(b"avc1", b"encv"), (b"mp4a", b"enca")], ids=["video", "audio"])
def test_what_is_under_drm_is_refused_with_its_code_and_nothing_of_it_is_kept(
    farm: Farm, short_clip: Path, tmp_path: Path, settings: Any, old: bytes, new: bytes
) -> None:
    use_own_stores(settings, tmp_path)
    film = protected(short_clip, tmp_path / "film.mp4", old, new)
    before = film.read_bytes()
    answer = upload(Client(), farm, factories.bearer(farm.credential), film)
    assert (answer.status_code, answer.json()["code"]) == (422, "MEDIA_PROTECTED")
    assert film.read_bytes() == before
    assert not Asset.objects.exists()
    assert not blobs().exists("assets") or blobs().listdir("assets") == ([], [])
    with pytest.raises(InvalidInput, match="MEDIA_PROTECTED"):
        probe_media(film)
    assert probe_media(short_clip).video_codec == "h264"  # the same film without protection is taken


def forensic(picture: np.ndarray, seed: int) -> np.ndarray:
    """Another vendor's mark: a spread-spectrum pattern of its own key, three grey levels strong."""
    pattern = np.random.default_rng(seed).choice([-1.0, 1.0], size=picture.shape[:2])
    return np.clip(picture + STRENGTH * pattern[..., None], 0, 255)


def score(picture: np.ndarray, seed: int) -> float:
    """How clearly a pattern is there, in standard deviations of what chance gives."""
    grey = picture.astype(float).mean(axis=2)
    grey -= grey.mean()
    pattern = np.random.default_rng(seed).choice([-1.0, 1.0], size=grey.shape)
    return float((grey * pattern).sum() / (grey.std() * np.sqrt(grey.size)))


@pytest.mark.req("ST-084")
def test_another_vendors_forensic_mark_is_read_as_before_beside_ours(tmp_path: Path) -> None:
    y, x = np.mgrid[0:720, 0:1280]
    noise = np.random.default_rng(5).normal(0, 6, (720, 1280, 3))
    scene = 120 + 50 * np.sin(x / 97)[..., None] + 40 * np.cos(y / 61)[..., None] + noise
    source, target = tmp_path / "theirs.png", tmp_path / "both.png"
    Image.fromarray(forensic(scene, 77).round().astype(np.uint8)).save(source)
    engine.embed_file(source, target, mark_id=MARK, key=OURS)
    before, after = (np.asarray(Image.open(path).convert("RGB")) for path in (source, target))
    assert score(before, 77) > CERTAIN
    assert score(after, 77) > max(CERTAIN, 0.8 * score(before, 77))
    assert abs(score(after, 78)) < CERTAIN  # a pattern that nobody embedded is not found
    assert engine.detect_file(target, key=OURS).payload == f"{MARK:016x}"
    assert engine.detect_file(source, key=OURS).payload is None


@pytest.mark.req("ST-084")
def test_the_mark_of_another_deployment_is_read_with_its_own_key_beside_ours(tmp_path: Path) -> None:
    y, x = np.mgrid[0:720, 0:1280]
    noise = np.random.default_rng(6).normal(0, 9, (720, 1280, 3))
    scene = np.clip(125 + 45 * np.sin(x / 83)[..., None] + 35 * np.cos(y / 57)[..., None] + noise, 0, 255)
    plain, theirs, both = (tmp_path / name for name in ("plain.png", "theirs.png", "both.png"))
    Image.fromarray(scene.astype(np.uint8)).save(plain)
    engine.embed_file(plain, theirs, mark_id=THEIR_MARK, key=THEIRS)
    engine.embed_file(theirs, both, mark_id=MARK, key=OURS)
    assert engine.detect_file(both, key=THEIRS).payload == f"{THEIR_MARK:016x}"
    assert engine.detect_file(both, key=OURS).payload == f"{MARK:016x}"
