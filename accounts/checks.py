"""System checks of accounts."""

from collections.abc import Sequence
from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, register
from django.core.checks import Warning as Caution


@register
def check_certificate_header(app_configs: Sequence[Any] | None, **kwargs: Any) -> list[CheckMessage]:
    """``accounts.W001``: a certificate header is named, and no proxy is trusted to write it."""
    if settings.TLS_PROXY or not settings.CLIENT_CERT_HEADER:
        return []
    return [
        Caution(
            "Client certificates are not believed: TRUSTMARK_CLIENT_CERT_HEADER needs TRUSTMARK_TLS_PROXY.",
            hint="Set TRUSTMARK_TLS_PROXY=yes if a proxy ends TLS in front, and nobody reaches us past it.",
            id="accounts.W001",
        )
    ]
