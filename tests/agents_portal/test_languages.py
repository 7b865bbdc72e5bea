"""No page says what no catalogue knows: walked in a language of brackets, and in Spanish."""

from __future__ import annotations

import re
from collections import deque

import pytest
from django.test import Client
from django.utils import translation

from accounts.models import Organisation, User
from accounts.principals import Principal
from licensing.models import Production, Talent
from tests import factories
from tests.agents_portal.conftest import Cast
from tests.agents_portal.pseudo import ALLOWED, Texts, hard_coded, speak_in_brackets
from trustcore.language import language
from trustcore.policy.territory import COUNTRIES, territory_name

_MOST_PAGES = 90
_LEAVES = ("/sign-out/", "/static/", "/api/", "/unsubscribe/")


@pytest.fixture
def world(cast: Cast) -> Cast:
    """Something on every page: requests asked, countered and answered, licences that run and end, keys, marks."""
    cast.ask()
    factories.approve(cast.ask())
    cast.ask(use_types=("FACE_RENDER", "VOICE_RENDER"))
    return cast


def walk(desk: Principal, language: str = "") -> dict[str, str]:
    """Every page that links lead to from the reader's first one, by path; of like pages one."""
    client = Client(headers={"Accept-Language": language} if language else {})
    client.force_login(desk.person)
    waiting, seen, pages = deque(["/", "/settings/", "/organisation/"]), set(), {}
    while waiting and len(pages) < _MOST_PAGES:
        path = waiting.popleft()
        answer = client.get(path, follow=True)
        if answer.status_code != 200 or "text/html" not in answer.headers["Content-Type"]:
            continue
        html = pages[path] = answer.content.decode()
        for link in re.findall(r'href="(/[^"#]*)"', html):
            # of many requests, licences and filters one each is enough
            shape = re.sub(
                r"[0-9a-f-]{36}|(?<==)[^&]+|[A-Z0-9_]{4,}@\d+|[A-Z0-9.]{6,}", "*", link.replace("&amp;", "&")
            )
            if shape not in seen and not link.startswith(_LEAVES):
                seen.add(shape)
                waiting.append(link.replace("&amp;", "&"))
    return pages


def given_names() -> set[str]:
    """Every name that a person gave."""
    return {
        *User.objects.values_list("full_name", flat=True),
        *(name.split()[0] for name in User.objects.values_list("full_name", flat=True)),
        *(name.split()[0] for name in Talent.objects.values_list("stage_name", flat=True)),
        *User.objects.values_list("email", flat=True),
        *Organisation.objects.values_list("name", flat=True),
        *Talent.objects.values_list("stage_name", flat=True),
        *Production.objects.values_list("title", flat=True),
    }


def visible(html: str) -> set[str]:
    """The texts of a page outside what people and machines wrote."""
    reader = Texts()
    reader.feed(html)
    return {
        " ".join(text.split()).removesuffix(" · Trustmark")
        for text in reader.texts
        if re.search(r"[^\W\d_]{2,}", text)
    }


DESKS = ("agent", "self", "producer", "auditor", "vendor")


