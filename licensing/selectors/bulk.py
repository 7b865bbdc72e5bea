"""Requests that one agent may approve together: wholly inside a mandate, waiting for the agent alone."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from accounts.principals import Principal
from licensing.models.requests import OPEN_STATES
from licensing.selectors.inbox import RequestLine, request_line
from licensing.selectors.people import deciding_mandates
from licensing.selectors.requests import current_terms, requests_visible_to
from licensing.selectors.waiting import needs_of
from trustcore.policy.terms import Terms, parse_terms
from trustcore.policy.vocabulary import ApprovalMode

MOST: Final = 20
"""As many as one can still read before one signs them."""


@dataclass(frozen=True, slots=True)
class Approvable:
    """One request, with the terms that would be signed."""

    line: RequestLine
    terms: Terms


def approvable_together(principal: Principal, ids: Iterable[UUID]) -> tuple[Approvable, ...]:
    """Those of ``ids`` (at most 20) that lie inside a mandate and wait for the caller, by deadline; 3 queries.

    What asks anybody beside the agent, or lies outside in any respect, is never among them: it is read on its own.
    """
    if not principal.is_role("AGENT"):
        return ()
    rows = (
        requests_visible_to(principal)
        .filter(
            needs_of(principal),
            pk__in=list(ids)[:MOST],
            state__in=OPEN_STATES,
            mode=ApprovalMode.AGENT_WITHIN_MANDATE,
            outside_mandate=[],
        )
        .exclude(requested_by=principal.person)
        .order_by("answer_by", "id")
        .prefetch_related("actions")
    )
    deciding = deciding_mandates(principal)
    return tuple(
        Approvable(request_line(principal, row, deciding), parse_terms(current_terms(row).terms))
        for row in rows
    )
