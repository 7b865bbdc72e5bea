"""Training requests and licences: who may see them, and how a training licence stands now."""

from datetime import datetime

from django.db.models import Q, QuerySet

from accounts.principals import Principal
from common import clock
from licensing.models import Hold, TrainingRequest, TrainingToken
from licensing.selectors.people import mandates_in_force, spoken_for_by
from trustcore.policy.vocabulary import RequestState, TokenState


def training_requests_visible_to(principal: Principal) -> QuerySet[TrainingRequest]:
    """Training requests of the caller's studio, or for a talent whom the caller is, speaks for or represents."""
    rows = TrainingRequest.objects.filter(_parties(principal))
    return rows.select_related("production", "talent", "licensee", "token").order_by("-created_at")


def training_asked_of(principal: Principal) -> int:
    """How many studios wait for the caller's own word on training; 1 query."""
    rows = TrainingRequest.objects.filter(talent__user=principal.person, state=RequestState.SUBMITTED)
    return rows.filter(answer_by__gt=clock.now()).count() if principal.credential is None else 0


def training_tokens_visible_to(principal: Principal) -> QuerySet[TrainingToken]:
    """Training licences, likewise; the guild of the production sees them, too."""
    guild = Q(production__guild=principal.organisation)
    rows = TrainingToken.objects.filter(_parties(principal) | guild)
    return rows.select_related("request", "licensee", "talent", "production").order_by("-created_at")


def training_state(token: TrainingToken, at: datetime | None = None) -> TokenState:
    """How a training licence stands: its end, its window, its holds, and whether its licensee changed hands."""
    moment = at or clock.now()
    if token.state == TokenState.REVOKED:
        return TokenState.REVOKED
    if moment >= token.not_after:
        return TokenState.EXPIRED
    if token.control_generation != token.licensee.control_generation:
        return TokenState.TERMINATED_CHANGE_OF_CONTROL
    covers = [token.talent_id, token.production_id, token.licensee_id]
    if Hold.objects.filter(covers__in=covers, lifted_at=None).exists():
        return TokenState.SUSPENDED
    return TokenState.ACTIVE if moment >= token.not_before else TokenState.PENDING_ACTIVATION


def _parties(principal: Principal) -> Q:
    organisation = principal.organisation
    represented = mandates_in_force().filter(agency=organisation).values("talent_id")
    parties = Q(licensee=organisation) | Q(talent__organisation=organisation) | Q(talent_id__in=represented)
    if principal.credential is None:
        parties |= Q(talent__user=principal.person)
        parties |= Q(talent__in=spoken_for_by(principal).values("pk"))
    return parties
