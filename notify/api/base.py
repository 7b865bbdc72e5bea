"""What the operations share: the caller, its endpoint, a page of rows."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from rest_framework.response import Response

from accounts.models import Scope
from accounts.principals import Principal
from accounts.selectors import principal_of
from common.api import ApiView, CursorPage
from common.errors import NotFound
from notify import selectors
from notify.models import WebhookEndpoint


class WebhookView(ApiView):
    """Base of the operations; what is another organisation's does not exist here."""

    required_scope = str(Scope.WEBHOOK_MANAGE)

    @property
    def principal(self) -> Principal:
        """Who calls, for which organisation."""
        return principal_of(self.request)

    def endpoint(self, endpoint_id: UUID) -> WebhookEndpoint:
        """The caller's endpoint.

        Raises:
            NotFound: no such endpoint, or another organisation's.
        """
        found = selectors.endpoint_for(self.principal, endpoint_id)
        if found is None:
            raise NotFound
        return found

    def page(self, rows: QuerySet[Any], write: Callable[[Any], dict[str, Any]]) -> Response:
        """One page of ``rows`` by cursor, each written by ``write``."""
        pages = CursorPage()
        found = pages.paginate_queryset(rows, self.request, view=self) or []
        return pages.get_paginated_response([write(row) for row in found])
