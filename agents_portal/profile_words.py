"""Compliance profiles in words: how a text stands, how sure it is, and each of its rules."""

from collections.abc import Iterator
from datetime import date

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from agents_portal.words import Badge, and_list, channel_words, construct_words, lower_words, use_words
from common import clock
from common.dates import date_words
from common.language import figure
from trustcore.policy.profiles import (
    AtTheEnd,
    Checkpoints,
    DistributionHold,
    FinalReviewHours,
    Marks,
    NoticeHours,
    PlatformLabel,
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
_FIELDS = {
    "script": gettext_lazy("the script, by version and hash"),
    "description": gettext_lazy("what the use is, reasonably specifically"),
    "equivalent_days_estimated": gettext_lazy("the days the performer would have worked"),
    "equivalent_days_method": gettext_lazy("how those days were estimated"),
    "scale_reference": gettext_lazy("which scale rate it stands against"),
    "storage_class": gettext_lazy("how the replica is stored"),
    "consent_form": gettext_lazy("in which form the consent was given"),
    "consent_written": gettext_lazy("that a written consent is on file"),
    "represented_by": gettext_lazy("who represented the performer"),
    "counsel_name": gettext_lazy("counsel’s name"),
    "bargaining_agreement": gettext_lazy("which bargaining agreement holds"),
    "scan_reason": gettext_lazy("the business reason for a scan"),
    "value_justification": gettext_lazy("what a synthetic performer adds"),
    "union_notice_at": gettext_lazy("when the union was told"),
    "authority_ref": gettext_lazy("the document by which somebody else consents"),
    "struck_work": gettext_lazy("work under a strike"),
    "deletion": gettext_lazy("how and when the replica is deleted"),
    "purpose": gettext_lazy("what it is for"),
    "rider_id": gettext_lazy("the rider of the contract"),
    "advertiser": gettext_lazy("the advertiser"),
    "product_line": gettext_lazy("the product line"),
    "ad_id": gettext_lazy("the Ad-ID"),
    "brand_approved": gettext_lazy("that the brand was approved"),
    "tool_record": gettext_lazy("the record of the tool"),
    "provider": gettext_lazy("the provider of the system"),
    "prompt_names_performer": gettext_lazy("that a prompt names a performer"),
}
_CLASSES = {
    "EMPLOYMENT_BASED_DIGITAL_REPLICA": gettext_lazy("replicas made with the performer"),
    "EBDR_FROM_FOOTAGE": gettext_lazy("replicas made from that production’s footage"),
    "INDEPENDENTLY_CREATED_DIGITAL_REPLICA": gettext_lazy("replicas made without the performer"),
    "BACKGROUND_ACTOR_DIGITAL_REPLICA": gettext_lazy("replicas of background performers"),
    "SYNTHETIC_PERFORMER": gettext_lazy("performers that are no person"),
    "SYNTHETIC_FROM_NAMED_FEATURE": gettext_lazy("performers made from somebody’s name and feature"),
    "DIGITAL_VOICE_REPLICA": gettext_lazy("replicas of a voice"),
    "PURELY_SYNTHETIC_VOICE": gettext_lazy("voices that are no person’s"),
    "DECEASED_DIGITAL_REPLICA": gettext_lazy("replicas of the deceased"),
    "DIGITAL_ALTERATION": gettext_lazy("alterations of what was recorded"),
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
            return _("The terms must say %(fields)s") % {"fields": _fields(fields)}
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
        case PlatformLabel(labels=labels):
            return _("Before a large platform shows it, a label is on record: %(labels)s") % {
                "labels": _codes(labels)
            }
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
        yield _("for %(classes)s") % {
            "classes": and_list(
                [str(_CLASSES.get(str(one), lower_words(str(one)))) for one in when.replica_classes]
            )
        }
    if when.channels:
        yield _("shown in %(channels)s") % {
            "channels": and_list([channel_words(str(one)).lower() for one in when.channels])
        }
    if when.project_kinds:
        yield _("in a %(kinds)s") % {"kinds": _codes(when.project_kinds)}


def _codes(codes: tuple[object, ...]) -> str:
    return and_list([lower_words(str(one)) for one in codes])


def _fields(fields: tuple[str, ...]) -> str:
    names = [one.rpartition(".")[2] for one in fields]
    return and_list([str(_FIELDS.get(one, lower_words(one))) for one in names])


def _marks(rule: Marks) -> str:
    layers = [_("a mark %(where)s") % {"where": _LAYERS[str(one)]} for one in rule.watermark]
    return and_list([*layers, *([_("signed credentials")] if rule.c2pa else [])])


def _day(day: date) -> str:
    return date_words(day)
