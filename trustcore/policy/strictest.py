"""Combine the profiles that apply to a licence: the strictest limit wins and says which text set it.

    >>> judge(terms, [profile_named("SAG_TVT_2026@1")], at=now).unmet  # doctest: +SKIP
    (Unmet(rule='REQUIRE', field='script', profile='SAG_TVT_2026@1', ...),)

Source: TAXONOMY sections 5, 18 and 19; BX-007.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from operator import attrgetter
from typing import Any, Final

from trustcore.older import dataclass
from trustcore.policy.clauses import OnEnd
from trustcore.policy.profiles import (
    AtTheEnd,
    Checkpoints,
    DistributionHold,
    FinalReviewHours,
    Marks,
    NoticeHours,
    PlatformLabel,
    Profile,
    Refuse,
    Require,
    RevokeWithinHours,
    Rule,
    StrikeSuspends,
    TrainingApart,
    VisibleMark,
    When,
    WindowDaysMax,
)
from trustcore.policy.shape import Declared, Terms
from trustcore.policy.vocabulary import ReplicaClass, UseType


@dataclass(frozen=True, slots=True)
class Person:
    """As much of the talent as profiles ask about."""

    minor: bool = False
    deceased: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit that holds, the profile that set it, and those that asked less.

    Attributes:
        name: as ``NOTICE_HOURS``, or ``AT_THE_END:scan``.
        value: hours, days, or the codes that are owed.
        because: the sentence of the rule that won.
        overruled: refs of the profiles whose limit was weaker.
    """

    name: str
    value: int | tuple[str, ...]
    profile: str
    because: str
    overruled: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Unmet:
    """A rule that the terms or declarations do not meet."""

    rule: str
    field: str
    profile: str
    because: str


@dataclass(frozen=True, slots=True)
class Judgement:
    """What the profiles say of one version of terms.

    Attributes:
        unmet: what stands against issuing; empty: nothing.
        warnings: the same by texts that are only expected.
    """

    limits: tuple[Limit, ...]
    unmet: tuple[Unmet, ...]
    warnings: tuple[Unmet, ...]

    def hours(self, name: str) -> int:
        """The hours of a limit; 0 where no profile sets it."""
        return next((one.value for one in self.limits if one.name == name and isinstance(one.value, int)), 0)

    def codes(self, name: str) -> tuple[str, ...]:
        """Every code that limits of that name ask for."""
        values = (one.value for one in self.limits if one.name == name)
        return tuple(sorted({code for value in values if isinstance(value, tuple) for code in value}))


def judge(
    terms: Terms,
    profiles: Iterable[Profile],
    *,
    at: datetime,
    person: Person | None = None,
) -> Judgement:
    """Judge ``terms`` by every profile that binds at ``at``, and warn by those that are expected.

    Profiles that were struck down or are out of date say nothing. The same rules apply whatever the order
    of ``profiles``.
    """
    ordered = sorted(profiles, key=lambda one: one.ref)
    who = person or Person()
    declared = terms.declared or Declared()
    binding = [(p, r) for p in ordered if p.binds_at(at) for r in p.rules if _applies(r.when, terms, who)]
    expected = [(p, r) for p in ordered if p.warns_at(at) for r in p.rules if _applies(r.when, terms, who)]
    return Judgement(
        limits=tuple(_limits(binding)),
        unmet=tuple(_unmet(terms, declared, binding)),
        warnings=tuple(_unmet(terms, declared, expected)),
    )


def _applies(when: When, terms: Terms, person: Person) -> bool:
    lists: tuple[tuple[tuple[Any, ...], tuple[Any, ...]], ...] = (
        (when.use_types, terms.use_types),
        (when.constructs, terms.constructs),
        (when.replica_classes, (terms.replica_class,)),
        (when.channels, terms.exploitation.channels),
        (when.project_kinds, (terms.project.kind,)),
    )
    met = all(not wanted or not set(wanted).isdisjoint(said) for wanted, said in lists)
    dead = person.deceased or terms.replica_class is ReplicaClass.DECEASED_DIGITAL_REPLICA
    dead = dead or UseType.POSTHUMOUS_RENDER in terms.use_types
    return met and when.minor in (None, person.minor) and when.deceased in (None, dead)


_HIGHEST: Final[dict[type, tuple[str, Callable[[Any], int]]]] = {
    NoticeHours: ("NOTICE_HOURS", attrgetter("hours")),
    FinalReviewHours: ("FINAL_REVIEW_HOURS", attrgetter("hours")),
}
_LOWEST: Final[dict[type, tuple[str, Callable[[Any], int]]]] = {
    WindowDaysMax: ("WINDOW_DAYS_MAX", attrgetter("days")),
    RevokeWithinHours: ("REVOKE_WITHIN_HOURS", attrgetter("hours")),
}
Binding = list[tuple[Profile, Rule]]


def _limits(binding: Binding) -> Iterator[Limit]:
    for table, pick in ((_HIGHEST, max), (_LOWEST, min)):
        for kind, (name, value) in table.items():
            rows = [(profile, rule) for profile, rule in binding if isinstance(rule, kind)]
            if rows:
                yield _strictest(rows, name, value, pick)
    for profile, rule in binding:
        for name, codes in _codes(rule):
            yield Limit(name, codes, profile.ref, rule.because)
    yield from _at_the_end(binding)


