"""Subscriptions of the event hub: ``ftrack.update`` of a task's status, and the action *Likeness licences*.

The hub logs and swallows what a callback raises, and work would go on: every failure of ours ends in a task on hold
or, where ftrack itself fails, in the log. The gate that no frame passes is the render check on the farm.
"""

from __future__ import annotations

import functools
import logging
from typing import Any

from trustmark_ftrack.desk import Desk, Heard

ACTION = "trustmark.likeness"
log = logging.getLogger("trustmark.ftrack")


def register(session: Any, desk: Desk) -> None:
    """Subscribe to what concerns us on the session's hub."""
    hub = session.event_hub
    hub.subscribe("topic=ftrack.update", functools.partial(on_update, desk))
    mine = f"source.user.username={session.api_user}"
    hub.subscribe(f"topic=ftrack.action.discover and {mine}", on_discover)
    hub.subscribe(
        f"topic=ftrack.action.launch and data.actionIdentifier={ACTION}", functools.partial(on_launch, desk)
    )


def on_update(desk: Desk, event: Any) -> None:
    """Tasks whose status changed, in one event or many."""
    for entity in event["data"].get("entities") or []:
        keys = {str(key).lower() for key in entity.get("keys") or []}
        if entity.get("entityType") == "task" and entity.get("action") == "update" and "statusid" in keys:
            try:
                heard = desk.begin_task(str(entity["entityId"]))
            except Exception:  # the hub would swallow it without a word of ours
                log.exception("task %s: the event could not be heard out", entity.get("entityId"))
            else:
                log.info("task %s: %s", entity["entityId"], heard.line)


def on_discover(event: Any) -> dict[str, Any] | None:
    """The action is offered for shots and tasks, as ftrack calls both: ``task``."""
    selection = event["data"].get("selection") or []
    if not selection or any(entity.get("entityType") != "task" for entity in selection):
        return None
    return {"items": [{"label": "Likeness licences", "actionIdentifier": ACTION}]}


def on_launch(desk: Desk, event: Any) -> dict[str, Any]:
    """How the selected shots stand, on one line each; a success only if every one of them may be rendered."""
    lines, good = [], True
    for entity in event["data"].get("selection") or []:
        try:
            heard = desk.ask_about(str(entity["entityId"]))
        except Exception as error:  # whoever clicked must hear that nothing is known
            log.exception("shot %s", entity.get("entityId"))
            heard = Heard(("FAILED",), type(error).__name__)
        good = good and heard.codes[0] in {"LICENSED", "NO_LIKENESS"}
        lines.append(heard.line)
    return {"success": good and bool(lines), "message": "\n".join(lines) or "nothing was selected"}
