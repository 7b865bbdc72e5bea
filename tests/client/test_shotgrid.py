"""Flow Production Tracking (ShotGrid): signed deliveries over HTTP, the site as shotgun_api3's own mockgun keeps it."""

from __future__ import annotations

import hashlib
import hmac
import json
import pickle
import socket
import threading
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import httpx
import pytest
from shotgun_api3.lib import mockgun
from trustmark_client import ProofKey, TrustmarkClient
from trustmark_client.shots import Order
from trustmark_shotgrid import Deliveries, Desk, Names, receiver

from licensing.models import LicenceRequest
from receipts.services.publish import publish_log
from tests import factories
from tests.client.test_gate import Gate

SECRET = "a webhook's secret"
TEMPLATE = {
    "use_types": ["FACE_RENDER"], "constructs": ["FACE_3D"], "replica_class": "EMPLOYMENT_BASED_DIGITAL_REPLICA",
    "description": "The performer's face in this shot, as in the script of the second of March.",
    "window": {"days": 30}, "frames_max": 500, "render_territory": ["GB"], "distribution_territory": ["GB"],
    "channels": ["SVOD"], "compensation": {"basis": "FLAT", "currency": "USD", "amount_minor": 100_000},
}  # fmt: skip

_OWN_FIELDS = {
    "Project": {"name": "text"},
    "Shot": {"code": "text", "project": "entity", "sg_sequence": "entity", "sg_status_list": "status_list"},
    "Task": {"content": "text", "project": "entity", "entity": "entity", "sg_status_list": "status_list"},
    "Version": {
        "code": "text", "project": "entity", "entity": "entity", "sg_first_frame": "number",
        "sg_last_frame": "number", "sg_status_list": "status_list",
    },
    "Note": {
        "project": "entity", "subject": "text", "content": "text", "note_links": "multi_entity",
        "tasks": "multi_entity",
    },
    "EventLogEntry": {"event_type": "text", "description": "text", "meta": "serializable"},
    "CustomEntity01": {"code": "text", "project": "entity"},
}  # fmt: skip


def schema() -> dict[str, Any]:
    """The site's schema as ``schema_read`` answers: its own entities, with the fields that we ask a site to make."""
    kinds: dict[str, dict[str, str]] = {name: dict(fields) for name, fields in _OWN_FIELDS.items()}
    for entity, fields in Names().fields().items():
        kinds[entity] |= fields
    return {
        entity: {name: _field(kind) for name, kind in ({"id": "number"} | fields).items()}
        for entity, fields in kinds.items()
    }


def _field(kind: str) -> dict[str, Any]:
    valid = {"value": list(_OWN_FIELDS), "editable": False}
    return {
        "data_type": {"value": kind, "editable": False},
        "properties": {"default_value": {"value": None, "editable": False}, "valid_types": valid},
    }


@dataclass
class Studio:
    """A site with one shot in it, and the webhook's address."""

    gate: Gate
    site: Any
    desk: Desk
    project: dict[str, Any]
    shot: dict[str, Any]
    task: dict[str, Any]
    url: str = ""

    def event(self, **changes: Any) -> dict[str, Any]:
        return {
            "id": "11777.3065.0", "event_type": "Shotgun_Task_Change", "operation": "update",
            "entity": {"type": "Task", "id": self.task["id"]}, "project": self.project,
            "meta": {"type": "attribute_change", "attribute_name": "sg_status_list", "old_value": "rdy", "new_value": "ip"},
            "attribute_name": "sg_status_list", "event_log_entry_id": 545175, "delivery_id": str(uuid.uuid4()),
        } | changes  # fmt: skip

    def deliver(self, *events: dict[str, Any], secret: str = SECRET, ago: float = 0) -> httpx.Response:
        at = datetime.now(UTC) - timedelta(seconds=ago)
        data = events[0] if len(events) == 1 else {"deliveries": list(events)}
        body = json.dumps({"data": data, "timestamp": at.strftime("%Y-%m-%dT%H:%M:%SZ")}).encode()
        signature = "sha1=" + hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
        return httpx.post(self.url, content=body, headers={"X-SG-SIGNATURE": signature}, timeout=30)

    def begin(self, **changes: Any) -> httpx.Response:
        """The supervisor sets the task to "in progress", and the site tells us."""
        self.site.update("Task", self.task["id"], {"sg_status_list": "ip"})
        return self.deliver(self.event(**changes))

    def add_likeness(self, talent: str, licence: str = "") -> dict[str, Any]:
        row = self.site.create(
            "CustomEntity01",
            {"code": talent, "project": self.project, "sg_talent": talent, "sg_licence": licence},
        )
        shot = self.read("Shot", self.shot["id"], "sg_likenesses")
        self.site.update("Shot", self.shot["id"], {"sg_likenesses": [*shot["sg_likenesses"], row]})
        return row

    def read(self, entity: str, number: int, *fields: str) -> dict[str, Any]:
        return self.site.find_one(entity, [["id", "is", number]], list(fields))

    @property
    def status(self) -> str:
        return self.read("Task", self.task["id"], "sg_status_list")["sg_status_list"]

    @property
    def notes(self) -> list[str]:
        return [note["subject"] for note in self.site.find("Note", [], ["subject"])]


