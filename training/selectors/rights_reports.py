"""A house's rights reports, and the size of what one would be about."""

from django.db.models import QuerySet, Sum
from django.db.models.functions import Coalesce

from accounts.principals import Principal
from training.models import ReportRerun, RightsReport, RightsReview, TrainingAsset, TrainingManifest
from training.vocabulary import ReportScope


def reports_of(principal: Principal) -> QuerySet[RightsReport]:
    """The house's reports, newest first."""
    rows = RightsReport.objects.filter(organisation=principal.organisation)
    return rows.select_related("asked_by").order_by("-created_at")


def last_rerun(report: RightsReport) -> ReportRerun | None:
    """The newest making-again of a report, done or under way."""
    return report.reruns.select_related("asked_by").order_by("-created_at").first()


def size_of(row: RightsReport) -> int:
    """About how many originals or rows a report tells of: enough to say whether somebody should wait for it."""
    match row.scope:
        case ReportScope.ASSET:
            return 1
        case ReportScope.SOURCE:
            return TrainingAsset.objects.filter(source=row.ref).count()
        case ReportScope.ORGANISATION:
            return TrainingAsset.objects.filter(organisation=row.organisation_id).count()
    manifests = TrainingManifest.objects.filter(organisation=row.organisation_id)
    if row.scope == ReportScope.RUN:
        manifests = manifests.filter(runs=row.ref)
    elif row.scope == ReportScope.MODEL:
        manifests = manifests.filter(runs__models=row.ref)
    else:
        manifests = manifests.filter(pk__in=[row.ref])
    return int(manifests.aggregate(rows=Coalesce(Sum("rows"), 0))["rows"])


def rights_reviews_of(principal: Principal) -> QuerySet[RightsReview]:
    """The house's rights reviews, newest first."""
    rows = RightsReview.objects.filter(organisation=principal.organisation)
    return rows.select_related("rights__source", "answered_by").order_by("-created_at")
