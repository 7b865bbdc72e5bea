"""The cast at the portal: who may act, who may only read, to whom it does not exist; each signed in."""

from __future__ import annotations

from dataclasses import dataclass, replace
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

import pytest
from django.http import HttpResponse

from accounts.models import Membership
from accounts.principals import Principal
from licensing.models import LicenceRequest, Production, Talent
from tests import factories

FORM = "application/x-www-form-urlencoded"


@dataclass(frozen=True)
class Cast:
    """A studio with a production, a represented talent, and those who have no part in it."""

    producer: Principal
    engineer: Principal
    auditor: Principal
    vendor: Principal
    production: Production
    talent: Talent
    self: Principal
    agent: Principal
    colleague: Principal
    other_studio: Principal
    other_agent: Principal
    other_talent: Principal

    def ask(self, **changes: Any) -> LicenceRequest:
        """A request of the studio for the talent."""
        changes.setdefault("vendors", (self.vendor.organisation.slug,))
        return factories.make_submitted_request(
            self.production, self.talent, producer=self.producer, **changes
        )


@pytest.fixture
def cast(db: None) -> Cast:
    studio, agency, guild = factories.make_studio(), factories.make_agency(), factories.make_guild()
    talent, agent = factories.make_talent("Ilse Varga-Thorne"), factories.make_agent(agency)
    factories.make_mandate(talent, agent)
    return Cast(
        producer=factories.make_producer(studio),
        engineer=factories.make_desk(studio, Membership.Role.ENGINEER),
        auditor=factories.make_desk(guild, Membership.Role.AUDITOR),
        vendor=factories.make_desk(factories.make_vendor(), Membership.Role.ENGINEER),
        production=factories.make_production(studio, guild=guild),
        talent=talent,
        self=factories.desk_of_talent(talent),
        agent=agent,
        colleague=factories.make_agent(agency),
        other_studio=factories.make_producer(factories.make_studio()),
        other_agent=factories.make_agent(factories.make_agency()),
        other_talent=factories.desk_of_talent(factories.make_talent()),
    )


class Reader:
    """Somebody signed in at the portal, without JavaScript unless a call says ``htmx``."""

    def __init__(self, desk: Principal) -> None:
        self.desk = desk
        self.client = factories.signed_in(desk.person)

    def get(self, path: str, *, htmx: bool = False) -> HttpResponse:
        return self.client.get(path, headers={"HX-Request": "true"} if htmx else {})

    def post(self, path: str, data: dict[str, Any] | None = None, *, htmx: bool = False) -> HttpResponse:
        """Send a form as a browser does: in many parts only where a file comes along."""
        headers = {"HX-Request": "true"} if htmx else {}
        if any(hasattr(value, "read") for value in (data or {}).values()):
            return self.client.post(path, data, headers=headers)
        body = urlencode(data or {}, doseq=True)
        return self.client.post(path, body, content_type=FORM, headers=headers)

    def page(self, path: str) -> Page:
        """Open a page that must be there."""
        answer = self.get(path)
        assert answer.status_code == 200, f"{path}: {answer.status_code}"
        return page_of(answer)


@dataclass(frozen=True)
class Page:
    """A page as a reader meets it: its words, its links, its forms."""

    text: str
    html: str
    titles: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    styled: tuple[str, ...] = ()
    scripts: tuple[str, ...] = ()

    def __contains__(self, words: str) -> bool:
        return words in self.text


class _PageReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.page = Page("", "")
        self._in_title = False
        self._silent = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        add: dict[str, tuple[str, ...]] = {}
        if tag == "h1":
            self._in_title = True
            add["titles"] = (*self.page.titles, "")
        if tag == "a":
            add["links"] = (*self.page.links, named.get("href", ""))
        if tag == "form":
            add["actions"] = (*self.page.actions, named.get("action", ""))
        if "style" in named or tag == "style" or any(name.startswith("on") for name in named):
            add["styled"] = (*self.page.styled, f"{tag} {named}")
        if tag == "script":
            add["scripts"] = (*self.page.scripts, named.get("src", "inline"))
        if tag in ("script", "style", "title"):
            self._silent = tag
        self.page = replace(self.page, **add)

    def handle_endtag(self, tag: str) -> None:
        self._in_title = self._in_title and tag != "h1"
        self._silent = "" if tag == self._silent else self._silent

    def handle_data(self, data: str) -> None:
        if self._silent:
            return
        self.words.append(data)
        if self._in_title:
            *others, last = self.page.titles
            self.page = replace(self.page, titles=(*others, last + data))


def page_of(answer: HttpResponse) -> Page:
    """Read an answer as a page; runs of white space count as one space."""
    reader = _PageReader()
    html = answer.content.decode()
    reader.feed(html)
    titles = tuple(" ".join(title.split()) for title in reader.page.titles)
    return replace(reader.page, text=" ".join("".join(reader.words).split()), html=html, titles=titles)
