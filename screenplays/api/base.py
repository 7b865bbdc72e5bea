"""What the operations on scripts share: strict fields, pages, files that come in."""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Model, QuerySet
from django.http import HttpResponse
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.principals import Principal
from accounts.selectors import principal_of
from common.api import ApiView, CursorPage
from common.errors import NotFound, TooLarge
from screenplays.models import Work
from screenplays.selectors import work_for

FORM_BYTES = 64 * 1024


class StrictSerializer(serializers.Serializer[Any]):
    """A group of fields."""


class ScriptView(ApiView):
    """Base of the operations: the caller, a work, a page of rows."""

    @property
    def principal(self) -> Principal:
        """Who calls, for which organisation."""
        return principal_of(self.request)

    def work(self, work_id: UUID) -> Work:
        """The work.

        Raises:
            NotFound: none, or none for this caller.
        """
        work = work_for(self.principal, work_id)
        if work is None:
            raise NotFound
        return work

    def page(self, rows: QuerySet[Any], write: Callable[[Any], dict[str, Any]]) -> Response:
        """One page of ``rows`` by cursor, each written by ``write``."""
        pages = CursorPage()
        found: list[Model] = pages.paginate_queryset(rows, self.request, view=self) or []
        return pages.get_paginated_response([write(row) for row in found])


def refuse_oversize(request: Request | Any) -> None:
    """Refuse by the declared length, before a byte of the body is read.

    Raises:
        TooLarge: ``SCRIPT_TOO_LARGE``.
    """
    declared = request.META.get("CONTENT_LENGTH") or "0"
    most = settings.SCRIPT_BYTES_MAX
    if not declared.isdecimal() or len(declared) > 18 or int(declared) > most + FORM_BYTES:
        raise TooLarge("SCRIPT_TOO_LARGE", _("A script file has at most %(most)s bytes.") % {"most": most})


@contextmanager
def on_disk(upload: UploadedFile) -> Iterator[Path]:
    """Give an upload as a file: the one Django spooled, or a temporary one for small uploads."""
    spooled = getattr(upload, "temporary_file_path", None)
    if spooled is not None:
        yield Path(spooled())
        return
    with tempfile.NamedTemporaryFile(prefix="tm-script-") as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


def handed_out(data: bytes, kind: str, name: str) -> HttpResponse:
    """Answer with bytes to save, kept by no cache on the way."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
    }
    return HttpResponse(data, content_type=kind, headers=headers)
