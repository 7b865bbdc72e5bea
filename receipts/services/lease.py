"""Keep a lease alive, end it, let it expire; what it reserved and did not use returns to the quota.

A lease ends at the next heartbeat after its licence stopped to stand: revoked, superseded, suspended by a
hold, stopped by the talent, or its licensee sold. All of these close it in the same way.

Lock order everywhere: lease, then quota, then debt. Intake holds the lease row shared while it appends, so a lease
cannot end between the moment a frame is judged by it and the moment the frame stands in the log.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.db.models.functions import Greatest

from accounts.models import ApiCredential
from accounts.principals import Principal
from common import clock
from common.errors import NotFound
from common.keys import signer_for
from licensing.selectors import LicenceFacts, licence_state_for
from licensing.services import audience_of, binding_of
from receipts.models import EntryKind, FrameOutcome, Lease, LogEntry, OfflineReckoning, Quota, RenderCheck
from receipts.services.beside import return_beside
from receipts.services.debts import forgive_lease, forgive_reporter, note_silence
from receipts.services.signature import lease_given, sign_lease
from receipts.services.tally import count_return
from trustcore.policy.reasons import DenyReason

RETURNED = "RETURNED"
OPEN = (Lease.State.ACTIVE, Lease.State.CLOSING)
USED = [FrameOutcome.RENDERED, FrameOutcome.RERENDER_OF, FrameOutcome.DISCARDED]


@dataclass(frozen=True, slots=True)
class Settled:
    """The units of a settled lease: used ones include what was reconciled since."""

    units_reserved: int
    units_used: int
    units_returned: int


@dataclass(frozen=True, slots=True)
class LeaseAnswer:
    """How a lease stands.

    Attributes:
        reasons: why it ended.
        signature: the lease as it stands, signed; None once it has ended.
        settled: what became of its units; None before.
    """

    state: str
    reasons: tuple[str, ...]
    expires_at: datetime
    heartbeat_seconds: int
    signature: str | None = None
    settled: Settled | None = None


def heartbeat_lease(*, principal: Principal, uid: UUID) -> LeaseAnswer:
    """Extend a live lease; end it if its licence no longer stands.

    Raises:
        NotFound: no such lease of the caller's organisation.
    """
    now = clock.now()
    with transaction.atomic():
        lease = _locked(principal, uid)
        if lease.state == Lease.State.ACTIVE:
            reason = _why_over(lease, licence_state_for(lease.token_jti), now)
            if reason is None:
                if now > lease.expires_at:  # back from an absence: the next one has a grace of its own
                    OfflineReckoning.objects.filter(pk=lease.pk).update(frames=0)
                life = timedelta(seconds=settings.LEASE_LIFE_SECONDS)
                lease.expires_at = min(now + life, lease.window_ends_at)
                lease.save(update_fields=["expires_at"])
            elif is_over(lease, now):
                _settle(lease, Lease.State.EXPIRED, reason, now)
            else:
                _close(lease, reason, now)
        answer = _answer(lease)
    return replace(answer, signature=_sign(lease, now)) if lease.state == Lease.State.ACTIVE else answer


def end_lease(*, principal: Principal, uid: UUID) -> LeaseAnswer:
    """Give a lease back; ending it twice changes nothing.

    Raises:
        NotFound: no such lease of the caller's organisation.
    """
    with transaction.atomic():
        lease = _locked(principal, uid)
        if lease.state in OPEN:
            _settle(lease, Lease.State.ENDED, lease.end_reason or RETURNED, clock.now())
        else:
            forgive_lease(lease)  # one that ran out in silence is given back late
        return _answer(lease)


def expire_leases(*, limit: int = 500) -> int:
    """Settle leases whose life and offline grace are over; returns how many. Safe anywhere, at any time."""
    now = clock.now()
    due = Lease.objects.filter(state__in=OPEN, expires_at__lt=now).order_by("expires_at")
    ended = 0
    for pk in [row.pk for row in due[:limit] if is_over(row, now)]:
        with transaction.atomic():
            lease = Lease.objects.select_for_update(skip_locked=True).filter(pk=pk).first()
            if lease is not None and lease.state in OPEN and is_over(lease, now):
                kept = lease.state == Lease.State.ACTIVE
                state = Lease.State.EXPIRED if kept else Lease.State.ENDED
                _settle(lease, state, lease.end_reason or DenyReason.OFFLINE_GRACE_EXCEEDED, now)
                ended += 1
    return ended


def is_over(lease: Lease, now: datetime) -> bool:
    """Whether the lease's life and the offline grace after it have passed."""
    return now > lease.expires_at + timedelta(seconds=lease.grace_seconds)


