"""What the tracker is asked and told: a task that begins, licences that changed, frames that have receipts.

Values are read from the tracker, not from the event: an event says that something happened, not that it still holds.
A task that may not go on is set on hold, with a note that names the reason codes; we never set one going.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from trustmark_client import TrustmarkClient
from trustmark_client.errors import ClientError
from trustmark_client.shots import (
    DENIED,
    LICENSED,
    Order,
    ShotLikeness,
    ShotReceipts,
    ShotStanding,
    receipts_by_shot,
    standing_of,
)

from trustmark_shotgrid.names import Names

ASK_SECONDS = 4.0


class Site(Protocol):
    """What we use of ``shotgun_api3.Shotgun``."""

    def find(self, entity_type: str, filters: Any, fields: Any = ...) -> Any: ...

    def find_one(self, entity_type: str, filters: Any, fields: Any = ...) -> Any: ...

    def create(self, entity_type: str, data: Any) -> Any: ...

    def update(self, entity_type: str, entity_id: int, data: Any) -> Any: ...


@dataclass(frozen=True)
class Heard:
    """What became of an event: ``code`` is stable; ``again`` asks the tracker to send it once more."""

    code: str
    detail: str = ""
    again: bool = False


class Desk:
    """One site, one production, one licence server.

    Args:
        project_id: the tracker's id of the project; events of other projects are none of ours.
        patience_seconds: how long all questions about a shot may take; the tracker waits six seconds for us.
    """

    def __init__(
        self,
        site: Site,
        client: TrustmarkClient,
        order: Order,
        project_id: int,
        names: Names | None = None,
        *,
        patience_seconds: float = ASK_SECONDS,
    ) -> None:
        """Ask nothing yet."""
        self._site, self._client, self._order = site, client, order
        self._project = {"type": "Project", "id": project_id}
        self._names = names or Names()
        self._patience = patience_seconds

    # -- a task begins ---------------------------------------------------------------------------------------

    def begin_task(self, task_id: int) -> Heard:
        """A task changed its status: if work begins, ask for the likenesses of its shot, and hold it unless all may."""
        task = self._site.find_one(
            "Task", [["id", "is", task_id], ["project", "is", self._project]], ["sg_status_list", "entity"]
        )
        if task is None:
            return Heard("TASK_UNKNOWN", f"task {task_id} is not in this project")
        if task["sg_status_list"] not in self._names.begun:
            return Heard("TASK_NOT_BEGUN")
        entity = task["entity"] or {}
        if entity.get("type") != "Shot":
            return Heard("NOT_A_SHOT")
        shot = self._shot(entity["id"])
        if shot is None:
            return self._hold(task, None, "SHOT_UNKNOWN", f"shot {entity['id']} cannot be read")
        standings = self._renew(shot)
        stopped = [standing for standing in standings if not standing.may_begin]
        if not stopped:
            return Heard("LICENSED" if standings else "NO_LIKENESS")
        return self._hold(task, shot, *_said(stopped), again=any(one.is_unanswered for one in stopped))

    def _hold(
        self,
        task: dict[str, Any],
        shot: dict[str, Any] | None,
        codes: str,
        detail: str,
        *,
        again: bool = False,
    ) -> Heard:
        self._site.update("Task", task["id"], {"sg_status_list": self._names.held})
        links = [{"type": "Shot", "id": shot["id"]}] if shot else []
        self._site.create(
            "Note",
            {
                "project": self._project,
                "subject": f"trustmark: denied: {codes}",
                "content": f"Nothing may be rendered for this shot: {codes} ({detail}).",
                "note_links": links,
                "tasks": [{"type": "Task", "id": task["id"]}],
            },
        )
        return Heard(codes.split(maxsplit=1)[0], detail, again)

    # -- licences --------------------------------------------------------------------------------------------

    def sync(self) -> dict[str, int]:
        """Renew every likeness of the project, hold what may not go on, count receipts; how many of each."""
        held = shots = versions = 0
        for shot in self._shots():
            shots += 1
            stopped = [standing for standing in self._renew(shot) if not standing.may_begin]
            if stopped:
                for task in self._begun(shot):
                    self._hold(task, shot, *_said(stopped))
                    held += 1
        for version, receipts in self._versions():
            self._count(version, receipts)
            versions += 1
        return {"shots": shots, "held": held, "versions": versions}

    def _renew(self, shot: dict[str, Any]) -> list[ShotStanding]:
        """Ask for every likeness of a shot, and write down what was said."""
        standings = []
        ends_at = time.monotonic() + self._patience
        is_alone = self._is_alone(shot)
        for row in self._likenesses(shot):
            told = ShotLikeness(row["sg_talent"] or "", row["sg_licence"] or "", row["sg_request"] or "")
            if is_alone:
                with self._client.transport.hurried(ends_at - time.monotonic()):
                    standing = standing_of(self._client, self._order, told, shot=shot["code"])
            else:
                said = f"another shot of the project has the code {shot['code']}: receipts are known by it"
                standing = ShotStanding(DENIED, ("SHOT_AMBIGUOUS",), told.licence, told.request, said)
            standings.append(standing)
            self._site.update(
                self._names.likeness,
                row["id"],
                {
                    "sg_licence": standing.licence or told.licence,
                    "sg_request": standing.request or told.request,
                    "sg_state": standing.state,
                    "sg_reason_codes": " ".join(standing.reason_codes),
                },
            )
        self._site.update("Shot", shot["id"], {self._names.status: _summary(standings)})
        return standings

    def _shot(self, shot_id: int) -> dict[str, Any] | None:
        shot: dict[str, Any] | None = self._site.find_one(
            "Shot",
            [["id", "is", shot_id], ["project", "is", self._project]],
            ["code", self._names.on_shot],
        )
        return shot

    def _is_alone(self, shot: dict[str, Any]) -> bool:
        """Whether no other shot of the project has its code: licences and receipts know a shot by that alone."""
        alike = self._site.find(
            "Shot", [["project", "is", self._project], ["code", "is", shot["code"]]], ["code"]
        )
        return len(alike) == 1

    def _shots(self) -> Iterator[dict[str, Any]]:
        for shot in self._site.find(
            "Shot", [["project", "is", self._project]], ["code", self._names.on_shot]
        ):
            if shot[self._names.on_shot]:
                yield shot

    def _likenesses(self, shot: dict[str, Any]) -> list[dict[str, Any]]:
        ids = [link["id"] for link in shot[self._names.on_shot] or []]
        fields = ["sg_talent", "sg_licence", "sg_request"]
        found: list[dict[str, Any]] = (
            self._site.find(self._names.likeness, [["id", "in", ids]], fields) if ids else []
        )
        return found

    def _begun(self, shot: dict[str, Any]) -> list[dict[str, Any]]:
        tasks: list[dict[str, Any]] = self._site.find(
            "Task",
            [
                ["entity", "is", {"type": "Shot", "id": shot["id"]}],
                ["sg_status_list", "in", list(self._names.begun)],
            ],
            ["sg_status_list", "entity"],
        )
        return tasks

    # -- receipts --------------------------------------------------------------------------------------------

    def _versions(self) -> Iterator[tuple[dict[str, Any], ShotReceipts | None]]:
        """Versions with a range of frames, with what the log has of their shot; ``None`` where it cannot be read."""
        logs: dict[str, dict[str, ShotReceipts] | None] = {}
        for shot in self._shots():
            found = [row["sg_licence"] for row in self._likenesses(shot) if row["sg_licence"]]
            for licence in found:
                if licence not in logs:
                    logs[licence] = self._log(licence)
            for version in self._site.find(
                "Version",
                [["entity", "is", {"type": "Shot", "id": shot["id"]}]],
                ["sg_first_frame", "sg_last_frame"],
            ):
                if version["sg_first_frame"] is not None and version["sg_last_frame"] is not None:
                    known = [logs[licence] for licence in found] if self._is_alone(shot) else []
                    yield version, _together(known, shot["code"])

    def _log(self, licence: str) -> dict[str, ShotReceipts] | None:
        try:
            return receipts_by_shot(self._client, licence)
        except ClientError:
            return None

    def _count(self, version: dict[str, Any], receipts: ShotReceipts | None) -> None:
        if receipts is None:
            self._site.update("Version", version["id"], {self._names.status: "RECEIPTS_UNKNOWN"})
            return
        frames = range(version["sg_first_frame"], version["sg_last_frame"] + 1)
        missing = receipts.missing(frames)
        said = "RECEIPTED" if not missing else f"RECEIPTS_MISSING {len(missing)}, first {missing[0]}"
        count = len(frames) - len(missing)
        self._site.update("Version", version["id"], {self._names.receipts: count, self._names.status: said})


def _together(logs: list[dict[str, ShotReceipts] | None], shot: str) -> ShotReceipts | None:
    """A frame counts once every likeness in it has its receipt."""
    if not logs or any(log is None for log in logs):
        return None
    of_shot = [(log or {}).get(shot, ShotReceipts()).outcomes for log in logs]
    frames = set.intersection(*(set(outcomes) for outcomes in of_shot))
    return ShotReceipts(
        {
            frame: "RENDERED" if all(one[frame] == "RENDERED" for one in of_shot) else "DISCARDED"
            for frame in frames
        }
    )


def _said(stopped: list[ShotStanding]) -> tuple[str, str]:
    codes = dict.fromkeys(code for standing in stopped for code in standing.reason_codes)
    return " ".join(codes), "; ".join(standing.detail for standing in stopped)


def _summary(standings: list[ShotStanding]) -> str:
    stopped = [standing for standing in standings if not standing.may_begin]
    return f"{stopped[0].state} {_said(stopped)[0]}" if stopped else (LICENSED if standings else "")
