"""Signing in at the portal: by address and password, slowed down for guessers, and nothing else is open."""

import pytest
from django.test import Client

from accounts.services import add_member, create_user, register_organisation

pytestmark = pytest.mark.django_db
PASSWORD = "a long pass phrase"


@pytest.fixture
def agent() -> str:
    agency = register_organisation(name="Harrow & Vane", kind="AGENCY")
    user = create_user(email="maren@harrow.test", full_name="Maren Oduya", password=PASSWORD)
    add_member(organisation=agency, user=user, role="AGENT")
    return user.email


def _sign_in(client: Client, email: str, password: str, **extra: str) -> object:
    return client.post("/sign-in/", {"login": email, "password": password}, **extra)


def test_right_password_signs_in_and_a_wrong_one_does_not(client: Client, agent: str) -> None:
    refused = _sign_in(client, agent, "another pass phrase")
    assert refused.status_code == 200
    assert "_auth_user_id" not in client.session
    accepted = _sign_in(client, agent, PASSWORD)
    assert accepted.status_code == 302
    assert "_auth_user_id" in client.session


def test_guesser_is_slowed_down_whatever_the_address(client: Client, agent: str) -> None:
    answers = [_sign_in(client, agent, f"guess number {n}") for n in range(12)]
    assert b"too many" in answers[-1].content.lower() or answers[-1].status_code == 429
    locked = _sign_in(client, agent, PASSWORD)
    assert locked.status_code != 302


def test_unknown_address_and_wrong_password_read_the_same(client: Client, agent: str) -> None:
    wrong = _sign_in(client, agent, "another pass phrase").content.decode()
    unknown = _sign_in(client, "nobody@harrow.test", "another pass phrase").content.decode()
    assert _without(unknown, "nobody@harrow.test") == _without(wrong, agent)


@pytest.mark.parametrize(
    "path",
    [
        "/accounts/login/",
        "/accounts/signup/",
        "/accounts/password/reset/",
        "/accounts/email/",
        "/accounts/confirm-email/",
    ],
)
def test_other_doors_are_closed(client: Client, path: str) -> None:
    assert client.get(path).status_code == 404


def test_redirect_after_sign_in_stays_on_this_server(client: Client, agent: str) -> None:
    answer = client.post("/sign-in/?next=https://elsewhere.test/", {"login": agent, "password": PASSWORD})
    assert answer.status_code == 302
    assert "elsewhere" not in answer["Location"]


def _without(page: str, address: str) -> str:
    import re

    page = re.sub(r'name="csrfmiddlewaretoken" value="[^"]+"', "", page)
    return page.replace(address, "ADDRESS")
