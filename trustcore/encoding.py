"""One way to write a value down, and one way to read it back.

``canonical_json`` is the JSON Canonicalization Scheme (RFC 8785) narrowed to what this system
signs and hashes: strings, integers that survive every reader, booleans, null, lists, and
objects with ASCII keys. Floats are refused: their text form is where implementations differ.

``parse_json_strict`` reads JSON (RFC 8259) and refuses what readers disagree about: repeated
keys, NaN, a byte order mark, anything after the value, unbounded size or depth.

>>> canonical_json({"b": 1, "a": "é"}).decode()
'{"a":"é","b":1}'
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import math
import re
from typing import Any, NoReturn

import msgspec

from trustcore.errors import InvalidEvidence, InvalidReason

MAX_SAFE_INTEGER = 2**53 - 1
"""The largest integer that a reader with IEEE 754 numbers keeps exactly (RFC 7493, section 2.2)."""
MAX_DEPTH = 64

# a string without an end reaches to the end of the text: no second look begins inside it
_BRACKET_OR_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)|[\[\]{}]', re.DOTALL)
_SURROGATE_ESCAPE = re.compile(rb"\\u[dD][89a-fA-F]")

_encoder = msgspec.json.Encoder(order="sorted")


def canonical_json(value: object) -> bytes:
    """Return the RFC 8785 form of ``value``.

    Args:
        value: mappings with ASCII string keys, lists, tuples, strings, ints, booleans, None.

    Raises:
        ValueError: a value outside that set, an integer beyond ±(2**53-1), nesting too deep.
    Source: RFC 8785.
    """
    _refuse_uncanonical(value, MAX_DEPTH)
    try:
        return _encoder.encode(value)
    except UnicodeEncodeError as error:
        raise ValueError("a lone surrogate has no canonical form") from error


def parse_json_strict(data: bytes, *, max_bytes: int = 1_048_576, max_depth: int = MAX_DEPTH) -> Any:
    """Parse one JSON value, refusing everything two readers could read differently.

    Args:
        data: UTF-8 bytes.
        max_bytes: longest input accepted.
        max_depth: deepest nesting of arrays and objects accepted.

    Raises:
        InvalidEvidence: ``JSON_INVALID``; too long, too deep, a repeated key, NaN, trailing data.
    """
    if len(data) > max_bytes:
        _refuse(f"longer than {max_bytes} bytes")
    if _nesting(data) > max_depth:
        _refuse(f"nested deeper than {max_depth}")
    try:
        value = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_unique,
            parse_constant=_no_constant,
            parse_float=_finite,
            parse_int=_bounded,
        )
        if _SURROGATE_ESCAPE.search(data):
            # pairs have become one character by now; a lone half fails here
            json.dumps(value, ensure_ascii=False).encode("utf-8")
    except ValueError as error:
        raise InvalidEvidence(InvalidReason.JSON_INVALID, str(error)) from error
    return value


def prepare_readers(*shapes: type[msgspec.Struct]) -> None:
    """Build what msgspec needs to read ``shapes`` now, while one thread alone imports their module.

    msgspec builds it at the first use and without a lock: two threads that first read a shape at the same
    time crash the process (a segmentation fault, msgspec 0.22.0).
    """
    for shape in shapes:
        msgspec.json.Decoder(shape)


def b64url_encode(data: bytes) -> str:
    """Return base64url without padding (RFC 7515, section 2)."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


def b64url_decode(text: str) -> bytes:
    """Decode base64url without padding, accepting only the one spelling :func:`b64url_encode` writes.

    Raises:
        InvalidEvidence: ``BASE64_INVALID`` or ``NOT_CANONICAL``; padding, other alphabets, stray bits.
    """
    try:
        data = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidEvidence(InvalidReason.BASE64_INVALID, "not base64url") from error
    if b64url_encode(data) != text:
        raise InvalidEvidence(InvalidReason.NOT_CANONICAL, "not the canonical spelling of base64url")
    return data


def sha256_hex(data: bytes) -> str:
    """Return the SHA-256 of ``data`` as 64 lower-case hex digits."""
    return hashlib.sha256(data).hexdigest()


def is_sha256_hex(text: str) -> bool:
    """Tell whether ``text`` is 64 lower-case hex digits."""
    try:
        # fromhex takes upper case and blanks; the way back does not
        return len(text) == 64 and bytes.fromhex(text).hex() == text
    except ValueError:
        return False


def _refuse_uncanonical(value: object, depth: int) -> None:
    if value is None or isinstance(value, (str, bool)):
        return
    if depth == 0:
        raise ValueError(f"nested deeper than {MAX_DEPTH}")
    if isinstance(value, int):
        if abs(value) > MAX_SAFE_INTEGER:
            raise ValueError(f"{value} is beyond ±(2**53-1)")
    elif isinstance(value, dict):
        for key, item in value.items():
            if not isinstance(key, str) or not key.isascii():
                raise ValueError(f"{key!r} is not an ASCII key")
            _refuse_uncanonical(item, depth - 1)
    elif isinstance(value, (list, tuple)):
        for item in value:
            _refuse_uncanonical(item, depth - 1)
    else:
        raise ValueError(f"{type(value).__name__} has no canonical form")  # noqa: TRY004 - misuse is a ValueError here


def _refuse(detail: str) -> NoReturn:
    raise InvalidEvidence(InvalidReason.JSON_INVALID, detail)


def _nesting(data: bytes) -> int:
    """Return how deep the brackets outside strings nest; no recursion, one pass."""
    if data.count(b"[") + data.count(b"{") <= 1:
        return 1
    depth = deepest = 0
    for token in _BRACKET_OR_STRING.findall(data):
        if token in (b"[", b"{"):
            depth += 1
            deepest = max(deepest, depth)
        elif token in (b"]", b"}"):
            depth -= 1
    return deepest


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    seen = dict(pairs)
    if len(seen) != len(pairs):
        raise ValueError("a key is repeated")
    return seen


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not JSON")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError("a number is out of range")
    return number


def _bounded(digits: str) -> int:
    if len(digits) > 20:
        raise ValueError("an integer is too long")
    return int(digits)
