"""System checks of licensing."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution

_LONGEST_TOKEN_SECONDS = 24 * 3600


@register
def check_token_life(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``licensing.E001``: a token outlives a day; ``licensing.W001``: it ends before its next heartbeat."""
    messages: list[CheckMessage] = []
    if settings.TOKEN_LIFE_SECONDS > _LONGEST_TOKEN_SECONDS:
        messages.append(
            Error(
                "TRUSTMARK_TOKEN_LIFE_SECONDS is longer than a day.",
                hint="A presented token is short-lived; the licence behind it lives for its window.",
                id="licensing.E001",
            )
        )
    if settings.TOKEN_LIFE_SECONDS <= settings.TOKEN_HEARTBEAT_SECONDS:
        messages.append(
            Caution(
                "A token ends before its holder is asked to fetch the next one.",
                hint="Make TRUSTMARK_TOKEN_LIFE_SECONDS longer than TRUSTMARK_TOKEN_HEARTBEAT_SECONDS.",
                id="licensing.W001",
            )
        )
    return messages
