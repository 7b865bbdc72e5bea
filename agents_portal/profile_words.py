"""Compliance profiles in words: how a text stands, how sure it is, and each of its rules."""

from collections.abc import Iterator
from datetime import date

from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from agents_portal.words import Badge, and_list, channel_words, construct_words, lower_words, use_words
from common import clock
from common.language import figure
from trustcore.policy.profiles import (
    AtTheEnd,
    Checkpoints,
    DistributionHold,
    FinalReviewHours,
    Marks,
    NoticeHours,
    Profile,
    Refuse,
    Require,
    RevokeWithinHours,
    Rule,
    Status,
    StrikeSuspends,
    TrainingApart,
    VisibleMark,
    When,
    WindowDaysMax,
)

CONFIDENCE = {
    "A": gettext_lazy("From the text itself, or its owner"),
    "B": gettext_lazy("From a law firm’s or the trade’s summary"),
    "C": gettext_lazy("From the press or a vendor: confirm before use"),
}
KINDS = {"AGREEMENT": gettext_lazy("Agreement"), "STATUTE": gettext_lazy("Statute")}
_MATERIAL = {
    "scan": gettext_lazy("the scan"),
    "replica_model": gettext_lazy("the model of the replica"),
    "outputs": gettext_lazy("the outputs"),
}
_LAYERS = {"PIXEL": gettext_lazy("in the picture"), "AUDIO": gettext_lazy("in the sound")}


def status_badge(profile: Profile) -> Badge:
    """How the text stands today."""
    today = clock.now().date()
    begins, until = profile.in_force.begins, profile.in_force.until
    if profile.status is Status.STRUCK_DOWN:
        return Badge("ban", _("Struck down"), "deny")
    if profile.status is Status.PENDING:
        return Badge("hourglass", _("Not law yet"), "unsure")
    if profile.status is Status.UNCONFIRMED:
        return Badge("circle-question-mark", _("Not confirmed"), "unsure")
    if until is not None and until < today:
        return Badge("calendar-x", _("Over since %(day)s") % {"day": _day(until)})
    if begins is not None and begins > today:
        return Badge("hourglass", _("From %(day)s") % {"day": _day(begins)})
    if until is not None and (until - today).days <= 90:
        return Badge("clock-alert", _("Ends on %(day)s") % {"day": _day(until)}, "expire")
    return Badge("circle-check", _("In force"), "permit")


def force_words(profile: Profile) -> str:
    """The days on which the text binds, in words."""
    begins, until = profile.in_force.begins, profile.in_force.until
    if begins and until:
        return _("%(begins)s to %(until)s") % {"begins": _day(begins), "until": _day(until)}
    if begins:
        return _("Since %(begins)s") % {"begins": _day(begins)}
    return _("No date known")


def rule_title(rule: Rule) -> str:  # noqa: C901, PLR0912  (one line for each kind of rule)
    """What a rule asks, in a few strong words."""
    match rule:
        case NoticeHours(hours=hours):
            return ngettext("%(n)s hour of notice", "%(n)s hours of notice", hours) % {"n": hours}
        case Require(fields=fields):
            return _("The terms say: %(fields)s") % {"fields": _fields(fields)}
        case Refuse(fields=fields):
            return _("Ruled out: %(fields)s") % {"fields": _fields(fields)}
        case WindowDaysMax(days=days):
            return ngettext("At most %(n)s day", "At most %(n)s days", days) % {"n": figure(days)}
        case Checkpoints(checkpoints=checkpoints):
            return _("Shown again at: %(moments)s") % {"moments": _codes(checkpoints)}
        case FinalReviewHours(hours=hours):
            return ngettext("%(n)s hour for the final shots", "%(n)s hours for the final shots", hours) % {
                "n": hours
            }
        case DistributionHold(until=until):
            return _("Nothing is distributed before: %(moment)s") % {"moment": lower_words(str(until))}
        case TrainingApart(days_max=days):
            if days is None:
                return _("Training has its own consent")
            return _("Training has its own consent, for at most %(n)s days") % {"n": figure(days)}
        case Marks():
            return _("Outputs carry: %(layers)s") % {"layers": _marks(rule)}
        case VisibleMark(labels=labels):
            return _("Outputs show a label: %(labels)s") % {"labels": _codes(labels)}
        case AtTheEnd(material=material, allowed=allowed):
            return _("At the end, %(material)s: %(allowed)s") % {
                "material": _MATERIAL[material],
                "allowed": _codes(allowed),
            }
        case RevokeWithinHours(hours=hours):
            return ngettext(
                "A revocation is acknowledged within %(n)s hour",
                "A revocation is acknowledged within %(n)s hours",
                hours,
            ) % {"n": hours}
        case StrikeSuspends():
            return _("A strike suspends the consent")


def when_words(when: When) -> str:
    """To which licences a rule applies; empty: to all."""
    return "; ".join(_whens(when))


def _whens(when: When) -> Iterator[str]:
    if when.minor:
        yield _("for minors")
    if when.deceased:
        yield _("for the deceased")
    if when.use_types:
        yield _("for %(uses)s") % {"uses": and_list([use_words(str(one)).lower() for one in when.use_types])}
    if when.constructs:
        yield _("for %(constructs)s") % {
            "constructs": and_list([construct_words(str(one)) for one in when.constructs])
        }
    if when.replica_classes:
        yield _("for %(classes)s") % {"classes": _codes(when.replica_classes)}
    if when.channels:
        yield _("shown in %(channels)s") % {
            "channels": and_list([channel_words(str(one)).lower() for one in when.channels])
        }
    if when.project_kinds:
        yield _("in a %(kinds)s") % {"kinds": _codes(when.project_kinds)}


def _codes(codes: tuple[object, ...]) -> str:
    return and_list([lower_words(str(one)) for one in codes])


def _fields(fields: tuple[str, ...]) -> str:
    return and_list([lower_words(one.rpartition(".")[2]) for one in fields])


def _marks(rule: Marks) -> str:
    layers = [_("a mark %(where)s") % {"where": _LAYERS[str(one)]} for one in rule.watermark]
    return and_list([*layers, *([_("signed credentials")] if rule.c2pa else [])])


def _day(day: date) -> str:
    return date_format(day, "j M Y")
