"""Texts for people, translated when they are shown.

Constants of a module are read before anybody's language is known; :func:`later` marks them for the catalogue and
becomes the reader's words where it is put into a page.
"""

from typing import cast

from django.utils.formats import number_format
from django.utils.functional import lazy
from django.utils.translation import get_language, gettext_lazy

from trustcore.language import Language, language


def later(message: str) -> str:
    """Return ``message`` as a text that is translated each time it is read; ``str()`` before joining."""
    return cast("str", gettext_lazy(message))


def core() -> Language:
    """The language that the core tells terms in, for whoever is read to now; English where nobody is."""
    return language(get_language() or "en")


def core_later(message: str) -> str:
    """Return a text of the core as one that is told in the reader's language each time it is read."""
    return _told_later(message)


def _told(message: str) -> str:
    return core().say(message)


_told_later = lazy(_told, str)


def figure(number: int) -> str:
    """Return a whole number as the reader's language writes it: ``4,120``."""
    return number_format(number, force_grouping=True)
