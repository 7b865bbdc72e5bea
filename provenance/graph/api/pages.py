"""Pages of rows that have no ``created_at``: by their id, which grows with time."""

from typing import Any

from rest_framework.exceptions import NotFound
from rest_framework.pagination import CursorPagination
from rest_framework.request import Request

from provenance.graph.selectors.generations import uuid_or_none


class IdPage(CursorPagination):
    """Pages by cursor: ``?cursor=...&limit=50``, newest first, at most 200 rows."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-pk"

    def decode_cursor(self, request: Request) -> Any:
        """The place that the cursor names; one that no page of ours wrote is not there."""
        cursor = super().decode_cursor(request)
        if cursor is not None and cursor.position is not None and uuid_or_none(str(cursor.position)) is None:
            raise NotFound(self.invalid_cursor_message)
        return cursor
