"""Make values fit to keep: text without control characters, numbers that every reader reads alike."""

import math
import unicodedata
from typing import Any

from django.utils.translation import gettext as _

from common.errors import InvalidInput
from trustcore.encoding import MAX_SAFE_INTEGER

_DEEP = 12
_LINES = "\n\r\t"


def clean_name(text: str, *, most: int, what: str) -> str:
    """Return a name as it is kept.

    Raises:
        InvalidInput: ``TEXT_UNREADABLE``: empty, too long, or with characters that are not shown.
    """
    text = unicodedata.normalize("NFC", text).strip()
    if not text or len(text) > most or not text.isprintable():
        raise InvalidInput(
            "TEXT_UNREADABLE",
            _("%(what)s: 1 to %(most)s printable characters.") % {"what": what, "most": most},
        )
    return text


def clean_value(value: Any, *, what: str, deep: int = 0) -> Any:
    """Return a JSON value as it is kept: no control characters in text, wide and odd numbers as text.

    Raises:
        InvalidInput: ``TEXT_UNREADABLE`` or ``VALUE_TOO_DEEP``.
    """
    if deep > _DEEP:
        raise InvalidInput("VALUE_TOO_DEEP", _("%(what)s is nested too deep.") % {"what": what})
    if isinstance(value, dict):
        return {
            _text(str(key), what): clean_value(one, what=what, deep=deep + 1) for key, one in value.items()
        }
    if isinstance(value, list | tuple):
        return [clean_value(one, what=what, deep=deep + 1) for one in value]
    if isinstance(value, str):
        return _text(value, what)
    return value if value is None or isinstance(value, bool) else _number(value, what)


def clean_prompt(text: str, *, most: int) -> str:
    """Return a prompt as it is sealed: whatever was typed, control characters too, but UTF-8 can say it.

    Raises:
        InvalidInput: ``PROMPT_UNREADABLE``.
    """
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidInput("PROMPT_UNREADABLE", "The prompt is no text.") from error
    if size > most:
        raise InvalidInput("PROMPT_UNREADABLE", _("A prompt has at most %(most)s bytes.") % {"most": most})
    return text


def _text(text: str, what: str) -> str:
    if any(unicodedata.category(one) in {"Cc", "Cs"} and one not in _LINES for one in text):
        raise InvalidInput(
            "TEXT_UNREADABLE", _("%(what)s holds characters that are not shown.") % {"what": what}
        )
    return text


def _number(value: float, what: str) -> int | float | str:
    if isinstance(value, int):
        return value if abs(value) <= MAX_SAFE_INTEGER else str(value)
    if not math.isfinite(value):
        raise InvalidInput("TEXT_UNREADABLE", _("%(what)s holds no number.") % {"what": what})
    return value if "e" not in repr(value) else repr(value)
