"""When an output may leave the house. Pure: facts in, reasons out; no reason means it may.

Every licence that an output cites must belong to its production, be in a state that lets rendered frames
go out, and have receipts: an output is released only with proof that it was allowed. What is unknown holds.

A licence that has merely run out, was used up or was replaced does not hold what was rendered under it;
one that was revoked holds unless it was revoked for the future alone and its frames may be kept, or the talent's
side let them go afterwards. Where the
final review was agreed, nothing goes out before the talent's side let it pass.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from trustcore.policy.vocabulary import FrameDisposition, RevocationKind, TokenState

_RELEASING = frozenset(
    {
        TokenState.ACTIVE,
        TokenState.EXPIRING,
        TokenState.EXHAUSTED,
        TokenState.EXPIRED,
        TokenState.SUPERSEDED,
    }
)

_ENDED_EARLY = frozenset({TokenState.REVOKED, TokenState.TERMINATED_CHANGE_OF_CONTROL})


class HoldCode(StrEnum):
    """Why an output is held; public and stable."""

    TOKEN_UNKNOWN = "TOKEN_UNKNOWN"  # noqa: S105  (a reason, not a secret)
    TOKEN_NOT_OF_PRODUCTION = "TOKEN_NOT_OF_PRODUCTION"  # noqa: S105
    TOKEN_STATE = "TOKEN_STATE"  # noqa: S105
    DISTRIBUTION_HOLD = "DISTRIBUTION_HOLD"
    RECEIPTS_MISSING = "RECEIPTS_MISSING"
    CHECKPOINT_OPEN = "CHECKPOINT_OPEN"
    MARK_NOT_EMBEDDED = "MARK_NOT_EMBEDDED"
    MARK_NOT_FOUND = "MARK_NOT_FOUND"
    LAYERS_INCOMPLETE = "LAYERS_INCOMPLETE"
    SIGNING_FAILED = "SIGNING_FAILED"
    UPLOAD_CREDENTIALS_BROKEN = "UPLOAD_CREDENTIALS_BROKEN"
    CREDENTIALS_NOT_TRUSTED = "CREDENTIALS_NOT_TRUSTED"
    MEDIA_UNREADABLE = "MEDIA_UNREADABLE"
    PROCESSING_FAILED = "PROCESSING_FAILED"


@dataclass(frozen=True)
class HoldReason:
    """One reason: its code and what exactly, for a person."""

    code: HoldCode
    detail: str

    def to_dict(self) -> dict[str, str]:
        """Return the reason as rows and answers carry it."""
        return {"code": str(self.code), "detail": self.detail}


@dataclass(frozen=True)
class LicenceStanding:
    """How one cited licence stands at this moment.

    Attributes:
        production_id: the production it belongs to, or ``None`` where no such licence is known.
        state: one of ``TokenState``; anything else holds.
        revocation_kind, frame_disposition: empty unless revoked.
        rendered: receipts of frames, lines or seconds rendered under it.
        awaits_final: the final review was agreed and the talent's side has not let the work pass it.
        is_let_go: the licence ended so that its frames are held, and the talent's side let them go.
    """

    jti: UUID
    production_id: UUID | None
    state: str
    revocation_kind: str = ""
    frame_disposition: str = ""
    rendered: int = 0
    awaits_final: bool = False
    is_let_go: bool = False


def hold_reasons(production_id: UUID, standings: Iterable[LicenceStanding]) -> tuple[HoldReason, ...]:
    """Return every reason to hold an output of ``production_id``; none means that it may go out."""
    reasons = [reason for one in standings for reason in _reasons_of(production_id, one)]
    return tuple(reasons)


def _reasons_of(production_id: UUID, standing: LicenceStanding) -> list[HoldReason]:
    licence = f"licence {standing.jti}"
    if standing.production_id is None:
        return [HoldReason(HoldCode.TOKEN_UNKNOWN, f"{licence} is not known")]
    if standing.production_id != production_id:
        return [HoldReason(HoldCode.TOKEN_NOT_OF_PRODUCTION, f"{licence} belongs to another production")]
    reasons = []
    if standing.is_let_go and standing.state in _ENDED_EARLY:
        pass
    elif standing.state == TokenState.REVOKED:
        if not _revoked_but_kept(standing):
            kind = standing.revocation_kind or "an unknown kind of revocation"
            reasons.append(HoldReason(HoldCode.DISTRIBUTION_HOLD, f"{licence}: {kind}"))
    elif standing.state not in _RELEASING:
        reasons.append(HoldReason(HoldCode.TOKEN_STATE, f"{licence} is {standing.state}"))
    if standing.rendered < 1:
        reasons.append(
            HoldReason(HoldCode.RECEIPTS_MISSING, f"{licence} has no receipt of anything rendered")
        )
    if standing.awaits_final:
        reasons.append(
            HoldReason(
                HoldCode.CHECKPOINT_OPEN, f"{licence}: the talent's side has not passed the final review"
            )
        )
    return reasons


def _revoked_but_kept(standing: LicenceStanding) -> bool:
    return (
        standing.revocation_kind == RevocationKind.PROSPECTIVE
        and standing.frame_disposition == FrameDisposition.KEEP
    )
