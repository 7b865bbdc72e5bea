"""An organisation that is registered, and its first administrator."""

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.operating import KINDS


class OrganisationForm(forms.Form):
    """Fields of ``/organisations/new/``."""

    name = forms.CharField(label=_("Name"), max_length=160)
    kind = forms.ChoiceField(label=_("Kind"), choices=[(one.value, one.label) for one in KINDS])
    slug = forms.SlugField(
        label=_("Short name"),
        max_length=60,
        required=False,
        help_text=_("Lower-case letters, digits and dashes. Empty: made from the name."),
    )


class AdministratorForm(forms.Form):
    """Fields of ``/organisations/<id>/appoint/``."""

    full_name = forms.CharField(label=_("Name"), max_length=120)
    email = forms.EmailField(label=_("E-mail"), max_length=254)
