"""Where a request goes: to the talent, the agent, both, a quorum, a guardian; or a rule made before approves it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from uuid import UUID

from django.db.models import Q

from licensing.models import AutoRule, Mandate, RequestAction, Talent
from licensing.models.consent import NEVER_BY_RULE, NEVER_CONTENT_BY_RULE
from licensing.models.requests import ActionKind
from licensing.selectors.people import authority_wanted, mandate_in_force
from licensing.services.defaults import limits_of_member
from licensing.services.limits import MandateLimits, beyond_mandate, parse_limits
from licensing.services.rule_limits import beyond_every_rule, beyond_rule, parse_rule_limits
from trustcore.policy.clauses import ContentRule
from trustcore.policy.terms import Terms
from trustcore.policy.vocabulary import ApprovalMode, ReplicaClass

_ROUNDING = timedelta(seconds=1)  # a licence begins in the second after a fraction


class Own(Enum):
    """Says: the limits that bind the talent now."""

    LIMITS = auto()


@dataclass(frozen=True, slots=True)
class Route:
    """Who must decide, under which mandate, and what lies beyond it.

    Attributes:
        outside: what made an ``AGENT_WITHIN_MANDATE`` or ``QUORUM`` mandate ask the talent as well.
        quorum: how many signers must agree, for ``QUORUM``.
        rule: the talent's rule that approves, for ``AUTO_WITHIN_RULES``.
        notice: how long the union is given notice before anything begins.
    """

    mode: ApprovalMode
    mandate: Mandate | None
    agency_id: UUID | None
    outside: tuple[str, ...] = ()
    quorum: int | None = None
    rule: AutoRule | None = None
    notice: timedelta = timedelta(0)


def represented_by(talent: Talent, at: datetime) -> Mandate | None:
    """The mandate that routes the talent's requests now."""
    return mandate_in_force(talent.pk, at)


def route_request(
    terms: Terms,
    talent: Talent,
    mandate: Mandate | None,
    *,
    licensee_id: UUID,
    at: datetime,
    by_rule: bool = True,
    request_id: UUID | None = None,
    guild: MandateLimits | Own | None = Own.LIMITS,
    owed: timedelta = timedelta(0),
) -> Route:
    """Route ``terms`` by who may speak for the talent: authority, rule, mandate, the talent alone; in that order.

    What goes beyond a mandate is decided by agent and talent together, never refused unseen and never
    approved by the agent alone. Once people have been asked, or where a profile stands against the terms, no rule
    answers for them (``by_rule``). For a minor or an estate nothing but authority decides.

    Args:
        request_id: of the request, so that a canary of the guild's defaults binds those that it chose.
        owed: the notice that a profile asks for: a rule's licence, too, begins after it.
        guild: limits to route by instead of those that bind the talent: what would be, before it is.
    """
    limits = _guilds_limits(terms, talent, request_id) if isinstance(guild, Own) else guild
    beyond = beyond_limits(terms, limits)
    agency = mandate.agency_id if mandate else None
    notice = timedelta(hours=mandate.notice_hours if mandate else 0)  # owed to the union, whoever decides
    if authority_wanted(talent, at) is not None:
        return Route(ApprovalMode.GUARDIAN_AND_COURT, mandate, agency, notice=notice)
    if (
        by_rule
        and not beyond
        and (rule := rule_for(terms, talent, licensee_id, at, notice=max(notice, owed)))
    ):
        return Route(ApprovalMode.AUTO_WITHIN_RULES, mandate, agency, rule=rule, notice=notice)
    if mandate is None:
        return Route(ApprovalMode.TALENT_ONLY, None, None)
    outside = beyond_mandate(
        terms, use_types=frozenset(mandate.use_types), limits=parse_limits(mandate.limits)
    )
    outside = tuple(dict.fromkeys([*outside, *beyond]))
    mode = ApprovalMode(mandate.mode)
    if mode in {ApprovalMode.AGENT_WITHIN_MANDATE, ApprovalMode.QUORUM} and outside:
        mode = ApprovalMode.DUAL
    if mode is ApprovalMode.AGENT_WITHIN_MANDATE and _was_handed_up(request_id):
        mode = ApprovalMode.TALENT_ONLY
    quorum = mandate.quorum if mode is ApprovalMode.QUORUM else None
    return Route(mode, mandate, agency, outside, quorum=quorum, notice=notice)


def _was_handed_up(request_id: UUID | None) -> bool:
    """Whether the agent left this request to the talent, who keeps it when it is asked for anew."""
    if request_id is None:
        return False
    return RequestAction.objects.filter(request=request_id, kind=ActionKind.ESCALATE).exists()


def beyond_guild(terms: Terms, talent: Talent, request_id: UUID | None = None) -> tuple[str, ...]:
    """What in ``terms`` is beyond the defaults of the talent's guild: the talent's own word is asked for it."""
    return beyond_limits(terms, _guilds_limits(terms, talent, request_id))


def beyond_limits(terms: Terms, limits: MandateLimits | None) -> tuple[str, ...]:
    """What in ``terms`` is beyond the limits that a guild sets; None: no guild."""
    if limits is None:
        return ()
    return beyond_mandate(terms, use_types=frozenset(map(str, terms.use_types)), limits=limits)


def _guilds_limits(terms: Terms, talent: Talent, request_id: UUID | None) -> MandateLimits | None:
    return limits_of_member(talent, request_id=request_id, production_id=UUID(terms.project.id))


def rule_for(
    terms: Terms, talent: Talent, licensee_id: UUID, at: datetime, *, notice: timedelta = timedelta(0)
) -> AutoRule | None:
    """The oldest rule in force, set by the talent in person, that covers all of ``terms`` for this licensee.

    Where the talent asks for a passkey's signature no rule answers: it has none to give.

    Args:
        notice: how long must pass before the licence may begin.
    """
    if never_by_rule(terms) or talent.organisation.passkey_required:
        return None
    rows = AutoRule.objects.filter(
        talent=talent, set_by=talent.user_id, ended_at=None, valid_from__lte=at, valid_until__gt=at
    )
    named = rows.filter(Q(licensees=None) | Q(licensees=licensee_id)).order_by("created_at", "pk").distinct()
    for rule in named:
        beyond = beyond_rule(
            terms,
            use_types=frozenset(rule.use_types),
            limits=parse_rule_limits(rule.limits),
            opens=at + notice + _ROUNDING,
            until=rule.valid_until,
        )
        if not beyond:
            return rule
    return None


def never_by_rule(terms: Terms) -> bool:
    """Whether ``terms`` hold what no rule may approve: training, new dialogue, nudity, politics, the dead, and
    every clause that a rule has no limit for and that is other than the terms' default.
    """
    return (
        terms.training.allowed
        or not set(NEVER_BY_RULE).isdisjoint(map(str, terms.use_types))
        or terms.replica_class is ReplicaClass.DECEASED_DIGITAL_REPLICA
        or any(terms.content.get(name) != ContentRule.PROHIBITED for name in NEVER_CONTENT_BY_RULE)
        or bool(beyond_every_rule(terms))
    )
