"""A question to the other side, or an answer; perhaps about one term."""

from django import forms

from agents_portal.fields import FIELDS
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

    def __init__(self, data: object = None) -> None:
        super().__init__(data)  # type: ignore[arg-type]
        field = self.fields["about"]
        assert isinstance(field, forms.ChoiceField)
        field.choices = [
            ("", later("The whole request")),
            *((".".join(one.path), str(one.label)) for one in FIELDS.values()),
        ]
