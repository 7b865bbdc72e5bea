"""A browser opens every page of every seat: no barrier that axe knows of, nothing scrolls sideways.

Light and dark, on a phone and on a desk. ``TRUSTMARK_PICTURES=folder`` keeps a picture of each (``make screenshots``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser
from playwright.sync_api import Page as Tab

from tests.browsing import in_browser
from tests.permissions.worlds import World
from tests.tour.pictures import keep, write_index
from tests.tour.reading import DESK, PHONE, opened
from tests.tour.stage import READERS, Page, pages_of

pytestmark = [
    pytest.mark.journey,
    pytest.mark.tour,
    pytest.mark.timeout(1800),
    in_browser,
]
WIDTHS = (320, 360, 768, 1100, 2560)
# what another colour scheme can break, and nothing else
COLOURS = {"runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


def barriers(tab: Tab, options: dict[str, Any]) -> list[str]:
    """What axe finds on the page as it stands."""
    found = Axe().run(tab, options={**options, "resultTypes": ["violations"]}).response["violations"]
    return [
        f"{one['id']}: {node['html'][:160]} {' '.join(node['failureSummary'].split())[:200]}"
        for one in found
        for node in one["nodes"]
    ]


def sized(tab: Tab, width: int, height: int) -> None:
    tab.set_viewport_size({"width": width, "height": height})


def looked_at(tab: Tab, page: Page) -> Iterator[str]:
    """The faults of one page, in every size and colour."""
    for width, height in (DESK, PHONE):
        sized(tab, width, height)
        for mode in ("light", "dark"):
            tab.emulate_media(color_scheme=mode)
            rules = RULES if mode == "light" else COLOURS
            yield from (f"{width} {mode}: {fault}" for fault in barriers(tab, rules))
            keep(tab, page, f"{width}-{mode}")
        tab.emulate_media(color_scheme="light")
    for width in (DESK[0], PHONE[0], *WIDTHS):
        sized(tab, width, 900)
        wide = tab.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            yield f"{width}: scrolls sideways to {wide}"


def test_every_page_of_every_seat_has_no_barrier_and_never_scrolls_sideways(
    browser: Browser, live_server: Any, stage: World
) -> None:
    faults, seen, pages = [], 0, pages_of(stage)
    for reader in ("", *READERS):
        context = opened(browser, live_server.url, stage, reader)
        tab = context.new_page()
        for page in (one for one in pages if one.reader == reader):
            answer = tab.goto(f"{live_server.url}{page.path}")
            assert answer is not None
            assert answer.status == 200, f"{page}: {answer.status}"
            if urlsplit(tab.url).path != urlsplit(page.path).path:
                continue  # a door that is open already leads on
            faults += [f"{page.name} as {reader or 'anybody'} {fault}" for fault in looked_at(tab, page)]
            seen += 1
        context.close()
    write_index(pages)
    assert seen > 50
    assert faults == [], told(faults)


def told(faults: list[str]) -> str:
    """Each kind of fault with its number and its first place."""
    kinds: dict[str, list[str]] = {}
    for fault in faults:
        kinds.setdefault(fault.split(": ")[1], []).append(fault)
    return "\n".join(f"{len(found)} x {kind}: {found[0]}" for kind, found in kinds.items())
