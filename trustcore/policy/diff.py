"""What is different between two versions of terms, one sentence for each changed field.

    >>> [change.sentence for change in diff_terms(old, new)]       # doctest: +SKIP
    ['The frame limit grows from 3,000 to 4,200.']

Every field of the terms has its sentence here, so nothing can change silently; only the schema's
name, the version and what it supersedes are left out, being the version itself.

Source: TAXONOMY section 16 ("the difference from the last approved terms").
"""

from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter
from typing import Final

import msgspec

from trustcore.policy.clauses import RatingSystem
from trustcore.policy.narrow import is_narrower, widenings
from trustcore.policy.sentences import (
    BASIS_POINTS,
    CHOICE,
    COUNTRIES,
    DATE,
    DAYS,
    EVER,
    HOURS,
    IDENT,
    SECONDS,
    SIZE,
    TEXT,
    Reader,
    amount,
    channel,
    construct,
    flag,
    limits,
    members,
    rule,
    script,
    use,
)
from trustcore.policy.shape import Declared, Terms
from trustcore.policy.territory import territory_name
from trustcore.policy.words import CONTENT, counted, money, plain

__all__ = ["TermChange", "diff_terms", "is_narrower", "widenings"]

_HASHES: Final = members(str)
_CODES: Final = members(plain)

READERS: Final = (
    Reader("project.id", "production's id", IDENT),
    Reader("project.kind", "kind of project", CHOICE),
    Reader("project.title", "production's title", TEXT),
    Reader("project.eidr", "EIDR id of the production", IDENT),
    Reader("licensor", "licensor", IDENT),
    Reader("represented_by", "representative", IDENT),
    Reader("licensee", "licensee", IDENT),
    Reader("vendors", "vendors who may work on it", members(str)),
    Reader("assignability", "rule for handing the licence on", CHOICE),
    Reader("change_of_control", "rule for a change of the studio's owner", CHOICE),
    Reader("talent", "talent", IDENT),
    Reader("constructs", "parts of the likeness", members(construct)),
    Reader("anchors", "reference assets", _HASHES),
    Reader("replica_class", "class of replica", CHOICE),
    Reader("use_types", "uses", members(use)),
    Reader("consent_id", "consent record", IDENT),
    Reader("description", "description", TEXT),
    Reader("script", "script versions", members(script)),
    Reader("scope.sequences", "sequence", limits(str)),
    Reader("scope.shots", "shot", limits(str)),
    Reader("scope.characters", "character", limits(str)),
    Reader("scope.frames_max", "frame limit", amount),
    Reader("scope.lines_max", "line limit", amount),
    Reader("scope.runs_max", "limit of runs and outputs", amount),
    Reader("scope.seconds_max", "limit of sound", SECONDS),
    Reader("scope.resolution_max", "largest picture", SIZE),
    Reader("window.not_before", "first day", DATE),
    Reader("window.not_after", "last day", DATE),
    Reader("window.days", "length of the licence", DAYS),
    Reader("exploitation.until", "last day the work may be shown", EVER),
    Reader("exploitation.channels", "channels it may be shown through", members(channel)),
    Reader("exploitation.distribution_territory", "countries it may be shown in", COUNTRIES),
    Reader("exploitation.edit_rights", "ways it may be cut", _CODES),
    Reader("render_territory", "countries whose machines may render it", COUNTRIES),
    Reader("tools.models_allowed", "model", limits(str)),
    Reader("tools.models_denied", "models that may not be used", members(str)),
    Reader("tools.engines", "rendering engine", limits(str)),
    Reader("exclusivity.kind", "exclusive right", CHOICE),
    Reader("exclusivity.categories", "exclusive categories", members(str)),
    Reader("exclusivity.territory", "exclusive country", limits(territory_name)),
    Reader("exclusivity.until", "end of the exclusive right", EVER),
    Reader("exclusivity.most_favoured_nation", "most-favoured terms", flag("agreed", "not agreed")),
    Reader("approvals.mode", "way of approving", CHOICE),
    Reader("approvals.quorum", "number who must agree", IDENT),
    Reader("approvals.final_review_hours", "time to see the final shots", HOURS),
    Reader("approvals.checkpoints", "checkpoints", _CODES),
    Reader("compensation.basis", "basis of pay", CHOICE),
    Reader("compensation.currency", "currency", IDENT),
    Reader("compensation.scale_reference", "scale it refers to", TEXT),
    Reader("compensation.equivalent_days_estimated", "estimate of days", DAYS),
    Reader("compensation.equivalent_days_method", "method of the estimate", TEXT),
    Reader("compensation.pension_health_bps", "pension and health contribution", BASIS_POINTS),
    Reader("compensation.agent_commission_bps", "agent's commission", BASIS_POINTS),
    Reader("compensation.residuals", "residuals as if in person", flag("owed", "not owed")),
    Reader("compensation.payee", "payee", IDENT),
    Reader("compensation.due", "time of payment", TEXT),
    Reader("compensation.late_terms", "rule for late payment", TEXT),
    Reader("reporting.cadence", "rhythm of reports", CHOICE),
    Reader("reporting.to", "readers of the reports", _CODES),
    Reader("marking.watermark", "hidden marks", _CODES),
    Reader("marking.c2pa", "signing with Content Credentials", flag("required", "not required")),
    Reader("marking.visible_label", "visible label", CHOICE),
    Reader("marking.iptc", "digital source type", IDENT),
    Reader("credit", "credit", TEXT),
    Reader("security.storage_class", "storage class", IDENT),
    Reader("security.encryption", "encryption", IDENT),
    Reader("security.tpn_level", "TPN level", IDENT),
    Reader("retention.on_end", "rule for material at the end", CHOICE),
    Reader("retention.scan", "rule for scans at the end", CHOICE),
    Reader("retention.replica_model", "rule for the replica at the end", CHOICE),
    Reader("retention.outputs", "rule for outputs at the end", CHOICE),
    Reader("training.allowed", "training", flag("granted", "not granted")),
    Reader(
        "training.separate_token_required", "separate token for training", flag("required", "not required")
    ),
    Reader(
        "renewal.notify_days_before", "reminders before the end", members(lambda days: counted(days, "day"))
    ),
    Reader("renewal.terms", "footing of a renewal", CHOICE),
    Reader("profiles", "rules that apply", members(str)),
    Reader("governing_law", "governing law", IDENT),
    Reader("dispute", "way of settling disputes", TEXT),
)
"""How each field is told, in the order of the terms."""

