"""The language that sentences about terms are told in; codes, hashes and canonical JSON have none.

English is written in the code; a catalogue beside this module holds each further language, read by the standard
library alone.

    >>> ENGLISH.counted("%(number)s line", "%(number)s lines", 1400)
    '1,400 lines'
    >>> language("es").listed(["Cines", "Internet"])
    'Cines e Internet'

An unknown language speaks English. The catalogues are made by ``scripts/messages.py``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from gettext import GNUTranslations, NullTranslations
from importlib import resources
from typing import Final

DOMAIN: Final = "trustcore"
_BEFORE_I: Final = re.compile(r"(?:i|í|hi(?![ae]))", re.IGNORECASE)
"""Spanish says "e" for "y" before the sound of an i: ``España e Irlanda``, but ``agua y hielo``."""


@dataclass(frozen=True)
class Language:
    """A language: its catalogue, and how it writes numbers, lists and capitals.

    Attributes:
        code: as ``es``.
        thousands, decimal: what stands between groups of three digits, and before tenths.
    """

    code: str
    thousands: str = ","
    decimal: str = "."
    catalogue: NullTranslations = field(default_factory=NullTranslations, repr=False, compare=False)

    def say(self, message: str, **values: object) -> str:
        """Return the message in this language, its values put in."""
        text = self.catalogue.gettext(message) if message else ""
        return text % values if values else text

    def counted(self, one: str, many: str, count: int, **values: object) -> str:
        """Return the form of the message that goes with ``count``, which it may name as ``number``."""
        text = self.catalogue.ngettext(one, many, count)
        return text % {"number": self.number(count), **values}

    def number(self, number: int) -> str:
        """Return a whole number: ``3,000``."""
        return f"{number:,}".replace(",", self.thousands)

    def listed(self, items: Iterable[str]) -> str:
        """Return the items as people list them: commas, and "and" before the last.

        Where an item has a comma or an "and" of its own, semicolons stand between the items instead.
        """
        *head, last = members = [str(item) for item in items] or [""]
        link = f" {self.say('and')} "
        if head and any(", " in item or link in item for item in members):
            return "; ".join(members)
        if self.code == "es" and _BEFORE_I.match(last):
            link = " e "
        return f"{', '.join(head)}{link}{last}" if head else last

    def opening(self, text: str) -> str:
        """Return the text with a capital first."""
        return f"{text[:1].upper()}{text[1:]}"


ENGLISH: Final = Language("en")
LANGUAGES: Final = ("en", "es")
_NUMBERS: Final = {"es": ("\u00a0", ",")}


@cache
def language(code: str) -> Language:
    """Return a language by its code, as ``es`` or ``es-MX``; English where there is none."""
    short = code.partition("-")[0].lower()
    if short not in LANGUAGES or short == "en":
        return ENGLISH
    file = resources.files("trustcore") / "locale" / short / "LC_MESSAGES" / f"{DOMAIN}.mo"
    with file.open("rb") as lines:
        thousands, decimal = _NUMBERS[short]
        return Language(short, thousands, decimal, GNUTranslations(lines))


def message(text: str) -> str:
    """Mark a text for the catalogue where it stands; it is said in a language later."""
    return text
