"""Limits in words: what a guild sets for its members, and what a change of it does."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.words import and_list, country
from common.language import core, figure
from licensing.services.limits import MandateLimits, is_tighter
from trustcore.policy.words import CONTENT, money


def limit_sentences(limits: MandateLimits) -> list[str]:
    """One whole sentence for each limit; what is not limited is said, too."""
    return list(_sentences(limits))


def effect_of(wanted: MandateLimits, present: MandateLimits | None) -> str:
    """``TIGHTER``, ``LOOSER``, ``SAME`` or ``FIRST``: whom a new version binds at once."""
    if present is None:
        return "FIRST"
    if wanted == present:
        return "SAME"
    return "TIGHTER" if is_tighter(wanted, present) else "LOOSER"


def _sentences(limits: MandateLimits) -> Iterator[str]:
    if limits.frames_max is not None:
        yield ngettext(
            "Beyond %(n)s frame in one licence, the member agrees beside the agent.",
            "Beyond %(n)s frames in one licence, the member agrees beside the agent.",
            limits.frames_max,
        ) % {"n": figure(limits.frames_max)}
    if limits.lines_max is not None:
        yield ngettext(
            "Beyond %(n)s line in one licence, the member agrees beside the agent.",
            "Beyond %(n)s lines in one licence, the member agrees beside the agent.",
            limits.lines_max,
        ) % {"n": figure(limits.lines_max)}
    if limits.days_max is not None:
        yield ngettext(
            "A window longer than %(n)s day asks the member, too.",
            "A window longer than %(n)s days asks the member, too.",
            limits.days_max,
        ) % {"n": figure(limits.days_max)}
    if limits.render_territory:
        yield _("Machines outside %(places)s ask the member, too.") % {
            "places": and_list([country(code) for code in limits.render_territory])
        }
    if limits.distribution_territory:
        yield _("Showing the work outside %(places)s asks the member, too.") % {
            "places": and_list([country(code) for code in limits.distribution_territory])
        }
    if limits.fee_least_minor is not None:
        yield _("An offer below %(amount)s asks the member, too.") % {
            "amount": money(limits.fee_least_minor, limits.currency or "", core())
        }
    if limits.content:
        yield _("An agent may open alone: %(content)s.") % {
            "content": and_list([core().say(CONTENT.get(one, one)).lower() for one in limits.content])
        }
    else:
        yield _("No agent opens closed content, such as nudity or politics, without the member.")
