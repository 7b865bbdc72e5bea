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

from trustcore.policy.reasons import DenyReason
from trustcore.policy.territory import territory_name
from trustcore.policy.words import CHANNELS, CONSTRUCTS, USES
from trustcore.policy.words import listed as and_list
from trustcore.policy.words import plain as lower_words

MODES: Final = {
    "TALENT_ONLY": "The talent signs each request",
    "AGENT_WITHIN_MANDATE": "The agent signs inside the limits",
    "DUAL": "Agent and talent sign together",
    "QUORUM": "Several must agree",
    "GUARDIAN_AND_COURT": "Guardian, and a court where required",
    "AUTO_WITHIN_RULES": "By rule, only what was approved before",
    "UNION_NOTICE": "After notice to the union",
}
VISIBILITY: Final = {
    "HIDDEN": "Nobody: to others this person does not exist here",
    "LISTED_ANONYMOUS": "Everyone, without a name",
    "LISTED": "Everyone on this server",
    "LISTED_TO": "Chosen organisations only",
}
REASONS: Final = {
    "USE_TYPE_NOT_GRANTED": "This use is not granted",
    "TERRITORY_DENIED": "Machines in that country may not render",
    "PROJECT_MISMATCH": "The licence is for another production",
    "FRAMES_EXHAUSTED": "No frames are left",
    "LINES_EXHAUSTED": "No lines are left",
    "TRAINING_NOT_GRANTED": "Training is never part of a render licence",
    "SENDER_MISMATCH": "Presented by somebody else's key",
    "REPLAY": "Each proof works once",
    "REVOKED": "The licence was revoked",
    "EXPIRED": "The licence had ended",
    "EMERGENCY_STOP": "Stopped by the talent",
    "SHOT_OUT_OF_SCOPE": "That shot is not licensed",
    "STRIKE_SUSPENSION": "Paused by the strike",
}
ROLES: Final = {
    "AGENT": "Agent", "TALENT": "Talent", "PRODUCER": "Producer", "ENGINEER": "Pipeline engineer",
    "AUDITOR": "Auditor, read only", "ADMIN": "Administrator", "LEGAL": "Legal, read only",
}  # fmt: skip

__all__ = ["and_list", "lower_words"]


class Badge(NamedTuple):
    """A word with its shape and tone; colour comes last."""

    icon: str
    words: str
    tone: str = ""


REQUEST_BADGES: Final = {
    "DRAFT": Badge("file-pen-line", "Draft"),
    "SUBMITTED": Badge("circle-dot", "Sent", "yours"),
    "NOTICE_PERIOD": Badge("hourglass", "Notice is running"),
    "IN_REVIEW": Badge("eye", "Being read"),
    "COUNTERED": Badge("reply", "Countered", "yours"),
    "COUNTER_ACCEPTED": Badge("git-compare-arrows", "Counter accepted", "yours"),
    "APPROVED": Badge("circle-check", "Approved", "permit"),
    "DECLINED": Badge("ban", "Declined", "deny"),
    "WITHDRAWN": Badge("undo-2", "Withdrawn"),
    "LAPSED": Badge("timer-off", "Lapsed"),
}
LICENCE_BADGES: Final = {
    "PENDING_ACTIVATION": Badge("hourglass", "Not started"),
    "ACTIVE": Badge("circle-check", "Active", "permit"),
    "EXPIRING": Badge("clock-alert", "Ends soon", "expire"),
    "SUSPENDED": Badge("circle-pause", "Paused", "unsure"),
    "EXHAUSTED": Badge("gauge", "Used up", "expire"),
    "EXPIRED": Badge("calendar-x", "Ended"),
    "REVOKED": Badge("circle-x", "Revoked", "deny"),
    "SUPERSEDED": Badge("replace", "Replaced by a newer version"),
    "TERMINATED_CHANGE_OF_CONTROL": Badge("circle-x", "Ended: studio changed hands", "deny"),
}


def use_words(code: str) -> str:
    """The words for a use type."""
    return USES.get(code) or lower_words(code).capitalize()


def channel_words(code: str) -> str:
    """The words for a channel."""
    return CHANNELS.get(code) or lower_words(code).capitalize()


def construct_words(code: str) -> str:
    """The words for a construct."""
    return (CONSTRUCTS.get(code) or lower_words(code)).lower()


_PARTS: Final = (
    ("FACE", "face"),
    ("BODY", "body"),
    ("VOICE", "voice"),
    ("PERFORMANCE", "movement"),
    ("MOTION", "movement"),
)


def likeness_words(constructs: Iterable[str]) -> str:
    """The parts of a person in one breath: ``face and voice``."""
    codes = list(constructs)
    parts = [word for start, word in _PARTS if any(code.startswith(start) for code in codes)]
    return and_list(list(dict.fromkeys(parts))) or "likeness"


def reason_words(code: str) -> str:
    """The sentence for a refusal."""
    if code in REASONS:
        return REASONS[code]
    return DenyReason[code].explanation.rstrip(".") if code in DenyReason.__members__ else lower_words(code)


def country(code: str) -> str:
    """The name of a country; a subdivision keeps its code."""
    return territory_name(code)


def zone_words() -> str:
    """The reader's zone as its abbreviation and offset: ``PST (UTC-8)``."""
    here = timezone.localtime()
    minutes = int((here.utcoffset() or here - here).total_seconds() // 60)
    offset = f"UTC{'−' if minutes < 0 else '+'}{abs(minutes) // 60}" + (
        f":{abs(minutes) % 60:02}" if minutes % 60 else ""
    )
    name = here.tzname() or ""
    return (name or "UTC") if not minutes else f"{name} ({offset})" if name[:1].isalpha() else offset


def counted(number: int, one: str, many: str) -> str:
    """A figure with its noun: ``2 licences``, ``1 request``, ``0 frames``."""
    return f"{number:,} {one if number == 1 else many}"


def count_words(number: int, one: str, many: str) -> str:
    """Spell small numbers, keep big ones as figures: ``two requests``, ``1,204 frames``."""
    small = (
        "no",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
    )
    figure = small[number] if number < len(small) else f"{number:,}"
    return f"{figure} {one if number == 1 else many}"


_OUTSIDE: Final = {
    "scope.frames_max": "More frames than the mandate allows",
    "scope.lines_max": "More voice lines than the mandate allows",
    "window.days": "More days than the mandate allows",
}


def outside_words(code: str) -> str:
    """Why a request is beyond the mandate: ``use_types:DE_AGING``, ``scope.frames_max``, ``render_territory:IE``."""
    path, _, member = code.partition(":")
    if path == "use_types":
        return use_words(member)
    return f"In {country(member)}" if member else _OUTSIDE.get(path, lower_words(path))
