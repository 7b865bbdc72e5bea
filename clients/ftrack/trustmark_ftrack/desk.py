"""What ftrack is asked and told. A task that may not go on is set on hold with a note; we never set one going.

A shot's likenesses stand in its metadata as ``trustmark_likenesses``: JSON, a list of ``{"talent": "handle",
"licence": "id", "request": "id"}``, the ids written by us. ``trustmark_status`` says how they stood last. A shot is known to
licences by its name, or by what ``trustmark_shot`` says where another shot has that name.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from trustmark_client import TrustmarkClient
from trustmark_client.shots import LICENSED, Order, ShotLikeness, ShotStanding, standing_of

ASK_SECONDS = 6.0
LIKENESSES, STATUS, KEY = "trustmark_likenesses", "trustmark_status", "trustmark_shot"


@dataclass(frozen=True)
class Heard:
    """What became of a question; ``codes`` are stable, the first is primary."""

    codes: tuple[str, ...]
    detail: str = ""

    @property
    def line(self) -> str:
        """What people read."""
        return f"{' '.join(self.codes)} ({self.detail})" if self.detail else " ".join(self.codes)


class Desk:
    """One ftrack session, one project, one licence server.

    Args:
        session: an ``ftrack_api.Session``.
        begun: names of the statuses that mean that work begins or goes on.
        held: name of the status that a task is set to while nothing may be rendered.
    """

    def __init__(
        self,
        session: Any,
        client: TrustmarkClient,
        order: Order,
        project_id: str,
        *,
        begun: tuple[str, ...] = ("In progress",),
        held: str = "On Hold",
    ) -> None:
        """Ask nothing yet."""
        self._session, self._client, self._order = session, client, order
        self._project, self._begun, self._held = project_id, begun, held

    # -- a task begins ---------------------------------------------------------------------------------------

    def begin_task(self, task_id: str) -> Heard:
        """A task changed its status: if work begins, ask for its shot's likenesses, and hold it unless all may."""
        task = self._one(
            "select id, project_id, parent_id, status.name from Task where id is", _uuid(task_id)
        )
        if task is None or task["project_id"] != self._project:
            return Heard(("TASK_UNKNOWN",), "not a task of this project")
        if task["status"]["name"] not in self._begun:
            return Heard(("TASK_NOT_BEGUN",))
        shot = self._shot(task["parent_id"])
        if shot is None:
            return Heard(("NOT_A_SHOT",))
        try:
            heard = self.ask(shot)
        except ValueError as error:
            heard = Heard(("LIKENESSES_UNREADABLE",), str(error))
        if heard.codes[0] not in {LICENSED, "NO_LIKENESS"}:
            self.hold(task, heard)
        return heard

    def hold(self, task: Any, heard: Heard) -> None:
        """Set a task on hold, and say why in a note."""
        status = self._one("select id from Status where name is", self._held)
        author = self._one("select id from User where username is", self._session.api_user)
        if status is None:
            raise LookupError(f"ftrack has no status {self._held!r}")
        task["status_id"] = status["id"]
        self._session.create(
            "Note",
            {
                "content": f"trustmark: denied: {heard.line}",
                "author": author,
                "parent_id": task["id"],
                "parent_type": "task",
            },
        )
        self._session.commit()

    # -- licences --------------------------------------------------------------------------------------------

    def ask(self, shot: Any) -> Heard:
        """Ask for every likeness of a shot, and write down what was said.

        Raises:
            ValueError: the shot's likenesses cannot be read.
        """
        told = _likenesses(shot["metadata"].get(LIKENESSES) or "[]")
        key = shot["metadata"].get(KEY) or shot["name"]
        if told and key == shot["name"] and self._has_namesake(shot):
            said = f"another shot of the project is called {key}: write {KEY} in the metadata of each"
            return Heard(("SHOT_AMBIGUOUS",), said)
        with self._client.transport.hurried(ASK_SECONDS):
            standings = [standing_of(self._client, self._order, one, shot=key) for one in told]
        heard = _heard(standings)
        if told:
            shot["metadata"][LIKENESSES] = json.dumps(
                [
                    {"talent": one.talent, "licence": now.licence, "request": now.request}
                    for one, now in zip(told, standings, strict=True)
                ]
            )
            shot["metadata"][STATUS] = heard.line
            self._session.commit()
        return heard

    def ask_about(self, shot_id: str) -> Heard:
        """How the likenesses of a shot stand, for whoever selected it."""
        shot = self._shot(_uuid(shot_id))
        return Heard(("SHOT_UNKNOWN",), "not a shot of this project") if shot is None else self.ask(shot)

    def sync(self) -> dict[str, int]:
        """Ask for every shot of the project that has likenesses; hold what may not go on. How many of each."""
        shots = self._session.query(
            f'select id, name, metadata from Shot where project_id is "{_uuid(self._project)}" '  # noqa: S608 - ids are UUIDs
            f'and metadata any (key is "{LIKENESSES}")'
        ).all()
        held = 0
        for shot in shots:
            heard = self.ask(shot)
            if heard.codes[0] not in {LICENSED, "NO_LIKENESS"}:
                for task in self._begun_tasks(shot["id"]):
                    self.hold(task, heard)
                    held += 1
        return {"shots": len(shots), "held": held}

    def _begun_tasks(self, shot_id: str) -> list[Any]:
        tasks = self._session.query(
            f'select id, status.name from Task where parent_id is "{_uuid(shot_id)}"'  # noqa: S608 - ids are UUIDs
        ).all()
        return [task for task in tasks if task["status"]["name"] in self._begun]

    def _has_namesake(self, shot: Any) -> bool:
        shots = self._session.query(
            f'select id, name from Shot where project_id is "{_uuid(self._project)}"'  # noqa: S608 - ids are UUIDs
        ).all()
        return any(one["name"] == shot["name"] and one["id"] != shot["id"] for one in shots)

    def _shot(self, shot_id: str) -> Any:
        shot = self._one("select id, name, project_id, metadata from Shot where id is", _uuid(shot_id))
        return shot if shot is not None and shot["project_id"] == self._project else None

    def _one(self, query: str, value: str) -> Any:
        if '"' in value or "\\" in value:
            raise ValueError(f"{value!r} cannot stand in a query")
        return self._session.query(f'{query} "{value}"').first()


def _uuid(text: str) -> str:
    """An id as ftrack writes them; it comes from an event, and stands in a query."""
    return str(UUID(str(text)))


def _likenesses(text: str) -> list[ShotLikeness]:
    try:
        return [
            ShotLikeness(str(one["talent"]), str(one.get("licence") or ""), str(one.get("request") or ""))
            for one in json.loads(text)
        ]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"{LIKENESSES} cannot be read: {error!r}") from error


def _heard(standings: list[ShotStanding]) -> Heard:
    stopped = [standing for standing in standings if not standing.may_begin]
    if stopped:
        codes = dict.fromkeys(code for standing in stopped for code in standing.reason_codes)
        return Heard(tuple(codes), "; ".join(standing.detail for standing in stopped))
    return Heard((LICENSED if standings else "NO_LIKENESS",))
