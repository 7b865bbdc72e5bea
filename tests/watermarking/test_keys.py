"""Mark keys: from the environment or a file, one per key id, refused when weak."""

from __future__ import annotations

from pathlib import Path

import pytest

from watermarking.keys import (
    ENVIRONMENT,
    KEY_ID_ENVIRONMENT,
    KeyUnusable,
    current_key_id,
    mark_key,
    read_keys,
    read_secret,
)
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


def test_keys_are_named_by_id_and_by_file_where_there_are_several_secrets(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name, fill in (("2024", "ab"), ("2025", "cd")):
        (tmp_path / f"{name}.key").write_text(fill * 32)
    (tmp_path / ".hidden").write_text("no key")
    assert [one.key_id for one in read_keys([tmp_path])] == ["2024/1", "2025/1"]
    two = read_keys([tmp_path / "2024.key"], ["1", "2"])
    assert [(one.key_id, one.key) for one in two] == [
        ("1", mark_key(b"\xab" * 32, "1")),
        ("2", mark_key(b"\xab" * 32, "2")),
    ]
    assert "key=" not in repr(two[0])
    monkeypatch.setenv(ENVIRONMENT, "ef" * 16)
    assert read_keys()[0].key == mark_key(b"\xef" * 16)
    monkeypatch.setenv(KEY_ID_ENVIRONMENT, "7")
    assert current_key_id() == "7"


def test_keys_named_twice_and_empty_folders_are_refused(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "a.key").write_text("ab" * 32)
    (tmp_path / "b.key").write_text("ab" * 32)
    for given in ([tmp_path / "empty"], [tmp_path / "a.key", tmp_path / "b.key"], [tmp_path / "a.key"] * 2):
        with pytest.raises(KeyUnusable):
            read_keys(given)
    with pytest.raises(KeyUnusable, match="more than"):
        read_keys([tmp_path / "a.key"], [str(n) for n in range(40)])
    monkeypatch.setenv(KEY_ID_ENVIRONMENT, "no key id!")
    with pytest.raises(KeyUnusable):
        current_key_id()


def test_a_secret_with_a_slip_in_it_is_told_to_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    for slip in ("ab" * 31 + "zz", "ab" * 400 + "z"):
        monkeypatch.setenv(ENVIRONMENT, slip)
        with pytest.raises(KeyUnusable) as refused:
            read_secret()
        assert slip not in str(refused.value)
        assert refused.value.__suppress_context__
        assert refused.value.__cause__ is None
