"""Pages of lists: by cursor, so that a page stays true while rows arrive."""

from rest_framework.pagination import CursorPagination


class CursorPage(CursorPagination):
    """Pages by cursor: ``?cursor=...&limit=50``, newest first, at most 200 rows."""

    page_size = 50
    max_page_size = 200
    page_size_query_param = "limit"
    ordering = "-created_at"
