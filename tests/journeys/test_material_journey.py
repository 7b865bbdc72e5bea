"""Material for training in a real browser: a reviewer admits one, counsel stops a class, a stranger finds nothing.

Headless Chromium against a live server with the real database; skipped where no Chromium is found.
"""

from __future__ import annotations

import re
from io import BytesIO
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests import factories
from tests.browsing import PASSWORD, browser, in_browser, may_sign_in, seen, served, signed_in
from tests.training.making import CLEAR, House, of_bytes, picture
from training.models import PolicyDecision, Review, SourceClass
from training.services.assets import receive_content

__all__ = ["browser", "served"]

pytestmark = [pytest.mark.journey, in_browser]
expect.set_options(timeout=30_000)
PHONE = {"viewport": {"width": 390, "height": 844}}


def heading(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def without_barrier(page: Page) -> None:
    found = Axe().run(page, options={"resultTypes": ["violations"]}).response["violations"]
    assert [(one["id"], one["nodes"][0]["html"][:120]) for one in found] == []


@pytest.fixture
def house(served: None) -> House:
    made = House(factories.make_studio("Lanternfish Pictures"))
    may_sign_in(made.engineer, made.producer, made.counsel)
    return made


def test_a_reviewer_admits_one_counsel_stops_the_class_and_a_stranger_finds_nothing(
    browser: Browser, live_server: Any, house: House
) -> None:
    base = live_server.url
    kind = house.source_class()
    source = house.source(kind, rights_holder="Meridian Stills Library")
    house.rights(source, checks={**CLEAR, "robots": "UNKNOWN"})
    data = picture(5)
    asset = house.admit(source, external_id="Meridian 1207", **of_bytes(data))
    receive_content(principal=house.engineer, asset_id=asset.pk, stream=BytesIO(data))

    with signed_in(browser, base, house.producer) as page:
        page.get_by_role("link", name="Training material").first.click()
        heading(page, "What the house may train on")
        expect(page.get_by_text("Nothing may be trained on yet. 1 waits for a person.")).to_be_visible()
        without_barrier(page)
        page.get_by_role("link", name="Review queue").click()
        page.get_by_role("link", name="Meridian 1207").focus()
        page.keyboard.press("Enter")  # the keyboard alone opens it
        heading(page, "Meridian 1207")
        expect(page.get_by_text("One of the checks is not answered")).to_be_visible()
        page.get_by_role("button", name="Decide").click()
        answers = page.get_by_role("radio")
        assert answers.evaluate_all("all => all.map(one => one.validity.valueMissing)") == [True, True]
        heading(page, "Meridian 1207")  # nothing was sent
        without_barrier(page)
        page.get_by_label(re.compile("^Admit it")).check()
        page.get_by_label("Why", exact=True).fill("The library confirmed that its robots file allows it.")
        seen(page, "material-review")
        page.get_by_role("button", name="Decide").click()
        expect(page.get_by_role("heading", name="It was decided")).to_be_visible()
        page.get_by_role("link", name="Its lineage").click()
        expect(page.locator("[data-graph] canvas").first).to_be_visible()
        without_barrier(page)
    review = Review.objects.get()
    assert (review.answer, review.answered_by) == ("ADMIT", house.producer.person)
    asset.refresh_from_db()
    assert asset.state == "ADMITTED"

    with signed_in(browser, base, house.counsel, **PHONE) as page:
        page.goto(f"{base}/material/")
        expect(page.get_by_text("1 original may be trained on.")).to_be_visible()
        page.get_by_role("link", name=re.compile("^Stop…")).click()
        heading(page, f"Stop the class {kind.code}?")
        expect(page.get_by_text("1 admitted original stays.")).to_be_visible()
        seen(page, "material-stop-390")
        page.get_by_label("Why", exact=True).fill("The library’s heirs object.")
        page.get_by_role("button", name="Stop the class").click()
        expect(page.get_by_text("The library’s heirs object.")).to_be_visible()
        seen(page, "material-stopped-390")
    assert SourceClass.objects.get(pk=kind.pk).stopped_at is not None
    assert house.ask(source).asset is None
    newest = PolicyDecision.objects.order_by("-created_at")[0]
    assert "SOURCE_CLASS_STOPPED" in newest.codes

    stranger = factories.make_producer(factories.make_studio())
    may_sign_in(stranger)
    context = browser.new_context()
    page = context.new_page()
    page.goto(f"{base}/")
    page.get_by_label("E-mail").fill(stranger.person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_url(re.compile(r"^(?!.*sign-in)"), wait_until="load")
    for path in (
        f"/material/sources/{source.pk}/", f"/material/assets/{asset.pk}/", f"/material/queue/{review.pk}/",
        f"/material/classes/{kind.pk}/stop/",
    ):  # fmt: skip
        answer = page.goto(f"{base}{path}")
        assert answer is not None
        assert answer.status == 404, path
        assert "Meridian" not in page.content()
    context.close()
