"""What becomes of a task: one that may not go on is set on hold with a comment; we never set one going.

Values are read from Kitsu, not from the event: an event says that something happened, not that it still holds.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from trustmark_client import TrustmarkClient
from trustmark_client.errors import ClientError
from trustmark_client.shots import LICENSED, Order, ShotReceipts, ShotStanding, receipts_by_shot, standing_of

from trustmark_kitsu.shots import ShotKeys
from trustmark_kitsu.studio import Studio, Task

ASK_SECONDS = 6.0
NO_LIKENESS = "NO_LIKENESS"
GOOD = frozenset({LICENSED, NO_LIKENESS, "RECEIPTED"})
log = logging.getLogger("trustmark.kitsu")


@dataclass(frozen=True)
class Heard:
    """What became of a question; ``codes`` are stable, the first is primary; ``licences`` are those it is about."""

    codes: tuple[str, ...]
    detail: str = ""
    licences: tuple[str, ...] = ()

    @property
    def is_good(self) -> bool:
        """Whether the task may stay as it is."""
        return self.codes[0] in GOOD

    @property
    def line(self) -> str:
        """What people read."""
        said = " ".join(self.codes)
        line = f"{said} ({self.detail})" if self.detail else said
        return f"trustmark: {line}" if self.is_good else f"trustmark: denied: {line}"


class Desk:
    """One project in Kitsu, one licence server.

    Args:
        server: the licence server's public address, for links to licences and receipts.
    """

    def __init__(self, studio: Studio, client: TrustmarkClient, order: Order, server: str) -> None:
        """Ask nothing yet."""
        self._studio, self._client, self._order = studio, client, order
        self._server = server.rstrip("/")

    def hear(self, task_id: str) -> Heard:
        """A task changed its status: work begins, or is delivered; hold it unless it may."""
        task = self._studio.task(task_id)
        if task is None:
            return Heard(("TASK_UNKNOWN",), "not a task of a shot of this project")
        if task.status in self._studio.statuses.begun:
            question = self.ask
        elif task.status in self._studio.statuses.delivered:
            question = self.count
        else:
            return Heard(("TASK_NOT_BEGUN",))
        heard = _heard_out(question, self._studio.shot(task.shot_id), self._studio.shot_keys())
        if not heard.is_good:
            self.hold(task, heard)
        elif heard.codes[0] != NO_LIKENESS:
            self._studio.comment(task, heard.line, self._links(heard))
        return heard

    def hold(self, task: Task, heard: Heard) -> None:
        """Set a task on hold, and say why."""
        self._studio.comment(task, heard.line, self._links(heard), status=self._studio.statuses.held)

    def sync(self) -> dict[str, int]:
        """Ask for every shot with likenesses; hold what may not go on. How many of each; one that fails stops no other."""
        counts = {"shots": 0, "held": 0, "failed": 0}
        keys = self._studio.shot_keys()
        for shot_id in self._studio.shots_with_likenesses():
            counts["shots"] += 1
            try:
                counts["held"] += self._renew(self._studio.shot(shot_id), keys)
            except Exception:  # Kitsu's own client raises many kinds
                log.exception("shot %s: could not be asked for", shot_id)
                counts["failed"] += 1
        return counts

    def _renew(self, shot: dict[str, Any], keys: ShotKeys) -> int:
        heard = _heard_out(self.ask, shot, keys)
        if heard.is_good:
            return 0
        begun = [task for task in self._studio.tasks_of(shot) if task.status in self._studio.statuses.begun]
        for task in begun:
            self.hold(task, heard)
        return len(begun)

    # -- licences and receipts -------------------------------------------------------------------------------

    def ask(self, shot: dict[str, Any], keys: ShotKeys) -> Heard:
        """Ask for every likeness of a shot, and note what was said.

        Raises:
            ValueError: what was noted of the shot cannot be read, or another is known by its key.
        """
        told = self._studio.likenesses_of(shot)
        if not told:
            return Heard((NO_LIKENESS,))
        key = keys.of_shot(shot)
        with self._client.transport.hurried(ASK_SECONDS):
            standings = [standing_of(self._client, self._order, one, shot=key) for one in told]
        heard = _together(standings)
        noted = {
            one.talent: {"licence": now.licence, "request": now.request}
            for one, now in zip(told, standings, strict=True)
        }
        self._studio.note(shot, key, noted, " ".join(heard.codes))
        return heard

    def count(self, shot: dict[str, Any], keys: ShotKeys) -> Heard:
        """Whether every frame of a shot has a receipt as rendered, of every likeness in it.

        Raises:
            ValueError: what was noted of the shot cannot be read, another is known by its key, or it does not say
                which frames it has.
        """
        told = self._studio.likenesses_of(shot)
        licences = tuple(one.licence for one in told if one.licence)
        if not told:
            return Heard((NO_LIKENESS,))
        if len(licences) < len(told):
            return Heard(("LICENCE_MISSING",), "a likeness of this shot has no licence", licences)
        frames, key = _frames(shot), keys.of_shot(shot)
        try:
            with self._client.transport.hurried(ASK_SECONDS):
                logs = [receipts_by_shot(self._client, licence).get(key) for licence in licences]
        except ClientError as error:
            return Heard(("RECEIPTS_UNKNOWN", error.screen_code), str(error), licences)
        missing = sorted({frame for log in logs for frame in (log or ShotReceipts()).missing(frames)})
        if missing:
            detail = f"{len(missing)} of {len(frames)} frames, the first is {missing[0]}"
            return Heard(("RECEIPTS_MISSING",), detail, licences)
        return Heard(("RECEIPTED",), f"{len(frames)} frames", licences)

    def _links(self, heard: Heard) -> list[str]:
        return [f"{self._server}/licences/{licence}/receipts/" for licence in heard.licences]


def _heard_out(
    question: Callable[[dict[str, Any], ShotKeys], Heard], shot: dict[str, Any], keys: ShotKeys
) -> Heard:
    try:
        return question(shot, keys)
    except ValueError as error:
        return Heard(("SHOT_UNREADABLE",), str(error))


def _together(standings: list[ShotStanding]) -> Heard:
    licences = tuple(standing.licence for standing in standings if standing.licence)
    stopped = [standing for standing in standings if not standing.may_begin]
    if stopped:
        codes = dict.fromkeys(code for standing in stopped for code in standing.reason_codes)
        return Heard(tuple(codes), "; ".join(standing.detail for standing in stopped), licences)
    return Heard((LICENSED,), "; ".join(standing.detail for standing in standings), licences)


def _frames(shot: dict[str, Any]) -> range:
    told = shot["data"] or {}
    try:
        first, last = int(told["frame_in"]), int(told["frame_out"])
    except (KeyError, TypeError, ValueError) as error:
        raise ValueError(f"{shot['name']} does not say its first and last frame") from error
    if last < first:
        raise ValueError(f"{shot['name']} ends before it begins")
    return range(first, last + 1)
