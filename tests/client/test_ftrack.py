"""ftrack's own client library, its session and the dispatch of its event hub, on recorded events.

ftrack's server is hosted: what answers the session is ``ftrack_peer``, named for what it is.
"""

from __future__ import annotations

import json
import socket
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from licensing.models import LicenceRequest
from receipts.models import RenderCheck
from tests import factories
from tests.client.ftrack_peer import FtrackPeer
from tests.client.test_gate import Gate
from tests.client.test_shotgrid import TEMPLATE
from tests.client.tools import Ended, needs, node_environment, run, tool_python

pytestmark = [needs("ftrack"), pytest.mark.timeout(600)]

# dispatches recorded events through the library's own hub, as the hub's thread does with those that arrive
DRIVE = """
import json, os, sys
import ftrack_api
from ftrack_api.event.base import Event
from trustmark_ftrack import Desk, register
from trustmark_ftrack.__main__ import _client, _order
from pathlib import Path
project, template, events = sys.argv[1:]
session = ftrack_api.Session(schema_cache_path=False, plugin_paths=[])
desk = Desk(session, _client(), _order(Path(template) if template else None), project)
register(session, desk)
for raw in json.loads(events):
    if raw == "sync":
        print("said", json.dumps(desk.sync()))
        continue
    replies = session.event_hub.publish(Event(**raw), synchronous=True)
    print("said", json.dumps(replies))
"""


class Studio:
    """A project with one shot and one task in it."""

    def __init__(self, gate: Gate, peer: FtrackPeer) -> None:
        self.gate, self.peer = gate, peer
        self.project = str(uuid.uuid4())
        self.statuses = {name: peer.add("Status", name=name) for name in ("Ready", "In progress", "On Hold")}
        peer.add("User", username="artist")
        self.shot = peer.add("Shot", name="sh010", project_id=self.project)
        self.task = peer.add(
            "Task",
            name="comp",
            project_id=self.project,
            parent_id=self.shot["id"],
            status_id=self.statuses["Ready"]["id"],
        )

    def cast(self, *likenesses: dict[str, str]) -> None:
        self.peer.tell(self.shot, "trustmark_likenesses", json.dumps(likenesses))

    def set_status(self, name: str) -> None:
        self.task["status_id"] = self.statuses[name]["id"]

    @property
    def status(self) -> str:
        return self.peer.rows["Status"][self.task["status_id"]]["name"]

    @property
    def notes(self) -> list[str]:
        return [note["content"].split(" (")[0] for note in self.peer.rows["Note"].values()]

    def update(self, **changes: Any) -> dict[str, Any]:
        """An ``ftrack.update`` event as ftrack's hub sends it for a task whose status was changed by hand."""
        entity = {
            "entityId": self.task["id"], "entityType": "task", "action": "update", "keys": ["statusid"],
            "changes": {"statusid": {"old": self.statuses["Ready"]["id"], "new": self.statuses["In progress"]["id"]}},
            "objectTypeId": str(uuid.uuid4()), "parents": [],
        } | changes  # fmt: skip
        return {
            "topic": "ftrack.update",
            "data": {"entities": [entity]},
            "source": {"user": {"username": "ana"}},
        }

    def hear(self, *events: Any, server: str = "", template: bool = False) -> tuple[list[Any], Ended]:
        """The hub's replies to the events."""
        path = self.gate.folder / "template.json"
        path.write_text(json.dumps(TEMPLATE))
        env = node_environment(self.gate, server=server) | {
            "FTRACK_SERVER": self.peer.url,
            "FTRACK_API_KEY": "a key",
            "FTRACK_API_USER": "artist",
        }
        told = [self.project, str(path) if template else "", json.dumps(events)]
        done = run([str(tool_python("ftrack")), "-c", DRIVE, *told], env, cwd=self.gate.folder)
        assert done.returncode == 0, done.said
        said = [line.removeprefix("said ") for line in done.said.splitlines() if line.startswith("said ")]
        return [json.loads(line) for line in said], done

    def begin(self, **changes: Any) -> Ended:
        self.set_status("In progress")
        return self.hear(self.update(), **changes)[1]


@pytest.fixture
def studio(gate: Gate) -> Iterator[Studio]:
    peer = FtrackPeer()
    yield Studio(gate, peer)
    peer.close()


@pytest.mark.req("ST-051")
@pytest.mark.req("BX-014")
def test_task_begins_on_a_licensed_shot_and_is_held_on_one_that_has_no_licence(studio: Studio) -> None:
    studio.cast({"talent": "ana", "licence": str(studio.gate.token.jti)})
    studio.begin()
    assert studio.status == "In progress"
    assert studio.notes == []
    assert studio.peer.metadata(studio.shot)["trustmark_status"] == "LICENSED"
    studio.cast({"talent": "ana", "licence": str(studio.gate.token.jti)}, {"talent": "ben"})
    studio.begin()
    assert studio.status == "On Hold"
    assert studio.notes == ["trustmark: denied: LICENCE_MISSING"]


