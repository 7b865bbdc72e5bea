"""System checks of the foundation."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as CheckWarning


@register
def check_secret(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``common.E001``: the deployment's secret must hold at least 32 bytes."""
    if len(settings.TRUSTMARK_SECRET.encode()) < 32:
        return [
            Error(
                "TRUSTMARK_SECRET is shorter than 32 bytes.",
                hint="Generate one: python3 -c 'import secrets; print(secrets.token_hex(32))'",
                id="common.E001",
            )
        ]
    return []


@register(deploy=True)
def check_clock(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``common.W001``: a test clock moves every rule about time; no deployment may run on one."""
    if settings.TEST_CLOCK_FILE:
        return [
            CheckWarning(
                "TRUSTMARK_TEST_CLOCK_FILE is set: time may be moved by hand.",
                hint="Unset it outside demonstrations and tests.",
                id="common.W001",
            )
        ]
    return []
