"""Whether work may go on at a node that cannot reach the server; pure: no network, no clock, no disk.

The node holds three texts: its token, the signed lease of the work in hand, and, if it has one, a status
list. :func:`open_gate` verifies them once; :meth:`OfflineGate.may_begin` then answers for each frame in
microseconds.

1. The token is read, and the lease with the *decision* keys: two kinds of keys, neither stands for the other.
2. Token and lease belong together: same licence, client, production, use, construct and sender; the sender is
   the node itself where it says which key or certificate it holds.
3. The status list, where it has not run out, says that the token is valid. Run out, it is as if there was
   none, and the answer says so; a refusal read while it was fresh stays.
4. Time: never earlier than any time seen before, nor than the signing of the lease. A clock set back gains
   nothing; a clock that lies more than five minutes behind the lease's signing is refused.
5. Before the lease's ``exp`` work goes on. After it, for at most ``off.seconds``, and for at most
   ``off.frames`` frames: those that were finished since, and those in work.

The server judges the same frames by the same bounds when their receipts come in
(:func:`trustcore.receipt.late.judge_late`).

Source: DESIGN section 5; TAXONOMY 13 (``off``, ``sts``, ``cnf``); ADR 0009.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore.claims import Confirmation, LicenceClaims
from trustcore.errors import InvalidToken
from trustcore.lease import LeaseClaims, verify_lease
from trustcore.older import StrEnum, dataclass
from trustcore.policy.reasons import DenyReason
from trustcore.status import SUSPENDED, VALID, decode_status_list
from trustcore.tokens import read_token

CLOCK_BEHIND_SECONDS: Final = 300
"""How far a node's clock may lie behind the server's word; more is a clock that was set back."""


class Standing(StrEnum):
    """How a frame may be begun, if at all."""

    LIVE = "LIVE"
    GRACE = "GRACE"
    REFUSED = "REFUSED"


class ListState(StrEnum):
    """What the status list was worth."""

    FRESH = "FRESH"
    STALE = "STALE"
    NONE = "NONE"


@dataclass(frozen=True, slots=True)
class OfflineAnswer:
    """Whether one more frame may be begun.

    Attributes:
        reason: why not; None if it may.
        status_list: ``STALE``: the list ran out and was left aside.
        time: the time that was judged by, seconds since 1970; hand it back as ``not_before`` next time.
        ends_at: from this second on nothing may be begun.
        frames_left: frames that may still be finished after the lease's end; None while it lives.
    """

    standing: Standing
    reason: DenyReason | None
    status_list: ListState
    time: int
    ends_at: int
    frames_left: int | None

    @property
    def allowed(self) -> bool:
        """Whether the frame may be begun."""
        return self.standing is not Standing.REFUSED


@dataclass(frozen=True, slots=True)
class OfflineGate:
    """Token, lease and list that were verified; made by :func:`open_gate`.

    Attributes:
        refused: why nothing may be begun whatever the time; None if something may.
        list_expires_at: end of the status list; None without one.
    """

    token: LicenceClaims
    lease: LeaseClaims
    refused: DenyReason | None = None
    list_expires_at: int | None = None

    @property
    def ends_at(self) -> int:
        """From this second on nothing may be begun: the lease's end and grace, and never past the window."""
        return min(self.lease.exp + self.lease.off.seconds, self.token.win.na)

    def may_begin(
        self, frame: int | None = None, *, now: int, not_before: int = 0, after_end: int = 0
    ) -> OfflineAnswer:
        """Answer whether ``frame`` may be begun.

        Args:
            frame: its number, which must be one of the lease's; None asks for the time alone.
            now: the node's clock, seconds since 1970.
            not_before: the latest time this node has seen, from an earlier answer or from disk.
            after_end: frames finished after the lease's end, and frames in work now.
        """
        lease = self.lease
        time = max(now, not_before, lease.iat)
        status_list = self._list_state(time)
        left = None if time < lease.exp else max(0, lease.off.frames - after_end)
        reason = self.refused or self._why_not(frame, now, time, left)
        standing = Standing.REFUSED if reason else Standing.LIVE if left is None else Standing.GRACE
        return OfflineAnswer(standing, reason, status_list, time, self.ends_at, left)

    def _why_not(self, frame: int | None, now: int, time: int, left: int | None) -> DenyReason | None:
        if now < self.lease.iat - CLOCK_BEHIND_SECONDS:
            return DenyReason.CLOCK_SKEW
        if time >= self.token.win.na:
            return DenyReason.EXPIRED
        if frame is not None and not self.lease.first <= frame <= self.lease.last:
            return DenyReason.FRAMES_EXHAUSTED
        if left is not None and (time >= self.ends_at or left == 0):
            return DenyReason.OFFLINE_GRACE_EXCEEDED
        return None

    def _list_state(self, time: int) -> ListState:
        if self.list_expires_at is None:
            return ListState.NONE
        return ListState.FRESH if time < self.list_expires_at else ListState.STALE


