"""Attempts at the portal: markup in every name, forged fields, addresses elsewhere, ids of others."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from django.test import Client

from accounts.models import User
from compliance.services import request_bundle
from licensing import services
from licensing.models import LicenceRequest, LicenceToken
from tests import factories
from tests.agents_portal.conftest import Cast, Reader

SEATS = ["producer", "engineer", "auditor", "vendor", "self", "agent", "colleague"]
MARKUP = '"><img src=x onerror=alert(1)><script>alert(1)</script>'
ELSEWHERE = [
    "//evil.example",
    "///evil.example",
    "https:evil.example",
    "https:///evil.example",
    "http://testserver@evil.example",
    "/\\evil.example",
    "\\\\evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
]
PASSWORD = "a-long-enough-passphrase"


@pytest.mark.parametrize("seat", SEATS)
def test_odd_queries_break_no_page(cast: Cast, seat: str) -> None:
    request, token = cast.ask(), factories.approve(cast.ask())
    reader = Reader(getattr(cast, seat))
    receipts = f"/licences/{token.pk}/receipts/"
    for path in (
        "/audit/?kind=%00",
        "/audit/?before=%00",
        f"/audit/?before={'9' * 18}",
        f"{receipts}?after={'9' * 30}",
        f"{receipts}?after={'9' * 5000}",
        f"/requests/{request.pk}/?edit=%00",
        f"/requests/{request.pk}/terms/?version=%00",
        "/inbox/?selected=%00&tab=%00",
        "/bundles/new/?production=%00",
        "/organisation/?next=%00",
        "/audit/?until=9999-12-31",
        "/requests/new/?q=%00",
    ):
        assert reader.get(path).status_code in {200, 403, 404}, path


def _named_by_an_attacker(cast: Cast) -> tuple[LicenceRequest, LicenceToken]:
    """Markup wherever a person may write: title, names, description, notes, reasons."""
    cast.talent.stage_name = MARKUP
    cast.talent.save()
    for desk in (cast.producer, cast.agent, cast.vendor, cast.self):
        desk.organisation.name = desk.person.full_name = MARKUP
        desk.organisation.save()
        desk.person.save()
    guild = cast.auditor.organisation.slug
    production = services.register_production(
        principal=cast.producer, title=MARKUP, kind="PRODUCTION", guild=guild
    )
    ask = factories.make_ask(
        production, cast.talent, description=MARKUP * 2, vendors=(cast.vendor.organisation.slug,)
    )
    request = services.submit_request(principal=cast.producer, ask=ask)
    assert request.current is not None
    token = services.approve_request(
        principal=cast.agent, request_id=request.pk, terms_hash=request.current.terms_hash, note=MARKUP
    )
    assert token is not None
    services.revoke_token(
        principal=cast.agent, jti=token.pk, kind="PROSPECTIVE", disposition="KEEP", reason=MARKUP
    )
    return services.submit_request(principal=cast.producer, ask=ask), token


@pytest.mark.parametrize("seat", SEATS)
def test_markup_in_names_and_notes_stays_text(cast: Cast, seat: str) -> None:
    waiting, token = _named_by_an_attacker(cast)
    reader = Reader(getattr(cast, seat))
    asked, licence = f"/requests/{waiting.pk}/", f"/licences/{token.pk}/"
    pages = [
        *("/inbox/", "/requests/", "/requests/?tab=closed", "/decide/", "/licences/?tab=ended", "/alerts/"),
        *("/roster/", "/mandates/", "/visibility/", "/audit/", "/productions/", "/keys/", "/bundles/"),
        *("/bundles/new/", "/home/", "/stop/", "/organisation/", "/settings/", "/receipts/"),
        *(asked, f"{asked}terms/", f"{asked}approve/", f"{asked}decline/", f"{asked}withdraw/"),
        *(licence, f"{licence}receipts/", f"{licence}renew/", f"/productions/{token.production_id}/"),
    ]
    shown = [(path, answer) for path in pages if (answer := reader.get(path)).status_code == 200]
    assert len(shown) > 4
    for path, answer in shown:
        html = answer.content.decode()
        assert "<script>alert" not in html, path
        assert "<img src=x" not in html, path
        policy = answer["Content-Security-Policy"]
        assert "script-src 'self'" in policy, path
        assert "unsafe" not in policy, path
    assert any("&lt;script&gt;alert" in answer.content.decode() for _, answer in shown)


@pytest.mark.parametrize("address", ELSEWHERE)
def test_next_never_leads_away(cast: Cast, address: str) -> None:
    own = {"organisation": str(cast.agent.organisation_id), "next": address}
    assert Reader(cast.agent).post("/organisation/", own)["Location"] == "/"
    person = factories.make_user(password=PASSWORD)
    factories.make_desk(factories.make_agency(), "AGENT", person)
    answer = Client().post("/sign-in/", {"login": person.email, "password": PASSWORD, "next": address})
    assert (answer.status_code, answer["Location"]) == (302, "/")


def test_forged_hash_signs_nothing(cast: Cast) -> None:
    request = cast.ask()
    assert request.current is not None
    reader, true = Reader(cast.agent), request.current.terms_hash
    for forged in ("", "x", "sha256:" + "0" * 64, true.upper()):
        answer = reader.post(f"/requests/{request.pk}/approve/", {"terms_hash": forged})
        assert answer.status_code == 409, forged
    assert not LicenceToken.objects.filter(request=request).exists()
    reader.post(f"/requests/{request.pk}/approve/", {"terms_hash": true})
    assert LicenceToken.objects.filter(request=request).exists()


def test_every_act_needs_the_token_of_the_form(cast: Cast) -> None:
    request = cast.ask()
    acts: list[tuple[Any, str]] = [
        (cast.self, "/stop/"),
        (cast.producer, "/keys/new/"),
        (cast.producer, "/productions/new/"),
        (cast.agent, "/organisation/"),
        (cast.agent, "/sign-out/"),
        *((cast.agent, f"/requests/{request.pk}/{act}/") for act in ("approve", "counter", "decline")),
    ]
    for desk, path in acts:
        client = Client(enforce_csrf_checks=True)
        client.force_login(desk.person)
        assert client.post(path, {"confirm": "stop"}).status_code == 403, path
    api = Client(enforce_csrf_checks=True)
    api.force_login(cast.producer.person)
    body = {"title": "Forged", "kind": "PRODUCTION"}
    assert api.post("/api/v1/productions", body, content_type="application/json").status_code == 403


def test_note_with_an_invisible_character_is_an_error_in_the_form(cast: Cast) -> None:
    request = cast.ask()
    reader = Reader(cast.agent)
    field = {"field": "render_territory", "value": ["US"]}
    assert reader.post(f"/requests/{request.pk}/change/", field).status_code == 302
    sent = {"terms_hash": request.current.terms_hash, "note": "Fine by us \u202e"}
    answer = reader.post(f"/requests/{request.pk}/counter/", sent)
    assert answer.status_code == 422
    request.refresh_from_db()
    assert request.state != "COUNTERED"


def test_ids_of_others_read_as_missing_on_every_page(cast: Cast) -> None:
    request, token = cast.ask(), factories.approve(cast.ask())
    key, _ = factories.make_credential(cast.producer.organisation, created_by=cast.producer.person)
    bundle = request_bundle(
        principal=cast.producer, production_id=cast.production.pk, purpose="UNION_REPORTING"
    )
    acts = ("", "terms/", "change/?field=frames", "approve/", "counter/", "decline/", "accept/", "withdraw/")
    pages = [
        *((f"/requests/{{}}/{act}", request.pk) for act in acts),
        *((f"/licences/{{}}/{act}", token.pk) for act in ("", "receipts/", "revoke/", "renew/")),
        ("/productions/{}/", cast.production.pk),
        ("/keys/{}/revoke/", key.pk),
        ("/bundles/{}/", bundle.pk),
        ("/bundles/{}/download/", bundle.pk),
    ]
    other_guild = factories.make_desk(factories.make_guild(), "AUDITOR")
    for desk in (cast.other_studio, cast.other_agent, cast.other_talent, other_guild):
        reader = Reader(desk)
        for page, real in pages:
            for ask in (reader.get, reader.post):
                answers = [ask(page.format(one)) for one in (real, uuid.uuid4())]
                assert answers[0].status_code == answers[1].status_code in {404, 405}, page
                assert answers[0].content == answers[1].content, page


def test_nobody_signs_up_and_a_reset_says_nothing_of_the_address(cast: Cast) -> None:
    new = {"email": "new@stranger.test", "password1": PASSWORD, "password2": PASSWORD}
    Client().post("/accounts/signup/", new)
    assert not User.objects.filter(email=new["email"]).exists()
    known, unknown = (
        Client().post("/accounts/password/reset/", {"email": address})
        for address in (cast.agent.person.email, "nobody@stranger.test")
    )
    assert known.status_code == unknown.status_code == 404
    assert known.content == unknown.content
