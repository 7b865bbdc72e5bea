"""Scores, classes, confidence, and the shape of a report."""

from __future__ import annotations

import json
import math
from pathlib import Path

import jsonschema
import msgspec
import numpy as np
import pytest

from trustcore.errors import TrustError
from trustcore.verification.policy import policy_named
from trustcore.verification.report import json_schema, parse_report
from trustcore.verification.risk import AT_BOUND, aggregate, mark_confidence, risk_class, smoothed

RISK = policy_named("default@1").risk
PUBLISHED = Path(__file__).parents[3] / "docs" / "schemas" / "verification-report-1.json"


@pytest.mark.req("LV-113")
def test_the_aggregate_is_seven_tenths_median_and_three_tenths_p95() -> None:
    plain = msgspec.structs.replace(RISK, smoothing_windows=1)
    for seed in range(20):
        scores = np.random.default_rng(seed).random(seed + 1)
        wanted = 0.7 * np.median(scores) + 0.3 * np.quantile(scores, 0.95)
        assert aggregate(list(scores), plain) == pytest.approx(float(wanted), abs=1e-12)
    for nothing in ([], [math.nan], [1.5], [-0.1]):
        with pytest.raises(ValueError):
            aggregate(nothing, plain)


@pytest.mark.req("LV-111")
def test_one_outlier_among_frames_is_smoothed_into_its_sequence() -> None:
    spike = [0.0] * 4 + [1.0] + [0.0] * 4
    assert max(smoothed(spike, 3)) == pytest.approx(1 / 3)
    assert aggregate(spike, RISK) < aggregate(spike, msgspec.structs.replace(RISK, smoothing_windows=1))
    assert smoothed([0.5, 0.5, 0.5], 3) == [0.5, 0.5, 0.5]


@pytest.mark.req("LV-114")
@pytest.mark.req("LV-112")
def test_classes_change_strictly_above_their_bounds() -> None:
    told = [risk_class(score, RISK).value for score in (0.0, 0.45, 0.4501, 0.75, 0.7501, 1.0)]
    assert told == ["low_risk", "low_risk", "medium_risk", "medium_risk", "high_risk", "high_risk"]


@pytest.mark.req("LV-102")
def test_confidence_falls_with_the_p_value_and_stands_at_the_bound_on_the_bound() -> None:
    bound = 1e-6
    told = [mark_confidence(10.0**-power, claim_p=bound) for power in range(1, 30)]
    assert told == sorted(told)
    assert mark_confidence(bound, claim_p=bound) == AT_BOUND
    assert mark_confidence(2e-6, claim_p=bound) < AT_BOUND < mark_confidence(9e-7, claim_p=bound)
    assert mark_confidence(0.0, claim_p=bound) == 1.0
    for nothing in (1.0, 2.0, math.nan, -1.0):
        assert mark_confidence(nothing, claim_p=bound) == 0.0


@pytest.mark.req("LV-080")
@pytest.mark.req("LV-062")
def test_the_published_schema_is_the_one_that_reports_are_read_by() -> None:
    published = json.loads(PUBLISHED.read_text())
    assert published == json_schema()
    jsonschema.Draft202012Validator.check_schema(published)
    with pytest.raises(TrustError, match="REPORT_INVALID"):
        parse_report({"schema": "trustmark.verification-report/1"})


@pytest.mark.req("LV-056")
@pytest.mark.req("LV-057")
@pytest.mark.req("LV-058")
@pytest.mark.req("LV-059")
@pytest.mark.req("LV-060")
@pytest.mark.req("LV-061")
def test_the_schema_holds_every_field_of_the_design_with_its_closed_values() -> None:
    parts = json.loads(PUBLISHED.read_text())["$defs"]

    def values(name: str) -> set[str]:
        return set(parts[name]["enum"])

    assert "asset_id" in parts["Report"]["required"]
    assert {"status", "reason", "binding_score", "signer_trust"} <= set(parts["Provenance"]["properties"])
    assert values("ProvenanceStatus") == {"valid", "invalid", "missing"}
    assert values("SignerTrust") == {"trusted", "untrusted", "unknown"}
    assert {"status", "confidence", "scheme"} <= set(parts["Watermark"]["properties"])
    assert values("WatermarkStatus") == {"present", "absent", "uncertain"}
    assert {"status", "risk_score", "model_versions"} <= set(parts["Deepfake"]["properties"])
    assert values("RiskStatus") == {"low_risk", "medium_risk", "high_risk"}
    assert set(parts["ModelVersions"]["required"]) == {"spatial", "temporal", "ensemble"}
    assert values("Action") == {"publish", "label", "hold", "escalate"}
    assert {"action", "rationale_codes"} <= set(parts["Decided"]["required"])
    assert {"verified_at", "pipeline_versions", "input_canonical_hash"} <= set(parts["Audit"]["required"])
    assert not any(
        part.get("additionalProperties", False) for name, part in parts.items() if name == "Report"
    )
