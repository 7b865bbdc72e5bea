"""Counting inside another question: a number that costs no query of its own."""

from typing import Any

from django.db.models import Count, IntegerField, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce


def count_of(rows: QuerySet[Any, Any]) -> Coalesce:
    """How many ``rows`` there are, as an expression; they may refer to the outer row (``OuterRef``)."""
    one = rows.order_by().annotate(counted_as=Value(1)).values("counted_as")
    return Coalesce(Subquery(one.annotate(n=Count("*")).values("n"), output_field=IntegerField()), Value(0))
