"""The time of a bundle's signature: stamped by an authority where there is one, checked by us and by OpenSSL."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import pytest

from tests import factories
from tests.compliance.test_bundles import made, members, saved
from tests.farm import make_farm
from tests.timestamping import make_authority, openssl_verifies, timestamp_authority
from trustcore import cli
from trustcore.bundle import Trust, verify_bundle
from trustcore.bundle.archive import entry_info
from trustcore.bundle.bag import encode_manifest
from trustcore.bundle.layout import SIGNATURE, SIGNATURE_STAMP, TAG_FILES, TAG_MANIFEST
from trustcore.encoding import sha256_hex
from trustcore.errors import InvalidEvidence

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(shutil.which("openssl") is None, reason="no OpenSSL on this machine"),
]


def with_stamp(path: Path, token: bytes) -> Path:
    """The bundle with another stamp, its tag manifest made to fit: no key is needed for that."""
    forged = path.with_name("forged.zip")
    with zipfile.ZipFile(path) as source, zipfile.ZipFile(forged, "w") as target:
        files = {info.filename.partition("/")[2]: source.read(info) for info in source.infolist()}
        name = source.namelist()[0].partition("/")[0]
        files[SIGNATURE_STAMP] = token
        tags = {tag: sha256_hex(files[tag]) for tag in (*TAG_FILES, SIGNATURE_STAMP)}
        files[TAG_MANIFEST] = encode_manifest(tags)
        for file, data in files.items():
            with target.open(entry_info(f"{name}/{file}"), "w") as stream:
                stream.write(data)
    return forged


def test_an_authority_stamps_the_signature_and_its_stamp_is_checked_by_openssl_and_by_us(
    settings, tmp_path, capsys
) -> None:
    farm = make_farm(factories.make_production())
    farm.render(0, 2)
    plain = made(farm, purpose="REGULATORY")
    assert plain.findings["timestamp"] == "NONE"
    (tmp_path / "roots.pem").write_text("")
    with timestamp_authority(tmp_path / "tsa") as authority:
        (tmp_path / "roots.pem").write_text(authority.root_pem)
        settings.TIMESTAMP_URL, settings.TIMESTAMP_ROOTS = authority.url, str(tmp_path / "roots.pem")
        bundle = made(farm, purpose="REGULATORY")
        authority.instead = (503, b"")
        unstamped = made(farm, purpose="REGULATORY")
    path = saved(bundle, tmp_path)
    files = members(path)
    roots = Trust(stamp_roots=authority.root_pem)
    assert bundle.findings["timestamp"] == "STAMPED"
    assert openssl_verifies(files[SIGNATURE_STAMP], files[SIGNATURE], authority.root_pem, tmp_path / "o")
    assert not openssl_verifies(
        files[SIGNATURE_STAMP], files[SIGNATURE] + b" ", authority.root_pem, tmp_path / "o"
    )
    assert verify_bundle(path).stamped == "UNCHECKED"
    assert verify_bundle(path, roots).stamped.startswith("20")
    assert cli.main(["bundle", "verify", str(path), "--tsa", str(tmp_path / "roots.pem")]) == 0
    assert "A timestamp authority saw the signature at 20" in capsys.readouterr().out
    # a stamp of another authority, and of another bundle
    stranger = make_authority(tmp_path / "stranger", name="Stranger")
    with pytest.raises(InvalidEvidence, match="KEY_UNTRUSTED"):
        verify_bundle(path, Trust(stamp_roots=stranger))
    other = with_stamp(saved(plain, tmp_path), files[SIGNATURE_STAMP])
    with pytest.raises(InvalidEvidence, match="HASH_MISMATCH") as refused:
        verify_bundle(other, roots)
    assert refused.value.path == SIGNATURE_STAMP
    # an authority that does not answer costs the stamp, not the bundle
    assert unstamped.findings["timestamp"] == "UNAVAILABLE"
    assert verify_bundle(saved(unstamped, tmp_path), roots).stamped == ""
