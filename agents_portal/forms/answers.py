"""What an answer carries beside its verb."""

from django import forms

from common.language import later


class HashForm(forms.Form):
    """The hash of the terms that were read; anything else is refused before a service is asked."""

    terms_hash = forms.RegexField(r"^sha256:[0-9a-f]{64}$")


class DeclineForm(forms.Form):
    """A reason that the studio reads."""

    reason = forms.CharField(
        label=later("Why, in words the studio will read"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        error_messages={
            "required": later("Give a reason. The studio reads it, and it stays with the request.")
        },
    )


class CounterForm(forms.Form):
    """A line beside the counter as a whole; each change carries its own."""

    note = forms.CharField(
        label=later("A line to the studio about the whole counter"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )
