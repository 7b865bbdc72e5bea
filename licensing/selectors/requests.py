"""Requests as rows: who may see them, for whom a caller acts, whom a request waits on."""

from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.principals import Principal
from licensing.machine import sides_missing
from licensing.models import LicenceRequest, RequestAction, TermsVersion
from licensing.models.requests import OPEN_STATES, Side
from licensing.selectors.people import is_talent
from trustcore.policy.vocabulary import RequestState


def requests_visible_to(principal: Principal) -> QuerySet[LicenceRequest]:
    """Requests of the caller's organisation: asked by it, routed to it, or for its talent; newest first."""
    organisation = principal.organisation
    parties = Q(licensee=organisation) | Q(agency=organisation) | Q(talent__organisation=organisation)
    if principal.credential is None:
        parties |= Q(talent__user=principal.person)
    return (
        LicenceRequest.objects.filter(parties)
        .select_related("production", "talent", "licensee", "agency", "current", "token", "requested_by")
        .order_by("-created_at")
    )


def sides_of(principal: Principal, request: LicenceRequest, deciding: frozenset[UUID]) -> frozenset[Side]:
    """In whose name the caller may act on ``request``; empty: may only read.

    Args:
        deciding: :func:`~licensing.selectors.people.deciding_mandates` of the caller.
    """
    sides = set()
    if request.licensee_id == principal.organisation_id and principal.acts_as("PRODUCER", "ADMIN"):
        sides.add(Side.LICENSEE)
    if request.mandate_id in deciding:
        sides.add(Side.AGENT)
    if is_talent(principal, request.talent):
        sides.add(Side.TALENT)
    return frozenset(sides)


def current_terms(request: LicenceRequest) -> TermsVersion:
    """The version of terms that the request stands at."""
    if request.current is None:  # only between the two inserts of a submission, inside its transaction
        raise LookupError(f"request {request.pk} has no terms")
    return request.current


def waiting_on(request: LicenceRequest, actions: list[RequestAction]) -> frozenset[Side]:
    """Who must act next; empty for a request that is closed."""
    if request.state not in OPEN_STATES:
        return frozenset()
    if request.state == RequestState.COUNTERED:
        return frozenset({Side.LICENSEE})
    return sides_missing(request.mode, actions, current_terms(request).terms_hash) - {Side.LICENSEE}
