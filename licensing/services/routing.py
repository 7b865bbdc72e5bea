"""Where a request goes: to the talent, to the agent named in the mandate, or to both."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from licensing.models import Mandate, Talent
from licensing.selectors.people import mandate_in_force
from licensing.services.limits import beyond_mandate, parse_limits
from trustcore.policy.terms import Terms
from trustcore.policy.vocabulary import ApprovalMode


@dataclass(frozen=True, slots=True)
class Route:
    """Who must decide, under which mandate, and what lies beyond it.

    ``outside`` names what made an ``AGENT_WITHIN_MANDATE`` mandate ask the talent as well.
    """

    mode: ApprovalMode
    mandate: Mandate | None
    agency_id: UUID | None
    outside: tuple[str, ...]


def represented_by(talent: Talent, at: datetime) -> Mandate | None:
    """The mandate that routes the talent's requests now."""
    return mandate_in_force(talent.pk, at)


def route_request(terms: Terms, mandate: Mandate | None) -> Route:
    """Route ``terms`` by the talent's mandate: no mandate means that the talent decides.

    What goes beyond the mandate is decided by agent and talent together, never refused unseen and never
    approved by the agent alone.
    """
    if mandate is None:
        return Route(ApprovalMode.TALENT_ONLY, None, None, ())
    outside = beyond_mandate(
        terms, use_types=frozenset(mandate.use_types), limits=parse_limits(mandate.limits)
    )
    mode = ApprovalMode(mandate.mode)
    if mode is ApprovalMode.AGENT_WITHIN_MANDATE and outside:
        mode = ApprovalMode.DUAL
    return Route(mode, mandate, mandate.agency_id, outside)
