"""System checks of the marks."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
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


@register
def check_chords_can_count(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``watermarking.E002``: a mark job is a chord, and a chord needs a place to count its parts."""
    if settings.CELERY_RESULT_BACKEND:
        return []
    return [
        Error(
            "RESULT_URL is not set, and this broker cannot count the parts of a mark job",
            hint="Set RESULT_URL to a Valkey or Redis; BROKER_URL serves where it is one itself.",
            id="watermarking.E002",
        )
    ]
