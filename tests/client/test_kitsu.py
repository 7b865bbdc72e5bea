"""The Kitsu service in its own process, between a real Zou and a served deployment: what a supervisor starts, it hears."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from typing import Any, Self

import pytest
from django.urls import resolve

from licensing.models import LicenceRequest
from receipts.models import RenderCheck
from receipts.services.publish import publish_log
from tests import factories
from tests.client import zou
from tests.client.test_gate import Gate, wait_for
from tests.client.test_shotgrid import TEMPLATE
from tests.client.tools import Ended, needs, node_environment, run, tool_python

pytestmark = [needs("kitsu"), needs("zou", made_by="kitsu"), pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def kitsu(tmp_path_factory: pytest.TempPathFactory, embedded_postgres: str) -> Iterator[zou.Zou]:
    with zou.serve(tmp_path_factory.mktemp("zou"), os.environ["DATABASE_URL"]) as served:
        yield served


class Shot:
    """A production in Kitsu with one shot and one task, and the service beside it."""

    def __init__(self, gate: Gate, kitsu: zou.Zou) -> None:
        self.gate, self.kitsu, self.key = gate, kitsu, "SQ01/sh010"
        self.project = kitsu.post("/data/projects", {"name": f"Prod {os.urandom(4).hex()}"})["id"]
        self.id = self.add("SQ01", "sh010")
        self.kind = next(one for one in kitsu.get("/data/task-types") if one["for_entity"] == "Shot")["id"]
        self.token = self.gate.folder / "kitsu.token"
        self.token.write_text(kitsu.bot("admin"))
        done = self.service("prepare")
        assert done.returncode == 0, done.said
        self.token.write_text(kitsu.bot("manager", self.project))
        self.task = kitsu.post(
            "/data/tasks",
            {
                "name": "main", "project_id": self.project, "entity_id": self.id, "task_type_id": self.kind,
                "task_status_id": self._status("todo"),
            },
        )["id"]  # fmt: skip

    def add(self, sequence: str, name: str) -> str:
        """A shot of three frames in a sequence, by its id in Kitsu."""
        above = self.kitsu.post(f"/data/projects/{self.project}/sequences", {"name": sequence})["id"]
        made = self.kitsu.post(
            f"/data/projects/{self.project}/shots",
            {"name": name, "sequence_id": above, "data": {"frame_in": 1, "frame_out": 3}},
        )
        return str(made["id"])

    def paint(self, first: int, last: int, *, key: str) -> None:
        """A farm's node renders these frames of the shot that is known by that key."""
        gate, frames = self.gate, f"{first}-{last}"
        done = gate.exec(
            "--shot", key, "--frames", frames, "--output", str(gate.frames), run=gate.paint(first, last)
        )
        assert done.returncode == 0, done.stderr
        gate.logged()
        publish_log(production_id=gate.token.production_id)

    def _status(self, short: str) -> str:
        return next(one["id"] for one in self.kitsu.get("/data/task-status") if one["short_name"] == short)

    # -- what people do in Kitsu -----------------------------------------------------------------------------

    def cast(self, talent: str, licence: str = "") -> None:
        """Put a character of this talent into the shot's breakdown."""
        kind = self.kitsu.one("entity-types", name="Character")["id"]
        told = {"trustmark_talent": talent} | ({"trustmark_licence": licence} if licence else {})
        asset = self.kitsu.post(
            f"/data/projects/{self.project}/asset-types/{kind}/assets/new", {"name": talent, "data": told}
        )["id"]
        cast = [
            {"asset_id": one["asset_id"], "nb_occurences": 1}
            for one in self.kitsu.get(f"/data/projects/{self.project}/entities/{self.id}/casting")
        ]
        self.kitsu.put(
            f"/data/projects/{self.project}/entities/{self.id}/casting",
            [*cast, {"asset_id": asset, "nb_occurences": 1}],
        )

    def set_status(self, short: str) -> None:
        """A supervisor's comment, which is how Kitsu changes a status."""
        self.kitsu.post(
            f"/actions/tasks/{self.task}/comment", {"task_status_id": self._status(short), "comment": ""}
        )

    @property
    def status(self) -> str:
        told = self.kitsu.get(f"/data/tasks/{self.task}/full")["task_status"]
        return str(told["short_name"])

    @property
    def comments(self) -> list[dict[str, Any]]:
        """Ours, the oldest first."""
        found = self.kitsu.get(f"/data/tasks/{self.task}/comments")
        return [one for one in reversed(found) if one["text"].startswith("trustmark: ")]

    @property
    def said(self) -> list[str]:
        return [one["text"].split(" (")[0] for one in self.comments]

    @property
    def data(self) -> dict[str, Any]:
        return self.kitsu.get(f"/data/shots/{self.id}")["data"]

    # -- the service -----------------------------------------------------------------------------------------

    def environment(self, server: str = "") -> dict[str, str]:
        return node_environment(
            self.gate, server=server, KITSU_API=self.kitsu.api, KITSU_EVENTS=self.kitsu.events,
            KITSU_TOKEN_FILE=str(self.token),
        )  # fmt: skip

    def command(self, verb: str, *options: str, template: bool = False) -> list[str]:
        path = self.gate.folder / "template.json"
        path.write_text(json.dumps(TEMPLATE))
        asked = ["--template", str(path)] if template else []
        return [
            str(tool_python("kitsu")), "-m", "trustmark_kitsu", verb, "--project", self.project, *options, *asked,
        ]  # fmt: skip

    def service(self, verb: str, *options: str, server: str = "", template: bool = False) -> Ended:
        command = self.command(verb, *options, template=template)
        return run(command, self.environment(server), cwd=self.gate.folder)


