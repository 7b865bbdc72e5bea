"""Territories: ISO 3166 codes, the presets that expand to them, and what covers what.

A preset is expanded when terms are written, and the expansion is what is signed: a preset that
changes later changes no licence. A country covers its own subdivisions, never the other way round.

    >>> expand_territories(["UK_IE", "US-CA"])
    ('GB', 'IE', 'US-CA')
    >>> covers(["US"], "US-CA"), covers(["US-CA"], "US")
    (True, False)

Source: TAXONOMY section 6; ISO 3166-1 alpha-2 and ISO 3166-2.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from importlib import resources
from types import MappingProxyType
from typing import Final

from trustcore.language import ENGLISH, Language

_DATA: Final = json.loads(resources.files("trustcore.policy").joinpath("territories.json").read_bytes())

PRESETS_VERSION: Final[str] = _DATA["version"]
"""The version of the preset lists."""

PRESETS: Final = MappingProxyType({name: tuple(codes) for name, codes in _DATA["presets"].items()})
"""The countries of each preset, as ISO 3166-1 alpha-2 codes in alphabetical order."""

COUNTRIES: Final[frozenset[str]] = frozenset(PRESETS["WORLD"])
"""Every ISO 3166-1 alpha-2 code."""

_NAMES: Final[dict[str, str]] = _DATA["names"]
_SUBDIVISION: Final = re.compile(r"[A-Z]{2}-[A-Z0-9]{1,3}", re.ASCII)


def is_territory(code: str) -> bool:
    """Answer whether ``code`` is a country, or a well-formed subdivision of one."""
    return code in COUNTRIES or bool(_SUBDIVISION.fullmatch(code) and code[:2] in COUNTRIES)


def expand_territories(names: Iterable[str]) -> tuple[str, ...]:
    """Return ``names`` with every preset expanded, each code once, in alphabetical order.

    A subdivision whose country is in the list too adds nothing, and is left out.

    Raises:
        ValueError: a name is neither a preset nor a territory code.
    """
    codes: set[str] = set()
    for name in names:
        if name in PRESETS:
            codes.update(PRESETS[name])
        elif is_territory(name):
            codes.add(name)
        else:
            raise ValueError(f"{name!r} is neither a preset nor an ISO 3166 code")
    return tuple(sorted(code for code in codes if code in COUNTRIES or code[:2] not in codes))


def covers(granted: Iterable[str], asked: str) -> bool:
    """Answer whether the territory ``asked`` lies in one of ``granted``; an unknown code never does."""
    return is_territory(asked) and any(asked == code or asked[:2] == code for code in granted)


def territory_name(code: str, lang: Language = ENGLISH) -> str:
    """Return the name of a country; a subdivision keeps its code, as ``United States (US-CA)``."""
    if code in _NAMES:
        return lang.say(_NAMES[code])
    return f"{lang.say(_NAMES[code[:2]])} ({code})" if is_territory(code) else code


def country_names() -> Iterable[str]:
    """Return every country's English name, for the catalogues."""
    return _NAMES.values()
