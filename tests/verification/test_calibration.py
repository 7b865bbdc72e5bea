"""Overconfident detectors: calibrated anew on what a deployment saw, taken together and smoothed, and only for a time."""

from __future__ import annotations

import json
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
import yaml

from trustcore.verification.policy import policy_named
from trustcore.verification.risk import aggregate, risk_class
from trustcore.verification.words import RiskStatus
from verification.detectors.calibration import (
    GOOD_FOR_DAYS,
    SCHEMA,
    CalibrationRefused,
    Outcome,
    Outcomes,
    calibrated,
    main,
    parse_outcomes,
    write_cards,
)
from verification.detectors.cards import CARDS, installed

ROOT = Path(__file__).parents[2]


def outcomes(
    *, sureness: float = 4.0, films: int = 600, sources: int = 40, seed: int = 3, **more: Any
) -> Outcomes:
    """Films of a deployment: what detectors say is right more often than not, and ``sureness`` times too sure of itself."""
    ensemble = installed()
    assert ensemble is not None
    draw = np.random.default_rng(seed)
    truth = draw.normal(0, 1.2, films)

    def score(temperature: float) -> float:
        return float(1 / (1 + np.exp(-sureness * logit / temperature * temperature)))

    told = []
    for number, logit in enumerate(truth):
        made = bool(draw.random() < 1 / (1 + np.exp(-logit)))
        told.append(
            Outcome(spatial=score(1.0), temporal=score(1.0), made=made, source=f"s{number % sources}")
        )
    facts = {
        "schema": SCHEMA, "ensemble": ensemble.version, "known_by": "the studio's own delivery lists",
        "films": tuple(told),
    }  # fmt: skip
    return Outcomes(**(facts | more))


@pytest.mark.req("LV-188")
def test_detectors_that_are_too_sure_are_calibrated_on_what_the_deployment_saw(tmp_path: Path) -> None:
    ensemble = installed()
    assert ensemble is not None
    seen = outcomes()
    fitted = calibrated(parse_outcomes(msgspec.to_builtins(seen)), ensemble)
    for kind, was in (("spatial", ensemble.spatial), ("temporal", ensemble.temporal)):
        found = fitted[kind]
        # four times too sure: its logits are divided by four times as much
        assert found.temperature == pytest.approx(4 * was.temperature, rel=0.35)
        assert found.before > 0.1
        assert found.after < 0.5 * found.before, "measured on sources that it was not fitted on"
    name = write_cards(tmp_path, CARDS, seen, fitted, today=date(2026, 11, 27))
    made = installed(tmp_path)
    assert made is not None
    assert made.spatial.temperature == pytest.approx(fitted["spatial"].temperature, abs=1e-3)
    assert (made.version, made.calibration_set) == (ensemble.version, name)
    assert name.startswith("operational-600-")
    assert made.due_on == date(2026, 11, 27) + timedelta(days=GOOD_FOR_DAYS)
    # no policy rests on it yet, so nothing of it acts
    assert name != ensemble.calibration_set


