"""From evidence to an action: deterministic, total, in numbered steps.

1. valid credentials: ``publish``; with a high risk the two contradict each other: ``escalate``, and both are kept;
2. otherwise a confident mark: ``label``, with a high risk ``escalate``;
3. otherwise the risk decides: high ``hold``, medium and low ``label``; without one: ``label``;
4. where detectors disagree or are not sure, a ``hold`` becomes ``escalate``: a person looks, nothing is blocked by doubt;
   where the policy says so, disagreement alone asks for a person;
5. every error state lifts the action to what the policy says at least;
6. so do credentials whose signature or ingredient does not hold, or whose signer was revoked, where the policy says so.

A risk counts only where the detectors may act *and* the policy names what they were calibrated on; in shadow it is
written down and changes nothing. Numbers that are none count as nothing known.

    >>> decide(Evidence(ProvenanceStatus.MISSING, WatermarkStatus.ABSENT), policy_named("default@1")).action
    <Action.LABEL: 'label'>
"""

from __future__ import annotations

import math
from dataclasses import field

from trustcore.older import dataclass
from trustcore.verification.policy import Policy, policy_named
from trustcore.verification.words import (
    Action,
    Binding,
    Conclusion,
    ErrorState,
    Headline,
    Impact,
    ProvenanceReason,
    ProvenanceStatus,
    RationaleCode,
    RiskStatus,
    WatermarkStatus,
)

__all__ = ["Decision", "Evidence", "Risk", "decide", "policy_named"]

_ORDER = (Action.PUBLISH, Action.LABEL, Action.HOLD, Action.ESCALATE)
# what was changed, rather than unknown
_CHANGED = frozenset(
    {
        ProvenanceReason.BINDING_MISMATCH,
        ProvenanceReason.SIGNATURE_INVALID,
        ProvenanceReason.INGREDIENT_INVALID,
    }
)


@dataclass(frozen=True, slots=True)
class Risk:
    """What detectors say together.

    Attributes:
        status: the class of the score.
        confidence: how sure the ensemble is, 0 to 1.
        disagree: two detectors lie further apart than the policy bears.
        acting: they passed the promotion gate and are not in shadow.
    """

    status: RiskStatus
    confidence: float = 1.0
    disagree: bool = False
    acting: bool = True


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the layers say, reduced to what decides; ``risk`` is None where no score exists."""

    provenance: ProvenanceStatus
    watermark: WatermarkStatus
    watermark_confidence: float | None = None
    risk: Risk | None = None
    impact: Impact = Impact.LOW
    errors: frozenset[ErrorState] = frozenset()
    binding: Binding = Binding.UNKNOWN
    provenance_reason: ProvenanceReason | None = None
    # the layers that were examined and answered
    layers: int = 3
    # whether what was found leads to a licence of this deployment
    licensed: bool = False
    # some stretches carry the mark and others do not
    partial: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """The action, every code that applies, what is proved, and the headline."""

    action: Action
    rationale_codes: tuple[RationaleCode, ...]
    conclusion: Conclusion
    headline: Headline
    policy: str
    policy_sha256: str = field(repr=False)


def decide(evidence: Evidence, policy: Policy) -> Decision:
    """Decide; the steps are those of this module's description."""
    risk = _acting(evidence.risk, policy)
    is_valid = evidence.provenance is ProvenanceStatus.VALID
    confident = _is_confident(evidence, policy)
    if is_valid:
        action, codes = _with_provenance(evidence, risk)
    elif confident:
        action, codes = _with_mark(evidence, risk)
    else:
        action, codes = _by_risk(evidence, risk)
    if evidence.risk is not None and risk is None:
        codes.append(RationaleCode.SHADOW)
    elif risk is None:
        codes.append(RationaleCode.NOT_ASSESSED)
    if risk is not None:
        action = _doubted(action, risk, policy, codes)
    for error in sorted(evidence.errors, key=list(ErrorState).index):
        codes.append(RationaleCode(error.value))
        action = _at_least(action, policy.errors[error].of(evidence.impact))
    reason = evidence.provenance_reason if evidence.provenance is ProvenanceStatus.INVALID else None
    if reason is not None and (floor := policy.floor_of(reason)) is not None:
        codes.append(RationaleCode(reason.value))
        action = _at_least(action, floor.of(evidence.impact))
    if evidence.layers < 2:
        codes.append(RationaleCode.SINGLE_LAYER)
    conclusion = (
        Conclusion.WITH_PROVENANCE
        if is_valid
        else Conclusion.WITH_WATERMARK
        if confident
        else Conclusion.RISK_ONLY
        if risk is not None
        else Conclusion.NONE
    )
    kept = tuple(dict.fromkeys(codes))
    return Decision(action, kept, conclusion, headline(evidence, policy), policy.ref, policy.sha256)


