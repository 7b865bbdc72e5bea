"""The detectors that are installed, by their cards: weights, their hash, temperature, and what they were calibrated on."""

import hashlib
import json
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from trustcore.errors import TrustError

CARDS = Path(str(files("verification.detectors"))) / "cards"
KINDS = ("spatial", "temporal")


class DetectorUnusable(TrustError):
    """``DETECTOR_UNUSABLE``: a card cannot be read, or its weights are not those that it names."""


@dataclass(frozen=True)
class Detector:
    """One detector; ``version`` is its name and version, as reports state them."""

    kind: str
    version: str
    weights: Path
    weights_sha256: str
    temperature: float
    calibration_set: str
    calibrated_on: date
    good_for_days: int

    @property
    def due_on(self) -> date:
        """The last day on which its calibration is good."""
        return self.calibrated_on + timedelta(days=self.good_for_days)

    def scores(self, **inputs: NDArray[np.float32]) -> NDArray[np.float64]:
        """Calibrated scores from 0 to 1, one for each of a batch."""
        logits = np.asarray(_session(self).run(["logit"], inputs)[0], np.float64)
        scores: NDArray[np.float64] = 1.0 / (1.0 + np.exp(-logits / self.temperature))
        return scores


@dataclass(frozen=True)
class Ensemble:
    """Both detectors; ``version`` names the pair, and is what a promotion is for."""

    spatial: Detector
    temporal: Detector

    @property
    def version(self) -> str:
        """By the hashes of both cards' weights."""
        both = self.spatial.weights_sha256 + self.temporal.weights_sha256
        return f"mean-1+{hashlib.sha256(both.encode()).hexdigest()[:12]}"

    @property
    def calibration_set(self) -> str:
        """What both were calibrated on."""
        return "+".join(sorted({self.spatial.calibration_set, self.temporal.calibration_set}))

    @property
    def due_on(self) -> date:
        """The last day on which both are calibrated: after it they are in shadow, whoever promoted them."""
        return min(self.spatial.due_on, self.temporal.due_on)


def installed(folder: Path = CARDS) -> Ensemble | None:
    """The installed pair; None where there is none.

    Raises:
        DetectorUnusable: there is one, and it cannot be relied on.
    """
    cards = {kind: sorted(folder.glob(f"{kind}-*.json")) for kind in KINDS}
    if not any(cards.values()):
        return None
    if not all(cards.values()):
        raise DetectorUnusable("DETECTOR_UNUSABLE", "one of the two detectors is missing")
    return Ensemble(*(_read(kind, cards[kind][-1]) for kind in KINDS))


def _read(kind: str, path: Path) -> Detector:
    try:
        card = json.loads(path.read_bytes())
        weights = path.with_name(card["weights"])
        found = hashlib.sha256(weights.read_bytes()).hexdigest()
        if card["kind"] != kind or found != card["weights_sha256"] or not card["calibration_set"]:
            raise DetectorUnusable("DETECTOR_UNUSABLE", f"{path.name} does not describe {weights.name}")
        return Detector(
            kind, f"{card['name']}@{card['version']}", weights, found, float(card["temperature"]),
            str(card["calibration_set"]), date.fromisoformat(card["calibrated_on"]), int(card["good_for_days"]),
        )  # fmt: skip
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DetectorUnusable("DETECTOR_UNUSABLE", f"{path.name}: {type(error).__name__}") from error


@cache
def _session(detector: Detector) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(detector.weights), options, providers=["CPUExecutionProvider"])
