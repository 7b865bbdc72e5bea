"""Layer C: what detectors of generated faces say. Where none is installed, or none fits, that is the answer; no score."""

from importlib import import_module
from pathlib import Path
from typing import Any

import msgspec

from trustcore.verification.policy import RiskPolicy
from trustcore.verification.report import Deepfake
from trustcore.verification.words import DetectionState
from verification.detectors import faces
from verification.detectors.cards import CARDS, installed
from verification.detectors.contract import WINDOWS, out_of_contract
from verification.detectors.ensemble import judged
from verification.detectors.runs import face_runs
from verification.pipeline.contracts import Detected

WINDOWS_UNDER_LOAD = 3


def load() -> None:
    """Load what finds faces and what runs the detectors, before there is anything to look at."""
    load_shared()
    import_module("onnxruntime")


def load_shared() -> None:
    """Load what finds faces alone: what runs the detectors starts a thread."""
    faces.load()


def run(given: dict[str, Any]) -> dict[str, Any]:
    """Score the faces of ``path``.

    ``risk`` is the policy's part on risk; ``promoted`` names the ensemble that may act, if any; ``reduced`` looks at
    fewer places.

    Raises:
        MediaError: it cannot be read. DetectorUnusable: what is installed is not what its card says.
    """
    deepfake = _said(given)
    answer: dict[str, Any] = msgspec.to_builtins(Detected(deepfake=deepfake))
    return answer


def _said(given: dict[str, Any]) -> Deepfake:
    unfit = out_of_contract(
        kind=given["kind"], width=given.get("width"), height=given.get("height"), frames=given["frames"],
        frame_rate=given.get("frame_rate"),
    )  # fmt: skip
    if unfit:
        return Deepfake(state=DetectionState.OUT_OF_CONTRACT, detail=unfit)
    ensemble = installed(Path(given.get("cards") or CARDS))
    if ensemble is None:
        return Deepfake(state=DetectionState.NOT_INSTALLED, detail="no detector is installed here")
    policy = msgspec.convert(given["risk"], RiskPolicy)
    seen = face_runs(Path(given["path"]), windows=WINDOWS_UNDER_LOAD if given.get("reduced") else WINDOWS)
    acting = given.get("promoted") == ensemble.version and policy.calibration_set == ensemble.calibration_set
    return judged(seen, ensemble, policy, acting=acting)
