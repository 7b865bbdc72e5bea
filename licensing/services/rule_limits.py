"""What a talent's rule approves in advance, read strictly, and what terms hold beyond it. Pure, and closed:
a clause that a rule has no limit for, and that says other than terms do by default, is beyond every rule.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec.structs import fields

from common.errors import InvalidInput
from licensing.services.limits import MandateLimits, beyond_mandate
from trustcore.encoding import prepare_readers
from trustcore.errors import InvalidTerms
from trustcore.policy.clauses import ContentRule, PayBasis
from trustcore.policy.shape import Approvals, Declared
from trustcore.policy.terms import Terms, parse_time
from trustcore.policy.vocabulary import Channel, Construct, ReplicaClass

LIFE_OF_WORK: Final = "LIFE_OF_WORK"
"""``shown_until`` of a rule that lets the finished work be shown for as long as it lives."""
RULE_NEEDS: Final = (
    "frames_max",
    "lines_max",
    "days_max",
    "render_territory",
    "distribution_territory",
    "channels",
    "constructs",
    "replica_classes",
    "shown_until",
    "fee_least_minor",
    "currency",
)
"""Limits without which a rule approves nothing; a number may be 0."""


class RuleLimits(MandateLimits, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The limits of a rule: those of a mandate, and what else it allows; nothing named: nothing allowed.

    Attributes:
        channels: where the finished work may be shown.
        constructs: the parts of the person that may be used.
        replica_classes: how the replica may have come about.
        vendors: ids of the vendors that may present the licence.
        shown_until: the last moment of showing (RFC 3339), or ``LIFE_OF_WORK``.
    """

    channels: tuple[Channel, ...] = ()
    constructs: tuple[Construct, ...] = ()
    replica_classes: tuple[ReplicaClass, ...] = ()
    vendors: tuple[str, ...] = ()
    shown_until: str | None = None


prepare_readers(RuleLimits)

_TALENTS_GAIN: Final = frozenset(
    {
        "basis",
        "currency",
        "amount_minor",
        "minimum_guarantee_minor",
        "kill_fee_minor",
        "scale_reference",
        "equivalent_days_estimated",
        "equivalent_days_method",
        "pension_health_bps",
        "residuals",
        "use_fee_minor",
        "holding_fee_minor",
        "equivalent_days_author",
        "equivalent_days_dated",
    }
)
_OPEN: Final[Mapping[str, frozenset[str]]] = {
    "scope": frozenset(
        {
            *("sequences", "shots", "characters", "frames_max", "lines_max", "resolution_max"),
            *("words_max", "max_screen_seconds"),
        }
    ),
    "exploitation": frozenset({"until", "channels", "distribution_territory"}),
    "approvals": frozenset(Approvals.__struct_fields__),
    "compensation": _TALENTS_GAIN,
    "declared": frozenset(Declared.__struct_fields__) - {"exemption"},
}
"""Parts of a group that are limited here, or that only narrow what is granted, pay more or describe it."""
_JUDGED: Final = frozenset(
    {
        *(
            "schema",
            "terms_version",
            "supersedes",
            "project",
            "licensor",
            "represented_by",
            "licensee",
            "talent",
        ),
        *("consent_id", "description", "script", "anchors", "tools", "security", "ratings", "profiles"),
        *("vendors", "constructs", "replica_class", "use_types", "window", "render_territory", "content"),
        "training",
    }
)
"""Groups that are limited below or elsewhere, only narrow what is granted, or say who and what it is about."""


def parse_rule_limits(source: Mapping[str, Any]) -> RuleLimits:
    """Read a rule's limits as stored or sent.

    Raises:
        InvalidInput: ``LIMITS_INVALID``: an unknown name or a value of the wrong kind.
    """
    try:
        limits = msgspec.convert(source, RuleLimits)
        if limits.shown_until not in {None, LIFE_OF_WORK}:
            parse_time(str(limits.shown_until), "shown_until")
    except (msgspec.ValidationError, InvalidTerms) as error:
        raise InvalidInput("LIMITS_INVALID", "The limits cannot be read.", str(error)) from error
    return limits


def limits_missing(limits: RuleLimits) -> list[str]:
    """The limits that a rule must name and this one does not."""
    return [name for name in RULE_NEEDS if getattr(limits, name) in (None, ())]


def beyond_rule(
    terms: Terms, *, use_types: frozenset[str], limits: RuleLimits, opens: datetime, until: datetime
) -> tuple[str, ...]:
    """What in ``terms`` the rule does not approve: paths of terms, empty when all is inside.

    Args:
        opens: the first moment at which the licence may begin: now, or when notice is over.
        until: when the rule ends; no licence by it reaches further.
    """
    if missing := limits_missing(limits):  # made before a rule had to name these
        return tuple(f"limits.{name}" for name in missing)
    return (
        *beyond_mandate(terms, use_types=use_types, limits=limits),
        *_beyond_lists(terms, limits),
        *_beyond_time(terms, limits, opens, until),
        *_beyond_money(terms, limits),
        *beyond_every_rule(terms),
    )


def beyond_every_rule(terms: Terms) -> tuple[str, ...]:
    """What in ``terms`` no rule has a limit for, and so approves only where it stands at its default."""
    return tuple(_unlimited(terms))


def _beyond_lists(terms: Terms, limits: RuleLimits) -> Iterator[str]:
    lists = {
        "exploitation.channels": (terms.exploitation.channels, limits.channels),
        "constructs": (terms.constructs, limits.constructs),
        "replica_class": ((terms.replica_class,), limits.replica_classes),
        "vendors": (terms.vendors, limits.vendors),
    }
    for path, (asked, granted) in lists.items():
        yield from (f"{path}:{one}" for one in asked if one not in granted)


def _beyond_time(terms: Terms, limits: RuleLimits, opens: datetime, until: datetime) -> Iterator[str]:
    window = terms.window
    if window.not_before is not None and window.not_after is not None:
        begins, ends = max(opens, parse_time(window.not_before)), parse_time(window.not_after)
    else:
        begins = opens
        ends = opens + timedelta(days=window.days or 0)
    if begins >= until or ends > until:
        yield "window"
    shown = terms.exploitation.until
    if limits.shown_until != LIFE_OF_WORK and (
        shown is None or parse_time(shown) > parse_time(str(limits.shown_until))
    ):
        yield "exploitation.until"


def _beyond_money(terms: Terms, limits: RuleLimits) -> Iterator[str]:
    """A floor is a sum: what is counted by the frame or as a share cannot be held against it."""
    basis = terms.compensation.basis
    if basis is not PayBasis.FLAT and not (
        basis is PayBasis.NO_FEE_CONSENTED and limits.fee_least_minor == 0
    ):
        yield "compensation.basis"


def _unlimited(terms: Terms) -> Iterator[str]:
    yield from (f"content.{name}" for name, said in terms.content.items() if said != ContentRule.PROHIBITED)
    if terms.approvals.final_review_hours < Approvals().final_review_hours:
        yield "approvals.final_review_hours"
    for field in fields(Terms):
        value = getattr(terms, field.name)
        if field.name in _JUDGED or value is msgspec.UNSET:
            continue
        if field.name not in _OPEN:
            if value != _default(field):
                yield field.name
            continue
        for part in fields(value):
            if part.name not in _OPEN[field.name] and getattr(value, part.name) != _default(part):
                yield f"{field.name}.{part.name}"


def _default(field: msgspec.structs.FieldInfo) -> Any:
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return field.default
