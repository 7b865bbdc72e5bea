"""A house's files of captures, and the rows of one that were not registered."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.principals import Principal
from training.models import ImportRefusal, MaterialImport


def imports_of(principal: Principal) -> QuerySet[MaterialImport]:
    """The house's imports, newest first."""
    rows = MaterialImport.objects.filter(organisation=principal.organisation)
    return rows.select_related("submitted_by", "credential", "cancelled_by").order_by("-created_at", "-id")


def import_for(principal: Principal, import_id: UUID) -> MaterialImport | None:
    """One import of the house."""
    return imports_of(principal).filter(pk=import_id).first()


def refusals_of(row: MaterialImport) -> QuerySet[ImportRefusal]:
    """Rows that were not registered, in the order of the file."""
    return row.refusals.order_by("row")
