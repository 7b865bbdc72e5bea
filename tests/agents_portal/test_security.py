"""Sign-in and security: passkeys, codes, recovery codes, password, invitations, and the way back in."""

from __future__ import annotations

import html
import json
import os
import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership, SignInLink, User
from accounts.services import invite_person, start_over
from common.errors import DomainError
from licensing.models import PersonSignature
from notify.services import send_due
from tests import factories
from tests.agents_portal.conftest import FORM, Cast, Reader, page_of
from tests.passkeys import SoftPasskey
from trustcore.passkey import challenge_of

PASSWORD = "a-long-enough-passphrase"
HOST = {"HTTP_HOST": "localhost:8000"}


def options_in(answer: Any) -> dict[str, Any]:
    found = re.search(r'data-options="([^"]+)"', answer.content.decode())
    assert found
    told: dict[str, Any] = json.loads(html.unescape(found[1]))
    return told


def code_now(secret: str, drift: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + drift))


def test_a_passkey_is_added_named_used_to_sign_in_and_removed(cast: Cast) -> None:
    person = cast.agent.person
    client, device = Reader(cast.agent).client, SoftPasskey()
    made = device.make(options_in(client.get("/security/passkeys/new/", **HOST))["challenge"])
    told = {"name": "Laptop\u202e", "credential": json.dumps(made)}
    answer = client.post("/security/passkeys/new/", told, **HOST)
    assert answer["Location"] == "/security/recovery/"
    codes = re.findall(r"<li><code>(\d{8})</code>", client.get("/security/recovery/").content.decode())
    assert len(codes) == 10
    assert client.get("/security/recovery/").status_code == 302  # shown once
    assert client.post("/security/passkeys/new/", told, **HOST).status_code == 422  # the challenge was used
    row = Authenticator.objects.get(user=person, type="webauthn")
    assert row.data["name"] == "Laptop"
    client.post(f"/security/passkeys/{row.pk}/rename/", {"name": "Desk"})
    assert "Desk" in page_of(client.get("/security/"))
    assert any(one.to == [person.email] and "security key" in one.body for one in mail.outbox)

    device.user_handle = str(person.pk)
    stranger = Client()
    ask = {"X-Requested-With": "XMLHttpRequest"}
    asked = stranger.get("/sign-in/passkey/", headers=ask, **HOST).json()["request_options"]["publicKey"]
    proof = device.sign(asked["challenge"])
    elsewhere = device.sign(asked["challenge"], origin="https://localhost:9999")
    stranger.post("/sign-in/passkey/", {"credential": json.dumps(elsewhere)}, **HOST)
    assert "_auth_user_id" not in stranger.session
    stranger.post("/sign-in/passkey/", {"credential": json.dumps(proof)}, **HOST)
    assert stranger.session["_auth_user_id"] == str(person.pk)
    thief = Client()
    thief.get("/sign-in/passkey/", headers=ask, **HOST)
    thief.post(
        "/sign-in/passkey/", {"credential": json.dumps(proof)}, **HOST
    )  # a stolen answer, another challenge
    assert "_auth_user_id" not in thief.session

    other = Reader(cast.colleague).client
    assert other.post(f"/security/passkeys/{row.pk}/remove/").status_code == 404
    assert stranger.post(f"/security/passkeys/{row.pk}/remove/", **HOST).status_code == 302
    assert not Authenticator.objects.filter(user=person).exists()  # nor recovery codes alone


def test_a_passkey_belongs_to_one_person(cast: Cast) -> None:
    device = SoftPasskey()
    device.enrol(cast.agent.person)
    other = Reader(cast.colleague).client
    made = device.make(options_in(other.get("/security/passkeys/new/", **HOST))["challenge"])
    answer = other.post("/security/passkeys/new/", {"name": "x", "credential": json.dumps(made)}, **HOST)
    assert answer.status_code == 422
    assert "enrolled already" in page_of(answer)


def test_each_change_asks_for_a_fresh_proof(cast: Cast) -> None:
    cast.agent.person.set_password(PASSWORD)
    cast.agent.person.save()
    client = factories.signed_in(cast.agent.person, seconds_ago=700)
    page = page_of(client.get("/security/codes/new/"))
    assert "Confirm that it is you" in page
    assert "Scan this" not in page
    gone = client.post(
        "/security/codes/new/", f"confirm_only=1&confirm_password={PASSWORD}", content_type=FORM
    )
    assert gone["Location"] == "/security/codes/new/"
    assert "Scan this" in page_of(client.get("/security/codes/new/"))


