"""Signing in at an organisation's own OpenID Connect service: a real provider in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from django.test import Client

from accounts.models import IdentityProvider, Membership, Organisation, User
from accounts.selectors import principal_of_session
from accounts.services import add_domain, add_identity_provider, end_identity_provider, invite_person
from common.errors import DomainError
from tests import factories
from tests.agents_portal.test_security import options_in
from tests.oidc_provider import CLIENT_ID, CLIENT_SECRET
from tests.passkeys import SoftPasskey

pytestmark = pytest.mark.django_db
CALLBACK = "http://testserver/sign-in/with/lanternfish/callback/"


@pytest.fixture(scope="module")
def provider(tmp_path_factory: Any) -> Iterator[str]:
    """The provider's address."""
    folder: Path = tmp_path_factory.mktemp("oidc")
    command = [sys.executable, "-m", "tests.oidc_provider", str(folder), CALLBACK]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            yield process.stdout.readline().strip()
        finally:
            process.kill()


@pytest.fixture
def studio(provider: str) -> Organisation:
    made = factories.make_studio("Lanternfish Pictures")
    add_domain(organisation=made, domain="Lanternfish.test")
    add_identity_provider(
        organisation=made,
        slug="lanternfish",
        name="Lanternfish sign-in",
        issuer=f"{provider}/o",
        client_id=CLIENT_ID,
        secret=CLIENT_SECRET,
    )
    return made


def member(organisation: Organisation, email: str) -> User:
    user = factories.make_user(email=email)
    Membership.objects.create(organisation=organisation, user=user, role="PRODUCER")
    return user


def came_in(
    provider: str, email: str, *, name: str = "", verified: str = "yes", client: Client | None = None
) -> Client:
    """Walk the whole way as a browser would: our page, their service, our callback."""
    client = client or Client()
    page = client.get("/sign-in/with/lanternfish/")
    go = page.context["go"]
    away = client.get("/sign-in/with/lanternfish/", {"go": go})
    assert away["Location"].startswith(f"{provider}/o/authorize/?")
    assert "code_challenge=" in away["Location"]
    with httpx.Client() as browser:
        browser.get(f"{provider}/as/{name or email}/", params={"email": email, "verified": verified})
        back = browser.get(away["Location"])
        if back.headers["Location"].startswith("/accounts/login/"):  # they are asked to prove themselves anew
            browser.get(f"{provider}/as/{name or email}/", params={"email": email, "verified": verified})
            back = browser.get(provider + parse_qs(urlsplit(back.headers["Location"]).query)["next"][0])
    assert back.headers["Location"].startswith(CALLBACK)
    client.get(f"{urlsplit(back.headers['Location']).path}?{urlsplit(back.headers['Location']).query}")
    return client


def is_in(client: Client) -> bool:
    return "_auth_user_id" in client.session


def test_a_member_comes_in_and_acts_for_that_organisation_alone(provider: str, studio: Organisation) -> None:
    user = member(studio, "ana@lanternfish.test")
    elsewhere = factories.make_agency()
    Membership.objects.create(organisation=elsewhere, user=user, role="AGENT")
    client = came_in(provider, "Ana@lanternfish.test", name="ana")
    assert client.session["_auth_user_id"] == str(user.pk)
    assert client.get("/productions/").status_code == 200
    client.post("/organisation/", {"organisation": str(elsewhere.pk)})
    assert client.get("/inbox/").status_code == 404  # the agency's seat
    assert client.get("/keys/new/").status_code == 200
    told = {"name": "farm", "scopes": ["render:check"], "days": "30"}
    assert "This is the only time it is shown" in client.post("/keys/new/", told).content.decode()
    assert is_in(came_in(provider, "ana@lanternfish.test", name="ana"))  # and again, by the account it knows


@pytest.mark.parametrize(
    ("email", "verified"),
    [
        ("ana@lanternfish.test", "no"),  # not verified there
        ("nobody@lanternfish.test", "yes"),  # no member here
        ("agent@agency.test", "yes"),  # a person of another organisation and domain
        ("gone@lanternfish.test", "yes"),  # a member no more
        ("other@lanternfish.test", "yes"),  # of that domain, member of another organisation
    ],
)
def test_nobody_else_comes_in_and_nothing_is_made(
    provider: str, studio: Organisation, email: str, verified: str
) -> None:
    member(studio, "ana@lanternfish.test")
    member(factories.make_agency(), "agent@agency.test")
    member(factories.make_studio(), "other@lanternfish.test")
    gone = member(studio, "gone@lanternfish.test")
    gone.memberships.update(ended_at=gone.created_at)
    before = User.objects.count(), Membership.objects.count()
    client = came_in(provider, email, verified=verified)
    assert not is_in(client)
    assert (User.objects.count(), Membership.objects.count()) == before
    assert "did not let you in here" in client.get("/sign-in/refused/").content.decode()


def test_an_account_there_does_not_become_another_here(provider: str, studio: Organisation) -> None:
    member(studio, "ana@lanternfish.test")
    member(studio, "ben@lanternfish.test")
    assert is_in(came_in(provider, "ana@lanternfish.test", name="one"))
    assert not is_in(came_in(provider, "ben@lanternfish.test", name="one"))


