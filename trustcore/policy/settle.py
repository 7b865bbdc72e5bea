"""Bring terms into their one canonical form, and refuse terms that contradict themselves.

Lists that are sets are sorted, presets become countries, times become UTC in whole seconds, and
content that is prohibited by default is written out. What then still makes no sense is refused,
with the path of the field:

1. the schema's lists that must say something (use types, constructs, territories, channels) do;
2. texts say something and hide nothing (no blanket consent, no invisible controls);
3. the window has two ends in order, and its days agree with them, or only its days;
4. training use types and other use types never stand in the same terms, and training terms say so;
5. content switches and ratings are known, levels stand only where there are levels, and some switches
   can never open;
6. a version after the first names the one it supersedes.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

import msgspec
from msgspec.structs import replace

from trustcore.errors import InvalidTerms
from trustcore.older import UTC, moment_of
from trustcore.policy.clauses import (
    LEVELLED_CONTENT,
    NEGOTIABLE_CONTENT,
    NEVER_CHANGEABLE_CONTENT,
    PROHIBITED_CONTENT,
    RATINGS,
    ContentRule,
    RatingSystem,
)
from trustcore.policy.shape import (
    Approvals,
    Compensation,
    Declared,
    ExclusiveRight,
    Exploitation,
    Marking,
    Reporting,
    Scope,
    ScriptRef,
    Terms,
    Tools,
    Window,
    said,
)
from trustcore.policy.territory import expand_territories, is_territory
from trustcore.policy.vocabulary import TRAINING_USE_TYPES, ApprovalMode

DAY: Final = timedelta(days=1)
G = TypeVar("G", bound=msgspec.Struct)
_CONTENT: Final = frozenset(PROHIBITED_CONTENT) | frozenset(NEGOTIABLE_CONTENT)
_EDIT_RIGHT: Final = re.compile(
    r"FULL_WORK|TRAILER|CUTDOWN|STILL|LOCALISED_VERSION|CLIP_MAX_SECONDS\([1-9]\d{0,4}\)"
)
_RFC3339: Final = re.compile(r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d{1,9})?([Zz]|[+-]\d\d:\d\d)", re.ASCII)
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})
_LINE_BREAKS: Final = frozenset("\n\t")


def parse_time(text: str, path: str = "time") -> datetime:
    """Return the RFC 3339 time ``text`` as an aware datetime in UTC, fractions of a second dropped.

    Raises:
        InvalidTerms: ``text`` is not RFC 3339 with an offset, or no such moment exists.
    """
    if not _RFC3339.fullmatch(text):
        raise InvalidTerms("a time is written like 2026-01-31T09:30:00Z", path)
    try:
        return moment_of(text.upper()).astimezone(UTC).replace(microsecond=0)
    except (ValueError, OverflowError) as error:
        raise InvalidTerms("there is no such moment", path) from error


def format_time(moment: datetime) -> str:
    """Return an aware datetime as terms write it: ``2026-01-31T09:30:00Z``.

    Raises:
        ValueError: ``moment`` has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError("a time in terms needs a time zone")
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def settle(terms: Terms) -> Terms:
    """Return ``terms`` in canonical form.

    Raises:
        InvalidTerms: they contradict themselves; the error names the field.
    """
    settled = replace(
        terms,
        vendors=_unique(terms.vendors),
        compensation=_compensation(terms.compensation),
        constructs=_some(terms.constructs, "constructs"),
        anchors=_unique(terms.anchors),
        use_types=_some(terms.use_types, "use_types"),
        description=_text(terms.description, "description"),
        project=replace(terms.project, title=_text(terms.project.title, "project.title")),
        script=tuple(_script(ref, f"script[{i}]") for i, ref in enumerate(terms.script)),
        scope=_scope(terms.scope),
        window=_window(terms.window),
        exploitation=_exploitation(terms.exploitation),
        render_territory=_countries(terms.render_territory, "render_territory"),
        tools=_tools(terms.tools),
        exclusivity=_exclusivity(terms.exclusivity),
        content=_content(terms.content),
        ratings=_ratings(terms.ratings),
        declared=msgspec.UNSET if terms.declared in (msgspec.UNSET, Declared()) else terms.declared,
        approvals=_approvals(terms.approvals),
        reporting=Reporting(cadence=terms.reporting.cadence, to=_unique(terms.reporting.to)),
        marking=_marking(terms.marking),
        renewal=replace(
            terms.renewal,
            notify_days_before=tuple(sorted(set(terms.renewal.notify_days_before), reverse=True)),
        ),
        profiles=_unique(terms.profiles),
        credit=_optional_text(terms.credit, "credit"),
        dispute=_optional_text(terms.dispute, "dispute"),
    )
    _refuse_hidden(msgspec.to_builtins(settled), "")
    _refuse_contradictions(settled)
    return settled


