"""Webhooks at the portal: made with a secret that is shown once, changed, sent again, ended; nobody else's."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest

from audit.services import record
from common import clock
from notify import services
from notify.models import Delivery, WebhookEndpoint
from notify.sending import Outcome
from notify.services.attempts import record_outcome
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of

URL = "https://hooks.lanternfish.example/trustmark"


def made_by(reader: Reader, **changes: Any) -> Any:
    return reader.post("/webhooks/new/", {"url": URL, "kinds": ["licence.*"], **changes})


def endpoint_of(cast: Cast) -> WebhookEndpoint:
    return WebhookEndpoint.objects.get(organisation=cast.producer.organisation)


def delivered_event(cast: Cast, kind: str = "licence.issued") -> Delivery:
    record(kind=kind, principal=cast.producer, object_type="licence", object_id=cast.production.pk)
    services.place_waiting()
    return Delivery.objects.order_by("-created_at").first()  # type: ignore[return-value]


def test_a_secret_is_shown_once_and_never_again(cast: Cast) -> None:
    reader = Reader(cast.engineer)
    answer = made_by(reader)
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    secret = re.search(r'id="webhook-secret">(whsec_[^<]+)<', answer.content.decode()).group(1)  # type: ignore[union-attr]
    endpoint = endpoint_of(cast)
    for path in ("/webhooks/", f"/webhooks/{endpoint.pk}/"):
        page = reader.page(path)
        assert URL in page
        assert secret not in page.html


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"url": "http://hooks.example/"}, "https"),
        ({"url": "https://169.254.169.254/latest/"}, "do not go to this address"),
        ({"url": "https://user:pw@hooks.example/"}, "absolute https URL"),
        ({"url": ""}, "required"),
        ({"kinds": ["<script>"]}, "not one of the available choices"),
    ],
)
def test_an_address_that_is_not_allowed_is_refused_and_kept_in_the_form(
    cast: Cast, settings: Any, changes: dict[str, Any], words: str
) -> None:
    settings.DEBUG = False
    answer = made_by(Reader(cast.producer), **changes)
    assert answer.status_code == 422
    assert words in page_of(answer)
    assert not WebhookEndpoint.objects.exists()


def test_the_log_tells_attempts_and_a_dead_delivery_is_sent_again(cast: Cast) -> None:
    reader = Reader(cast.producer)
    made_by(reader)
    delivery = delivered_event(cast)
    record_outcome(delivery_id=delivery.pk, outcome=Outcome(503, "HTTP_STATUS"))
    address = f"/webhooks/{endpoint_of(cast).pk}/"
    page = reader.page(address)
    assert "licence.issued" in page
    assert "Answered 503" in page
    replay = f"{address}deliveries/{delivery.pk}/replay/"
    # while it is being tried it is not sent twice
    assert replay not in page.actions
    assert reader.post(replay).status_code == 409
    Delivery.objects.update(dead_at=clock.now(), attempts=10)
    assert "Given up" in reader.page(f"{address}?state=DEAD")
    assert "licence.issued" not in reader.page(f"{address}?state=DELIVERED")
    assert reader.post(replay).url == address
    again = Delivery.objects.get(pk=delivery.pk)
    assert (again.state, again.attempts) == ("PENDING", 0)


def test_a_rotation_shows_the_new_secret_once_and_keeps_the_old_for_its_hours(cast: Cast) -> None:
    reader = Reader(cast.engineer)
    made_by(reader)
    before = endpoint_of(cast)
    answer = reader.post(f"/webhooks/{before.pk}/rotate/", {"overlap_hours": "48"})
    assert answer.status_code == 200
    after = endpoint_of(cast)
    assert bytes(after.sealed_previous or b"") == bytes(before.sealed_secret)
    assert after.previous_until is not None
    assert timedelta(hours=47) < after.previous_until - clock.now() <= timedelta(hours=48)
    assert reader.post(f"/webhooks/{before.pk}/rotate/", {"overlap_hours": "1000"}).status_code == 422
    assert bytes(endpoint_of(cast).sealed_secret) == bytes(after.sealed_secret)


def test_it_is_switched_changed_tested_and_ended(cast: Cast) -> None:
    reader = Reader(cast.producer)
    made_by(reader)
    address = f"/webhooks/{endpoint_of(cast).pk}/"
    reader.post(address, {"kinds": ["request.*", "talent.emergency_stop"]})
    assert endpoint_of(cast).kinds == ["request.*", "talent.emergency_stop"]
    reader.post(f"{address}ping/")
    assert Delivery.objects.get().event.kind == "webhook.ping"
    reader.post(f"{address}switch/", {"enabled": "off"})
    assert not endpoint_of(cast).enabled
    assert reader.post(f"{address}ping/").status_code == 409
    reader.post(f"{address}switch/", {"enabled": "on"})
    assert endpoint_of(cast).enabled
    assert reader.get(f"{address}end/").status_code == 200
    assert reader.post(f"{address}end/").url == "/webhooks/"
    assert not WebhookEndpoint.objects.exists()


def test_a_stranger_finds_nothing_and_who_only_reads_changes_nothing(cast: Cast) -> None:
    made_by(Reader(cast.producer))
    address = f"/webhooks/{endpoint_of(cast).pk}/"
    stranger = Reader(cast.other_studio)
    assert stranger.get(address).status_code == 404
    assert URL not in stranger.page("/webhooks/").html
    for act in ("switch/", "ping/", "rotate/", "end/"):
        assert stranger.post(f"{address}{act}", {"enabled": "off", "overlap_hours": "0"}).status_code == 404
    auditor = Reader(cast.auditor)
    assert auditor.get("/webhooks/new/").status_code == 403
    assert auditor.post("/webhooks/new/", {"url": URL}).status_code == 403
    assert WebhookEndpoint.objects.count() == 1
    assert endpoint_of(cast).enabled


def test_the_pages_ask_the_database_at_most_twelve_times(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    reader = Reader(cast.producer)
    for number in range(15):
        services.create_endpoint(principal=cast.producer, url=f"{URL}/{number}")
    for _ in range(6):
        delivered_event(cast)
    address = f"/webhooks/{WebhookEndpoint.objects.first().pk}/"  # type: ignore[union-attr]
    for path in ("/webhooks/", address):
        with django_assert_max_num_queries(12):
            reader.page(path)


def test_the_log_goes_on_behind_a_page(cast: Cast, monkeypatch: Any) -> None:
    monkeypatch.setattr("agents_portal.paging.page_after.__kwdefaults__", {"field": "created_at", "size": 4})
    reader = Reader(cast.producer)
    made_by(reader)
    for number in range(9):
        delivered_event(cast, f"licence.k{number}")
    seen: list[str] = []
    address = path = f"/webhooks/{endpoint_of(cast).pk}/"
    while path:
        page = reader.page(path)
        seen += re.findall(r"<code>(licence\.k\d)</code>", page.html)
        after = next((link for link in page.links if "after=" in link), "")
        path = f"{address}{after}" if after else ""
    assert seen == [f"licence.k{number}" for number in reversed(range(9))]
    assert factories.make_studio()
