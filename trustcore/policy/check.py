"""What goes into a render check, and what comes out: plain frozen values.

Source: TAXONOMY section 14.
"""

from __future__ import annotations

from datetime import datetime

from trustcore.older import dataclass
from trustcore.policy.reasons import DenyReason
from trustcore.policy.rules import POLICY_HASH, POLICY_VERSION
from trustcore.policy.vocabulary import DecisionOutcome


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckRequest:
    """What a caller wants to do, as it says itself. Codes are plain text: unknown ones are denied.

    Attributes:
        requested_at: the caller's clock, with a time zone.
        frame_first: first frame of the block, ``None`` where no frames are asked for.
        frame_last: last frame of the block, inclusive.
        lines: utterances asked for; ``seconds`` of sound and ``runs`` (sessions, outputs) likewise.
        words: of the lines asked for, all together; needed where the terms limit them.
        resolution: picture size as ``WIDTHxHEIGHT``; needed where the terms limit it.
        channel: where the work will be shown, where the caller asks that too.
        model_hash: SHA-256 of the model's weights, hex, with or without ``sha256:``.
        purpose: what the render is for, a ``Purpose``; ``None`` where it is not said.
        inputs: each file that is read, as ``(role, hash)``; a role is an ``InputRole``.
        script: the script worked from, as ``(hash, ref, version)``; ref and version may be ``None``.
        content: the switches that the shot touches, each with its level where it has one.
        ratings: the rating that the work aims at, as ``(system, rating)``.
    """

    project: str
    use_type: str
    construct: str
    render_territory: str
    requested_at: datetime
    shot: str | None = None
    sequence: str | None = None
    frame_first: int | None = None
    frame_last: int | None = None
    lines: int = 0
    seconds: int = 0
    runs: int = 0
    words: int = 0
    engine: str | None = None
    engine_version: str | None = None
    model: str | None = None
    model_version: str | None = None
    resolution: str | None = None
    channel: str | None = None
    distribution_territory: str | None = None
    model_hash: str | None = None
    purpose: str | None = None
    inputs: tuple[tuple[str, str], ...] = ()
    script: tuple[str, str | None, str | None] | None = None
    content: tuple[tuple[str, int | None], ...] = ()
    ratings: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class LicenceState:
    """What the server knows of the licence and of the caller at this moment.

    Attributes:
        token_state: a ``TokenState``; anything else is denied.
        presenter_org: id of the organisation that the caller was authenticated as.
        jkt_ok: the proof of possession was made with the key the token is bound to.
        frames_granted: frames already given out in leases; lines, seconds, runs and words likewise.
        screen_granted: frames on screen so far, each frame of a shot once, however often it is rendered;
            ``screen_counted`` how many of those asked for are among them.
        token_terms_version: version of terms named in the token presented, if one was.
        token_expires_at: end of the token presented, if it ends before the window.
        trains: the token is a training token.
        control_changed: the licensee has changed hands since the terms were agreed.
        holds: further ``DenyReason`` codes that stand against every use.
        receipts_overdue: the caller owes receipts for earlier frames under this licence.
        token_policy_hash: the policy under which the token presented was minted, if one was.
    """

    token_state: str
    presenter_org: str
    jkt_ok: bool
    frames_granted: int = 0
    lines_granted: int = 0
    seconds_granted: int = 0
    runs_granted: int = 0
    words_granted: int = 0
    screen_granted: int = 0
    screen_counted: int = 0
    token_terms_version: int | None = None
    token_expires_at: datetime | None = None
    trains: bool = False
    emergency_stop: bool = False
    control_changed: bool = False
    holds: tuple[str, ...] = ()
    receipts_overdue: bool = False
    token_policy_hash: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decision:
    """The answer to a render check; ``is_permit`` is the only thing that permits work.

    Attributes:
        reasons: every reason that applies, the primary one first; empty for a permit.
        frames_reserved: frames to take from the quota; 0 unless this is a permit.
        obligations: ``Obligation`` codes, the last as ``RECEIPT_WITHIN_SECONDS(n)``.
        valid_until: until when work may begin on this answer; the time asked at, for a refusal.
    """

    outcome: DecisionOutcome
    reasons: tuple[DenyReason, ...]
    valid_until: datetime
    frames_reserved: int = 0
    lines_reserved: int = 0
    seconds_reserved: int = 0
    runs_reserved: int = 0
    obligations: tuple[str, ...] = ()
    policy_version: str = POLICY_VERSION
    policy_hash: str = POLICY_HASH

    @property
    def is_permit(self) -> bool:
        """Whether work may begin."""
        return self.outcome in (DecisionOutcome.ALLOW, DecisionOutcome.ALLOW_WITH_OBLIGATIONS)

    @property
    def primary_reason(self) -> DenyReason | None:
        """The reason to name first, ``None`` for a permit."""
        return self.reasons[0] if self.reasons else None
