"""A policy on its way in words: what it is, whom it binds, what it would change."""

from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from agents_portal.words import Badge, and_list, lower_words, outside_words
from licensing.models import PolicyRollout
from trustcore.policy.profiles import catalogue
from trustcore.policy.rollout import Difference

KINDS: Final = {
    "OPEN": gettext_lazy("Requests that are open"),
    "PERIOD": gettext_lazy("Requests of the period, closed since"),
    "LICENCE": gettext_lazy("Live licences, if they were asked for today"),
}
_SIDES: Final = {
    "TALENT": gettext_lazy("the talent"),
    "AGENT": gettext_lazy("the agent"),
    "SIGNER": gettext_lazy("the signers"),
    "GUARDIAN": gettext_lazy("the guardian"),
}


def title_of(rollout: PolicyRollout) -> str:
    """What is rolled out, by its name."""
    if rollout.kind == PolicyRollout.Kind.DEFAULTS:
        return _("New defaults for members")
    known = catalogue().get(rollout.profile)
    return known.title if known else rollout.profile


def stage_badge(rollout: PolicyRollout) -> Badge:
    """Whether it acts, and on whom."""
    if rollout.ended_at is not None:
        return Badge("circle-minus", _("Ended"))
    if rollout.stage == PolicyRollout.Stage.SHADOW:
        return Badge("circle-dashed", _("Shadow: acts on nobody"), "unsure")
    return Badge("circle-dot", _("Canary"), "expire")


def share_words(rollout: PolicyRollout) -> str:
    """Whom a canary binds."""
    if rollout.stage == PolicyRollout.Stage.SHADOW:
        return _("Nobody")
    parts = []
    if rollout.share_percent:
        parts.append(_("%(n)s of 100 requests") % {"n": rollout.share_percent})
    if named := len(rollout.production_ids):
        parts.append(
            ngettext("requests of %(n)s production", "requests of %(n)s productions", named) % {"n": named}
        )
    return and_list(parts)


def difference_words(difference: Difference) -> list[str]:
    """What would be different, a sentence each."""
    found = []
    if difference.refused:
        rules = and_list(sorted({_field(one.field) for one in difference.refused}))
        found.append(_("Refused until it says: %(fields)s.") % {"fields": rules})
    if difference.asked:
        sides = and_list([str(_SIDES.get(one, lower_words(one))) for one in difference.asked])
        why = and_list([outside_words(one).lower() for one in difference.because])
        found.append(
            _("Asked as well: %(sides)s (%(why)s).") % {"sides": sides, "why": why}
            if why
            else _("Asked as well: %(sides)s.") % {"sides": sides}
        )
    if difference.notice_hours:
        found.append(
            _("Notice of %(now)s hours instead of %(before)s.")
            % {"now": difference.notice_hours, "before": difference.notice_before}
        )
    return found


def _field(path: str) -> str:
    return lower_words(path.removeprefix("declared.").replace(".", " "))
