"""What happened under a token: counts, receipts, checks, leases, the heat strip."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, TypeVar
from uuid import UUID

from django.db.models import Count, QuerySet

from receipts.models import (
    Beside,
    Counter,
    EntryKind,
    FrameOutcome,
    Lease,
    LogEntry,
    Quota,
    RenderCheck,
)
from receipts.selectors.leaves import leaves_of
from receipts.selectors.tally import kept_counts
from trustcore.policy.vocabulary import DecisionOutcome
from trustcore.receipt import FrameEntry, parse_entry

Row = TypeVar("Row")
ALLOWED = [DecisionOutcome.ALLOW.value, DecisionOutcome.ALLOW_WITH_OBLIGATIONS.value]
REFUSED = [DecisionOutcome.HOLD.value, DecisionOutcome.DENY.value]
PRODUCED = [FrameOutcome.RENDERED, FrameOutcome.RERENDER_OF]


@dataclass(frozen=True, slots=True)
class TokenCounts:
    """What happened under one token.

    Attributes:
        rendered: receipts of outcome ``RENDERED`` or ``RERENDER_OF``.
        unauthorised: frames that named a lease of this token without its leave.
        refused_checks: checks that were denied or held.
        frames_used: frames reserved by leases and not given back; ``frames_max`` is what the terms grant
            (0 before the first check). Likewise for lines, the words in them, and frames on screen.
    """

    token_jti: UUID
    rendered: int = 0
    failed: int = 0
    discarded: int = 0
    unauthorised: int = 0
    allowed_checks: int = 0
    refused_checks: int = 0
    frames_used: int = 0
    frames_max: int = 0
    lines_used: int = 0
    lines_max: int = 0
    words_used: int = 0
    words_max: int = 0
    screen_used: int = 0
    screen_max: int = 0
    live_leases: int = 0
    first_receipt_at: datetime | None = None
    last_receipt_at: datetime | None = None
    last_check_at: datetime | None = None

    @property
    def receipts(self) -> int:
        """All receipts that had a lease."""
        return self.rendered + self.failed + self.discarded


@dataclass(frozen=True, slots=True)
class ReceiptRow:
    """One receipt as lists show it; ``entry`` is the leaf itself.

    Attributes:
        code: why a frame is ``UNAUTHORISED``; empty otherwise.
        counter: what was counted: ``frames``, ``lines`` ...
    """

    leaf_index: int
    received_at: datetime
    shot: str
    frame: int
    take: int
    outcome: str
    counter: str
    file_sha256: str
    pixel_sha256: str
    token_jti: UUID | None
    terms_version: int | None
    lease: UUID | None
    check_id: UUID | None
    mark: str | None
    code: str
    entry: bytes


@dataclass(frozen=True, slots=True)
class Page(Generic[Row]):
    """Rows, and the ``after`` of the next page (None at the end)."""

    rows: tuple[Row, ...]
    next_after: int | UUID | None


def counts_for_token(jti: UUID) -> TokenCounts:
    """Count what happened under one token."""
    return counts_for_tokens([jti])[jti]


def counts_for_tokens(jtis: Iterable[UUID]) -> dict[UUID, TokenCounts]:
    """Count what happened under each token; tokens never used count zero."""
    wanted = list(jtis)
    parts = (_lease_counts(wanted), _quota_counts(wanted), kept_counts(wanted))
    return {
        jti: TokenCounts(jti, **{name: value for part in parts for name, value in part.get(jti, {}).items()})
        for jti in wanted
    }


def running_under(jti: UUID) -> TokenCounts:
    """Live leases and rendered frames of one token, and nothing else; 2 queries."""
    live = Lease.objects.filter(token_jti=jti, state=Lease.State.ACTIVE).count()
    return TokenCounts(jti, rendered=rendered_under([jti]).get(jti, 0), live_leases=live)


def quotas_of(jtis: Iterable[UUID]) -> dict[UUID, TokenCounts]:
    """What of each token's quotas is used, and nothing else; 1 query. Tokens never used are not there."""
    return {jti: TokenCounts(jti, **counts) for jti, counts in _quota_counts(list(jtis)).items()}


def rendered_under(jtis: Iterable[UUID]) -> dict[UUID, int]:
    """How many frames and lines were rendered under each token; 1 query."""
    return {jti: counts["rendered"] for jti, counts in kept_counts(jtis).items() if counts["rendered"]}


def receipts_for_token(
    jti: UUID,
    *,
    after: int | None = None,
    limit: int = 100,
    outcomes: Sequence[FrameOutcome] = (),
    shot: str = "",
) -> Page[ReceiptRow]:
    """Receipts under a token, or of one shot, in the order of the log; ``after`` is the last leaf already seen.

    Reads the blocks of the log that hold any, and of those no more than the page needs.
    """
    found = leaves_of(
        jti,
        after=-1 if after is None else after,
        limit=limit + 1,
        outcomes=outcomes or FrameOutcome,
        shot=shot,
    )
    if found is None:
        return Page((), None)
    rows = LogEntry.objects.filter(log_id=found.log_id, idx__in=found.leaves)
    return _receipt_page(rows, after=None, limit=limit, outcomes=())


