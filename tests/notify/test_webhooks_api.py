"""``/api/v1/webhooks``: the owner, the colleague who may only read, the stranger to whom nothing exists."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership
from audit.models import Event
from common.models import IdempotencyRecord
from notify import services
from notify.models import Delivery, WebhookEndpoint
from tests import factories
from tests.notify.conftest import Api, Cast, Receiver, forget_waiting, happen, only_delivery, send_due

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.test/in"


class Pipeline(Api):
    """Also changes and removes."""

    def patch(self, path: str, body: Any) -> Any:
        return self.client.patch(
            f"/api/v1/{path}",
            body,
            content_type="application/json",
            headers=factories.bearer(self.credential),
        )

    def delete(self, path: str) -> Any:
        return self.client.delete(f"/api/v1/{path}", headers=factories.bearer(self.credential))


@pytest.fixture
def pipeline(cast: Cast) -> Pipeline:
    return Pipeline(Client(), factories.make_credential(cast.producer.organisation)[0])


@pytest.fixture
def stranger(cast: Cast) -> Pipeline:
    return Pipeline(Client(), factories.make_credential(cast.other_studio.organisation)[0])


@pytest.fixture
def colleague(cast: Cast) -> Pipeline:
    """A key of the same studio whose maker is an auditor."""
    auditor = factories.make_desk(cast.producer.organisation, Membership.Role.AUDITOR)
    return Pipeline(
        Client(), factories.make_credential(cast.producer.organisation, created_by=auditor.person)[0]
    )


@pytest.fixture
def made(pipeline: Pipeline) -> dict[str, Any]:
    answer = pipeline.post("webhooks", {"url": URL, "kinds": ["licence.*"]})
    assert answer.status_code == 201, answer.content
    body: dict[str, Any] = answer.json()
    return body


def test_secret_is_shown_once_and_kept_nowhere_in_clear(pipeline: Pipeline, made: dict[str, Any]) -> None:
    assert made["secret"].startswith("whsec_")
    read = pipeline.get(f"webhooks/{made['id']}").json()
    assert "secret" not in read
    assert read == {key: value for key, value in made.items() if key != "secret"}
    (listed,) = pipeline.get("webhooks").json()["results"]
    assert listed == read
    keyed = pipeline.post("webhooks", {"url": f"{URL}/2"}, **{"Idempotency-Key": "k"})
    assert keyed.status_code == 201
    assert not IdempotencyRecord.objects.filter(answer__isnull=False, answer__icontains="whsec_").exists()
    again = pipeline.post("webhooks", {"url": f"{URL}/2"}, **{"Idempotency-Key": "k"})
    assert (again.status_code, again.json()["code"]) == (409, "WEBHOOK_EXISTS")


def test_strangers_find_nothing(
    pipeline: Pipeline, stranger: Pipeline, made: dict[str, Any], cast: Cast
) -> None:
    delivery = services.ping_endpoint(principal=cast.producer, endpoint_id=made["id"])
    one = f"webhooks/{made['id']}"
    missing = stranger.get("webhooks/0199c0de-0000-7000-8000-000000000000")
    answers = [
        stranger.get(one), stranger.patch(one, {"enabled": False}), stranger.delete(one), stranger.post(f"{one}/ping"),
        stranger.post(f"{one}/rotate-secret"), stranger.get(f"{one}/deliveries"),
        stranger.post(f"{one}/deliveries/{delivery.pk}/replay"),
    ]  # fmt: skip
    assert {(answer.status_code, answer.content) for answer in answers} == {(404, missing.content)}
    assert stranger.get("webhooks").json()["results"] == []
    assert pipeline.get(one).json()["enabled"]
    # the same address is no sign of another's endpoint
    assert stranger.post("webhooks", {"url": URL}).status_code == 201


def test_colleague_who_only_reads_may_not_manage(
    pipeline: Pipeline, colleague: Pipeline, made: dict[str, Any]
) -> None:
    one = f"webhooks/{made['id']}"
    assert colleague.get(one).status_code == 200
    answers = [
        colleague.post("webhooks", {"url": f"{URL}/3"}), colleague.patch(one, {"enabled": False}),
        colleague.delete(one), colleague.post(f"{one}/ping"), colleague.post(f"{one}/rotate-secret"),
    ]  # fmt: skip
    assert {(answer.status_code, answer.json()["code"]) for answer in answers} == {
        (403, "NOT_YOURS_TO_MANAGE")
    }
    assert WebhookEndpoint.objects.get(pk=made["id"]).enabled


def test_key_without_the_scope_is_refused(cast: Cast) -> None:
    narrow = Pipeline(
        Client(), factories.make_credential(cast.producer.organisation, scopes=["licence:read"])[0]
    )
    assert (narrow.get("webhooks").status_code, narrow.get("webhooks").json()["code"]) == (
        403,
        "SCOPE_MISSING",
    )
    assert narrow.get("events/stream").status_code == 403
    assert Client().get("/api/v1/webhooks").status_code == 401


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"url": "http://hooks.example.test"}, "URL_INSECURE"),
        ({"url": "https://10.1.2.3/"}, "URL_REFUSED"),
        ({"url": "no url"}, "URL_INVALID"),
        ({"url": URL, "kinds": ["everything"]}, "KINDS_INVALID"),
        ({"url": URL, "secret": "mine"}, "FIELDS_INVALID"),
        ({}, "FIELDS_INVALID"),
        ({"url": URL, "kinds": "licence.*"}, "FIELDS_INVALID"),
    ],
)
def test_endpoint_that_makes_no_sense_is_refused(pipeline: Pipeline, body: dict[str, Any], code: str) -> None:
    answer = pipeline.post("webhooks", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert not WebhookEndpoint.objects.exists()


def test_an_organisation_has_at_most_twenty(pipeline: Pipeline, stranger: Pipeline) -> None:
    for number in range(20):
        assert pipeline.post("webhooks", {"url": f"{URL}/{number}"}).status_code == 201
    answer = pipeline.post("webhooks", {"url": URL})
    assert (answer.status_code, answer.json()["code"]) == (409, "WEBHOOK_LIMIT")
    assert stranger.post("webhooks", {"url": URL}).status_code == 201


def test_switching_off_and_on_and_changing_kinds_is_recorded(
    pipeline: Pipeline, made: dict[str, Any]
) -> None:
    one = f"webhooks/{made['id']}"
    off = pipeline.patch(one, {"enabled": False}).json()
    assert (off["enabled"], off["disabled_reason"]) == (False, "BY_HAND")
    assert pipeline.post(f"{one}/ping").json()["code"] == "WEBHOOK_DISABLED"
    on = pipeline.patch(one, {"enabled": True, "kinds": ["talent.emergency_stop"]}).json()
    assert (on["enabled"], on["disabled_reason"], on["kinds"]) == (True, None, ["talent.emergency_stop"])
    assert pipeline.patch(one, {"url": URL}).status_code == 422
    assert pipeline.delete(one).status_code == 204
    assert pipeline.get(one).status_code == 404
    kinds = list(Event.objects.filter(object_id=made["id"]).values_list("kind", flat=True))
    assert kinds == [
        "webhook.created",
        "webhook.disabled",
        "webhook.changed",
        "webhook.enabled",
        "webhook.deleted",
    ]


def test_ping_goes_to_this_endpoint_whatever_it_wants_and_to_no_other(
    pipeline: Pipeline, cast: Cast, receiver: Receiver
) -> None:
    one = pipeline.post("webhooks", {"url": receiver.url("/one"), "kinds": ["licence.*"]}).json()
    pipeline.post("webhooks", {"url": receiver.url("/all")})
    forget_waiting()
    Delivery.objects.all().delete()
    answer = pipeline.post(f"webhooks/{one['id']}/ping")
    assert (answer.status_code, answer.json()["state"], answer.json()["kind"]) == (
        202,
        "PENDING",
        "webhook.ping",
    )
    send_due()
    assert [call.path for call in receiver.calls] == ["/one"]


def test_delivery_log_says_what_happened_and_replay_sends_again(
    pipeline: Pipeline, cast: Cast, receiver: Receiver
) -> None:
    receiver.status = 503
    one = pipeline.post("webhooks", {"url": receiver.url(), "kinds": ["thing.*"]}).json()
    event = happen(cast.producer)
    send_due()
    path = f"webhooks/{one['id']}/deliveries"
    (row,) = pipeline.get(path).json()["results"]
    assert (row["event"], row["kind"], row["state"]) == (str(event.id), "thing.happened", "PENDING")
    assert (row["attempts"], row["last_status"], row["last_error"]) == (1, 503, "HTTP_STATUS")
    assert pipeline.post(f"{path}/{row['id']}/replay").json()["code"] == "DELIVERY_PENDING"
    pipeline.patch(f"webhooks/{one['id']}", {"enabled": False})
    (dead,) = pipeline.get(f"{path}?state=DEAD").json()["results"]
    assert dead["last_error"] == "ENDPOINT_DISABLED"
    pipeline.patch(f"webhooks/{one['id']}", {"enabled": True})
    receiver.status = 200
    assert pipeline.post(f"{path}/{row['id']}/replay").status_code == 202
    send_due()
    assert only_delivery(WebhookEndpoint.objects.get(pk=one["id"])).state == "DELIVERED"
    assert pipeline.get(f"{path}?state=DEAD").json()["results"] == []
    assert pipeline.get(f"{path}?state=LOST").json()["code"] == "STATE_UNKNOWN"
    assert pipeline.post(f"{path}/{one['id']}/replay").status_code == 404


def test_rotation_gives_a_new_secret_and_says_until_when_the_old_one_signs(
    pipeline: Pipeline, made: dict[str, Any]
) -> None:
    answer = pipeline.post(f"webhooks/{made['id']}/rotate-secret", {"overlap_hours": 2}).json()
    assert answer["secret"] != made["secret"]
    assert answer["previous_secret_until"] is not None
    at_once = pipeline.post(f"webhooks/{made['id']}/rotate-secret", {"overlap_hours": 0}).json()
    assert at_once["previous_secret_until"] is None
    assert pipeline.post(f"webhooks/{made['id']}/rotate-secret", {"overlap_hours": 999}).status_code == 422


def test_stream_is_named_where_it_is_served(pipeline: Pipeline, settings: Any) -> None:
    settings.EVENTS_URL = ""
    nowhere = pipeline.get("events/stream")
    assert (nowhere.status_code, nowhere.json()["code"]) == (503, "STREAM_ELSEWHERE")
    settings.EVENTS_URL = "https://events.example.test"
    answer = pipeline.get("events/stream?kinds=licence.*")
    assert answer.status_code == 307
    assert answer["Location"] == "https://events.example.test/api/v1/events/stream?kinds=licence.*"
