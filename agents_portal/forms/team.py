"""Whom to invite, and what a member may do."""

from typing import Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.team import ROLES_OF_KIND

ROLE_WORDS: Final = {
    "PRODUCER": _("Producer|Registers productions, asks for licences, renews, makes keys"),
    "ENGINEER": _("Pipeline engineer|Makes keys, sets up webhooks, runs the farm; asks for no licence"),
    "AGENT": _("Agent|Answers requests inside the mandates that people gave"),
    "AUDITOR": _("Auditor|Reads what the guild oversees; changes nothing"),
    "LEGAL": _(
        "Legal|Reads what the house has and checks files; signs compliance profiles off; stops and signs where material is trained on"
    ),
    "ADMIN": _("Administrator|Manages people, keys and webhooks"),
    "TALENT": _("Talent|Decides about themselves"),
}


def role_choices(kind: str) -> list[tuple[str, str]]:
    """The roles of this kind of organisation."""
    return [(str(role), str(ROLE_WORDS[role])) for role in ROLES_OF_KIND[kind]]


class InviteForm(forms.Form):
    """Fields of ``/team/invite/``."""

    full_name = forms.CharField(
        label=_("Name"), max_length=120, widget=forms.TextInput(attrs={"autocomplete": "off"})
    )
    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "off"}),
        help_text=_("They get a link by which they join. It is good once."),
    )
    roles = forms.MultipleChoiceField(
        label=_("What they may do"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one role.")},
    )

    def __init__(self, data: QueryDict | None = None, *, kind: str) -> None:
        """Offer the roles of this kind of organisation."""
        super().__init__(data)
        self.fields["roles"].choices = role_choices(kind)  # type: ignore[attr-defined]


class RolesForm(forms.Form):
    """Fields of ``/team/<uuid>/``."""

    roles = forms.MultipleChoiceField(
        label=_("What they may do"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one role, or remove the person.")},
    )

    def __init__(self, data: QueryDict | None = None, *, kind: str, roles: tuple[str, ...]) -> None:
        """Offer the roles of this kind of organisation; those held are chosen."""
        super().__init__(data, initial={"roles": list(roles)})
        self.fields["roles"].choices = role_choices(kind)  # type: ignore[attr-defined]
