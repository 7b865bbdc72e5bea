"""A question to the other side, or an answer; perhaps about one term."""

from django import forms

from agents_portal.term_table import FIELDS
from common.language import later


class QuestionForm(forms.Form):
    """``text``, and ``about``: the path of a term, or empty for all of it."""

    about = forms.ChoiceField(label=later("About"), required=False)
    text = forms.CharField(
        label=later("In words the other side will read"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5, "data-focus": ""}),
        error_messages={"required": later("Write something. The other side reads it, and it stays with the request.")},
    )  # fmt: skip

    def __init__(self, data: object = None, *, about: str = "") -> None:
        """``about``: the term that was looked at."""
        super().__init__(data, initial={"about": about})  # type: ignore[arg-type]
        field = self.fields["about"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", later("The whole request")),
            *((one.path, str(one.label)) for one in FIELDS.values()),
        ]
