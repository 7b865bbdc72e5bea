"""Upkeep in a real browser: counsel looks, an engineer repairs, both read it on desk and phone, by day and by night."""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests import factories
from tests.browsing import browser, in_browser, may_sign_in, seen, served, signed_in
from tests.training.making import House, of_bytes, picture
from tests.training.test_manifests import freeze
from training.models import TrainingAsset
from training.services.assets import receive_content
from training.services.manifests import release_manifest
from training.services.systems import report_system, states_of
from training.storing import remove

__all__ = ["browser", "served"]

pytestmark = [pytest.mark.journey, in_browser]
expect.set_options(timeout=30_000)
SIZES = {"desk": (1440, 900), "phone": (390, 844)}


def without_barrier(page: Page) -> None:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found] == []


def pictures(page: Page, name: str) -> None:
    """The page at both widths, in both schemes: nothing scrolls sideways, nothing bars anybody."""
    for size, (width, height) in SIZES.items():
        page.set_viewport_size({"width": width, "height": height})
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            while page.locator("html").evaluate("() => document.getAnimations().length"):
                page.wait_for_timeout(50)  # colours change for a moment
            without_barrier(page)
            seen(page, f"{name}-{size}-{scheme}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": 1440, "height": 900})


@pytest.fixture
def house(served: None) -> House:
    made = House(factories.make_studio("Lanternfish Pictures"))
    may_sign_in(made.engineer, made.counsel)
    return made


def test_counsel_looks_an_engineer_repairs_and_a_system_that_is_behind_is_named(
    browser: Browser, live_server: Any, house: House
) -> None:
    base = live_server.url
    data = picture(5)
    asset = house.admit(**of_bytes(data))
    receive_content(principal=house.engineer, asset_id=asset.pk, stream=BytesIO(data))
    manifest = freeze(house, house.admit(), name="Dialogue faces, first reel")
    report_system(principal=house.engineer, system="slurm-west", told=states_of(house.organisation.pk))
    release_manifest(principal=house.counsel, name=manifest.content_id)
    told = {manifest.content_id: "FROZEN", f"sha256:{'0' * 64}": "RELEASED"}
    report_system(principal=house.engineer, system="atlas-catalogue", told=told)
    remove(TrainingAsset.objects.get(pk=asset.pk).location)

    with signed_in(browser, base, house.counsel) as page:
        page.goto(f"{base}/material/readiness/")
        page.get_by_role("link", name="Upkeep").click()
        expect(page.get_by_text("Nobody has looked yet.")).to_be_visible()
        page.get_by_role("button", name="Look now").focus()
        page.keyboard.press("Enter")
        expect(page.get_by_text("2 things are not as they should be.")).to_be_visible()
        expect(page.get_by_role("link", name="Repair…")).to_have_count(0)
        pictures(page, "material-upkeep")
        page.get_by_role("link", name="Other systems").click()
        expect(page.get_by_text("Something moved since")).to_be_visible()
        expect(page.get_by_text("Holds something else")).to_be_visible()
        pictures(page, "material-systems")
        page.get_by_role("link", name="atlas-catalogue").click()
        expect(page.get_by_text("Not a manifest of this house")).to_be_visible()
        pictures(page, "material-system")

    with signed_in(browser, base, house.engineer, viewport={"width": 390, "height": 844}) as page:
        page.goto(f"{base}/material/inspection/")
        page.get_by_role("link", name="Repair…").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Repair this now?")
        pictures(page, "material-repair")
        page.get_by_role("button", name=re.compile("Repair it")).click()
        expect(page.get_by_text("1 thing is not as it should be.")).to_be_visible()
    asset.refresh_from_db()
    assert (asset.held, asset.state) == ("ELSEWHERE", "ISOLATED")
