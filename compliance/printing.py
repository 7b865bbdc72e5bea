"""Pages for people, as HTML and as PDF: the same template makes both.

The PDF is WeasyPrint's; it needs Pango from the operating system. Where that is missing no PDF is made and the
HTML stands alone (``compliance.W001`` says so at start). A child process prints (:mod:`compliance.press`): its memory
goes when the page is done, and what the library changes for a whole process changes it there alone. Equal pages make
equal bytes: no clock is printed, and nothing is fetched but the house's own fonts.
"""

import ctypes.util
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.utils import translation

from compliance import press

_FONTS = {
    "Newsreader": "newsreader-latin-opsz-normal.woff2",
    "Hanken Grotesk": "hanken-grotesk-latin-wght-normal.woff2",
    "Geist Mono": "geist-mono-latin-wght-normal.woff2",
}
_PLACE = "agents_portal/fonts/"
_SECONDS_MAX = 600


class PrintingFailed(RuntimeError):
    """The process that prints ended without a page."""


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
        PrintingFailed: the process that prints was ended, or took more than ten minutes.
    """
    if not can_print():
        return None
    try:
        done = subprocess.run(
            [sys.executable, "-P", press.__file__],
            input=json.dumps({"page": page, "faces": _faces()}).encode(),
            # what fonts are stamped with when they are cut
            env={"SOURCE_DATE_EPOCH": "0", **os.environ},
            capture_output=True,
            timeout=_SECONDS_MAX,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PrintingFailed(f"a page was not printed in {_SECONDS_MAX} s") from error
    if done.returncode == press.ASKS_FOR_MORE:
        raise ValueError(f"a document asks for {done.stderr.decode(errors='replace').strip()[:200]}")
    if done.returncode or not done.stdout.startswith(b"%PDF-"):
        raise PrintingFailed(done.stderr.decode(errors="replace").strip()[-500:] or "no page came back")
    return done.stdout


@cache
def _faces() -> dict[str, str]:
    """The house's fonts: family by the address of its file."""
    found = {family: finders.find(_PLACE + name) for family, name in _FONTS.items()}
    return {Path(path).as_uri(): family for family, path in found.items() if isinstance(path, str)}
