"""What is told of an event: thin, in ids and codes; whoever may know more asks the API for it.

Both channels write the same bytes. Details of an event come through an allow-list of names, and only where
the value is a code, an id, a time or a number: a name of a person, a title or a reason in words never leaves.
Neither who acted nor for which organisation is told: a vendor that sees a licence end need not learn who
represents the talent.
"""

import json
import re
from typing import Any

from audit.models import Event
from common.clock import rfc3339

_DETAILS = frozenset(
    {
        "act", "code", "days_left", "disposition", "expires_at", "kid", "kind", "level", "notice_days",
        "purpose", "reason_code", "scope", "side", "state", "supersedes", "until", "version",
    }
)  # fmt: skip
_CODE = re.compile(r"[A-Za-z0-9_:.+-]{1,80}", re.ASCII)


def body_of(event: Event) -> bytes:
    """The payload of the Standard Webhooks specification: ``{"type", "timestamp", "data"}``, compact JSON."""
    data: dict[str, Any] = {
        "event": str(event.id),
        "object": {"type": event.object_type, "id": event.object_id},
        "production": str(event.production_id) if event.production_id else None,
        "details": {name: value for name, value in sorted(event.details.items()) if _may_leave(name, value)},
    }
    payload = {"type": event.kind, "timestamp": rfc3339(event.at), "data": data}
    return json.dumps(payload, separators=(",", ":")).encode()


def _may_leave(name: str, value: Any) -> bool:
    if name not in _DETAILS:
        return False
    return isinstance(value, int) or (isinstance(value, str) and _CODE.fullmatch(value) is not None)
