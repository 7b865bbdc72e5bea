"""The signatures of people in a bundle: who signed which terms with their own passkey.

A token's history shows each act on its request; an act that was signed by passkey carries the signature. Each is
checked against the hash of the terms it names (:mod:`trustcore.passkey`). What the log says was signed by passkey
must be there, and be that signature: the grant's entry holds its digest.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import msgspec

from trustcore.encoding import canonical_json, sha256_hex
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.older import dataclass
from trustcore.passkey import (
    PasskeySignature,
    RelyingParty,
    read_passkey_signature,
    verify_counters,
    verify_passkey_signature,
)
from trustcore.receipt import AuthorisedEntry, Party

BY_PASSKEY = "PASSKEY"


class SignedAct(msgspec.Struct, frozen=True, kw_only=True):
    """One act that a person signed with their own key.

    Attributes:
        act: ``APPROVE``, ``ACCEPT_COUNTER``, ``COUNTER`` or ``SUBMIT``.
        at: RFC 3339, as the server noted it.
        key: thumbprint (RFC 7638) of the passkey; its holder reads the same on their security page.
        organisation: name or id of whom the person acted for.
        person: pseudonym of the person, as the log names them.
    """

    act: str
    at: str
    jti: str
    key: str
    organisation: str
    person: str
    terms_hash: str
    version: int

    @property
    def sentence(self) -> str:
        """One line for a person."""
        return (
            f"{self.act} of version {self.version} of licence {self.jti} by person {self.person} for "
            f"{self.organisation}, {self.at}: signed with passkey {self.key}, person verified by the device"
        )


@dataclass(frozen=True, slots=True)
class _Found:
    told: SignedAct
    kept: PasskeySignature


def verify_people(
    histories: Mapping[str, tuple[str, Sequence[Any]]],
    grants: Iterable[AuthorisedEntry],
    *,
    issuer: str,
    known: frozenset[str] = frozenset(),
) -> tuple[SignedAct, ...]:
    """Check every signature of a person; return them in the order of the histories.

    Args:
        histories: by token id, the history's path in the bundle and its acts.
        grants: the granted versions in the log.
        issuer: the server's address, as its grants name it: passkeys belong to it.
        known: thumbprints of the passkeys that may sign; empty: any.

    Raises:
        InvalidEvidence: as :func:`~trustcore.passkey.verify_passkey_signature`, ``KEY_UNTRUSTED``, ``TERMS_MISMATCH``,
            ``DUPLICATE_SIGNATURE``, or ``MISSING_SIGNATURE`` for what the log says was signed; with the history at fault.
    """
    found: list[_Found] = []
    for jti, (path, acts) in histories.items():
        try:
            found += _signed_acts(jti, acts, issuer, known)
        except InvalidEvidence as error:
            raise InvalidEvidence(error.reason, error.detail, path) from error
    _verify_uses(found, {jti: path for jti, (path, _) in histories.items()})
    signed = {(one.told.jti, one.kept.digest): one.told for one in found}
    for entry in grants:
        for party in entry.approvals:
            _verify_logged(entry, party, signed, histories[entry.jti][0])
    return tuple(one.told for one in found)


def _signed_acts(jti: str, acts: Sequence[Any], issuer: str, known: frozenset[str]) -> list[_Found]:
    found = []
    for act in acts:
        if not isinstance(act, dict) or "passkey" not in act:
            continue
        kept = read_passkey_signature(act["passkey"])
        try:
            whom = _name_of(act.get("organisation"))
            told = msgspec.convert(
                {**act, "jti": jti, "key": kept.thumbprint, "organisation": whom}, SignedAct
            )
            _verify_terms(act, told.terms_hash)
            verify_passkey_signature(kept, terms_hash=told.terms_hash, party=RelyingParty.of(issuer))
        except (msgspec.ValidationError, ValueError) as error:
            raise InvalidEvidence(InvalidReason.MALFORMED, f"a signed act: {error}") from error
        if known and told.key not in known:
            raise InvalidEvidence(
                InvalidReason.KEY_UNTRUSTED, f"passkey {told.key} is none of those you gave"
            )
        found.append(_Found(told, kept))
    return found


def _name_of(organisation: object) -> object:
    """An organisation stands in a history with its id and, unless it is a talent's own, its name."""
    if isinstance(organisation, dict):
        return organisation.get("name") or organisation.get("id")
    return organisation


def _verify_terms(act: Mapping[str, Any], terms_hash: str) -> None:
    """The first act upon a version shows its terms: they are the ones that were signed."""
    if "terms" in act and f"sha256:{sha256_hex(canonical_json(act['terms']))}" != terms_hash:
        raise InvalidEvidence(InvalidReason.TERMS_MISMATCH, "the terms shown are not the ones signed")


def _verify_uses(found: Sequence[_Found], paths: Mapping[str, str]) -> None:
    """One signature is one act; the counter of a key rises from use to use.

    A request that led to several licences shows its acts in each of their histories: the same act, the same use.
    """
    uses: dict[str, _Found] = {}
    for one in found:
        first = uses.setdefault(one.kept.digest, one)
        if _without_token(first.told) != _without_token(one.told):
            raise InvalidEvidence(
                InvalidReason.DUPLICATE_SIGNATURE, "one signature stands under two acts", paths[one.told.jti]
            )
    by_key: dict[str, list[_Found]] = defaultdict(list)
    for one in sorted(uses.values(), key=lambda one: one.told.at):
        by_key[one.told.key].append(one)
    for rows in by_key.values():
        try:
            verify_counters([one.kept.sign_count for one in rows])
        except InvalidEvidence as error:
            raise InvalidEvidence(error.reason, error.detail, paths[rows[-1].told.jti]) from error
        if len({one.told.person for one in rows}) > 1:
            raise InvalidEvidence(
                InvalidReason.KEY_UNTRUSTED, "one passkey signed for two persons", paths[rows[-1].told.jti]
            )


def _without_token(told: SignedAct) -> SignedAct:
    return msgspec.structs.replace(told, jti="")


def _verify_logged(
    entry: AuthorisedEntry, party: Party, signed: Mapping[tuple[str, str], SignedAct], path: str
) -> None:
    if party.method != BY_PASSKEY and party.proof is None:
        return
    told = signed.get((entry.jti, party.proof or ""))
    if told is None:
        raise InvalidEvidence(
            InvalidReason.MISSING_SIGNATURE,
            "the log says that a passkey signed, and that signature is not here",
            path,
        )
    if (told.person, told.at, told.terms_hash) != (party.actor, party.at, entry.terms_hash):
        raise InvalidEvidence(
            InvalidReason.ENTRY_MISMATCH, "the signature and the log name different acts", path
        )
