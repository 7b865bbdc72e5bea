"""What is different between two versions of terms, one sentence for each changed field.

    >>> [change.sentence for change in diff_terms(old, new)]       # doctest: +SKIP
    ['The frame limit grows from 3,000 to 4,200.']

Every field of the terms has its sentence here, so nothing can change silently; only the schema's
name, the version and what it supersedes are left out, being the version itself.

Source: TAXONOMY section 16 ("the difference from the last approved terms").
"""

from __future__ import annotations

from collections.abc import Iterator
from operator import attrgetter
from typing import Final

import msgspec

from trustcore.language import ENGLISH, Language, message
from trustcore.older import dataclass
from trustcore.policy.clauses import RatingSystem
from trustcore.policy.narrow import is_narrower, widenings
from trustcore.policy.sentences import (
    BASIS_POINTS,
    CHOICE,
    COUNT,
    COUNTRIES,
    DATE,
    DAYS,
    EVER,
    HOURS,
    IDENT,
    MULTIPLE,
    SECONDS,
    SIZE,
    TEXT,
    Reader,
    amount,
    changed,
    channel,
    construct,
    days,
    flag,
    itself,
    limits,
    members,
    quoted,
    rule,
    script,
    use,
    word,
)
from trustcore.policy.shape import Declared, Terms, said
from trustcore.policy.territory import territory_name
from trustcore.policy.words import CONTENT, money

__all__ = ["TermChange", "diff_terms", "is_narrower", "widenings"]

_HASHES: Final = members(itself)
_CODES: Final = members(word)