def studio_of(gate: Gate, *, server: str = "", template: dict[str, Any] | None = None) -> Studio:
    paths = gate.folder / "schema.pickle", gate.folder / "entities.pickle"
    paths[0].write_bytes(pickle.dumps(schema()))
    paths[1].write_bytes(pickle.dumps({name: {"name": {"value": name}} for name in _OWN_FIELDS}))
    mockgun.Shotgun.set_schema_paths(*map(str, paths))
    site = mockgun.Shotgun("https://studio.example", "trustmark", "key")
    project = site.create("Project", {"name": "The Glass Meridian"})
    shot = site.create("Shot", {"code": "sh010", "project": project})
    task = site.create(
        "Task", {"content": "comp", "project": project, "entity": shot, "sg_status_list": "rdy"}
    )
    client = TrustmarkClient(
        server or gate.server, (gate.folder / "api.key").read_text(), ProofKey.read(gate.folder / "proof.pem")
    )
    order = Order(str(gate.token.production_id), "FACE_RENDER", "GB", template=template)
    patience = {} if server else {"patience_seconds": 30.0}  # a crowded machine is no server that is gone
    return Studio(gate, site, Desk(site, client, order, project["id"], **patience), project, shot, task)


class _Quiet(WSGIRequestHandler):
    def log_message(self, *args: object) -> None:
        """Say nothing."""


@pytest.fixture
def serve(tmp_path: Path) -> Iterator[Any]:
    stops: list[Any] = []

    def start(studio: Studio) -> Studio:
        deliveries = Deliveries(SECRET, tmp_path / "heard.sqlite3")
        server = make_server("127.0.0.1", 0, receiver(deliveries, studio.desk), handler_class=_Quiet)
        threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True).start()
        stops.append((server, deliveries))
        studio.url = f"http://127.0.0.1:{server.server_port}/"
        return studio

    yield start
    for server, deliveries in stops:
        server.shutdown()
        server.server_close()
        deliveries.close()


@pytest.fixture
def studio(gate: Gate, serve: Any) -> Studio:
    return serve(studio_of(gate))


@pytest.mark.req("ST-050")
def test_task_that_begins_on_a_licensed_shot_goes_on_and_the_shot_says_so(studio: Studio) -> None:
    row = studio.add_likeness("ana", str(studio.gate.token.jti))
    answer = studio.begin()
    assert (answer.status_code, answer.json()) == (200, {"results": [{"code": "LICENSED"}]})
    assert studio.status == "ip"
    assert studio.notes == []
    assert studio.read("Shot", studio.shot["id"], "sg_likeness_status")["sg_likeness_status"] == "LICENSED"
    assert studio.read("CustomEntity01", row["id"], "sg_state")["sg_state"] == "LICENSED"


@pytest.mark.req("ST-050")
def test_shot_without_a_likeness_is_none_of_ours(studio: Studio) -> None:
    assert studio.begin().json()["results"] == [{"code": "NO_LIKENESS"}]
    assert studio.status == "ip"


