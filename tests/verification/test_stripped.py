"""Credentials that were stripped: our own mark first, where we hold its keys; otherwise detection, if it is calibrated."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

from provenance.credentials import sign_file
from tests.provenance.test_revocation import House
from tests.verification.conftest import FACTS
from tests.verification.test_detectors import calibrated
from trustcore.verification.policy import Policy, policy_named
from trustcore.verification.report import Deepfake, Report
from trustcore.verification.words import (
    Action,
    Conclusion,
    DetectionState,
    Impact,
    ProvenanceReason,
    ProvenanceStatus,
    RationaleCode,
    RiskStatus,
    WatermarkReason,
    WatermarkStatus,
)
from verification.pipeline.case import Case
from verification.pipeline.run import decided, verify
from watermarking.engine import embed_file

AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
KEY, MARK_ID = bytes.fromhex("5a" * 32), 0x00E1D2C3B4A59687
DEFAULT = policy_named("default@1")


@pytest.fixture(scope="module")
def marked(plain: Path, studio: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Marked, signed, and then sent through a service that keeps no credentials."""
    from tests.verification.test_pipeline import rewrapped

    folder = tmp_path_factory.mktemp("stripped")
    embed_file(plain, folder / "marked.mp4", mark_id=MARK_ID, key=KEY)
    sign_file(
        folder / "marked.mp4",
        folder / "signed.mp4",
        facts=FACTS,
        identity=studio.identity,
        media_type="video/mp4",
    )
    return rewrapped(folder / "signed.mp4", folder / "stripped.mkv")


def judged(path: Path, **more: object) -> Report:
    case = Case(path=path, name=path.name, asset_id="a", pointer="p", **more)  # type: ignore[arg-type]
    return verify(case, DEFAULT, at=AT)


def with_risk(report: Report, status: RiskStatus, policy: Policy, *, acting: bool = True) -> Report:
    """The same evidence, had the detectors said this."""
    risk = Deepfake(
        state=DetectionState.SCORED, status=status, risk_score=0.5, confidence=0.95, acting=acting
    )
    decision = decided(report.provenance, report.watermark, risk, report.audit.errors, policy, Impact.LOW)
    return msgspec.structs.replace(report, deepfake=risk, decision=decision)


@pytest.mark.req("LV-161")
def test_where_we_made_the_mark_it_is_read_first_and_decides(marked: Path) -> None:
    report = judged(marked, keys={"default": KEY.hex()})
    assert (report.provenance.status, report.provenance.reason) == (
        ProvenanceStatus.MISSING, ProvenanceReason.MISSING,
    )  # fmt: skip
    assert report.watermark.status is WatermarkStatus.PRESENT
    assert report.watermark.payload == f"{MARK_ID:016x}"
    assert report.decision.conclusion is Conclusion.WITH_WATERMARK
    for status in (RiskStatus.LOW, RiskStatus.MEDIUM):
        # calibrated or not: what detectors say of it does not come before the mark
        told = with_risk(report, status, calibrated()).decision
        assert (told.action, told.conclusion) == (Action.LABEL, Conclusion.WITH_WATERMARK)
        assert RationaleCode.WATERMARK_PRESENT_CONFIDENT in told.rationale_codes
        assert f"deepfake_{status}" not in told.rationale_codes
    # a high risk is not overruled by the mark: a person looks
    assert with_risk(report, RiskStatus.HIGH, calibrated()).decision.action is Action.ESCALATE


@pytest.mark.req("LV-161")
def test_where_we_hold_no_key_detection_decides_and_only_if_it_is_calibrated(marked: Path) -> None:
    report = judged(marked)
    assert report.watermark.reason is WatermarkReason.NO_KEY
    stages = {run.name: run.reason for run in report.audit.stages}
    assert stages["watermark"] == "no_key"
    assert report.deepfake.state is not DetectionState.SKIPPED, "it was asked"
    for status, action in (
        (RiskStatus.HIGH, Action.HOLD), (RiskStatus.MEDIUM, Action.LABEL), (RiskStatus.LOW, Action.LABEL),
    ):  # fmt: skip
        told = with_risk(report, status, calibrated()).decision
        assert (told.action, told.conclusion) == (action, Conclusion.RISK_ONLY)
    # without a calibration set, or in shadow, a score is written down and nothing follows from it
    for policy, acting in ((DEFAULT, True), (calibrated(), False)):
        told = with_risk(report, RiskStatus.HIGH, policy, acting=acting).decision
        assert (told.action, told.conclusion) == (Action.LABEL, Conclusion.NONE)
        assert RationaleCode.SHADOW in told.rationale_codes
    # and under a key that did not make it there is no mark to go by
    other = judged(marked, keys={"default": "6b" * 32})
    assert other.watermark.status is not WatermarkStatus.PRESENT
    assert with_risk(other, RiskStatus.HIGH, calibrated()).decision.action is Action.HOLD
