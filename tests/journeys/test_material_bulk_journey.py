"""Imports, contracts and rights reviews in a real browser: handed in, followed, called off; registered; answered."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, expect

from tests import factories
from tests.browsing import browser, fits, in_browser, may_sign_in, seen, served, signed_in
from tests.journeys.test_material_journey import PHONE, heading, without_barrier
from tests.training.contracts import written
from tests.training.making import House
from tests.training.test_imports import line, packed
from training.models import MaterialImport, RightsReview
from training.services.imports import read_material
from training.services.rights_reviews import open_due_reviews

__all__ = ["browser", "served"]

pytestmark = [pytest.mark.journey, in_browser]
expect.set_options(timeout=30_000)


@pytest.fixture
def house(served: None) -> House:
    made = House(factories.make_studio("Lanternfish Pictures"))
    may_sign_in(made.counsel, made.engineer)
    return made


def test_an_engineer_hands_in_a_file_and_follows_it_and_registers_a_contract(
    browser: Browser, live_server: Any, house: House, tmp_path: Path, settings: Any
) -> None:
    settings.CELERY_TASK_ALWAYS_EAGER = False
    source, base = house.licensed_source(), f"{live_server.url}/material"
    rows = [line(source, number, territory="FR" if number % 3 == 2 else "US") for number in range(12)]
    captures = tmp_path / "captures.ndjson"
    captures.write_bytes(packed(*rows, b"{"))
    contract = tmp_path / "contract.odcs.yaml"
    contract.write_text(written(source.source_class.code, humanInTheLoop=True))
    with signed_in(browser, live_server.url, house.engineer) as page:
        page.goto(f"{base}/imports/")
        heading(page, "Material handed in by the file")
        without_barrier(page)
        seen(page, "imports-empty")
        page.get_by_role("link", name="Hand in a file…").click()
        page.get_by_role("button", name="Hand in the file").click()
        without_barrier(page)
        page.get_by_label("The captures, one JSON object a line").set_input_files(captures)
        seen(page, "import-new")
        page.get_by_role("button", name="Hand in the file").click()
        expect(page.get_by_text("It waits for a worker.")).to_be_visible()
        without_barrier(page)
        seen(page, "import-waits")
        page.get_by_role("link", name="Call it off…").click()
        heading(page, "Call this import off?")
        without_barrier(page)
        seen(page, "import-cancel")
        page.get_by_role("link", name="Go back").first.click()
        read_material(MaterialImport.objects.get().pk)
        expect(page.get_by_text("13 rows were read.")).to_be_visible()  # the page follows by itself
        without_barrier(page)
        seen(page, "import-read")
        page.goto(f"{base}/contracts/new/")
        page.get_by_role("button", name="Register the contract").click()
        without_barrier(page)
        seen(page, "contract-new-refused")
        page.get_by_label("The contract as a file").set_input_files(contract)
        page.get_by_role("button", name="Register the contract").click()
        expect(page.get_by_text("It cannot be put into force as it is.")).to_be_visible()
        seen(page, "contract-registered")
        page.set_viewport_size(PHONE["viewport"])
        for name in (
            "imports/",
            f"imports/{MaterialImport.objects.get().pk}/",
            "imports/new/",
            "contracts/new/",
        ):
            page.goto(f"{base}/{name}")
            fits(page, name)
            seen(page, f"phone-{name.replace('/', '-')[:12]}")
        page.emulate_media(color_scheme="dark")
        page.goto(f"{base}/imports/{MaterialImport.objects.get().pk}/")
        without_barrier(page)
        seen(page, "phone-dark-import")


def test_counsel_looks_at_a_licence_again(browser: Browser, live_server: Any, house: House) -> None:
    rights = house.rights(house.source())
    base = f"{live_server.url}/material/rights-reviews/"
    with signed_in(browser, live_server.url, house.counsel) as page:
        page.goto(base)
        expect(page.get_by_text("Nothing waits")).to_be_visible()
        seen(page, "rights-reviews-empty")
        open_due_reviews(on=rights.next_review_on)
        review = RightsReview.objects.get()
        page.goto(base)
        without_barrier(page)
        seen(page, "rights-reviews")
        page.goto(f"{base}{review.pk}/")
        page.get_by_text("It stands", exact=True).first.click()
        page.get_by_label("Why", exact=True).fill("Paid for another year.")
        page.get_by_role("button", name="Decide").click()
        expect(page.get_by_text("Say on which later day it is looked at again.").first).to_be_visible()
        without_barrier(page)
        seen(page, "rights-review-refused")
        page.get_by_label("Looked at again on").fill((review.due_on + timedelta(days=365)).isoformat())
        page.get_by_role("button", name="Decide").click()
        expect(page.get_by_text("It was decided")).to_be_visible()
        without_barrier(page)
        seen(page, "rights-review-answered")
        page.set_viewport_size(PHONE["viewport"])
        page.emulate_media(color_scheme="dark")
        page.goto(base + "?tab=answered")
        fits(page, "bulk")
        seen(page, "phone-dark-rights-reviews")
