"""What a browser says of a passkey: JSON of bounded size and depth, from whoever posts it."""

from typing import Any, Final

from django import forms
from django.core.exceptions import ValidationError

from trustcore.encoding import parse_json_strict
from trustcore.errors import TrustError

_MOST_BYTES: Final = 100_000
_MOST_DEPTH: Final = 16


def answer_in(text: str) -> object:
    """The document in ``text``; None for what is none, too large, or nested so deep that reading it would fail."""
    try:
        return parse_json_strict(text.encode("utf-8"), max_bytes=_MOST_BYTES, max_depth=_MOST_DEPTH)
    except (TrustError, ValueError):
        return None


class AnswerField(forms.JSONField):
    """A form's field with such a document in it."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(widget=forms.HiddenInput, **kwargs)

    def to_python(self, value: Any) -> Any:
        """The document.

        Raises:
            ValidationError: it cannot be read.
        """
        if value in self.empty_values:
            return None
        found = answer_in(value) if isinstance(value, str) else value
        if found is None:
            raise ValidationError(self.error_messages["invalid"], code="invalid", params={"value": ""})
        return found

    def bound_data(self, data: Any, initial: Any) -> Any:
        """Nothing: an answer is good for one challenge, and is never sent back to the page."""
        return None