def headline(evidence: Evidence, policy: Policy) -> Headline:
    """The sentence a page opens with; what was changed is said before what was found."""
    if evidence.provenance is ProvenanceStatus.INVALID and evidence.provenance_reason in _CHANGED:
        return Headline.CHANGED
    if evidence.provenance is ProvenanceStatus.VALID or _is_confident(evidence, policy):
        whole = evidence.licensed and not evidence.partial
        return Headline.MADE_UNDER_LICENCE if whole else Headline.PARTLY_PROVED
    if evidence.watermark is WatermarkStatus.PRESENT:
        return Headline.PARTLY_PROVED
    nothing = evidence.watermark is WatermarkStatus.ABSENT and not (
        evidence.errors - {ErrorState.MISSING_PROVENANCE, ErrorState.DETECTOR_OUT_OF_CONTRACT}
    )
    if nothing and evidence.provenance is ProvenanceStatus.MISSING:
        return Headline.NOTHING_FOUND
    return Headline.CANNOT_TELL


def _acting(risk: Risk | None, policy: Policy) -> Risk | None:
    return risk if risk is not None and risk.acting and policy.risk.calibration_set else None


def _is_confident(evidence: Evidence, policy: Policy) -> bool:
    return (
        evidence.watermark is WatermarkStatus.PRESENT
        and _number(evidence.watermark_confidence) > policy.watermark.confident_above
    )


def _with_provenance(evidence: Evidence, risk: Risk | None) -> tuple[Action, list[RationaleCode]]:
    tolerated = [RationaleCode.BINDING_TOLERATED] if evidence.binding is Binding.TOLERATED else []
    if risk is not None and risk.status is RiskStatus.HIGH:
        codes = [RationaleCode.HIGH_RISK_WITH_PROVENANCE, RationaleCode.CONFLICT]
        return Action.ESCALATE, [*codes, *tolerated]
    return Action.PUBLISH, [RationaleCode.PROVENANCE_VALID, *tolerated]


def _with_mark(evidence: Evidence, risk: Risk | None) -> tuple[Action, list[RationaleCode]]:
    codes = [_provenance_code(evidence), RationaleCode.WATERMARK_PRESENT_CONFIDENT]
    if risk is not None and risk.status is RiskStatus.HIGH:
        return Action.ESCALATE, [*codes, RationaleCode.HIGH_RISK, RationaleCode.CONFLICT]
    return Action.LABEL, codes


def _by_risk(evidence: Evidence, risk: Risk | None) -> tuple[Action, list[RationaleCode]]:
    codes = [_provenance_code(evidence), RationaleCode(f"watermark_{evidence.watermark.value}")]
    if risk is None:
        return Action.LABEL, codes
    if risk.status is RiskStatus.HIGH:
        return Action.HOLD, [*codes, RationaleCode.HIGH_RISK]
    if risk.status is RiskStatus.MEDIUM:
        return Action.LABEL, [*codes, RationaleCode.MEDIUM_RISK]
    return Action.LABEL, [*codes, RationaleCode.LOW_RISK_WITHOUT_PROVENANCE]


def _doubted(action: Action, risk: Risk, policy: Policy, codes: list[RationaleCode]) -> Action:
    unsure = _number(risk.confidence) < policy.risk.confidence_least
    if risk.disagree:
        codes.append(RationaleCode.DETECTORS_DISAGREE)
    if unsure:
        codes.append(RationaleCode.DETECTOR_CONFIDENCE_LOW)
    if (action is Action.HOLD and (risk.disagree or unsure)) or (
        risk.disagree and policy.risk.disagreement_escalates
    ):
        return Action.ESCALATE
    return action


def _provenance_code(evidence: Evidence) -> RationaleCode:
    return RationaleCode(f"provenance_{evidence.provenance.value}")


def _at_least(action: Action, floor: Action) -> Action:
    return max(action, floor, key=_ORDER.index)


def _number(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else 0.0
