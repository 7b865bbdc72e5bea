"""OpenLineage events over real HTTP: kept with what they tell of, sent once, tried again when the receiver is away."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.db import transaction

from tests.training.making import COMMIT, House
from training.models import LineageEvent
from training.services.lineage_events import TRIES, send_lineage
from training.services.manifests import ManifestAsk, freeze_manifest
from training.services.runs import ModelAsk, RunAsk, register_models, register_run
from training.tasks import send_lineage_events

pytestmark = pytest.mark.django_db


class Receiver:
    """A server that collects events, or says that it cannot."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.keys: list[str] = []
        self.paths: list[str] = []
        self.status = 201
        told = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if told.status == 201:
                    told.events.append(json.loads(body))
                    told.keys.append(self.headers.get("Authorization", ""))
                    told.paths.append(self.path)
                self.send_response(told.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    made = Receiver()
    thread = threading.Thread(target=made.server.serve_forever)
    thread.start()
    settings.OPENLINEAGE_URL, settings.OPENLINEAGE_KEY = made.url, "secret-key"
    yield made
    made.server.shutdown()
    thread.join()
    made.server.server_close()


def trained(house: House) -> tuple[Any, Any]:
    asset = house.admit()
    house.derive(asset, dataset="faces", dataset_version=3)
    manifest = freeze_manifest(
        principal=house.engineer,
        ask=ManifestAsk(name="list", code_commit=COMMIT, container_image="i@sha256:1", territory="US", purpose="A test.",
                        datasets=(("faces", 3),)),
    )  # fmt: skip
    run = register_run(
        principal=house.engineer,
        ask=RunAsk(external_id="1", name="dialogue", manifest=manifest.content_id, code_commit=COMMIT,
                   container_image="i@sha256:1", parameters={}),
    )  # fmt: skip
    register_models(
        principal=house.engineer, run_id=run.pk, asks=[ModelAsk(name="voice", version="2", sha256="a" * 64)]
    )
    return manifest, run


def test_from_source_to_model_each_act_is_told_once_with_its_inputs_and_outputs(
    house: House, receiver: Receiver
) -> None:
    manifest, run = trained(house)
    assert (send_lineage_events(), send_lineage_events()) == (3, 0)
    frozen, begun, ended = receiver.events
    source = manifest.head["sources"][0]["id"]
    assert [one["name"] for one in frozen["inputs"]] == ["dataset/faces/3", f"source/{source}"]
    assert [one["name"] for one in frozen["outputs"]] == [f"manifest/{manifest.content_id}"]
    assert [one["name"] for one in begun["inputs"]] == [f"manifest/{manifest.content_id}"]
    assert [one["name"] for one in ended["outputs"]] == ["model/voice/2"]
    assert (begun["eventType"], ended["eventType"]) == ("START", "COMPLETE")
    assert begun["run"]["runId"] == ended["run"]["runId"] == str(run.pk)
    assert {one["job"]["namespace"] for one in receiver.events} == {f"trustmark/{house.organisation.pk}"}
    tags = {one["key"]: one["value"] for one in begun["job"]["facets"]["tags"]["tags"]}
    assert tags["code_commit"] == COMMIT
    assert set(receiver.keys) == {"Bearer secret-key"}
    assert set(receiver.paths) == {"/api/v1/lineage"}
    told = json.dumps(receiver.events)
    assert house.engineer.person.email not in told
    assert house.engineer.person.full_name not in told


def test_an_event_waits_for_a_receiver_that_is_away_and_is_given_up_after_twenty_tries(
    house: House, receiver: Receiver
) -> None:
    trained(house)
    receiver.status = 503
    assert send_lineage() == 0
    asked = LineageEvent.objects.order_by("created_at").values_list("tries", "error")
    assert list(asked.all()) == [(1, "HTTPError"), (0, ""), (0, "")]
    assert send_lineage() == 0  # the first is not due yet: the second has its turn
    assert list(asked.all()) == [(1, "HTTPError"), (1, "HTTPError"), (0, "")]
    receiver.status = 201
    LineageEvent.objects.update(due_at="2026-01-01T00:00:00Z")
    assert send_lineage() == 3
    receiver.status = 503
    trained_again = LineageEvent.objects.first()
    assert trained_again is not None
    LineageEvent.objects.filter(pk=trained_again.pk).update(sent_at=None, tries=TRIES - 1)
    send_lineage()
    trained_again.refresh_from_db()
    assert trained_again.given_up_at is not None
    LineageEvent.objects.update(due_at="2026-01-01T00:00:00Z")
    receiver.status = 201
    assert send_lineage() == 0


def test_what_did_not_happen_is_not_told_and_without_a_receiver_nothing_is_kept(
    house: House, receiver: Receiver, settings: Any
) -> None:
    with transaction.atomic():
        trained(house)
        transaction.set_rollback(True)
    assert (send_lineage(), receiver.events) == (0, [])
    settings.OPENLINEAGE_URL = ""
    trained(house)
    assert not LineageEvent.objects.exists()
    assert send_lineage() == 0
