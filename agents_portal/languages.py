"""In which language a page speaks: the person's own choice, else this browser's, else what it asks for.

Spanish addresses agents, studios and guilds as *usted* and a talent, whose pages speak in the second person,
as *tú*: the catalogue ``es_Informal`` holds only the sentences that differ, and everything else is ``es``.
"""

from collections.abc import Awaitable
from typing import Final

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.middleware.locale import LocaleMiddleware
from django.utils import translation

FAMILIAR: Final = {"es": "es-informal"}
"""Languages with a second catalogue for those who are addressed familiarly."""
_TEXTS: Final = ("text/html", "application/json", "application/problem+json")


class ReadersLanguage(LocaleMiddleware):
    """Speaks the browser's language until a page knows its reader, and leaves none behind for the next request."""

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        if self.async_mode:
            return super().__call__(request)
        with translation.override(translation.get_language()):
            return super().__call__(request)

    def process_response(self, request: HttpRequest, response: HttpResponseBase) -> HttpResponseBase:
        """Name the language of what is text for people; logs, tiles and files are the same in every language."""
        if not response.headers.get("Content-Type", "").startswith(_TEXTS):
            return response
        response.headers.setdefault("Content-Language", spoken_language())
        return super().process_response(request, response)


def spoken_language() -> str:
    """The language of the page as a tag for browsers: ``es``, whichever of its catalogues speaks."""
    code = translation.get_language() or "en"
    return next((plain for plain, familiar in FAMILIAR.items() if code == familiar), code)


def speak_to(chosen: str, *, familiarly: bool) -> None:
    """Go on in the language a person chose, or stay with the browser's; for the rest of this request."""
    code = chosen or spoken_language()
    translation.activate(FAMILIAR.get(code, code) if familiarly else code)
