"""The decision over every combination of what the layers can say."""

from __future__ import annotations

import itertools
import json
import math

import pytest

from trustcore.verification.decide import Evidence, Risk, decide
from trustcore.verification.policy import (
    AGAINST,
    DEFAULT,
    Policy,
    PolicyInvalid,
    parse_policy,
    policy_document,
    policy_named,
)
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

P, W, R = ProvenanceStatus, WatermarkStatus, RiskStatus
ORDER = [Action.PUBLISH, Action.LABEL, Action.HOLD, Action.ESCALATE]


def changed(**parts: dict[str, object]) -> Policy:
    document = policy_document(policy_named("default@1"))
    for name, values in parts.items():
        document[name] = document[name] | values
    return parse_policy(json.dumps(document).encode())


@pytest.fixture(scope="module")
def policy() -> Policy:
    """The default, with detectors that were calibrated: a risk counts."""
    return changed(risk={"calibration_set": "holdout-1"})


def expected(
    provenance: P, watermark: W, confidence: float | None, risk: R | None
) -> tuple[Action, list[str]]:
    """The design's own rules, written down a second time and straight."""
    if provenance is P.VALID:
        if risk is R.HIGH:
            return Action.ESCALATE, ["deepfake_high_risk_even_with_provenance"]
        return Action.PUBLISH, ["provenance_valid"]
    codes = [f"provenance_{provenance}"]
    if watermark is W.PRESENT and (confidence or 0) > 0.8:
        return (Action.ESCALATE if risk is R.HIGH else Action.LABEL), [*codes, "watermark_present_confident"]
    codes.append(f"watermark_{watermark}")
    if risk is R.HIGH:
        return Action.HOLD, [*codes, "deepfake_high_risk"]
    if risk is R.LOW:
        codes.append("deepfake_low_risk_but_no_provenance")
    return Action.LABEL, codes


@pytest.mark.req("LV-005")
@pytest.mark.req("LV-120")
@pytest.mark.req("LV-121")
@pytest.mark.req("LV-122")
@pytest.mark.req("LV-123")
@pytest.mark.req("LV-124")
@pytest.mark.req("LV-125")
@pytest.mark.req("LV-126")
@pytest.mark.req("LV-127")
@pytest.mark.req("LV-128")
@pytest.mark.req("LV-076")
@pytest.mark.req("LV-083")
def test_every_combination_leads_where_the_rules_say_and_always_to_the_same(policy: Policy) -> None:
    confidences = (None, 0.0, 0.8, math.nextafter(0.8, 1), 1.0, math.nan)
    for provenance, watermark, confidence, status in itertools.product(P, W, confidences, [None, *R]):
        evidence = Evidence(provenance, watermark, confidence, Risk(status) if status else None)
        decision = decide(evidence, policy)
        action, codes = expected(
            provenance, watermark, None if confidence != confidence else confidence, status
        )
        assert (decision.action, [*map(str, decision.rationale_codes)][: len(codes)]) == (action, codes)
        assert decision == decide(evidence, policy)
        if status is R.MEDIUM and "deepfake_medium_risk" in decision.rationale_codes:
            assert action is Action.LABEL


@pytest.mark.req("LV-145")
@pytest.mark.req("LV-146")
@pytest.mark.req("LV-147")
@pytest.mark.req("LV-004")
def test_every_error_state_is_named_and_lifts_the_action_to_what_the_policy_says(policy: Policy) -> None:
    for error, impact, provenance, status in itertools.product(ErrorState, Impact, P, [None, *R]):
        plain = Evidence(provenance, W.ABSENT, risk=Risk(status) if status else None, impact=impact)
        broken = Evidence(provenance, W.ABSENT, risk=plain.risk, impact=impact, errors=frozenset({error}))
        before, after = decide(plain, policy), decide(broken, policy)
        assert RationaleCode(error.value) in after.rationale_codes
        floor = policy.errors[error].of(impact)
        assert ORDER.index(after.action) == max(ORDER.index(before.action), ORDER.index(floor))
    corrupted = policy.errors[ErrorState.STREAM_CORRUPTED]
    assert (corrupted.low, corrupted.high) == (Action.HOLD, Action.ESCALATE)


