"""Text and addresses as people give them, made one spelling or refused."""

import re
import unicodedata
from typing import Final
from urllib.parse import urlsplit, urlunsplit

from django.utils.translation import gettext as _

from common.errors import InvalidInput

_LABEL: Final = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_PLAIN: Final = re.compile(
    rf"(?P<before>https?://(?P<host>{_LABEL}(?:\.{_LABEL})*))(?P<path>/[!$-.0->@-~/]*)?(?P<query>\?[!$-~]+)?",
    re.ASCII,
)
"""Addresses that are in their canonical spelling but for an empty path: small letters, no port, nothing after ``#``."""


def clean(text: str, *, most: int, code: str = "TEXT_INVALID", may_be_empty: bool = False) -> str:
    """``text`` in NFC and trimmed.

    Raises:
        InvalidInput: with ``code``: empty, too long, or holding control characters.
    """
    if text.isascii() and text.isprintable():  # most are: nothing to normalise, nothing hidden
        told, hidden = text.strip(), False
    else:
        told = unicodedata.normalize("NFC", text).strip()
        hidden = any(unicodedata.category(char) in ("Cc", "Cf") and char not in "\n\t" for char in told)
    if (not told and not may_be_empty) or len(told) > most or hidden:
        raise InvalidInput(
            code, _("Between 1 and %(most)s characters, none of them invisible.") % {"most": most}
        )
    return told


def canonical_url(url: str) -> tuple[str, str]:
    """The canonical spelling of an address (RFC 3986, section 6.2.2), and its domain.

    Raises:
        InvalidInput: ``URL_INVALID``.
    """
    if len(url) <= 1000 and (plain := _PLAIN.fullmatch(url)) is not None:  # most are: nothing to respell
        return (url if plain["path"] else f"{plain['before']}/{plain['query'] or ''}"), plain["host"]
    try:
        parts = urlsplit(url.strip())
        host = (parts.hostname or "").rstrip(".").encode("idna").decode("ascii").lower()
        port = parts.port
    except (ValueError, UnicodeError) as error:
        raise InvalidInput("URL_INVALID", "This is no address.", str(error)) from error
    default = {"http": 80, "https": 443}.get(parts.scheme.lower())
    if not parts.scheme or not host or parts.username is not None or len(url) > 1000:
        raise InvalidInput(
            "URL_INVALID", "This is no address.", "A scheme and a host, and no password in it."
        )
    place = host if port in (None, default) else f"{host}:{port}"
    return urlunsplit((parts.scheme.lower(), place, parts.path or "/", parts.query, "")), host
