"""The one screen of acts that bind: the question as title, what happens with numbers, what does not, the verb.

The button carries the verb of the title; solid red stands only here.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Self

from allauth.mfa.models import Authenticator
from django import forms

from accounts.passkeys import signing_options
from common.errors import DomainError
from common.language import later


@dataclass(frozen=True)
class Consequence:
    """One line of what happens: a shape, a few strong words, the rest."""

    icon: str
    strong: str
    text: str = ""
    tone: str = ""


@dataclass(frozen=True)
class Signing:
    """How the reader signs: ``options`` for the browser, as JSON (empty: they have no passkey here).

    ``required``: nothing but a passkey will do.
    """

    options: str
    required: bool


@dataclass(frozen=True)
class Binding:
    """A confirming screen."""

    title: str
    lead: str
    verb: str
    back: str
    consequences: tuple[Consequence, ...]
    icon: str = "signature"
    danger: bool = False
    terms_hash: str = ""
    hash_caption: str = ""
    after: str = ""
    go_back: str = later("Go back")
    form: forms.Form | None = None
    hidden: dict[str, str] = field(default_factory=dict)
    repeated: tuple[tuple[str, str], ...] = ()
    problem: str = ""
    signing: Signing | None = None

    def signed_by(self, enrolled: Iterable[Authenticator], *, required: bool) -> Self:
        """This screen, with what the reader's passkey signs: its terms hash."""
        options = signing_options(enrolled, self.terms_hash)
        return replace(self, signing=Signing(json.dumps(options) if options else "", required))

    def refused(self, error: DomainError) -> Self:
        """This screen again, saying what was not done and why."""
        return replace(self, problem=f"{error.title} {error.detail}".strip())
