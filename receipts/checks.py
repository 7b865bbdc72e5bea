"""System checks of the ledger."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register

from trustcore.lease import MAX_LIFE_SECONDS
from trustcore.receipt import MAX_FRAME

_DAY = 86_400


@register
def check_offline_bounds(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``receipts.E002``: lives and graces beyond what a signed lease may state would fail every check."""
    faults = [
        (settings.LEASE_LIFE_SECONDS > MAX_LIFE_SECONDS, "TRUSTMARK_LEASE_LIFE_SECONDS", MAX_LIFE_SECONDS),
        (not 0 <= settings.OFFLINE_GRACE_SECONDS <= _DAY, "TRUSTMARK_OFFLINE_GRACE_SECONDS", _DAY),
        (
            not 0 <= settings.OFFLINE_GRACE_FRAMES <= MAX_FRAME,
            "TRUSTMARK_OFFLINE_GRACE_FRAMES",
            MAX_FRAME,
        ),
    ]
    return [
        Error("A lease could not be signed.", hint=f"Set {name} to at most {most}.", id="receipts.E002")
        for is_fault, name, most in faults
        if is_fault
    ]


@register
def check_lease_rhythm(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``receipts.E001``: a lease must live longer than the time between two heartbeats."""
    if settings.LEASE_LIFE_SECONDS > settings.LEASE_HEARTBEAT_SECONDS:
        return []
    return [
        Error(
            "Leases would expire before their next heartbeat.",
            hint="Set TRUSTMARK_LEASE_LIFE_SECONDS above TRUSTMARK_LEASE_HEARTBEAT_SECONDS.",
            id="receipts.E001",
        )
    ]
