"""The digest of an event, and the root over a batch of them.

An event's digest is ``sha256(salt || head || 0x0A || payload)``; the head is the RFC 8785 form of everything
else that the event says. The root is the Merkle tree hash of RFC 6962 over the digests in their order. The
salt stays with the event: digest and root tell nobody what was recorded, and prove it to who is shown it.
"""

import hashlib
from collections.abc import Sequence

from provenance.graph.models import ProvenanceEvent
from trustcore.encoding import canonical_json
from trustcore.log.merkle import leaf_hash, root_from_leaves


def digest_of(event: ProvenanceEvent) -> bytes:
    """Return the digest of one event, 32 bytes."""
    head = {
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
    return hashlib.sha256(bytes(event.salt) + canonical_json(head) + b"\n" + event.payload.encode()).digest()


def root_of(events: Sequence[ProvenanceEvent]) -> str:
    """Return the root over a batch's events in their order, hex."""
    ordered = sorted(events, key=lambda event: event.position)
    return root_from_leaves([leaf_hash(digest_of(event)) for event in ordered]).hex()
