"""Which changes widen a licence: a counter may narrow what is asked for, never widen it.

:func:`widenings` names every field by which the new terms grant more than the old ones, or change
what no counter may change. Money, credit, reporting, retention dates and the like grant nothing and
may change either way.

Source: TAXONOMY section 16.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from operator import attrgetter
from typing import Any, Final

from trustcore.older import zipped
from trustcore.policy.clauses import (
    RATINGS,
    Assignability,
    ChangeOfControl,
    ContentRule,
    Exclusivity,
    OnEnd,
    RatingSystem,
)
from trustcore.policy.settle import parse_time
from trustcore.policy.shape import ExclusiveRight, Terms, said
from trustcore.policy.territory import covers

_FIXED: Final = (
    "project",
    "talent",
    "licensor",
    "represented_by",
    "licensee",
    "replica_class",
    "description",
    "declared",
    "consent_id",
    "anchors",
    "script",
    "training",
    "governing_law",
    "approvals.mode",
    "approvals.quorum",
)
"""Whom and what the licence is about: another person, work or purpose is another request."""

_STRICTEST_FIRST: Final = {
    "assignability": tuple(Assignability),
    "change_of_control": tuple(ChangeOfControl),
}


def is_narrower(old: Terms, new: Terms) -> bool:
    """Answer whether ``new`` grants nothing that ``old`` does not; equal grants count as narrower."""
    return not widenings(old, new)


def widenings(old: Terms, new: Terms) -> tuple[str, ...]:
    """Return the paths of the fields by which ``new`` grants more than ``old``, in the order of the terms."""
    found = [path for path in _FIXED if attrgetter(path)(old) != attrgetter(path)(new)]
    for path, is_within in _RULES:
        was, now = (said(attrgetter(path)(one)) for one in (old, new))
        if was != now and not is_within(now, was):
            found.append(path)
    for path, order in _STRICTEST_FIRST.items():
        if order.index(getattr(new, path)) > order.index(getattr(old, path)):
            found.append(path)
    found += [f"content.{name}" for name in _opened(old, new)]
    found += [f"ratings.{system}" for system in _raised(old, new)]
    return tuple(found)


def _subset(now: Iterable[Any], was: Iterable[Any]) -> bool:
    return set(now) <= set(was)


def _superset(now: Iterable[Any], was: Iterable[Any]) -> bool:
    return set(now) >= set(was)


def _within_list(now: tuple[str, ...], was: tuple[str, ...]) -> bool:
    """An empty list restricts nothing, so it is the widest of all."""
    return not was or (bool(now) and set(now) <= set(was))


def _at_most(now: int, was: int) -> bool:
    return now <= was


def _at_least(now: int, was: int) -> bool:
    return now >= was


def _territories(now: tuple[str, ...], was: tuple[str, ...]) -> bool:
    return all(covers(was, code) for code in now)


def _not_earlier(now: str | None, was: str | None) -> bool:
    return was is None or (now is not None and parse_time(now) >= parse_time(was))


def _not_later(now: str | None, was: str | None) -> bool:
    return was is None or (now is not None and parse_time(now) <= parse_time(was))


def _no_larger(now: str | None, was: str | None) -> bool:
    if was is None or now is None:
        return was is None
    return all(int(n) <= int(w) for n, w in zipped(now.split("x"), was.split("x")))


def _no_more_days(now: int | None, was: int | None) -> bool:
    return was is None or (now is not None and now <= was)


def _clip_seconds(rights: Iterable[str]) -> int:
    lengths = [int(right[17:-1]) for right in rights if right.startswith("CLIP_MAX_SECONDS(")]
    return max(lengths, default=0)


def _edit_rights(now: tuple[str, ...], was: tuple[str, ...]) -> bool:
    others = {right for right in now if not right.startswith("CLIP_MAX_SECONDS(")}
    return others <= set(was) and _clip_seconds(now) <= _clip_seconds(was)


def _no_more_exclusive(now: ExclusiveRight, was: ExclusiveRight) -> bool:
    """None at all, or a right of the same kind (any, where it was the full one) that reaches no further."""
    if now.kind is Exclusivity.NONE:
        return True
    same = now.kind is was.kind and set(now.categories) <= set(was.categories)
    where = not was.territory or (bool(now.territory) and _territories(now.territory, was.territory))
    # left out, the right ends with the licence: an end that is named could lie beyond that
    ends = now.until is None if was.until is None else _not_later(now.until, was.until)
    return (was.kind is Exclusivity.FULL or same) and where and ends


def _no_more_words(now: int | None, was: int | None) -> bool:
    return was is None or (now is not None and now <= was)


def _ends_as_soon(now: str | None, was: str | None) -> bool:
    """An event that was not named may be; one that was named stays."""
    return was is None or now == was


def _destroyed(now: OnEnd, _was: OnEnd) -> bool:
    return now is not OnEnd.KEEP


def _only_added(now: bool, _was: bool) -> bool:
    return now


def _labelled(now: str, was: str) -> bool:
    return was == "NONE" or now != "NONE"


_RULES: Final[tuple[tuple[str, Callable[[Any, Any], bool]], ...]] = (
    ("vendors", _subset),
    ("constructs", _subset),
    ("use_types", _subset),
    ("scope.sequences", _within_list),
    ("scope.shots", _within_list),
    ("scope.characters", _within_list),
    ("scope.frames_max", _at_most),
    ("scope.lines_max", _at_most),
    ("scope.runs_max", _at_most),
    ("scope.seconds_max", _at_most),
    ("scope.resolution_max", _no_larger),
    ("scope.words_max", _no_more_words),
    ("scope.max_screen_seconds", _no_more_words),
    ("window.production_end_event", _ends_as_soon),
    ("window.not_before", _not_earlier),
    ("window.not_after", _not_later),
    ("window.days", _no_more_days),
    ("exploitation.until", _not_later),
    ("exploitation.channels", _subset),
    ("exploitation.distribution_territory", _territories),
    ("exploitation.edit_rights", _edit_rights),
    ("render_territory", _territories),
    ("tools.models_allowed", _within_list),
    ("tools.models_denied", _superset),
    ("tools.engines", _within_list),
    ("exclusivity", _no_more_exclusive),
    ("approvals.final_review_hours", _at_least),
    ("approvals.checkpoints", _superset),
    ("marking.watermark", _superset),
    ("marking.c2pa", _only_added),
    ("marking.visible_label", _labelled),
    ("retention.on_end", _destroyed),
    ("retention.scan", _destroyed),
    ("retention.replica_model", _destroyed),
    ("retention.outputs", _destroyed),
    ("profiles", _superset),
)
"""Each field that grants something, with the question whether its new value lies within the old one."""


def _freedom(rule: int | ContentRule | None) -> tuple[int, bool]:
    """Return the level that is free, and whether more can be had by asking; unsaid means: ask."""
    if isinstance(rule, int):
        return rule, False
    if rule is ContentRule.ALLOWED:
        return 5, True
    return 0, rule is not ContentRule.PROHIBITED


def _opened(old: Terms, new: Terms) -> Iterator[str]:
    for name in sorted(old.content.keys() | new.content.keys()):
        was, now = _freedom(old.content.get(name)), _freedom(new.content.get(name))
        if now[0] > was[0] or now[1] > was[1]:
            yield name


def _raised(old: Terms, new: Terms) -> Iterator[RatingSystem]:
    """Ceilings lifted or taken away; one more in another system is one more to stay under."""
    now = new.ratings or {}
    for system, ceiling in (old.ratings or {}).items():
        scale = RATINGS[system]
        if system not in now or scale.index(now[system]) > scale.index(ceiling):
            yield system
