"""Hand a stored file to a caller: streamed, resumable by a single byte range, never sniffed.

Source: RFC 9110 sections 13 and 14. Several ranges in one request get the whole file, which is allowed.
"""

import re
from collections.abc import Iterator
from typing import IO

from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse

from common.storage import blobs

_CHUNK = 1024 * 1024
# no file of ours has a place that takes more digits
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})", re.ASCII)


def download(
    request: HttpRequest, name: str, *, file_name: str, content_type: str, size: int, sha256: str
) -> HttpResponseBase:
    """Answer with a blob, or with the part of it that ``Range`` asks for.

    Args:
        name: of the blob.
        file_name: offered to the person who saves it; plain ASCII without quotes.
        size: bytes; sha256: its hash, which is the entity tag.
    """
    etag = f'"{sha256}"'
    if request.headers.get("If-None-Match") == etag:
        return HttpResponse(status=304, headers={"ETag": etag})
    wanted = request.headers.get("Range", "")
    if request.headers.get("If-Range", etag) != etag:
        wanted = ""
    span = _span(wanted, size)
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Content-Disposition": f'attachment; filename="{file_name}"',
        "Cache-Control": "private, no-cache",
        "X-Content-Type-Options": "nosniff",
    }
    if span is None:
        return HttpResponse(status=416, headers={"Content-Range": f"bytes */{size}"})
    first, last = span
    partial = (first, last) != (0, size - 1)
    if partial:
        headers["Content-Range"] = f"bytes {first}-{last}/{size}"
    headers["Content-Length"] = str(last - first + 1)
    pieces = _pieces(blobs().open(name, "rb"), first, last)
    return StreamingHttpResponse(
        pieces, status=206 if partial else 200, content_type=content_type, headers=headers
    )


def _span(wanted: str, size: int) -> tuple[int, int] | None:
    """First and last byte to send, both included; ``None`` if the range cannot be satisfied."""
    match = _RANGE.fullmatch(wanted.replace(" ", ""))
    if match is None or match.groups() == ("", ""):
        return 0, size - 1
    start, end = match.groups()
    if not start:
        length = min(int(end), size)
        return (size - length, size - 1) if length else None
    first, last = int(start), min(int(end) if end else size - 1, size - 1)
    return (first, last) if first <= last else None


def _pieces(stream: IO[bytes], first: int, last: int) -> Iterator[bytes]:
    with stream:
        stream.seek(first)
        left = last - first + 1
        while left > 0 and (piece := stream.read(min(_CHUNK, left))):
            left -= len(piece)
            yield piece
