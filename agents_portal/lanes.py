"""What a licence allowed from moment to moment: the timeline's lane of state, as stretches of time that meet."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from licensing.selectors import LicenceLine, Pause


@dataclass(frozen=True)
class Stretch:
    """From when until when something held, in words, with its tone."""

    begins: datetime
    ends: datetime
    words: str
    tone: str


def state_lane(
    line: LicenceLine,
    lineage: Sequence[LicenceLine],
    *,
    warned_days: int,
    now: datetime,
) -> list[Stretch]:
    """What ``line``, one of ``lineage``, allows over its window: render, last days, paused, and what ended it early.

    A hold that is not lifted pauses it until its end.

    Args:
        warned_days: how many days before the end its first notice goes out.
    """
    lane = _end(line, lineage, now)
    ends = lane[0].begins if lane else line.not_after
    soon = max(line.not_before, ends - timedelta(days=0 if lane else warned_days))
    last = ngettext("Last %(days)s day", "Last %(days)s days", warned_days) % {"days": warned_days}
    runs = [
        Stretch(line.not_before, soon, _("May render"), "permit"),
        Stretch(soon, ends, last, "expire"),
    ]
    for begins, until in _merged(line.pauses, line.not_before, ends):
        runs = [part for run in runs for part in _without(run, begins, until)]
        runs.append(Stretch(begins, until, _("Paused"), "unsure"))
    return [one for one in sorted([*runs, *lane], key=lambda one: one.begins) if one.ends > one.begins]


def _end(line: LicenceLine, lineage: Sequence[LicenceLine], now: datetime) -> list[Stretch]:
    """What ended it before its window did."""
    until = line.not_after
    if line.revoked_at is not None:
        return [Stretch(min(line.revoked_at, until), until, _("Revoked"), "deny")]
    if line.state == "SUPERSEDED":
        next_ones = [one.not_before for one in lineage if one.version > line.version]
        return [Stretch(min([*next_ones, until]), until, _("Replaced"), "unsure")]
    words = {"EXHAUSTED": _("Used up"), "TERMINATED_CHANGE_OF_CONTROL": _("Ended")}.get(line.state)
    return [Stretch(min(max(now, line.not_before), until), until, words, "deny")] if words else []


def _merged(pauses: Iterable[Pause], first: datetime, last: datetime) -> list[tuple[datetime, datetime]]:
    """Within the window, the earliest first; those that overlap are one."""
    found: list[tuple[datetime, datetime]] = []
    for one in sorted(pauses, key=lambda pause: pause.begins):
        begins, ends = max(first, one.begins), min(last, one.ends or last)
        if begins >= ends:
            continue
        if found and begins <= found[-1][1]:
            found[-1] = (found[-1][0], max(found[-1][1], ends))
        else:
            found.append((begins, ends))
    return found


def _without(run: Stretch, begins: datetime, ends: datetime) -> list[Stretch]:
    """What is left of a stretch before and after a pause."""
    parts = replace(run, ends=min(run.ends, begins)), replace(run, begins=max(run.begins, ends))
    return [part for part in parts if part.ends > part.begins]
