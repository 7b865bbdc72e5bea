"""Timestamps verify offline against a real authority; what is not one has a stable code."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from tests.timestamping import Authority, make_authority, openssl_verifies, timestamp_authority
from trustcore import timestamp
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.timestamp import request, sha256_of, verify

DATA = b"a bundle's tag manifest"
DIGEST = sha256_of(DATA)
NONCE = bytes.fromhex("0102030405060708")


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    with timestamp_authority(tmp_path_factory.mktemp("tsa") / "authority") as running:
        yield running


@pytest.fixture(scope="module")
def token(authority: Authority) -> bytes:
    return authority.reply(request(DIGEST, NONCE))


def refused(token: bytes, digest: bytes, roots: str, **more) -> InvalidReason:
    with pytest.raises(InvalidEvidence) as refusal:
        verify(token, digest, roots, **more)
    return refusal.value.reason


def test_a_stamp_says_when_and_openssl_agrees(authority, token, tmp_path):
    stamp = verify(token, DIGEST, authority.root_pem, nonce=NONCE)
    assert abs(datetime.now(UTC) - stamp.at) < timedelta(minutes=5)
    assert stamp.policy == "1.3.6.1.4.1.32473.1"
    assert stamp.serial > 0
    assert openssl_verifies(token, DATA, authority.root_pem, tmp_path)
    assert not openssl_verifies(token, b"another", authority.root_pem, tmp_path)


def test_a_stamp_of_something_else_or_for_another_request_is_refused(authority, token):
    assert refused(token, sha256_of(b"another"), authority.root_pem) is InvalidReason.HASH_MISMATCH
    other = bytes.fromhex("0102030405060709")
    assert refused(token, DIGEST, authority.root_pem, nonce=other) is InvalidReason.CHALLENGE_MISMATCH


def test_a_strangers_authority_is_not_trusted(token, tmp_path):
    assert refused(token, DIGEST, make_authority(tmp_path, name="Stranger")) is InvalidReason.KEY_UNTRUSTED


def test_what_is_no_stamp_has_a_code(authority, token):
    roots = authority.root_pem
    assert refused(b"", DIGEST, roots) is InvalidReason.MALFORMED
    assert refused(b"<script>alert(1)</script>", DIGEST, roots) is InvalidReason.MALFORMED
    assert refused(token[: len(token) // 2], DIGEST, roots) is InvalidReason.MALFORMED
    assert refused(token + b"\0" * 70_000, DIGEST, roots) is InvalidReason.TOO_LARGE
    # status 2 (rejection), and nothing more
    assert refused(bytes.fromhex("30053003020102"), DIGEST, roots) is InvalidReason.UNSUPPORTED


def test_no_flipped_byte_of_a_stamp_passes_unless_it_is_in_what_no_signature_covers(authority, token):
    for at in range(0, len(token), 7):
        touched = bytearray(token)
        touched[at] ^= 1
        try:
            stamp = verify(bytes(touched), DIGEST, authority.root_pem)
        except InvalidEvidence:
            continue
        # the root that the authority sent along is not the one that is trusted: nobody reads it
        assert stamp == verify(token, DIGEST, authority.root_pem)
    signature = bytearray(token)
    signature[-5] ^= 1
    assert refused(bytes(signature), DIGEST, authority.root_pem) is InvalidReason.SIGNATURE_INVALID


def test_misuse_is_told_apart_from_broken_evidence(authority, token):
    with pytest.raises(ValueError, match="32 bytes"):
        verify(token, b"short", authority.root_pem)
    with pytest.raises(ValueError, match="PEM"):
        verify(token, DIGEST, "no certificate")
    with pytest.raises(ValueError, match="nonce"):
        request(DIGEST, b"\xff" * 8)


def test_verifying_needs_neither_django_nor_a_network():
    probe = "import sys, trustcore.timestamp; sys.exit(bool({'django', 'httpx'} & set(sys.modules)))"
    folder = Path(timestamp.__file__).parents[1]
    assert subprocess.run([sys.executable, "-c", probe], cwd=folder, check=False).returncode == 0
