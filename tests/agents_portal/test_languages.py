"""No page says what no catalogue knows: walked in a language of brackets, and in Spanish."""

from __future__ import annotations

import re
from collections import deque

import pytest
from django.test import Client

from accounts.models import Organisation, User
from accounts.principals import Principal
from licensing.models import Production, Talent
from tests import factories
from tests.agents_portal.conftest import Cast
from tests.agents_portal.pseudo import hard_coded, speak_in_brackets

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
            shape = re.sub(r"[0-9a-f-]{36}|(?<==)[^&]+|[A-Z0-9.]{6,}", "*", link.replace("&amp;", "&"))
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


DESKS = ("agent", "self", "producer", "engineer", "auditor", "vendor", "colleague")


@pytest.mark.parametrize("who", DESKS)
def test_no_page_says_what_no_catalogue_knows(world: Cast, who: str, monkeypatch: pytest.MonkeyPatch) -> None:
    speak_in_brackets(monkeypatch)
    pages = walk(getattr(world, who))
    assert len(pages) > 5
    names = given_names()
    wrong = {path: found for path, html in pages.items() if (found := hard_coded(html, names))}
    assert not wrong, "\n".join(f"{path}: {texts}" for path, texts in wrong.items())
