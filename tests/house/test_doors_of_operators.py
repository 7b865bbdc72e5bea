"""What stands open to operators and readers beside the API: metrics, its own documentation, the proxy in front."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

ROOT = Path(__file__).resolve().parents[2]
READ = """
import json
from trustmark import settings as s
print(json.dumps([s.ALLOWED_HOSTS, s.TLS_PROXY, s.SECURE_PROXY_SSL_HEADER, s.METRICS_TOKEN]))
"""


def settings_under(**environment: str) -> list[Any]:
    """The settings that a server reads from just this environment."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TRUSTMARK_")}
    answer = subprocess.run(
        [sys.executable, "-c", READ],
        env={**kept, "TRUSTMARK_SECRET": "s" * 40, **environment},
        cwd=ROOT,
        capture_output=True,
        check=True,
        text=True,
    )
    read: list[Any] = json.loads(answer.stdout)
    return read


def test_a_server_answers_to_its_own_names_and_believes_a_proxy_only_when_told_to() -> None:
    assert settings_under() == [["127.0.0.1", "localhost", "[::1]"], False, None, ""]
    told = settings_under(
        TRUSTMARK_TLS_PROXY="yes", TRUSTMARK_ALLOWED_HOSTS="lic.example", TRUSTMARK_METRICS_TOKEN="t"
    )
    assert told == [["lic.example"], True, ["HTTP_X_FORWARDED_PROTO", "https"], "t"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "call",
    [
        {"REMOTE_ADDR": "192.0.2.7"},
        {"REMOTE_ADDR": ""},
        {"REMOTE_ADDR": "127.0.0.1", "HTTP_X_FORWARDED_FOR": "192.0.2.7"},
        {"REMOTE_ADDR": "192.0.2.7", "HTTP_AUTHORIZATION": "Bearer "},
    ],
)
def test_metrics_are_read_on_this_machine_and_not_from_elsewhere(call: dict[str, str]) -> None:
    assert Client().get("/metrics", **call).status_code == 404
    own = Client().get("/metrics", REMOTE_ADDR="127.0.0.1")
    assert (own.status_code, b"# HELP" in own.content) == (200, True)


@pytest.mark.django_db
def test_metrics_are_read_from_elsewhere_with_the_token_alone(settings: Any) -> None:
    settings.METRICS_TOKEN = "a-long-token"
    away = Client(REMOTE_ADDR="192.0.2.7")
    assert away.get("/metrics", headers={"Authorization": "Bearer a-long-token"}).status_code == 200
    for presented in ("Bearer another", "a-long-token", "Bearer a-long-tok\u00e9n"):
        assert away.get("/metrics", headers={"Authorization": presented}).status_code == 404
    settings.TLS_PROXY = True
    assert Client().get("/metrics", REMOTE_ADDR="127.0.0.1").status_code == 404


def test_the_api_documents_itself_by_files_of_its_own_under_a_policy() -> None:
    page = Client().get("/api/docs/")
    policy = dict(part.strip().split(" ", 1) for part in page["Content-Security-Policy"].split(";"))
    assert page.status_code == 200
    assert policy["script-src"] == "'self'"
    assert policy["style-src"] == "'self' 'unsafe-inline'"
    assert policy["img-src"] == "'self' data:"
    assert policy["default-src"] == "'none'"
    assert b"<script>" not in page.content
    assert "unsafe-inline" not in Client().get("/sign-in/")["Content-Security-Policy"]
