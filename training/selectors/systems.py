"""What other systems reported last, and the last look at the house."""

from django.db.models import QuerySet

from accounts.principals import Principal
from training.models import InspectionLook, SystemReport


def newest_reports(principal: Principal) -> list[SystemReport]:
    """The newest report of each system of the caller's house, by name; 1 query."""
    rows = SystemReport.objects.filter(organisation=principal.organisation)
    newest = rows.order_by("system", "-created_at", "-pk").distinct("system")
    return list(newest.select_related("reported_by"))


def reports_of_system(principal: Principal, system: str) -> QuerySet[SystemReport]:
    """Every report of one system, newest first."""
    rows = SystemReport.objects.filter(organisation=principal.organisation, system=system)
    return rows.select_related("reported_by").order_by("-created_at", "-pk")


def newest_look(principal: Principal) -> InspectionLook | None:
    """The last look that somebody of the caller's house took; None: nobody did."""
    rows = InspectionLook.objects.filter(organisation=principal.organisation)
    return rows.select_related("asked_by").order_by("-created_at", "-pk").first()
