"""Alerts as an organisation may see them."""

from django.db.models import QuerySet

from accounts.principals import Principal
from licensing.models import Alert
from licensing.selectors.tokens import tokens_visible_to


def alerts_visible_to(principal: Principal) -> QuerySet[Alert]:
    """Alerts of the licences that the caller may see, newest first."""
    visible = tokens_visible_to(principal).order_by().values("pk")
    return (
        Alert.objects.filter(token__in=visible)
        .select_related("token", "token__production", "token__talent", "token__licensee")
        .order_by("-created_at")
    )
