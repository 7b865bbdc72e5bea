"""Detectors calibrated anew on what this deployment saw: their scores, and what people know of each film.

A detector says 0.9 of films of which half are real: it is overconfident, and no threshold over its scores means what it
says. One number mends that, the temperature that its logits are divided by; it moves no film above another. It is fitted
where the log loss of known films is least, and only taken where it is better than before on films that it was not fitted on.

What comes of it are new cards, with a calibration set of their own: no policy names it yet, so nothing acts until one
does and the gate is passed again. A calibration ends after so many days; then the detectors are in shadow.

Source: Guo, Pleiss, Sun, Weinberger 2017, on calibration of modern neural networks.
"""

import argparse
import hashlib
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import numpy as np
from msgspec import Meta
from numpy.typing import NDArray

from trustcore.errors import TrustError
from verification.detectors.cards import CARDS, KINDS, Ensemble, installed
from verification.detectors.measures import calibration_error

SCHEMA: Final = "trustmark.detector-outcomes/1"
GOOD_FOR_DAYS: Final = 180
EACH_LEAST: Final = 100
SOURCES_LEAST: Final = 20
_EDGE = 1e-4
Score = Annotated[float, Meta(ge=0.0, le=1.0)]


class CalibrationRefused(TrustError):
    """``OUTCOMES_INVALID``, ``OUTCOMES_TOO_FEW``, ``OUTCOMES_OF_OTHERS``, ``CALIBRATION_NOT_BETTER``."""


class Outcome(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One film: each detector's score of it, whether a model made it, and what it was cut from."""

    spatial: Score
    temporal: Score
    made: bool
    source: Annotated[str, Meta(min_length=1, max_length=200)]


class Outcomes(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Films of this deployment whose making is known; ``ensemble``: who scored them; ``known_by``: how it is known."""

    schema: str
    ensemble: str
    known_by: Annotated[str, Meta(min_length=10, max_length=600)]
    films: tuple[Outcome, ...]


@dataclass(frozen=True)
class Fitted:
    """One detector's new temperature; ``before`` and ``after``: calibration error on films that it was not fitted on."""

    temperature: float
    before: float
    after: float


def parse_outcomes(document: object) -> Outcomes:
    """Read outcomes strictly, from JSON values.

    Raises:
        CalibrationRefused: ``OUTCOMES_INVALID``.
    """
    try:
        found = msgspec.convert(document, Outcomes)
    except msgspec.ValidationError as error:
        raise CalibrationRefused("OUTCOMES_INVALID", str(error)) from error
    if found.schema != SCHEMA:
        raise CalibrationRefused("OUTCOMES_INVALID", f"the schema is not {SCHEMA}")
    return found


def calibrated(outcomes: Outcomes, ensemble: Ensemble) -> dict[str, Fitted]:
    """Fit each detector; half of the sources are fitted on, the other half is asked whether it helped.

    Raises:
        CalibrationRefused: other detectors' scores, too few films of one kind or of too few sources, or no gain.
    """
    if outcomes.ensemble != ensemble.version:
        raise CalibrationRefused("OUTCOMES_OF_OTHERS", f"scored by {outcomes.ensemble}")
    films = outcomes.films
    made = np.array([one.made for one in films], np.int64)
    sources = sorted({one.source for one in films})
    if min(int(made.sum()), int((1 - made).sum())) < EACH_LEAST or len(sources) < SOURCES_LEAST:
        raise CalibrationRefused(
            "OUTCOMES_TOO_FEW", f"{EACH_LEAST} films of each kind, of {SOURCES_LEAST} sources"
        )
    fitted_on = np.array([sources.index(one.source) % 2 == 0 for one in films])
    told = {}
    for kind, detector in (("spatial", ensemble.spatial), ("temporal", ensemble.temporal)):
        scores = np.array([getattr(one, kind) for one in films])
        told[kind] = _fit(scores, made, fitted_on, detector.temperature)
    return told


def write_cards(
    folder: Path, source: Path, outcomes: Outcomes, fitted: dict[str, Fitted], *, today: date
) -> str:
    """Write the cards and weights of ``source`` anew into ``folder``; returns the calibration set's name."""
    digest = hashlib.sha256(msgspec.json.encode(outcomes, order="deterministic")).hexdigest()
    name = f"operational-{len(outcomes.films)}-{digest[:12]}"
    folder.mkdir(parents=True, exist_ok=True)
    for kind in KINDS:
        path = max(source.glob(f"{kind}-*.json"))
        card: dict[str, Any] = json.loads(path.read_bytes())
        found = fitted[kind]
        card |= {
            "temperature": round(found.temperature, 4), "calibration_set": name, "calibrated_on": today.isoformat(),
            "good_for_days": GOOD_FOR_DAYS,
            "calibrated": {"known_by": outcomes.known_by, "ece_before": found.before, "ece_after": found.after},
        }  # fmt: skip
        (folder / card["weights"]).write_bytes(path.with_name(card["weights"]).read_bytes())
        (folder / path.name).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return name


def _fit(
    scores: NDArray[np.float64], made: NDArray[np.int64], fitted_on: NDArray[np.bool_], was: float
) -> Fitted:
    held = np.clip(scores, _EDGE, 1 - _EDGE)
    logits = np.log(held / (1 - held)) * was
    signs = 2.0 * made - 1.0
    temperatures: Sequence[float] = np.geomspace(0.2, 50, 400).tolist()
    losses = [np.logaddexp(0, -signs[fitted_on] * logits[fitted_on] / one).mean() for one in temperatures]
    best = temperatures[int(np.argmin(losses))]
    asked, truth = logits[~fitted_on], made[~fitted_on]
    before = calibration_error(1 / (1 + np.exp(-asked / was)), truth)
    after = calibration_error(1 / (1 + np.exp(-asked / best)), truth)
    if after > before:
        raise CalibrationRefused(
            "CALIBRATION_NOT_BETTER", f"an error of {after:.3f} after, {before:.3f} before"
        )
    return Fitted(best, round(before, 4), round(after, 4))


def main() -> None:
    """Read outcomes, fit, write cards: ``python -m verification.detectors.calibration OUTCOMES.json --out FOLDER``."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("outcomes", type=Path)
    parser.add_argument("--cards", type=Path, default=CARDS)
    parser.add_argument("--out", type=Path, required=True)
    given = parser.parse_args()
    ensemble = installed(given.cards)
    if ensemble is None:
        parser.error("no detector is installed there")
    try:
        outcomes = parse_outcomes(json.loads(given.outcomes.read_bytes()))
        fitted = calibrated(outcomes, ensemble)
    except CalibrationRefused as error:
        parser.exit(1, f"{error.code}: {error.detail}\n")
    name = write_cards(given.out, given.cards, outcomes, fitted, today=datetime.now(UTC).date())
    figures = {kind: asdict(one) for kind, one in fitted.items()}
    sys.stdout.write(json.dumps({"calibration_set": name, "fitted": figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