class Listening:
    """The service, listening; what it says is in a file."""

    def __init__(
        self, shot: Shot, *, server: str = "", template: bool = False, seconds: str = "3600"
    ) -> None:
        self.log = shot.gate.folder / "service.log"
        command = shot.command("listen", "--round-seconds", seconds, template=template)
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(
                command,
                env=shot.environment(server),
                cwd=shot.gate.folder,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        wait_for(lambda: "round: " in self.log.read_text() or self.process.poll() is not None)
        assert self.process.poll() is None, self.log.read_text()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        assert self.process.wait(30) == 0, self.log.read_text()[-2000:]


@pytest.fixture
def shot(gate: Gate, kitsu: zou.Zou) -> Shot:
    return Shot(gate, kitsu)


@pytest.mark.req("ST-054")
@pytest.mark.req("BX-014")
def test_task_goes_on_where_every_likeness_is_licensed_and_is_held_where_one_is_not(shot: Shot) -> None:
    licence = str(shot.gate.token.jti)
    shot.cast("ana", licence)
    with Listening(shot):
        shot.set_status("wip")
        wait_for(lambda: shot.said == ["trustmark: LICENSED"])
        assert shot.status == "wip"
        assert shot.comments[0]["links"] == [f"{shot.gate.server}/licences/{licence}/receipts/"]
        assert shot.data["trustmark_status"] == "LICENSED"
        shot.set_status("todo")
        shot.cast("ben")
        shot.set_status("wip")
        wait_for(lambda: len(shot.said) == 2)
    assert shot.said[1] == "trustmark: denied: LICENCE_MISSING"
    assert shot.status == "hold"


@pytest.mark.req("ST-058")
def test_supervisor_who_starts_a_shot_asks_for_a_licence_and_goes_on_when_it_was_given(shot: Shot) -> None:
    talent = factories.make_talent()
    factories.make_mandate(talent, factories.make_agent(factories.make_agency()))
    shot.cast(talent.handle)
    with Listening(shot, template=True):
        shot.set_status("wip")
        wait_for(lambda: shot.said == ["trustmark: denied: LICENCE_REQUESTED"])
        wait_for(lambda: shot.status == "hold")
        (request,) = LicenceRequest.objects.filter(talent=talent)
        assert shot.data["trustmark_likenesses"][talent.handle]["request"] == str(request.pk)
        assert request.current.terms["scope"]["shots"] == [shot.key]
        token = factories.approve(request)
        shot.set_status("wip")
        wait_for(lambda: len(shot.said) == 2)
    assert shot.said[1] == "trustmark: LICENSED"
    assert shot.status == "wip"
    assert shot.data["trustmark_likenesses"][talent.handle]["licence"] == str(token.pk)
    assert LicenceRequest.objects.filter(talent=talent).count() == 1


@pytest.mark.req("BX-014")
def test_licence_revoked_while_the_task_runs_holds_it_at_the_next_round(shot: Shot) -> None:
    shot.cast("ana", str(shot.gate.token.jti))
    with Listening(shot, seconds="2"):
        shot.set_status("wip")
        wait_for(lambda: shot.said == ["trustmark: LICENSED"])
        shot.gate.revoke()
        wait_for(lambda: shot.status == "hold")
        shot.set_status("wip")
        wait_for(lambda: shot.status == "hold")
    assert set(shot.said[1:]) == {"trustmark: denied: REVOKED"}
    assert shot.data["trustmark_status"] == "REVOKED"


@pytest.mark.req("BX-014")
@pytest.mark.parametrize("kind", ["closed", "silent"])
def test_licence_server_without_an_answer_holds_the_task(shot: Shot, kind: str) -> None:
    with socket.socket() as closed, socket.create_server(("127.0.0.1", 0)) as silent:
        closed.bind(("127.0.0.1", 0))
        port = (closed if kind == "closed" else silent).getsockname()[1]
        with Listening(shot, server=f"http://127.0.0.1:{port}"):
            shot.cast("ana", str(shot.gate.token.jti))
            begun = time.monotonic()
            shot.set_status("wip")
            wait_for(lambda: shot.status == "hold", 30)
            assert time.monotonic() - begun < 10
    assert shot.said == ["trustmark: denied: OFFLINE"]
    assert not RenderCheck.objects.exists()


@pytest.mark.req("ST-036")
@pytest.mark.req("BX-014")
def test_shot_that_is_delivered_has_its_receipts_or_is_held(shot: Shot) -> None:
    shot.cast("ana", str(shot.gate.token.jti))
    with Listening(shot):
        shot.paint(1, 2, key=shot.key)
        shot.set_status("wfa")
        wait_for(lambda: shot.status == "hold")
        assert (
            shot.comments[0]["text"] == "trustmark: denied: RECEIPTS_MISSING (1 of 3 frames, the first is 3)"
        )
        shot.paint(3, 3, key=shot.key)
        shot.set_status("wfa")
        wait_for(lambda: len(shot.said) == 2)
    assert shot.comments[1]["text"] == "trustmark: RECEIPTED (3 frames)"
    assert shot.status == "wfa"
    (link,) = shot.comments[1]["links"]
    assert resolve(link.removeprefix(shot.gate.server)).url_name == "portal-licence-receipts"


def test_receipts_of_a_shot_with_the_same_name_in_another_sequence_do_not_count_for_it(shot: Shot) -> None:
    shot.add("SQ02", "sh010")
    shot.cast("ana", str(shot.gate.token.jti))
    with Listening(shot):
        shot.set_status("wip")
        wait_for(lambda: shot.said == ["trustmark: LICENSED"])
        assert shot.data["trustmark_shot"] == "SQ01/sh010"
        shot.paint(1, 3, key="SQ02/sh010")
        shot.set_status("wfa")
        wait_for(lambda: shot.status == "hold")
        assert (
            shot.comments[1]["text"] == "trustmark: denied: RECEIPTS_MISSING (3 of 3 frames, the first is 1)"
        )
        shot.paint(1, 3, key="SQ01/sh010")
        shot.set_status("wfa")
        wait_for(lambda: len(shot.said) == 3)
    assert shot.said[2] == "trustmark: RECEIPTED"


def test_two_shots_that_were_given_one_key_are_held_until_they_differ(shot: Shot) -> None:
    shot.cast("ana", str(shot.gate.token.jti))
    other = shot.add("SQ02", "sh010")
    shot.kitsu.put(f"/data/entities/{other}", {"data": {"trustmark_shot": shot.key}})
    with Listening(shot):
        shot.set_status("wip")
        wait_for(lambda: shot.said == ["trustmark: denied: SHOT_UNREADABLE"])
        assert "two shots are known as SQ01/sh010" in shot.comments[0]["text"]
        shot.kitsu.put(f"/data/entities/{other}", {"data": {"trustmark_shot": "SQ02/sh010"}})
        shot.set_status("wip")
        wait_for(lambda: len(shot.said) == 2)
    assert shot.said[1] == "trustmark: LICENSED"


def test_shot_that_was_asked_for_by_its_bare_name_keeps_it_and_its_receipts(shot: Shot) -> None:
    licence = str(shot.gate.token.jti)
    shot.cast("ana", licence)
    before = {"trustmark_likenesses": {"ana": {"licence": licence, "request": ""}}}
    shot.kitsu.put(f"/data/entities/{shot.id}", {"data": shot.data | before})
    shot.paint(1, 3, key="sh010")
    with Listening(shot):
        wait_for(lambda: shot.data.get("trustmark_shot") == "sh010")
        shot.add("SQ02", "sh010")  # from now on the name alone would not do
        shot.set_status("wfa")
        wait_for(lambda: shot.said == ["trustmark: RECEIPTED"])


def test_what_happened_while_nobody_listened_is_found_by_the_round(shot: Shot) -> None:
    shot.cast("ana")
    shot.set_status("wip")
    done = shot.service("sync")
    assert json.loads(done.said.splitlines()[-1]) == {"shots": 1, "held": 1, "failed": 0}, done.said
    assert shot.said == ["trustmark: denied: LICENCE_MISSING"]
    assert shot.status == "hold"


def test_shot_without_likenesses_is_left_alone_and_one_that_cannot_be_read_is_held(shot: Shot) -> None:
    with Listening(shot):
        shot.set_status("wip")
        shot.set_status("todo")
        shot.cast("ana", str(shot.gate.token.jti))
        shot.kitsu.put(f"/data/entities/{shot.id}", {"data": {"trustmark_likenesses": {"ana": "scribble"}}})
        shot.set_status("wip")
        wait_for(lambda: shot.status == "hold")
    assert shot.said == ["trustmark: denied: SHOT_UNREADABLE"]


@pytest.mark.parametrize("what", ["Kitsu is gone", "token is not Kitsu's", "no such status"])
def test_service_that_would_hear_nothing_does_not_pretend_to_listen(shot: Shot, what: str) -> None:
    env, options = shot.environment(), ["--held", "nowhere"] if what == "no such status" else []
    if what == "Kitsu is gone":
        env |= {"KITSU_API": "http://127.0.0.1:9", "KITSU_EVENTS": "http://127.0.0.1:9"}
    elif what == "token is not Kitsu's":
        shot.token.write_text("nonsense")
    done = run(shot.command("listen", *options), env, cwd=shot.gate.folder)
    assert done.returncode == 1
    assert "trustmark kitsu: Kitsu cannot be spoken with: " in done.said
