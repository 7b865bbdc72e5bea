"""Layer C: what the detectors say of a face, what they do not say of anything else, and that they act on nobody's word."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import av
import msgspec
import numpy as np
import pytest
from PIL import Image
from skimage import data as pictures

from trustcore.verification.policy import Policy, policy_named
from trustcore.verification.report import Provenance, Watermark
from trustcore.verification.words import (
    Action,
    Binding,
    DetectionState,
    Impact,
    ProvenanceReason,
    ProvenanceStatus,
    RationaleCode,
    RiskStatus,
    Stage,
    WatermarkReason,
    WatermarkStatus,
)
from verification.detectors import measures
from verification.detectors.cards import CARDS, DetectorUnusable, installed
from verification.detectors.contract import CROP, FACE_LEAST, RUN_FRAMES
from verification.detectors.ensemble import judged
from verification.detectors.gate import SCHEMA, Evaluation, Video, gate, parse_evaluation
from verification.detectors.runs import FaceRun, Seen, face_runs
from verification.pipeline.case import Case
from verification.pipeline.run import decided, verify
from verification.pipeline.stages import detection

AT = datetime(2026, 11, 26, 12, 0, tzinfo=UTC)
DEFAULT = policy_named("default@1")


def film(target: Path, frames: list[Image.Image], rate: int = 25) -> Path:
    with av.open(str(target), "w") as writing:
        stream = writing.add_stream("libx264", rate=rate, options={"crf": "20"})
        stream.width, stream.height, stream.pix_fmt = *frames[0].size, "yuv420p"
        for picture in frames:
            writing.mux(stream.encode(av.VideoFrame.from_image(picture)))
        writing.mux(stream.encode())
    return target


@pytest.fixture(scope="session")
def face(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two seconds of a real face (NASA, public domain), seen by a camera that moves a little."""
    whole = Image.fromarray(pictures.astronaut())
    frames = [whole.crop((90 + n // 8, 0, 410 + n // 8, 320)) for n in range(50)]
    return film(tmp_path_factory.mktemp("face") / "face.mp4", frames)


@pytest.fixture(scope="session")
def far(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same face, smaller than any detector takes."""
    whole = Image.fromarray(pictures.astronaut()).resize((256, 256))
    return film(tmp_path_factory.mktemp("far") / "far.mp4", [whole] * 40)


def given(path: Path, policy: Policy = DEFAULT, **more: Any) -> dict[str, Any]:
    facts = {"kind": "film", "width": 320, "height": 320, "frames": 32, "frame_rate": 25.0}
    return facts | {"path": str(path), "risk": msgspec.to_builtins(policy.risk)} | more


def said(path: Path, policy: Policy = DEFAULT, **more: Any) -> dict[str, Any]:
    return dict(detection.run(given(path, policy, **more))["deepfake"])


def calibrated(**more: Any) -> Policy:
    """A policy whose thresholds rest on what the installed detectors were calibrated on."""
    ensemble = installed()
    assert ensemble is not None
    risk = msgspec.structs.replace(DEFAULT.risk, calibration_set=ensemble.calibration_set, **more)
    return msgspec.structs.replace(DEFAULT, risk=risk)


@pytest.mark.req("LV-030")
@pytest.mark.req("LV-031")
@pytest.mark.req("LV-032")
@pytest.mark.req("LV-043")
@pytest.mark.req("LV-054")
@pytest.mark.req("LV-110")
@pytest.mark.req("LV-232")
def test_a_face_without_credentials_is_scored_by_both_detectors_and_no_action_follows(face: Path) -> None:
    case = Case(path=face, name=face.name, asset_id="a", pointer="p")
    report = verify(case, DEFAULT, at=AT)
    risk, ensemble = report.deepfake, installed()
    assert ensemble is not None
    assert (risk.state, risk.acting) == (DetectionState.SCORED, False)
    assert set(risk.scores) == {"spatial", "temporal"}
    assert risk.model_versions is not None
    assert risk.model_versions.spatial.startswith("spatial-1@")
    assert risk.model_versions.ensemble == ensemble.version
    assert risk.calibration_set == ensemble.calibration_set
    assert risk.windows
    assert all(0 <= one.start < one.end <= 2.1 for one in risk.windows)
    assert risk.interval is not None
    assert risk.interval[0] <= (risk.risk_score or 0) <= risk.interval[1]
    assert RationaleCode.SHADOW in report.decision.rationale_codes
    # whatever the thresholds say, a score in shadow moves nothing
    strict = msgspec.structs.replace(calibrated(medium_above=0.0, high_above=0.0), name="strict")
    shadow = verify(case, strict, at=AT)
    assert (shadow.deepfake.status, shadow.decision.action) == ("high_risk", Action.LABEL)
    without = verify(
        Case(path=face, name=face.name, asset_id="a", pointer="p", layers=frozenset({Stage.PROVENANCE})),
        DEFAULT,
        at=AT,
    )
    assert (without.deepfake.state, without.deepfake.risk_score) == (DetectionState.DISABLED, None)
    assert without.decision.action is report.decision.action


@pytest.mark.req("LV-115")
@pytest.mark.req("LV-232")
def test_a_score_acts_only_if_this_very_ensemble_was_promoted_and_the_policy_was_calibrated_on_its_set(
    face: Path,
) -> None:
    ensemble = installed()
    assert ensemble is not None
    strict = calibrated(medium_above=0.0, high_above=0.0)
    assert said(face, strict, promoted=ensemble.version)["acting"] is True
    assert said(face, strict, promoted="mean-1+another00000")["acting"] is False
    assert said(face, strict)["acting"] is False
    other = msgspec.structs.replace(
        strict, risk=msgspec.structs.replace(strict.risk, calibration_set="another set")
    )
    assert said(face, other, promoted=ensemble.version)["acting"] is False
    report = verify(
        Case(path=face, name="f", asset_id="a", pointer="p", promoted=ensemble.version), strict, at=AT
    )
    assert report.decision.action in {Action.HOLD, Action.ESCALATE}


@pytest.mark.req("LV-144")
def test_without_a_face_or_with_one_too_small_there_is_no_score(face: Path, far: Path, plain: Path) -> None:
    assert said(face)["state"] == "scored"
    for path, why in ((plain, "in 0 of"), (far, f"at least {FACE_LEAST} pixels")):
        answer = said(path)
        assert answer["state"] == "detector_out_of_contract"
        assert why in answer["detail"]
        assert answer.get("risk_score") is None
    for fact, why in (({"kind": "still"}, "films"), ({"width": 32}, "64 pixels"), ({"frames": 3}, "8 frames"), ({"frame_rate": 5.0}, "a second")):  # fmt: skip
        answer = said(face, **fact)
        assert (answer["state"], why in answer["detail"]) == ("detector_out_of_contract", True)
    report = verify(Case(path=far, name="f", asset_id="a", pointer="p"), DEFAULT, at=AT)
    assert "detector_out_of_contract" in report.audit.errors


def test_weights_that_are_not_those_of_their_card_are_refused_and_none_are_said_to_be_missing(
    face: Path, tmp_path: Path
) -> None:
    assert said(face, cards=str(tmp_path))["state"] == "detector_not_installed"
    for one in CARDS.glob("*-1.*"):
        shutil.copy(one, tmp_path)
    assert said(face, cards=str(tmp_path))["state"] == "scored"
    weights = tmp_path / "temporal-1.onnx"
    weights.write_bytes(weights.read_bytes() + b"\0")
    with pytest.raises(DetectorUnusable) as refused:
        said(face, cards=str(tmp_path))
    assert refused.value.code == "DETECTOR_UNUSABLE"
    (tmp_path / "temporal-1.json").unlink()
    with pytest.raises(DetectorUnusable):
        installed(tmp_path)


def test_under_load_fewer_places_are_looked_at(face: Path) -> None:
    assert len(face_runs(face, windows=detection.WINDOWS_UNDER_LOAD).runs) < len(
        face_runs(face, windows=8).runs
    )


@pytest.mark.req("LV-163")
def test_detectors_that_lie_far_apart_disagree_and_a_scattered_score_is_unsure() -> None:
    ensemble = installed()
    assert ensemble is not None
    draw = np.random.default_rng(3)
    runs = tuple(
        FaceRun(n, n + 0.3, draw.integers(0, 255, (RUN_FRAMES, CROP, CROP, 3)).astype(np.uint8))
        for n in range(3)
    )
    near = judged(
        Seen(3, 0, runs), ensemble, msgspec.structs.replace(DEFAULT.risk, disagreement=1.0), acting=False
    )
    apart = judged(
        Seen(3, 0, runs), ensemble, msgspec.structs.replace(DEFAULT.risk, disagreement=0.0), acting=False
    )
    assert (near.disagree, apart.disagree) == (False, True)
    # a score above every threshold is held; where the detectors disagree a person looks instead
    missing = Provenance(
        status=ProvenanceStatus.MISSING, reason=ProvenanceReason.MISSING, binding=Binding.UNKNOWN
    )
    nothing = Watermark(status=WatermarkStatus.ABSENT, reason=WatermarkReason.READ)
    for risk, action in ((near, Action.HOLD), (apart, Action.ESCALATE)):
        loud = msgspec.structs.replace(risk, acting=True, status=RiskStatus.HIGH, confidence=0.9)
        assert decided(missing, nothing, loud, (), calibrated(), Impact.LOW).action is action
    assert near.interval is not None
    assert near.confidence == pytest.approx(1 - (near.interval[1] - near.interval[0]), abs=1e-5)


# the gate


def holdout(ensemble: str, *, gap: float = 0.9, sources: int = 30, **more: Any) -> Evaluation:
    draw = np.random.default_rng(5)
    videos = [
        Video(
            score=float(np.clip(draw.normal(0.05 + (gap if kind else 0.0), 0.03), 0, 1)),
            source=f"clip-{source}",
            generator=kind,
        )
        for source in range(sources)
        for kind in (None, None, None, None, "one", "two", "one", "two")
    ]
    facts = {
        "schema": SCHEMA, "ensemble": ensemble, "holdout": "named", "seen_sources": ("film",),
        "seen_generators": ("three",), "videos": tuple(videos),
    }  # fmt: skip
    return Evaluation(**(facts | more))


@pytest.mark.req("LV-044")
@pytest.mark.req("LV-232")
def test_the_gate_lets_a_good_hold_out_pass_and_names_everything_that_is_wrong_with_a_poor_one() -> None:
    ensemble, policy = installed(), calibrated().risk
    assert ensemble is not None
    good = holdout(ensemble.version)
    passed = gate(good, ensemble, policy)
    assert passed.refusals == ()
    assert passed.figures.auc_low is not None
    assert 0.9 < passed.figures.auc_low <= (passed.figures.auc or 0)
    assert (passed.figures.at_medium, passed.figures.at_high) == (0.0, 0.0)
    poor = gate(holdout(ensemble.version, gap=0.02), ensemble, policy).refusals
    assert {"AUC_TOO_LOW", "CALIBRATION_POOR"} <= set(poor)
    loud = [Video(score=0.9, source=one.source, generator=one.generator) for one in good.videos]
    assert {"FALSE_POSITIVES_AT_MEDIUM", "FALSE_POSITIVES_AT_HIGH", "AUC_TOO_LOW"} <= set(
        gate(msgspec.structs.replace(good, videos=tuple(loud)), ensemble, policy).refusals
    )
    for change, code in (
        ({"holdout": " "}, "HOLDOUT_UNNAMED"),
        ({"seen_sources": ("film", "clip-7")}, "HOLDOUT_NOT_DISJOINT"),
        ({"seen_generators": ("three", "one")}, "HOLDOUT_NOT_DISJOINT"),
        ({"seen_sources": ()}, "HOLDOUT_NOT_DISJOINT"),
        ({"ensemble": "mean-1+000000000000"}, "ENSEMBLE_NOT_INSTALLED"),
    ):
        assert gate(msgspec.structs.replace(good, **change), ensemble, policy).refusals == (code,)
    assert gate(holdout(ensemble.version, sources=13), ensemble, policy).refusals == ("HOLDOUT_TOO_SMALL",)
    assert gate(good, ensemble, DEFAULT.risk).refusals == ("POLICY_NOT_CALIBRATED",)


@pytest.mark.req("LV-044")
def test_the_shipped_detectors_do_not_pass_on_their_own_hold_out() -> None:
    ensemble = installed()
    assert ensemble is not None
    evaluation = parse_evaluation(json.loads((CARDS / "evaluation-1.json").read_bytes()))
    answer = gate(evaluation, ensemble, calibrated().risk)
    assert "ENSEMBLE_NOT_INSTALLED" not in answer.refusals
    assert "HOLDOUT_NOT_DISJOINT" not in answer.refusals
    assert {"HOLDOUT_TOO_SMALL", "AUC_TOO_LOW"} <= set(answer.refusals)


def test_measures_are_what_counting_by_hand_gives() -> None:
    draw = np.random.default_rng(1)
    scores, truth = draw.random(60).round(1), draw.integers(0, 2, 60)
    pairs = [(one, two) for one in scores[truth == 1] for two in scores[truth == 0]]
    by_hand = sum((one > two) + 0.5 * (one == two) for one, two in pairs) / len(pairs)
    assert measures.auc(scores, truth) == pytest.approx(by_hand)
    with pytest.raises(ValueError, match="both"):
        measures.auc(scores, np.ones(60))
    promised = np.full(100, 0.3)
    assert measures.calibration_error(promised, np.arange(100) < 30) == pytest.approx(0.0)
    assert measures.calibration_error(promised, np.arange(100) < 80) == pytest.approx(0.5)
    assert measures.false_positives(np.array([0.2, 0.8, 0.9]), np.array([0, 0, 1]), above=0.75) == 0.5
    # pieces of one clip are no independent evidence: by three sources the interval is wider than by sixty
    of_three = measures.auc_interval(scores, truth, [f"{n % 3}" for n in range(60)], draws=300)
    assert of_three[0] < measures.auc(scores, truth) < of_three[1]


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning", "ignore::DeprecationWarning")
def test_what_training_exports_says_what_the_net_in_torch_says(tmp_path: Path) -> None:
    import torch

    from verification.detectors.cards import Detector
    from verification.detectors.features import BINS
    from verification.detectors.nets import Spatial
    from verification.detectors.training.train import _write

    torch.manual_seed(2)
    net = Spatial().eval()
    example = (torch.randn(2, 3, CROP, CROP), torch.randn(2, BINS))
    _write(tmp_path, "spatial", net, example, 2.0, "of the tests", {})
    card = json.loads((tmp_path / "spatial-1.json").read_bytes())
    detector = Detector(
        "spatial", "x", tmp_path / "spatial-1.onnx", card["weights_sha256"], 2.0, "of the tests",
        date.fromisoformat(card["calibrated_on"]), card["good_for_days"],
    )  # fmt: skip
    asked = (torch.randn(5, 3, CROP, CROP), torch.randn(5, BINS))
    with torch.inference_mode():
        expected = torch.sigmoid(net(*asked) / 2.0).numpy()
    found = detector.scores(picture=asked[0].numpy(), spectrum=asked[1].numpy())
    assert np.allclose(found, expected, atol=1e-4)
