"""From runs of a face to one score, its class, how sure it is, and which stretches decided."""

from collections.abc import Sequence

import numpy as np

from trustcore.verification.policy import RiskPolicy
from trustcore.verification.report import Deepfake, ModelVersions, RiskWindow
from trustcore.verification.risk import aggregate, risk_class
from trustcore.verification.words import DetectionState
from verification.detectors.cards import Ensemble
from verification.detectors.contract import FACE_LEAST, RUN_FRAMES
from verification.detectors.features import spatial_input, temporal_input
from verification.detectors.runs import FaceRun, Seen

RUNS_LEAST = 2
_DECISIVE = 3
_DRAWS = 400


def judged(seen: Seen, ensemble: Ensemble, policy: RiskPolicy, *, acting: bool) -> Deepfake:
    """Score what was seen; where too little was, that is the answer."""
    if len(seen.runs) < RUNS_LEAST:
        why = f"a face of at least {FACE_LEAST} pixels in {len(seen.runs)} of {seen.windows} places that were looked at"
        return Deepfake(state=DetectionState.OUT_OF_CONTRACT, detail=why)
    spatial, temporal = window_scores(seen.runs, ensemble)
    both = [(one + two) / 2 for one, two in zip(spatial, temporal, strict=True)]
    risk = aggregate(both, policy)
    apart = abs(aggregate(spatial, policy) - aggregate(temporal, policy))
    low, high = _interval(both, policy)
    decisive = sorted(range(len(both)), key=both.__getitem__, reverse=True)[:_DECISIVE]
    return Deepfake(
        state=DetectionState.SCORED,
        status=risk_class(risk, policy),
        risk_score=round(risk, 6),
        confidence=round(1.0 - (high - low), 6),
        interval=(round(low, 6), round(high, 6)),
        disagree=apart > policy.disagreement,
        acting=acting,
        model_versions=ModelVersions(
            spatial=ensemble.spatial.version, temporal=ensemble.temporal.version, ensemble=ensemble.version
        ),
        scores={
            "spatial": round(aggregate(spatial, policy), 6),
            "temporal": round(aggregate(temporal, policy), 6),
        },
        windows=tuple(
            RiskWindow(
                start=max(0.0, seen.runs[one].start),
                end=max(0.0, seen.runs[one].end),
                score=round(both[one], 6),
            )
            for one in sorted(decisive)
        ),
        calibration_set=ensemble.calibration_set,
        detail="" if acting else "in shadow: no action follows from this score",
    )


def window_scores(runs: Sequence[FaceRun], ensemble: Ensemble) -> tuple[list[float], list[float]]:
    """Spatial and temporal score of each run; the spatial one is the mean over three of its pictures."""
    places = (0, RUN_FRAMES // 2, RUN_FRAMES - 1)
    pairs = [spatial_input(run.crops[place]) for run in runs for place in places]
    pictures, spectra = (np.stack(part) for part in zip(*pairs, strict=True))
    spatial = (
        ensemble.spatial.scores(picture=pictures, spectrum=spectra).reshape(len(runs), len(places)).mean(1)
    )
    changes = np.stack([temporal_input(run.crops) for run in runs])
    temporal = ensemble.temporal.scores(changes=changes)
    return [float(one) for one in spatial], [float(one) for one in temporal]


def _interval(scores: Sequence[float], policy: RiskPolicy) -> tuple[float, float]:
    """Where the score lies for 95 of a hundred resamplings of the windows; the same scores give the same interval."""
    draw = np.random.default_rng(0)
    found = [
        aggregate([scores[one] for one in sorted(draw.integers(0, len(scores), len(scores)))], policy)
        for _ in range(_DRAWS)
    ]
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)
