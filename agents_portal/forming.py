"""A page with one form: what it is for, its parts in order, the verb of its button."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from agents_portal.binding import Consequence
from agents_portal.refusals import add_refusal
from common.errors import InvalidInput


@dataclass(frozen=True)
class Part:
    """Some fields under one title; ``folded`` parts open on demand, and by themselves when something is wrong."""

    title: str
    fields: tuple[str, ...]
    help: str = ""
    folded: bool = False


@dataclass(frozen=True)
class FormPage:
    """The page around a form."""

    title: str
    lead: str
    verb: str
    back: str
    back_words: str
    parts: tuple[Part, ...]
    consequences: tuple[Consequence, ...] = ()
    aside_title: str = ""
    hidden: dict[str, str] = field(default_factory=dict)
    icon: str = "check"


def show_form(request: HttpRequest, page: FormPage, form: forms.Form) -> HttpResponse:
    """Draw the page; a form with errors answers 422."""
    return render(
        request, "portal/form.html", {"page": page, "form": form}, status=422 if form.errors else 200
    )


def carried_out(form: forms.Form, act: Callable[[], Any]) -> bool:
    """Whether the form is valid and the service did it; what was refused stands in the form's errors."""
    if not form.is_valid():
        return False
    try:
        act()
    except InvalidInput as error:
        add_refusal(form, error)
        return False
    return True
