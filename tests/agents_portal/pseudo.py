"""A language that shows what no catalogue speaks: every translated text stands in ⟦brackets⟧, all else is hard-coded."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Any

import pytest
from django.utils import translation

from trustcore.language import Language

_VOID = {
    "area",
    "base",
    "br",
    "col",
    "hr",
    "img",
    "input",
    "link",
    "meta",
    "use",
    "rect",
    "line",
    "path",
    "circle",
}
# what people and machines wrote, not we: names, ids, hashes, keys of the keyboard, the signed text itself
_THEIRS = {"bdi", "code", "kbd", "pre", "script", "style", "textarea"}
_THEIR_CLASSES = {"mono", "monogram", "hash", "name", "secret"}
_SPOKEN = ("aria-label", "alt", "data-label", "placeholder", "title")
ALLOWED = re.compile(
    r"Trustmark|sha256:?|sha-?256|BagIt 1\.0|\b[A-Z0-9]{2,6}\b|tlog-tiles|English|Español|fps|px|\(\w+@\d+\)"
    r"|https?://\S*|\d[\d.,:+−-]*(?: ?[KMG]i?B)?"
)
"""Proper names, abbreviations and units that are the same in every language."""


def speak_in_brackets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every catalogue answer with its message in brackets."""
    spoken = translation._trans
    spoken.gettext("")  # fills in the functions that are patched

    def one(message: str) -> str:
        return f"⟦{message}⟧" if message else message

    def many(singular: str, plural: str, number: int) -> str:
        return one(singular if number == 1 else plural)

    monkeypatch.setattr(spoken, "gettext", one)
    monkeypatch.setattr(spoken, "ngettext", many)
    monkeypatch.setattr(spoken, "pgettext", lambda context, message: one(message))
    monkeypatch.setattr(
        spoken, "npgettext", lambda context, singular, plural, number: many(singular, plural, number)
    )
    say, counted = Language.say, Language.counted

    def core_say(self: Language, message: str, **values: object) -> str:
        return one(say(self, message, **values))

    def core_counted(self: Language, singular: str, plural: str, count: int, **values: Any) -> str:
        return one(counted(self, singular, plural, count, **values))

    monkeypatch.setattr(Language, "say", core_say)
    monkeypatch.setattr(Language, "counted", core_counted)


class Texts(HTMLParser):
    """The texts that we say: text nodes and spoken attributes outside what people wrote."""

    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []
        self._open: list[tuple[str, bool]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        theirs = tag in _THEIRS or not _THEIR_CLASSES.isdisjoint(named.get("class", "").split())
        if not self._silent and not theirs:
            self.texts += [named[name] for name in _SPOKEN if named.get(name) and tag != "time"]
        if tag not in _VOID:
            self._open.append((tag, theirs))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        pass

    def handle_endtag(self, tag: str) -> None:
        for at in range(len(self._open) - 1, -1, -1):
            if self._open[at][0] == tag:
                del self._open[at:]
                return

    def handle_data(self, data: str) -> None:
        if not self._silent:
            self.texts.append(data)

    @property
    def _silent(self) -> bool:
        return any(theirs for _tag, theirs in self._open)


def hard_coded(html: str, names: set[str]) -> list[str]:
    """What a page says that no catalogue said, but for ``names`` that people gave."""
    # a message with markup inside leaves its brackets in other text nodes: put what a person wrote out first
    html = re.sub(r"<(bdi|code|kbd)\b[^>]*>.*?</\1>", "", html, flags=re.DOTALL)
    marked = _brackets_through_tags(html)
    reader = Texts()
    reader.feed(marked)
    found = []
    for text in reader.texts:
        left = _outside(text)
        for name in sorted(names, key=len, reverse=True):
            left = left.replace(name, "")
        left = ALLOWED.sub("", left)
        if re.search(r"[^\W\d_]{2,}", left):
            found.append(" ".join(text.split()))
    return found


def _brackets_through_tags(html: str) -> str:
    """Close the brackets before each tag and open them again behind it, so that each text node has its own."""
    out, depth = [], 0
    for part in re.split(r"(<[^>]*>)", html):
        if part.startswith("<"):
            out.append("⟧" * depth + part + "⟦" * depth)
        else:
            depth += part.count("⟦") - part.count("⟧")
            out.append(part)
    return "".join(out)


def _outside(text: str) -> str:
    out, depth = [], 0
    for sign in text:
        depth += (sign == "⟦") - (sign == "⟧")
        if depth <= 0 and sign not in "⟦⟧":
            out.append(sign)
    return "".join(out)
