"""Training manifests: a frozen list of what a job may train on, whose id is the hash of what it says.

A manifest file is NDJSON. Its first line is a DSSE envelope (in-toto statement) whose predicate is the head: who
froze it, under which policy and rights, for which code and container, how many rows there are and the RFC 6962 root
over them. Each further line is one row, canonical JSON (RFC 8785), in the order of its id. The id of a manifest is
``sha256:`` of its canonical head, so nothing of it can change and keep its name, the rows included.

    >>> head, lines = seal_rows([{"id": "b", "sha256": "2" * 64}, {"id": "a", "sha256": "1" * 64}])
    >>> head["rows"], [line[:9] for line in lines]
    (2, [b'{"id":"a"', b'{"id":"b"'])

Source: https://github.com/secure-systems-lab/dsse (v1), https://in-toto.io/Statement/v1, RFC 6962 section 2.1.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore.dsse import sign_statement, verify_statement
from trustcore.encoding import canonical_json, is_sha256_hex, parse_json_strict, sha256_hex
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.merkle import Frontier, leaf_hash
from trustcore.older import dataclass
from trustcore.signing import Signer

PREDICATE_TYPE: Final = "urn:trustmark:predicate:training-manifest:v1"
MEDIA_TYPE: Final = "application/x-ndjson"
_HEAD_BYTES_MAX: Final = 16 * 1024 * 1024
_ROW_BYTES_MAX: Final = 64 * 1024
_LEAVES_AT_ONCE: Final = 1024


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest whose signature and rows were verified.

    Attributes:
        id: ``sha256:`` and the hash of the canonical head.
        head: what it says of itself.
        kid: id of the key that signed it.
    """

    id: str
    head: dict[str, Any]
    kid: str


def manifest_id(head: Mapping[str, Any]) -> str:
    """The id of a manifest with this head."""
    return f"sha256:{sha256_hex(canonical_json(dict(head)))}"


def seal_rows(rows: Iterable[Mapping[str, Any]]) -> tuple[dict[str, Any], list[bytes]]:
    """What a head says of ``rows`` (``rows``, ``rows_root``), and their lines in the order of their ids.

    Raises:
        ValueError: a row without an id, or two with the same.
    """
    ordered = sorted((dict(row) for row in rows), key=lambda row: str(row["id"]))
    ids = [row["id"] for row in ordered]
    if len(set(ids)) != len(ids):
        raise ValueError("each row of a manifest stands in it once")
    lines = [canonical_json(row) for row in ordered]
    return {"rows": len(lines), "rows_root": root_of(lines)}, lines


def root_of(lines: Iterable[bytes]) -> str:
    """The RFC 6962 root over the rows' lines (without their line ends), in hexadecimal digits."""
    return Frontier().append_many([leaf_hash(line) for line in lines]).root().hex()


def sign_head(head: Mapping[str, Any], signer: Signer) -> bytes:
    """The DSSE envelope over ``head``: the first line of the file."""
    return sign_statement({"manifest": manifest_id(head)[7:]}, PREDICATE_TYPE, head, signer)


def read_head(envelope: bytes, keys: Mapping[str, Ed25519PublicKey]) -> Manifest:
    """Verify the first line of a manifest and read its head.

    Raises:
        InvalidEvidence: ``MALFORMED``, ``UNSUPPORTED``, ``KEY_UNTRUSTED``, ``SIGNATURE_INVALID`` or
            ``HASH_MISMATCH`` (the subject is not the hash of the head).
    """
    signed = verify_statement(envelope, PREDICATE_TYPE, keys, path="manifest")
    head = signed.predicate
    rows, root = head.get("rows"), head.get("rows_root")
    if not isinstance(rows, int) or rows < 1 or not isinstance(root, str) or not is_sha256_hex(root):
        raise _refusal(InvalidReason.MALFORMED, "the head does not say which rows there are")
    if signed.digests != {"manifest": manifest_id(head)[7:]}:
        raise _refusal(InvalidReason.HASH_MISMATCH, "the id is not the hash of the head")
    return Manifest(manifest_id(head), head, signed.kid)


def read_rows(stream: BinaryIO, manifest: Manifest) -> Iterator[dict[str, Any]]:
    """The rows behind the first line, each as it is read; the root is compared behind the last.

    Nothing that came out of it may be used before it is exhausted: only then is the list known to be whole.

    Raises:
        InvalidEvidence: ``MALFORMED``, ``NOT_CANONICAL`` or ``HASH_MISMATCH`` (rows changed, lost, added or moved).
    """
    leaves: list[bytes] = []
    frontier, before, count = Frontier(), "", 0
    while line := stream.readline(_ROW_BYTES_MAX + 1):
        if not line.endswith(b"\n"):
            raise _refusal(InvalidReason.MALFORMED, f"row {count + 1} does not end")
        line = line[:-1]
        row = parse_json_strict(line, max_bytes=_ROW_BYTES_MAX)
        if not isinstance(row, dict) or not isinstance(row.get("id"), str):
            raise _refusal(InvalidReason.MALFORMED, f"row {count + 1} has no id")
        if canonical_json(row) != line:
            raise _refusal(InvalidReason.NOT_CANONICAL, f"row {count + 1} is not in canonical form")
        if row["id"] <= before and count:
            raise _refusal(InvalidReason.MALFORMED, f"row {count + 1} is out of order")
        leaves.append(leaf_hash(line))
        if len(leaves) == _LEAVES_AT_ONCE:
            frontier, leaves = frontier.append_many(leaves), []
        before, count = row["id"], count + 1
        yield row
    frontier = frontier.append_many(leaves)
    if count != manifest.head["rows"] or frontier.root().hex() != manifest.head["rows_root"]:
        raise _refusal(InvalidReason.HASH_MISMATCH, "these are not the rows that were frozen")


def verify_manifest(stream: BinaryIO, keys: Mapping[str, Ed25519PublicKey]) -> Manifest:
    """Verify a manifest file whole: signature, id, every row. Raises as :func:`read_head` and :func:`read_rows`."""
    first = stream.readline(_HEAD_BYTES_MAX + 1)
    if not first.endswith(b"\n"):
        raise _refusal(InvalidReason.MALFORMED, "the first line does not end")
    manifest = read_head(first[:-1], keys)
    for _row in read_rows(stream, manifest):
        pass
    return manifest


def _refusal(reason: InvalidReason, detail: str) -> InvalidEvidence:
    return InvalidEvidence(reason, detail, "manifest")
