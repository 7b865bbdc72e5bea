"""Keys that are trusted no more, and what a signature by one is still worth: that depends on when it was made.

A key set may name, beside ``keys``, those that were ``revoked``, each with ``revoked_at`` and, where it is known, with
``compromised_at``, since when others may have signed with it; the earlier of the two is the end of its word. A reader
of plain key sets (RFC 7517, section 5) passes the member over and trusts none of them.

When a signature was made, the signer's own word does not show. A timestamp authority shows that it was there at a
time (RFC 3161); one before the end lets it stand, a later one does not. So does the production's own log, as a later
bundle under a trusted key brings it: it holds the SHA-256 of each bundle that was made, in its place before or after the
key's end. That it is later is shown too by what it
signs: a log that holds the key's end, or a bundle that says itself that it was made afterwards. Nothing at all shown:
refused, since whoever has the key could have made it today.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore.bundle.layout import SIGNATURE
from trustcore.errors import InvalidEvidence, InvalidKey, InvalidReason
from trustcore.older import dataclass
from trustcore.receipt import is_utc_time
from trustcore.signing import keys_from_jwks

REVOKED_MEMBER = "revoked"


@dataclass(frozen=True, slots=True)
class RevokedKey:
    """A key that is trusted no more.

    Attributes:
        key: its public half.
        revoked_at: when it was revoked, RFC 3339 UTC.
        compromised_at: since when others may have signed with it; empty if nobody knows of such a time.
    """

    key: Ed25519PublicKey
    revoked_at: str
    compromised_at: str = ""

    @property
    def ended_at(self) -> str:
        """From when on a signature by it counts for nothing."""
        return min(self.revoked_at, self.compromised_at or self.revoked_at)


def revoked_from_jwks(jwks: Mapping[str, Any]) -> dict[str, RevokedKey]:
    """Return the revoked keys that a key set names, by id; none, if it names none.

    Raises:
        InvalidKey: one is malformed, has no time, or is among the trusted ones too.
    """
    members = jwks.get(REVOKED_MEMBER, [])
    keys = keys_from_jwks({"keys": members})
    revoked = {}
    for member in members:
        at, since = member.get("revoked_at"), member.get("compromised_at") or ""
        if not _is_time(at) or (since and not _is_time(since)):
            raise InvalidKey("a revoked key has the time of its end", "revoked")
        revoked[member["kid"]] = RevokedKey(keys[member["kid"]], at, since)
    if revoked.keys() & keys_from_jwks(jwks).keys():
        raise InvalidKey("a key is trusted and revoked at once", "revoked")
    return revoked


@dataclass(frozen=True, slots=True)
class Export:
    """What a later log says of a bundle: it was made.

    Attributes:
        index: of the entry in the log.
        at: when it was made, RFC 3339 UTC.
        key_ends: which entries of that log tell that keys were revoked, by their ids.
    """

    index: int
    at: str
    key_ends: Mapping[str, tuple[int, str]]

    def is_before(self, kid: str, ended: RevokedKey) -> bool:
        """Whether the bundle stands in the log before the key's end, and was made before it."""
        index, _ = self.key_ends.get(kid, (self.index + 1, ""))
        return self.index < index and self.at[:19] < ended.ended_at[:19]


def judge_revoked(
    kid: str, ended: RevokedKey, *, stamped: str, made_at: str, has_stamp: bool, export: Export | None = None
) -> str:
    """Return one sentence on why a signature by a revoked key stands.

    Args:
        export: what the log of a later bundle says of this file; None: nothing, or none was given.
        stamped: when a trusted authority saw the signature, RFC 3339 UTC in whole seconds; empty: not shown.
        made_at: when what was signed says that it was made.
        has_stamp: whether there is a stamp at all, checked or not.

    Raises:
        InvalidEvidence: ``SIGNED_AFTER_REVOCATION``, or ``KEY_REVOKED``: nothing shows that it was signed before.
    """
    end = ended.ended_at
    told = f"key {kid} was revoked at {ended.revoked_at}"
    if ended.compromised_at:
        told += f", and others may have signed with it since {ended.compromised_at}"
    # RFC 3339 in UTC sorts as it is; a stamp has whole seconds, so the second of the end is no longer before it
    seen = stamped or made_at
    if seen[:19] >= end[:19]:
        by = "its stamp says" if stamped else "it says itself"
        raise InvalidEvidence(
            InvalidReason.SIGNED_AFTER_REVOCATION, f"{told}; this was signed after, {by}: {seen}", SIGNATURE
        )
    if not stamped and export is not None:
        if export.is_before(kid, ended):
            return f"{told[0].upper()}{told[1:]}; the log of the later bundle holds this file's hash, entered at {export.at}, before that: it stands."
        raise InvalidEvidence(
            InvalidReason.SIGNED_AFTER_REVOCATION,
            f"{told}; the log of the later bundle tells of this file after that: {export.at}",
            SIGNATURE,
        )
    if not stamped:
        how = "a stamp is there: give its authority's root" if has_stamp else "no authority stamped it"
        raise InvalidEvidence(
            InvalidReason.KEY_REVOKED, f"{told}; nothing shows that this was signed before ({how})", SIGNATURE
        )
    return (
        f"{told[0].upper()}{told[1:]}; an authority saw this signature at {stamped}, before that: it stands."
    )


def refuse_own_end(kid: str, ends: Mapping[str, tuple[int, str]]) -> None:
    """Refuse what was signed by a key whose end its own log holds.

    Args:
        ends: entries and times of revocation that the log tells of, by the key's id.

    Raises:
        InvalidEvidence: ``SIGNED_AFTER_REVOCATION``.
    """
    if kid in ends:
        raise InvalidEvidence(
            InvalidReason.SIGNED_AFTER_REVOCATION,
            f"the log inside says that key {kid} was revoked at {ends[kid][1]}; this was signed after",
            SIGNATURE,
        )


def _is_time(value: object) -> bool:
    return isinstance(value, str) and is_utc_time(value)
