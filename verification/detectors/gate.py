"""The promotion gate: may these detectors act? It counts for itself, from each video's score on a named hold-out.

1. the hold-out has a name, and enough sources and videos; 2. it shares no source and no generator with training or
calibration; 3. it was scored by the installed ensemble, on whose
calibration set the policy's thresholds rest, and that calibration has not ended; 4. the lower end of the AUC's interval, resampled by whole
sources; 5. the expected calibration error; 6. the false-positive rate at each threshold of the policy. Each that falls
short is named; all of them are looked at.
"""

from dataclasses import asdict, dataclass
from datetime import date
from typing import Annotated, Any

import msgspec
import numpy as np
from msgspec import Meta

from trustcore.errors import TrustError
from trustcore.verification.policy import RiskPolicy
from verification.detectors.cards import Ensemble
from verification.detectors.measures import auc, auc_interval, calibration_error, false_positives

SCHEMA = "trustmark.detector-evaluation/1"
_VIDEOS_MOST = 200_000


class EvaluationInvalid(TrustError):
    """``EVALUATION_INVALID``: the document is none of this schema."""


class _Part(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A closed part of an evaluation."""


class Video(_Part, frozen=True):
    """One video of the hold-out: its score, the clip that it was cut from, and what made it; None: nothing did."""

    score: Annotated[float, Meta(ge=0.0, le=1.0)]
    source: Annotated[str, Meta(min_length=1, max_length=200)]
    generator: Annotated[str, Meta(min_length=1, max_length=200)] | None


class Evaluation(_Part, frozen=True):
    """What was scored, and what training and calibration had seen."""

    schema: str
    ensemble: str
    holdout: Annotated[str, Meta(max_length=200)]
    seen_sources: tuple[str, ...]
    seen_generators: tuple[str, ...]
    videos: tuple[Video, ...]


@dataclass(frozen=True)
class Bounds:
    """What the gate asks for."""

    auc_low_least: float = 0.90
    calibration_error_most: float = 0.10
    medium_most: float = 0.10
    high_most: float = 0.01
    sources_least: int = 20
    generators_least: int = 2
    real_least: int = 100
    made_least: int = 100


@dataclass(frozen=True)
class Figures:
    """What was counted: ``at_medium`` and ``at_high`` are shares of real videos above the policy's thresholds."""

    sources: int
    generators: int
    real: int
    made: int
    auc: float | None
    auc_low: float | None
    auc_high: float | None
    calibration_error: float | None
    medium_above: float
    at_medium: float | None
    high_above: float
    at_high: float | None


@dataclass(frozen=True)
class Answer:
    """``refusals``: stable codes; none: the gate is passed."""

    figures: Figures
    refusals: tuple[str, ...]

    def to_dict(self) -> dict[str, Any]:
        """JSON values."""
        return {"figures": asdict(self.figures), "refusals": list(self.refusals)}


def parse_evaluation(document: object) -> Evaluation:
    """Read an evaluation strictly, from JSON values.

    Raises:
        EvaluationInvalid: it is none.
    """
    try:
        found = msgspec.convert(document, Evaluation)
    except msgspec.ValidationError as error:
        raise EvaluationInvalid("EVALUATION_INVALID", str(error)) from error
    if found.schema != SCHEMA or not 0 < len(found.videos) <= _VIDEOS_MOST:
        raise EvaluationInvalid("EVALUATION_INVALID", f"the schema is not {SCHEMA}, or there are no videos")
    return found


def gate(
    evaluation: Evaluation,
    ensemble: Ensemble,
    policy: RiskPolicy,
    bounds: Bounds | None = None,
    *,
    today: date | None = None,
) -> Answer:
    """Count, and say everything that stands against a promotion; ``today`` None: whatever the day."""
    asked, found = bounds or Bounds(), figures_of(evaluation, policy)
    sources = {one.source for one in evaluation.videos}
    generators = {one.generator for one in evaluation.videos if one.generator}
    against = {
        "HOLDOUT_UNNAMED": not evaluation.holdout.strip(),
        "HOLDOUT_TOO_SMALL": found.sources < asked.sources_least
        or found.generators < asked.generators_least
        or found.real < asked.real_least
        or found.made < asked.made_least,
        "HOLDOUT_NOT_DISJOINT": bool(
            sources & set(evaluation.seen_sources) or generators & set(evaluation.seen_generators)
        )
        or not evaluation.seen_sources
        or not evaluation.seen_generators,
        "ENSEMBLE_NOT_INSTALLED": evaluation.ensemble != ensemble.version,
        "CALIBRATION_OVERDUE": today is not None and today > ensemble.due_on,
        "POLICY_NOT_CALIBRATED": policy.calibration_set != ensemble.calibration_set,
        "AUC_TOO_LOW": found.auc_low is None or found.auc_low < asked.auc_low_least,
        "CALIBRATION_POOR": found.calibration_error is None
        or found.calibration_error > asked.calibration_error_most,
        "FALSE_POSITIVES_AT_MEDIUM": found.at_medium is None or found.at_medium > asked.medium_most,
        "FALSE_POSITIVES_AT_HIGH": found.at_high is None or found.at_high > asked.high_most,
    }
    return Answer(found, tuple(code for code, is_so in against.items() if is_so))


def figures_of(evaluation: Evaluation, policy: RiskPolicy) -> Figures:
    """AUC with its interval, calibration error and false positives; None where one of both kinds is missing."""
    videos = evaluation.videos
    scores = np.array([one.score for one in videos])
    truth = np.array([one.generator is not None for one in videos], np.int64)
    sources = [one.source for one in videos]
    real, made = int((truth == 0).sum()), int(truth.sum())
    both = bool(real and made)
    low, high = auc_interval(scores, truth, sources) if both else (None, None)
    return Figures(
        sources=len(set(sources)),
        generators=len({one.generator for one in videos if one.generator}),
        real=real,
        made=made,
        auc=auc(scores, truth) if both else None,
        auc_low=low,
        auc_high=high,
        calibration_error=calibration_error(scores, truth) if both else None,
        medium_above=policy.medium_above,
        at_medium=false_positives(scores, truth, above=policy.medium_above) if real else None,
        high_above=policy.high_above,
        at_high=false_positives(scores, truth, above=policy.high_above) if real else None,
    )
