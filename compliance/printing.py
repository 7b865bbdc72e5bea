"""Pages for people, as HTML and as PDF: the same template makes both.

The PDF is WeasyPrint's; it needs Pango from the operating system. Where that is missing no PDF is made and the
HTML stands alone (``compliance.W001`` says so at start). Equal pages make equal bytes: no clock is printed, and
nothing is fetched but the house's own fonts.
"""

import ctypes.util
import os
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation

_FONTS = {
    "Newsreader": "newsreader-latin-opsz-normal.woff2",
    "Hanken Grotesk": "hanken-grotesk-latin-wght-normal.woff2",
    "Geist Mono": "geist-mono-latin-wght-normal.woff2",
}
_PLACE = "agents_portal/fonts/"


def page_of(template: str, facts: dict[str, Any]) -> str:
    """Return a template's page; documents are in English, whoever asked for them."""
    with translation.override("en"):
        return render_to_string(template, facts)


def can_print() -> bool:
    """Whether this machine has what PDFs are made with."""
    return ctypes.util.find_library("pango-1.0") is not None


def pdf_of(page: str) -> bytes | None:
    """Return ``page`` as a PDF; None where Pango is missing.

    Raises:
        ValueError: the page asks for something that is not one of the house's fonts.
    """
    if not can_print():
        return None
    os.environ.setdefault("SOURCE_DATE_EPOCH", "0")  # what fonts are stamped with when they are cut
    from PIL import ImageFile

    lenient = ImageFile.LOAD_TRUNCATED_IMAGES
    from weasyprint import CSS, HTML
    from weasyprint.text.fonts import FontConfiguration
    from weasyprint.urls import FatalURLFetchingError, URLFetcher

    # importing WeasyPrint has Pillow accept pictures cut short, in the whole process: not here
    ImageFile.LOAD_TRUNCATED_IMAGES = lenient
    faces, fonts = _faces(), FontConfiguration()
    asked: list[str] = []

    class OwnFonts(URLFetcher):
        def fetch(self, url: str, headers: Any = None) -> Any:
            if url not in faces:
                asked.append(url)
                raise ValueError(url)
            return super().fetch(url, headers)

    fetcher = OwnFonts(fail_on_errors=True)
    rules = "".join(
        f'@font-face {{ font-family: "{name}"; src: url("{url}"); }}' for url, name in faces.items()
    )
    try:
        style = CSS(string=rules, font_config=fonts, url_fetcher=fetcher)
        made: bytes = HTML(string=page, url_fetcher=fetcher).write_pdf(stylesheets=[style], font_config=fonts)
    except FatalURLFetchingError as error:
        raise ValueError(f"a document asks for {asked[-1][:200] if asked else error}") from error
    return made


@cache
def _faces() -> dict[str, str]:
    """The house's fonts: family by the address of its file."""
    found = {family: finders.find(_PLACE + name) for family, name in _FONTS.items()}
    return {Path(path).as_uri(): family for family, path in found.items() if isinstance(path, str)}
