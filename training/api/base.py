"""What the operations share: the caller, pages, strict groups of fields."""

from collections.abc import Callable
from typing import Any, ClassVar

from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.response import Response

from accounts.principals import Principal
from accounts.selectors import principal_of
from common.api import ApiView, CursorPage
from training.seats import require_house


class Strict(serializers.Serializer[Any]):
    """Fields; names that it does not know are refused, also inside another."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError({name: ["This field is unknown."] for name in unknown})
        return super().to_internal_value(data)


class ReasonInput(Strict):
    """Why."""

    reason = serializers.CharField(max_length=2000)


class TrainingView(ApiView):
    """Base of the operations: to an organisation that does not train there is nothing here."""

    refusals: ClassVar[tuple[int, ...]] = (404,)

    @property
    def principal(self) -> Principal:
        """Who calls, for which organisation."""
        return principal_of(self.request)

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        require_house(self.principal)

    def page(self, rows: QuerySet[Any], write: Callable[[Any], dict[str, Any]]) -> Response:
        """One page of ``rows`` by cursor, each written by ``write``."""
        pages = CursorPage()
        found: list[Model] = pages.paginate_queryset(rows, self.request, view=self) or []
        return pages.get_paginated_response([write(row) for row in found])
