"""Whom each audience trusts: named lists of authorities, kept in one file of data.

A guild, a broadcaster and the studio itself need not trust the same signers. The file names them::

    {"schema": "trustmark-trust-policy/1",
     "audiences": {"guild": {"anchors": ["guild.pem", "studio.pem"], "crls": ["studio.crl"],
                             "actors": ["members.pem"], "actor_crls": ["members.crl"]},
                   "broadcaster": {"anchors": ["broadcaster.pem"]}}}

Paths are relative to the file. An audience without anchors trusts nobody; an unknown one is an error. ``actors`` are
authorities of named actors, who sign beside a claim's signer (CAWG identity); nobody is a signer of claims by these.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
from cryptography import x509

from trustcore.encoding import parse_json_strict, prepare_readers
from trustcore.errors import TrustError

SCHEMA = "trustmark-trust-policy/1"
_FILE_BYTES_MAX = 4 * 1024 * 1024
_Path = Annotated[str, msgspec.Meta(min_length=1, max_length=1024)]


class TrustPolicyInvalid(ValueError):
    """The file cannot be read, or names no such audience; ``code`` is stable.

    ``TRUST_POLICY_INVALID`` or ``AUDIENCE_UNKNOWN``.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


@dataclass(frozen=True)
class TrustList:
    """The authorities that one audience trusts, and the revocation lists it has, as PEM; of named actors, too."""

    anchor_pem: str
    crl_pem: str
    actor_pem: str = ""
    actor_crl_pem: str = ""


class _Audience(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    anchors: tuple[_Path, ...]
    crls: tuple[_Path, ...] = ()
    actors: tuple[_Path, ...] = ()
    actor_crls: tuple[_Path, ...] = ()


class _Policy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    schema: str
    audiences: dict[str, _Audience]


prepare_readers(_Policy)


def load_trust_list(path: Path, audience: str) -> TrustList:
    """Read the trust list of one audience.

    Raises:
        TrustPolicyInvalid: the file, or a certificate that it names, is not what it should be.
        OSError: a file is missing.
    """
    policy = _policy(path)
    chosen = policy.audiences.get(audience)
    if chosen is None:
        known = ", ".join(sorted(policy.audiences))
        raise TrustPolicyInvalid("AUDIENCE_UNKNOWN", f"{audience!r} is none of: {known}")
    return _list_of(path, audience, chosen)


def load_trust_lists(path: Path) -> dict[str, TrustList]:
    """Read the trust list of every audience.

    Raises:
        TrustPolicyInvalid, OSError: as :func:`load_trust_list` says.
    """
    return {name: _list_of(path, name, chosen) for name, chosen in _policy(path).audiences.items()}


def _policy(path: Path) -> _Policy:
    try:
        document = parse_json_strict(path.read_bytes(), max_bytes=_FILE_BYTES_MAX)
        policy = msgspec.convert(document, _Policy)
    except (TrustError, msgspec.ValidationError) as error:
        raise TrustPolicyInvalid("TRUST_POLICY_INVALID", str(error)) from error
    if policy.schema != SCHEMA:
        raise TrustPolicyInvalid("TRUST_POLICY_INVALID", f"the schema is not {SCHEMA}")
    return policy


def _list_of(path: Path, audience: str, chosen: _Audience) -> TrustList:
    def joined(names: tuple[_Path, ...]) -> str:
        return "".join(_pem(path.parent / name) for name in names)

    listed = TrustList(
        joined(chosen.anchors), joined(chosen.crls), joined(chosen.actors), joined(chosen.actor_crls)
    )
    for what, pem in (("anchors", listed.anchor_pem), ("actors", listed.actor_pem)):
        try:
            if pem:
                x509.load_pem_x509_certificates(pem.encode("ascii"))
        except ValueError as error:
            raise TrustPolicyInvalid("TRUST_POLICY_INVALID", f"{what} of {audience}: {error}") from error
    return listed


def _pem(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip() + "\n"
    except UnicodeDecodeError as error:
        raise TrustPolicyInvalid("TRUST_POLICY_INVALID", f"{path.name} is not PEM") from error
