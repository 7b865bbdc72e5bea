"""The main journeys by keyboard alone: skip to the content, see where one is, reach the act and go back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from playwright.sync_api import Page as Tab

from tests.browsing import in_browser
from tests.permissions.worlds import World
from tests.tour.reading import DESK, PHONE, opened
from tests.tour.stage import pages_of

pytestmark = [
    pytest.mark.journey,
    pytest.mark.timeout(900),
    in_browser,
]
JOURNEYS = {
    ("agent", "inbox"), ("agent", "request"), ("agent", "request-approve"), ("agent", "licence"),
    ("talent", "home"), ("talent", "stop"), ("producer", "production"), ("producer", "keys"),
    ("auditor", "bundle"),
}  # fmt: skip
# where the focus is: whether it is drawn, and whether anything lies over it
FOCUS = """() => {
  const here = document.activeElement;
  if (!here || here === document.body) return null;
  const style = getComputedStyle(here), box = here.getBoundingClientRect();
  const drawn = parseFloat(style.outlineWidth) >= 2 && style.outlineStyle !== "none";
  const top = document.elementFromPoint(box.left + box.width / 2, box.top + Math.min(box.height / 2, 20));
  const clear = !!top && (here.contains(top) || top.contains(here) || (here.labels || [])[0]?.contains(top));
  const name = here.tagName.toLowerCase() + " " + (here.innerText || here.name || here.id).trim().slice(0, 40);
  return {name, drawn, clear, at: [Math.round(box.left), Math.round(box.top)]};
}"""


def stops(tab: Tab, most: int = 80) -> Iterator[dict[str, Any]]:
    """Where Tab leads, one after the other, until it leaves the page."""
    for _ in range(most):
        tab.keyboard.press("Tab")
        found = tab.evaluate(FOCUS)
        for _ in range(20):  # the page scrolls to what has the focus, in a machine's own time
            if found is None or found["clear"]:
                break
            tab.wait_for_timeout(50)
            found = tab.evaluate(FOCUS)
        if found is None:
            return
        yield found


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_the_focus_is_seen_wherever_it_goes_and_nothing_lies_over_it(
    browser: Browser, live_server: Any, stage: World, size: tuple[int, int]
) -> None:
    faults, walked = [], 0
    for page in pages_of(stage):
        if (page.reader, page.name) not in JOURNEYS:
            continue
        context = opened(browser, live_server.url, stage, page.reader)
        tab = context.new_page()
        tab.set_viewport_size({"width": size[0], "height": size[1]})
        tab.goto(f"{live_server.url}{page.path}")
        seen = list(stops(tab))
        for stop in seen:
            if not stop["drawn"]:
                faults.append(f"{page.name} as {page.reader}: no ring on {stop['name']!r}")
            if not stop["clear"]:
                faults.append(
                    f"{page.name} as {page.reader}: something lies over {stop['name']!r} at {stop['at']}"
                )
        assert len(seen) > 3, page
        walked += 1
        context.close()
    assert walked == len(JOURNEYS)
    assert faults == []


def test_an_agent_approves_and_a_talent_stops_without_a_mouse(
    browser: Browser, live_server: Any, stage: World
) -> None:
    context = opened(browser, live_server.url, stage, "talent")
    tab = context.new_page()
    tab.goto(f"{live_server.url}/home/")
    tab.keyboard.press("Tab")
    expect(tab.locator(":focus")).to_have_text("Skip to the page")
    tab.keyboard.press("Enter")
    assert tab.evaluate("location.hash") == "#main"
    reached(tab, "Stop everything")
    tab.keyboard.press("Enter")
    expect(tab.get_by_role("heading", level=1)).to_contain_text("Stop every use")
    reached(tab, "Go back, change nothing")
    tab.keyboard.press("Enter")
    tab.wait_for_url("**/home/")
    context.close()


def reached(tab: Tab, words: str) -> None:
    """Tab until the focus stands on something that says ``words``."""
    for stop in stops(tab):
        if words in stop["name"]:
            return
    raise AssertionError(f"no way to {words!r} by keyboard")
