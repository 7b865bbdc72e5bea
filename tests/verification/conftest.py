"""Signed and marked films for the tests of the verifier."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from provenance.credentials import CredentialFacts, sign_file
from provenance.source_type import vocabulary
from tests.provenance.conftest import cut_clip, plain_film, resolvable_film
from tests.provenance.test_revocation import House

__all__ = ["plain_film", "resolvable_film"]

FACTS = CredentialFacts(
    asset_id="0192a000-0000-7000-8000-000000000001",
    source_type=vocabulary()["compositeWithTrainedAlgorithmicMedia"],
    created_at=datetime(2026, 11, 22, 8, 0, tzinfo=UTC),
    mark_id="00e1d2c3b4a59687",
    mark_algorithms={"PIXEL": "org.trustmark-server.pixel.1"},
    licences=(),
    log_origin="trustmark.local/log/0192a000-0000-7000-8000-000000000003",
)


@pytest.fixture(scope="session")
def studio() -> House:
    return House("studio.example")


@pytest.fixture(scope="session")
def plain(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds that carry nothing."""
    return cut_clip(demo_clip, tmp_path_factory.mktemp("verify") / "plain.mp4", seconds=2, start=20)


@pytest.fixture(scope="session")
def signed(plain: Path, studio: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same with Content Credentials of the studio."""
    target = tmp_path_factory.mktemp("verify") / "signed.mp4"
    sign_file(plain, target, facts=FACTS, identity=studio.identity, media_type="video/mp4")
    return target


@pytest.fixture(scope="session")
def anchors(studio: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("verify") / "authority.pem"
    target.write_text(studio.identity.anchor_pem, encoding="ascii")
    return target


@pytest.fixture(scope="session")
def still(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small picture: the cheapest medium there is."""
    target = tmp_path_factory.mktemp("verify") / "still.png"
    Image.radial_gradient("L").convert("RGB").save(target)
    return target


@pytest.fixture(scope="session")
def tiny(studio: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A second of small pictures, signed: cheap enough to be damaged some hundred times."""
    folder = tmp_path_factory.mktemp("verify")
    with av.open(str(folder / "bare.mp4"), "w") as writing:
        stream = writing.add_stream("libx264", rate=24)
        stream.width, stream.height, stream.pix_fmt = 192, 128, "yuv420p"
        for number in range(24):
            picture = np.roll(np.mgrid[0:128, 0:192][1].astype(np.uint8), number * 5, axis=1)
            for packet in stream.encode(av.VideoFrame.from_ndarray(np.stack([picture] * 3, -1), "rgb24")):
                writing.mux(packet)
        for packet in stream.encode():
            writing.mux(packet)
    target = folder / "tiny.mp4"
    sign_file(folder / "bare.mp4", target, facts=FACTS, identity=studio.identity, media_type="video/mp4")
    return target