@pytest.mark.parametrize("who", DESKS)
def test_no_page_says_what_no_catalogue_knows(world: Cast, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    speak_in_brackets(monkeypatch)
    pages = walk(getattr(world, who))
    assert len(pages) > 5
    names = given_names()
    wrong = {path: found for path, html in pages.items() if (found := hard_coded(html, names))}
    assert not wrong, "\n".join(f"{path}: {texts}" for path, texts in wrong.items())


# said alike in both languages
SAME = {
    "Webhook", "Webhooks", "No", "token", "Token", "Audio", "Total", "Normal", "Error", "Final", "Editorial", "Plan", "Public Chapter 588",
    "Alcohol", "Cable", "Radio",
}  # fmt: skip
COUNTRIES_ALIKE = {
    territory_name(code) for code in COUNTRIES if territory_name(code) == territory_name(code, language("es"))
}
ENGLISH = re.compile(r"\b(?:the|frames|voice lines|days|licences?|hours|until|with|asked)\b")


@pytest.mark.parametrize("who", ["agent", "self", "producer", "auditor"])
def test_every_page_speaks_spanish_where_it_is_asked_for(world: Cast, who: str) -> None:
    desk = getattr(world, who)
    english, spanish = walk(desk, "en"), walk(desk, "es-MX,es;q=0.9")
    assert english.keys() == spanish.keys()
    names, wrong = given_names(), {}
    for path, html in spanish.items():
        assert '<html lang="es"' in html, path
        same = visible(html) & visible(english[path]) - SAME - COUNTRIES_ALIKE
        kept = {text for text in same if _left(text, names)}
        # a value that was never translated hides inside a sentence that was
        kept |= {text for text in visible(html) if ENGLISH.search(text)}
        if kept:
            wrong[path] = kept
    assert not wrong


def _left(text: str, names: set[str]) -> bool:
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "")
    return bool(re.search(r"[^\W\d_]{3,}", ALLOWED.sub("", text)))


def test_a_talent_is_addressed_as_tu_and_an_agent_as_usted(world: Cast) -> None:
    told = walk(world.self, "es")
    formal = re.compile(r"\b(usted|Usted|Escriba|Elija|Vuelva|Deje|Espere|Confirme)\b")
    assert not {path: found for path, html in told.items() if (found := formal.findall(html))}
    assert "Todo uso de tu cara" in told["/"] or "tu imagen" in told["/"]
    assert "Tus horas se muestran" in told["/settings/"]
    assert "Sus horas se muestran" in walk(world.agent, "es")["/settings/"]
    request = next(
        html
        for path, html in walk(world.agent, "es").items()
        if re.fullmatch(r"/requests/[0-9a-f-]{36}/", path)
    )
    assert "Su respuesta" in request
    own = next(html for path, html in told.items() if re.fullmatch(r"/requests/[0-9a-f-]{36}/", path))
    assert "Su respuesta" not in own


def test_a_persons_choice_comes_before_their_browsers_and_stays_with_them(cast: Cast) -> None:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(cast.agent.person)
    assert '<html lang="en"' in client.get("/inbox/").content.decode()
    answer = client.post("/settings/", {"language": "es", "theme": "auto", "keys": "on"})
    assert answer.status_code == 302
    assert answer.cookies["language"].value == "es"
    elsewhere = Client(headers={"Accept-Language": "en"})
    elsewhere.force_login(User.objects.get(pk=cast.agent.person.pk))
    page = elsewhere.get("/inbox/")
    assert '<html lang="es"' in page.content.decode()
    assert page["Content-Language"] == "es"
    assert (
        "No encontramos esa página"
        in elsewhere.get("/licences/00000000-0000-7000-8000-000000000000/").content.decode()
    )
    assert client.post("/settings/", {"language": "tlh", "theme": "auto", "keys": "on"}).status_code == 422


def test_the_door_speaks_what_the_browser_or_its_cookie_asks(db: None) -> None:
    assert '<html lang="es"' in Client(headers={"Accept-Language": "es-AR"}).get("/sign-in/").content.decode()
    client = Client(headers={"Accept-Language": "es"})
    client.cookies["language"] = "en"
    assert '<html lang="en"' in client.get("/sign-in/").content.decode()
    assert '<html lang="en"' in Client(headers={"Accept-Language": "tlh"}).get("/sign-in/").content.decode()


def test_no_language_is_left_behind_for_the_next_request(cast: Cast) -> None:
    Client(headers={"Accept-Language": "es"}).get("/sign-in/")
    assert translation.get_language() == "en"


def test_the_api_speaks_english_unless_another_language_is_asked_for(db: None) -> None:
    client = Client()
    english = client.get("/api/v1/tokens").json()
    spanish = client.get("/api/v1/tokens", headers={"Accept-Language": "es"}).json()
    assert english["code"] == spanish["code"]
    assert english["status"] == spanish["status"]
    assert english["title"] != spanish["title"] or english["detail"] != spanish["detail"]