def test_a_second_factor_is_asked_for_all_the_same(provider: str, studio: Organisation) -> None:
    user = member(studio, "ana@lanternfish.test")
    SoftPasskey().enrol(user)
    client = came_in(provider, "ana@lanternfish.test")
    assert not is_in(client)
    assert client.get("/sign-in/second-step/").status_code == 200


def test_the_way_begins_on_our_page_and_ends_in_the_same_browser(provider: str, studio: Organisation) -> None:
    member(studio, "ana@lanternfish.test")
    client = Client()
    forged = client.get("/sign-in/with/lanternfish/", {"go": "guess"})
    assert forged.status_code == 200  # the page, and no step on the way
    assert client.get("/sign-in/with/unknown-service/").status_code == 404
    assert not is_in(client)
    client.get("/sign-in/with/lanternfish/callback/", {"code": "stolen", "state": "stolen"})
    assert not is_in(client)


def test_an_ended_service_lets_nobody_in(provider: str, studio: Organisation) -> None:
    member(studio, "ana@lanternfish.test")
    end_identity_provider(provider=IdentityProvider.objects.get())
    assert Client().get("/sign-in/with/lanternfish/").status_code == 404


def test_a_fresh_proof_comes_from_the_same_service(provider: str, studio: Organisation, rf: Any) -> None:
    user = member(studio, "ana@lanternfish.test")
    client = came_in(provider, "ana@lanternfish.test")
    session = client.session
    session["account_authentication_methods"] = [
        {**one, "at": one["at"] - 5000} for one in session["account_authentication_methods"]
    ]
    session["draft"] = "kept"
    session.save()
    told = {"name": "farm", "scopes": ["render:check"], "days": "30"}
    refused = client.post("/keys/new/", told)
    assert refused.status_code == 422
    assert "/sign-in/with/lanternfish/?next=" in refused.content.decode()
    came_in(provider, "ana@lanternfish.test", client=client)
    assert client.session["draft"] == "kept"
    assert client.post("/keys/new/", told).status_code == 200
    request = rf.get("/")
    request.user, request.session = user, client.session
    found = principal_of_session(request)
    assert found is not None
    assert found.organisation == studio


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"issuer": "http://sso.example"}, "ISSUER_INVALID"),
        ({"issuer": "https://sso.example/?a=b"}, "ISSUER_INVALID"),
        ({"secret": ""}, "CLIENT_INVALID"),
        ({"slug": "Bad Slug"}, "SLUG_INVALID"),
        ({"slug": "lanternfish"}, "SLUG_TAKEN"),
    ],
)
def test_what_is_no_service_is_refused(studio: Organisation, change: dict[str, str], code: str) -> None:
    told = {"slug": "other", "name": "", "issuer": "https://sso.example", "client_id": "a", "secret": "b"}
    with pytest.raises(DomainError) as caught:
        add_identity_provider(organisation=studio, **{**told, **change})
    assert caught.value.code == code
    assert b"portal-secret" not in bytes(IdentityProvider.objects.get().secret)


def test_a_domain_is_one_organisations(studio: Organisation) -> None:
    with pytest.raises(DomainError) as caught:
        add_domain(organisation=factories.make_studio(), domain="lanternfish.test")
    assert caught.value.code == "DOMAIN_TAKEN"


def test_a_session_that_is_vouched_for_lends_itself_no_way_in_elsewhere(
    provider: str, studio: Organisation
) -> None:
    """Whoever runs an organisation's sign-in could pose as its members: that must not open other organisations."""
    user = member(studio, "ana@lanternfish.test")
    Membership.objects.create(organisation=factories.make_agency("Harrow & Vane"), user=user, role="AGENT")
    client = came_in(provider, "ana@lanternfish.test")
    assert client.get("/security/password/").status_code == 403
    assert client.get("/security/codes/new/").status_code == 403
    host = {"HTTP_HOST": "localhost:8000"}
    device = SoftPasskey()
    made = device.make(options_in(client.get("/security/passkeys/new/", **host))["challenge"])
    client.post("/security/passkeys/new/", {"name": "x", "credential": json.dumps(made)}, **host)
    device.user_handle = str(user.pk)
    later = Client()
    asked = later.get("/sign-in/passkey/", headers={"X-Requested-With": "XMLHttpRequest"}, **host).json()
    proof = device.sign(asked["request_options"]["publicKey"]["challenge"])
    later.post("/sign-in/passkey/", {"credential": json.dumps(proof)}, **host)
    assert is_in(later)
    assert later.get("/productions/").status_code == 200
    assert "Harrow" not in later.get("/organisation/").content.decode()
    _, address = invite_person(
        organisation=factories.make_guild(),
        email=user.email,
        full_name="A",
        roles=["AUDITOR"],
        invited_by=None,
    )
    path = "/welcome/" + address.split("/welcome/")[1]
    assert later.post(path, {"accept": "1"}).status_code == 422
    assert user.memberships.count() == 2
