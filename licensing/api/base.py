"""What the operations of licensing share: strict nested fields, pages, the caller."""

from collections.abc import Callable
from typing import Any

from django.db.models import Model, QuerySet
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.principals import Principal
from accounts.selectors import principal_of
from common.api import ApiView, CursorPage, problem
from common.errors import Forbidden


class StrictSerializer(serializers.Serializer[Any]):
    """A group of fields that refuses names it does not know, also when it stands inside another."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, dict) and (unknown := sorted(set(data) - set(self.fields))):
            raise serializers.ValidationError({name: ["This field is unknown."] for name in unknown})
        return super().to_internal_value(data)


class CodeField(serializers.ChoiceField):
    """One code of a closed vocabulary; reads and writes the code itself."""

    def __init__(self, codes: type, **options: Any) -> None:
        super().__init__(choices=[str(code) for code in codes], **options)  # type: ignore[attr-defined]


class LicensingView(ApiView):
    """Base of the operations: the caller, and a page of rows."""

    @property
    def principal(self) -> Principal:
        """Who calls, for which organisation."""
        return principal_of(self.request)

    def page(self, rows: QuerySet[Any], write: Callable[[Any], dict[str, Any]]) -> Response:
        """One page of ``rows`` by cursor, each written by ``write``."""
        pages = CursorPage()
        found: list[Model] = pages.paginate_queryset(rows, self.request, view=self) or []
        return pages.get_paginated_response([write(row) for row in found])


class PersonView(LicensingView):
    """An operation for people who are signed in: what is decided here no API key decides."""

    @property
    def person(self) -> Principal:
        """The person who calls.

        Raises:
            Forbidden: ``IN_PERSON``: an API key.
        """
        if self.principal.credential is not None:
            raise Forbidden("IN_PERSON", "This is for a person who is signed in.")
        return self.principal


def nothing_here() -> Response:
    """The answer to what does not exist and to what the caller may not know of, byte for byte the same.

    Returned, not raised, where the refusal's own record must outlive the request's transaction.
    """
    document = problem(404, "NOT_FOUND", "There is nothing here.")
    return Response(document, status=404, content_type="application/problem+json")


__all__ = [
    "CodeField",
    "LicensingView",
    "PersonView",
    "Request",
    "Response",
    "StrictSerializer",
    "nothing_here",
]
