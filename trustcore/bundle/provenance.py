"""The events of the provenance graph in a bundle: each batch leads to the root that the log recorded for it.

A line of ``data/provenance/events.ndjson`` is one event, in canonical JSON. Shown whole::

    {"batch": ..., "head": {...}, "payload": "...", "position": 0, "salt": "<hex>"}

its digest is ``sha256(salt || canonical head || 0x0A || payload)``. Withheld from the reader, the digest stands for it::

    {"batch": ..., "digest": "<hex>", "position": 1}

Either way the root over a batch is the Merkle tree hash of RFC 6962 over the digests in their order, so that what is
shown is proved, and what is withheld is counted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

from trustcore.bundle.archive import Archive
from trustcore.bundle.layout import PROVENANCE
from trustcore.encoding import canonical_json, parse_json_strict
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.merkle import Frontier, leaf_hash

MAX_EVENT_BYTES = 4 * 1024 * 1024
_SHOWN, _WITHHELD = {"batch", "head", "payload", "position", "salt"}, {"batch", "digest", "position"}


@dataclass(frozen=True)
class Events:
    """How many events a bundle shows, and how many it only counts; both are proved against the log."""

    shown: int = 0
    withheld: int = 0


def event_digest(*, salt: bytes, head: Mapping[str, Any], payload: str) -> bytes:
    """Return the digest of one event, 32 bytes."""
    return hashlib.sha256(salt + canonical_json(head) + b"\n" + payload.encode()).digest()


def shown_line(*, salt: bytes, head: Mapping[str, Any], payload: str) -> bytes:
    """Return the line of an event that the reader may see."""
    told = {
        "batch": head["batch"],
        "head": dict(head),
        "payload": payload,
        "position": head["position"],
        "salt": salt.hex(),
    }
    return canonical_json(told) + b"\n"


def withheld_line(*, salt: bytes, head: Mapping[str, Any], payload: str) -> bytes:
    """Return the line of an event that is withheld: where it stands, and its digest."""
    digest = event_digest(salt=salt, head=head, payload=payload).hex()
    return canonical_json({"batch": head["batch"], "digest": digest, "position": head["position"]}) + b"\n"


def verify_events(archive: Archive, recorded: Mapping[str, tuple[int, str]]) -> Events | None:
    """Check that every recorded batch is there, whole and in order; None where the bundle brings no events.

    Args:
        recorded: the log's batches, by id: count and root, hex.

    Raises:
        InvalidEvidence: ``ENTRY_MISMATCH``: a batch that the log does not know, is not whole, or leads to another
            root; ``MALFORMED`` or ``JSON_INVALID``: a line is no event.
    """
    if PROVENANCE not in archive.members:
        return None
    left, open_batch, tree = dict(recorded), "", Frontier()
    shown = withheld = 0
    for number, line in enumerate(_lines(archive), start=1):
        batch, position, digest, is_shown = _read(line, number)
        if batch != open_batch:
            _close(left, open_batch, tree)
            open_batch, tree = batch, Frontier()
        if batch not in left or position != tree.size:
            _refuse(number, InvalidReason.ENTRY_MISMATCH, "not an event that the log has at this place")
        tree = tree.append_many([leaf_hash(digest)])
        shown, withheld = shown + is_shown, withheld + (not is_shown)
    _close(left, open_batch, tree)
    if left:
        detail = f"batch {min(left)} of the log is missing"
        raise InvalidEvidence(InvalidReason.ENTRY_MISMATCH, detail, PROVENANCE)
    return Events(shown, withheld)


def _close(left: dict[str, tuple[int, str]], batch: str, tree: Frontier) -> None:
    if not batch:
        return
    if left.pop(batch) != (tree.size, tree.root().hex()):
        detail = f"batch {batch} is not the one that the log recorded"
        raise InvalidEvidence(InvalidReason.ENTRY_MISMATCH, detail, PROVENANCE)


def _read(line: bytes, number: int) -> tuple[str, int, bytes, bool]:
    try:
        told = parse_json_strict(line, max_bytes=MAX_EVENT_BYTES)
    except InvalidEvidence as error:
        _refuse(number, error.reason, error.detail)
    if not isinstance(told, dict) or told.keys() not in (_SHOWN, _WITHHELD):
        _refuse(number, InvalidReason.MALFORMED, "not an event")
    batch, position, is_shown = told["batch"], told["position"], "head" in told
    try:
        if is_shown:
            head, salt = told["head"], bytes.fromhex(told["salt"])
            if (head["batch"], head["position"]) != (batch, position):
                raise ValueError
            digest = event_digest(salt=salt, head=head, payload=told["payload"])
        else:
            digest = bytes.fromhex(told["digest"])
        if len(digest) != hashlib.sha256().digest_size or not batch or not isinstance(batch, str):
            raise ValueError
    except (AttributeError, KeyError, TypeError, ValueError):
        _refuse(number, InvalidReason.MALFORMED, "not an event")
    return batch, position, digest, is_shown


def _lines(archive: Archive) -> Iterator[bytes]:
    number, rest = 0, b""
    for chunk in archive.chunks(PROVENANCE):
        *lines, rest = (rest + chunk).split(b"\n")
        for line in lines:
            number += 1
            yield line
        if len(rest) > MAX_EVENT_BYTES:
            _refuse(number + 1, InvalidReason.TOO_LARGE, "the line is too long")
    if rest:
        _refuse(number + 1, InvalidReason.MALFORMED, "the last line is cut short")


def _refuse(number: int, reason: InvalidReason, detail: str) -> NoReturn:
    raise InvalidEvidence(reason, f"line {number}: {detail}", PROVENANCE)