def _strictest(
    rows: Binding, name: str, value: Callable[[Any], int], pick: Callable[[Iterable[int]], int]
) -> Limit:
    best = pick(value(rule) for _profile, rule in rows)
    profile, winner = next((p, r) for p, r in rows if value(r) == best)
    weaker = tuple(sorted({p.ref for p, r in rows if value(r) != best} - {profile.ref}))
    return Limit(name, best, profile.ref, winner.because, weaker)


def _codes(rule: Rule) -> Iterator[tuple[str, tuple[str, ...]]]:
    if isinstance(rule, Checkpoints):
        yield "CHECKPOINTS", tuple(str(code) for code in rule.checkpoints)
    elif isinstance(rule, DistributionHold):
        yield "DISTRIBUTION_HOLD", (str(rule.until),)
    elif isinstance(rule, Marks):
        yield "MARKS", (*(str(layer) for layer in rule.watermark), *(("C2PA",) if rule.c2pa else ()))
    elif isinstance(rule, VisibleMark):
        yield "VISIBLE_MARK", tuple(str(label) for label in rule.labels)
    elif isinstance(rule, PlatformLabel):
        yield "PLATFORM_LABEL", tuple(str(label) for label in rule.labels)
    elif isinstance(rule, StrikeSuspends):
        yield "STRIKE_SUSPENDS", ("STRIKE",)
    elif isinstance(rule, TrainingApart):
        yield "TRAINING_APART", ("TRAINING",)
    elif isinstance(rule, Require):
        yield "REQUIRE", tuple(rule.fields)


def _at_the_end(binding: Binding) -> Iterator[Limit]:
    """What several texts allow together is what each of them allows; nothing in common means destroy."""
    for material in ("scan", "replica_model", "outputs"):
        rows = [(p, r) for p, r in binding if isinstance(r, AtTheEnd) and r.material == material]
        if rows:
            allowed = set(OnEnd).intersection(*(r.allowed for _p, r in rows)) or {OnEnd.DESTROY}
            profile, rule = min(rows, key=lambda row: len(row[1].allowed))
            weaker = tuple(sorted({p.ref for p, _r in rows} - {profile.ref}))
            yield Limit(
                f"AT_THE_END:{material}", tuple(sorted(map(str, allowed))), profile.ref, rule.because, weaker
            )


def _unmet(terms: Terms, declared: Declared, binding: Binding) -> Iterator[Unmet]:
    for profile, rule in binding:
        for name, field in _missing(terms, declared, rule):
            yield Unmet(name, field, profile.ref, rule.because)


def _missing(terms: Terms, declared: Declared, rule: Rule) -> Iterator[tuple[str, str]]:
    if isinstance(rule, Require):
        yield from (("REQUIRE", field) for field in rule.fields if not _says(terms, declared, field))
    elif isinstance(rule, Refuse):
        yield from (("REFUSE", field) for field in rule.fields if _says(terms, declared, field))
    elif isinstance(rule, WindowDaysMax):
        if (terms.window.days or 0) > rule.days:
            yield "WINDOW_DAYS_MAX", "window.days"
    elif isinstance(rule, (Checkpoints, DistributionHold, FinalReviewHours)):
        yield from _unreviewed(terms, rule)
    elif isinstance(rule, TrainingApart):
        if rule.days_max and terms.training.allowed and (terms.window.days or 0) > rule.days_max:
            yield "TRAINING_APART", "window.days"
    else:
        yield from _unmarked(terms, declared, rule)


def _unreviewed(terms: Terms, rule: Rule) -> Iterator[tuple[str, str]]:
    approvals = terms.approvals
    if isinstance(rule, Checkpoints):
        if not set(rule.checkpoints) <= set(approvals.checkpoints):
            yield "CHECKPOINTS", "approvals.checkpoints"
    elif isinstance(rule, DistributionHold):
        if rule.until not in approvals.checkpoints:
            yield "DISTRIBUTION_HOLD", "approvals.checkpoints"
    elif isinstance(rule, FinalReviewHours) and approvals.final_review_hours < rule.hours:
        yield "FINAL_REVIEW_HOURS", "approvals.final_review_hours"


def _unmarked(terms: Terms, declared: Declared, rule: Rule) -> Iterator[tuple[str, str]]:
    if isinstance(rule, Marks):
        if not set(rule.watermark) <= set(terms.marking.watermark):
            yield "MARKS", "marking.watermark"
        if rule.c2pa and not terms.marking.c2pa:
            yield "MARKS", "marking.c2pa"
    elif isinstance(rule, VisibleMark):
        excused = rule.unless is not None and _says(terms, declared, rule.unless)
        if terms.marking.visible_label not in rule.labels and not excused:
            yield "VISIBLE_MARK", "marking.visible_label"
    elif isinstance(rule, AtTheEnd) and getattr(terms.retention, rule.material) not in rule.allowed:
        yield "AT_THE_END", f"retention.{rule.material}"


def _says(terms: Terms, declared: Declared, field: str) -> bool:
    """Whether a field says something; one that does not exist says nothing, so what requires it stays unmet."""
    root, path = (declared, field[9:]) if field.startswith("declared.") else (terms, field)
    try:
        value = attrgetter(path)(root)
    except AttributeError:
        return False
    if field == "script":
        return bool(value) and all(ref.dated for ref in value)
    return bool(value)
