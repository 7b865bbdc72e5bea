"""The one sentence that opens a page, and the badges that name who acts next."""

from collections.abc import Sequence
from datetime import timedelta

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal import words
from agents_portal.access import AGENT, STUDIO, TALENT
from agents_portal.words import Badge, figure, later, opening, spelled
from common import clock
from common.dates import day_words
from licensing.selectors import LicenceLine, RequestLine

TODAY, THIS_WEEK, LATER = later("Today"), later("This week"), later("Later")
_SIDES = {AGENT: "AGENT", STUDIO: "LICENSEE", TALENT: "TALENT"}


def inbox_sentence(needs_you: int, ending: int) -> str:
    """``Seven requests need you. Two end today.``"""
    if not needs_you:
        return _("Nothing needs you")
    first = ngettext("%(count)s request needs you.", "%(count)s requests need you.", needs_you) % {
        "count": spelled(needs_you)
    }
    if not ending:
        return opening(first)
    last = ngettext("%(count)s ends today.", "%(count)s end today.", ending) % {"count": spelled(ending)}
    return f"{opening(first)} {opening(last)}"


def who_acts_next(line: RequestLine) -> str:
    """The name of the party that a request waits for."""
    names = {
        "LICENSEE": line.licensee_name,
        "AGENT": line.agency_name or _("the agent"),
        "TALENT": line.talent_name,
    }
    return words.and_list([names[side] for side in line.waiting_on if side in names])


def request_badge(line: RequestLine) -> Badge:
    """Where a request stands, in one badge: never "pending", always who acts."""
    if line.needs_me:
        return Badge("circle-dot", _("Needs you"), "yours")
    waiting = who_acts_next(line)
    if waiting:
        return Badge("hourglass", _("With %(name)s") % {"name": waiting})
    return words.REQUEST_BADGES.get(line.state, Badge("circle-dashed", words.lower_words(line.state)))


def unusual_badges(line: RequestLine, seat: str) -> list[Badge]:
    """What is unusual about a request, for its line in a list."""
    given = line.talent_name.split()[0] if line.talent_name.split() else line.talent_name
    badges = {
        "RENEWAL": Badge("git-compare-arrows", _("Renewal"), "yours"),
        "TALENT_MUST_AGREE": Badge("user-round-pen", _("%(name)s must agree too") % {"name": given}),
        "TALENT_ONLY": Badge("lock", _("Only %(name)s can decide") % {"name": given}),
        "INSIDE_MANDATE": Badge("signature", _("Inside your mandate"), "permit"),
        "COUNTER_CAME_BACK": Badge("reply", _("Your counter came back accepted"), "yours"),
    }
    shown = ["RENEWAL", "TALENT_MUST_AGREE", "TALENT_ONLY", "INSIDE_MANDATE", "COUNTER_CAME_BACK"]
    if seat != AGENT:
        shown = ["RENEWAL", *(["COUNTER_CAME_BACK"] if seat == TALENT else [])]
    found = [badges[flag] for flag in shown if flag in line.flags]
    if line.state == "COUNTERED" and _SIDES.get(seat) == "LICENSEE":
        found.append(Badge("reply", _("They sent a counter"), "yours"))
    return found


def licence_badge(line: LicenceLine) -> Badge:
    """How a licence stands; near its end it reads ``Ends in 10 days``."""
    if line.state == "ACTIVE" and line.renewal_due:
        return Badge("clock-alert", ends_in(line.days_left), "expire")
    if line.state == "PENDING_ACTIVATION":
        begins = timezone.localtime(line.not_before)
        return Badge("hourglass", _("Starts %(day)s") % {"day": day_words(begins)})
    if line.state == "EXPIRED":
        ended = timezone.localtime(line.not_after)
        return Badge("calendar-x", _("Ended %(day)s") % {"day": day_words(ended)})
    return words.LICENCE_BADGES.get(line.state, Badge("circle-dashed", words.lower_words(line.state)))


def ends_in(days: int) -> str:
    """``Ends in 10 days``, in words and figures."""
    return ngettext("Ends in %(days)s day", "Ends in %(days)s days", days) % {"days": figure(days)}


def deadline_group(line: RequestLine) -> str:
    """``Today``, ``This week`` or ``Later``."""
    today = timezone.localdate(clock.now())
    due = timezone.localdate(line.answer_by)
    if due <= today:
        return TODAY
    return THIS_WEEK if due <= today + timedelta(days=7) else LATER


def grouped(lines: Sequence[RequestLine]) -> list[tuple[str, list[RequestLine]]]:
    """Requests under their deadline's heading, in order; empty groups are left out."""
    groups: dict[str, list[RequestLine]] = {TODAY: [], THIS_WEEK: [], LATER: []}
    for line in lines:
        groups[deadline_group(line)].append(line)
    return [(title, members) for title, members in groups.items() if members]
