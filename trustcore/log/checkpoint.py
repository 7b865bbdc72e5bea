"""Signed notes and the checkpoints of a log.

A *note* is text, a blank line, and signature lines. A *checkpoint* is a note whose text is the
log's origin, the tree's size and its root hash. Keys are Ed25519; the *vkey* is the text form of a
verifier key, which an auditor can be given on paper.

>>> NoteVerifier.parse("PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW").key_id.hex()
'c74f20a3'

Source: https://c2sp.org/signed-note, https://c2sp.org/tlog-checkpoint.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.merkle import HASH_BYTES, MAX_TREE_SIZE
from trustcore.older import Self, dataclass
from trustcore.signing import Signer

ED25519 = 0x01
COSIGNATURE_V1 = 0x04
MAX_NOTE_BYTES = 1_000_000
MAX_SIGNATURES = 100
KEY_ID_BYTES = 4

_NAME = re.compile(r"[^\s+]+")
_SIZE = re.compile(r"0|[1-9][0-9]{0,18}")
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f]")
_SIGNATURE_LINE = re.compile("— ([^\\s+]+) ([A-Za-z0-9+/]+={0,2})")


@dataclass(frozen=True, slots=True)
class NoteVerifier:
    """A key that verifies notes.

    Attributes:
        name: key name; for a log, its origin.
        public_key: raw Ed25519 public key, 32 bytes.
        algorithm: ``ED25519`` for the log's own signature, ``COSIGNATURE_V1`` for a witness.
    """

    name: str
    public_key: bytes
    algorithm: int = ED25519

    @property
    def key_id(self) -> bytes:
        """The first four bytes of ``SHA-256(name || 0x0A || algorithm || public key)``."""
        return hashlib.sha256(self.name.encode() + b"\n" + self._key).digest()[:KEY_ID_BYTES]

    @property
    def vkey(self) -> str:
        """The text form: ``<name>+<key id>+<base64(algorithm || public key)>``."""
        return f"{self.name}+{self.key_id.hex()}+{base64.b64encode(self._key).decode()}"

    @classmethod
    def of(cls, name: str, public_key: Ed25519PublicKey, algorithm: int = ED25519) -> Self:
        """Make a verifier from a key.

        Raises:
            ValueError: ``name`` is empty or holds white space or ``+``.
        """
        if _NAME.fullmatch(name) is None:
            raise ValueError("a key name has no white space and no plus sign")
        return cls(name, public_key.public_bytes_raw(), algorithm)

    @classmethod
    def parse(cls, vkey: str) -> Self:
        """Read a vkey.

        Raises:
            InvalidEvidence: ``MALFORMED``, or ``UNSUPPORTED`` for a key that is not Ed25519.
        """
        name, _, rest = vkey.strip().partition("+")
        key_id, _, key_text = rest.partition("+")
        key = _b64decode(key_text, "the vkey")
        if _NAME.fullmatch(name) is None:
            raise InvalidEvidence(InvalidReason.MALFORMED, "the vkey has no usable name")
        if len(key) != 33 or key[0] not in (ED25519, COSIGNATURE_V1):
            raise InvalidEvidence(InvalidReason.UNSUPPORTED, "the vkey is not an Ed25519 key")
        verifier = cls(name, key[1:], key[0])
        if verifier.key_id.hex() != key_id:
            raise InvalidEvidence(InvalidReason.MALFORMED, "the vkey's id is not that of its key")
        return verifier

    def verify(self, message: bytes, signature: bytes) -> None:
        """Verify a bare Ed25519 signature.

        Raises:
            InvalidEvidence: ``SIGNATURE_INVALID``.
        """
        try:
            Ed25519PublicKey.from_public_bytes(self.public_key).verify(signature, message)
        except InvalidSignature as error:
            raise InvalidEvidence(
                InvalidReason.SIGNATURE_INVALID, f"the signature of {self.name} is not valid"
            ) from error

    @property
    def _key(self) -> bytes:
        return bytes([self.algorithm]) + self.public_key


@dataclass(frozen=True, slots=True)
class NoteSignature:
    """One signature line: who, which key, and the bytes after the key id."""

    name: str
    key_id: bytes
    signature: bytes

    def line(self) -> str:
        """Return the line without its line feed."""
        return f"— {self.name} {base64.b64encode(self.key_id + self.signature).decode()}"


@dataclass(frozen=True, slots=True)
class Note:
    """A signed note, parsed but not yet believed.

    Attributes:
        text: the signed text, with its last line feed.
        signatures: every signature line, in order.
    """

    text: str
    signatures: tuple[NoteSignature, ...]

    def encode(self) -> bytes:
        """Return the note's bytes."""
        return (self.text + "\n" + "".join(item.line() + "\n" for item in self.signatures)).encode()

    def signature_of(self, verifier: NoteVerifier) -> NoteSignature | None:
        """Return the signature line that names this key, if there is one."""
        wanted = (verifier.name, verifier.key_id)
        return next((item for item in self.signatures if (item.name, item.key_id) == wanted), None)

    def verify(self, verifier: NoteVerifier) -> None:
        """Verify the text under ``verifier``.

        Raises:
            InvalidEvidence: ``SIGNATURE_INVALID``; no signature by that key, or a wrong one.
        """
        signature = self.signature_of(verifier)
        if signature is None or verifier.algorithm != ED25519:
            raise InvalidEvidence(InvalidReason.SIGNATURE_INVALID, f"no signature by {verifier.name}")
        verifier.verify(self.text.encode(), signature.signature)

    def signed_by(self, name: str, signer: Signer) -> Note:
        """Return this note with one more signature."""
        key_id = NoteVerifier.of(name, signer.public_key).key_id
        signature = NoteSignature(name, key_id, signer.sign(self.text.encode()))
        return Note(self.text, (*self.signatures, signature))


