"""Timestamps by RFC 3161: the request for a digest, and the offline verification of what came back.

A *token* here is the authority's whole response (DER), the ``.tsr`` that ``openssl ts -verify`` reads.
Nothing here talks to a network: :mod:`common.timestamps` fetches tokens, an auditor verifies them.

    >>> verify(token, digest, roots_pem).at          # doctest: +SKIP
    datetime.datetime(2026, 11, 26, 12, 0, tzinfo=datetime.timezone.utc)

Source: RFC 3161; RFC 5816 (certificates named by SHA-256). Signature and chain are checked as of the time
in the token by ``rfc3161-client``; its parser takes DER alone, and OpenSSL's authorities send their
certificates unsorted, so these are sorted first: no signature covers their order.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from cryptography import x509
from rfc3161_client import TimeStampResponse, VerificationError, VerifierBuilder, decode_timestamp_response
from rfc3161_client.tsp import TimeStampTokenInfo

from trustcore.errors import InvalidEvidence, InvalidReason

SHA256_OID: Final = "2.16.840.1.101.3.4.2.1"
TOKEN_BYTES_MAX: Final = 64 * 1024
_DIGEST_BYTES: Final = 32
_NONCE_BYTES: Final = 8
_GRANTED: Final = 0
_CONTEXT_0: Final = 0xA0
# TimeStampReq, version 1, SHA-256; the digest and a nonce with its first bit clear follow, certReq is true
_REQUEST_HEAD: Final = bytes.fromhex("3043 020101 3031 300d 0609608648016503040201 0500 0420")
_NONCE_HEAD: Final = bytes.fromhex("0208")
_CERTIFICATES_PLEASE: Final = bytes.fromhex("0101ff")


@dataclass(frozen=True)
class Stamp:
    """What a verified token says.

    Attributes:
        at: when the digest was there, by the authority's clock.
        serial: the authority's number of this stamp.
        policy: the authority's policy, as a dotted identifier.
    """

    at: datetime
    serial: int
    policy: str


def request(digest: bytes, nonce: bytes) -> bytes:
    """Return the request (DER) for a stamp over a SHA-256 digest.

    Args:
        nonce: 8 bytes, the first below ``0x80`` and not zero, so that they are one positive DER integer.

    Raises:
        ValueError: the digest or the nonce has another form.
    """
    _check_digest(digest)
    if len(nonce) != _NONCE_BYTES or not 0 < nonce[0] < 0x80:
        raise ValueError("a nonce has 8 bytes and begins between 0x01 and 0x7f")
    return _REQUEST_HEAD + digest + _NONCE_HEAD + nonce + _CERTIFICATES_PLEASE


def verify(token: bytes, digest: bytes, roots_pem: str, *, nonce: bytes | None = None) -> Stamp:
    """Check that a trusted authority stamped ``digest``, and say when.

    Args:
        token: the response as the authority sent it.
        digest: SHA-256 of what was stamped.
        roots_pem: certificates to trust as roots of authorities, as PEM.
        nonce: of the request, where it is at hand.

    Raises:
        InvalidEvidence: ``TOO_LARGE``, ``MALFORMED``, ``UNSUPPORTED`` (refused, or another hash than SHA-256),
            ``HASH_MISMATCH`` (something else was stamped), ``CHALLENGE_MISMATCH`` (an answer to another
            request), ``KEY_UNTRUSTED`` (no such root) or ``SIGNATURE_INVALID``.
        ValueError: ``digest`` or ``roots_pem`` cannot be read: misuse.
    """
    roots = x509.load_pem_x509_certificates(roots_pem.encode("ascii"))
    response, info = _opened(token, digest)
    if nonce is not None and info.nonce != int.from_bytes(nonce, "big"):
        raise InvalidEvidence(InvalidReason.CHALLENGE_MISMATCH, "this answers another request")
    try:
        VerifierBuilder(roots=roots).build().verify(response, digest)
    except (VerificationError, ValueError) as error:
        untrusted = "certificate verify error" in str(error)
        reason = InvalidReason.KEY_UNTRUSTED if untrusted else InvalidReason.SIGNATURE_INVALID
        raise InvalidEvidence(reason, "no trusted authority signed this stamp") from error
    return Stamp(info.gen_time, info.serial_number, info.policy.dotted_string)


def read(token: bytes, digest: bytes) -> Stamp:
    """Return what a token over ``digest`` says, whoever signed it: nothing here shows that an authority did.

    Raises:
        InvalidEvidence: as :func:`verify`, but for the signature and its root.
        ValueError: ``digest`` has another form.
    """
    _, info = _opened(token, digest)
    return Stamp(info.gen_time, info.serial_number, info.policy.dotted_string)


def sha256_of(data: bytes) -> bytes:
    """The digest that :func:`request` and :func:`verify` take."""
    return hashlib.sha256(data).digest()


def _opened(token: bytes, digest: bytes) -> tuple[TimeStampResponse, TimeStampTokenInfo]:
    _check_digest(digest)
    response = _decoded(token)
    if response.status != _GRANTED:
        raise InvalidEvidence(InvalidReason.UNSUPPORTED, f"the authority refused: status {response.status}")
    info = response.tst_info
    if info.message_imprint.hash_algorithm.dotted_string != SHA256_OID:
        raise InvalidEvidence(InvalidReason.UNSUPPORTED, "another hash than SHA-256 was stamped")
    if info.message_imprint.message != digest:
        raise InvalidEvidence(InvalidReason.HASH_MISMATCH, "something else was stamped")
    return response, info


def _decoded(token: bytes) -> TimeStampResponse:
    if len(token) > TOKEN_BYTES_MAX:
        raise InvalidEvidence(InvalidReason.TOO_LARGE, f"a timestamp of {len(token)} bytes")
    try:
        response = decode_timestamp_response(_sorted_certificates(token))
        # a refusal carries no stamp, and reading it would raise
        _ = response.tst_info if response.status == _GRANTED else None
    except (ValueError, IndexError) as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, "this is no timestamp") from error
    return response


def _sorted_certificates(token: bytes) -> bytes:
    """Return the response with its certificates in DER's order; the same bytes in another sequence."""
    _, begin, end = _element(token, 0)
    children = _elements(token, begin, end)
    if len(children) < 2:  # a refusal: a status alone
        return token
    _, begin, end = children[1]
    _, begin, end = _elements(token, begin, end)[1]  # the content of the ContentInfo
    _, begin, end = _element(token, begin)  # SignedData
    for tag, first, last in _elements(token, begin, end):
        if tag == _CONTEXT_0:
            found, at = [], first
            for _, _, after in _elements(token, first, last):
                found.append(token[at:after])
                at = after
            return token[:first] + b"".join(sorted(found)) + token[last:]
    return token


def _elements(data: bytes, begin: int, end: int) -> list[tuple[int, int, int]]:
    found = []
    while begin < end:
        found.append(_element(data, begin))
        begin = found[-1][2]
    if begin != end:
        raise ValueError("an element is longer than what holds it")
    return found


def _element(data: bytes, at: int) -> tuple[int, int, int]:
    """Tag, begin and end of the content of the DER element at ``at``."""
    tag, length, begin = data[at], data[at + 1], at + 2
    if length >= 0x80:
        count = length & 0x7F
        begin += count
        length = int.from_bytes(data[at + 2 : begin], "big")
    if begin + length > len(data):
        raise ValueError("an element is cut off")
    return tag, begin, begin + length


def _check_digest(digest: bytes) -> None:
    if len(digest) != _DIGEST_BYTES:
        raise ValueError("a SHA-256 digest has 32 bytes")
