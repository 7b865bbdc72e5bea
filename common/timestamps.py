"""The deployment's timestamp authority (RFC 3161): ask it for a stamp over a digest.

    >>> token = stamp(sha256_of(b"bundle"))                      # doctest: +SKIP
    >>> verify(token, sha256_of(b"bundle"), trusted_roots()).at   # doctest: +SKIP

``TRUSTMARK_TIMESTAMP_URL`` names the authority, ``TRUSTMARK_TIMESTAMP_ROOTS`` the file of its root
certificates. Without an address nothing is stamped and nothing is asked. What comes back is verified before
it is used; an authority that does not answer, or not rightly, is ``TIMESTAMP_UNAVAILABLE``: whoever asked
keeps its work and asks again later. Nothing but the digest leaves the house.
"""

import os
from pathlib import Path
from typing import Final

import httpx
from django.conf import settings
from django.utils.translation import gettext as _

from common.errors import Unavailable
from trustcore.errors import InvalidEvidence
from trustcore.timestamp import TOKEN_BYTES_MAX, request, sha256_of, verify

__all__ = ["Unavailable", "authority_url", "is_configured", "sha256_of", "stamp", "trusted_roots", "verify"]

CODE: Final = "TIMESTAMP_UNAVAILABLE"
_TIMEOUT: Final = httpx.Timeout(10.0, connect=5.0)
_QUERY, _REPLY = "application/timestamp-query", "application/timestamp-reply"


def is_configured() -> bool:
    """Whether this deployment has a timestamp authority."""
    return bool(settings.TIMESTAMP_URL)


def authority_url() -> str:
    """The authority's address, for libraries that ask it themselves; empty without one."""
    return str(settings.TIMESTAMP_URL)


def trusted_roots() -> str:
    """The roots that timestamps are verified under, as PEM; empty without an authority.

    Raises:
        Unavailable: ``TIMESTAMP_UNAVAILABLE``: the file of roots cannot be read.
    """
    if not settings.TIMESTAMP_ROOTS:
        return ""
    try:
        return Path(settings.TIMESTAMP_ROOTS).read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError) as error:
        raise _unavailable(_("its roots cannot be read")) from error


def stamp(digest: bytes) -> bytes:
    """Have the authority stamp a SHA-256 digest; return its response, verified.

    Raises:
        Unavailable: ``TIMESTAMP_UNAVAILABLE``: none is configured, it does not answer, or its answer does
            not hold under the configured roots.
        ValueError: ``digest`` is no SHA-256 digest.
    """
    if not is_configured():
        raise _unavailable(_("none is configured"))
    roots = trusted_roots()
    nonce = bytes([1 + os.urandom(1)[0] % 0x7F]) + os.urandom(7)
    query = request(digest, nonce)
    try:
        token = _answer(query)
        verify(token, digest, roots, nonce=nonce)
    except httpx.HTTPError as error:
        raise _unavailable(type(error).__name__) from error
    except InvalidEvidence as error:
        raise _unavailable(error.code) from error
    except ValueError as error:
        raise _unavailable(_("its roots cannot be read")) from error
    return token


def _answer(query: bytes) -> bytes:
    headers = {"Content-Type": _QUERY, "Accept": _REPLY}
    with (
        httpx.Client(timeout=_TIMEOUT, follow_redirects=False, trust_env=False) as client,
        client.stream("POST", settings.TIMESTAMP_URL, content=query, headers=headers) as answer,
    ):
        if answer.status_code != httpx.codes.OK:
            raise _unavailable(f"HTTP {answer.status_code}")
        token = b""
        for chunk in answer.iter_bytes():
            token += chunk
            if len(token) > TOKEN_BYTES_MAX:
                break  # verifying refuses it by its length
        return token


def _unavailable(said: str) -> Unavailable:
    return Unavailable(
        CODE,
        _("The timestamp authority gives no stamp."),
        _("Nothing is lost; it is asked again later. (%(said)s)") % {"said": said},
    )
