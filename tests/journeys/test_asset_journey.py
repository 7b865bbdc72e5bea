"""Where a thing came from, in a real browser: the picture drawn and used, hostile names inert, and the list without any script."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from provenance.graph.services import record_batch
from tests import factories
from tests.agents_portal.hostile_manifests import HOSTILE, hostile_still, judged
from tests.browsing import fits, in_browser, may_sign_in, seen, signed_in
from tests.provenance.graph.conftest import Film, edge, film_specs, thing
from tests.verification.conftest import still  # noqa: F401

pytestmark = [pytest.mark.journey, in_browser]
NAME = HOSTILE[:-1]  # a name with a character that is not shown is refused at the door


@pytest.fixture
def shot(served: None) -> Film:
    """The small film; its shot also came from a picture with a hostile name."""
    token, _, _ = factories.make_live_token(factories.make_production(guild=factories.make_guild()))
    desk = factories.make_producer(token.production.organisation)
    may_sign_in(desk)
    film = Film(token, desk, [])
    reel = thing("DELIVERABLE", "reel", edge("shot", "CONTAINS"), edge(NAME, "COMPOSITED_FROM"))
    specs = [*film_specs(token.jti), thing("IMAGE", NAME, origin="HUMAN_TOOLS"), reel]
    record_batch(principal=desk, production_id=token.production_id, specs=specs)
    return film


def without_barrier(page: Page) -> None:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found] == []


def nothing_ran(page: Page) -> None:
    assert page.evaluate("window.ran === undefined")


@pytest.mark.parametrize(("width", "scheme"), [(1440, "light"), (390, "dark")])
def test_the_picture_is_drawn_zoomed_and_followed_and_nothing_hostile_runs(
    browser: Browser, live_server: Any, shot: Film, still: Path, tmp_path: Path, width: int, scheme: Any  # noqa: F811
) -> None:  # fmt: skip
    base, asked = live_server.url, []
    path, house = hostile_still(still, tmp_path / "hostile.png")
    found = judged(shot.desk, path, house.anchor)
    shape: Any = {"width": width, "height": 900}
    with signed_in(browser, base, shot.desk, viewport=shape, color_scheme=scheme) as page:
        page.on("dialog", lambda dialog: (asked.append(dialog.message), dialog.dismiss()))
        page.goto(f"{base}/assets/{shot.version('reel')}/")
        picture = page.locator("[data-graph][data-drawn]")
        expect(picture).to_have_attribute("data-drawn", "10")
        expect(picture.locator("canvas").first).to_be_visible()
        nothing_ran(page)
        without_barrier(page)
        fits(page, "asset")
        seen(page, f"asset-{width}-{scheme}")
        # by buttons and by keys it gets larger and smaller: what is drawn changes each time
        drawn = picture.screenshot()
        page.get_by_role("button", name="Larger").click()
        larger = picture.screenshot()
        assert larger != drawn
        picture.focus()
        page.keyboard.press("ArrowRight")
        assert picture.screenshot() != larger
        page.get_by_role("button", name="Fit").click()
        # hostile names of assets are text in the list, and the list leads on
        expect(page.get_by_text("<script>window.ran=1</script>", exact=False).first).to_be_visible()
        page.locator(".lineage").get_by_role("link", name="plate").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text("plate")
        page.goto(f"{base}/verify/{found.pk}/")
        expect(page.get_by_text("<img src=x onerror=window.ran=1>", exact=False).first).to_be_visible()
        nothing_ran(page)
    assert asked == []


def test_a_click_in_the_picture_opens_the_thing(browser: Browser, live_server: Any, shot: Film) -> None:
    base = live_server.url
    with signed_in(browser, base, shot.desk, viewport={"width": 1440, "height": 900}) as page:
        page.goto(f"{base}/assets/{shot.version('scan')}/")
        expect(page.locator("[data-graph]")).to_have_count(0)  # nothing behind it: no picture
        page.goto(f"{base}/assets/{shot.version('rig')}/")
        picture = page.locator("[data-graph][data-drawn='2']")
        box = picture.bounding_box()
        assert box is not None
        # two boxes side by side: what it came from stands left
        page.mouse.click(box["x"] + box["width"] / 2 - 130, box["y"] + box["height"] / 2)
        page.wait_for_url(re.compile(rf"/assets/{shot.version('scan')}/$"))


def test_without_script_the_list_says_it_all(browser: Browser, live_server: Any, shot: Film) -> None:
    base = live_server.url
    with signed_in(browser, base, shot.desk, java_script_enabled=False) as page:
        page.goto(f"{base}/assets/{shot.version('reel')}/")
        expect(page.locator("[data-graph-section]")).to_be_hidden()
        for name in ("shot", "frames", "plate", "scan", "rig", "script"):
            expect(page.locator(".lineage").get_by_role("link", name=name, exact=True).first).to_be_visible()
