"""Who lets detectors out of shadow: two operators and a gate; who puts them back: one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec
import pytest
from django.db import DatabaseError, connection, transaction

from accounts.operating import make_operator
from accounts.principals import Principal, principal_of_person
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests import factories
from tests.verification.making import finished
from tests.verification.test_detectors import calibrated, holdout
from trustcore.verification.policy import policy_document
from verification import selectors, services
from verification.detectors.cards import CARDS, installed

pytestmark = pytest.mark.django_db


def operator() -> Principal:
    made, _ = make_operator(email=f"{uuid4().hex}@operator.test", full_name="Ola Root", house="Operator")
    desk = principal_of_person(made.user)
    assert desk is not None
    return desk


@pytest.fixture(autouse=True)
def a_day_of_their_calibration(settings: Any, tmp_path: Any) -> Path:
    """The shipped detectors' calibration ends; these tests are of a day on which it is good."""
    clock_file = tmp_path / "clock"
    settings.TEST_CLOCK_FILE = str(clock_file)
    moved_to(clock_file, datetime(2026, 12, 1, tzinfo=UTC))
    return clock_file


def moved_to(clock_file: Path, day: datetime) -> None:
    clock_file.write_text(str((day - datetime.now(UTC)).total_seconds()), encoding="ascii")


@pytest.fixture
def policy_file(settings: Any, tmp_path: Any) -> None:
    """The deployment's own policy, with thresholds that rest on the detectors' calibration set."""
    target = tmp_path / "house.json"
    target.write_bytes(msgspec.json.encode(policy_document(calibrated())))
    settings.VERIFICATION_POLICY = str(target)


def good() -> dict[str, Any]:
    ensemble = installed()
    assert ensemble is not None
    made: dict[str, Any] = msgspec.to_builtins(holdout(ensemble.version))
    return made


@pytest.mark.req("LV-232")
@pytest.mark.usefixtures("policy_file")
def test_two_operators_promote_what_passed_the_gate_and_one_withdraws_it() -> None:
    first, second = operator(), operator()
    ensemble = installed()
    assert ensemble is not None
    row = services.ask_promotion(principal=first, evaluation=good())
    assert row.figures["auc_low"] > 0.9
    assert selectors.promoted_ensemble() == ""
    with pytest.raises(Forbidden) as refused:
        services.confirm_promotion(principal=first, promotion_id=row.pk)
    assert refused.value.code == "FOUR_EYES"
    services.confirm_promotion(principal=second, promotion_id=row.pk)
    assert selectors.promoted_ensemble() == ensemble.version
    with pytest.raises(Conflict):
        services.confirm_promotion(principal=second, promotion_id=row.pk)
    services.withdraw_promotion(principal=first, promotion_id=row.pk)
    assert selectors.promoted_ensemble() == ""
    with pytest.raises(Conflict) as late:
        services.confirm_promotion(principal=second, promotion_id=row.pk)
    assert late.value.code == "PROMOTION_DECIDED"
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("update verification_promotionword set verdict = 'CONFIRMED'")


@pytest.mark.req("LV-232")
@pytest.mark.usefixtures("policy_file")
def test_a_poor_hold_out_and_a_strangers_wish_are_refused() -> None:
    first, producer = operator(), factories.make_desk(factories.make_studio(), "PRODUCER")
    shipped = json.loads((CARDS / "evaluation-1.json").read_bytes())
    with pytest.raises(Conflict) as refused:
        services.ask_promotion(principal=first, evaluation=shipped)
    assert refused.value.code == "PROMOTION_REFUSED"
    assert "AUC_TOO_LOW" in str(refused.value)
    with pytest.raises(InvalidInput):
        services.ask_promotion(principal=first, evaluation=good() | {"videos": [{"score": 7}]})
    with pytest.raises(Forbidden):
        services.ask_promotion(principal=producer, evaluation=good())
    with pytest.raises(NotFound):
        services.withdraw_promotion(principal=first, promotion_id=uuid4())
    assert selectors.promotions().count() == 0


@pytest.mark.usefixtures("policy_file")
def test_a_worker_is_told_what_was_promoted() -> None:
    from verification.services.verifying import _case

    first, second = operator(), operator()
    row = services.ask_promotion(principal=first, evaluation=good())
    desk = factories.make_desk(factories.make_studio(), "PRODUCER")
    asked = finished(desk.organisation, desk.person)
    ensemble = installed()
    assert ensemble is not None
    assert _case(asked, CARDS, CARDS).promoted == ""
    services.confirm_promotion(principal=second, promotion_id=row.pk)
    assert _case(asked, CARDS, CARDS).promoted == ensemble.version


@pytest.mark.req("LV-188")
@pytest.mark.usefixtures("policy_file")
def test_detectors_whose_calibration_has_ended_are_in_shadow_again_and_are_not_promoted(
    a_day_of_their_calibration: Path,
) -> None:
    first, second = operator(), operator()
    row = services.ask_promotion(principal=first, evaluation=good())
    services.confirm_promotion(principal=second, promotion_id=row.pk)
    ensemble = installed()
    assert ensemble is not None
    last = datetime.combine(ensemble.due_on, datetime.min.time(), UTC)
    moved_to(a_day_of_their_calibration, last + timedelta(hours=23))
    assert selectors.promoted_ensemble() == ensemble.version
    moved_to(a_day_of_their_calibration, last + timedelta(hours=25))
    assert selectors.promoted_ensemble() == ""
    services.withdraw_promotion(principal=first, promotion_id=row.pk)
    with pytest.raises(Conflict, match="CALIBRATION_OVERDUE"):
        services.ask_promotion(principal=first, evaluation=good())
