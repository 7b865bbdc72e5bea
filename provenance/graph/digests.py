"""The digest of an event, and the root over a batch of them.

An event's digest is ``sha256(salt || head || 0x0A || payload)``; the head is the RFC 8785 form of everything
else that the event says. The root is the Merkle tree hash of RFC 6962 over the digests in their order. The
salt stays with the event: digest and root tell nobody what was recorded, and prove it to who is shown it.
"""

from collections.abc import Container, Iterator, Sequence
from typing import Any
from uuid import UUID

from provenance.graph.models import EventKind, ProvenanceEvent
from trustcore.bundle.provenance import event_digest, shown_line, withheld_line
from trustcore.log.merkle import leaf_hash, root_from_leaves

_CHUNK = 2_000


def head_of(event: ProvenanceEvent) -> dict[str, Any]:
    """Return all that an event says but its payload."""
    return {
        "at": event.at.isoformat(),
        "batch": str(event.batch),
        "credential": str(event.credential_id) if event.credential_id else None,
        "id": str(event.id),
        "kind": str(event.kind),
        "object": str(event.object_id),
        "organisation": str(event.organisation_id),
        "person": str(event.person_id),
        "position": event.position,
        "production": str(event.production_id),
    }


def digest_of(event: ProvenanceEvent) -> bytes:
    """Return the digest of one event, 32 bytes."""
    return event_digest(salt=bytes(event.salt), head=head_of(event), payload=event.payload)


def event_lines(
    production_id: UUID, batches: Container[str], *, licences: Container[str] | None
) -> Iterator[bytes]:
    """Yield the events of ``batches`` in their order, as bundles hold them.

    Args:
        batches: ids of those that the log recorded before the bundle's cut.
        licences: ``jti`` of what the reader may see: of the rest of the graph, and of runs under other licences, the
            digest stands for the event. None: everything is shown.
    """
    rows = ProvenanceEvent.objects.filter(production_id=production_id).order_by("number")
    for event in rows.iterator(chunk_size=_CHUNK):
        if str(event.batch) in batches:
            line = shown_line if licences is None or _is_of(event, licences) else withheld_line
            yield line(salt=bytes(event.salt), head=head_of(event), payload=event.payload)


def _is_of(event: ProvenanceEvent, licences: Container[str]) -> bool:
    """Whether it tells of a run of a model under these licences and no other."""
    jtis = event.facts["token_jtis"] if event.kind == EventKind.GENERATED else ()
    return bool(jtis) and all(jti in licences for jti in jtis)


def root_of(events: Sequence[ProvenanceEvent]) -> str:
    """Return the root over a batch's events in their order, hex."""
    ordered = sorted(events, key=lambda event: event.position)
    return root_from_leaves([leaf_hash(digest_of(event)) for event in ordered]).hex()
