"""System checks of this floor."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Warning, register  # noqa: A004 - Django's own name

from compliance.printing import can_print


@register
def check_printing(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``compliance.W001``: without Pango, bundles carry their summary as HTML alone."""
    if can_print():
        return []
    return [
        Warning(
            "PDFs cannot be made on this machine.",
            hint="Install Pango (Debian: libpango-1.0-0 libpangoft2-1.0-0 libharfbuzz-subset0).",
            id="compliance.W001",
        )
    ]
