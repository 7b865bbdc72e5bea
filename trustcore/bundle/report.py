"""What the verifier answers: who is believed, what was checked, and one plain sentence."""

from __future__ import annotations

from dataclasses import field

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore.bundle.layout import Summary
from trustcore.bundle.people import SignedAct
from trustcore.bundle.revoked import RevokedKey
from trustcore.log.checkpoint import NoteVerifier
from trustcore.older import dataclass

UNCHECKED = "UNCHECKED"


@dataclass(frozen=True, slots=True)
class Trust:
    """What the auditor knew before opening the bundle; empty means "keys from the bundle itself".

    Attributes:
        vkey: the log's verifier key, from the studio, a guild, or an earlier visit.
        keys: the server's public keys by id, from its ``/.well-known/jwks.json``.
        revoked: keys of the server that are trusted no more, as the same document names them.
        passkeys: thumbprints of the only passkeys that may have signed; empty: any.
        witnesses: keys of witnesses, each of which must have cosigned this log.
        stamp_roots: roots of timestamp authorities, as PEM; without them a stamp is not checked.
    """

    vkey: NoteVerifier | None = None
    keys: dict[str, Ed25519PublicKey] = field(default_factory=dict)
    revoked: dict[str, RevokedKey] = field(default_factory=dict)
    passkeys: frozenset[str] = frozenset()
    stamp_roots: str = ""
    witnesses: tuple[NoteVerifier, ...] = ()

    @property
    def has_key_set(self) -> bool:
        """Whether the auditor brought a key set, were it one that only says which keys are trusted no more."""
        return bool(self.keys or self.revoked)

    @property
    def sentence(self) -> str:
        """Say whose keys were relied on."""
        if self.vkey is not None and self.has_key_set:
            return "The log's key and the server's keys are the ones you gave."
        if self.vkey is not None:
            return "The log's key is the one you gave; the other keys are from the bundle itself."
        if self.has_key_set:
            return "The server's keys are the ones you gave."
        return "The keys are from the bundle itself: compare them with a source you trust, or give --key."


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the verification, done."""

    number: int
    title: str
    detail: str


@dataclass(frozen=True, slots=True)
class BundleReport:
    """A bundle that holds.

    Attributes:
        summary: what the bundle says of itself, confirmed.
        files: number of files whose hashes were checked.
        key_ids: the keys relied on: the log's, and the server's that signed the bundle.
        trust: one sentence on where those keys come from.
        people: what persons signed with their own passkeys.
        revoked: why the signature stands although its key was revoked since; empty: the key is trusted.
        stamped: when an authority stamped the signature (RFC 3339); ``UNCHECKED``; empty: there is no stamp.
        witnesses: who cosigned this log, and up to which size, by the keys in the bundle or the ones given.
        withheld: ids of the tokens whose terms this reader may not see; the log holds the hashes of them.
    """

    summary: Summary
    files: int
    key_ids: tuple[str, ...]
    trust: str
    steps: tuple[Step, ...]
    people: tuple[SignedAct, ...] = ()
    withheld: tuple[str, ...] = ()
    stamped: str = ""
    witnesses: tuple[str, ...] = ()
    revoked: str = ""

    @property
    def sentence(self) -> str:
        """The answer in plain words."""
        counts = self.summary.counts
        receipts = "1 receipt is" if counts.receipts == 1 else f"{counts.receipts:,} receipts are"
        without = ""
        if counts.unauthorised:
            without = f", {counts.unauthorised:,} of them for frames rendered without authorisation"
        return f"{receipts} in the log{without}. Nothing was added, removed or changed."

    @property
    def withheld_sentence(self) -> str:
        """Say how many licences are not shown; empty if all are."""
        if not self.withheld:
            return ""
        licences = "1 licence" if len(self.withheld) == 1 else f"{len(self.withheld):,} licences"
        return f"The terms of {licences} are withheld from this reader: their hashes are in the log, and were not compared."

    @property
    def stamp_sentence(self) -> str:
        """Say what is known of the time of the signature; empty if there is no stamp."""
        if self.stamped == UNCHECKED:
            return "A time stamp over this signature is there; who made it was not checked: give its authority's root with --tsa."
        return f"A timestamp authority saw the signature at {self.stamped}." if self.stamped else ""

    @property
    def witness_sentence(self) -> str:
        """Say who cosigned the log; empty if nobody did."""
        return f"Cosigned by {'; '.join(self.witnesses)}." if self.witnesses else ""
