"""Reads the forms of a page as a browser would: their address, their fields, what is ticked."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin

Values = list[tuple[str, str]]
_SILENT = frozenset({"submit", "button", "reset", "image", "file"})


@dataclass(slots=True)
class Form:
    """One ``<form>``: where it goes and what it would send untouched."""

    action: str
    method: str
    values: Values = field(default_factory=list)
    names: set[str] = field(default_factory=set)

    def filled(self, **changes: str | list[str]) -> Values:
        """What it sends with some fields filled in; a list ticks several boxes of one name.

        Raises:
            LookupError: the form has no such field.
        """
        unknown = changes.keys() - self.names
        if unknown:
            raise LookupError(f"the form at {self.action} has no field {', '.join(sorted(unknown))}")
        kept = [(name, value) for name, value in self.values if name not in changes]
        for name, change in changes.items():
            kept += [(name, value) for value in ([change] if isinstance(change, str) else change)]
        return kept


class _FormReader(HTMLParser):
    def __init__(self, address: str) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self._address = address
        self._form: Form | None = None
        self._select = ""
        self._textarea: str | None = None
        self._text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        if tag == "form":
            action = urljoin(self._address, named.get("action") or self._address)
            self._form = Form(action, named.get("method", "get").lower())
            self.forms.append(self._form)
        elif self._form is None:
            return
        elif tag == "input":
            self._input(self._form, named, checked="checked" in named)
        elif tag == "select":
            self._select = named.get("name", "")
            self._form.names.add(self._select)
        elif tag == "option" and self._select and "selected" in named:
            self._form.values.append((self._select, named.get("value", "")))
        elif tag == "textarea":
            self._textarea, self._text = named.get("name", ""), ""
            self._form.names.add(self._textarea)
        elif tag == "button" and named.get("name"):
            self._form.names.add(named["name"])

    @staticmethod
    def _input(form: Form, named: dict[str, str], *, checked: bool) -> None:
        name, kind = named.get("name", ""), named.get("type", "text").lower()
        if not name or kind in _SILENT:
            return
        form.names.add(name)
        if kind not in ("checkbox", "radio") or checked:
            form.values.append((name, named.get("value", "on" if kind == "checkbox" else "")))

    def handle_data(self, data: str) -> None:
        if self._textarea is not None:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._form = None
        elif tag == "select":
            self._select = ""
        elif tag == "textarea" and self._textarea is not None and self._form is not None:
            self._form.values.append((self._textarea, self._text))
            self._textarea = None


def forms_of(page: str, *, address: str) -> list[Form]:
    """All forms of a page in order; ``address`` resolves relative actions."""
    reader = _FormReader(address)
    reader.feed(page)
    return reader.forms


class _TextOf(HTMLParser):
    def __init__(self, element_id: str) -> None:
        super().__init__()
        self.text = ""
        self._id = element_id
        self._depth = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if self._depth and tag not in ("input", "br", "img", "use", "wbr"):
            self._depth += 1
        elif dict(attrs).get("id") == self._id:
            self._depth = 1

    def handle_endtag(self, tag: str) -> None:
        if self._depth:
            self._depth -= 1

    def handle_data(self, data: str) -> None:
        if self._depth:
            self.text += data


def text_of(page: str, element_id: str) -> str:
    """The text within the element of that id, trimmed; empty when there is none."""
    reader = _TextOf(element_id)
    reader.feed(page)
    return reader.text.strip()