READERS: Final = (
    Reader("project.id", message("production's id"), IDENT),
    Reader("project.kind", message("kind of project"), CHOICE),
    Reader("project.title", message("production's title"), TEXT),
    Reader("project.eidr", message("EIDR id of the production"), IDENT),
    Reader("licensor", message("licensor"), IDENT),
    Reader("represented_by", message("representative"), IDENT),
    Reader("licensee", message("licensee"), IDENT),
    Reader("vendors", message("vendors who may work on it"), members(itself)),
    Reader("assignability", message("rule for handing the licence on"), CHOICE),
    Reader("change_of_control", message("rule for a change of the studio's owner"), CHOICE),
    Reader("talent", message("talent"), IDENT),
    Reader("constructs", message("parts of the likeness"), members(construct)),
    Reader("anchors", message("reference assets"), _HASHES),
    Reader("replica_class", message("class of replica"), CHOICE),
    Reader("use_types", message("uses"), members(use)),
    Reader("consent_id", message("consent record"), IDENT),
    Reader("description", message("description"), TEXT),
    Reader("script", message("script versions"), members(script)),
    Reader("scope.sequences", message("sequence"), limits(itself, message("sequence list"))),
    Reader("scope.shots", message("shot"), limits(itself, message("shot list"))),
    Reader("scope.characters", message("character"), limits(itself, message("character list"))),
    Reader("scope.frames_max", message("frame limit"), amount),
    Reader("scope.lines_max", message("line limit"), amount),
    Reader("scope.runs_max", message("limit of runs and outputs"), amount),
    Reader("scope.seconds_max", message("limit of sound"), SECONDS),
    Reader("scope.resolution_max", message("largest picture"), SIZE),
    Reader("scope.words_max", message("word limit"), COUNT),
    Reader("scope.max_screen_seconds", message("time on screen"), SECONDS),
    Reader("window.not_before", message("first day"), DATE),
    Reader("window.not_after", message("last day"), DATE),
    Reader("window.days", message("length of the licence"), DAYS),
    Reader("window.production_end_event", message("event that ends the work"), TEXT),
    Reader("exploitation.until", message("last day the work may be shown"), EVER),
    Reader("exploitation.channels", message("channels it may be shown through"), members(channel)),
    Reader("exploitation.distribution_territory", message("countries it may be shown in"), COUNTRIES),
    Reader("exploitation.edit_rights", message("ways it may be cut"), _CODES),
    Reader("render_territory", message("countries whose machines may render it"), COUNTRIES),
    Reader("tools.models_allowed", message("model"), limits(itself, message("model list"))),
    Reader("tools.models_denied", message("models that may not be used"), members(itself)),
    Reader("tools.engines", message("rendering engine"), limits(itself, message("rendering engine list"))),
    Reader("exclusivity.kind", message("exclusive right"), CHOICE),
    Reader("exclusivity.categories", message("exclusive categories"), members(itself)),
    Reader(
        "exclusivity.territory",
        message("exclusive country"),
        limits(territory_name, message("exclusive country list")),
    ),
    Reader("exclusivity.until", message("end of the exclusive right"), EVER),
    Reader(
        "exclusivity.most_favoured_nation",
        message("most-favoured terms"),
        flag(message("agreed"), message("not agreed")),
    ),
    Reader("approvals.mode", message("way of approving"), CHOICE),
    Reader("approvals.quorum", message("number who must agree"), IDENT),
    Reader("approvals.final_review_hours", message("time to see the final shots"), HOURS),
    Reader("approvals.checkpoints", message("checkpoints"), _CODES),
    Reader("compensation.basis", message("basis of pay"), CHOICE),
    Reader("compensation.currency", message("currency"), IDENT),
    Reader("compensation.scale_reference", message("scale it refers to"), TEXT),
    Reader("compensation.equivalent_days_estimated", message("estimate of days"), DAYS),
    Reader("compensation.equivalent_days_method", message("method of the estimate"), TEXT),
    Reader("compensation.pension_health_bps", message("pension and health contribution"), BASIS_POINTS),
    Reader("compensation.agent_commission_bps", message("agent's commission"), BASIS_POINTS),
    Reader(
        "compensation.residuals",
        message("residuals as if in person"),
        flag(message("owed"), message("not owed")),
    ),
    Reader("compensation.payee", message("payee"), IDENT),
    Reader("compensation.due", message("time of payment"), TEXT),
    Reader("compensation.late_terms", message("rule for late payment"), TEXT),
    Reader("compensation.scale_multiple_bps", message("multiple of the scale"), MULTIPLE),
    Reader("compensation.share_bps", message("share"), BASIS_POINTS),
    Reader("compensation.equivalent_days_author", message("author of the estimate"), TEXT),
    Reader("compensation.equivalent_days_dated", message("date of the estimate"), DATE),
    Reader("compensation.audit_rights", message("right to see the books"), TEXT),
    Reader("compensation.tax_withholding_bps", message("tax withheld"), BASIS_POINTS),
    Reader("reporting.cadence", message("rhythm of reports"), CHOICE),
    Reader("reporting.to", message("readers of the reports"), _CODES),
    Reader("marking.watermark", message("hidden marks"), _CODES),
    Reader(
        "marking.c2pa",
        message("signing with Content Credentials"),
        flag(message("required"), message("not required")),
    ),
    Reader("marking.visible_label", message("visible label"), CHOICE),
    Reader("marking.iptc", message("digital source type"), IDENT),
    Reader("credit", message("credit"), TEXT),
    Reader("security.storage_class", message("storage class"), IDENT),
    Reader("security.encryption", message("encryption"), IDENT),
    Reader("security.tpn_level", message("TPN level"), IDENT),
    Reader("retention.on_end", message("rule for material at the end"), CHOICE),
    Reader("retention.scan", message("rule for scans at the end"), CHOICE),
    Reader("retention.replica_model", message("rule for the replica at the end"), CHOICE),
    Reader("retention.outputs", message("rule for outputs at the end"), CHOICE),
    Reader("training.allowed", message("training"), flag(message("granted"), message("not granted"))),
    Reader(
        "training.separate_token_required",
        message("separate token for training"),
        flag(message("required"), message("not required")),
    ),
    Reader("renewal.notify_days_before", message("reminders before the end"), members(days)),
    Reader("renewal.terms", message("footing of a renewal"), CHOICE),
    Reader("profiles", message("rules that apply"), members(itself)),
    Reader("governing_law", message("governing law"), IDENT),
    Reader("dispute", message("way of settling disputes"), TEXT),
)
"""How each field is told, in the order of the terms."""

