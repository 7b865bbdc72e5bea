"""The page that verifies a bundle in a browser, with no network and no program of ours: one self-contained file.

It does the steps of :mod:`trustcore.bundle.verify` and answers with the same codes. Its readable sources lie in
``page/``; ``scripts/verify_page.py`` puts them together.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def verify_page() -> bytes:
    """Return the page's bytes, as each bundle carries them at ``data/verify.html``."""
    return files("trustcore.bundle").joinpath("verify.html").read_bytes()
