"""What the house forgets by itself, and how often it is asked the same."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from common import clock
from common.models import IdempotencyRecord
from common.tasks import forget_old_answers
from tests import factories
from trustmark import health

pytestmark = pytest.mark.django_db


def test_answers_of_repeated_writes_are_forgotten_when_their_time_is_over(settings: Any) -> None:
    settings.IDEMPOTENCY_HOURS = 48
    now = clock.now()
    for age in (1, 47, 49, 2000):
        row = IdempotencyRecord.objects.create(caller="c", key=str(age), fingerprint="f", status=200)
        IdempotencyRecord.objects.filter(pk=row.pk).update(created_at=now - timedelta(hours=age))
    assert forget_old_answers() == 2
    assert set(IdempotencyRecord.objects.values_list("key", flat=True)) == {"1", "47"}
    assert forget_old_answers() == 0


def test_many_answers_go_in_slices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("common.tasks._BATCH", 2)
    IdempotencyRecord.objects.bulk_create(
        IdempotencyRecord(
            caller="c", key=str(n), fingerprint="f", created_at=clock.now() - timedelta(days=99)
        )
        for n in range(5)
    )
    assert forget_old_answers() == 5


def test_it_is_on_the_beat_each_hour() -> None:
    from common import tasks

    assert ("common.forget_old_answers", 3600.0) in tasks.BEAT


def test_a_write_is_repeated_until_then_and_is_a_new_one_after() -> None:
    producer = factories.make_producer(factories.make_studio())
    client, key = factories.signed_in(producer.person), str(uuid4())
    body = {"title": "The Glass Meridian", "kind": "PRODUCTION"}

    def send() -> Any:
        return client.post(
            "/api/v1/productions", body, content_type="application/json", headers={"Idempotency-Key": key}
        )

    first = send()
    assert first.status_code == 201
    assert send().json()["id"] == first.json()["id"]
    IdempotencyRecord.objects.update(created_at=clock.now() - timedelta(days=30))
    assert forget_old_answers() == 1
    assert send().json()["id"] != first.json()["id"]


def test_a_network_that_asks_for_cosignatures_without_end_is_told_to_wait(settings: Any) -> None:
    settings.COSIGNATURES_PER_MINUTE = 3
    path = reverse("log-cosignatures", args=[factories.make_production().pk])
    answers = [Client().get(path, REMOTE_ADDR="203.0.113.40") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert answers[3].json()["code"] == "RATE_LIMITED"
    assert 1 <= int(answers[3]["Retry-After"]) <= 60
    refused = Client().post(path, b"nothing\n", content_type="text/plain", REMOTE_ADDR="203.0.113.40")
    assert refused.status_code == 429
    # somebody else is not slowed
    assert Client().get(path, REMOTE_ADDR="203.0.113.41").status_code == 200


def test_readiness_asks_the_parts_once_however_often_it_is_asked(
    settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.READY_SECONDS = 3600
    asked: list[int] = []
    monkeypatch.setattr(health, "_known", [0.0, None])
    monkeypatch.setattr(health, "_database_answers", lambda: asked.append(1) or True)
    monkeypatch.setattr(health, "_broker_answers", lambda: True)
    assert [Client().get("/readyz").status_code for _ in range(5)] == [200] * 5
    assert len(asked) == 1
    settings.READY_SECONDS = 0
    monkeypatch.setattr(health, "_database_answers", lambda: False)
    gone = Client().get("/readyz")
    assert gone.status_code == 503
    assert gone.json()["parts"] == {"database": False, "broker": True}
