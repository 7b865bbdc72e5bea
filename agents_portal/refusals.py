"""What a service refused, in words, beside the field that it is about; the code stays small below."""

from typing import Final

from django import forms
from django.utils.translation import gettext_lazy

from common.errors import DomainError

_WORDS: Final = {
    "ABOUT_UNKNOWN": gettext_lazy("The house had nothing of this name then."),
    "AGENT_NOT_OF_AGENCY": gettext_lazy("This person is not an agent of that agency."),
    "CERTIFICATE_MISSING": gettext_lazy("Name the certificate of destruction by its SHA-256."),
    "CUT_INVALID": gettext_lazy("This moment lies ahead; nothing can be said of it yet."),
    "DAY_INVALID": gettext_lazy("Say on which later day it is looked at again."),
    "DATES_INVALID": gettext_lazy("These days do not fit: it must end after it begins, and no later than what it comes from."),
    "DELEGATION_CIRCLE": gettext_lazy("This person passed the mandate on themself."),
    "DELEGATION_TOO_DEEP": gettext_lazy("A mandate is passed on at most three times."),
    "DELEGATION_WIDER": gettext_lazy("A delegation never reaches beyond what you may decide. Choose less."),
    "INSTRUCTION_INVALID": gettext_lazy("This cannot be read as an instruction."),
    "LIMITS_INVALID": gettext_lazy("These limits cannot be read."),
    "LIMITS_MISSING": gettext_lazy("Set all of these limits: frames, lines, days, and both lists of countries."),
    "NEVER_BY_RULE": gettext_lazy("Nothing approves these by itself. You are asked each time."),
    "NOTE_INVALID": gettext_lazy("Write something, without hidden characters, in at most 2,000 characters."),
    "NOTICE_INVALID": gettext_lazy("A notice to the union has between 1 and 8,760 hours, and only there."),
    "NOT_AN_AGENCY": gettext_lazy("A mandate is given to an agency."),
    "ORGANISATIONS_MISSING": gettext_lazy("Choose who may see this."),
    "ORGANISATIONS_UNEXPECTED": gettext_lazy("Only “chosen organisations” names any."),
    "QUORUM_INVALID": gettext_lazy("Name everybody whose yes counts, and how many of them must agree."),
    "REASON_INVALID": gettext_lazy("Write something, without hidden characters, in at most 2,000 characters."),
    "SCOPE_INCOMPLETE": gettext_lazy("Name the one thing that it is about, or leave this empty where it is about everything."),
    "TRAINING_TALENT_ONLY": gettext_lazy("Training is never part of a mandate."),
    "USE_TYPE_UNKNOWN": gettext_lazy("Choose at least one use."),
    "WHY_INVALID": gettext_lazy("Say why, without hidden characters, in at most 2,000 characters."),
}  # fmt: skip
_FIELDS: Final = {
    "ABOUT_UNKNOWN": ("about",),
    "AGENT_NOT_OF_AGENCY": ("agent", "to", "stand_in"),
    "CERTIFICATE_MISSING": ("certificate_sha256",),
    "CUT_INVALID": ("until",),
    "DATES_INVALID": ("last_day",),
    "DAY_INVALID": ("next_on",),
    "DELEGATION_WIDER": ("use_types",),
    "NEVER_BY_RULE": ("use_types",),
    "NOTE_INVALID": ("text",),
    "NOTICE_INVALID": ("notice_hours",),
    "ORGANISATIONS_MISSING": ("organisations",),
    "ORGANISATIONS_UNEXPECTED": ("organisations",),
    "OWNER_UNKNOWN": ("owner",),
    "QUORUM_INVALID": ("quorum",),
    "REASON_INVALID": ("reason",),
    "SCOPE_INCOMPLETE": ("about",),
    "TRAINING_TALENT_ONLY": ("use_types",),
    "USE_TYPE_UNKNOWN": ("use_types",),
    "WHY_INVALID": ("why",),
}


def refusal_words(error: DomainError) -> str:
    """The refusal as a sentence; codes without words of ours keep the service's own."""
    known = _WORDS.get(error.code)
    return str(known) if known else f"{error.title} {error.detail}".strip()


def add_refusal(form: forms.Form, error: DomainError) -> None:
    """Show the refusal above the field that it is about, or above the form."""
    field = next((name for name in _FIELDS.get(error.code, ()) if name in form.fields), None)
    form.add_error(field, refusal_words(error))
