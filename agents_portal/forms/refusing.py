"""Why a studio is refused, and what the talent should know of a request that is handed up."""

from django import forms

from common.language import later


class BlockForm(forms.Form):
    """Why no more requests are taken from a studio."""

    why = forms.CharField(
        label=later("Why, in words the studio will read"), max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": later("Say why. The studio reads it with its declined requests.")},
    )  # fmt: skip


class EscalateForm(forms.Form):
    """What the talent should know."""

    note = forms.CharField(
        label=later("What they should know"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": later("Say why it is theirs to decide.")},
    )  # fmt: skip