def _refuse_hidden(value: object, path: str) -> None:
    """Refuse characters nobody sees, in whatever text they hide: what is signed is what is read."""
    if isinstance(value, str):
        if any(unicodedata.category(c) in _HIDDEN and c not in _LINE_BREAKS for c in value):
            raise InvalidTerms("control and invisible characters are not allowed", path)
    elif isinstance(value, dict):
        for name, item in value.items():
            _refuse_hidden(item, f"{path}.{name}" if path else name)
    elif isinstance(value, tuple):
        for place, item in enumerate(value):
            _refuse_hidden(item, f"{path}[{place}]")


def _refuse_contradictions(terms: Terms) -> None:
    trains = TRAINING_USE_TYPES & set(terms.use_types)
    if trains and not terms.training.allowed:
        raise InvalidTerms("training is never part of render terms; ask for it separately", "use_types")
    if terms.training.allowed and len(trains) != len(terms.use_types):
        raise InvalidTerms("training terms grant training use types and nothing else", "training.allowed")
    if not terms.training.separate_token_required:
        raise InvalidTerms("training always needs a token of its own", "training.separate_token_required")
    if not is_territory(terms.governing_law):
        raise InvalidTerms("not an ISO 3166 code", "governing_law")
    if terms.terms_version == 1 and terms.supersedes is not None:
        raise InvalidTerms("the first version supersedes nothing", "supersedes")
    if terms.terms_version > 1 and terms.supersedes is None:
        raise InvalidTerms("a later version names the one it supersedes", "supersedes")


def _unique(values: Iterable[Any]) -> tuple[Any, ...]:
    return tuple(sorted(set(values)))


def _some(values: tuple[Any, ...], path: str) -> tuple[Any, ...]:
    if not values:
        raise InvalidTerms("name at least one", path)
    return _unique(values)


def _countries(names: tuple[str, ...], path: str) -> tuple[str, ...]:
    if not names:
        raise InvalidTerms("name at least one territory", path)
    try:
        return expand_territories(names)
    except ValueError as error:
        raise InvalidTerms(str(error), path) from error


def _text(text: str, path: str) -> str:
    """Return the text in NFC without blanks around it; refuse an empty one."""
    clean = unicodedata.normalize("NFC", text).strip()
    if not clean:
        raise InvalidTerms("say something here; an empty text would be a blanket consent", path)
    return clean


def _optional_text(text: str | None, path: str) -> str | None:
    return None if text is None else _text(text, path)


def _moment(text: str | None, path: str) -> str | None:
    return None if text is None else format_time(parse_time(text, path))


def _script(ref: ScriptRef, path: str) -> ScriptRef:
    return replace(ref, dated=_moment(ref.dated, f"{path}.dated"))


def _scope(scope: Scope) -> Scope:
    return replace(
        _without_nothing(scope),
        sequences=_unique(scope.sequences),
        shots=_unique(scope.shots),
        characters=_unique(_text(name, "scope.characters") for name in scope.characters),
    )