@pytest.mark.req("ST-058")
def test_start_of_a_shot_asks_for_a_licence_and_goes_on_when_it_was_given(studio: Studio) -> None:
    talent = factories.make_talent()
    factories.make_mandate(talent, factories.make_agent(factories.make_agency()))
    studio.cast({"talent": talent.handle})
    studio.begin(template=True)
    assert studio.status == "On Hold"
    assert studio.notes == ["trustmark: denied: LICENCE_REQUESTED"]
    (request,) = LicenceRequest.objects.filter(talent=talent)
    (noted,) = json.loads(studio.peer.metadata(studio.shot)["trustmark_likenesses"])
    assert noted["request"] == str(request.pk)
    factories.approve(request)
    studio.begin(template=True)
    assert studio.status == "In progress"
    assert LicenceRequest.objects.filter(talent=talent).count() == 1


@pytest.mark.req("BX-014")
def test_licence_revoked_while_the_task_runs_holds_it_at_the_next_round(studio: Studio) -> None:
    studio.cast({"talent": "ana", "licence": str(studio.gate.token.jti)})
    studio.set_status("In progress")
    assert studio.hear("sync")[0] == [{"shots": 1, "held": 0}]
    studio.gate.revoke()
    assert studio.hear("sync")[0] == [{"shots": 1, "held": 1}]
    assert studio.status == "On Hold"
    assert studio.notes == ["trustmark: denied: REVOKED"]


@pytest.mark.req("BX-014")
def test_licence_server_without_an_answer_holds_the_task_within_ten_seconds(studio: Studio) -> None:
    studio.cast({"talent": "ana", "licence": str(studio.gate.token.jti)})
    idle = studio.begin().seconds  # the library's start
    with socket.socket() as closed, socket.create_server(("127.0.0.1", 0)) as silent:
        closed.bind(("127.0.0.1", 0))
        for nowhere in (closed, silent):
            done = studio.begin(server=f"http://127.0.0.1:{nowhere.getsockname()[1]}")
            assert studio.status == "On Hold"
            assert studio.notes[-1] == "trustmark: denied: OFFLINE"
            assert done.seconds - idle < 10


def test_shot_whose_name_another_has_is_held_until_it_has_a_key_of_its_own(studio: Studio) -> None:
    studio.cast({"talent": "ana", "licence": str(studio.gate.token.jti)})
    studio.peer.add("Shot", name="sh010", project_id=str(uuid.uuid4()))  # of another production
    studio.begin()
    assert (studio.status, studio.notes) == ("In progress", [])
    studio.peer.add("Shot", name="sh010", project_id=studio.project)
    studio.begin()
    assert studio.status == "On Hold"
    assert studio.notes == ["trustmark: denied: SHOT_AMBIGUOUS"]
    studio.peer.tell(studio.shot, "trustmark_shot", "SQ01/sh010")
    studio.begin()
    assert studio.status == "In progress"
    assert RenderCheck.objects.latest("at").shot == "SQ01/sh010"


def test_likenesses_that_cannot_be_read_hold_the_task_and_other_events_change_nothing(studio: Studio) -> None:
    studio.cast({"licence": "no talent"})
    studio.set_status("In progress")
    other = [
        studio.update(keys=["name"]),
        studio.update(entityType="show"),
        studio.update(action="remove"),
        studio.update(entityId=str(uuid.uuid4())),
        studio.update(entityId='" or 1'),
    ]
    studio.hear(*other)
    assert studio.status == "In progress"
    studio.hear(studio.update())
    assert studio.status == "On Hold"
    assert studio.notes == ["trustmark: denied: LIKENESSES_UNREADABLE"]


@pytest.mark.req("ST-051")
def test_action_is_offered_for_shots_and_says_how_they_stand(studio: Studio) -> None:
    studio.cast({"talent": "ana", "licence": str(studio.gate.token.jti)})
    chosen = {"selection": [{"entityId": studio.shot["id"], "entityType": "task"}]}
    me = {"user": {"username": "artist"}}
    discover = {"topic": "ftrack.action.discover", "data": chosen, "source": me}
    launch = {
        "topic": "ftrack.action.launch",
        "data": chosen | {"actionIdentifier": "trustmark.likeness"},
        "source": me,
    }
    elsewhere = discover | {"data": {"selection": [{"entityId": "1", "entityType": "show"}]}}
    offered, none, said = studio.hear(discover, elsewhere, launch)[0]
    assert offered == [{"items": [{"label": "Likeness licences", "actionIdentifier": "trustmark.likeness"}]}]
    assert none == [None]
    assert said == [{"success": True, "message": "LICENSED"}]
    studio.gate.revoke()
    (said,) = studio.hear(launch)[0]
    assert said[0]["success"] is False
    assert said[0]["message"].startswith("REVOKED (")
