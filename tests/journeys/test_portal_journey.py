"""People at the portal in a real browser: an agent narrows a term and approves, an auditor takes the bundle.

Headless Chromium against a live server with the real database; it is skipped where no Chromium is found.
``TRUSTMARK_SCREENSHOTS=folder`` keeps a picture of each step.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect

from compliance.models import Bundle
from compliance.services import build_bundle
from licensing.models import LicenceToken
from tests import factories
from tests.browsing import in_browser, seen, signed_in
from tests.journeys.conftest import Stage
from tests.receipts.conftest import Farm
from trustcore.bundle import verify_bundle

pytestmark = [
    pytest.mark.journey,
    in_browser,
]


def narrow_one_country(page: Page) -> None:
    """From the inbox: open the request, take the United Kingdom out, send the counter."""
    expect(page.get_by_role("heading", level=1)).to_have_text("One request needs you.")
    seen(page, "1-inbox")
    page.get_by_role("link", name="Ilse Varga-Thorne").click()
    page.get_by_role("link", name=re.compile("Change Rendered in")).click()
    page.get_by_label("United Kingdom").uncheck()
    page.get_by_label("Why, in a line they will read").fill("The scans may not leave North America.")
    seen(page, "2-change")
    page.get_by_role("button", name="Keep change").click()
    expect(page.get_by_text("Your changes are not sent yet.")).to_be_visible()
    page.get_by_role("link", name="Send as counter…").locator("visible=true").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Send this counter?")
    seen(page, "3-counter")
    page.get_by_role("button", name="Send the counter").click()
    expect(page.get_by_text("With Lanternfish Pictures").first).to_be_visible()


def accept(page: Page, base: str) -> None:
    """The studio reads the counter and takes it word for word."""
    page.goto(f"{base}/requests/")
    page.get_by_role("link", name="Ilse Varga-Thorne").click()
    expect(page.locator("del", has_text="United Kingdom").first).to_be_visible()
    page.get_by_role("link", name="Accept the counter…").locator("visible=true").first.click()
    seen(page, "4-accept")
    page.get_by_role("button", name="Accept the counter").click()
    expect(page.get_by_text("With Harrow & Vane").first).to_be_visible()


def approve(page: Page, stage: Stage) -> None:
    """The agent reads the full hash and approves; the licence is there."""
    stage.request.refresh_from_db()
    assert stage.request.current is not None
    digits = stage.request.current.terms_hash.removeprefix("sha256:")
    shown = page.locator(".fullhash code").inner_text()
    assert re.sub(r"\s", "", shown) == digits
    seen(page, "5-approve")
    page.get_by_role("button", name="Approve version 2").click()
    page.get_by_role("link", name="Open the licence").click()
    expect(page.get_by_text("Active").first).to_be_visible()
    seen(page, "6-licence")


def test_an_agent_narrows_and_approves_and_an_auditor_takes_the_bundle(
    browser: Browser, live_server: Any, stage: Stage, tmp_path: Path
) -> None:
    base = live_server.url
    with signed_in(browser, base, stage.agent) as page:
        narrow_one_country(page)
    with signed_in(browser, base, stage.producer) as page:
        accept(page, base)
    with signed_in(browser, base, stage.agent) as page:
        page.keyboard.press("a")  # the pane's own key: approve the selected request
        expect(page.get_by_role("heading", level=1)).to_have_text("Approve version 2 for Ilse Varga-Thorne?")
        approve(page, stage)
    token = LicenceToken.objects.get(request=stage.request)
    assert token.terms.terms["render_territory"] == ["CA", "US"]

    farm = Farm(token, *factories.make_credential(token.licensee))
    lease = farm.lease(first=0, last=23, render_territory="US")
    assert farm.send([farm.row(lease["id"], frame) for frame in range(24)]).status_code == 200
    with signed_in(browser, base, stage.auditor) as page:
        page.goto(f"{base}/bundles/")
        page.get_by_role("link", name="Make a bundle").click()
        page.get_by_role("button", name="Make the bundle").click()
        expect(page.get_by_role("heading", name="Being made")).to_be_visible()
        build_bundle(Bundle.objects.get().pk)  # a worker's task, run here
        page.get_by_role("link", name="Look again").click()
        seen(page, "7-bundle")
        with page.expect_download() as download:
            page.get_by_role("link", name=re.compile("^Download")).click()
        download.value.save_as(tmp_path / "bundle.zip")
    report = verify_bundle(tmp_path / "bundle.zip")
    assert report.summary.counts.receipts == 24


def test_the_same_works_on_a_phone_without_javascript(
    browser: Browser, live_server: Any, stage: Stage
) -> None:
    base, phone = live_server.url, {"viewport": {"width": 390, "height": 844}, "java_script_enabled": False}
    with signed_in(browser, base, stage.agent, **phone) as page:
        narrow_without_script(page)
    with signed_in(browser, base, stage.producer, **phone) as page:
        page.goto(f"{base}/requests/{stage.request.pk}/accept/")
        page.get_by_role("button", name="Accept the counter").click()
    with signed_in(browser, base, stage.agent, **phone) as page:
        page.goto(f"{base}/requests/{stage.request.pk}/approve/")
        page.get_by_role("button", name="Approve version 2").click()
        expect(page.get_by_role("link", name="Open the licence")).to_be_visible()
    assert LicenceToken.objects.get(request=stage.request).frames_max == 2000


def narrow_without_script(page: Page) -> None:
    """Change a number by plain links and forms."""
    page.get_by_role("link", name="Ilse Varga-Thorne").click()
    page.get_by_role("link", name=re.compile("Change Frames")).click()
    page.get_by_label("Frames in all").fill("5000")
    page.get_by_role("button", name="Keep change").click()
    expect(page.get_by_text("Enter a number up to 3,000.").first).to_be_visible()
    page.get_by_label("Frames in all").fill("2000")
    page.get_by_role("button", name="Keep change").click()
    page.get_by_role("link", name="Send as counter…").last.click()
    page.get_by_role("button", name="Send the counter").click()


def test_the_inbox_is_reached_by_keyboard_alone(browser: Browser, live_server: Any, stage: Stage) -> None:
    with signed_in(browser, live_server.url, stage.agent) as page:
        page.keyboard.press("Tab")
        expect(page.get_by_role("link", name="Skip to the page")).to_be_focused()
        page.keyboard.press("Enter")
        page.keyboard.press("j")
        expect(page.get_by_role("link", name="Ilse Varga-Thorne")).to_be_focused()
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert outline == "3px"
        page.keyboard.press("Enter")
        expect(page.get_by_role("heading", level=1)).to_contain_text(
            "asks for Ilse Varga-Thorne’s face and voice"
        )
        page.wait_for_load_state()  # keys are heard once the page's scripts have run
        page.keyboard.press("d")
        expect(page.get_by_role("heading", level=1)).to_have_text("Decline this request?")


def test_a_studio_adds_scripts_assets_and_a_vendor_to_its_request(
    browser: Browser, live_server: Any, stage: Stage
) -> None:
    vendor, path = factories.make_vendor(), f"/requests/{stage.request.pk}/"
    with signed_in(browser, live_server.url, stage.producer) as page:
        page.goto(f"{live_server.url}{path}")
        unfold(page, "Change Script versions")
        page.get_by_label("Script", exact=True).fill("hollow-city")
        page.get_by_role("button", name="Keep change").click()
        expect(page.get_by_text("A script needs its name, its version and its SHA-256.")).to_be_visible()
        expect(page.get_by_label("Script", exact=True).first).to_have_value("hollow-city")
        page.get_by_label("Its version").first.fill("pink-2")
        page.get_by_label("Its SHA-256").first.fill("a1" * 32)
        page.get_by_label("Its date").first.fill("2026-05-01")
        seen(page, "8-script-rows")
        page.get_by_role("button", name="Keep change").click()
        expect(page.get_by_text("hollow-city, version pink-2, 1 May 2026").first).to_be_visible()
        unfold(page, "Change Reference assets")
        page.get_by_label("SHA-256 of the files").fill("b2" * 32)
        page.get_by_role("button", name="Keep change").click()
        expect(page.get_by_text("b2b2 b2b2 … b2b2").first).to_be_visible()
        unfold(page, "Change Vendors")
        page.get_by_label("Add a vendor").fill(vendor.slug)
        seen(page, "9-add-vendor")
        page.get_by_role("button", name="Keep change").click()
        expect(page.get_by_text(f"+ {vendor.name}")).to_be_visible()
        page.goto(f"{live_server.url}{path}revise/")
        expect(page.get_by_text(f"Added to the vendors who may work on it: {vendor.name}.")).to_be_visible()
        seen(page, "10-revise")
        page.get_by_role("button", name="Send the terms").click()
        page.wait_for_url(f"**{path}")
    with signed_in(browser, live_server.url, stage.agent, viewport={"width": 390, "height": 844}) as page:
        page.goto(f"{live_server.url}{path}")
        expect(page.get_by_text("hollow-city version pink-2").first).to_be_visible()
        seen(page, "11-revised-on-a-phone")
    stage.request.refresh_from_db()
    assert stage.request.current is not None
    terms = stage.request.current.terms
    assert (terms["script"][0]["sha256"], terms["anchors"]) == ("a1" * 32, ["b2" * 32])
    assert terms["vendors"] == [str(vendor.pk)]


def unfold(page: Page, name: str) -> None:
    """Open the form of a row, which may be folded away among the usual terms."""
    link = page.get_by_role("link", name=re.compile(name), include_hidden=True)
    if not link.is_visible():
        page.locator("details.more", has=link).locator("summary").click()
    link.click()
