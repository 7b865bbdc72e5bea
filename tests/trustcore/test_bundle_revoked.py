"""A bundle whose signing key was revoked: what shows that it is older than that, what shows that it is not, and neither."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.timestamping import timestamp_authority
from tests.trustcore import bundling
from tests.trustcore.bundling import Forge, bag_files, some_entries, zip_bytes
from trustcore import cli, timestamp
from trustcore.bundle import Trust, verify_bundle
from trustcore.bundle.bag import encode_manifest
from trustcore.bundle.layout import SIGNATURE, SIGNATURE_STAMP, TAG_FILES, TAG_MANIFEST
from trustcore.bundle.revoked import revoked_from_jwks
from trustcore.encoding import sha256_hex
from trustcore.errors import InvalidEvidence, InvalidKey
from trustcore.receipt import ExportedEntry, KeyEntry, KeyEvent
from trustcore.signing import Ed25519Signer, keys_from_jwks, public_jwk, public_key_set

FUTURE, PAST, NEVER_BEFORE = "2099-01-01T00:00:00Z", "2026-10-01T00:00:00Z", "2026-01-01T00:00:00Z"
NEXT = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\x56" * 32), "bundle-2")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="no OpenSSL on this machine")


def key_set(revoked_at: str, compromised_at: str = "") -> dict[str, Any]:
    """What the server publishes once the key that signs the bundles here was revoked."""
    trusted = {"token-1": bundling.TOKEN_SIGNER.public_key, NEXT.kid: NEXT.public_key}
    ended = public_jwk(bundling.BUNDLE_SIGNER.public_key, bundling.BUNDLE_SIGNER.kid)
    ended |= {"revoked_at": revoked_at, **({"compromised_at": compromised_at} if compromised_at else {})}
    return {**public_key_set(trusted), "revoked": [ended]}


def trust_in(document: dict[str, Any], roots: str = "") -> Trust:
    keys = keys_from_jwks(document)
    return Trust(keys=keys, revoked=revoked_from_jwks(document), stamp_roots=roots)


def with_end_in_log() -> dict[str, bytes]:
    """A bundle whose own log says that the key which signed it was revoked."""
    end = KeyEntry(at=bundling.AT, event=KeyEvent.REVOKED, kid=bundling.BUNDLE_SIGNER.kid, purpose="BUNDLE")
    return bag_files(Forge(entries=[*some_entries(3), end]))


@pytest.fixture
def zipped(tmp_path: Path) -> Any:
    def write(files: dict[str, bytes]) -> Path:
        path = tmp_path / "bundle.zip"
        path.write_bytes(zip_bytes(files))
        return path

    return write


def refusal(path: Path, trust: Trust) -> InvalidEvidence:
    with pytest.raises(InvalidEvidence) as refused:
        verify_bundle(path, trust)
    assert refused.value.path == SIGNATURE
    return refused.value


def test_an_unknown_a_rotated_and_a_revoked_key_are_three_different_answers(zipped: Any) -> None:
    path = zipped(bag_files())
    strangers = {NEXT.kid: NEXT.public_key, "token-1": bundling.TOKEN_SIGNER.public_key}
    assert refusal(path, Trust(keys=strangers)).code == "KEY_UNTRUSTED"
    rotated = {**bundling.ALL_KEYS, **strangers}
    assert verify_bundle(path, Trust(keys=rotated)).revoked == ""
    revoked = refusal(path, trust_in(key_set(FUTURE)))
    assert revoked.code == "KEY_REVOKED"
    assert f"was revoked at {FUTURE}" in revoked.detail
    assert "no authority stamped it" in revoked.detail


def test_a_key_set_that_only_names_revoked_keys_never_lets_the_bundles_own_keys_in(
    zipped: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Who takes the server's address, or edits its answer, may send such a set along with a bundle of their own."""
    path, keys = zipped(bag_files()), tmp_path / "jwks.json"
    only_ended = {"keys": [], "revoked": [public_jwk(NEXT.public_key, NEXT.kid) | {"revoked_at": PAST}]}
    assert refusal(path, trust_in(only_ended)).code == "KEY_UNTRUSTED"
    for document in (only_ended, {"keys": []}):
        keys.write_text(json.dumps(document))
        assert cli.main(["bundle", "verify", str(path), "--key", str(keys)]) == 4
        assert "this key set trusts no key (KEY_UNTRUSTED)" in capsys.readouterr().err
        assert cli.main(["bundle", "verify", str(path), "--json", "--key", str(keys)]) == 4
        assert json.loads(capsys.readouterr().out)["code"] == "KEY_UNTRUSTED"
    keys.write_text(json.dumps({**only_ended, "keys": public_key_set(bundling.ALL_KEYS)["keys"]}))
    assert cli.main(["bundle", "verify", str(path), "--key", str(keys)]) == 0
    assert "are the ones you gave" in capsys.readouterr().out


