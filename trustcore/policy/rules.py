"""The policy in force: its version, its constants, and the hash that names both.

A decision stores ``POLICY_VERSION`` and ``POLICY_HASH``, so that years later it can be said by
which rules it was made. The hash covers the numbered steps, the vocabulary, the territory presets
and the constants below; whoever changes one of these raises the version.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any, Final

from trustcore.encoding import canonical_json, sha256_hex
from trustcore.older import StrEnum
from trustcore.policy import clauses, vocabulary
from trustcore.policy.reasons import DenyReason
from trustcore.policy.territory import PRESETS, PRESETS_VERSION
from trustcore.policy.vocabulary import (
    MARKETING_USE_TYPES,
    TRAINING_USE_TYPES,
    UNIT_OF_USE_TYPE,
    Quota,
    TokenState,
)

POLICY_VERSION: Final = "2026.4"

CLOCK_SKEW_SECONDS: Final = 300
"""How far a caller's clock may be from ours, either way."""
DECISION_SECONDS: Final = 900
"""How long a permit may be acted on before the next check."""
SCREEN_FRAMES_PER_SECOND: Final = 24
"""How many frames of the finished work are a second on screen; work at a higher rate is counted as longer."""
RECEIPT_SECONDS: Final = 900
"""How soon after a frame its receipt is due."""

STEPS: Final = (
    "Stop: an emergency stop of the talent.",
    "Sender: the caller holds the key the token is bound to.",
    "State: the licence is active, at the version of terms that is in force.",
    "Clock: the caller's clock is within five minutes of ours.",
    "Project: the production asked for is the one licensed.",
    "Window: now lies in the licence's window and before the token's end.",
    "Presenter: the caller is the licensee or a listed vendor, and control has not changed.",
    "Use: the use type and the purpose are known and granted; training only by a training licence.",
    "Construct: the part of the likeness is known and granted.",
    "Territory: machines run, and the work is shown, where it is granted; so too the channel.",
    "Shot: the shot and its sequence are among those licensed.",
    "Tools: the engine is listed; the model is listed and not denied, by name, version or hash.",
    "Picture: the picture is no larger than granted.",
    "Inputs: scripts are the versions named, likenesses the anchors named, and each input's role is known.",
    "Content: the content is agreed, and the rating stays under its ceiling.",
    "Quota: as many frames, lines, seconds or runs remain as are asked for, words in them, and time on screen.",
    "Receipts: none is overdue for earlier frames.",
    "Holds: nothing else stands against it (consent, notice, dispute, strike, payment).",
    "Policy: the token was minted under the policy in force.",
    "Answer: obligations, frames reserved, and how long the answer holds.",
)
"""The steps of :func:`trustcore.policy.decide.decide`, in order."""

REASON_OF_STATE: Final = MappingProxyType(
    {
        TokenState.PENDING_ACTIVATION: DenyReason.NOT_YET_VALID,
        TokenState.SUSPENDED: DenyReason.SUSPENDED,
        TokenState.EXHAUSTED: DenyReason.FRAMES_EXHAUSTED,
        TokenState.EXPIRED: DenyReason.EXPIRED,
        TokenState.REVOKED: DenyReason.REVOKED,
        TokenState.SUPERSEDED: DenyReason.SUPERSEDED,
        TokenState.TERMINATED_CHANGE_OF_CONTROL: DenyReason.CHANGE_OF_CONTROL,
    },
)
"""Why each state that permits nothing permits nothing; ``ACTIVE`` and ``EXPIRING`` are absent."""

REASON_OF_QUOTA: Final = MappingProxyType(
    {
        Quota.FRAMES: DenyReason.FRAMES_EXHAUSTED,
        Quota.LINES: DenyReason.LINES_EXHAUSTED,
        Quota.SECONDS: DenyReason.SECONDS_EXHAUSTED,
        Quota.RUNS: DenyReason.FRAMES_EXHAUSTED,
    },
)
"""The code for each counter that has run out; the vocabulary has one code for frames and runs."""

HOLD_REASONS: Final = frozenset(
    {
        DenyReason.NOTICE_PERIOD_RUNNING,
        DenyReason.CONTENT_APPROVAL_REQUIRED,
        DenyReason.FINAL_REVIEW_PENDING,
        DenyReason.PAYMENT_HOLD,
        DenyReason.DISPUTE_HOLD,
        DenyReason.LEGAL_HOLD,
        DenyReason.SECURITY_INCIDENT_HOLD,
    },
)
"""Reasons that pass without a new licence: alone they answer ``HOLD``, which permits nothing either."""


def policy_description() -> dict[str, Any]:
    """Return the rules as data: what :data:`POLICY_HASH` is the hash of."""
    enumerations = {
        name: [member.value for member in value]
        for name, value in (vars(vocabulary) | vars(clauses)).items()
        if isinstance(value, type) and issubclass(value, StrEnum) and value is not StrEnum
    }
    return {
        "schema": "trustmark.policy/1",
        "version": POLICY_VERSION,
        "steps": list(STEPS),
        "reasons": [reason.value for reason in DenyReason],
        "holds": sorted(HOLD_REASONS),
        "states": {state.value: reason.value for state, reason in REASON_OF_STATE.items()},
        "quotas": {quota.value: reason.value for quota, reason in REASON_OF_QUOTA.items()},
        "vocabulary": enumerations,
        "content": {
            "prohibited": list(clauses.PROHIBITED_CONTENT),
            "negotiable": list(clauses.NEGOTIABLE_CONTENT),
            "levelled": sorted(clauses.LEVELLED_CONTENT),
        },
        "ratings": {system.value: list(scale) for system, scale in clauses.RATINGS.items()},
        "marketing_use_types": sorted(MARKETING_USE_TYPES),
        "training_use_types": sorted(TRAINING_USE_TYPES),
        "units": {use_type.value: unit.value for use_type, unit in UNIT_OF_USE_TYPE.items()},
        "territories": {"version": PRESETS_VERSION, "presets": {k: list(v) for k, v in PRESETS.items()}},
        "seconds": {"skew": CLOCK_SKEW_SECONDS, "decision": DECISION_SECONDS, "receipt": RECEIPT_SECONDS},
        "screen_frames_per_second": SCREEN_FRAMES_PER_SECOND,
    }


POLICY_HASH: Final = f"sha256:{sha256_hex(canonical_json(policy_description()))}"
