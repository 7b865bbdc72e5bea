"""System checks of the ledger."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


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
