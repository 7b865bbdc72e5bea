"""The room of counsel's rules: everybody of the house reads them in words, counsel writes the next version."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests.agents_portal.conftest import Reader
from tests.training.making import House
from training.models import HouseRules
from training.vocabulary import TakedownTrigger

pytestmark = pytest.mark.django_db
RULES = "/material/rules/"
MOST = 12


@pytest.mark.req("TP-162")
def test_counsel_writes_the_rules_at_the_portal_and_engineers_read_and_meet_them() -> None:
    house, stranger = House(), House()
    counsel, engineer = Reader(house.counsel), Reader(house.engineer)
    page = counsel.page(RULES)
    assert "Counsel has defined nothing yet" in page
    assert "96 hours" in page
    assert RULES in counsel.page("/material/contracts/").links
    sent: dict[str, Any] = {
        "licence_classes": ["OWNED", "PUBLIC_DOMAIN"], "prohibited_methods": ["CRAWLER"], "territories": "us ca",
        "retention_days": "30", "note": "As the board said.",
    }  # fmt: skip
    sent |= {f"hours_{one}": "72" for one in TakedownTrigger.values} | {"hours_CLAIM": "4"}
    sent |= {f"actions_{one}": ["RETRAIN"] for one in TakedownTrigger.values}
    assert engineer.post(RULES, sent).status_code == 403
    wrongs: tuple[dict[str, Any], ...] = (
        {"territories": "XX"}, {"hours_CLAIM": "0"}, {"licence_classes": []}, {"note": ""},
    )  # fmt: skip
    for wrong in wrongs:
        assert counsel.post(RULES, {**sent, **wrong}).status_code == 422, wrong
    assert not HouseRules.objects.exists()
    answer = counsel.post(RULES, sent)
    assert (answer.status_code, answer["Location"]) == (302, RULES)
    with CaptureQueriesContext(connection) as asked:
        told = engineer.page(RULES)
    assert len(asked) <= MOST
    for words in (
        "Own work, Public domain",
        "Crawler",
        "CA, US",
        "30 days",
        "4 hours",
        "RULES_METHOD",
        "As the board said.",
    ):
        assert words in told, words
    assert "Put it into force" not in told
    assert house.ask().decision.codes == ["RULES_LICENCE_CLASS"]
    assert "As the board said." not in Reader(stranger.counsel).page(RULES)
