"""Receipts that are overdue: a farm that takes frames and never says what became of them is stopped.

What is owed is an *answer* for each lease: receipts, or the lease given back. A lease that is kept alive owes
nothing yet (a frame may take hours), and what it reserves is counted. One that ran out in silence (not one
receipt, not given back) returned its frames to the quota, so it leaves a debt of its credential under that
licence. The debt is overdue after ``RECEIPTS_OVERDUE_SECONDS``, and is paid

- by giving the lease back, late as it is: nothing was made;
- by a receipt for it, which is recorded as unauthorised: it came too late;
- by any other lease of the credential under the licence that is settled with receipts: a node may die, and
  the farm still reports.

Lock order: lease, quota, debt.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef

from receipts.models import EntryKind, Lease, LogEntry, ReceiptDebt, UnauthorisedFrame


def receipts_overdue(*, token_jti: UUID, credential_id: UUID, now: datetime) -> bool:
    """Whether the credential owes an answer under the licence for too long.

    One look into an index that is nearly always empty; only a caller who owes pays for more.
    """
    due = now - timedelta(seconds=settings.RECEIPTS_OVERDUE_SECONDS)
    debts = ReceiptDebt.objects.filter(token_jti=token_jti, credential_id=credential_id)
    overdue = debts.filter(since__lt=due)
    if not overdue.exists():
        return False
    late = UnauthorisedFrame.objects.filter(
        token_jti=OuterRef("token_jti"),
        lease_uid=OuterRef("lease__uid"),
        reported_by=OuterRef("lease__organisation_id"),
    )
    debts.filter(Exists(late)).delete()
    return overdue.exists()


def note_silence(lease: Lease, now: datetime) -> None:
    """Write down the debt of a lease that ran out, if not one receipt came for it."""
    reported = LogEntry.objects.filter(log_id=lease.log_id, lease=lease.pk, kind=EntryKind.FRAME)
    if lease.credential_id is None or reported.exists():
        return
    ReceiptDebt.objects.bulk_create(
        [ReceiptDebt(lease=lease, token_jti=lease.token_jti, credential_id=lease.credential_id, since=now)],
        ignore_conflicts=True,
    )


def forgive_lease(lease: Lease) -> None:
    """The lease was given back after all."""
    ReceiptDebt.objects.filter(lease=lease).delete()


def forgive_reporter(lease: Lease) -> None:
    """A lease was settled with receipts: its credential is not silent under this licence."""
    if lease.credential_id is not None:
        ReceiptDebt.objects.filter(token_jti=lease.token_jti, credential_id=lease.credential_id).delete()
