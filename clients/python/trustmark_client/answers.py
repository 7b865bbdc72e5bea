"""What the server answers, as frozen values; fields that a newer server adds are ignored."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from trustcore.encoding import prepare_readers


class Lease(msgspec.Struct, frozen=True):
    """Frames reserved for one worker; ``offline_grace_seconds`` bounds work without the server.

    ``jws`` is the lease as the server signed it, and ``token`` the token it was given for: with both, the bounds
    are known where the server is not.
    """

    id: str
    expires_at: str
    heartbeat_seconds: float
    first: int | None = None
    last: int | None = None
    offline_grace_seconds: float = 0
    jws: str = ""
    token: str = ""
    asked_wall: float = 0
    asked_monotonic: float = 0


class Decision(msgspec.Struct, frozen=True):
    """The answer to a check."""

    decision_id: str
    decision: str
    reason_codes: list[str]
    lease: Lease | None = None
    frames_reserved: int = 0
    obligations: list[Any] = []
    policy_hash: str = ""
    valid_until: str | None = None
    next_heartbeat_at: str | None = None
    server_time: str | None = None
    signature: str = ""

    @property
    def permitted(self) -> bool:
        """Only these two words mean yes; anything else, unknown words included, means no."""
        return self.decision in {"ALLOW", "ALLOW_WITH_OBLIGATIONS"}


class Settled(msgspec.Struct, frozen=True):
    """What became of a settled lease's units; what was reconciled later counts as used."""

    units_reserved: int
    units_used: int
    units_returned: int


class LeaseState(msgspec.Struct, frozen=True):
    """The answer to a lease's heartbeat."""

    state: str
    reason_codes: list[str] = []
    expires_at: str | None = None
    signature: str | None = None
    settled: Settled | None = None

    @property
    def lives(self) -> bool:
        return self.state == "ACTIVE"


class TokenHeartbeat(msgspec.Struct, frozen=True):
    """The answer to a token's heartbeat: a fresh short-lived token and what is left of the licence."""

    jti: str
    state: str
    terms_version: int
    expires_at: str | None = None
    window_ends_at: str | None = None
    token: str | None = None
    renewal_due: bool = False
    days_left: int | None = None
    superseded_by: str | None = None
    server_time: str | None = None


class RowAnswer(msgspec.Struct, frozen=True):
    """What became of one row of a batch."""

    row: int
    status: str
    code: str | None = None
    leaf_index: int | None = None


class RunAnswer(msgspec.Struct, frozen=True):
    """What became of ``count`` consecutive rows; ``leaf_index`` is the first one's, the others follow it."""

    row: int
    count: int
    status: str
    code: str | None = None
    leaf_index: int | None = None


class BatchAnswer(msgspec.Struct, frozen=True):
    """What became of a batch of receipts, in runs of rows with one answer.

    Attributes:
        size: the log's size after the batch; the published checkpoint covers it at most a second later.
        checkpoint: ``published`` if it did when the answer was given, else ``pending``.
    """

    batch: str
    accepted: int
    unauthorised: int
    refused: int
    runs: list[RunAnswer]
    size: int | None = None
    checkpoint: str = "pending"

    @property
    def codes(self) -> set[str]:
        """Why rows were refused or taken as unauthorised."""
        return {run.code for run in self.runs if run.code}

    @property
    def rows(self) -> list[RowAnswer]:
        """The answer row by row."""
        return [
            RowAnswer(
                run.row + step,
                run.status,
                run.code,
                None if run.leaf_index is None else run.leaf_index + step,
            )
            for run in self.runs
            for step in range(run.count)
        ]


class Page(msgspec.Struct, frozen=True):
    """One page of a list."""

    results: list[dict[str, Any]]
    next: str | None = None

    @property
    def next_path(self) -> str:
        """Where the list goes on, on the same server whatever the answer calls it; nothing at its end."""
        parts = urlsplit(self.next or "")
        return f"{parts.path}?{parts.query}" if parts.query else ""


prepare_readers(Decision, LeaseState, TokenHeartbeat, BatchAnswer, Page)
