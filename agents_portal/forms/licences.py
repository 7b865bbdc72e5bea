"""Ending a licence, and asking to go on with one."""

from django import forms

from common.language import later

_KINDS = (
    ("PROSPECTIVE", later("No new frames|Rendering stops. The frames already made may be used.")),
    (
        "DISTRIBUTION_HOLD",
        later(
            "Hold the work too|No new frames, and frames already made are kept apart and may not be shown, until your side lets them go."
        ),
    ),
    (
        "RECALL_REQUEST",
        later(
            "Ask for it back|Frames already made are to be destroyed, with a certificate from each vendor."
        ),
    ),
)
DISPOSITIONS = {
    "PROSPECTIVE": "KEEP",
    "DISTRIBUTION_HOLD": "QUARANTINE",
    "RECALL_REQUEST": "DESTROY_WITH_CERTIFICATE",
}


class RevokeForm(forms.Form):
    """Which end, and why."""

    kind = forms.ChoiceField(
        label=later("What ends"), choices=_KINDS, initial="PROSPECTIVE", widget=forms.RadioSelect
    )
    reason = forms.CharField(
        label=later("Why, in words the studio will read"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        error_messages={"required": later("Say why. The studio reads it, and it stays with the licence.")},
    )


class RenewForm(forms.Form):
    """More days, and how many frames in all."""

    days = forms.IntegerField(label=later("For how many more days"), min_value=1, max_value=3650, initial=90)
    frames_max = forms.IntegerField(
        label=later("Frames in all"),
        min_value=0,
        max_value=1_000_000_000,
        help_text=later("Under the new version, counted anew."),
    )