@pytest.mark.req("ST-050")
@pytest.mark.req("BX-014")
def test_likeness_without_a_licence_holds_the_task_and_names_the_reason(studio: Studio) -> None:
    studio.add_likeness("ana")
    assert studio.begin().json()["results"] == [{"code": "LICENCE_MISSING"}]
    assert studio.status == "hld"
    assert studio.notes == ["trustmark: denied: LICENCE_MISSING"]


@pytest.mark.req("ST-058")
def test_start_of_a_shot_asks_for_a_licence_once_and_goes_on_when_it_was_given(
    gate: Gate, serve: Any
) -> None:
    studio = serve(studio_of(gate, template=TEMPLATE))
    talent = factories.make_talent()
    factories.make_mandate(talent, factories.make_agent(factories.make_agency()))
    row = studio.add_likeness(talent.handle)
    assert studio.begin().json()["results"] == [{"code": "LICENCE_REQUESTED"}]
    assert studio.begin().json()["results"] == [{"code": "LICENCE_REQUESTED"}]
    assert studio.status == "hld"
    (request,) = LicenceRequest.objects.filter(talent=talent)
    assert studio.read("CustomEntity01", row["id"], "sg_request")["sg_request"] == str(request.pk)
    assert request.current is not None
    assert '"sh010"' in json.dumps(request.current.terms)
    token = factories.approve(request)
    assert studio.begin().json()["results"] == [{"code": "LICENSED"}]
    assert studio.read("CustomEntity01", row["id"], "sg_licence")["sg_licence"] == str(token.jti)
    assert studio.status == "ip"


@pytest.mark.req("BX-014")
def test_licence_revoked_while_the_task_runs_holds_it_at_the_next_round(studio: Studio) -> None:
    studio.add_likeness("ana", str(studio.gate.token.jti))
    studio.begin()
    assert studio.desk.sync()["held"] == 0
    studio.gate.revoke()
    assert studio.desk.sync() == {"shots": 1, "held": 1, "versions": 0}
    assert studio.status == "hld"
    assert studio.notes == ["trustmark: denied: REVOKED"]
    status = studio.read("Shot", studio.shot["id"], "sg_likeness_status")["sg_likeness_status"]
    assert status == "DENIED REVOKED"


@pytest.mark.req("BX-014")
@pytest.mark.parametrize("kind", ["closed", "silent"])
def test_licence_server_without_an_answer_holds_the_task_within_the_trackers_six_seconds(
    gate: Gate, serve: Any, kind: str
) -> None:
    with socket.socket() as closed, socket.create_server(("127.0.0.1", 0)) as silent:
        closed.bind(("127.0.0.1", 0))
        port = (closed if kind == "closed" else silent).getsockname()[1]
        studio = serve(studio_of(gate, server=f"http://127.0.0.1:{port}"))
        studio.add_likeness("ana", str(gate.token.jti))
        studio.add_likeness("ben", str(gate.token.jti))
        begun = time.monotonic()
        answer = studio.begin()
        assert time.monotonic() - begun < 6
    assert (answer.status_code, answer.json()["code"]) == (503, "OFFLINE")
    assert studio.status == "hld"
    assert studio.notes == ["trustmark: denied: OFFLINE"]


def test_one_refused_likeness_of_two_holds_the_task(studio: Studio) -> None:
    studio.add_likeness("ana", str(studio.gate.token.jti))
    studio.add_likeness("ben", str(uuid.uuid4()))
    studio.begin()
    assert studio.status == "hld"


def test_unsigned_stale_repeated_and_unreadable_deliveries_have_codes_and_change_nothing(
    studio: Studio,
) -> None:
    studio.add_likeness("ana")
    studio.site.update("Task", studio.task["id"], {"sg_status_list": "ip"})
    forged = studio.deliver(studio.event(), secret="another")
    assert (forged.status_code, forged.json()["code"]) == (401, "SIGNATURE_INVALID")
    assert httpx.post(studio.url, content=b"{}").json()["code"] == "SIGNATURE_INVALID"
    for ago in (3600, -3600):
        stale = studio.deliver(studio.event(), ago=ago)
        assert (stale.status_code, stale.json()["code"]) == (401, "TIMESTAMP_OUTSIDE_WINDOW")
    broken = studio.deliver({"event_type": 3})
    assert (broken.status_code, broken.json()["code"]) == (400, "DELIVERY_MALFORMED")
    assert httpx.get(studio.url).json()["code"] == "METHOD_NOT_ALLOWED"
    assert studio.status == "ip"
    heard = studio.event()
    assert studio.deliver(heard).json()["results"] == [{"code": "LICENCE_MISSING"}]
    studio.site.update("Task", studio.task["id"], {"sg_status_list": "ip"})
    assert studio.deliver(heard).json()["results"] == [{"code": "DELIVERY_DUPLICATE"}]
    assert studio.status == "ip", "what was heard once changes nothing a second time"


