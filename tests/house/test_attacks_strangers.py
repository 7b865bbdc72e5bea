"""What somebody without a key or a session can send to every door at no cost of their own."""

from __future__ import annotations

import time
from typing import Any

import pytest
from django.test import Client

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
