"""Every address that the URL configuration knows, and the methods that the API's document names."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_PARAMETER = re.compile(r"<(?:\w+:)?(\w+)>")


@dataclass(frozen=True)
class Address:
    """``/licences/{jti}/`` and the view behind it."""

    text: str
    view: Any

    @property
    def parameters(self) -> tuple[str, ...]:
        """The names of what is filled in."""
        return tuple(re.findall(r"\{(\w+)\}", self.text))

    @property
    def is_api(self) -> bool:
        """Whether it answers problem documents, not pages."""
        return self.text.startswith("/api/v1/")

    def filled(self, values: dict[str, str]) -> str:
        """The address of one thing."""
        return re.sub(r"\{(\w+)\}", lambda found: values[found[1]], self.text)


def addresses(patterns: list[Any] | None = None, prefix: str = "/") -> dict[str, Address]:
    """Every address, by its text."""
    found: dict[str, Address] = {}
    for pattern in get_resolver().url_patterns if patterns is None else patterns:
        text = prefix + str(pattern.pattern).removeprefix("^")
        if isinstance(pattern, URLResolver) and pattern.namespace == "support":
            continue  # a table for each model; tests/trustmark/test_support.py walks them all
        if isinstance(pattern, URLResolver):
            found |= addresses(pattern.url_patterns, text)
        elif isinstance(pattern, URLPattern):
            text = _PARAMETER.sub(r"{\1}", text)
            found[text] = Address(text, pattern.callback)
    return found


@cache
def operations() -> frozenset[tuple[str, str]]:
    """Method and address of every operation in the API's own document."""
    document = SchemaGenerator().get_schema(request=None, public=True)
    return frozenset(
        (method.upper(), path)
        for path, methods in document["paths"].items()
        for method in methods
        if method.upper() in METHODS
    )
