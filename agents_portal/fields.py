"""One term as a person changes it: where it stands, how it is read from a form, and how it is said.

    >>> FIELDS["frames_max"].value_of(terms)           # doctest: +SKIP
    3000

Which terms there are, and who may change them, stands in :mod:`agents_portal.term_table`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation
from enum import StrEnum
from operator import attrgetter
from typing import Any, Final

from django.utils.translation import gettext as _

from agents_portal.evidence_fields import read_hashes, read_scripts, script_line, script_of
from agents_portal.words import figure, later
from common.dates import date_words
from common.errors import InvalidInput
from common.language import core
from trustcore.policy.settle import format_time, parse_time
from trustcore.policy.shape import said
from trustcore.policy.terms import Terms
from trustcore.policy.territory import COUNTRIES, PRESETS, expand_territories, is_territory, territory_name
from trustcore.policy.words import minor_digits, money

Value = int | str | bool | tuple[str, ...] | None
_GROUPING: Final = re.compile(r"[,. \u00a0\u202f'’]")
_SIZE: Final = re.compile(r"[1-9][0-9]{0,4}x[1-9][0-9]{0,4}", re.ASCII)
_NAMES_MOST: Final = 2000


class Kind(StrEnum):
    """How a term's value is written."""

    NUMBER = "NUMBER"
    MONEY = "MONEY"
    POINTS = "POINTS"
    MEMBERS = "MEMBERS"
    PLACES = "PLACES"
    NAMES = "NAMES"
    CHOICE = "CHOICE"
    FLAG = "FLAG"
    DATE = "DATE"
    TEXT = "TEXT"
    SCRIPTS = "SCRIPTS"
    HASHES = "HASHES"


class Way(StrEnum):
    """In which direction the side that answers may change a term; the side that asks may go either way."""

    FALLS = "FALLS"
    RISES = "RISES"
    LOSES = "LOSES"
    GAINS = "GAINS"
    WITHIN = "WITHIN"
    STRICTER = "STRICTER"
    EARLIER = "EARLIER"
    LATER = "LATER"
    FREE = "FREE"
    FIXED = "FIXED"


LISTS: Final = frozenset({Kind.MEMBERS, Kind.PLACES, Kind.NAMES, Kind.SCRIPTS, Kind.HASHES})


