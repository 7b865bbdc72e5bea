"""Tampered cursors and keys, one key for two organisations, bodies that nobody asked for."""

from __future__ import annotations

import base64

import pytest
from django.test import Client

from accounts.models import Membership, User
from accounts.services import add_member
from common import clock
from tests import factories

PAGES = ["tokens", "license-requests", "productions", "alerts", "assets", "bundles", "watermarks"]
CURSORS = ["p=abc", "p=%00", "p=2026-13-99", "p=99999999999999-01-01", "o=1&p=x", "p=2026-01-01", "r=1&p="]


@pytest.mark.parametrize("page", PAGES)
def test_cursor_that_no_page_wrote_is_not_there(db: None, client: Client, page: str) -> None:
    credential, _ = factories.make_credential(factories.make_studio())
    for text in CURSORS:
        cursor = base64.b64encode(text.encode()).decode()
        answer = client.get(f"/api/v1/{page}", {"cursor": cursor}, headers=factories.bearer(credential))
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND"), text


def test_cursor_of_a_page_leads_on(db: None, client: Client) -> None:
    studio = factories.make_studio()
    titles = {factories.make_production(studio).title for _ in range(3)}
    head = factories.bearer(factories.make_credential(studio)[0])
    first = client.get("/api/v1/productions?limit=2", headers=head).json()
    second = client.get(first["next"], headers=head).json()
    assert {row["title"] for row in first["results"] + second["results"]} == titles


def test_numbers_of_five_thousand_digits_are_refused(db: None, client: Client) -> None:
    token, credential, _ = factories.make_live_token()
    head = factories.bearer(credential)
    for page in ("render/receipts", "render/checks"):
        for name in ("limit", "cursor"):
            answer = client.get(f"/api/v1/{page}", {"token": str(token.pk), name: "1" * 5000}, headers=head)
            assert answer.status_code in {404, 422}, (page, name)


def test_zero_byte_in_a_query_is_refused(db: None, client: Client) -> None:
    head = factories.bearer(factories.make_credential(factories.make_studio())[0])
    for query in ("assets?state=%00", "assets?project=%00", "bundles?project=%00", "watermarks?payload=%00"):
        assert client.get(f"/api/v1/{query}", headers=head).status_code == 422, query


@pytest.mark.parametrize(
    "value", ["", "tm_", "tm__", "tm_é_é", "tm_\0_x", "tm_0123456789_" + "a" * 100_000, "TM_00_aa"]
)
def test_malformed_key_is_unknown(db: None, client: Client, value: str) -> None:
    answer = client.get("/api/v1/tokens", headers={"Authorization": f"Bearer {value}"})
    assert (answer.status_code, answer.json()["code"]) == (401, "API_KEY_INVALID")


def test_key_ends_with_the_account_of_its_maker(db: None, client: Client) -> None:
    credential, _ = factories.make_credential(factories.make_studio())
    head = factories.bearer(credential)
    assert client.get("/api/v1/tokens", headers=head).status_code == 200
    User.objects.filter(pk=credential.created_by_id).update(is_active=False)
    answer = client.get("/api/v1/tokens", headers=head)
    assert (answer.status_code, answer.json()["code"]) == (401, "API_KEY_ORPHANED")


def test_key_ends_when_its_maker_leaves_the_organisation(db: None, client: Client) -> None:
    credential, _ = factories.make_credential(factories.make_studio())
    add_member(organisation=factories.make_studio(), user=credential.created_by, role="PRODUCER")
    Membership.objects.filter(organisation=credential.organisation).update(ended_at=clock.now())
    answer = client.get("/api/v1/tokens", headers=factories.bearer(credential))
    assert (answer.status_code, answer.json()["code"]) == (401, "API_KEY_ORPHANED")


def test_one_idempotency_key_serves_each_organisation_of_a_person_by_itself(db: None) -> None:
    desk = factories.make_producer(factories.make_studio())
    second = factories.make_studio()
    add_member(organisation=second, user=desk.person, role="PRODUCER")
    client = Client()
    client.force_login(desk.person)

    def register() -> str:
        answer = client.post(
            "/api/v1/productions",
            {"title": "Meridian", "kind": "PRODUCTION"},
            content_type="application/json",
            headers={"Idempotency-Key": "one"},
        )
        return str(answer.json()["organisation"])

    assert register() == desk.organisation.slug
    client.post("/organisation/", {"organisation": str(second.pk)})
    assert register() == second.slug
