"""Marked copies, as their makers and the keepers of the work may see them."""

from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.principals import Principal
from screenplays.models import Copy, Work


def copies_of(work: Work) -> QuerySet[Copy]:
    """The copies of a work, newest first."""
    rows = Copy.objects.filter(work=work).select_related("version", "made_by")
    return rows.defer("version__sketch").order_by("-number")


def own_copies(principal: Principal, work: Work) -> QuerySet[Copy]:
    """The copies of a work that the caller had made in person, newest first."""
    return copies_of(work).filter(
        access__person=principal.person, access__credential=None, access__organisation=principal.organisation
    )


def copy_for(principal: Principal, copy_id: UUID) -> Copy | None:
    """A copy that this very caller had made."""
    mine = (
        Q(access__credential=principal.credential)
        if principal.credential
        else Q(access__person=principal.person, access__credential=None)
    )
    rows = Copy.objects.filter(mine, access__organisation=principal.organisation, pk=copy_id)
    return rows.select_related("work", "version").first()
