"""The decision on one render check: pure, total, and in numbered steps.

``decide`` never raises on data and never permits what it does not know. It collects every reason
that applies, in the order of the steps, so the first is the primary one (steps 14 and 15 stand in
``matter``, the lists of step 12 in ``tools``):

 1. Stop: an emergency stop of the talent.
 2. Sender: the caller holds the key the token is bound to.
 3. State: the licence is active, at the version of terms that is in force.
 4. Clock: the caller's clock is within five minutes of ours.
 5. Project: the production asked for is the one licensed.
 6. Window: now lies in the licence's window and before the token's end.
 7. Presenter: the caller is the licensee or a listed vendor, and control has not changed.
 8. Use: the use type and the purpose are known and granted; training only by a training licence.
 9. Construct: the part of the likeness is known and granted.
10. Territory: machines run, and the work is shown, where it is granted; so too the channel.
11. Shot: the shot and its sequence are among those licensed.
12. Tools: the engine is listed; the model is listed and not denied, by name, version or hash.
13. Picture: the picture is no larger than granted.
14. Inputs: scripts are the versions named, likenesses the anchors named, and each input's role is known.
15. Content: the content is agreed, and the rating stays under its ceiling.
16. Quota: as many frames, lines, seconds or runs remain as are asked for, words in them, and time on screen.
17. Receipts: none is overdue for earlier frames.
18. Holds: nothing else stands against it (consent, notice, dispute, strike, payment).
19. Policy: the token was minted under the policy in force.
20. Answer: obligations, frames reserved, and how long the answer holds.

Source: DESIGN section 5; TAXONOMY section 14.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from itertools import chain
from typing import Final, TypeVar

from trustcore.errors import InvalidTerms
from trustcore.older import StrEnum
from trustcore.policy.check import CheckRequest, Decision, LicenceState
from trustcore.policy.clauses import ChangeOfControl, Checkpoint, MarkLayer, VisibleLabel
from trustcore.policy.matter import against_content, against_inputs, against_rating
from trustcore.policy.reasons import DenyReason
from trustcore.policy.rules import (
    CLOCK_SKEW_SECONDS,
    DECISION_SECONDS,
    HOLD_REASONS,
    POLICY_HASH,
    POLICY_VERSION,
    REASON_OF_QUOTA,
    REASON_OF_STATE,
    RECEIPT_SECONDS,
    SCREEN_FRAMES_PER_SECOND,
)
from trustcore.policy.settle import parse_time
from trustcore.policy.shape import Terms, said
from trustcore.policy.territory import covers
from trustcore.policy.tools import Tool, is_allowed, is_denied
from trustcore.policy.vocabulary import (
    MARKETING_USE_TYPES,
    TRAINING_USE_TYPES,
    Construct,
    DecisionOutcome,
    Obligation,
    Purpose,
    Quota,
    TokenState,
    UseType,
    quota_of,
)

__all__ = ["POLICY_HASH", "POLICY_VERSION", "CheckRequest", "Decision", "LicenceState", "decide"]

E = TypeVar("E", bound=StrEnum)

_LIVE: Final = frozenset({TokenState.ACTIVE, TokenState.EXPIRING})
_PICTURE: Final = re.compile(r"([1-9]\d{0,4})x([1-9]\d{0,4})", re.ASCII)


def decide(terms: Terms, request: CheckRequest, state: LicenceState, *, now: datetime) -> Decision:
    """Decide whether ``request`` is within ``terms`` as things stand; see the module for the steps.

    Args:
        terms: the terms in force, from :func:`trustcore.policy.terms.parse_terms`.
        request: what is asked.
        state: what the server knows.
        now: the server's time, with a time zone.

    Returns:
        A permit, or a refusal that names every reason.

    Raises:
        ValueError: ``now`` has no time zone. Nothing in the other arguments raises.
    """
    if now.tzinfo is None:
        raise ValueError("now needs a time zone")
    reasons = tuple(
        dict.fromkeys(
            chain(
                _stop(state),  # 1
                _sender(state),  # 2
                _state(terms, request, state),  # 3
                _clock(request, now),  # 4
                _project(terms, request),  # 5
                _window(terms, state, now),  # 6
                _presenter(terms, state),  # 7
                _use(terms, request, state),  # 8
                _construct(terms, request),  # 9
                _territory(terms, request, now),  # 10
                _shot(terms, request),  # 11
                _tools(terms, request),  # 12
                _picture(terms, request),  # 13
                against_inputs(terms, request),  # 14
                against_content(terms, request),  # 15
                against_rating(terms, request),
                _quota(terms, request, state),  # 16
                _receipts(state),  # 17
                _holds(state),  # 18
                _policy(state),  # 19
            ),
        ),
    )
    return _refusal(reasons, now) if reasons else _permit(terms, request, state, now)  # 20


# 1. Stop
def _stop(state: LicenceState) -> Iterator[DenyReason]:
    if state.emergency_stop:
        yield DenyReason.EMERGENCY_STOP


# 2. Sender
def _sender(state: LicenceState) -> Iterator[DenyReason]:
    if state.jkt_ok is not True:
        yield DenyReason.SENDER_MISMATCH


# 3. State
def _state(terms: Terms, request: CheckRequest, state: LicenceState) -> Iterator[DenyReason]:
    token_state = _member(TokenState, state.token_state)
    if token_state is None:
        yield DenyReason.TOKEN_UNKNOWN
    elif token_state is TokenState.EXHAUSTED:
        yield REASON_OF_QUOTA[_counter(request) or Quota.FRAMES]
    elif token_state not in _LIVE:
        yield REASON_OF_STATE[token_state]
    if state.token_terms_version not in (None, terms.terms_version):
        yield DenyReason.SUPERSEDED


# 4. Clock
def _clock(request: CheckRequest, now: datetime) -> Iterator[DenyReason]:
    asked = request.requested_at
    # a time without a zone could be anywhere within a day: that is no clock at all
    if asked.tzinfo is None or abs((asked - now).total_seconds()) > CLOCK_SKEW_SECONDS:
        yield DenyReason.CLOCK_SKEW


# 5. Project
def _project(terms: Terms, request: CheckRequest) -> Iterator[DenyReason]:
    if request.project != terms.project.id:
        yield DenyReason.PROJECT_MISMATCH


# 6. Window
def _window(terms: Terms, state: LicenceState, now: datetime) -> Iterator[DenyReason]:
    opens, closes = _moment(terms.window.not_before), _moment(terms.window.not_after)
    if opens is None or closes is None or now < opens:
        yield DenyReason.NOT_YET_VALID
    if closes is not None and now >= closes:
        yield DenyReason.EXPIRED
    ends = state.token_expires_at
    if ends is not None and (ends.tzinfo is None or now >= ends):
        yield DenyReason.EXPIRED


# 7. Presenter
def _presenter(terms: Terms, state: LicenceState) -> Iterator[DenyReason]:
    if state.control_changed and terms.change_of_control is not ChangeOfControl.SURVIVE:
        yield DenyReason.CHANGE_OF_CONTROL
    if state.presenter_org != terms.licensee and state.presenter_org not in terms.vendors:
        yield DenyReason.VENDOR_NOT_LISTED


# 8. Use
def _use(terms: Terms, request: CheckRequest, state: LicenceState) -> Iterator[DenyReason]:
    use_type = _member(UseType, request.use_type)
    if use_type in TRAINING_USE_TYPES:
        # the terms and the token must both be for training: neither alone is enough
        if not (state.trains and terms.training.allowed and use_type in terms.use_types):
            yield DenyReason.TRAINING_NOT_GRANTED
    elif use_type is None or state.trains or use_type not in terms.use_types:
        yield DenyReason.USE_TYPE_NOT_GRANTED
    if request.purpose is not None:
        yield from _purpose(request.purpose, use_type)


def _purpose(text: str, use_type: UseType | None) -> Iterator[DenyReason]:
    purpose = _member(Purpose, text)
    sells = purpose is Purpose.MARKETING
    if purpose is Purpose.TRAINING and use_type not in TRAINING_USE_TYPES:
        yield DenyReason.TRAINING_NOT_GRANTED
    elif (
        purpose is None
        or (sells and use_type not in MARKETING_USE_TYPES)
        or (purpose is Purpose.FINAL and use_type is UseType.PREVIS_SCRATCH)  # must not ship
    ):
        yield DenyReason.USE_TYPE_NOT_GRANTED


# 9. Construct
def _construct(terms: Terms, request: CheckRequest) -> Iterator[DenyReason]:
    construct = _member(Construct, request.construct)
    if construct is None or construct not in terms.constructs:
        yield DenyReason.CONSTRUCT_NOT_GRANTED


# 10. Territory
def _territory(terms: Terms, request: CheckRequest, now: datetime) -> Iterator[DenyReason]:
    use = terms.exploitation
    shown = request.distribution_territory
    if not covers(terms.render_territory, request.render_territory):
        yield DenyReason.TERRITORY_DENIED
    if shown is not None and not covers(use.distribution_territory, shown):
        yield DenyReason.TERRITORY_DENIED
    until = _moment(use.until)
    ended = use.until is not None and (until is None or now >= until)
    if request.channel is not None and (ended or request.channel not in use.channels):
        yield DenyReason.CHANNEL_NOT_GRANTED


# 11. Shot
def _shot(terms: Terms, request: CheckRequest) -> Iterator[DenyReason]:
    scope = terms.scope
    # each list restricts on its own, so that naming more shots can never open another sequence
    if (scope.shots and request.shot not in scope.shots) or (
        scope.sequences and request.sequence not in scope.sequences
    ):
        yield DenyReason.SHOT_OUT_OF_SCOPE
    elif (
        said(scope.max_screen_seconds) is not None and _counter(request) is Quota.FRAMES and not request.shot
    ):
        yield DenyReason.SHOT_OUT_OF_SCOPE  # frames of no shot could not be told from those of another


# 12. Tools
def _tools(terms: Terms, request: CheckRequest) -> Iterator[DenyReason]:
    tools = terms.tools
    engine = Tool(request.engine, request.engine_version)
    model = Tool(request.model, request.model_version, request.model_hash)
    if tools.engines and not is_allowed(engine, tools.engines):
        yield DenyReason.ENGINE_NOT_ALLOWED
    allowed = not tools.models_allowed or is_allowed(model, tools.models_allowed)
    if not allowed or is_denied(model, tools.models_denied):
        yield DenyReason.MODEL_NOT_ALLOWED


# 13. Picture
def _picture(terms: Terms, request: CheckRequest) -> Iterator[DenyReason]:
    if terms.scope.resolution_max is None:
        return
    limit, asked = _size(terms.scope.resolution_max), _size(request.resolution)
    if limit is None or asked is None or asked[0] > limit[0] or asked[1] > limit[1]:
        yield DenyReason.RESOLUTION_EXCEEDED


# 16. Quota
def _quota(terms: Terms, request: CheckRequest, state: LicenceState) -> Iterator[DenyReason]:
    own = _counter(request)
    left = {
        Quota.FRAMES: terms.scope.frames_max - max(0, state.frames_granted),
        Quota.LINES: terms.scope.lines_max - max(0, state.lines_granted),
        Quota.SECONDS: terms.scope.seconds_max - max(0, state.seconds_granted),
        Quota.RUNS: terms.scope.runs_max - max(0, state.runs_granted),
    }
    for quota, asked in _asked(request).items():
        # a use that names none of its own unit could not be counted
        if asked < (1 if quota is own else 0) or asked > max(0, left[quota]):
            yield REASON_OF_QUOTA[quota]
    words, seconds = said(terms.scope.words_max), said(terms.scope.max_screen_seconds)
    # lines whose words are not named could not be counted
    left_words = None if words is None else words - max(0, state.words_granted)
    if left_words is not None and own is Quota.LINES and not 1 <= request.words <= left_words:
        yield DenyReason.LINES_EXHAUSTED
    if seconds is not None and own is Quota.FRAMES:
        new = _asked(request)[Quota.FRAMES] - max(0, state.screen_counted)
        if max(0, state.screen_granted) + new > seconds * SCREEN_FRAMES_PER_SECOND:
            yield DenyReason.SECONDS_EXHAUSTED


# 17. Receipts
def _receipts(state: LicenceState) -> Iterator[DenyReason]:
    if state.receipts_overdue:
        yield DenyReason.RECEIPTS_OVERDUE


# 18. Holds
def _holds(state: LicenceState) -> Iterator[DenyReason]:
    for hold in state.holds:
        yield _member(DenyReason, hold) or DenyReason.SUSPENDED


# 19. Policy
def _policy(state: LicenceState) -> Iterator[DenyReason]:
    if state.token_policy_hash not in (None, POLICY_HASH):
        yield DenyReason.POLICY_SNAPSHOT_STALE


# 20. Answer
def _refusal(reasons: tuple[DenyReason, ...], now: datetime) -> Decision:
    waits = HOLD_REASONS.issuperset(reasons)
    outcome = DecisionOutcome.HOLD if waits else DecisionOutcome.DENY
    return Decision(outcome=outcome, reasons=reasons, valid_until=now)


def _permit(terms: Terms, request: CheckRequest, state: LicenceState, now: datetime) -> Decision:
    ends = (
        now + timedelta(seconds=DECISION_SECONDS),
        _moment(terms.window.not_after),
        state.token_expires_at,
    )
    asked = _asked(request)
    obligations = tuple(_obligations(terms))
    return Decision(
        outcome=DecisionOutcome.ALLOW_WITH_OBLIGATIONS if obligations else DecisionOutcome.ALLOW,
        reasons=(),
        valid_until=min(end for end in ends if end is not None),
        frames_reserved=asked[Quota.FRAMES],
        lines_reserved=asked[Quota.LINES],
        seconds_reserved=asked[Quota.SECONDS],
        runs_reserved=asked[Quota.RUNS],
        obligations=obligations,
    )


def _obligations(terms: Terms) -> Iterator[str]:
    if MarkLayer.PIXEL in terms.marking.watermark:
        yield Obligation.WATERMARK_PIXEL
    if MarkLayer.AUDIO in terms.marking.watermark:
        yield Obligation.WATERMARK_AUDIO
    if terms.marking.c2pa:
        yield Obligation.SIGN_C2PA
    if terms.marking.visible_label is not VisibleLabel.NONE:
        yield Obligation.VISIBLE_LABEL
    if Checkpoint.FINAL in terms.approvals.checkpoints:
        yield Obligation.FINAL_REVIEW
    yield f"{Obligation.RECEIPT_WITHIN_SECONDS}({RECEIPT_SECONDS})"


def _asked(request: CheckRequest) -> dict[Quota, int]:
    """Return what is asked of each counter; a block that runs backwards asks for less than nothing."""
    first, last = request.frame_first, request.frame_last
    frames = 0
    if first is not None or last is not None:
        frames = -1 if first is None or last is None or last < first else last - first + 1
    return {
        Quota.FRAMES: frames,
        Quota.LINES: request.lines,
        Quota.SECONDS: request.seconds,
        Quota.RUNS: request.runs,
    }


def _counter(request: CheckRequest) -> Quota | None:
    use_type = _member(UseType, request.use_type)
    return None if use_type is None else quota_of(use_type)


def _member(enumeration: type[E], value: str) -> E | None:
    """Return the member of that value, ``None`` for anything unknown."""
    try:
        return enumeration(value)
    except ValueError:
        return None


@lru_cache(maxsize=4096)
def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else parse_time(text)
    except InvalidTerms:
        return None


def _size(text: str | None) -> tuple[int, int] | None:
    found = _PICTURE.fullmatch(text or "")
    return (int(found[1]), int(found[2])) if found else None