def test_codes_forgive_one_step_of_drift_and_are_good_once(cast: Cast) -> None:
    person = cast.agent.person
    person.set_password(PASSWORD)
    person.save()
    client = Reader(cast.agent).client
    client.get("/security/codes/new/")
    secret = client.session["mfa.totp.secret"]
    assert client.post("/security/codes/new/", {"code": code_now(secret, 9)}).status_code == 422
    first = code_now(secret, -1)
    assert client.post("/security/codes/new/", {"code": first})["Location"] == "/security/recovery/"
    row = Authenticator.objects.get(user=person, type="totp")
    assert secret not in json.dumps(row.data)  # sealed

    def sign_in(code: str) -> bool:
        browser = Client()
        step = browser.post("/sign-in/", {"login": person.email, "password": PASSWORD})
        assert step["Location"] == "/sign-in/second-step/"
        assert "_auth_user_id" not in browser.session
        browser.post("/sign-in/second-step/", {"code": code})
        return "_auth_user_id" in browser.session

    assert not sign_in(first)  # the code that set it up is used
    assert not sign_in(code_now(secret, 5))
    now = code_now(secret, 0)
    assert sign_in(now)
    assert not sign_in(now)
    assert not sign_in(first)  # nor an earlier one after a later
    assert sign_in(code_now(secret, 1))
    recovery = Authenticator.objects.get(user=person, type="recovery_codes").wrap().get_unused_codes()[0]
    assert sign_in(recovery)
    assert not sign_in(recovery)


def test_an_invited_person_comes_in_once_by_password(
    cast: Cast, settings: Any, django_capture_on_commit_callbacks: Any
) -> None:
    settings.EMAIL_HOST = "127.0.0.1"
    admin = factories.make_desk(cast.agent.organisation, Membership.Role.ADMIN)
    with django_capture_on_commit_callbacks(execute=True):
        _link, address = invite_person(
            organisation=cast.agent.organisation,
            email="New.Agent@agency.test",
            full_name="Nia Agent",
            roles=["AGENT"],
            invited_by=admin.person,
        )
    assert send_due() == 1
    assert address in mail.outbox[-1].body
    assert mail.outbox[-1].to == ["new.agent@agency.test"]
    path = "/welcome/" + address.split("/welcome/")[1]
    client = Client()
    assert "Nia Agent" in page_of(client.get(path))
    weak = client.post(path, {"password": "short", "again": "short"})
    assert weak.status_code == 422
    assert client.post(path, {"password": PASSWORD, "again": "other"}).status_code == 422
    assert not User.objects.filter(email="new.agent@agency.test").exists()
    assert client.post(path, {"password": PASSWORD, "again": PASSWORD}).status_code == 302
    assert client.get("/inbox/").status_code == 200
    assert Membership.objects.get(user__email="new.agent@agency.test").role == "AGENT"
    assert Client().get(path).status_code == 404
    assert "admits nobody any more" in page_of(Client().post(path, {"password": PASSWORD, "again": PASSWORD}))


def test_an_invited_person_comes_in_by_passkey_alone(cast: Cast) -> None:
    link, address = invite_person(
        organisation=cast.agent.organisation,
        email="key@agency.test",
        full_name="Kay",
        roles=["AGENT"],
        invited_by=None,
    )
    client, path = Client(), "/welcome/" + address.split("/welcome/")[1]
    device = SoftPasskey()
    made = device.make(options_in(client.get(path, **HOST))["challenge"])
    answer = client.post(path, {"credential": json.dumps(made)}, **HOST)
    assert answer["Location"] == "/security/recovery/"
    assert "Keep these recovery codes" in page_of(client.get("/security/recovery/", **HOST))
    user = User.objects.get(email="key@agency.test")
    assert user.pk == link.user_key
    assert not user.has_usable_password()


