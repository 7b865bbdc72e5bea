"""What somebody without a key or a session can send to every door at no cost of their own."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.tasks import forget_ended_sessions
from trustmark import api_schema

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "key", ['"aaaaaaaaaaaa\\000"', "a" * 4000, "../../etc/passwd", '"\\777\\777\\777\\777"']
)
def test_what_is_no_session_key_is_no_session(key: str) -> None:
    client = Client(headers={"Cookie": f"sessionid={key}"})
    assert client.get("/sign-in/").status_code == 200
    assert client.get("/inbox/")["Location"].startswith("/sign-in/")


def test_the_description_of_the_api_is_written_once(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []
    generator = api_schema.SchemaGenerator

    def counted() -> Any:
        made.append(1)
        return generator()

    monkeypatch.setattr(api_schema, "SchemaGenerator", counted)
    api_schema._written.cache_clear()
    first = Client().get("/api/schema/", headers={"Accept-Language": "en"})
    assert first.status_code == 200
    begun = time.monotonic()
    for number in range(20):  # whatever else the address says
        again = Client().get(
            f"/api/schema/?lang=x{number}&version={number}", headers={"Accept-Language": "en"}
        )
        assert again.content == first.content
    assert time.monotonic() - begun < 2
    assert Client().get("/api/schema/?lang=%00").status_code == 200
    json = Client().get("/api/schema/", headers={"Accept": "application/json", "Accept-Language": "en"})
    assert json.json()["info"]["title"] == "Trustmark"
    assert len(made) == 2


def test_a_network_begins_only_so_many_sessions(settings: Any) -> None:
    settings.ACCOUNT_RATE_LIMITS = {"begin": "3/m/ip"}
    client, ask = Client(), {"X-Requested-With": "XMLHttpRequest"}
    answers = [client.get("/sign-in/passkey/", headers=ask).status_code for _ in range(5)]
    assert answers == [200, 200, 200, 429, 429]
    assert client.get("/sign-in/with/lanternfish/").status_code == 429
    assert client.get("/sign-in/passkey/", headers=ask, REMOTE_ADDR="192.0.2.9").status_code == 200


def test_sessions_that_ended_are_forgotten() -> None:
    live, over = Client(), Client()
    for client in (live, over):
        client.get("/sign-in/passkey/", headers={"X-Requested-With": "XMLHttpRequest"})
    key = over.cookies["sessionid"].value
    Session.objects.filter(pk=key).update(expire_date=timezone.now() - timedelta(seconds=1))
    forget_ended_sessions()
    assert list(Session.objects.values_list("pk", flat=True)) == [live.cookies["sessionid"].value]


ANSWER = {
    "id": "AAAA",
    "rawId": "AAAA",
    "type": "public-key",
    "clientExtensionResults": {},
    "response": {
        "clientDataJSON": "eyJ0eXBlIjoid2ViYXV0aG4uZ2V0IiwiY2hhbGxlbmdlIjoiQUFBQSIsIm9yaWdpbiI6Imh0dHA6Ly9sb2NhbGhvc3Q6ODAwMCJ9",
        "authenticatorData": "A" * 50,
        "signature": "AAAA",
        "userHandle": "AAAA",
    },
}
ODD = [
    None,
    5,
    "",
    "!",
    [],
    {},
    "e30",
    "W10",
    "_w",
    "W1tb" * 5000,
    "AAAAAAAAAAAAAAAAAAAAAA",
    "MDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAw",
]


def test_odd_answers_of_a_passkey_let_nobody_in_and_break_nothing() -> None:
    client = Client()
    client.get("/sign-in/passkey/", headers={"X-Requested-With": "XMLHttpRequest"})
    sent: list[Any] = [[], 5, None, {}, {"response": 5}, {"id": 1, "rawId": 2, "response": {}}]
    sent += [
        {**ANSWER, "response": {**ANSWER["response"], name: odd}}
        for name in ANSWER["response"]
        for odd in ODD
    ]  # type: ignore[dict-item]
    sent += [{**ANSWER, name: odd} for name in ANSWER for odd in ODD]
    for answer in [*(json.dumps(one) for one in sent), "[" * 50_000, "\ud800"]:
        cache.clear()  # or the pace would answer
        heard = client.post("/sign-in/passkey/", {"credential": answer.encode("utf-8", "replace").decode()})
        assert (heard.status_code, heard.headers.get("Location")) == (302, "/sign-in/"), answer[:200]
    assert "_auth_user_id" not in client.session
