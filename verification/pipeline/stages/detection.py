"""Layer C: what detectors of generated faces say. Where none is installed, or none fits, that is the answer; no score."""

from typing import Any

import msgspec

from trustcore.verification.report import Deepfake
from trustcore.verification.words import DetectionState
from verification.detectors.contract import out_of_contract
from verification.pipeline.contracts import Detected


def run(given: dict[str, Any]) -> dict[str, Any]:
    """Say why there is no score."""
    unfit = out_of_contract(
        kind=given["kind"], width=given.get("width"), height=given.get("height"), frames=given["frames"]
    )
    if unfit:
        deepfake = Deepfake(state=DetectionState.OUT_OF_CONTRACT, detail=unfit)
    else:
        deepfake = Deepfake(state=DetectionState.NOT_INSTALLED, detail="no detector is installed here")
    answer: dict[str, Any] = msgspec.to_builtins(Detected(deepfake=deepfake))
    return answer