@dataclass(frozen=True)
class TermField:
    """One field of the terms.

    Attributes:
        path: where it stands, as ``scope.frames_max``.
        codes: the members or choices there are; empty where they are names.
        optional: whether it may say nothing.
        main: whether its row is always shown.
    """

    key: str
    label: str
    path: str
    kind: Kind = Kind.TEXT
    way: Way = Way.FREE
    group: str = ""
    question: str = ""
    words: Callable[[str], str] = str
    codes: tuple[str, ...] = ()
    unit: str = ""
    optional: bool = False
    main: bool = False
    longest: int = 200
    limit: str = ""

    def value_of(self, terms: Terms) -> Value:
        """The field's value; a code as text, a list as its members, None where nothing is said."""
        root, _dot, name = self.path.partition(".")
        value: Any
        if root in {"content", "ratings"}:
            value = (getattr(terms, root) or {}).get(name)
            return None if value is None else str(value)
        if root == "declared":
            value = getattr(terms.declared, name) if terms.declared else None
        else:
            value = said(attrgetter(self.path)(terms))
        if self.kind is Kind.SCRIPTS:
            return tuple(script_line(one.ref, one.version, one.sha256, one.dated) for one in value)
        if isinstance(value, tuple):
            return tuple(str(one) for one in value)
        return str(value) if isinstance(value, str) else value

    @property
    def is_hint(self) -> bool:
        """Whether ``limit`` says how the field is filled in, rather than what it means."""
        return self.kind in {Kind.NAMES, Kind.DATE, Kind.HASHES}

    @property
    def is_list(self) -> bool:
        """Whether the field holds members."""
        return self.kind in LISTS

    def plain(self, value: Value) -> Any:
        """The value as the terms' JSON writes it."""
        if self.path.startswith("content.") and isinstance(value, str) and value.isdigit():
            return int(value)
        if self.path == "renewal.notify_days_before" and isinstance(value, tuple):
            return [int(one) for one in value]
        if self.kind is Kind.SCRIPTS and isinstance(value, tuple):
            return [script_of(one) for one in value]
        return list(value) if isinstance(value, tuple) else value

    def typed(self, value: Value, currency: str) -> list[str]:
        """The value as a form shows it, which :meth:`read` reads back; an amount is in ``currency``."""
        if isinstance(value, tuple):
            return list(value)
        if isinstance(value, bool):
            return ["1" if value else "0"]
        if value is None:
            return [""]
        if self.kind is Kind.MONEY and isinstance(value, int):
            digits = minor_digits(currency)
            return [f"{Decimal(value).scaleb(-digits):.{digits}f}"]
        if self.kind is Kind.POINTS and isinstance(value, int):
            return [f"{Decimal(value).scaleb(-2):.2f}"]
        if self.kind is Kind.DATE:
            return [parse_time(str(value)).date().isoformat()]
        return [str(value)]

    def told(self, value: Value, currency: str, names: Mapping[str, str]) -> str:
        """One value, or one member of a list, in words."""
        if value is None or value == "":
            return _("Nothing agreed")
        if isinstance(value, bool):
            return _("Yes") if value else _("No")
        if self.kind is Kind.MONEY and isinstance(value, int):
            return money(value, currency, core())
        if self.kind is Kind.POINTS and isinstance(value, int):
            return f"{value // 100}{core().decimal}{value % 100:02d} %"
        if isinstance(value, int):
            return figure(value)
        if self.kind is Kind.DATE:
            at: datetime = parse_time(str(value))
            return date_words(at)
        return str(names.get(str(value)) or self.words(str(value)))

    def read(self, typed: list[str], currency: str) -> Value:
        """The value that a form sent; whether it may be chosen is asked of the terms as a whole.

        Raises:
            InvalidInput: ``VALUE_INVALID``: not a value of this kind; the sentence says what would be one.
        """
        if self.kind is Kind.PLACES:
            return self._places(typed)
        if self.kind is Kind.SCRIPTS:
            return read_scripts(typed)
        if self.kind is Kind.HASHES:
            return read_hashes(typed)
        if self.is_list:
            return self._members(typed)
        text = typed[0].strip() if typed else ""
        if not text and self.optional:
            return None
        if self.kind is Kind.FLAG:
            return text == "1"
        if self.kind is Kind.NUMBER:
            return self._number(text)
        if self.kind in {Kind.MONEY, Kind.POINTS}:
            digits = 2 if self.kind is Kind.POINTS else minor_digits(currency)
            return self._amount(text, digits)
        if self.kind is Kind.DATE:
            return self._day(text)
        return self._text(text)

    def _number(self, text: str) -> int:
        bare = _GROUPING.sub("", text)
        if not bare.isdecimal() or not bare.isascii() or len(bare) > 9:
            raise InvalidInput("VALUE_INVALID", _("Enter a whole number."))
        if int(bare) < 1 and self.optional:
            raise InvalidInput("VALUE_INVALID", _("Enter a whole number, or leave it empty."))
        return int(bare)

    def _amount(self, text: str, digits: int) -> int:
        try:
            amount = Decimal(text.replace(",", "").replace(" ", "")).scaleb(digits)
        except InvalidOperation as error:
            raise InvalidInput("VALUE_INVALID", _("Enter an amount, as 12,450.00.")) from error
        if not amount.is_finite() or amount < 0 or amount > 10**15 or amount != int(amount):
            raise InvalidInput("VALUE_INVALID", _("Enter an amount, as 12,450.00."))
        return int(amount)

    def _day(self, text: str) -> str:
        try:
            return format_time(datetime.combine(date.fromisoformat(text), time(), tzinfo=UTC))
        except ValueError as error:
            raise InvalidInput("VALUE_INVALID", _("Enter a day, as 2026-11-30.")) from error

    def _text(self, text: str) -> str:
        if self.codes and text not in self.codes:
            raise InvalidInput("VALUE_INVALID", _("Choose one of those offered."))
        if self.path == "scope.resolution_max" and not _SIZE.fullmatch(text):
            raise InvalidInput("VALUE_INVALID", _("Enter a size, as 4096x2160."))
        if not text or len(text) > self.longest:
            raise InvalidInput(
                "VALUE_INVALID",
                _("Write something, in at most %(most)s characters.") % {"most": figure(self.longest)},
            )
        return text

    def _members(self, typed: list[str]) -> tuple[str, ...]:
        found = tuple(dict.fromkeys(one for text in typed for one in _lines(text)))
        if self.codes and set(found) - set(self.codes):
            raise InvalidInput("VALUE_INVALID", _("Choose from those offered."))
        if not found and not self.optional:
            raise InvalidInput("VALUE_INVALID", _("Keep at least one. To grant none of it, decline."))
        if len(found) > _NAMES_MOST or any(len(one) > self.longest for one in found):
            raise InvalidInput("VALUE_INVALID", _("These are too many names, or one is too long."))
        if self.path == "renewal.notify_days_before":
            return self._days(found)
        return tuple(sorted(found))

    def _days(self, found: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(one) for one in sorted({self._number(text) for text in found}, reverse=True))

    def _places(self, typed: list[str]) -> tuple[str, ...]:
        found: list[str] = []
        for name in (one for text in typed for one in _lines(text)):
            code = _BY_NAME.get(name.casefold(), name.upper())
            if code not in PRESETS and not is_territory(code):
                raise InvalidInput("VALUE_INVALID", _("Not a country: %(names)s.") % {"names": name[:60]})
            found.append(code)
        if not found and not self.optional:
            raise InvalidInput("VALUE_INVALID", _("Keep at least one. To grant none of it, decline."))
        return tuple(expand_territories(tuple(found)))


_BY_NAME: Final = {territory_name(code).casefold(): code for code in COUNTRIES}
BOUNDS: Final[Mapping[Way, str]] = {
    Way.LOSES: later("You can take members out. To add one, ask for a separate request."),
    Way.GAINS: later("You can add to what they ask, and take nothing away."),
    Way.WITHIN: later("Name the only ones. Where they name some, you can only take out."),
    Way.STRICTER: later("What is stricter than they ask can be chosen."),
    Way.EARLIER: later("No later than they ask."),
    Way.LATER: later("No earlier than they ask."),
    Way.FREE: later("You can change it either way. They accept it, or they do not."),
}


def _lines(text: str) -> list[str]:
    return [one for part in re.split(r"[\n,;]", text) if (one := part.strip())]
