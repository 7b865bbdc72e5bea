"""System checks of the marks."""

from collections.abc import Sequence
from typing import Any

from django.core.checks import CheckMessage, Error, register

from watermarking.keys import ENVIRONMENT, KeyUnusable, read_secret


@register
def check_mark_secret(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``watermarking.E001``: without the mark secret nothing can be marked or found."""
    try:
        read_secret()
    except KeyUnusable as error:
        return [
            Error(
                str(error),
                hint=f"Set {ENVIRONMENT} to at least 16 bytes of hex, or to the path of a file with them.",
                id="watermarking.E001",
            )
        ]
    return []