MONEY: Final = {
    "compensation.amount_minor": "amount",
    "compensation.overage_rate_minor": "rate for going over",
    "compensation.minimum_guarantee_minor": "minimum guarantee",
    "compensation.kill_fee_minor": "kill fee",
}
"""Amounts of money, told in the currency of their own version."""


@dataclass(frozen=True, slots=True)
class TermChange:
    """One changed field.

    Attributes:
        field: its path, as ``scope.frames_max`` or ``content.NUDITY``.
        before: what it was, in words; empty where a list only gained something.
        after: what it is now, in words; empty where a list only lost something.
        sentence: one plain English sentence that holds both texts word for word.
    """

    field: str
    before: str
    after: str
    sentence: str


def diff_terms(old: Terms, new: Terms) -> tuple[TermChange, ...]:
    """Return every difference between two versions, in the order of the terms; empty where none is."""
    return (
        *_fields(old, new),
        *_amounts(old, new),
        *_content(old, new),
        *_ratings(old, new),
        *_declared(old, new),
    )


def _fields(old: Terms, new: Terms) -> Iterator[TermChange]:
    for reader in READERS:
        was, now = attrgetter(reader.path)(old), attrgetter(reader.path)(new)
        if was != now:
            yield TermChange(reader.path, *reader.tell(reader.label, was, now))


def _amounts(old: Terms, new: Terms) -> Iterator[TermChange]:
    for path, label in MONEY.items():
        before, after = (money(attrgetter(path)(t), t.compensation.currency) for t in (old, new))
        if attrgetter(path)(old) != attrgetter(path)(new):
            yield TermChange(path, before, after, f"The {label} changes from {before} to {after}.")


def _content(old: Terms, new: Terms) -> Iterator[TermChange]:
    for name in sorted(old.content.keys() | new.content.keys()):
        was, now = old.content.get(name), new.content.get(name)
        if was != now:
            before, after = rule(was), rule(now)
            sentence = f"{CONTENT[name]}: {before} until now, {after} from now on."
            yield TermChange(f"content.{name}", before, after, sentence)


def _ratings(old: Terms, new: Terms) -> Iterator[TermChange]:
    was, now = old.ratings or {}, new.ratings or {}
    for system in RatingSystem:
        before, after = was.get(system, "no ceiling"), now.get(system, "no ceiling")
        if before != after:
            sentence = f"The highest {system} rating changes from {before} to {after}."
            yield TermChange(f"ratings.{system}", before, after, sentence)


def _declared(old: Terms, new: Terms) -> Iterator[TermChange]:
    was, now = old.declared or Declared(), new.declared or Declared()
    for field in msgspec.structs.fields(Declared):
        before, after = (_said(getattr(one, field.name)) for one in (was, now))
        if before != after:
            label = field.name.replace("_", " ")
            sentence = f"Declared {label}: {before} until now, {after} from now on."
            yield TermChange(f"declared.{field.name}", before, after, sentence)


def _said(value: str | bool | None) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "nothing" if value is None else f"“{value}”"
