"""Rights reports in a real browser: counsel asks, reads the four answers, makes it again; views at both widths."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests import factories
from tests.browsing import browser, fits, in_browser, may_sign_in, seen, served, signed_in
from tests.journeys.test_material_journey import PHONE, heading, without_barrier
from tests.training.making import House
from tests.training.test_takedowns import a_story

__all__ = ["browser", "served"]

pytestmark = [pytest.mark.journey, in_browser]
expect.set_options(timeout=30_000)


@pytest.fixture
def house(served: None) -> House:
    made = House(factories.make_studio("Lanternfish Pictures"))
    may_sign_in(made.counsel)
    return made


def test_counsel_asks_reads_takes_along_and_makes_it_again(
    browser: Browser, live_server: Any, house: House, tmp_path: Path
) -> None:
    told = a_story(house)
    with signed_in(browser, live_server.url, house.counsel) as page:
        page.goto(f"{live_server.url}/material/reports/")
        heading(page, "Four questions, answered and signed")
        seen(page, "reports-empty")
        page.get_by_role("link", name="Ask…").click()
        page.get_by_label("What it is about").select_option("MODEL")
        page.get_by_role("button", name="Make the report").click()
        expect(page.get_by_text("Name the one thing that it is about").first).to_be_visible()
        without_barrier(page)
        seen(page, "report-new")
        page.get_by_label("Which one").fill(str(told["model"].pk))
        page.get_by_role("button", name="Make the report").click()
        heading(page, "One model version")
        without_barrier(page)
        seen(page, "report")
        with page.expect_download() as coming:
            page.get_by_role("link", name="The signed archive").click()
        assert coming.value.suggested_filename.startswith("rights-report-")
        page.get_by_role("button", name="Make it again").click()
        expect(page.get_by_text("It says the same.")).to_be_visible()
        seen(page, "report-again")
        for name in ("legal", "engineering", "governance", "incident"):
            page.goto(f"{live_server.url}/material/views/{name}/")
            without_barrier(page)
            seen(page, f"view-{name}")
        page.goto(f"{live_server.url}/material/readiness/")
        without_barrier(page)
        seen(page, "readiness-cost")
        page.goto(f"{live_server.url}/material/reports/")
        seen(page, "reports")
        for name in ("reports/", "views/governance/", "readiness/", "views/legal/"):
            page.set_viewport_size(PHONE["viewport"])
            page.goto(f"{live_server.url}/material/{name}")
            fits(page, name)
            seen(page, f"phone-{name.replace('/', '-')}")
