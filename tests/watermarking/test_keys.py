"""Mark keys: from the environment or a file, one per key id, refused when weak."""

from __future__ import annotations

from pathlib import Path

import pytest

from watermarking.keys import ENVIRONMENT, KeyUnusable, mark_key, read_secret
from watermarking.signal.keying import keyed_permutation, keyed_signs


def test_each_key_id_gives_an_unrelated_key() -> None:
    assert mark_key(b"s" * 32, "1") == mark_key(b"s" * 32, "1")
    assert mark_key(b"s" * 32, "1") != mark_key(b"s" * 32, "2")
    with pytest.raises(KeyUnusable):
        mark_key(b"s" * 32, "../1")


def test_secret_is_read_from_hex_or_from_the_file_it_names(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    file = tmp_path / "mark-key"
    file.write_text("ab" * 32 + "\n")
    assert read_secret(file) == b"\xab" * 32
    monkeypatch.setenv(ENVIRONMENT, "cd" * 16)
    assert read_secret() == b"\xcd" * 16
    monkeypatch.setenv(ENVIRONMENT, str(file))
    assert read_secret() == b"\xab" * 32


@pytest.mark.parametrize("value", ["", "ab", "abc" * 11, "no such file"])
def test_missing_and_weak_secrets_are_refused(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, value)
    with pytest.raises(KeyUnusable):
        read_secret()


def test_draws_of_different_labels_and_keys_do_not_agree() -> None:
    one = keyed_signs(b"a" * 32, "x", 4096)
    assert abs(float(one @ keyed_signs(b"a" * 32, "y", 4096))) < 6 * 64
    assert abs(float(one @ keyed_signs(b"b" * 32, "x", 4096))) < 6 * 64
    assert sorted(keyed_permutation(b"a" * 32, "x", 500).tolist()) == list(range(500))
