"""The browser of one reader, on a desk or a phone."""

from __future__ import annotations

from django.conf import settings
from playwright.sync_api import Browser, BrowserContext

from tests import factories
from tests.permissions.worlds import World

DESK, PHONE = (1440, 900), (390, 844)


def opened(browser: Browser, base: str, world: World, reader: str) -> BrowserContext:
    """The browser of somebody who is signed in."""
    context = browser.new_context(
        viewport={"width": DESK[0], "height": DESK[1]}, reduced_motion="reduce", color_scheme="light"
    )
    if reader:
        # with a second factor, just now: acts that bind ask for it
        client = factories.signed_in(world.people[reader].person, method="mfa", type="webauthn")
        name = settings.SESSION_COOKIE_NAME
        context.add_cookies([{"name": name, "value": client.cookies[name].value, "url": base}])
    return context