def parse_note(data: bytes) -> Note:
    """Read a signed note without verifying it.

    Raises:
        InvalidEvidence: ``MALFORMED``; not a note.
    """
    try:
        text = data.decode("utf-8") if len(data) <= MAX_NOTE_BYTES else ""
    except UnicodeDecodeError as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, "the note is not UTF-8") from error
    body, separator, tail = text.rpartition("\n\n")
    lines = tail.split("\n")
    if not separator or _CONTROL.search(text) or lines.pop() != "" or not 0 < len(lines) <= MAX_SIGNATURES:
        raise InvalidEvidence(InvalidReason.MALFORMED, "not a signed note")
    return Note(body + "\n", tuple(_parse_signature(line) for line in lines))


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What a log commits to.

    Attributes:
        origin: unique name of the log, ``<host>/log/<production uuid>``.
        size: number of entries.
        root: root hash, 32 bytes.
        extensions: further lines of the text, kept as they came.
    """

    origin: str
    size: int
    root: bytes
    extensions: tuple[str, ...] = ()

    def text(self) -> str:
        """Return the text that is signed."""
        lines = (self.origin, str(self.size), base64.b64encode(self.root).decode(), *self.extensions)
        return "".join(line + "\n" for line in lines)


def encode_checkpoint(checkpoint: Checkpoint, signer: Signer) -> bytes:
    """Return the signed checkpoint; the key's name is the log's origin."""
    return Note(checkpoint.text(), ()).signed_by(checkpoint.origin, signer).encode()


def encode_vkey(origin: str, public_key: Ed25519PublicKey) -> str:
    """Return the verifier key of a log, as published beside its checkpoint."""
    return NoteVerifier.of(origin, public_key).vkey


def parse_checkpoint_text(text: str) -> Checkpoint:
    """Read the text of a checkpoint.

    Raises:
        InvalidEvidence: ``MALFORMED``.
    """
    lines = text.split("\n")
    if len(lines) < 4 or lines.pop() != "" or not all(lines):
        raise InvalidEvidence(InvalidReason.MALFORMED, "not the text of a checkpoint")
    origin, size, root_b64, *extensions = lines
    root = _b64decode(root_b64, "the root hash")
    if _SIZE.fullmatch(size) is None or int(size) > MAX_TREE_SIZE or len(root) != HASH_BYTES:
        raise InvalidEvidence(InvalidReason.MALFORMED, "not the text of a checkpoint")
    return Checkpoint(origin, int(size), root, tuple(extensions))


def verify_checkpoint(data: bytes, verifiers: Iterable[NoteVerifier]) -> Checkpoint:
    """Read a checkpoint and verify that one of ``verifiers`` signed it under its own origin.

    Raises:
        InvalidEvidence: ``MALFORMED``; ``SIGNATURE_INVALID`` (a known key's signature is wrong, or
            there is none); ``KEY_UNTRUSTED`` (signed for another log).
    """
    note = parse_note(data)
    known = [verifier for verifier in verifiers if note.signature_of(verifier) is not None]
    if not known:
        raise InvalidEvidence(InvalidReason.SIGNATURE_INVALID, "no signature by a known key")
    for verifier in known:
        note.verify(verifier)
    checkpoint = parse_checkpoint_text(note.text)
    if checkpoint.origin not in {verifier.name for verifier in known}:
        raise InvalidEvidence(InvalidReason.KEY_UNTRUSTED, "the key belongs to another log")
    return checkpoint


def _parse_signature(line: str) -> NoteSignature:
    match = _SIGNATURE_LINE.fullmatch(line)
    data = _b64decode(match[2], "the signature") if match else b""
    if match is None or len(data) <= KEY_ID_BYTES:
        raise InvalidEvidence(InvalidReason.MALFORMED, "not a signature line")
    return NoteSignature(match[1], data[:KEY_ID_BYTES], data[KEY_ID_BYTES:])


def _b64decode(text: str, what: str) -> bytes:
    try:
        data = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, f"{what} is not base64") from error
    if base64.b64encode(data).decode() != text:
        raise InvalidEvidence(InvalidReason.MALFORMED, f"{what} is not canonical base64")
    return data