MONEY: Final = {
    "compensation.amount_minor": message("amount"),
    "compensation.overage_rate_minor": message("rate for going over"),
    "compensation.minimum_guarantee_minor": message("minimum guarantee"),
    "compensation.kill_fee_minor": message("kill fee"),
    "compensation.use_fee_minor": message("fee for each further use"),
    "compensation.holding_fee_minor": message("holding fee"),
}
"""Amounts of money, told in the currency of their own version."""


@dataclass(frozen=True, slots=True)
class TermChange:
    """One changed field.

    Attributes:
        field: its path, as ``scope.frames_max`` or ``content.NUDITY``.
        before: what it was, in words; empty where a list only gained something.
        after: what it is now, in words; empty where a list only lost something.
        sentence: one plain sentence that holds both texts word for word.
    """

    field: str
    before: str
    after: str
    sentence: str


def diff_terms(old: Terms, new: Terms, lang: Language = ENGLISH) -> tuple[TermChange, ...]:
    """Return every difference between two versions, in the order of the terms; empty where none is."""
    return (
        *_fields(old, new, lang),
        *_amounts(old, new, lang),
        *_content(old, new, lang),
        *_ratings(old, new, lang),
        *_declared(old, new, lang),
    )


def _fields(old: Terms, new: Terms, lang: Language) -> Iterator[TermChange]:
    for reader in READERS:
        was, now = (said(attrgetter(reader.path)(one)) for one in (old, new))
        if was != now:
            yield TermChange(reader.path, *reader.tell(reader.label, was, now, lang))


def _amounts(old: Terms, new: Terms, lang: Language) -> Iterator[TermChange]:
    for path, label in MONEY.items():
        was, now = (said(attrgetter(path)(one)) for one in (old, new))
        if was != now:
            before, after = (_money(one, path, lang) for one in (old, new))
            yield TermChange(path, before, after, changed(label, before, after, lang))


def _money(terms: Terms, path: str, lang: Language) -> str:
    amount = said(attrgetter(path)(terms))
    return lang.say("nothing") if amount is None else money(amount, terms.compensation.currency, lang)


def _content(old: Terms, new: Terms, lang: Language) -> Iterator[TermChange]:
    for name in sorted(old.content.keys() | new.content.keys()):
        was, now = old.content.get(name), new.content.get(name)
        if was != now:
            before, after = rule(was, lang), rule(now, lang)
            yield TermChange(
                f"content.{name}", before, after, _from_now_on(CONTENT[name], before, after, lang)
            )


def _ratings(old: Terms, new: Terms, lang: Language) -> Iterator[TermChange]:
    was, now = old.ratings or {}, new.ratings or {}
    for system in RatingSystem:
        none = lang.say("no ceiling")
        before, after = was.get(system, none), now.get(system, none)
        if before != after:
            sentence = lang.say(
                "The highest %(system)s rating changes from %(before)s to %(after)s.",
                system=str(system), before=before, after=after,
            )  # fmt: skip
            yield TermChange(f"ratings.{system}", before, after, sentence)


def _declared(old: Terms, new: Terms, lang: Language) -> Iterator[TermChange]:
    was, now = old.declared or Declared(), new.declared or Declared()
    for field in msgspec.structs.fields(Declared):
        before, after = (_said(getattr(one, field.name), lang) for one in (was, now))
        if before != after:
            sentence = _from_now_on(declared_label(field.name), before, after, lang)
            yield TermChange(f"declared.{field.name}", before, after, sentence)


def declared_label(name: str) -> str:
    """Return what a declared field is called: ``Declared counsel name``."""
    return f"Declared {name.replace('_', ' ')}"


def _from_now_on(label: str, before: str, after: str, lang: Language) -> str:
    return lang.say(
        "%(label)s: %(before)s until now, %(after)s from now on.",
        label=lang.say(label), before=before, after=after,
    )  # fmt: skip


def _said(value: str | bool | None, lang: Language) -> str:
    if isinstance(value, bool):
        return lang.say("yes") if value else lang.say("no")
    return lang.say("nothing") if value is None else quoted(value, lang)
