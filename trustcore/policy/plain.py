"""Terms in plain words: what is granted, and, with the same weight, what is not.

Training always heads the second list. It names what people most often assume and do not get: the
uses next to those granted, other channels and countries, other productions, handing the licence on.

Source: TAXONOMY sections 3 and 16.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from trustcore.language import ENGLISH, Language
from trustcore.older import dataclass
from trustcore.policy.clauses import Assignability, ChangeOfControl, ContentRule, Exclusivity
from trustcore.policy.shape import Scope, Terms, said
from trustcore.policy.territory import COUNTRIES, PRESETS, territory_name
from trustcore.policy.vocabulary import TRAINING_USE_TYPES, Channel, Construct, Quota, UseType, quota_of
from trustcore.policy.words import CHANNELS, CONSTRUCTS, CONTENT, USES, frames, moment

_ASSUMED: Final = (
    (UseType.FACE_REPLACEMENT, UseType.BODY_RENDER, UseType.STUNT_DOUBLE, UseType.CROWD_BACKGROUND),
    (UseType.DE_AGING, UseType.AGE_PROGRESSION, UseType.BEAUTY_COSMETIC),
    (UseType.MOTION_TRANSFER, UseType.BODY_PERFORMANCE),
    (UseType.FACE_RENDER, UseType.EXPRESSION_EDIT, UseType.LIP_SYNC),
    (UseType.VOICE_RENDER, UseType.ADR, UseType.VOICE_MATCH),
    (UseType.NEW_DIALOGUE, UseType.VOICE_SINGING_RENDER, UseType.DUBBING),
    (UseType.TRAILER_PROMO, UseType.POSTER_KEY_ART, UseType.MERCHANDISE),
    (UseType.REAL_TIME_GENERATION, UseType.CHATBOT_PERSONA),
    (UseType.ARCHIVE_RECONSTRUCTION, UseType.POSTHUMOUS_RENDER),
)
"""Uses people take to come along, grouped as one line each; no use type implies another."""

_COUNTRIES_SHOWN: Final = 12


@dataclass(frozen=True, slots=True)
class Line:
    """One thing granted or not granted: its name, and the limit or the reason in small words."""

    title: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class PlainTerms:
    """Both sides of a licence; neither is ever empty."""

    granted: list[Line]
    not_granted: list[Line]


def plain_terms(terms: Terms, lang: Language = ENGLISH) -> PlainTerms:
    """Return what ``terms`` grant and what they do not, in the words of a page."""
    return PlainTerms(granted=list(_granted(terms, lang)), not_granted=list(_not_granted(terms, lang)))


def _granted(terms: Terms, lang: Language) -> Iterator[Line]:
    for use_type in UseType:
        if use_type in terms.use_types:
            yield Line(lang.say(USES[use_type]), _limit(terms.scope, use_type, lang))
    yield Line(lang.say("With"), _sentence((CONSTRUCTS[one] for one in terms.constructs), lang))
    yield Line(lang.say("Only for"), _places(terms.project.title, terms.scope, lang))
    yield Line(lang.say("Working days"), _window(terms, lang))
    yield Line(
        lang.say("Shown through"), _sentence((CHANNELS[one] for one in terms.exploitation.channels), lang)
    )
    yield Line(lang.say("Shown in"), _shown(terms, lang))
    yield Line(lang.say("Rendered in"), _where(terms.render_territory, lang))
    yield Line(lang.say("Worked on by"), _workers(terms, lang))


def _not_granted(terms: Terms, lang: Language) -> Iterator[Line]:
    yield _training(terms, lang)
    yield from _other_uses(terms, lang)
    if missing := [CONSTRUCTS[c] for c in Construct if c not in terms.constructs]:
        yield Line(lang.say("Any other part of the likeness"), _sentence(missing, lang))
    yield Line(
        lang.say("Any other production"),
        lang.say("The licence is for “%(title)s” alone.", title=terms.project.title),
    )
    if missing := [CHANNELS[channel] for channel in Channel if channel not in terms.exploitation.channels]:
        yield Line(lang.say("Other channels"), _sentence(missing, lang))
    yield from _other_countries(terms, lang)
    if prohibited := [CONTENT[name] for name, rule in terms.content.items() if _is_closed(rule)]:
        yield Line(lang.say("Content"), _sentence(prohibited, lang))
    yield from _beyond_amounts(terms, lang)
    if ceilings := [f"{system} {rating}" for system, rating in (terms.ratings or {}).items()]:
        yield Line(
            lang.say("A stronger rating"),
            lang.say("Nothing above %(ratings)s.", ratings=lang.listed(ceilings)),
        )
    yield Line(
        lang.say("Work before or after the days agreed"),
        lang.say("Each frame outside the window is refused."),
    )
    yield from _handing_on(terms, lang)
    if terms.exclusivity.kind is Exclusivity.NONE:
        yield Line(lang.say("Exclusivity"), lang.say("Others may be granted the same."))


def _beyond_amounts(terms: Terms, lang: Language) -> Iterator[Line]:
    """What lines and frames may not add up to, and what ends the work before its last day."""
    if (words := said(terms.scope.words_max)) is not None:
        yield Line(
            lang.say("More words"),
            lang.counted(
                "All lines together have at most %(number)s word.",
                "All lines together have at most %(number)s words.",
                words,
            ),
        )
    if (seconds := said(terms.scope.max_screen_seconds)) is not None:
        yield Line(
            lang.say("More time on screen"),
            lang.counted(
                "At most %(number)s second of the finished work.",
                "At most %(number)s seconds of the finished work.",
                seconds,
            ),
        )
    if event := said(terms.window.production_end_event):
        yield Line(lang.say("Work after this event"), lang.say("“%(text)s”", text=event))


def _limit(scope: Scope, use_type: UseType, lang: Language) -> str:
    quota = quota_of(use_type)
    if quota is Quota.FRAMES:
        return lang.say("Up to %(amount)s", amount=frames(scope.frames_max, lang))
    if quota is Quota.LINES:
        return lang.counted("Up to %(number)s line", "Up to %(number)s lines", scope.lines_max)
    if quota is Quota.SECONDS:
        return lang.counted("Up to %(number)s second", "Up to %(number)s seconds", scope.seconds_max)
    return lang.counted("Up to %(number)s time", "Up to %(number)s times", scope.runs_max)


def _places(title: str, scope: Scope, lang: Language) -> str:
    parts = []
    if scope.sequences:
        parts.append(lang.say("sequences %(names)s", names=lang.listed(scope.sequences)))
    if scope.shots:
        parts.append(lang.say("shots %(names)s", names=lang.listed(scope.shots)))
    if scope.characters:
        parts.append(lang.say("as %(names)s", names=lang.listed(scope.characters)))
    where = "; ".join(parts) if parts else lang.say("every shot")
    return lang.say("“%(title)s”, %(where)s", title=title, where=where)


def _window(terms: Terms, lang: Language) -> str:
    window = terms.window
    days = "" if window.days is None else lang.counted("%(number)s day", "%(number)s days", window.days)
    if window.not_before is None or window.not_after is None:
        return lang.say("%(days)s from the day it is issued", days=days)
    return lang.say(
        "%(days)s, %(first)s to %(last)s",
        days=days, first=moment(window.not_before, lang), last=moment(window.not_after, lang),
    )  # fmt: skip


def _shown(terms: Terms, lang: Language) -> str:
    where, until = _where(terms.exploitation.distribution_territory, lang), terms.exploitation.until
    if until:
        return lang.say("%(where)s, until %(day)s", where=where, day=moment(until, lang))
    return lang.say("%(where)s, as long as the work is shown", where=where)


def _workers(terms: Terms, lang: Language) -> str:
    if not terms.vendors:
        return lang.say("The licensee alone")
    return lang.counted(
        "The licensee and %(number)s named vendor",
        "The licensee and %(number)s named vendors",
        len(terms.vendors),
    )


def _where(codes: tuple[str, ...], lang: Language) -> str:
    """Return the countries by name, or the one preset they are, or how many they are."""
    names = {
        "WORLD": lang.say("Every country"),
        "EU27": lang.say("The European Union"),
        "EEA": lang.say("The European Economic Area"),
        "LATAM": lang.say("Latin America"),
        "APAC": lang.say("Asia and the Pacific"),
        "MENA": lang.say("The Middle East and North Africa"),
    }
    for preset, name in names.items():
        if codes == PRESETS[preset]:
            return name
    if len(codes) > _COUNTRIES_SHOWN:
        return lang.say("%(number)s territories, listed in the terms", number=len(codes))
    return lang.listed(territory_name(code, lang) for code in codes)


def _training(terms: Terms, lang: Language) -> Line:
    if terms.training.allowed:
        return Line(
            lang.say("Training of any other kind"), _uses(TRAINING_USE_TYPES - set(terms.use_types), lang)
        )
    return Line(
        lang.say("Training any model"),
        lang.say(
            "No model may be trained, tuned, measured or fed with this. It is always asked for separately."
        ),
    )


def _uses(use_types: Iterable[UseType], lang: Language) -> str:
    return _sentence((USES[use_type] for use_type in UseType if use_type in set(use_types)), lang)


def _other_uses(terms: Terms, lang: Language) -> Iterator[Line]:
    for group in _ASSUMED:
        if missing := [use_type for use_type in group if use_type not in terms.use_types]:
            yield Line(_uses(missing, lang), not_part(lang))
    yield Line(lang.say("Any use not named as granted"), lang.say("No use brings another with it."))


def not_part(lang: Language = ENGLISH) -> str:
    """Return what is said of a use that was simply not asked for."""
    return lang.say("Not part of this licence.")


def _other_countries(terms: Terms, lang: Language) -> Iterator[Line]:
    for title, codes in (
        (lang.say("Showing it in any other country"), terms.exploitation.distribution_territory),
        (lang.say("Rendering it in any other country"), terms.render_territory),
    ):
        if not set(codes) >= COUNTRIES:
            yield Line(title, lang.say("Only: %(where)s.", where=_where(codes, lang)))


def _handing_on(terms: Terms, lang: Language) -> Iterator[Line]:
    if terms.assignability is Assignability.NONE:
        yield Line(lang.say("Handing the licence on"), lang.say("To nobody, affiliates included."))
    elif terms.assignability is Assignability.WITH_CONSENT:
        yield Line(lang.say("Handing the licence on"), lang.say("Not without a new consent."))
    if terms.change_of_control is ChangeOfControl.TERMINATE:
        yield Line(
            lang.say("Use by a new owner of the studio"),
            lang.say("The licence ends when the studio is sold."),
        )
    elif terms.change_of_control is ChangeOfControl.RECONSENT:
        yield Line(lang.say("Use by a new owner of the studio"), lang.say("Not without a new consent."))


def _is_closed(rule: int | ContentRule) -> bool:
    return rule is ContentRule.PROHIBITED or rule == 0


def _sentence(items: Iterable[str], lang: Language) -> str:
    """Return the items as one list that begins with a capital and goes on in small letters."""
    head, *rest = [lang.say(item) for item in items] or [lang.say("Nothing")]
    return lang.listed([head, *(item[0].lower() + item[1:] for item in rest)])
