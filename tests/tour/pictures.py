"""Pictures of the pages, small enough to keep beside the text: ``docs/portal`` and its index."""

from __future__ import annotations

import os
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page as Tab

from tests.tour.stage import NAMES, Page

FOLDER = os.environ.get("TRUSTMARK_PICTURES", "")
# a page that goes on for ever tells no more than its first screens; a page has few colours
TALLEST, COLOURS = 2400, 128
# in the dark the main pages only: the folder stays small, and every page is walked in both anyway
IN_THE_DARK = frozenset(
    {"inbox", "request", "request-approve", "licence", "home", "stop", "production", "bundle"}
)
HEAD = """# The portal, page by page

Made by `make screenshots`: a deployment with the demonstration's cast, every page of every seat, on a desk (1440) and a
phone (390), the main ones in the dark, too. The names say `PAGE-READER-WIDTH-MODE`. All people and works are invented.
"""


def keep(tab: Tab, page: Page, suffix: str) -> None:
    """Keep a picture of the page as it stands, where somebody asked for pictures."""
    if not FOLDER or tab.viewport_size is None or not _is_kept(page, suffix.rpartition("-")[2]):
        return
    width = tab.viewport_size["width"]
    tall = min(TALLEST, tab.evaluate("document.documentElement.scrollHeight"))
    height = tab.viewport_size["height"]
    tab.set_viewport_size({"width": width, "height": max(tall, height)})  # what is fixed stands at the foot
    shot = tab.screenshot()
    tab.set_viewport_size({"width": width, "height": height})
    image = Image.open(BytesIO(shot)).convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    image.save(Path(FOLDER) / f"{_name(page)}-{suffix}.png", optimize=True)


def write_index(pages: list[Page]) -> None:
    """Write ``README.md`` over the pictures: a table for each reader."""
    if not FOLDER:
        return
    people = {"": "Before sign-in", "talent": NAMES.talent, "operator": "Ola Root", **NAMES.people}
    lines = [HEAD]
    for reader in dict.fromkeys(page.reader for page in pages):
        title = f"{reader.capitalize()}: {people.get(reader, reader)}" if reader else people[""]
        lines += [f"## {title}", "", "| page | desk | phone |", "| --- | --- | --- |"]
        for page in (one for one in pages if one.reader == reader):
            cells = [
                ", ".join(
                    f"[{mode}]({_name(page)}-{width}-{mode}.png)"
                    for mode in ("light", "dark")
                    if _is_kept(page, mode)
                )
                for width in (1440, 390)
            ]
            lines.append(f"| {page.name} | {' | '.join(cells)} |")
        lines.append("")
    (Path(FOLDER) / "README.md").write_text("\n".join(lines), encoding="utf-8")


def _is_kept(page: Page, mode: str) -> bool:
    return mode == "light" or page.name in IN_THE_DARK


def _name(page: Page) -> str:
    return f"{page.name}-{page.reader}" if page.reader else page.name