def test_an_invitation_opens_no_account_that_is_there(cast: Cast) -> None:
    _, address = invite_person(
        organisation=factories.make_agency("Second House"),
        email=cast.agent.person.email,
        full_name="Whoever",
        roles=["AGENT"],
        invited_by=None,
    )
    path = "/welcome/" + address.split("/welcome/")[1]
    thief = Client()
    assert "Sign in with it, then accept" in page_of(thief.get(path))
    thief.post(path, {"password": PASSWORD, "again": PASSWORD})
    thief.post(path, {"accept": "1"})
    other = Reader(cast.colleague).client
    other.post(path, {"accept": "1"})
    assert cast.agent.person.memberships.count() == 1
    assert Reader(cast.agent).client.post(path, {"accept": "1"}).status_code == 302
    assert cast.agent.person.memberships.filter(organisation__name="Second House").exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"email": "nobody"}, "EMAIL_INVALID"),
        ({"roles": ["PRODUCER"]}, "ROLE_UNKNOWN"),
        ({"roles": []}, "ROLE_UNKNOWN"),
        ({"full_name": "a\u202eb"}, "NAME_INVALID"),
        ({"invited_by": "agent"}, "ADMINISTRATOR_ONLY"),
    ],
)
def test_what_is_no_invitation_is_refused(cast: Cast, change: dict[str, Any], code: str) -> None:
    told: dict[str, Any] = {
        "organisation": cast.agent.organisation,
        "email": "a@b.test",
        "full_name": "A",
        "roles": ["AGENT"],
        "invited_by": None,
    } | change
    if told["invited_by"]:
        told["invited_by"] = cast.agent.person
    with pytest.raises(DomainError) as caught:
        invite_person(**told)
    assert caught.value.code == code
    assert not SignInLink.objects.exists()


def test_a_new_start_takes_the_lost_device_away(cast: Cast) -> None:
    person = cast.agent.person
    SoftPasskey().enrol(person)
    old = Reader(cast.agent).client
    admin = factories.make_desk(cast.agent.organisation, Membership.Role.ADMIN)
    with pytest.raises(DomainError) as caught:
        start_over(user=person, made_by=cast.colleague.person)
    assert caught.value.code == "OPERATOR_ONLY"
    _, first = start_over(user=person, made_by=admin.person)
    _, address = start_over(user=person, made_by=admin.person)
    path = "/welcome/" + address.split("/welcome/")[1]
    assert Client().get("/welcome/" + first.split("/welcome/")[1]).status_code == 404  # a newer one was sent
    assert old.get("/inbox/").status_code == 200  # nothing changes before it is used
    client = Client()
    assert client.post(path, {"password": PASSWORD, "again": PASSWORD}).status_code == 302
    assert client.get("/inbox/").status_code == 200
    assert old.get("/inbox/").status_code == 302
    assert not Authenticator.objects.filter(user=person).exists()
    second = factories.make_agency()
    Membership.objects.create(organisation=second, user=person, role="AGENT")
    with pytest.raises(DomainError):
        start_over(user=person, made_by=admin.person)  # of two organisations: the operator's to do


def test_links_are_kept_as_digests_and_end(cast: Cast, settings: Any) -> None:
    settings.INVITATION_HOURS = 0
    link, address = start_over(user=cast.agent.person, made_by=None)
    secret = address.split("/welcome/")[1].strip("/")
    assert secret.encode() not in bytes(link.digest)
    assert Client().get(f"/welcome/{secret}/").status_code == 404


def test_another_password_ends_other_sessions(cast: Cast) -> None:
    one, other = Reader(cast.agent).client, Reader(cast.agent).client
    weak = one.post("/security/password/", {"password": "password1234", "again": "password1234"})
    assert weak.status_code == 422
    assert one.post("/security/password/", {"password": PASSWORD, "again": PASSWORD}).status_code == 302
    assert one.get("/inbox/").status_code == 200
    assert other.get("/inbox/").status_code == 302


def test_pages_of_the_doors_ask_few_questions(cast: Cast) -> None:
    device = SoftPasskey()
    device.enrol(cast.agent.person)
    for number in range(6):
        SoftPasskey().enrol(cast.agent.person, f"Key {number}")
    first, second = cast.ask(), cast.ask(shots=("0410_0020",))
    answer = json.dumps(device.sign(challenge_of(first.current.terms_hash)))
    client = factories.signed_in(cast.agent.person, method="mfa", type="webauthn")
    told = {"terms_hash": first.current.terms_hash, "passkey": answer}
    assert client.post(f"/requests/{first.pk}/approve/", told).status_code == 302
    act = PersonSignature.objects.get().action_id
    stale = factories.signed_in(cast.agent.person, seconds_ago=5000)
    asked = {}
    for who, browser, path in (
        ("fresh", client, "/security/"),
        ("fresh", client, f"/signatures/{act}/"),
        ("fresh", client, f"/requests/{second.pk}/approve/"),
        ("stale", stale, f"/requests/{second.pk}/approve/"),
        ("stale", stale, "/security/passkeys/new/"),
    ):
        with CaptureQueriesContext(connection) as questions:
            assert browser.get(path).status_code == 200
        asked[who, path] = len(questions)
        if os.environ.get("SHOW"):
            print(who, path, *(one["sql"][:170] for one in questions), sep="\n   ")
    assert {at: count for at, count in asked.items() if count > 12} == {}