def _window(window: Window) -> Window:
    """Return the window with days that agree with its ends, where it has ends."""
    if window.not_before is None or window.not_after is None:
        if window.not_before != window.not_after or window.days is None:
            raise InvalidTerms("give both ends, or only the days", "window")
        return _without_nothing(window)
    start = parse_time(window.not_before, "window.not_before")
    end = parse_time(window.not_after, "window.not_after")
    if end <= start:
        raise InvalidTerms("the window ends before it begins", "window.not_after")
    days = -((start - end) // DAY)
    if window.days not in (None, days):
        raise InvalidTerms(f"the two ends are {days} days apart, not {window.days}", "window.days")
    return replace(
        _without_nothing(window), not_before=format_time(start), not_after=format_time(end), days=days
    )


def _compensation(pay: Compensation) -> Compensation:
    if (dated := said(pay.equivalent_days_dated)) is not None:
        pay = replace(pay, equivalent_days_dated=_moment(dated, "compensation.equivalent_days_dated"))
    return _without_nothing(pay)


def _without_nothing(group: G) -> G:
    """Return the group without the younger fields that say ``null``: nothing agreed is left out, never written."""
    nothing = {
        one.name: msgspec.UNSET
        for one in msgspec.structs.fields(type(group))
        if one.default is msgspec.UNSET and getattr(group, one.name) is None
    }
    return replace(group, **nothing) if nothing else group


def _exploitation(use: Exploitation) -> Exploitation:
    for right in use.edit_rights:
        if not _EDIT_RIGHT.fullmatch(right):
            raise InvalidTerms(f"{right!r} is not an edit right", "exploitation.edit_rights")
    return Exploitation(
        until=_moment(use.until, "exploitation.until"),
        channels=_some(use.channels, "exploitation.channels"),
        distribution_territory=_countries(use.distribution_territory, "exploitation.distribution_territory"),
        edit_rights=_some(use.edit_rights, "exploitation.edit_rights"),
    )


def _tools(tools: Tools) -> Tools:
    return Tools(
        models_allowed=_unique(tools.models_allowed),
        models_denied=_unique(tools.models_denied),
        engines=_unique(tools.engines),
    )


def _exclusivity(right: ExclusiveRight) -> ExclusiveRight:
    where = right.territory
    return replace(
        right,
        categories=_unique(right.categories),
        territory=_countries(where, "exclusivity.territory") if where else (),
        until=_moment(right.until, "exclusivity.until"),
    )


def _approvals(approvals: Approvals) -> Approvals:
    if (approvals.mode is ApprovalMode.QUORUM) != (approvals.quorum is not None):
        raise InvalidTerms("a quorum needs its number, and only a quorum has one", "approvals.quorum")
    return replace(approvals, checkpoints=_unique(approvals.checkpoints))


def _marking(marking: Marking) -> Marking:
    return replace(marking, watermark=_unique(marking.watermark))


def _content(content: dict[str, int | ContentRule]) -> dict[str, int | ContentRule]:
    settled: dict[str, int | ContentRule] = dict.fromkeys(PROHIBITED_CONTENT, ContentRule.PROHIBITED)
    for name, rule in content.items():
        if name not in _CONTENT:
            raise InvalidTerms("no such content switch", f"content.{name}")
        if isinstance(rule, int) and name not in LEVELLED_CONTENT:
            raise InvalidTerms("this switch has no levels", f"content.{name}")
        if name in NEVER_CHANGEABLE_CONTENT and rule != ContentRule.PROHIBITED:
            raise InvalidTerms("no agreement can allow this", f"content.{name}")
        settled[name] = rule
    return dict(sorted(settled.items()))


def _ratings(
    ceilings: dict[RatingSystem, str] | msgspec.UnsetType,
) -> dict[RatingSystem, str] | msgspec.UnsetType:
    """Return the ceilings in order; none at all reads as nothing agreed."""
    if not ceilings:
        return msgspec.UNSET
    for system, rating in ceilings.items():
        if rating not in RATINGS[system]:
            raise InvalidTerms(f"no such rating; one of {', '.join(RATINGS[system])}", f"ratings.{system}")
    return dict(sorted(ceilings.items()))
