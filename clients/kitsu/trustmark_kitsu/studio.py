"""What Kitsu is asked and told, through gazu: tasks, shots, the breakdown, statuses and comments of one project.

A character is an asset whose metadata names a talent (``trustmark_talent``, the handle in the vault); a shot's
likenesses are those of the characters in its breakdown. What we know of each is noted in the shot's metadata
(``trustmark_likenesses``), how they stood last (``trustmark_status``) and by which key its receipts are known
(``trustmark_shot``).
"""

from __future__ import annotations

import functools
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import gazu
from trustmark_client.shots import ShotLikeness

from trustmark_kitsu.shots import KEY, LIKENESSES, ShotKeys

TALENT, LICENCE, STATUS = "trustmark_talent", "trustmark_licence", "trustmark_status"
ANSWER_SECONDS = 20.0


@dataclass(frozen=True)
class Statuses:
    """Short names of Kitsu's statuses.

    Attributes:
        begun: work begins or goes on.
        delivered: frames are shown to somebody; they have receipts, or the task is held.
        held: what a task is set to while nothing may be rendered.
    """

    begun: tuple[str, ...] = ("wip",)
    delivered: tuple[str, ...] = ("wfa",)
    held: str = "hold"


@dataclass(frozen=True)
class Task:
    """A task of a shot as it stands in Kitsu now."""

    id: str
    status: str
    shot_id: str


class Studio:
    """One project in Kitsu, as a bot sees it.

    Args:
        host: Kitsu's API, ``https://kitsu.example/api``.
        token: the bot's access token.
        project_id: Kitsu's id of the project; what happens in others is none of ours.
        answer_seconds: how long Kitsu may take for one answer; gazu itself would wait for ever.
    """

    def __init__(
        self,
        host: str,
        token: str,
        project_id: str,
        *,
        statuses: Statuses | None = None,
        answer_seconds: float = ANSWER_SECONDS,
    ) -> None:
        """Ask nothing yet."""
        self.client = gazu.client.create_client(host, access_token=token)
        session = self.client.session
        session.request = functools.partial(session.request, timeout=answer_seconds)
        self.project, self.statuses = project_id, statuses or Statuses()

    def check(self) -> None:
        """Whether Kitsu knows us, has the project, and has the status that a task is held with.

        Raises:
            LookupError: Kitsu has no such status.
            Exception: gazu's own, for everything else.
        """
        gazu.client.get_current_user(client=self.client)
        gazu.project.get_project(self.project, client=self.client)
        self._status(self.statuses.held)

    # -- what is there ---------------------------------------------------------------------------------------

    def task(self, task_id: str) -> Task | None:
        """The task, if it is one of a shot of this project."""
        try:
            raw = gazu.task.get_task(task_id, client=self.client)
        except gazu.exception.RouteNotFoundException:
            return None
        if raw["project_id"] != self.project or (raw.get("entity_type") or {}).get("name") != "Shot":
            return None
        return Task(raw["id"], raw["task_status"]["short_name"], raw["entity_id"])

    def tasks_of(self, shot: dict[str, Any]) -> list[Task]:
        """Every task of a shot."""
        names = {one["id"]: one["short_name"] for one in gazu.task.all_task_statuses(client=self.client)}
        raw = gazu.task.all_tasks_for_shot(shot["id"], client=self.client)
        return [Task(one["id"], names[one["task_status_id"]], shot["id"]) for one in raw]

    def shot(self, shot_id: str) -> dict[str, Any]:
        """A shot with its metadata."""
        found: dict[str, Any] = gazu.shot.get_shot(shot_id, client=self.client)
        return found

    def shot_keys(self) -> ShotKeys:
        """By which key each shot of the project is known to licences and receipts."""
        project = {"id": self.project}
        return ShotKeys.of(
            gazu.shot.all_shots_for_project(project, client=self.client),
            [
                *gazu.shot.all_sequences_for_project(project, client=self.client),
                *gazu.shot.all_episodes_for_project(project, client=self.client),
            ],
        )

    def shots_with_likenesses(self) -> list[str]:
        """Ids of the shots that any character with a talent is cast in."""
        cast: set[str] = set()
        for asset in gazu.asset.all_assets_for_project(self.project, client=self.client):
            if (asset["data"] or {}).get(TALENT):
                links = gazu.casting.get_asset_cast_in(asset["id"], client=self.client)
                cast |= {link["shot_id"] for link in links if link.get("shot_id")}
        return sorted(cast)

    def likenesses_of(self, shot: dict[str, Any]) -> list[ShotLikeness]:
        """The likenesses of a shot's breakdown, with the licences and requests that were noted for them.

        Raises:
            ValueError: what was noted cannot be read.
        """
        noted = (shot["data"] or {}).get(LIKENESSES) or {}
        found: dict[str, ShotLikeness] = {}
        for link in gazu.casting.get_shot_casting(shot, client=self.client):
            told = gazu.asset.get_asset(link["asset_id"], client=self.client)["data"] or {}
            if talent := str(told.get(TALENT) or "").strip():
                try:
                    mine = noted.get(talent) or {}
                    licence = str(mine.get("licence") or told.get(LICENCE) or "").strip()
                    found[talent] = ShotLikeness(talent, licence, str(mine.get("request") or ""))
                except AttributeError as error:
                    raise ValueError(f"{LIKENESSES} of {shot['name']} cannot be read") from error
        return list(found.values())

    # -- what is told ----------------------------------------------------------------------------------------

    def note(
        self, shot: dict[str, Any], key: str, likenesses: dict[str, dict[str, str]], status: str
    ) -> None:
        """Write down what was said of a shot; nothing where nothing changed."""
        told = {KEY: key, LIKENESSES: likenesses, STATUS: status}
        if {name: (shot["data"] or {}).get(name) for name in told} != told:
            gazu.shot.update_shot_data(shot["id"], told, client=self.client)

    def comment(self, task: Task, text: str, links: Iterable[str], *, status: str = "") -> None:
        """Comment on a task; ``status`` is set with it, or stays as it is.

        Raises:
            LookupError: Kitsu has no such status.
        """
        found = self._status(status or task.status)
        gazu.task.add_comment(task.id, found, text, links=list(links), client=self.client)

    def _status(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] | None = gazu.task.get_task_status_by_short_name(name, client=self.client)
        if found is None:
            raise LookupError(f"Kitsu has no status {name!r}: trustmark-kitsu prepare makes it")
        return found

    def prepare(self) -> None:
        """Make what we need and Kitsu does not have: the status of held tasks, and a column for each of our fields."""
        if gazu.task.get_task_status_by_short_name(self.statuses.held, client=self.client) is None:
            status = gazu.task.new_task_status("On hold", self.statuses.held, "#B3261E", client=self.client)
            gazu.project.add_task_status(self.project, status, client=self.client)
        columns = gazu.project.all_metadata_descriptors(self.project, client=self.client)
        there = {(one["entity_type"], one["field_name"]) for one in columns}
        for kind, field in (("Asset", TALENT), ("Asset", LICENCE), ("Shot", STATUS), ("Shot", KEY)):
            if (kind, field) not in there:
                gazu.project.add_metadata_descriptor(self.project, field, kind, client=self.client)
