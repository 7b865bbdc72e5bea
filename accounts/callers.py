"""API keys as the hot paths know them: read once, remembered by this process, and checked again where it counts.

A remembered caller carries the *stamp* of its credential (``accounts_credential_standing``): a text that changes when
the key is revoked, its end, scopes or proof key move, or its maker leaves or is closed. Whoever acts on a
remembered caller compares the stamp in the transaction that acts (``receipts_keep_checks`` does), so a memory
may be stale and can never let anybody in. After five minutes it is read anew, which also notes the key's use.
"""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from accounts.authentication import credential_of, living_credential, require_network
from common import clock
from common.caching import Bounded
from common.errors import Unauthenticated

_KEPT_SECONDS = 300.0
_BEARER = "bearer "


@dataclass(frozen=True, slots=True)
class KeyCaller:
    """An API key and whom it acts for.

    Attributes:
        stamp: of the credential; whoever acts compares it.
        audience: what a token must name to be meant for this key.
        networks: from where alone it works; none: from anywhere.
    """

    credential_id: UUID
    organisation_id: UUID
    person_id: UUID
    scopes: frozenset[str]
    expires_at: datetime
    stamp: str
    audience: str
    networks: tuple[str, ...] = ()


_known: Bounded[bytes, tuple[float, KeyCaller]] = Bounded(20_000)


def caller_of(authorization: str, meta: Mapping[str, Any]) -> KeyCaller:
    """The caller of an ``Authorization`` header; remembered for five minutes at most, its networks asked each time.

    Raises:
        Unauthenticated: no bearer key, or as :func:`accounts.authentication.credential_of`.
        Forbidden: ``NETWORK_NOT_ALLOWED``.
    """
    caller = _remembered(authorization)
    require_network(caller.networks, meta)
    return caller


def _remembered(authorization: str) -> KeyCaller:
    digest = hashlib.sha256(authorization.encode("utf-8", "surrogatepass")).digest()
    known = _known.get(digest)
    if known is not None and time.monotonic() < known[0] and clock.now() < known[1].expires_at:
        return known[1]
    if authorization[: len(_BEARER)].lower() != _BEARER:
        raise Unauthenticated("UNAUTHENTICATED", "Authentication credentials were not provided.")
    caller = caller_by_id(credential_of(authorization[len(_BEARER) :].strip()).pk)
    _known.put(digest, (time.monotonic() + _KEPT_SECONDS, caller))
    return caller


def caller_again(caller: KeyCaller, authorization: str = "") -> KeyCaller:
    """The same key as it stands now; what was remembered of it is forgotten.

    Raises:
        Unauthenticated: it has ended.
    """
    if authorization:
        _known.drop(hashlib.sha256(authorization.encode("utf-8", "surrogatepass")).digest())
    return caller_by_id(caller.credential_id)


def caller_by_id(credential_id: UUID) -> KeyCaller:
    """A key that was authenticated before, as it stands now.

    Raises:
        Unauthenticated: it has ended.
    """
    with connection.cursor() as cursor:  # the stamp before the row: what changes in between, the stamp lacks
        cursor.execute(
            "select stamp from accounts_credential_standing where credential = %s", [credential_id]
        )
        row = cursor.fetchone()
    credential = living_credential(credential_id)
    return KeyCaller(
        credential_id=credential.pk,
        organisation_id=credential.organisation_id,
        person_id=credential.created_by_id,
        scopes=frozenset(credential.scopes),
        expires_at=credential.expires_at,
        stamp=row[0] if row and row[0] else "",
        audience=f"urn:trustmark:client:{credential.pk}",
        networks=tuple(credential.networks),
    )
