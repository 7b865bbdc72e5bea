"""A policy to be judged in shadow, the period of its report, and counsel's sign-off."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common import clock
from trustcore.policy.profiles import Status, catalogue

DAYS = 30


class SinceForm(forms.Form):
    """The day from which requests are looked at."""

    since = forms.DateField(
        label=_("Requests since"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )

    def __init__(self, data: Any = None) -> None:
        """Begin thirty days ago."""
        super().__init__(data, initial={"since": clock.now().date() - timedelta(days=DAYS)})

    def chosen(self) -> date:
        """The day, or thirty days ago."""
        if self.is_bound and self.is_valid():
            day: date = self.cleaned_data["since"]
            return day
        return clock.now().date() - timedelta(days=DAYS)


class ShadowForm(forms.Form):
    """Fields of ``/rollouts/new/``."""

    policy = forms.ChoiceField(label=_("What is judged"))
    frames_max = forms.IntegerField(label=_("Most frames"), min_value=0, required=False)
    lines_max = forms.IntegerField(label=_("Most voice lines"), min_value=0, required=False)
    days_max = forms.IntegerField(label=_("Most days"), min_value=0, required=False)
    render_territory = forms.CharField(
        label=_("Rendered in"),
        required=False,
        max_length=400,
        help_text=_("Country codes, by comma: US, CA. Empty: anywhere."),
    )
    distribution_territory = forms.CharField(
        label=_("Shown in"),
        required=False,
        max_length=400,
        help_text=_("Country codes, by comma. Empty: anywhere."),
    )

    def __init__(self, *args: Any, is_guild: bool, **kwargs: Any) -> None:
        """Offer what can bind; limits to a guild alone."""
        super().__init__(*args, **kwargs)
        texts = [
            (ref, f"{one.title} ({ref})")
            for ref, one in catalogue().items()
            if one.status is not Status.STRUCK_DOWN
        ]
        own = [("DEFAULTS", _("New defaults for members, as below"))] if is_guild else []
        self.fields["policy"].choices = [*own, *texts]  # type: ignore[attr-defined]
        if not is_guild:
            for name in ("frames_max", "lines_max", "days_max", "render_territory", "distribution_territory"):
                del self.fields[name]

    def policy_asked(self) -> dict[str, Any]:
        """The policy as the services take it."""
        fields = self.cleaned_data
        if fields["policy"] != "DEFAULTS":
            return {"profile": fields["policy"]}
        numbers = {name: fields[name] for name in ("frames_max", "lines_max", "days_max")}
        places = {
            name: [one.strip().upper() for one in fields[name].split(",") if one.strip()]
            for name in ("render_territory", "distribution_territory")
        }
        return {"limits": {**numbers, **places}}


class SignOffForm(forms.Form):
    """Counsel's sign-off, over what was read."""

    content_hash = forms.CharField(widget=forms.HiddenInput, max_length=71)
    report_hash = forms.CharField(widget=forms.HiddenInput, max_length=71)
    since = forms.DateField(widget=forms.HiddenInput)
    counsel_name = forms.CharField(label=_("Counsel who read it"), max_length=200)

    def __init__(self, *args: Any, names_counsel: bool, **kwargs: Any) -> None:
        """A profile has its counsel's own sign-off; of limits, somebody says who read them."""
        super().__init__(*args, **kwargs)
        if not names_counsel:
            del self.fields["counsel_name"]


class CanaryForm(SignOffForm):
    """The same, and whom it binds."""

    share_percent = forms.IntegerField(
        label=_("Of a hundred requests it binds"), min_value=0, max_value=99, initial=5,
        widget=forms.NumberInput(attrs={"class": "short"}),
        help_text=_("Which ones, is fixed by each request’s id."),
    )  # fmt: skip
    production = forms.ChoiceField(label=_("And every request of"), required=False)

    def __init__(self, *args: Any, productions: list[tuple[str, str]], **kwargs: Any) -> None:
        """Offer the productions that may be named."""
        super().__init__(*args, **kwargs)
        self.fields["production"].choices = [("", _("No production by name")), *productions]  # type: ignore[attr-defined]
