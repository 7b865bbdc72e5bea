"""A stranger with a phone checks a file without an account: hands it in, watches, reads, and nothing is left."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.core.cache import cache
from playwright.sync_api import Browser, Page

from accounts.operating import make_operator
from accounts.principals import principal_of_person
from provenance.credentials import sign_file
from provenance.services.signing import signing_identity
from tests.browsing import browser, in_browser, seen, served
from tests.provenance.conftest import cut_clip
from tests.tour.reading import DESK, PHONE
from tests.verification.conftest import FACTS, still
from verification import selectors, services
from verification.models import PublicCheck

__all__ = ["browser", "served", "still"]

pytestmark = [pytest.mark.journey, in_browser]
RULES = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}


def looked_at(page: Page, name: str) -> None:
    """Both sizes, both colours: no barrier, nothing sideways."""
    for (width, height), device in ((PHONE, "phone"), (DESK, "desk")):
        page.set_viewport_size({"width": width, "height": height})
        for mode in ("light", "dark"):
            page.emulate_media(color_scheme=mode)
            found = Axe().run(page, options=RULES).response["violations"]
            assert [(one["id"], [node["html"][:120] for node in one["nodes"]]) for one in found] == [], name
            seen(page, f"{name}-{device}-{mode}")
    page.emulate_media(color_scheme="light")
    page.set_viewport_size({"width": PHONE[0], "height": PHONE[1]})


def test_a_stranger_with_a_phone_checks_a_file_and_takes_the_report_along(
    browser: Browser, served: None, live_server: Any, demo_clip: Path, still: Path, tmp_path: Path
) -> None:  # fmt: skip
    member, _ = make_operator(email="root@example.org", full_name="Ola Root", house="Operator")
    operator = principal_of_person(member.user)
    assert operator is not None
    services.switch_public_page(principal=operator, on=True)
    cache.clear()
    signed = tmp_path / "The Glass Meridian, found in a feed.mp4"
    plain = cut_clip(demo_clip, tmp_path / "plain.mp4", seconds=2, start=20)
    sign_file(plain, signed, facts=FACTS, identity=signing_identity(), media_type="video/mp4")
    context = browser.new_context(
        viewport={"width": PHONE[0], "height": PHONE[1]}, has_touch=True, reduced_motion="reduce",
        accept_downloads=True,
    )  # fmt: skip
    page = context.new_page()

    page.goto(f"{live_server.url}/check/")
    looked_at(page, "check")
    page.get_by_role("button", name="Check this file").tap()
    assert page.url.endswith("/check/"), "the browser asks for a file first"
    empty = tmp_path / "empty.mp4"
    empty.touch()
    page.get_by_label("File").set_input_files(str(empty))
    page.get_by_role("button", name="Check this file").tap()
    page.get_by_role("alert").wait_for()
    looked_at(page, "check-refused")

    page.get_by_label("File").set_input_files(str(signed))
    page.get_by_role("button", name="Check this file").tap()
    page.get_by_text("Its turn comes by itself").wait_for()
    looked_at(page, "check-waits")
    (row,) = selectors.checks_waiting()
    services.run_check(check_id=row.pk)
    page.get_by_role("heading", name="This file was made under a licence.").wait_for()
    assert not PublicCheck.objects.exists()
    looked_at(page, "check-answer")
    with page.expect_download() as loading:
        page.get_by_role("link", name="Take the report along").tap()
    assert b'"report_sha256"' in Path(loading.value.path()).read_bytes()
    page.reload()
    page.get_by_role("heading", name="Nothing is kept here").wait_for()
    looked_at(page, "check-gone")

    page.get_by_role("link", name="Check a file").tap()
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"no film at all" * 50)
    page.get_by_label("File").set_input_files(str(broken))
    page.get_by_role("button", name="Check this file").tap()
    page.get_by_text("Its turn comes by itself").wait_for()
    (row,) = selectors.checks_waiting()
    services.run_check(check_id=row.pk)
    page.get_by_role("heading", name="We could not read this file.").wait_for()
    looked_at(page, "check-unreadable")
    context.close()