def _locked(principal: Principal, uid: UUID) -> Lease:
    lease = (
        Lease.objects.select_for_update().filter(uid=uid, organisation_id=principal.organisation_id).first()
    )
    if lease is None:
        raise NotFound
    return lease


def _why_over(lease: Lease, facts: LicenceFacts | None, now: datetime) -> str | None:
    """Why a lease may not go on, None if it may."""
    if facts is None:
        return DenyReason.TOKEN_UNKNOWN
    if facts.why_over is not None:
        return facts.why_over
    if not facts.may_present(lease.organisation_id):
        return DenyReason.VENDOR_NOT_LISTED
    if now >= lease.window_ends_at:
        return DenyReason.EXPIRED
    return DenyReason.OFFLINE_GRACE_EXCEEDED if is_over(lease, now) else None


def _close(lease: Lease, reason: str, now: datetime) -> None:
    """Nothing may be begun any more; receipts of what was finished before may still come, for the grace."""
    lease.state, lease.end_reason, lease.ended_at = Lease.State.CLOSING, str(reason), now
    lease.expires_at = min(lease.expires_at, now)
    lease.save(update_fields=["state", "end_reason", "ended_at", "expires_at"])


def _settle(lease: Lease, state: Lease.State, reason: str, now: datetime) -> None:
    """End a locked lease and give back what it did not use."""
    lease.units_used = (
        LogEntry.objects.filter(log_id=lease.log_id, lease=lease.pk, kind=EntryKind.FRAME, outcome__in=USED)
        .values("frame")
        .distinct()
        .count()
    )
    lease.state, lease.end_reason, lease.ended_at = state, str(reason), lease.ended_at or now
    lease.save(update_fields=["state", "end_reason", "ended_at", "units_used"])
    unused = lease.units - lease.units_used
    if unused:
        Quota.objects.filter(token_jti=lease.token_jti, counter=lease.counter).update(
            granted=Greatest(F("granted") - unused, 0)
        )
        count_return(lease=lease, units=unused)
        if (state, reason) == (Lease.State.ENDED, RETURNED):
            return_beside(lease)
    if lease.units_used:
        forgive_reporter(lease)
    elif state == Lease.State.EXPIRED and reason == DenyReason.OFFLINE_GRACE_EXCEEDED:
        note_silence(lease, now)


def _sign(lease: Lease, now: datetime) -> str | None:
    """The lease as it was extended, for the credential it was given to, whoever of its organisation beats."""
    if lease.credential_id is None:
        return None  # given to no API key: there is nothing to bind it to
    check = RenderCheck.objects.get(pk=lease.check_id)
    credential = ApiCredential.objects.get(pk=lease.credential_id)
    return sign_lease(
        signer=signer_for("DECISION"),
        audience=audience_of(credential),
        decision_id=str(check.pk),
        at=now,
        policy_hash=check.policy_hash,
        lease=lease_given(lease, check, cnf=binding_of(credential), expires_at=lease.expires_at),
    )


def _settled(lease: Lease) -> Settled | None:
    if lease.units_used is None:
        return None
    later = OfflineReckoning.objects.filter(pk=lease.pk).values_list("debited", flat=True).first() or 0
    used = lease.units_used + later
    return Settled(units_reserved=lease.units, units_used=used, units_returned=lease.units - used)


def _answer(lease: Lease) -> LeaseAnswer:
    ended = lease.state != Lease.State.ACTIVE
    return LeaseAnswer(
        state="ENDED" if ended else "ACTIVE",
        reasons=(lease.end_reason,) if ended and lease.end_reason != RETURNED else (),
        expires_at=lease.expires_at,
        heartbeat_seconds=lease.heartbeat_seconds,
        settled=_settled(lease),
    )
