"""The claims of a licence token: ids and hashes, never a name and never a biometric.

:func:`licence_claims` writes the boundary of a set of terms into claims, so that a token alone
shows what was granted: production, use types, constructs, window, territories, quotas, vendors'
licensee, change-of-control generation, and the hash of the full terms.

Source: TAXONOMY section 13; RFC 7519 (claims), RFC 7800 and RFC 9449 (``cnf``).
"""

from __future__ import annotations

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from trustcore.encoding import prepare_readers
from trustcore.errors import InvalidTerms
from trustcore.policy.clauses import ChangeOfControl, MarkLayer
from trustcore.policy.rules import POLICY_HASH
from trustcore.policy.settle import parse_time
from trustcore.policy.shape import Count, Ident, Territory
from trustcore.policy.terms import Terms, terms_hash
from trustcore.policy.vocabulary import Channel, Construct, ReplicaClass, UseType

YEAR_9999: Final = 253_402_300_800
"""Seconds from 1970 to the year 10000: no date in a token reaches it."""

Epoch = Annotated[int, Meta(ge=0, lt=YEAR_9999)]
Text = Annotated[str, Meta(min_length=1, max_length=512)]
Hash = Annotated[str, Meta(pattern=r"^sha256:[0-9a-f]{64}\Z")]
Thumbprint = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{43}\Z")]


class _Claim(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A claim that is an object; what bounds the licence is always written, the rest where it says something."""


class Confirmation(_Claim, frozen=True, kw_only=True):
    """The key the token is bound to: a DPoP key's thumbprint, or a client certificate's."""

    jkt: Thumbprint | None = None
    x5t_s256: Thumbprint | None = msgspec.field(default=None, name="x5t#S256")


class ScopeClaim(_Claim, frozen=True, kw_only=True):
    """Sequences and shots licensed; empty where nothing of the kind is restricted."""

    sequences: tuple[Ident, ...] = ()
    shots: tuple[Ident, ...] = ()


class QuotaClaim(_Claim, frozen=True, kw_only=True):
    """How much is granted in all."""

    frames: Count = 0
    lines: Count = 0
    seconds: Count = 0
    runs: Count = 0


class WindowClaim(_Claim, frozen=True, kw_only=True):
    """The licence's window, in seconds since 1970."""

    nb: Epoch
    na: Epoch


class TerritoryClaim(_Claim, frozen=True, kw_only=True):
    """Where machines may run, and where the work may be shown."""

    render: tuple[Territory, ...]
    dist: tuple[Territory, ...]


class StatusClaim(_Claim, frozen=True, kw_only=True):
    """Where the token's state can be read: a status list's address and a place in it."""

    uri: Text
    idx: Annotated[int, Meta(ge=0, lt=2**31)]


class OfflineClaim(_Claim, frozen=True, kw_only=True):
    """How long, and for how many frames, work may go on without the server."""

    frames: Count = 0
    seconds: Annotated[int, Meta(ge=0, le=86_400)] = 0


class LicenceClaims(_Claim, frozen=True, kw_only=True):
    """Everything a licence, training or grant token says (TAXONOMY 13).

    Attributes:
        iss: issuer; ``aud`` the one client it is for; ``sub`` the licensee.
        jti: id of the licence token, the same through every version of its terms.
        ver: version of the terms; ``terms_hash`` their hash.
        cnf: the sender's key; a grant statement has none.
        tal: pairwise pseudonym of the talent; ``prj`` the production; ``lic`` the licence.
        ut: use types, ``cst`` constructs, ``cls`` replica class.
        trn: whether this is for training: ``False`` in every render token.
        ven: vendors who may act for the licensee.
        coc: change-of-control generation; ``ccr`` the rule the terms have for it.
        hb: heartbeat interval in seconds; ``off`` the offline grace.
    """

    iss: Text
    aud: Text
    sub: Text
    jti: Ident
    ver: Annotated[int, Meta(ge=1, le=1_000_000)]
    iat: Epoch
    nbf: Epoch
    exp: Epoch
    lic: Ident
    tal: Ident
    prj: Ident
    ut: Annotated[tuple[UseType, ...], Meta(min_length=1)]
    cst: Annotated[tuple[Construct, ...], Meta(min_length=1)]
    cls: ReplicaClass
    terms_hash: Hash
    policy_hash: Hash
    quota: QuotaClaim
    win: WindowClaim
    ter: TerritoryClaim
    ch: tuple[Channel, ...]
    scope: ScopeClaim
    ven: tuple[Ident, ...]
    mrk: tuple[MarkLayer, ...]
    trn: bool
    ccr: ChangeOfControl
    cnf: Confirmation | None = None
    consent_hash: Hash | None = None
    act: Ident | None = None
    hb: Annotated[int, Meta(ge=0, le=86_400)] = 0
    sts: StatusClaim | None = None
    coc: Annotated[int, Meta(ge=0, le=1_000_000)] = 0
    off: OfflineClaim = OfflineClaim()


prepare_readers(LicenceClaims)


def licence_claims(
    terms: Terms,
    *,
    issuer: str,
    audience: str,
    token_id: str,
    licence_id: str,
    issued_at: int,
    expires_at: int,
    jkt: str | None,
    **further: Any,
) -> LicenceClaims:
    """Return the claims that carry the boundary of ``terms``.

    Args:
        terms: terms whose window is open.
        issuer: URL of the server.
        audience: the one client or service the token is for.
        token_id: the licence token's id (``jti``).
        licence_id: the licence it belongs to; the token id where there is no other.
        issued_at: seconds since 1970; the token is valid from here or from the window's opening.
        expires_at: seconds since 1970; cut to the window's end.
        jkt: thumbprint of the sender's key; ``None`` for a grant statement only.
        further: any other claim of :class:`LicenceClaims`: ``sub``, ``act``, ``hb``, ``sts``, ``coc``, ``off``.

    Raises:
        InvalidTerms: the window of the terms is not open yet.
    """
    opens, closes = terms.window.not_before, terms.window.not_after
    if opens is None or closes is None:
        raise InvalidTerms("the window is not open yet", "window")
    window = WindowClaim(nb=int(parse_time(opens).timestamp()), na=int(parse_time(closes).timestamp()))
    carried = {
        "iss": issuer,
        "aud": audience,
        "sub": terms.licensee,
        "jti": token_id,
        "lic": licence_id,
        "iat": issued_at,
        "nbf": max(issued_at, window.nb),
        "exp": min(expires_at, window.na),
        "cnf": Confirmation(jkt=jkt) if jkt else None,
        "win": window,
    }
    return LicenceClaims(**{**_boundary(terms), **carried, **further})


def _boundary(terms: Terms) -> dict[str, Any]:
    scope = terms.scope
    return {
        "ver": terms.terms_version,
        "tal": terms.talent,
        "prj": terms.project.id,
        "ut": terms.use_types,
        "cst": terms.constructs,
        "cls": terms.replica_class,
        "terms_hash": terms_hash(terms),
        "policy_hash": POLICY_HASH,
        "scope": ScopeClaim(sequences=scope.sequences, shots=scope.shots),
        "quota": QuotaClaim(
            frames=scope.frames_max,
            lines=scope.lines_max,
            seconds=scope.seconds_max,
            runs=scope.runs_max,
        ),
        "ter": TerritoryClaim(render=terms.render_territory, dist=terms.exploitation.distribution_territory),
        "ch": terms.exploitation.channels,
        "ven": terms.vendors,
        "mrk": terms.marking.watermark,
        "ccr": terms.change_of_control,
        "trn": terms.training.allowed,
    }
