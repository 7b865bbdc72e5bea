"""How often one address may ask, how many files at once, and how large a stranger's file may be."""

import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from django.conf import settings
from django.utils.translation import gettext as _
from rest_framework.parsers import BaseParser
from rest_framework.request import Request

from common.errors import Malformed, TooLarge, Unavailable
from common.pacing import ByAddress

_CHUNK = 1024 * 1024


class QueryLimit(ByAddress):
    """Requests of any kind."""

    scope = "softbinding-query"
    setting = "SOFTBINDING_QUERIES_PER_MINUTE"


class UploadLimit(ByAddress):
    """Requests that bring a file, each of which a worker must read."""

    scope = "softbinding-upload"
    setting = "SOFTBINDING_UPLOADS_PER_MINUTE"


class _Places:
    """How many of this process's threads may be with strangers' files: sending, hashing, waiting for the answer."""

    def __init__(self) -> None:
        self._lock, self._taken = threading.Lock(), 0

    @contextmanager
    def one(self) -> Iterator[None]:
        """Hold one of them.

        Raises:
            Unavailable: ``RESOLUTION_BUSY``: none is free; nothing of the body was read.
        """
        with self._lock:
            if self._taken >= settings.SOFTBINDING_AT_ONCE_MAX:
                raise Unavailable("RESOLUTION_BUSY", "Too many files are being handed in.", "Ask again soon.")
            self._taken += 1
        try:
            yield
        finally:
            with self._lock:
                self._taken -= 1


places = _Places()


class RawMedia(BaseParser):
    """Leaves the body unread: :func:`body_on_disk` takes it once the caller may send it."""

    media_type = "*/*"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> dict[str, Any]:
        return {}


@contextmanager
def body_on_disk(request: Request, *, suffix: str) -> Iterator[Path]:
    """Give the body as a file that is gone afterwards.

    Raises:
        TooLarge: ``UPLOAD_TOO_LARGE``: by its declared length, or by what came.
        Malformed: ``BODY_EMPTY``.
    """
    most = settings.SOFTBINDING_BYTES_MAX
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if not declared.isdecimal() or int(declared) > most:
        raise TooLarge("UPLOAD_TOO_LARGE", _("A file may have %(most)s bytes.") % {"most": most})
    with tempfile.NamedTemporaryFile(prefix="tm-resolve-", suffix=suffix) as copy:
        if not _copy(request._request, copy, most):
            raise Malformed("BODY_EMPTY", "The body holds no file.")
        copy.flush()
        yield Path(copy.name)


def _copy(source: Any, target: IO[bytes], most: int) -> int:
    taken = 0
    while piece := source.read(_CHUNK):
        taken += len(piece)
        if taken > most:
            raise TooLarge("UPLOAD_TOO_LARGE", _("A file may have %(most)s bytes.") % {"most": most})
        target.write(piece)
    return taken
