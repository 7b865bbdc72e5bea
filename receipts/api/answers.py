"""The answer to a render check as JSON has it, for Django's views and for the edge in front of them."""

from datetime import timedelta
from typing import Any

from common.clock import rfc3339
from receipts.services.check import CheckAnswer, KeptLease


def answer_document(answer: CheckAnswer) -> dict[str, Any]:
    """The members of ``CheckOutput``."""
    check, lease = answer.check, answer.lease
    return {
        "decision_id": str(check.id),
        "decision": check.outcome,
        "reason_codes": check.reasons,
        "policy_version": check.policy_version,
        "policy_hash": check.policy_hash,
        "valid_until": rfc3339(check.valid_until) if check.valid_until else None,
        "frames_reserved": check.units_reserved if check.counter == "frames" else 0,
        "units_reserved": check.units_reserved,
        "lease": _lease(lease) if lease else None,
        "obligations": check.obligations,
        "next_heartbeat_at": _next_beat(lease) if lease else None,
        "server_time": rfc3339(answer.answered_at),
        "signature": answer.signature,
    }


def _lease(lease: KeptLease) -> dict[str, Any]:
    return {
        "id": str(lease.uid),
        "counter": lease.counter,
        "first": lease.first,
        "last": lease.last,
        "expires_at": rfc3339(lease.expires_at),
        "heartbeat_seconds": lease.heartbeat_seconds,
        "offline_grace_seconds": lease.grace_seconds,
    }


def _next_beat(lease: KeptLease) -> str:
    return rfc3339(lease.granted_at + timedelta(seconds=lease.heartbeat_seconds))