@pytest.mark.req("LV-145")
@pytest.mark.req("LV-224")
def test_credentials_that_do_not_hold_ask_for_a_person_where_the_impact_is_high() -> None:
    now, before = policy_named(DEFAULT), policy_named("default@1")
    for reason, impact, provenance in itertools.product(ProvenanceReason, Impact, P):
        evidence = Evidence(provenance, W.ABSENT, impact=impact, provenance_reason=reason)
        decision = decide(evidence, now)
        lifted = provenance is P.INVALID and reason in AGAINST
        assert (reason.value in decision.rationale_codes) == lifted
        if lifted and impact is Impact.HIGH:
            assert decision.action is Action.ESCALATE
        else:
            assert decision.action is decide(evidence, before).action
    # what a record of before was decided by keeps its hash, and so its replay
    assert before.sha256 == "9a6307be6f1682725a07637cb3a2b1c8dfff8ef4eedf64c190139d6f2133c042"
    assert "provenance_reasons" not in policy_document(before)
    some = policy_document(now)["provenance_reasons"]
    for wrong in (
        {},
        {"signature_invalid": some["signature_invalid"]},
        some | {"binding_mismatch": some["signer_revoked"]},
    ):
        with pytest.raises(PolicyInvalid, match="provenance_reasons"):
            parse_policy(json.dumps(policy_document(now) | {"provenance_reasons": wrong}).encode())


@pytest.mark.req("LV-129")
def test_doubt_asks_a_person_and_never_blocks(policy: Policy) -> None:
    for watermark, risk in itertools.product(
        [W.ABSENT, W.UNCERTAIN, W.PRESENT],
        [Risk(R.HIGH, 0.5), Risk(R.HIGH, 1.0, disagree=True), Risk(R.HIGH, math.nan)],
    ):
        decision = decide(Evidence(P.MISSING, watermark, 0.1, risk), policy)
        assert decision.action is Action.ESCALATE
    assert decide(Evidence(P.MISSING, W.ABSENT, risk=Risk(R.HIGH, 1.0)), policy).action is Action.HOLD
    low_but_split = Evidence(P.MISSING, W.ABSENT, risk=Risk(R.LOW, disagree=True))
    assert decide(low_but_split, policy).action is Action.ESCALATE
    lenient = changed(risk={"calibration_set": "holdout-1", "disagreement_escalates": False})
    assert decide(low_but_split, lenient).action is Action.LABEL
    assert RationaleCode.DETECTORS_DISAGREE in decide(low_but_split, lenient).rationale_codes


@pytest.mark.req("LV-189")
def test_a_conflict_of_layers_escalates_and_names_both(policy: Policy) -> None:
    decision = decide(Evidence(P.VALID, W.PRESENT, 0.99, Risk(R.HIGH)), policy)
    assert decision.action is Action.ESCALATE
    assert {RationaleCode.CONFLICT, RationaleCode.HIGH_RISK_WITH_PROVENANCE} <= set(decision.rationale_codes)
    calm = decide(Evidence(P.VALID, W.PRESENT, 0.99, Risk(R.LOW)), policy)
    assert RationaleCode.CONFLICT not in calm.rationale_codes


@pytest.mark.req("LV-232")
@pytest.mark.req("LV-115")
def test_a_score_in_shadow_or_without_a_calibration_set_changes_no_action(policy: Policy) -> None:
    for provenance, watermark, status in itertools.product(P, W, R):
        silent = decide(Evidence(provenance, watermark, 0.9), policy)
        shadow = decide(Evidence(provenance, watermark, 0.9, Risk(status, acting=False)), policy)
        uncalibrated = decide(Evidence(provenance, watermark, 0.9, Risk(status)), policy_named("default@1"))
        assert shadow.action is uncalibrated.action is silent.action
        assert RationaleCode.SHADOW in shadow.rationale_codes
        assert RationaleCode.SHADOW in uncalibrated.rationale_codes
    acting = decide(Evidence(P.MISSING, W.ABSENT, risk=Risk(R.HIGH)), policy)
    assert acting.action is Action.HOLD


@pytest.mark.req("LV-008")
def test_a_result_of_a_single_layer_is_reported_as_such(policy: Policy) -> None:
    assert (
        RationaleCode.SINGLE_LAYER in decide(Evidence(P.VALID, W.UNCERTAIN, layers=1), policy).rationale_codes
    )
    assert (
        RationaleCode.SINGLE_LAYER
        not in decide(Evidence(P.VALID, W.ABSENT, layers=2), policy).rationale_codes
    )


