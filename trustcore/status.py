"""Status lists: the state of very many tokens in one small signed file.

Two bits stand for each token. Anyone may fetch the list and look up the place that a token names
in ``sts``; the fetch does not say which token was meant. The server's own check stays the
authority: the list is for those who stand further off.

    >>> codes = StatusList.of([VALID, SUSPENDED, INVALID])
    >>> codes.state_at(1) == SUSPENDED
    True

Source: IETF Token Status List (draft-ietf-oauth-status-list), sections 4, 5.1, 7 and 11.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Annotated, Final

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec import Meta

from trustcore.claims import Epoch, Text
from trustcore.compact import (
    key_of,
    malformed,
    open_compact,
    sign_compact,
    strict_object,
    verified_payload,
)
from trustcore.encoding import b64url_decode, b64url_encode, prepare_readers
from trustcore.errors import InvalidToken, TrustError
from trustcore.older import dataclass
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import TokenState
from trustcore.signing import Signer

STATUS_TYP: Final = "statuslist+jwt"
BITS: Final = 2
PER_BYTE: Final = 8 // BITS

VALID: Final = 0
INVALID: Final = 1
SUSPENDED: Final = 2

MAX_ENTRIES: Final = 4_000_000
MAX_BYTES: Final = 2 * 1024 * 1024
"""Longest signed list accepted; unpacked it is never longer than ``MAX_ENTRIES`` allow."""
_HEADER: Final = frozenset({"alg", "typ", "kid"})


def status_of(state: TokenState) -> int:
    """Return the code a token state has in a list; whatever is not live is no longer valid."""
    if state in (TokenState.ACTIVE, TokenState.EXPIRING):
        return VALID
    if state in (TokenState.SUSPENDED, TokenState.PENDING_ACTIVATION):
        return SUSPENDED
    return INVALID


@dataclass(frozen=True, slots=True)
class StatusList:
    """Codes of two bits each, the first token in the lowest bits of the first byte.

    ``expires_at`` is known of a list that was read signed: seconds since 1970, from when on it says nothing.
    """

    packed: bytes
    expires_at: int = field(default=0, compare=False)

    @classmethod
    def of(cls, codes: Iterable[int]) -> StatusList:
        """Pack ``codes``, each 0 to 3, in order; the last byte is filled with ``VALID``.

        Raises:
            ValueError: a code is outside 0 to 3, or there are too many.
        """
        packed = bytearray()
        for place, code in enumerate(codes):
            if not 0 <= code < 1 << BITS:
                raise ValueError(f"{code} does not fit into {BITS} bits")
            if place >= MAX_ENTRIES:
                raise ValueError(f"more than {MAX_ENTRIES} entries")
            if place % PER_BYTE == 0:
                packed.append(0)
            packed[-1] |= code << BITS * (place % PER_BYTE)
        return cls(bytes(packed))

    def __len__(self) -> int:
        """Return how many places there are, the filling included."""
        return len(self.packed) * PER_BYTE

    def state_at(self, place: int) -> int:
        """Return the code at ``place``.

        Raises:
            IndexError: there is no such place: nothing is known, so nothing is valid.
        """
        if not 0 <= place < len(self):
            raise IndexError(f"the list has no place {place}")
        return self.packed[place // PER_BYTE] >> BITS * (place % PER_BYTE) & (1 << BITS) - 1


class _Packed(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    bits: Annotated[int, Meta(ge=BITS, le=BITS)]
    lst: str


class _Payload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    sub: Text
    iat: Epoch
    exp: Epoch
    ttl: Annotated[int, Meta(ge=0, le=86_400)]
    status_list: _Packed


prepare_readers(_Payload)


def encode_status_list(
    statuses: StatusList,
    signer: Signer,
    *,
    uri: str,
    issued_at: int,
    expires_at: int,
    ttl: int = 60,
) -> str:
    """Return the list as a signed ``statuslist+jwt``.

    Args:
        statuses: the codes.
        signer: the issuer's token key.
        uri: the address it is served at, which tokens name in ``sts.uri``.
        issued_at: seconds since 1970.
        expires_at: seconds since 1970, after which the list says nothing.
        ttl: for how many seconds a reader may keep a copy.
    """
    packed = b64url_encode(zlib.compress(statuses.packed, 9))
    payload = _Payload(uri, issued_at, expires_at, ttl, _Packed(BITS, packed))
    return sign_compact(msgspec.to_builtins(payload), signer=signer, typ=STATUS_TYP)


def decode_status_list(text: str, *, keys: Mapping[str, Ed25519PublicKey], uri: str, now: int) -> StatusList:
    """Return the codes of a signed list that is the one at ``uri`` and has not run out.

    Raises:
        InvalidToken: ``TOKEN_MALFORMED``, ``KEY_UNTRUSTED``, ``SIGNATURE_INVALID``,
            ``AUDIENCE_MISMATCH`` (another list), ``NOT_YET_VALID`` or ``EXPIRED``.
    """
    compact = open_compact(text, typ=STATUS_TYP, members=_HEADER, max_bytes=MAX_BYTES)
    content = verified_payload(compact, key_of(compact, keys))
    try:
        payload = msgspec.convert(strict_object(content, max_bytes=MAX_BYTES), _Payload)
    except msgspec.ValidationError as error:
        raise malformed(str(error), "payload") from error
    if payload.sub != uri:
        raise InvalidToken(DenyReason.AUDIENCE_MISMATCH, "this is another list", "sub")
    if now >= payload.exp:
        raise InvalidToken(DenyReason.EXPIRED, "the list has run out", "exp")
    if now < payload.iat:
        raise InvalidToken(DenyReason.NOT_YET_VALID, "the list is not valid yet", "iat")
    return StatusList(_unpack(payload.status_list.lst), payload.exp)


def _unpack(text: str) -> bytes:
    """Return the bytes inside ``text``, never more than the largest list has, however well they shrink."""
    unpacker = zlib.decompressobj()
    try:
        packed = unpacker.decompress(b64url_decode(text), MAX_ENTRIES // PER_BYTE)
    except (TrustError, zlib.error) as error:
        raise malformed("not a compressed list", "status_list.lst") from error
    if not unpacker.eof or unpacker.unconsumed_tail or unpacker.unused_data:
        raise malformed("cut short, too long, or followed by something else", "status_list.lst")
    return packed
