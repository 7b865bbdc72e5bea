"""The terms that a counter may narrow: where each stands, how it is read from a form, what bounds it.

    >>> field = FIELDS["render_territory"]
    >>> field.value_of(terms)           # doctest: +SKIP
    ('CA', 'GB', 'US')

A list may only lose members, a number may only fall (review hours may only rise): whoever wants more is
asked, and the other side says yes to exactly that (``trustcore.policy.diff.is_narrower``).
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.utils.translation import gettext as _

from agents_portal import words
from agents_portal.words import figure, later
from common.errors import InvalidInput
from trustcore.policy.terms import Terms, format_time, parse_terms, parse_time

Value = int | tuple[str, ...]
_GROUPING: Final = re.compile(r"[,. \u00a0\u202f'’]")


@dataclass(frozen=True)
class TermField:
    """One field of the terms as a person changes it."""

    key: str
    label: str
    question: str
    path: tuple[str, ...]
    words: Callable[[str], str] = str
    unit: str = ""
    rises: bool = False

    def value_of(self, terms: Terms) -> Value:
        """The field's value: a number, or the members of a list."""
        value: Any = terms
        for name in self.path:
            value = getattr(value, name)
        return tuple(str(one) for one in value) if isinstance(value, tuple) else int(value or 0)

    def is_list(self, terms: Terms) -> bool:
        """Whether the field holds members rather than a number."""
        return isinstance(self.value_of(terms), tuple)

    def bound(self, terms: Terms) -> str:
        """The bound in one sentence, as the form states it."""
        value = self.value_of(terms)
        if isinstance(value, tuple):
            return _("You can take members out. To add one, ask for a separate request.")
        if self.rises:
            return _("At least %(number)s, what they ask.") % {"number": figure(value)}
        return _("At most %(number)s, what they ask. You can only narrow.") % {"number": figure(value)}

    def read(self, values: list[str], terms: Terms) -> Value:
        """The narrower value that a form sent.

        Raises:
            InvalidInput: ``VALUE_INVALID``: not a narrower value; the sentence says which would be.
        """
        asked = self.value_of(terms)
        if isinstance(asked, tuple):
            kept = tuple(one for one in asked if one in values)
            if not kept and self.key != "vendors":
                raise InvalidInput("VALUE_INVALID", _("Keep at least one. To grant none of it, decline."))
            if set(values) - set(asked):
                raise InvalidInput("VALUE_INVALID", _("You can only take members out of what they ask."))
            return kept
        text = _GROUPING.sub("", values[0]) if values else ""
        if not text.isdecimal() or not text.isascii() or len(text) > 9:
            raise InvalidInput("VALUE_INVALID", _("Enter a whole number."))
        number = int(text)
        if self.rises and not asked <= number <= 8760:
            raise InvalidInput(
                "VALUE_INVALID",
                _("Enter a number from %(least)s to %(most)s.")
                % {"least": figure(asked), "most": figure(8760)},
            )
        if not self.rises and number > asked:
            raise InvalidInput(
                "VALUE_INVALID",
                _("Enter a number up to %(most)s. You can only narrow what they ask.")
                % {"most": figure(asked)},
            )
        if self.key == "window_days" and number < 1:
            raise InvalidInput("VALUE_INVALID", _("A licence lasts at least one day."))
        return number


_ALL = (
    TermField("use_types", later("Uses"), later("Which uses stay"), ("use_types",), words.use_words),
    TermField("window_days", later("Days"), later("Days the licence lasts"), ("window", "days"), unit=later("days")),
    TermField("channels", later("Shown through"), later("Where the work may be shown"), ("exploitation", "channels"), words.channel_words),
    TermField(
        "distribution_territory", later("Shown in"), later("Countries the work may be shown in"),
        ("exploitation", "distribution_territory"), words.country,
    ),
    TermField("render_territory", later("Rendered in"), later("Countries whose machines may render"), ("render_territory",), words.country),
    TermField("vendors", later("Vendors"), later("Who may work on it"), ("vendors",)),
    TermField("frames_max", later("Frames"), later("Frames in all"), ("scope", "frames_max"), unit=later("frames")),
    TermField("lines_max", later("Voice lines"), later("Lines in all"), ("scope", "lines_max"), unit=later("lines")),
    TermField(
        "final_review_hours", later("Final review"), later("Hours you have to see the final shots"),
        ("approvals", "final_review_hours"), unit=later("hours"), rises=True,
    ),
)  # fmt: skip
FIELDS: Final[Mapping[str, TermField]] = {field.key: field for field in _ALL}


def with_values(terms: Terms, values: Mapping[str, Value]) -> Terms:
    """Return ``terms`` with the named fields set; a shorter window keeps its first day.

    Raises:
        InvalidTerms: the result contradicts itself.
    """
    body = terms.to_dict()
    for key, value in values.items():
        group: Any = body
        for name in FIELDS[key].path[:-1]:
            group = group[name]
        group[FIELDS[key].path[-1]] = list(value) if isinstance(value, tuple) else value
    window: Any = body["window"]
    if "window_days" in values and window["not_before"] is not None:
        begins = parse_time(window["not_before"])
        window["not_after"] = format_time(begins + timedelta(days=int(window["days"])))
    return parse_terms(body)