@pytest.mark.req("LV-040")
@pytest.mark.req("LV-041")
def test_what_is_proved_follows_the_strongest_layer(policy: Policy) -> None:
    def conclusion(*given: object) -> Conclusion:
        return decide(Evidence(*given), policy).conclusion  # type: ignore[arg-type]

    assert conclusion(P.VALID, W.PRESENT, 0.9) is Conclusion.WITH_PROVENANCE
    assert conclusion(P.MISSING, W.PRESENT, 0.9) is Conclusion.WITH_WATERMARK
    assert conclusion(P.MISSING, W.PRESENT, 0.8) is Conclusion.NONE
    assert conclusion(P.MISSING, W.ABSENT, None, Risk(R.LOW)) is Conclusion.RISK_ONLY


def test_a_headline_never_claims_more_than_its_evidence(policy: Policy) -> None:
    def said(**given: object) -> Headline:
        base = {"provenance": P.MISSING, "watermark": W.ABSENT}
        return decide(Evidence(**(base | given)), policy).headline  # type: ignore[arg-type]

    assert said() is Headline.NOTHING_FOUND
    assert said(watermark=W.UNCERTAIN) is Headline.CANNOT_TELL
    assert said(errors=frozenset({ErrorState.WATERMARK_EXTRACTION_FAILED})) is Headline.CANNOT_TELL
    assert said(provenance=P.VALID) is Headline.PARTLY_PROVED
    assert said(provenance=P.VALID, licensed=True) is Headline.MADE_UNDER_LICENCE
    assert said(watermark=W.PRESENT, watermark_confidence=0.9, licensed=True) is Headline.MADE_UNDER_LICENCE
    assert (
        said(watermark=W.PRESENT, watermark_confidence=0.9, licensed=True, partial=True)
        is Headline.PARTLY_PROVED
    )
    broken = {"provenance": P.INVALID, "provenance_reason": ProvenanceReason.BINDING_MISMATCH}
    assert said(**broken, watermark=W.PRESENT, watermark_confidence=0.9) is Headline.CHANGED
    stranger = {"provenance": P.INVALID, "provenance_reason": ProvenanceReason.SIGNER_UNTRUSTED}
    assert said(**stranger) is Headline.CANNOT_TELL
    assert not any(word in one.value for one in Headline for word in ("fake", "real"))


@pytest.mark.req("LV-182")
def test_a_tolerated_binding_is_named(policy: Policy) -> None:
    decision = decide(Evidence(P.VALID, W.ABSENT, binding=Binding.TOLERATED), policy)
    assert decision.action is Action.PUBLISH
    assert RationaleCode.BINDING_TOLERATED in decision.rationale_codes


@pytest.mark.req("LV-081")
@pytest.mark.req("LV-082")
def test_thresholds_and_actions_are_declared_data_and_a_hole_in_them_is_refused() -> None:
    document = policy_document(policy_named("default@1"))
    assert set(document["errors"]) == {*ErrorState}
    assert {"high_above", "medium_above"} <= set(document["risk"])
    assert {"confident_above"} == set(document["watermark"])
    assert "binding_tolerance" in document["provenance"]
    stricter = changed(watermark={"confident_above": 0.95})
    evidence = Evidence(P.MISSING, W.PRESENT, 0.9)
    assert RationaleCode.WATERMARK_PRESENT in decide(evidence, stricter).rationale_codes
    assert stricter.sha256 != policy_named("default@1").sha256
    for damage in (
        {"errors": {key: value for key, value in document["errors"].items() if key != "binding_mismatch"}},
        {"risk": document["risk"] | {"medium_above": 0.9}},
        {"risk": document["risk"] | {"median_weight": 0.9}},
        {"watermark": {"confident_above": 1.5}},
        {"schema": "trustmark.verification-policy/2"},
        {"extra": 1},
    ):
        with pytest.raises(PolicyInvalid, match="POLICY_INVALID"):
            parse_policy(json.dumps(document | damage).encode())
    with pytest.raises(PolicyInvalid, match="POLICY_UNKNOWN"):
        policy_named("../default@1")


@pytest.mark.req("LV-164")
@pytest.mark.req("LV-165")
@pytest.mark.req("LV-166")
@pytest.mark.req("LV-167")
@pytest.mark.req("LV-168")
@pytest.mark.req("LV-169")
@pytest.mark.req("LV-170")
def test_a_policy_without_its_deployment_profile_is_refused() -> None:
    document = policy_document(policy_named("default@1"))
    for record in document["profile"]:
        holed = {name: text for name, text in document["profile"].items() if name != record}
        with pytest.raises(PolicyInvalid, match=record):
            parse_policy(json.dumps(document | {"profile": holed}).encode())
    assert len(document["profile"]) == 7
