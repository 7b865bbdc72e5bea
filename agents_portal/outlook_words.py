"""What stands around a request in words: conflicts, floors, the notice clock, the profiles that apply and why."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.profile_words import force_words
from agents_portal.term_table import FIELDS, KEY_OF
from agents_portal.words import and_list, channel_words, figure, later, lower_words
from common.language import core
from licensing.services import Floor, Outlook
from trustcore.policy.exclusivity import Conflict as Clash
from trustcore.policy.terms import Terms
from trustcore.policy.words import money

_CLASHES: Final[Mapping[str, str]] = {
    "exploitation.channels": later("An exclusive right stands against channels that are asked for."),
    "scope.characters": later("An exclusive right stands against a character that is asked for."),
    "exclusivity": later("The exclusive right that is asked for stands against a licence that lives."),
    "product_category": later("An exclusive right stands against this kind of product, or one that is not stated."),
    "licensee": later("An exclusive right stands against work for this studio."),
    "use_types": later("An exclusive right stands against any use of this person."),
}  # fmt: skip
_FLOORS: Final[Mapping[str, str]] = {
    "MANDATE": later("The least that the talent set"),
    "GUILD": later("The least that the guild set for its members"),
}
_STATES: Final[Mapping[str, tuple[str, str, str]]] = {
    "MET": ("circle-check", "permit", later("The offer is not below it")),
    "BELOW": ("circle-alert", "deny", later("The offer is below it: the talent must agree, too")),
    "UNLIKE": ("info", "", later("The offer is no sum in that currency: compare it by hand")),
}


@dataclass(frozen=True)
class Said:
    """One line: an icon with its tone, a strong word, and a small one; ``row`` is where it can be mended."""

    icon: str
    tone: str
    strong: str
    small: str = ""
    row: str = ""
    row_label: str = ""
    code: str = ""


@dataclass(frozen=True)
class OutlookWords:
    """The sections of the request's screen that speak of more than the terms."""

    conflicts: tuple[Said, ...]
    money: tuple[Said, ...]
    notice_until: datetime | None
    notice_why: str
    earliest_at: datetime
    waits_for: str
    unmet: tuple[Said, ...]
    warnings: tuple[Said, ...]
    profiles: tuple[Said, ...]


def outlook_words(outlook: Outlook, terms: Terms) -> OutlookWords:
    """Everything in the reader's language."""
    judged = outlook.judged
    return OutlookWords(
        conflicts=tuple(_clash(one) for one in outlook.conflicts),
        money=(*_floors(outlook), *_scale(terms)),
        notice_until=outlook.notice_until,
        notice_why=next(
            (f"{core().say(one.because)} ({one.profile})" for one in judged.limits if one.name == "NOTICE_HOURS"),
            "",
        ),
        earliest_at=outlook.earliest_at,
        waits_for=outlook.waits_for,
        unmet=tuple(_unmet(one.because, one.field, one.profile, "deny") for one in judged.unmet),
        warnings=tuple(_unmet(one.because, one.field, one.profile, "expire") for one in judged.warnings),
        profiles=tuple(_profiles(outlook)),
    )  # fmt: skip


def _clash(one: Clash) -> Said:
    values = one.values
    if one.field == "exploitation.channels":
        values = tuple(channel_words(code) for code in values)
    elif one.field == "exclusivity":
        values = tuple(lower_words(code) for code in values)
    key = KEY_OF.get(one.field, "exclusivity-kind" if one.field == "exclusivity" else "")
    return Said(
        "circle-alert", "deny", str(_CLASHES.get(one.field, one.field)), and_list(values), key, _label(key)
    )


def _floors(outlook: Outlook) -> Iterator[Said]:
    for one in outlook.floors:
        icon, tone, words = _STATES[one.state]
        yield Said(icon, tone, f"{_FLOORS[one.whose]}: {_sum(one)}", str(words))
    if not outlook.floors:
        yield Said("info", "", _("No floor is recorded for this person."), "")


def _sum(one: Floor) -> str:
    return money(one.least_minor, one.currency, core())


def _scale(terms: Terms) -> Iterator[Said]:
    pay = terms.compensation
    if pay.scale_reference:
        yield Said(
            "info", "", _("Stands against: %(scale)s") % {"scale": pay.scale_reference},
            _("This server keeps no rates: compare it with the agreement."),
        )  # fmt: skip
    if days := pay.equivalent_days_estimated:
        said = ngettext("Estimated as %(days)s day of work", "Estimated as %(days)s days of work", days)
        yield Said("clock", "", said % {"days": figure(days)}, pay.equivalent_days_method or "")


def _unmet(because: str, path: str, profile: str, tone: str) -> Said:
    key = KEY_OF.get(path) or KEY_OF.get(path.partition("[")[0], "")
    return Said("circle-alert", tone, core().say(because), "", key, _label(key), profile)


def _label(key: str) -> str:
    return str(FIELDS[key].label) if key in FIELDS else ""


def _profiles(outlook: Outlook) -> Iterator[Said]:
    for one in outlook.profiles:
        because = list(
            dict.fromkeys(
                core().say(limit.because) for limit in outlook.judged.limits if limit.profile == one.ref
            )
        )
        adopted = (
            _("Signed off by %(names)s.") % {"names": and_list(one.adopted_by)}
            if one.adopted_by
            else _("Named in these terms; no party holds it any more.")
        )
        title = one.profile.title if one.profile else one.ref
        when = force_words(one.profile) if one.profile else ""
        yield Said(
            "scale", "", title, " ".join(part for part in (adopted, f"{when}." if when else "", *because) if part),
            code=one.ref,
        )  # fmt: skip
