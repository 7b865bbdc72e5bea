"""Our Content Credentials, read by an implementation that is not ours and not the library that wrote them.

``encypher-c2pa`` (Apache-2.0, Rust) validates by the C2PA 2.4 profile. It asks no network here and tells nobody.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import encypher_c2pa
import pytest

from provenance.credentials import CredentialFacts, LicenceFact, sign_file
from provenance.formats import FLAC, JPEG, MP4, PNG, TIFF, WAV, Format
from provenance.source_type import vocabulary
from tests.provenance.conftest import cut_clip
from tests.provenance.media_files import media_file
from tests.provenance.test_credentials import new_identity
from tests.timestamping import timestamp_authority

FORMATS = (PNG, JPEG, TIFF, WAV, FLAC, MP4)


@pytest.fixture(scope="module")
def identity():
    return new_identity()


@pytest.fixture(scope="module")
def signed(identity, demo_clip, tmp_path_factory):
    """A stamped file of each format, and the root of the authority that stamped."""
    folder = tmp_path_factory.mktemp("elsewhere")
    facts = CredentialFacts(
        asset_id="0192a000-0000-7000-8000-000000000001",
        source_type=vocabulary()["trainedAlgorithmicMedia"],
        created_at=datetime.now(UTC),
        mark_id="00e1d2c3b4a59687",
        mark_algorithms={"PIXEL": "org.trustmark-server.pixel-1"},
        licences=(LicenceFact("0192a000-0000-7000-8000-000000000002", 3, "sha256:" + "ab" * 32),),
        log_origin="trustmark.local/log/0192a000-0000-7000-8000-000000000003",
    )
    film = cut_clip(demo_clip, folder / "plain.mp4", seconds=1, start=20)
    with timestamp_authority(folder / "tsa") as authority:
        for form in FORMATS:
            sign_file(
                film if form is MP4 else media_file(folder, form),
                folder / f"signed{form.suffix}",
                facts=facts,
                identity=identity,
                media_type=form.media_type,
                timestamp_url=authority.url,
            )
        return folder, authority.root_pem


def judged(path: Path, anchors: str, roots: str) -> dict:
    return dict(
        encypher_c2pa.verify(
            path,
            trust_pem=anchors,
            tsa_trust_pem=roots,
            no_default_trust=True,
            telemetry=False,
            online=False,
        )
    )


def codes(value: object) -> set[str]:
    """Every status code of a report, wherever it stands."""
    if isinstance(value, dict):
        own = {str(value["code"])} if "code" in value else set()
        return own.union(*map(codes, value.values()))
    return set().union(*map(codes, value)) if isinstance(value, list) else set()


@pytest.mark.req("GP-020")
@pytest.mark.req("LV-025")
@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_another_implementation_trusts_what_we_sign_and_not_what_was_touched(
    form: Format, signed, identity, tmp_path
):
    folder, roots = signed
    path = folder / f"signed{form.suffix}"
    report = judged(path, identity.anchor_pem, roots)
    assert (report["validation_state"], report["hard_binding"]) == ("Trusted", "match")
    assert {"signingCredential.trusted", "timeStamp.validated", "timeStamp.trusted"} <= codes(report)
    stranger = judged(path, new_identity("elsewhere.example").anchor_pem, roots)
    assert stranger["validation_state"] != "Trusted"
    assert "signingCredential.untrusted" in codes(stranger)
    touched = bytearray(path.read_bytes())
    touched[touched.index(b"cawg.ai_training") + 3] ^= 1
    copy = tmp_path / path.name
    copy.write_bytes(touched)
    assert judged(copy, identity.anchor_pem, roots)["validation_state"] == "Invalid"
