"""Requests as rows: who may see them, for whom a caller acts, whom a request waits on."""

from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.principals import Principal
from common.choosing import found_by_any, in_any
from licensing.machine import sides_missing
from licensing.models import LicenceRequest, MandateSigner, RequestAction, TermsVersion
from licensing.models.requests import OPEN_STATES, Side
from licensing.selectors.people import has_authority, is_signer, is_talent, spoken_for_by
from trustcore.policy.vocabulary import ApprovalMode, RequestState


def requests_visible_to(principal: Principal) -> QuerySet[LicenceRequest]:
    """Requests of the caller's organisation: asked by it, routed to it, or for its talent; newest first."""
    return with_parties(LicenceRequest.objects.filter(in_any(LicenceRequest.objects, _parties(principal))))


def requests_seen_by(principal: Principal) -> QuerySet[LicenceRequest]:
    """The same requests as bare rows: all of them, to count, to sort and to cut."""
    return LicenceRequest.objects.filter(found_by_any(LicenceRequest.objects, _parties(principal)))


def _parties(principal: Principal) -> list[Q]:
    organisation = principal.organisation
    parties = [Q(licensee=organisation), Q(agency=organisation), Q(talent__organisation=organisation)]
    if principal.credential is None:
        parties += [
            Q(talent__user=principal.person),
            Q(mandate__in=_signed_with(principal)),
            Q(talent__in=spoken_for_by(principal).values("pk")),
        ]
    return parties


def with_parties(rows: QuerySet[LicenceRequest]) -> QuerySet[LicenceRequest]:
    """The requests with what a list says of each; newest first."""
    return rows.select_related(
        "production", "talent", "licensee", "agency", "current", "token", "requested_by"
    ).order_by("-created_at")


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
    if request.mode == ApprovalMode.QUORUM and is_signer(principal, request.mandate_id):
        sides.add(Side.SIGNER)
    if request.mode == ApprovalMode.GUARDIAN_AND_COURT and has_authority(principal, request.talent):
        sides.add(Side.GUARDIAN)
    return frozenset(sides)


def _signed_with(principal: Principal) -> QuerySet[Any]:
    return MandateSigner.objects.filter(user=principal.person).values("mandate_id")


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
    return sides_missing(request.mode, actions, current_terms(request).terms_hash, request.quorum) - {
        Side.LICENSEE
    }
