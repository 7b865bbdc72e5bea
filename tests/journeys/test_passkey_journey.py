"""A person and their passkey in a real browser, from the first enrolment to a bundle that is checked offline.

Headless Chromium with a virtual authenticator (Chrome DevTools Protocol, ``WebAuthn``); skipped where no Chromium is
found. The server stands at ``localhost``, since a passkey belongs to a name.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as deployment
from django.contrib.sessions.models import Session
from playwright.sync_api import Browser, Page, expect

from accounts.principals import Principal
from accounts.services import require_passkeys
from common.storage import local_copy
from compliance.models import Bundle
from compliance.services import build_bundle
from licensing.models import PersonSignature
from tests.browsing import PASSWORD, in_browser, seen, signed_in
from tests.journeys.conftest import Stage

pytestmark = [
    pytest.mark.journey,
    in_browser,
]


@pytest.fixture
def base(live_server: Any, settings: Any) -> str:
    settings.BASE_URL = live_server.url.replace("127.0.0.1", "localhost")
    settings.ALLOWED_HOSTS = ["*"]
    return str(settings.BASE_URL)


def authenticator(page: Page) -> tuple[Any, str]:
    """A device in the browser that verifies its person."""
    cdp = page.context.new_cdp_session(page)
    cdp.send("WebAuthn.enable")
    options = {
        "protocol": "ctap2",
        "transport": "internal",
        "hasResidentKey": True,
        "hasUserVerification": True,
        "isUserVerified": True,
        "automaticPresenceSimulation": True,
    }
    made = cdp.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    return cdp, str(made["authenticatorId"])


def enrol(page: Page, base: str) -> None:
    """From the settings to a passkey with its recovery codes."""
    page.goto(f"{base}/settings/")
    page.get_by_role("link", name="Passkeys, codes and password").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("You sign in with a password alone")
    seen(page, "passkey-1-none")
    page.get_by_role("link", name="Add a passkey…").click()
    page.get_by_label("What you call it").fill("Laptop")
    seen(page, "passkey-2-add")
    page.get_by_role("button", name="Add the passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Keep these recovery codes")
    seen(page, "passkey-3-recovery")
    page.get_by_role("link", name="I have kept them").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One passkey signs you in")
    seen(page, "passkey-4-list")


def sign_in_again(page: Page, base: str) -> None:
    """Out, and in by the passkey alone."""
    page.get_by_role("button", name="Sign out").locator("visible=true").first.click()
    page.goto(f"{base}/sign-in/")
    seen(page, "passkey-5-sign-in")
    page.get_by_role("button", name="Use your passkey").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("One request needs you.")


def approve(page: Page, stage: Stage) -> None:
    """Approve with the passkey, and look at the signature."""
    page.get_by_role("link", name="Ilse Varga-Thorne").click()
    page.get_by_role("link", name="Approve version 1…").locator("visible=true").first.click()
    seen(page, "passkey-6-approve")
    expect(page.get_by_text("Without your passkey")).to_have_count(0)
    page.get_by_role("button", name="Approve version 1 with your passkey").click()
    page.get_by_role("link", name=re.compile("Check this signature")).click()
    expect(page.get_by_role("heading", level=1)).to_have_text(
        f"{stage.agent.person.full_name} signed this with a passkey"
    )
    seen(page, "passkey-7-signature")


@pytest.mark.req("BX-005")
def test_an_agent_signs_with_her_own_passkey_and_a_bundle_proves_it(
    browser: Browser, base: str, stage: Stage, tmp_path: Path, embedded_valkey: str
) -> None:
    require_passkeys(organisation=stage.agent.organisation, required=True)
    with signed_in(browser, base, stage.agent) as page:
        authenticator(page)
        enrol(page, base)
        sign_in_again(page, base)
        approve(page, stage)
    kept = PersonSignature.objects.get()
    assert kept.person == stage.agent.person
    bundle = Bundle.objects.create(
        production=stage.request.production,
        organisation=stage.producer.organisation,
        requested_by=stage.producer.person,
        purpose="EO_INSURANCE",
        audience="OWN",
        touched_at=kept.created_at,
    )
    made = build_bundle(bundle.pk)
    verified = _verify_offline(made, tmp_path, "--passkey", kept.thumbprint)
    assert verified.returncode == 0, verified.stderr
    assert f"signed with passkey {kept.thumbprint}" in verified.stdout
    assert stage.agent.person.full_name not in verified.stdout
    assert _verify_offline(made, tmp_path, "--passkey", "A" * 43).returncode == 4


def _verify_offline(bundle: Bundle, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The verifier as an auditor runs it: another process, with nothing of ours but the core."""
    home = folder / "auditor"
    home.mkdir(exist_ok=True)
    with local_copy(bundle.blob) as path:
        (home / "bundle.zip").write_bytes(path.read_bytes())
    core = Path(__file__).resolve().parents[2]
    code = (
        "import sys; sys.modules['django'] = None; sys.path.insert(0, sys.argv[1]); "
        "from trustcore import cli; raise SystemExit(cli.main(sys.argv[2:]))"
    )
    command = [sys.executable, "-c", code, str(core), "bundle", "verify", str(home / "bundle.zip"), *options]
    return subprocess.run(
        command, check=False, capture_output=True, text=True, cwd=home, env={"PATH": os.environ["PATH"]}
    )


def test_what_the_device_refuses_is_said_and_signs_nothing(browser: Browser, base: str, stage: Stage) -> None:
    with signed_in(browser, base, stage.agent) as page:
        cdp, device = authenticator(page)
        enrol(page, base)
        cdp.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": False})
        page.goto(f"{base}/requests/{stage.request.pk}/approve/")
        page.get_by_role("button", name="Approve version 1 with your passkey").click()
        expect(page.get_by_text("The passkey was not used. Nothing was sent.")).to_be_visible()
        assert not PersonSignature.objects.exists()
        cdp.send("WebAuthn.setUserVerified", {"authenticatorId": device, "isUserVerified": True})
        _forget_proofs(stage.agent)
        page.goto(f"{base}/licences/")
        page.goto(f"{base}/security/password/")
        expect(page.get_by_role("heading", level=1)).to_have_text("Confirm that it is you")
        seen(page, "passkey-8-confirm")
        page.get_by_role("button", name="Use your passkey").click()
        expect(page.get_by_role("heading", level=1)).to_have_text("Set another password")


def _forget_proofs(desk: Principal) -> None:
    """Time passes: the person's proofs in their session are old."""
    store = import_module(deployment.SESSION_ENGINE).SessionStore
    for row in Session.objects.all():
        session = store(row.session_key)
        if session.get("_auth_user_id") == str(desk.person.pk):
            records = session["account_authentication_methods"]
            session["account_authentication_methods"] = [{**one, "at": one["at"] - 5000} for one in records]
            session.save()


def test_the_password_of_a_person_without_passkey_confirms(browser: Browser, base: str, stage: Stage) -> None:
    with signed_in(browser, base, stage.agent) as page:
        _forget_proofs(stage.agent)
        page.goto(f"{base}/requests/{stage.request.pk}/approve/")
        seen(page, "confirm-1-password")
        page.get_by_label("Password").fill("wrong")
        page.get_by_role("button", name="Approve version 1").click()
        expect(page.get_by_text("This password is not right.")).to_be_visible()
        seen(page, "confirm-2-wrong")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Approve version 1").click()
        expect(page.get_by_role("link", name="Open the licence")).to_be_visible()
