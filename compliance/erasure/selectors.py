"""Reads: which erasures a caller may see, and the words of what stays."""

from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Organisation
from accounts.principals import Principal
from common.errors import NotFound
from compliance.erasure.models import Erasure


def erasures_visible_to(principal: Principal) -> QuerySet[Erasure]:
    """All of them to an administrator of the operator, one's own to the person; newest first. No key sees any."""
    rows = Erasure.objects.select_related("talent", "user", "asked_by", "confirmed_by")
    if principal.credential is not None:
        return rows.none()
    if principal.organisation.kind == Organisation.Kind.OPERATOR and principal.is_role("ADMIN"):
        return rows.order_by("-created_at")
    mine = Q(user=principal.person) | Q(talent__user=principal.person)
    return rows.filter(mine).order_by("-created_at")


def erasure_for(principal: Principal, erasure_id: UUID) -> Erasure:
    """One of them.

    Raises:
        NotFound: there is none that the caller may see.
    """
    row = erasures_visible_to(principal).filter(pk=erasure_id).first()
    if row is None:
        raise NotFound
    return row
