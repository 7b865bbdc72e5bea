"""Files that a page gives away: one way to name them, so that no browser opens or guesses at what it was sent."""

from typing import TypeVar

from django.http.response import HttpResponseBase
from django.utils.http import content_disposition_header

A = TypeVar("A", bound=HttpResponseBase)


def as_download(answer: A, name: str) -> A:
    """``answer`` as a file called ``name``, kept and not shown, whatever its bytes look like.

    A name with other characters than ASCII is sent as RFC 6266 says.
    """
    answer.headers["Content-Disposition"] = content_disposition_header(True, name) or "attachment"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer
