"""Held frames: why they should go out, whether they do, and why."""

from django import forms

from common.language import later

_WHY = forms.Textarea(attrs={"rows": 3})


class AskReleaseForm(forms.Form):
    """Why the frames should go out."""

    why = forms.CharField(
        label=later("Why, in words the talent’s side will read"), max_length=2000, widget=_WHY,
        error_messages={"required": later("Say why. They decide by it.")},
    )  # fmt: skip


class DecideReleaseForm(forms.Form):
    """Whether they go out, and why."""

    kind = forms.ChoiceField(
        label=later("What you decide"),
        choices=(
            ("KEEP_HELD", later("Keep them held|Nothing goes out.")),
            ("LET_GO", later("Let them go|What was rendered may be released.")),
        ),
        initial="KEEP_HELD",
        widget=forms.RadioSelect,
    )
    why = forms.CharField(
        label=later("Why, in words the studio will read"), max_length=2000, widget=_WHY,
        error_messages={"required": later("Say why. The studio reads it, and it stays with the licence.")},
    )  # fmt: skip


class TakeUpForm(forms.Form):
    """Why the output may go out now."""

    why = forms.CharField(
        label=later("Why it may go out now"), max_length=500, widget=_WHY,
        error_messages={"required": later("Say why. It stays with the output.")},
    )  # fmt: skip
