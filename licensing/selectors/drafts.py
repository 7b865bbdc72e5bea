"""What a studio has begun to ask."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.principals import Principal
from licensing.models import RequestDraft


def drafts_of(principal: Principal) -> QuerySet[RequestDraft]:
    """The drafts of the caller's organisation that were not sent, the latest change first."""
    mine = RequestDraft.objects.filter(organisation=principal.organisation, submitted=None)
    return mine.select_related("created_by").order_by("-changed_at", "-pk")


def draft_for(principal: Principal, draft_id: UUID) -> RequestDraft | None:
    """One draft of the caller's organisation, sent or not; None: there is none."""
    return RequestDraft.objects.filter(organisation=principal.organisation, pk=draft_id).first()