def open_gate(
    token: str,
    lease: str,
    *,
    token_keys: Mapping[str, Ed25519PublicKey],
    decision_keys: Mapping[str, Ed25519PublicKey],
    issuer: str,
    now: int,
    audience: str | None = None,
    holder: Confirmation | None = None,
    status_list: str | None = None,
) -> OfflineGate:
    """Verify token, lease and status list; what is broken is an exception, what is refused an answer.

    The token's own ``exp`` ends what may be *asked* with it; work in hand is bounded by the lease, and by the
    licence's window.

    Args:
        token: the licence token.
        lease: the signed lease, the newest this node was given.
        token_keys: the issuer's keys by ``kid`` (``/.well-known/jwks.json``).
        decision_keys: its decision keys (``/.well-known/decision-jwks.json``).
        issuer: the one issuer accepted.
        now: the node's clock, seconds since 1970.
        audience: this client; None where the node does not know its own name.
        holder: the key or certificate that this node holds; None leaves out that comparison.
        status_list: the signed status list that the token names, if there is one at hand.

    Raises:
        InvalidToken: token, lease or list is broken, or they do not belong together.
    """
    claims = read_token(token, keys=token_keys, issuer=issuer, audience=audience)  # 1
    granted = verify_lease(lease, keys=decision_keys, issuer=issuer, audience=claims.aud)
    _check_pair(claims, granted)  # 2
    if holder is not None:
        _check_holder(granted.cnf, holder)
    if status_list is None:
        return OfflineGate(claims, granted)
    refused, expires_at = _read_list(status_list, claims, token_keys, max(now, granted.iat))  # 3
    return OfflineGate(claims, granted, refused, expires_at)


def _check_pair(token: LicenceClaims, lease: LeaseClaims) -> None:
    for fits, reason, path in (
        (lease.tok == token.jti, DenyReason.TOKEN_UNKNOWN, "tok"),
        (lease.prj == token.prj, DenyReason.PROJECT_MISMATCH, "prj"),
        (lease.ut in token.ut, DenyReason.USE_TYPE_NOT_GRANTED, "ut"),
        (lease.cst in token.cst, DenyReason.CONSTRUCT_NOT_GRANTED, "cst"),
        (lease.cnf == token.cnf, DenyReason.SENDER_MISMATCH, "cnf"),
    ):
        if not fits:
            raise InvalidToken(reason, "token and lease do not belong together", path)


def _check_holder(bound: Confirmation, holder: Confirmation) -> None:
    """Everything that the token is bound to must be held: key, certificate, or both."""
    if (bound.jkt and bound.jkt != holder.jkt) or (bound.x5t_s256 and bound.x5t_s256 != holder.x5t_s256):
        raise InvalidToken(DenyReason.SENDER_MISMATCH, "this node holds another key or certificate", "cnf")


def _read_list(
    text: str, token: LicenceClaims, keys: Mapping[str, Ed25519PublicKey], time: int
) -> tuple[DenyReason | None, int]:
    """The refusal that a list states, and its end. A list that has run out states nothing."""
    if token.sts is None:
        raise InvalidToken(DenyReason.TOKEN_MALFORMED, "the token names no status list", "sts")
    uri = token.sts.uri
    try:
        try:
            codes = decode_status_list(text, keys=keys, uri=uri, now=time)
        except InvalidToken as refusal:
            if refusal.reason is not DenyReason.NOT_YET_VALID:
                raise  # a clock that lies a little behind is no fault of the list
            codes = decode_status_list(text, keys=keys, uri=uri, now=time + CLOCK_BEHIND_SECONDS)
    except InvalidToken as refusal:
        if refusal.reason is DenyReason.EXPIRED:
            return None, 0
        raise
    try:
        code = codes.state_at(token.sts.idx)
    except IndexError:
        return DenyReason.TOKEN_UNKNOWN, codes.expires_at
    if code == VALID:
        return None, codes.expires_at
    return DenyReason.SUSPENDED if code == SUSPENDED else DenyReason.REVOKED, codes.expires_at
