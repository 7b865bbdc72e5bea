"""The deployment's timestamp authority: a real one, one that is away, and one that answers wrongly."""

from __future__ import annotations

import pytest

from common import timestamps
from common.checks import check_timestamps
from common.errors import Unavailable
from common.timestamps import sha256_of
from tests.timestamping import make_authority, timestamp_authority

DIGEST = sha256_of(b"a bundle's tag manifest")


@pytest.fixture
def authority(tmp_path, settings):
    with timestamp_authority(tmp_path / "authority") as running:
        settings.TIMESTAMP_URL = running.url
        settings.TIMESTAMP_ROOTS = str(running.folder / "root.pem")
        yield running


def test_a_digest_is_stamped_and_nothing_else_leaves_the_house(authority):
    token = timestamps.stamp(DIGEST)
    assert timestamps.verify(token, DIGEST, timestamps.trusted_roots()).serial > 0
    (query,) = authority.requests
    assert DIGEST in query
    assert len(query) == 69
    assert check_timestamps(None) == []


def said_of(digest: bytes = DIGEST) -> str:
    with pytest.raises(Unavailable) as refusal:
        timestamps.stamp(digest)
    assert refusal.value.code == "TIMESTAMP_UNAVAILABLE"
    assert refusal.value.status == 503
    return str(refusal.value.detail)


def test_without_an_authority_nothing_is_asked(settings):
    settings.TIMESTAMP_URL = settings.TIMESTAMP_ROOTS = ""
    assert not timestamps.is_configured()
    assert timestamps.trusted_roots() == ""
    said_of()


def test_an_authority_that_is_away_is_a_state_of_its_own(authority, settings):
    settings.TIMESTAMP_URL = "http://127.0.0.1:1/"
    assert "ConnectError" in said_of()


def test_an_answer_that_does_not_hold_is_no_stamp(authority, settings, tmp_path):
    another = timestamps.stamp(sha256_of(b"another"))
    for instead, code in (
        ((500, b""), "HTTP 500"),
        ((302, b""), "HTTP 302"),
        ((200, b"<html>"), "MALFORMED"),
        ((200, b"\0" * 200_000), "TOO_LARGE"),
        ((200, another), "HASH_MISMATCH"),
    ):
        authority.instead = instead
        assert code in said_of()
    authority.instead = (200, timestamps.stamp.__doc__.encode())
    said_of()
    authority.instead = None
    timestamps.stamp(DIGEST)
    make_authority(tmp_path / "stranger", name="Stranger")
    settings.TIMESTAMP_ROOTS = str(tmp_path / "stranger" / "root.pem")
    assert "KEY_UNTRUSTED" in said_of()


def test_an_earlier_answer_played_again_is_no_stamp(authority):
    earlier = timestamps.stamp(DIGEST)
    authority.instead = (200, earlier)
    assert "CHALLENGE_MISMATCH" in said_of()


def test_an_authority_without_roots_is_a_misconfiguration(settings, tmp_path):
    settings.TIMESTAMP_URL, settings.TIMESTAMP_ROOTS = "http://127.0.0.1:1/", ""
    assert [message.id for message in check_timestamps(None)] == ["common.E003"]
    settings.TIMESTAMP_ROOTS = str(tmp_path / "missing.pem")
    assert [message.id for message in check_timestamps(None)] == ["common.E003"]
    assert "roots" in said_of()
