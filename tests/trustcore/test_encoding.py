"""Canonical JSON against an independent implementation, and the strictness of reading."""

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from trustcore.encoding import (
    MAX_SAFE_INTEGER,
    b64url_decode,
    b64url_encode,
    canonical_json,
    is_sha256_hex,
    parse_json_strict,
    sha256_hex,
)
from trustcore.errors import InvalidEvidence, InvalidReason

KEYS = st.text(st.characters(max_codepoint=0x7E, categories=["L", "N", "P", "Z", "S", "Cc"]), max_size=8)
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-MAX_SAFE_INTEGER, MAX_SAFE_INTEGER)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
)
VALUES = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=20,
)


@given(VALUES)
def test_canonical_json_is_what_rfc8785_writes(value):
    assert canonical_json(value) == rfc8785.dumps(value)


@given(VALUES)
def test_what_is_written_is_read_back(value):
    assert parse_json_strict(canonical_json(value)) == value


@pytest.mark.parametrize("text", ["\x00\x1f\x7f\b\t\n\f\r", '"\\/', "\u2028\u2029", "é𝄞", "\ufeff"])
def test_escapes_are_those_of_rfc8785(text):
    assert canonical_json({"k": text}) == rfc8785.dumps({"k": text})


@pytest.mark.parametrize(
    "value",
    [1.5, float("nan"), 2**53, -(2**53), {"é": 1}, {1: 2}, b"bytes", {1, 2}, "\ud800", object(), [[1.0]]],
    ids=lambda value: "object" if type(value) is object else repr(value),
)
def test_a_value_without_one_form_is_refused(value):
    with pytest.raises(ValueError, match=r"."):
        canonical_json(value)


def test_nesting_without_end_is_refused():
    value: list = []
    value.append(value)
    with pytest.raises(ValueError, match="nested deeper"):
        canonical_json(value)


@pytest.mark.parametrize(
    "data",
    [
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":1,"\\u0061":2}',
        b"NaN",
        b"[Infinity]",
        b"1e999",
        b"1 2",
        b'{"a":1}{}',
        b"\xef\xbb\xbf{}",
        b'"\xff"',
        b'"\\ud800"',
        b"'a'",
        b"[1,]",
        b"",
        b"123456789012345678901",
        b'"\x00"',
    ],
    ids=repr,
)
def test_json_that_readers_disagree_about_is_refused(data):
    with pytest.raises(InvalidEvidence) as caught:
        parse_json_strict(data)
    assert caught.value.reason is InvalidReason.JSON_INVALID


def test_surrogate_pairs_are_one_character():
    assert parse_json_strict(b'"\\ud834\\udd1e"') == "𝄞"


def test_depth_and_length_are_bounded():
    assert parse_json_strict(b"[" * 64 + b"]" * 64) is not None
    with pytest.raises(InvalidEvidence, match="nested deeper than 64"):
        parse_json_strict(b"[" * 65 + b"]" * 65)
    with pytest.raises(InvalidEvidence, match="longer than 10"):
        parse_json_strict(b'"123456789"', max_bytes=10)


def test_brackets_inside_strings_are_no_nesting():
    assert parse_json_strict(b'["[[[[", "\\"[[[", "]"]', max_depth=1) == ["[[[[", '"[[[', "]"]


@given(st.binary(max_size=64))
def test_base64url_has_one_spelling(data):
    text = b64url_encode(data)
    assert b64url_decode(text) == data
    with pytest.raises(InvalidEvidence):
        b64url_decode(text + "=")


@pytest.mark.parametrize("text", ["A", "AB==", "AB+_", "A B", "QUJ", "é", "AA\n"])
def test_other_spellings_of_base64url_are_refused(text):
    with pytest.raises(InvalidEvidence):
        b64url_decode(text)


def test_a_digest_is_lower_case_hex():
    digest = sha256_hex(b"")
    assert is_sha256_hex(digest)
    assert digest == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    for wrong in (digest.upper(), digest[:-1], digest + "0", " " + digest[1:], "g" + digest[1:], "é" * 64):
        assert not is_sha256_hex(wrong)
