"""Words for codes. Machines get codes; people read these, with the code small below where it matters.

    >>> use_words("FACE_RENDER")
    'Face in a frame'
    >>> country("CA")
    'Canada'

An unknown code is shown as it is, in small words: a new code must never make a page fail.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from agents_portal.code_words import CODES, EVENTS, FACTS
from common.language import core, figure, later
from trustcore.policy.reasons import DenyReason
from trustcore.policy.territory import territory_name
from trustcore.policy.words import CHANNELS, CONSTRUCTS, USES, plain

MODES: Final = {
    "TALENT_ONLY": later("The talent signs each request"),
    "AGENT_WITHIN_MANDATE": later("The agent signs inside the limits"),
    "DUAL": later("Agent and talent sign together"),
    "QUORUM": later("Several must agree"),
    "GUARDIAN_AND_COURT": later("Guardian, and a court where required"),
    "AUTO_WITHIN_RULES": later("By rule, only what was approved before"),
    "UNION_NOTICE": later("After notice to the union"),
}
VISIBILITY: Final = {
    "HIDDEN": later("Nobody: to others this person does not exist here"),
    "LISTED_ANONYMOUS": later("Everyone, without a name"),
    "LISTED": later("Everyone on this server"),
    "LISTED_TO": later("Chosen organisations only"),
}
REASONS: Final = {
    "USE_TYPE_NOT_GRANTED": later("This use is not granted"),
    "TERRITORY_DENIED": later("Machines in that country may not render"),
    "PROJECT_MISMATCH": later("The licence is for another production"),
    "FRAMES_EXHAUSTED": later("No frames are left"),
    "LINES_EXHAUSTED": later("No lines are left"),
    "TRAINING_NOT_GRANTED": later("Training is never part of a render licence"),
    "SENDER_MISMATCH": later("Presented by somebody else's key"),
    "REPLAY": later("Each proof works once"),
    "REVOKED": later("The licence was revoked"),
    "EXPIRED": later("The licence had ended"),
    "EMERGENCY_STOP": later("Stopped by the talent"),
    "SHOT_OUT_OF_SCOPE": later("That shot is not licensed"),
    "STRIKE_SUSPENSION": later("Paused by the strike"),
    "CONTENT_APPROVAL_REQUIRED": later("Role or script has not passed yet"),
}
ROLES: Final = {
    "AGENT": later("Agent"), "TALENT": later("Talent"), "PRODUCER": later("Producer"), "ENGINEER": later("Pipeline engineer"),
    "AUDITOR": later("Auditor, read only"), "ADMIN": later("Administrator"), "LEGAL": later("Legal"),
}  # fmt: skip

__all__ = ["and_list", "figure", "later", "lower_words"]


class Badge(NamedTuple):
    """A word with its shape and tone; colour comes last."""

    icon: str
    words: str
    tone: str = ""


REQUEST_BADGES: Final = {
    "DRAFT": Badge("file-pen-line", later("Draft")),
    "SUBMITTED": Badge("circle-dot", later("Sent"), "yours"),
    "NOTICE_PERIOD": Badge("hourglass", later("Notice is running")),
    "IN_REVIEW": Badge("eye", later("Being read")),
    "COUNTERED": Badge("reply", later("Countered"), "yours"),
    "COUNTER_ACCEPTED": Badge("git-compare-arrows", later("Counter accepted"), "yours"),
    "APPROVED": Badge("circle-check", later("Approved"), "permit"),
    "DECLINED": Badge("ban", later("Declined"), "deny"),
    "WITHDRAWN": Badge("undo-2", later("Withdrawn")),
    "LAPSED": Badge("timer-off", later("Lapsed")),
}
LICENCE_BADGES: Final = {
    "PENDING_ACTIVATION": Badge("hourglass", later("Not started")),
    "ACTIVE": Badge("circle-check", later("Active"), "permit"),
    "EXPIRING": Badge("clock-alert", later("Ends soon"), "expire"),
    "SUSPENDED": Badge("circle-pause", later("Paused"), "unsure"),
    "EXHAUSTED": Badge("gauge", later("Used up"), "expire"),
    "EXPIRED": Badge("calendar-x", later("Ended")),
    "REVOKED": Badge("circle-x", later("Revoked"), "deny"),
    "SUPERSEDED": Badge("replace", later("Replaced by a newer version")),
    "TERMINATED_CHANGE_OF_CONTROL": Badge("circle-x", later("Ended: studio changed hands"), "deny"),
}


def lower_words(code: str) -> str:
    """A code as small words, in the reader's language where it is known."""
    found = CODES.get(code.upper()) or FACTS.get(code)
    return str(found) if found else plain(code)


