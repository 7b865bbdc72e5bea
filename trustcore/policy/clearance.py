"""May a finished cut be shown there, then, with this likeness in it? The question of a clearance report.

It is not the render check: frames that were lawfully rendered may be shown after the window for rendering has
closed, and a revocation that lets finished frames be kept does not take them out of a cut. Unknown values are gaps.

    1. State: the licence was not taken back together with its frames, is not suspended, not before its beginning.
    2. Holds: nothing is held.
    3. Use: every kind of use that the cut makes of the likeness was granted.
    4. Shot: the shot and its sequence are among those licensed.
    5. Cut: the work may be shown in this kind of cut (the full work, a trailer, a clip of so many seconds ...).
    6. Channel, territory and date: as ``exploitation`` grants them; every territory asked for must be covered.

Source: TAXONOMY sections 7, 10 and 12.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from trustcore.older import StrEnum, dataclass
from trustcore.policy.reasons import DenyReason
from trustcore.policy.terms import Terms, parse_time
from trustcore.policy.territory import covers
from trustcore.policy.vocabulary import FrameDisposition, RevocationKind, TokenState


class ClearanceGap(StrEnum):
    """Gaps that no render check knows; the others are the codes of :class:`DenyReason`."""

    CAST_UNKNOWN = "CAST_UNKNOWN"
    LICENCE_MISSING = "LICENCE_MISSING"
    LICENCE_UNREADABLE = "LICENCE_UNREADABLE"
    EDIT_NOT_GRANTED = "EDIT_NOT_GRANTED"


@dataclass(frozen=True, slots=True)
class Showing:
    """Where, when and as what the cut shall be seen.

    Attributes:
        cut: ``FULL_WORK``, ``TRAILER``, ``CUTDOWN``, ``STILL``, ``LOCALISED_VERSION`` or ``CLIP``.
        seconds: how long the likeness is seen in the cut; a ``CLIP`` is granted by its length.
    """

    cut: str
    channel: str
    territories: tuple[str, ...]
    at: datetime
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class Standing:
    """How a licence stands now, as the server says it; ``begins_at`` is when its window was opened, if it was."""

    state: str
    begins_at: datetime | None
    revocation_kind: str | None = None
    frame_disposition: str | None = None
    holds: tuple[str, ...] = ()


def clearance_gaps(
    terms: Terms,
    standing: Standing,
    showing: Showing,
    *,
    shot: str,
    sequence: str | None = None,
    use_types: Iterable[str] = (),
) -> tuple[str, ...]:
    """Why the licence does not clear this use, in the order of the steps; empty if it does."""
    gaps = [
        *_state(standing),
        *standing.holds,
        *(DenyReason.USE_TYPE_NOT_GRANTED for use in use_types if use not in terms.use_types),
        *_shot(terms, shot, sequence),
        *_cut(terms, showing),
        *_exploitation(terms, standing, showing),
    ]
    return tuple(dict.fromkeys(str(gap) for gap in gaps))


def _state(standing: Standing) -> Iterator[DenyReason]:
    state = standing.state
    if state == TokenState.REVOKED:
        if standing.revocation_kind == RevocationKind.EMERGENCY_STOP:
            yield DenyReason.EMERGENCY_STOP
        elif (
            standing.revocation_kind != RevocationKind.PROSPECTIVE
            or standing.frame_disposition != FrameDisposition.KEEP
        ):
            yield DenyReason.REVOKED
    elif state == TokenState.PENDING_ACTIVATION:
        yield DenyReason.NOT_YET_VALID
    elif state == TokenState.TERMINATED_CHANGE_OF_CONTROL:
        yield DenyReason.CHANGE_OF_CONTROL
    elif state == TokenState.SUPERSEDED:
        yield DenyReason.SUPERSEDED
    elif state not in {TokenState.ACTIVE, TokenState.EXPIRING, TokenState.EXHAUSTED, TokenState.EXPIRED}:
        yield DenyReason.SUSPENDED  # suspended, or a state that only a newer server knows


def _shot(terms: Terms, shot: str, sequence: str | None) -> Iterator[DenyReason]:
    scope = terms.scope
    if (scope.shots and shot not in scope.shots) or (scope.sequences and sequence not in scope.sequences):
        yield DenyReason.SHOT_OUT_OF_SCOPE


def _cut(terms: Terms, showing: Showing) -> Iterator[ClearanceGap]:
    rights = terms.exploitation.edit_rights
    if showing.cut == "CLIP":
        lengths = [int(right[17:-1]) for right in rights if right.startswith("CLIP_MAX_SECONDS(")]
        granted = bool(lengths) and showing.seconds <= max(lengths)
    else:
        granted = showing.cut in rights
    if not granted:
        yield ClearanceGap.EDIT_NOT_GRANTED


def _exploitation(terms: Terms, standing: Standing, showing: Showing) -> Iterator[DenyReason]:
    use = terms.exploitation
    if showing.channel not in use.channels:
        yield DenyReason.CHANNEL_NOT_GRANTED
    if not showing.territories or not all(
        covers(use.distribution_territory, code) for code in showing.territories
    ):
        yield DenyReason.TERRITORY_DENIED
    if standing.begins_at is None or showing.at < standing.begins_at:
        yield DenyReason.NOT_YET_VALID
    if use.until is not None and showing.at >= parse_time(use.until):
        yield DenyReason.EXPIRED