def receipts_of_production(
    production_id: UUID,
    *,
    after: int | None = None,
    limit: int = 100,
    outcomes: Sequence[FrameOutcome] = (),
) -> Page[ReceiptRow]:
    """Receipts of a whole production in the order of its log."""
    rows = LogEntry.objects.filter(log__production_id=production_id, kind=EntryKind.FRAME)
    return _receipt_page(rows, after=after, limit=limit, outcomes=outcomes)


def checks_for_token(
    jti: UUID, *, after: UUID | None = None, limit: int = 100, refused_only: bool = False
) -> Page[RenderCheck]:
    """Decisions about a token, newest first; ``after`` is the last id already seen."""
    return _check_page(RenderCheck.objects.filter(token_jti=jti), after, limit, refused_only=refused_only)


def checks_of_production(
    production_id: UUID, *, after: UUID | None = None, limit: int = 100, refused_only: bool = False
) -> Page[RenderCheck]:
    """Decisions about any token of a production, newest first."""
    rows = RenderCheck.objects.filter(production_id=production_id)
    return _check_page(rows, after, limit, refused_only=refused_only)


def leases_for_token(jti: UUID) -> QuerySet[Lease]:
    """Leases of a token, newest first."""
    return Lease.objects.filter(token_jti=jti).order_by("-pk")


def _receipt_page(
    rows: QuerySet[LogEntry],
    *,
    after: int | None,
    limit: int,
    outcomes: Sequence[FrameOutcome],
) -> Page[ReceiptRow]:
    if outcomes:
        rows = rows.filter(outcome__in=list(outcomes))
    if after is not None:
        rows = rows.filter(idx__gt=after)
    found = list(rows.order_by("idx")[: limit + 1])
    page = found[:limit]
    leases = Lease.objects.in_bulk([row.lease for row in page if row.lease and row.lease > 0])
    strays = [row for row in page if row.lease and row.lease < 0]
    shown = tuple(_receipt_row(row, leases.get(row.lease or 0)) for row in page)
    if strays:
        shown = _with_terms_of_claims(shown)
    return Page(shown, page[-1].idx if len(found) > limit else None)


def _with_terms_of_claims(rows: tuple[ReceiptRow, ...]) -> tuple[ReceiptRow, ...]:
    """Frames without leave say which lease they claimed; its terms are those that they were outside of."""
    claimed = [row.lease for row in rows if row.terms_version is None and row.lease]
    versions = dict(Lease.objects.filter(uid__in=claimed).values_list("uid", "terms_version"))
    return tuple(
        replace(row, terms_version=versions[row.lease])
        if row.terms_version is None and row.lease in versions
        else row
        for row in rows
    )


def _receipt_row(row: LogEntry, lease: Lease | None) -> ReceiptRow:
    raw = bytes(row.entry)
    entry = parse_entry(raw)
    if not isinstance(entry, FrameEntry):
        raise TypeError(f"leaf {row.idx} of log {row.log_id} is no frame")
    return ReceiptRow(
        leaf_index=row.idx,
        received_at=row.received_at,
        shot=lease.shot if lease else "",
        frame=entry.frame,
        take=entry.take,
        outcome=entry.outcome.value,
        counter=lease.counter if lease else Counter.FRAMES,
        file_sha256=entry.file_sha256,
        pixel_sha256=entry.pixel_sha256,
        token_jti=UUID(entry.jti) if entry.jti else lease.token_jti if lease else None,
        terms_version=lease.terms_version if lease else entry.terms_version,
        lease=UUID(entry.lease) if entry.lease else lease.uid if lease else None,
        check_id=UUID(entry.check) if entry.check else None,
        mark=entry.mark,
        code=entry.reason or "",
        entry=raw,
    )


def _check_page(
    rows: QuerySet[RenderCheck], after: UUID | None, limit: int, *, refused_only: bool
) -> Page[RenderCheck]:
    if refused_only:
        rows = rows.filter(outcome__in=REFUSED)
    if after is not None:
        rows = rows.filter(pk__lt=after)
    found = list(rows.order_by("-pk")[: limit + 1])
    return Page(tuple(found[:limit]), found[limit - 1].pk if len(found) > limit else None)


_METERED = (Counter.FRAMES, Counter.LINES, Beside.WORDS, Beside.SCREEN)
_Counts = dict[UUID, dict[str, Any]]


def _lease_counts(jtis: list[UUID]) -> _Counts:
    rows = Lease.objects.filter(token_jti__in=jtis, state=Lease.State.ACTIVE).values("token_jti")
    return {
        row["token_jti"]: {"live_leases": row["live"]} for row in rows.annotate(live=Count("pk")).order_by()
    }


def _quota_counts(jtis: list[UUID]) -> _Counts:
    counts: _Counts = {}
    for row in Quota.objects.filter(token_jti__in=jtis, counter__in=_METERED):
        counts.setdefault(row.token_jti, {}).update(
            {f"{row.counter}_used": row.granted, f"{row.counter}_max": row.most}
        )
    return counts