@needs_openssl
def test_a_stamp_from_before_lets_it_stand_and_one_from_after_does_not(
    zipped: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = bag_files()
    with timestamp_authority(tmp_path / "tsa") as authority:
        query = timestamp.request(bytes.fromhex(sha256_hex(files[SIGNATURE])), b"\x01" * 8)
        files[SIGNATURE_STAMP] = authority.reply(query)
    tags = {tag: sha256_hex(files[tag]) for tag in (*TAG_FILES, SIGNATURE_STAMP)}
    path = zipped(files | {TAG_MANIFEST: encode_manifest(tags)})
    before = verify_bundle(path, trust_in(key_set(FUTURE), authority.root_pem))
    assert before.stamped < FUTURE
    assert before.revoked.endswith(
        f"an authority saw this signature at {before.stamped}, before that: it stands."
    )
    # by the command: the key set as the server publishes it, with and without the authority's root
    (keys := tmp_path / "jwks.json").write_text(json.dumps(key_set(FUTURE)))
    (roots := tmp_path / "roots.pem").write_text(authority.root_pem)
    command = ["bundle", "verify", str(path), "--key", str(keys)]
    assert cli.main([*command, "--tsa", str(roots)]) == 0
    assert f"was revoked at {FUTURE}" in capsys.readouterr().out
    assert cli.main(command) == 4
    said = capsys.readouterr().err
    assert "KEY_REVOKED" in said
    assert "a stamp is there: give its authority's root" in said
    after = refusal(path, trust_in(key_set(PAST), authority.root_pem))
    assert after.code == "SIGNED_AFTER_REVOCATION"
    assert before.stamped in after.detail
    # revoked later, but in other hands before it was stamped
    stolen = refusal(path, trust_in(key_set(FUTURE, PAST), authority.root_pem))
    assert stolen.code == "SIGNED_AFTER_REVOCATION"
    assert f"others may have signed with it since {PAST}" in stolen.detail


def two_bundles(
    folder: Path, *, ended_first: bool = False, made_at: str = "2026-09-02T00:00:00Z"
) -> tuple[Path, Path]:
    """A bundle, and a later one under the next key whose log tells of it, before or after it tells of the key's end."""
    early = folder / "early.zip"
    early.write_bytes(zip_bytes(bag_files()))
    told = ExportedEntry(
        at=made_at, bundle=bundling.uuid(5, 2), bundle_sha256=sha256_hex(early.read_bytes()), by="per_x",
        purpose="REGULATORY", root="ab" * 32, size=300,
    )  # fmt: skip
    end = KeyEntry(at=PAST, event=KeyEvent.REVOKED, kid=bundling.BUNDLE_SIGNER.kid, purpose="BUNDLE")
    kept, keys = bundling.BUNDLE_SIGNER, bundling.ALL_KEYS
    try:
        bundling.BUNDLE_SIGNER, bundling.ALL_KEYS = NEXT, {**keys, NEXT.kid: NEXT.public_key}
        forge = Forge(entries=[*some_entries(3), *((end, told) if ended_first else (told, end))])
        (folder / "later.zip").write_bytes(zip_bytes(bag_files(forge)))
    finally:
        bundling.BUNDLE_SIGNER, bundling.ALL_KEYS = kept, keys
    return early, folder / "later.zip"


def test_the_log_of_a_later_bundle_shows_that_it_was_made_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    early, later = two_bundles(tmp_path)
    assert refusal(early, trust_in(key_set(PAST))).code == "KEY_REVOKED"
    report = verify_bundle(early, trust_in(key_set(PAST)), later=later)
    assert report.revoked.endswith("entered at 2026-09-02T00:00:00Z, before that: it stands.")
    (keys := tmp_path / "jwks.json").write_text(json.dumps(key_set(PAST)))
    command = ["bundle", "verify", str(early), "--key", str(keys), "--later", str(later)]
    assert cli.main(command) == 0
    assert "the log of the later bundle holds this file's hash" in capsys.readouterr().out
    # others may have had the key by then
    with pytest.raises(InvalidEvidence) as stolen:
        verify_bundle(early, trust_in(key_set(PAST, "2026-09-01T13:00:00Z")), later=later)
    assert stolen.value.code == "SIGNED_AFTER_REVOCATION"
    # one byte more, and the later log knows nothing of it
    early.write_bytes(zip_bytes({**bag_files(), "data/a": b""}))
    with pytest.raises(InvalidEvidence):
        verify_bundle(early, trust_in(key_set(PAST)), later=later)
    # the later one must hold itself
    later.write_bytes(later.read_bytes()[:-30])
    early.write_bytes(zip_bytes(bag_files()))
    with pytest.raises(InvalidEvidence) as torn:
        verify_bundle(early, trust_in(key_set(PAST)), later=later)
    assert torn.value.code == "MALFORMED"


def test_a_bundle_that_the_log_tells_of_after_the_keys_end_does_not_stand(tmp_path: Path) -> None:
    early, later = two_bundles(tmp_path, ended_first=True)
    with pytest.raises(InvalidEvidence) as refused:
        verify_bundle(early, trust_in(key_set(PAST)), later=later)
    assert refused.value.code == "SIGNED_AFTER_REVOCATION"
    assert "tells of this file after that" in refused.value.detail


def test_what_says_of_itself_that_it_is_later_is_refused_as_later(zipped: Any) -> None:
    own_word = refusal(zipped(bag_files()), trust_in(key_set(NEVER_BEFORE)))
    assert own_word.code == "SIGNED_AFTER_REVOCATION"
    # and by its own log, to somebody who was told nothing
    for jobs in (1, 2):
        with pytest.raises(InvalidEvidence) as refused:
            verify_bundle(zipped(with_end_in_log()), jobs=jobs)
        assert refused.value.code == "SIGNED_AFTER_REVOCATION"
        assert "the log inside says" in refused.value.detail


def test_a_grant_by_a_key_that_was_revoked_is_told_from_one_by_nobody_known(zipped: Any) -> None:
    path = zipped(bag_files())
    known = public_key_set({bundling.BUNDLE_SIGNER.kid: bundling.BUNDLE_SIGNER.public_key})
    ended = public_jwk(bundling.TOKEN_SIGNER.public_key, bundling.TOKEN_SIGNER.kid) | {"revoked_at": FUTURE}
    with pytest.raises(InvalidEvidence) as revoked:
        verify_bundle(path, trust_in({**known, "revoked": [ended]}))
    assert revoked.value.code == "KEY_REVOKED"
    with pytest.raises(InvalidEvidence) as unknown:
        verify_bundle(path, trust_in(known))
    assert unknown.value.code == "SIGNATURE_INVALID"
    assert unknown.value.path == revoked.value.path != SIGNATURE


@pytest.mark.parametrize("time", [None, "yesterday", 7])
def test_a_revoked_key_without_a_time_or_that_is_trusted_too_is_no_key_set(time: Any) -> None:
    document = key_set(FUTURE)
    document["revoked"][0]["revoked_at"] = time
    with pytest.raises(InvalidKey):
        revoked_from_jwks(document)
    twice = key_set(FUTURE)
    twice["keys"] = [
        *twice["keys"],
        public_jwk(bundling.BUNDLE_SIGNER.public_key, bundling.BUNDLE_SIGNER.kid),
    ]
    with pytest.raises(InvalidKey):
        revoked_from_jwks(twice)
