"""People of both sides in a real browser: passing a mandate on, saying no, renewing, agreeing to several, stopping.

Headless Chromium against a live server with the real database; skipped where no Chromium is found.
"""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Browser, Page, expect

from common import clock
from licensing.models import Delegation, LicenceRequest, LicenceToken
from licensing.selectors import stop_in_force
from tests import factories
from tests.browsing import in_browser, may_sign_in, seen, signed_in
from tests.journeys.conftest import Stage

pytestmark = [
    pytest.mark.journey,
    in_browser,
]
expect.set_options(timeout=30_000)
PHONE = {"viewport": {"width": 390, "height": 844}}


def day(number: int) -> str:
    return (timezone.localdate(clock.now()) + timedelta(days=number)).isoformat()


def title(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.get_by_role("heading", level=1)).to_have_text(text)


def test_an_agent_passes_a_mandate_on_and_the_colleague_declines(
    browser: Browser,
    live_server: Any,
    stage: Stage,
) -> None:
    base = live_server.url
    colleague = factories.make_agent(stage.agent.organisation)
    may_sign_in(colleague)
    with signed_in(browser, base, stage.agent) as page:
        page.get_by_role("link", name="Mandates").first.click()
        page.get_by_role("link", name="Ilse Varga-Thorne").click()
        page.get_by_role("link", name="Pass it on…").click()
        page.get_by_label("Colleague", exact=True).select_option(label=colleague.person.full_name)
        page.get_by_role("button", name="Pass it on").click()
        expect(page.get_by_text("Nothing was changed")).to_be_visible()  # the last day is missing
        page.get_by_label("Last day").fill(day(7))
        seen(page, "delegate")
        page.get_by_role("button", name="Pass it on").click()
        expect(page.get_by_text(f"You passed it on to {colleague.person.full_name}")).to_be_visible()
        seen(page, "mandate")
    assert Delegation.objects.get().to_user == colleague.person
    with signed_in(browser, base, colleague, **PHONE) as page:
        title(page, "One request needs you.")
        page.get_by_role("link", name="Ilse Varga-Thorne").click()
        page.get_by_role("link", name="Decline…").locator("visible=true").first.click()
        page.get_by_label("Why, in words the studio will read").fill("Not this season.")
        seen(page, "decline-390")
        page.get_by_role("button", name="Decline the request").click()
        expect(page.get_by_text("Not this season.").first).to_be_visible()
    assert LicenceRequest.objects.get(pk=stage.request.pk).state == "DECLINED"


def test_several_are_approved_together_by_keyboard_and_one_is_renewed(
    browser: Browser,
    live_server: Any,
    stage: Stage,
) -> None:
    base, talent = live_server.url, stage.request.talent
    second = factories.make_submitted_request(stage.request.production, talent, producer=stage.producer)
    with signed_in(browser, base, stage.agent) as page:
        title(page, "Two requests need you.")
        page.keyboard.press("?")
        expect(page.get_by_role("dialog")).to_be_visible()
        page.keyboard.press("Escape")
        page.keyboard.press("q")
        title(page, "Ask a question")
        page.get_by_label("In words the other side will read").fill("Which sequences are these?")
        page.get_by_role("button", name="Send the question").click()
        expect(page.get_by_text("Which sequences are these?")).to_be_visible()
        page.goto(f"{base}/inbox/")
        for box in page.get_by_role("checkbox", name=re.compile("Choose .*to approve with others")).all():
            box.check()
        page.get_by_role("button", name="Approve the chosen ones…").click()
        title(page, "Approve 2 requests?")
        seen(page, "bulk")
        page.get_by_role("button", name="Approve 2 requests").click()
        title(page, "2 requests are approved")
        seen(page, "bulk-done")
    token = LicenceToken.objects.get(request=second)
    with signed_in(browser, base, stage.producer) as page:
        page.goto(f"{base}/licences/{token.pk}/")
        expect(page.get_by_role("heading", name="Refused checks")).to_be_visible()  # came by itself
        page.get_by_role("link", name="Ask for a renewal…").click()
        page.get_by_label("For how many more days").fill("30")
        page.get_by_label("Frames in all").fill("500")
        page.get_by_role("button", name="Ask for a renewal").click()
        title(page, re.compile("asks to renew"))
    with signed_in(browser, base, stage.agent) as page:
        page.get_by_role("link", name="Ilse Varga-Thorne").click()
        page.get_by_role("link", name=re.compile("^Approve version")).locator("visible=true").first.click()
        page.get_by_role("button", name=re.compile("^Approve version")).click()
        expect(page.get_by_role("link", name="Open the licence")).to_be_visible()
    renewed = LicenceToken.objects.get(supersedes=token)
    assert renewed.frames_max == 500


def test_a_talent_hides_and_stops_everything_on_a_phone_without_javascript(
    browser: Browser,
    live_server: Any,
    stage: Stage,
) -> None:
    base, talent = live_server.url, stage.request.talent
    token = factories.approve(stage.request)
    me = factories.desk_of_talent(talent)
    may_sign_in(me)
    with signed_in(browser, base, me, **PHONE, java_script_enabled=False) as page:
        title(page, "Ilse, one production can use your likeness today")
        seen(page, "home-390")
        page.get_by_role("link", name="Change who can see me").click()
        page.get_by_role("link", name="Change who can see you…").click()
        page.get_by_label(re.compile("^Nobody")).check()
        seen(page, "visibility-390")
        page.get_by_role("button", name="Keep this").click()
        expect(page.get_by_text("That is who can see it now.")).to_be_visible()
        page.get_by_role("link", name="Stop", exact=True).click()
        title(page, "Stop every use of your face and voice?")
        seen(page, "stop-390")
        page.get_by_role("button", name="Stop everything now").click()
        expect(page.get_by_text("Everything is stopped.")).to_be_visible()
    token.refresh_from_db()
    assert token.revocation_kind == "EMERGENCY_STOP"
    assert stop_in_force(talent.pk) is not None
