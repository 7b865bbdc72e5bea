"""Lists of an organisation's own sources, assets, reviews and exceptions."""

from django.db.models import QuerySet

from accounts.principals import Principal
from training.models import Review, RightsException, Source, SourceClass, TrainingAsset


def classes_of(principal: Principal) -> QuerySet[SourceClass]:
    """The house's classes of sources."""
    return SourceClass.objects.filter(organisation=principal.organisation).order_by("-created_at")


def sources_of(principal: Principal) -> QuerySet[Source]:
    """The house's sources."""
    rows = Source.objects.filter(organisation=principal.organisation)
    return rows.select_related("source_class").order_by("-created_at")


def assets_of(principal: Principal) -> QuerySet[TrainingAsset]:
    """The house's originals."""
    rows = TrainingAsset.objects.filter(organisation=principal.organisation)
    return rows.select_related("source", "decision").order_by("-created_at")


def review_queue(principal: Principal) -> QuerySet[Review]:
    """What waits for a reviewer, the riskiest first (TP-142)."""
    rows = Review.objects.filter(organisation=principal.organisation, answer="")
    return rows.select_related("asset__source").order_by("-risk", "due_at")


def reviews_of(principal: Principal) -> QuerySet[Review]:
    """All reviews of the house."""
    rows = Review.objects.filter(organisation=principal.organisation)
    return rows.select_related("asset__source").order_by("-created_at")


def exceptions_of(principal: Principal) -> QuerySet[RightsException]:
    """All exceptions of the house, over or not: they stay visible."""
    rows = RightsException.objects.filter(organisation=principal.organisation)
    return rows.select_related("source_class", "owner").order_by("-created_at")
