"""Signing in, the first page of each seat, the organisation acted for, and pages that are not there."""

from __future__ import annotations

import pytest
from django.test import Client, override_settings

from accounts.services import add_member
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of

PASSWORD = "a-long-enough-passphrase"


def test_a_person_signs_in_with_address_and_password(db: None) -> None:
    person = factories.make_user("Maren Oduya", email="maren@agency.test", password=PASSWORD)
    add_member(organisation=factories.make_agency(), user=person, role="AGENT")
    client = Client()
    answer = client.post("/sign-in/", {"login": "Maren@agency.test", "password": PASSWORD}, follow=True)
    assert answer.redirect_chain[-1][0] == "/inbox/"
    assert "Maren Oduya" in page_of(answer)


def test_a_wrong_password_says_nothing_about_the_address(db: None) -> None:
    factories.make_user(email="known@agency.test", password=PASSWORD)
    known, unknown = (
        page_of(Client().post("/sign-in/", {"login": address, "password": "wrong-passphrase"})).text
        for address in ("known@agency.test", "nobody@agency.test")
    )
    assert "Nothing was changed" in known
    assert known == unknown


def test_sign_in_is_slowed_down_after_many_wrong_passwords(db: None) -> None:
    factories.make_user(email="slow@agency.test", password=PASSWORD)
    client = Client(REMOTE_ADDR="198.51.100.77")
    wrong = {"login": "slow@agency.test", "password": "wrong-passphrase"}
    with override_settings(ACCOUNT_RATE_LIMITS={"login_failed": "3/m/key"}):
        for _ in range(4):
            answer = client.post("/sign-in/", wrong)
        right = client.post("/sign-in/", {**wrong, "password": PASSWORD})
    assert "Too many" in page_of(answer).text
    assert right.status_code != 302


def test_a_page_asks_to_sign_in_first_and_comes_back(db: None) -> None:
    answer = Client().get("/inbox/?tab=closed")
    assert answer.status_code == 302
    assert answer["Location"] == "/sign-in/?next=/inbox/%3Ftab%3Dclosed"


@pytest.mark.parametrize(
    ("who", "first"),
    [
        ("agent", "/inbox/"),
        ("producer", "/productions/"),
        ("auditor", "/bundles/"),
        ("self", "/home/"),
        ("vendor", "/licences/"),
    ],
)
def test_each_seat_has_its_first_page(cast: Cast, who: str, first: str) -> None:
    reader = Reader(getattr(cast, who))
    assert reader.get("/")["Location"] == first
    assert len(reader.page(first).titles) == 1


def test_one_acts_only_for_organisations_one_belongs_to(cast: Cast) -> None:
    reader, mine = Reader(cast.agent), cast.agent.organisation
    second = factories.make_agency("Second House")
    add_member(organisation=second, user=cast.agent.person, role="AGENT")
    chosen = reader.post("/organisation/", {"organisation": str(second.pk), "next": "/roster/"})
    assert chosen["Location"] == "/roster/"
    assert "Second House" in reader.page("/roster/")
    stranger = cast.other_agent.organisation
    refused = reader.post("/organisation/", {"organisation": str(stranger.pk)})
    assert refused.status_code == 200
    assert stranger.name not in reader.page("/roster/").text
    assert mine.name in reader.page("/organisation/")


def test_the_switch_never_leads_to_another_site(cast: Cast) -> None:
    reader = Reader(cast.agent)
    own = {"organisation": str(cast.agent.organisation_id), "next": "https://elsewhere.example/"}
    assert reader.post("/organisation/", own)["Location"] == "/"


def test_look_and_keys_are_kept_in_this_browser(cast: Cast) -> None:
    reader = Reader(cast.agent)
    reader.post("/settings/", {"theme": "dark", "keys": "off"})
    html = reader.page("/inbox/").html
    assert 'data-theme="dark"' in html
    assert 'data-keys="off"' in html
    wrong = reader.post("/settings/", {"theme": "neon", "keys": "off"})
    assert wrong.status_code == 422
    assert 'data-theme="dark"' in reader.page("/inbox/").html


def test_missing_and_forbidden_read_the_same(cast: Cast) -> None:
    hidden = cast.ask()
    stranger = Reader(cast.other_agent)
    forbidden = stranger.get(f"/requests/{hidden.pk}/")
    missing = stranger.get("/requests/01a2027e-0000-7000-8000-000000000000/")
    unknown = stranger.get("/no-such-page/")
    other_seat = stranger.get("/keys/")
    assert {answer.status_code for answer in (forbidden, missing, unknown, other_seat)} == {404}
    assert forbidden.content == missing.content == unknown.content == other_seat.content


def test_a_person_without_an_organisation_is_told_so(db: None) -> None:
    client = Client()
    client.force_login(factories.make_user())
    answer = client.get("/inbox/")
    assert answer.status_code == 403
    assert "You belong to no organisation yet" in page_of(answer)
