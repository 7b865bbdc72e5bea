"""The one screen of acts that bind: the question as title, what happens with numbers, what does not, the verb.

The button carries the verb of the title; solid red stands only here.
"""

from dataclasses import dataclass, field

from django import forms

from common.language import later


@dataclass(frozen=True)
class Consequence:
    """One line of what happens: a shape, a few strong words, the rest."""

    icon: str
    strong: str
    text: str = ""
    tone: str = ""


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
