"""A studio from nothing to its first token, in a real browser: invited, production, key, request, approval, first check.

Headless Chromium against a live server with the real database; skipped where no Chromium is found.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core import mail
from playwright.sync_api import Browser, Page, expect

from accounts.invitations import invite_person
from accounts.models import ApiCredential, Membership, Organisation
from accounts.services import register_organisation
from licensing.models import LicenceRequest, LicenceToken
from notify.services import send_due
from tests import factories
from tests.browsing import PASSWORD, in_browser, seen, signed_in
from tests.receipts.conftest import Farm

pytestmark = [
    pytest.mark.journey,
    in_browser,
]
INTENT = "Her face on the two scenes at the lighthouse, shots 0410_0020 and 0410_0030, and no line of hers."


def join(page: Page, address: str) -> None:
    """Open the link of the invitation and make an account with a password."""
    page.goto(address)
    seen(page, "onboarding-1-invited")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    page.get_by_role("button", name="Set the password").click()
    page.wait_for_url(re.compile(r"^(?!.*welcome)"), wait_until="load")


def register(page: Page, base: str) -> None:
    page.goto(f"{base}/productions/new/")
    page.get_by_label("Title").fill("The Lighthouse Keeper")
    page.get_by_role("button", name="Register the production").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The Lighthouse Keeper")


def make_key(page: Page, base: str, proof_jwk: str) -> str:
    page.goto(f"{base}/keys/new/")
    page.get_by_label("Name", exact=True).fill("Farm, Vancouver")
    for may in ("Read requests and licences", "Fetch short-lived tokens", "Check before a render"):
        page.get_by_label(may).check()
    page.get_by_label("Public proof key (JWK)").fill(proof_jwk)
    page.get_by_role("button", name="Make the key").click()
    secret = page.locator("#key-secret").inner_text()
    seen(page, "onboarding-2-key")
    return secret


def ask(page: Page, base: str, name: str) -> None:
    page.goto(f"{base}/productions/")
    page.get_by_role("link", name="The Lighthouse Keeper").click()
    page.get_by_role("link", name="Ask for a licence").click()
    page.get_by_role("button", name=f"Ask {name}").click()
    page.get_by_label("What you want to do, in words the person will read").fill(INTENT)
    page.get_by_label("Face in a frame", exact=True).check()
    page.get_by_label("Face, as a scan").check()
    page.get_by_label("Frames", exact=True).fill("1200")
    page.get_by_label("Where machines may render it").fill("United Kingdom, CA")
    page.get_by_label("Where it is shown").fill("GB, CA, US")
    page.get_by_label("Cinemas").check()
    page.get_by_label("What is paid by").select_option("FLAT")
    page.get_by_label("Amount").fill("4,000.00")
    # it keeps itself, without a button
    page.get_by_label("Amount").blur()
    expect(page.locator("#draft-state")).to_contain_text("Kept")
    page.get_by_role("button", name="Send the request").click()
    page.get_by_text(INTENT).first.wait_for()
    seen(page, "onboarding-3-asked")


def test_a_studio_goes_from_nothing_to_its_first_permitted_check(
    browser: Browser, stage: Any, live_server: Any, settings: Any
) -> None:
    import json

    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from trustcore.signing import public_jwk

    settings.BASE_URL, settings.EMAIL_HOST = live_server.url, "127.0.0.1"
    talent = factories.make_talent("Wren Abernathy-Sole")
    factories.make_mandate(talent, stage.agent)
    studio: Organisation = register_organisation(name="Harbour Light Films", kind="STUDIO")
    _, address = invite_person(
        organisation=studio,
        email="producer@harbour.example",
        full_name="Nia Okafor",
        roles=["PRODUCER", "ADMIN"],
        invited_by=None,
    )
    assert send_due() == 1
    assert mail.outbox[-1].to == ["producer@harbour.example"]
    assert address in mail.outbox[-1].body
    proof_key = Ed25519PrivateKey.generate()
    context = browser.new_context()
    page = context.new_page()
    join(page, address)
    assert Membership.objects.filter(user__email="producer@harbour.example", organisation=studio).count() == 2
    register(page, live_server.url)
    secret = make_key(page, live_server.url, json.dumps(public_jwk(proof_key.public_key())))
    ask(page, live_server.url, "Wren Abernathy-Sole")
    context.close()
    request = LicenceRequest.objects.get(licensee=studio)
    with signed_in(browser, live_server.url, stage.agent) as agent:
        agent.goto(f"{live_server.url}/requests/{request.pk}/")
        expect(agent.get_by_text(INTENT).first).to_be_visible()
        agent.get_by_role("link", name=re.compile("^Approve")).locator("visible=true").first.click()
        agent.get_by_role("button", name=re.compile("^Approve")).locator("visible=true").first.click()
        agent.wait_for_url(re.compile(r"(?!.*approve/)"))
        seen(agent, "onboarding-4-approved")
    token = LicenceToken.objects.get(licensee=studio)
    credential = ApiCredential.objects.get(organisation=studio)
    credential.secret = secret  # type: ignore[attr-defined]
    answer = Farm(token, credential, proof_key).check()
    assert answer.status_code == 200, answer.content
    assert answer.json()["decision"] in {"ALLOW", "ALLOW_WITH_OBLIGATIONS"}
    # a use that was not asked for is refused
    refused = Farm(token, credential, proof_key).check(use_type="VOICE_RENDER", construct="VOICE_SPEAKING")
    assert refused.json()["decision"] == "DENY"