def event_words(kind: str) -> str:
    """``request.counter_accepted`` as ``Request: counter accepted``."""
    if kind in EVENTS:
        return str(EVENTS[kind])
    noun, _dot, verb = kind.partition(".")
    return f"{plain(noun).capitalize()}: {plain(verb)}" if verb else noun.capitalize()


def use_words(code: str) -> str:
    """The words for a use type."""
    return core().say(USES[code]) if code in USES else lower_words(code).capitalize()


def channel_words(code: str) -> str:
    """The words for a channel."""
    return core().say(CHANNELS[code]) if code in CHANNELS else lower_words(code).capitalize()


def construct_words(code: str) -> str:
    """The words for a construct."""
    return (core().say(CONSTRUCTS[code]) if code in CONSTRUCTS else lower_words(code)).lower()


_PARTS: Final = (
    ("FACE", later("face")),
    ("BODY", later("body")),
    ("VOICE", later("voice")),
    ("PERFORMANCE", later("movement")),
    ("MOTION", later("movement")),
)


def and_list(items: Iterable[str]) -> str:
    """The items as people list them: commas, and "and" before the last."""
    return core().listed(items)


def uses_words(codes: Iterable[str]) -> str:
    """Uses as one list, a capital at its head alone: ``Face in a frame; voice, spoken lines``."""
    first, *others = [use_words(code) for code in codes] or [""]
    return and_list([first, *(f"{one[:1].lower()}{one[1:]}" for one in others)])


def likeness_words(constructs: Iterable[str]) -> str:
    """The parts of a person in one breath: ``face and voice``."""
    codes = list(constructs)
    parts = [str(word) for start, word in _PARTS if any(code.startswith(start) for code in codes)]
    return and_list(list(dict.fromkeys(parts))) or _("likeness")


def reason_words(code: str) -> str:
    """The sentence for a refusal."""
    if code in REASONS:
        return str(REASONS[code])
    if code not in DenyReason.__members__:
        return lower_words(code)
    return core().say(DenyReason[code].explanation).rstrip(".")


def country(code: str) -> str:
    """The name of a country; a subdivision keeps its code."""
    return territory_name(code, core())


def zone_words() -> str:
    """The reader's zone as its abbreviation and offset: ``PST (UTC-8)``."""
    here = timezone.localtime()
    minutes = int((here.utcoffset() or here - here).total_seconds() // 60)
    offset = f"UTC{'−' if minutes < 0 else '+'}{abs(minutes) // 60}" + (
        f":{abs(minutes) % 60:02}" if minutes % 60 else ""
    )
    name = here.tzname() or ""
    return (name or "UTC") if not minutes else f"{name} ({offset})" if name[:1].isalpha() else offset


def spelled(number: int) -> str:
    """Spell small numbers, keep big ones as figures: ``two``, ``1,204``; one and none are said by the sentence."""
    small = (
        pgettext("before a noun", "no"),
        pgettext("before a noun", "one"),
        pgettext("before a noun", "two"),
        pgettext("before a noun", "three"),
        pgettext("before a noun", "four"),
        pgettext("before a noun", "five"),
        pgettext("before a noun", "six"),
        pgettext("before a noun", "seven"),
        pgettext("before a noun", "eight"),
        pgettext("before a noun", "nine"),
        pgettext("before a noun", "ten"),
        pgettext("before a noun", "eleven"),
        pgettext("before a noun", "twelve"),
    )
    return small[number] if number < len(small) else figure(number)


def opening(text: str) -> str:
    """The text with a capital first, the rest as it is."""
    return f"{text[:1].upper()}{text[1:]}"


_OUTSIDE: Final = {
    "scope.frames_max": later("More frames than the mandate allows"),
    "scope.lines_max": later("More voice lines than the mandate allows"),
    "window.days": later("More days than the mandate allows"),
}


def outside_words(code: str) -> str:
    """Why a request is beyond the mandate: ``use_types:DE_AGING``, ``scope.frames_max``, ``render_territory:IE``."""
    path, _sep, member = code.partition(":")
    if path == "use_types":
        return use_words(member)
    return (
        _("In %(country)s") % {"country": country(member)}
        if member
        else _OUTSIDE.get(path, lower_words(path))
    )
