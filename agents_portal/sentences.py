"""The one sentence that opens a page, and the badges that name who acts next."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from agents_portal import words
from agents_portal.access import AGENT, STUDIO, TALENT
from agents_portal.words import Badge, count_words, counted
from common import clock
from licensing.selectors import LicenceLine, RequestLine

_SIDES = {AGENT: "AGENT", STUDIO: "LICENSEE", TALENT: "TALENT"}


def inbox_sentence(needs_you: int, ending: int) -> str:
    """``Seven requests need you. Two end today.``"""
    if not needs_you:
        return _("Nothing needs you")
    first = count_words(needs_you, "request needs you.", "requests need you.")
    last = f" {count_words(ending, 'ends today.', 'end today.').capitalize()}" if ending else ""
    return f"{first[:1].upper()}{first[1:]}{last}"


def who_acts_next(line: RequestLine) -> str:
    """The name of the party that a request waits for."""
    names = {
        "LICENSEE": line.licensee_name,
        "AGENT": line.agency_name or "the agent",
        "TALENT": line.talent_name,
    }
    return words.and_list([names[side] for side in line.waiting_on if side in names])


def request_badge(line: RequestLine) -> Badge:
    """Where a request stands, in one badge: never "pending", always who acts."""
    if line.needs_me:
        return Badge("circle-dot", "Needs you", "yours")
    waiting = who_acts_next(line)
    if waiting:
        return Badge("hourglass", f"With {waiting}")
    return words.REQUEST_BADGES.get(line.state, Badge("circle-dashed", words.lower_words(line.state)))


def unusual_badges(line: RequestLine, seat: str) -> list[Badge]:
    """What is unusual about a request, for its line in a list."""
    given = line.talent_name.split()[0] if line.talent_name.split() else line.talent_name
    badges = {
        "RENEWAL": Badge("git-compare-arrows", "Renewal", "yours"),
        "TALENT_MUST_AGREE": Badge("user-round-pen", f"{given} must agree too"),
        "TALENT_ONLY": Badge("lock", f"Only {given} can decide"),
        "INSIDE_MANDATE": Badge("signature", "Inside your mandate", "permit"),
        "COUNTER_CAME_BACK": Badge("reply", "Your counter came back accepted", "yours"),
    }
    shown = ["RENEWAL", "TALENT_MUST_AGREE", "TALENT_ONLY", "INSIDE_MANDATE", "COUNTER_CAME_BACK"]
    if seat != AGENT:
        shown = ["RENEWAL", *(["COUNTER_CAME_BACK"] if seat == TALENT else [])]
    found = [badges[flag] for flag in shown if flag in line.flags]
    if line.state == "COUNTERED" and _SIDES.get(seat) == "LICENSEE":
        found.append(Badge("reply", "They sent a counter", "yours"))
    return found


def licence_badge(line: LicenceLine) -> Badge:
    """How a licence stands; near its end it reads ``Ends in 10 days``."""
    if line.state == "ACTIVE" and line.renewal_due:
        return Badge("clock-alert", f"Ends in {counted(line.days_left, 'day', 'days')}", "expire")
    if line.state == "PENDING_ACTIVATION":
        begins = timezone.localtime(line.not_before)
        return Badge("hourglass", f"Starts {begins.day} {begins:%b}")
    if line.state == "EXPIRED":
        ended = timezone.localtime(line.not_after)
        return Badge("calendar-x", f"Ended {ended.day} {ended:%b}")
    return words.LICENCE_BADGES.get(line.state, Badge("circle-dashed", words.lower_words(line.state)))


def deadline_group(line: RequestLine) -> str:
    """``Today``, ``This week`` or ``Later``."""
    today = timezone.localdate(clock.now())
    due = timezone.localdate(line.answer_by)
    if due <= today:
        return "Today"
    return "This week" if due <= today + timedelta(days=7) else "Later"


def grouped(lines: Sequence[RequestLine]) -> list[tuple[str, list[RequestLine]]]:
    """Requests under their deadline's heading, in order; empty groups are left out."""
    groups: dict[str, list[RequestLine]] = {"Today": [], "This week": [], "Later": []}
    for line in lines:
        groups[deadline_group(line)].append(line)
    return [(title, members) for title, members in groups.items() if members]