@pytest.mark.req("LV-188")
def test_too_little_or_what_does_not_help_or_is_of_others_calibrates_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    ensemble = installed()
    assert ensemble is not None
    seen = outcomes()
    real = tuple(one for one in seen.films if not one.made)
    noise = np.random.default_rng(1)
    luck = tuple(
        msgspec.structs.replace(one, made=bool(noise.random() < one.spatial) if number % 2 == 0 else bool(noise.random() < 0.5 + (0.5 - one.spatial)))
        for number, one in enumerate(outcomes(sureness=1.0).films)
    )  # fmt: skip
    for change, code in (
        ({"films": seen.films[:120]}, "OUTCOMES_TOO_FEW"),
        ({"films": real}, "OUTCOMES_TOO_FEW"),
        (
            {"films": tuple(msgspec.structs.replace(one, source="one") for one in seen.films)},
            "OUTCOMES_TOO_FEW",
        ),
        ({"ensemble": "mean-1+000000000000"}, "OUTCOMES_OF_OTHERS"),
    ):
        with pytest.raises(CalibrationRefused) as refused:
            calibrated(msgspec.structs.replace(seen, **change), ensemble)
        assert refused.value.code == code
    # what was fitted on half of the sources makes the other half worse: they are right where those are wrong
    worse = tuple(
        msgspec.structs.replace(one, made=one.spatial > 0.5)
        if int(one.source[1:]) in _even(sorted({film.source for film in luck}))
        else msgspec.structs.replace(one, made=bool(number % 3 == 0) != (one.spatial > 0.5))
        for number, one in enumerate(luck)
    )
    with pytest.raises(CalibrationRefused) as no_gain:
        calibrated(msgspec.structs.replace(seen, films=worse), ensemble)
    assert no_gain.value.code == "CALIBRATION_NOT_BETTER"
    for bad in ({"schema": "another/1"}, {"films": [{"spatial": 2}]}, {"known_by": "me"}):
        with pytest.raises(CalibrationRefused) as invalid:
            parse_outcomes(msgspec.to_builtins(seen) | bad)
        assert invalid.value.code == "OUTCOMES_INVALID"
    document = tmp_path / "outcomes.json"
    document.write_bytes(msgspec.json.encode(msgspec.structs.replace(seen, films=real)))
    monkeypatch.setattr(sys, "argv", ["calibration", str(document), "--out", str(tmp_path / "cards")])
    with pytest.raises(SystemExit) as ended:
        main()
    assert (ended.value.code, "OUTCOMES_TOO_FEW" in capsys.readouterr().err) == (1, True)
    assert not (tmp_path / "cards").exists()
    document.write_bytes(msgspec.json.encode(seen))
    main()
    told = json.loads(capsys.readouterr().out)
    assert told["calibration_set"].startswith("operational-")
    assert installed(tmp_path / "cards") is not None


def _even(sources: list[str]) -> set[int]:
    return {int(one[1:]) for number, one in enumerate(sources) if number % 2 == 0}


@pytest.mark.req("LV-188")
def test_one_loud_window_of_one_detector_is_not_believed() -> None:
    policy = policy_named("default@1").risk
    quiet, loud = [0.2] * 8, [0.2] * 7 + [0.99]
    assert risk_class(0.99, policy) is RiskStatus.HIGH
    both = [(one + two) / 2 for one, two in zip(quiet, loud, strict=True)]
    # smoothed over its neighbours and taken together with the other: low, as the film is
    assert risk_class(aggregate(both, policy), policy) is RiskStatus.LOW
    assert aggregate(both, policy) < aggregate(loud, policy) < 0.99
    # where both say so all along, nothing is smoothed away
    assert risk_class(aggregate([0.99] * 8, policy), policy) is RiskStatus.HIGH


@pytest.mark.req("LV-188")
@pytest.mark.django_db
def test_drift_and_an_ended_calibration_ring_and_lead_to_the_schedule() -> None:
    from tests.verification.alerting import fires, samples
    from verification import metrics

    rules = yaml.safe_load((ROOT / "deploy" / "prometheus" / "verification.rules.yml").read_text())
    named = {one["alert"]: one for group in rules["groups"] for one in group["rules"]}
    assert {"DetectorScoreDrift", "DetectorMedianDrift", "DetectorsOverdue"} <= set(named)
    ensemble = installed()
    assert ensemble is not None
    due = samples()["trustmark_verification_detectors_due_timestamp_seconds"]
    assert due == metrics._due() > 0
    expression = named["DetectorsOverdue"]["expr"]
    assert not fires(expression, now=due - 1)
    assert fires(expression, now=due + 1)
    runbook = (ROOT / "docs" / "operations" / "verification.md").read_text()
    schedule = runbook.partition("## Detectors drift")[2].partition("\n## ")[0]
    assert f"{GOOD_FOR_DAYS} days" in schedule
    assert "verification.detectors.calibration" in schedule
