"""What holds for every page: one h1, no inline script or style, nothing from elsewhere, a strict policy."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.template.loader import get_template
from django.test import Client
from django.urls import get_resolver

import agents_portal
from agents_portal.icons import ICONS
from agents_portal.templatetags.portal import icon
from tests import factories
from tests.agents_portal.conftest import Cast, Page, Reader, page_of

HOME = Path(agents_portal.__file__).parent
STATIC = HOME / "static" / "agents_portal"
TEMPLATES = HOME.parent / "templates"
PAGES = {
    "agent": (
        "/inbox/",
        "/roster/",
        "/licences/",
        "/receipts/",
        "/alerts/",
        "/mandates/",
        "/audit/",
        "/settings/",
    ),
    "producer": (
        "/productions/",
        "/productions/new/",
        "/requests/",
        "/keys/",
        "/keys/new/",
        "/bundles/",
        "/bundles/new/",
        "/marking/",
    ),
    "self": (
        "/home/",
        "/decide/",
        "/visibility/",
        "/stop/",
        "/security/",
        "/security/passkeys/new/",
        "/security/codes/new/",
        "/security/password/",
    ),
    "auditor": ("/bundles/", "/productions/"),
    "vendor": ("/licences/", "/keys/", "/marking/"),
}


def sound(page: Page) -> None:
    """One h1, no inline code, scripts of our own, a skip link that leads somewhere."""
    assert len(page.titles) == 1
    assert page.titles[0]
    assert not page.styled
    assert all(source.startswith("/static/agents_portal/js/") for source in page.scripts)
    assert page.html.count("<main") == 1
    assert "#main" in page.links or 'class="door"' in page.html


@pytest.mark.parametrize(("who", "path"), [(who, path) for who, paths in PAGES.items() for path in paths])
def test_every_list_page_is_sound(cast: Cast, who: str, path: str) -> None:
    sound(Reader(getattr(cast, who)).page(path))


def test_every_page_about_one_thing_is_sound(cast: Cast) -> None:
    request = cast.ask()
    agent, path = Reader(cast.agent), f"/requests/{request.pk}/"
    for page in (
        path,
        f"{path}change/?field=frames_max",
        f"{path}approve/",
        f"{path}decline/",
        f"{path}terms/",
    ):
        sound(agent.page(page))
    token = factories.approve(cast.ask())
    for page in (
        f"/licences/{token.pk}/",
        f"/licences/{token.pk}/receipts/",
        f"/licences/{token.pk}/revoke/",
    ):
        sound(agent.page(page))
    sound(Reader(cast.producer).page(f"/productions/{cast.production.pk}/"))
    sound(page_of(Client().get("/sign-in/")))
    sound(page_of(Client().get("/no-such-page/")))


def test_the_policy_allows_nothing_inline_and_nothing_from_elsewhere(cast: Cast) -> None:
    policy = Reader(cast.agent).get("/inbox/")["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert re.findall(r"https?:", policy) == []
    assert "script-src 'self'" in policy
    assert "frame-ancestors 'none'" in policy


def test_no_template_or_stylesheet_reaches_outside() -> None:
    for file in [*TEMPLATES.rglob("*.html"), *STATIC.rglob("*.css")]:
        text = file.read_text(encoding="utf-8")
        assert not re.search(r"(src|href|url)\s*[=(]\s*[\"']?(https?:)?//", text), file
    for file in set(TEMPLATES.rglob("*.html")) - set(
        (TEMPLATES / "mail").iterdir()
    ):  # mail knows no style sheet
        assert " style=" not in file.read_text(encoding="utf-8"), file


def test_the_sprite_holds_every_icon_and_no_other() -> None:
    sprite = (STATIC / "sprite.svg").read_text(encoding="utf-8")
    assert tuple(re.findall(r'<symbol id="([a-z0-9-]+)"', sprite)) == ICONS
    used = {
        name
        for file in TEMPLATES.rglob("*.html")
        for name in re.findall(r'\{% icon "([a-z0-9-]+)"', file.read_text(encoding="utf-8"))
    }
    assert used <= set(ICONS)
    with pytest.raises(ValueError, match="no-such-icon"):
        icon("no-such-icon")


def test_every_template_can_be_read() -> None:
    for file in TEMPLATES.rglob("*.html"):
        get_template(str(file.relative_to(TEMPLATES)))


def test_every_form_carries_the_csrf_token() -> None:
    for file in TEMPLATES.rglob("*.html"):
        for form in re.findall(
            r'<form[^>]*method="post".*?</form>', file.read_text(encoding="utf-8"), re.DOTALL
        ):
            assert "{% csrf_token %}" in form, file


def test_every_page_asks_who_reads(db: None) -> None:
    """Nothing of the portal is open: each address leads to sign-in, or is not there."""
    nobody = Client()
    for pattern in get_resolver().url_patterns:
        for route in getattr(pattern, "url_patterns", []):
            name = getattr(route, "name", None) or ""
            if not name.startswith("portal-"):
                continue
            path = "/" + re.sub(r"<uuid:\w+>", "01a2027e-0000-7000-8000-000000000000", str(route.pattern))
            path = re.sub(r"<int:\w+>", "1", path)
            path = re.sub(r"<slug:\w+>", "legal", path)
            answer = nobody.get(path)
            open_by_design = {
                "portal-parts",
                "portal-unsubscribe",
            }  # a page of parts, and who holds a letter's link
            assert name in open_by_design or answer.status_code in {302, 405}, (name, answer.status_code)
            assert answer.status_code != 302 or answer["Location"].startswith("/sign-in/?next="), name


def test_the_parts_page_stands_only_where_debugging_is_on(db: None, settings: object) -> None:
    settings.DEBUG = False
    assert Client().get("/parts/").status_code == 404
    settings.DEBUG = True
    sound(page_of(Client().get("/parts/")))