def test_unknown_task_unreadable_shot_and_other_events_have_codes(studio: Studio) -> None:
    gone = studio.event(entity={"type": "Task", "id": 9999})
    renamed = studio.event(attribute_name="content")
    assert studio.deliver(gone, renamed).json()["results"] == [
        {"code": "TASK_UNKNOWN"},
        {"code": "EVENT_IGNORED"},
    ]
    studio.site.delete("Shot", studio.shot["id"])
    assert studio.begin().json()["results"] == [{"code": "SHOT_UNKNOWN"}]
    assert studio.status == "hld"
    assert studio.notes == ["trustmark: denied: SHOT_UNKNOWN"]


def test_tracker_that_fails_is_said_to_have_failed_and_may_send_again(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    heard = studio.event()
    with monkeypatch.context() as broken:
        broken.setattr(studio.site, "find_one", lambda *_: 1 / 0)
        answer = studio.deliver(heard)
    assert (answer.status_code, answer.json()["code"]) == (502, "TRACKER_FAILED")
    studio.site.update("Task", studio.task["id"], {"sg_status_list": "ip"})
    assert studio.deliver(heard).json()["results"] == [{"code": "NO_LIKENESS"}]


def test_version_counts_its_receipts_and_names_the_frames_that_have_none(studio: Studio) -> None:
    gate = studio.gate
    done = gate.exec("--frames", "1-4", "--output", str(gate.frames), run=gate.paint(1, 4))
    assert done.returncode == 0, done.stderr
    gate.logged()
    publish_log(production_id=gate.token.production_id)
    studio.add_likeness("ana", str(gate.token.jti))
    version = studio.site.create(
        "Version",
        {
            "code": "sh010_v1",
            "project": studio.project,
            "entity": studio.shot,
            "sg_first_frame": 1,
            "sg_last_frame": 4,
        },
    )
    assert studio.desk.sync()["versions"] == 1
    fields = ("sg_receipts", "sg_likeness_status")
    said = studio.read("Version", version["id"], *fields)
    assert (said["sg_receipts"], said["sg_likeness_status"]) == (4, "RECEIPTED")
    studio.site.update("Version", version["id"], {"sg_last_frame": 6})
    studio.desk.sync()
    said = studio.read("Version", version["id"], *fields)
    assert (said["sg_receipts"], said["sg_likeness_status"]) == (4, "RECEIPTS_MISSING 2, first 5")


def test_shots_with_one_code_are_held_and_their_receipts_count_for_neither(studio: Studio) -> None:
    studio.add_likeness("ana", str(studio.gate.token.jti))
    told = {"code": "v001", "project": studio.project, "entity": studio.shot}
    version = studio.site.create("Version", told | {"sg_first_frame": 1, "sg_last_frame": 4})
    other = studio.site.create("Project", {"name": "another"})
    studio.site.create("Shot", {"code": "sh010", "project": other})
    assert studio.begin().json()["results"] == [{"code": "LICENSED"}]
    twin = studio.site.create("Shot", {"code": "sh010", "project": studio.project})
    assert studio.begin().json()["results"] == [{"code": "SHOT_AMBIGUOUS"}]
    assert studio.status == "hld"
    assert studio.notes == ["trustmark: denied: SHOT_AMBIGUOUS"]
    studio.desk.sync()
    name = Names().status
    assert studio.read("Version", version["id"], name)[name] == "RECEIPTS_UNKNOWN"
    studio.site.update("Shot", twin["id"], {"code": "sh011"})
    assert studio.begin().json()["results"] == [{"code": "LICENSED"}]


def test_webhook_without_a_secret_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="secret"):
        Deliveries("", tmp_path / "heard.sqlite3")
