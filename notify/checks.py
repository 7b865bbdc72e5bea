"""System checks of the notices."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution


@register
def check_ca_file(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``notify.E001``: the file of further authorities cannot be read."""
    if settings.WEBHOOK_CA_FILE and not Path(settings.WEBHOOK_CA_FILE).is_file():
        return [
            Error(
                "TRUSTMARK_WEBHOOK_CA_FILE names no file.",
                hint="A PEM file of the authorities that your receivers' certificates come from.",
                id="notify.E001",
            )
        ]
    return []


@register(deploy=True)
def check_private(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``notify.W001``: tenants can make the server call into its own network."""
    if settings.WEBHOOK_ALLOW_PRIVATE:
        return [
            Caution(
                "TRUSTMARK_WEBHOOK_ALLOW_PRIVATE is set: webhooks may reach private addresses.",
                hint="Only for closed networks whose every tenant may call every host in it.",
                id="notify.W001",
            )
        ]
    return []
