"""A real Zou, Kitsu's server, in processes of its own: its API, its event stream, a Valkey and a database.

Zou is AGPL: nothing of ours imports it, and it runs in an environment that ``scripts/integrations.py`` makes. The driver
below speaks its HTTP API as Kitsu's pages do: what a supervisor clicks.
"""

from __future__ import annotations

import os
import secrets
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import psycopg

from tests.client.tools import ENVIRONMENTS
from trustmark.embedded.children import Child, start_child, wait_until
from trustmark.embedded.ports import LOOPBACK, free_port
from trustmark.embedded.valkey import Valkey

HOME = ENVIRONMENTS / "zou"
ADMIN, PASSWORD = "admin@example.com", "a password of the tests"


class Zou:
    """Addresses of a Zou that runs, and what its administrator may do."""

    def __init__(self, api: str, events: str) -> None:
        self.api, self.events = api, events
        self.http = httpx.Client(base_url=api, timeout=60)
        token = self._said(self.http.post("/auth/login", json={"email": ADMIN, "password": PASSWORD}))
        self.http.headers["Authorization"] = f"Bearer {token['access_token']}"

    def get(self, path: str, **params: Any) -> Any:
        return self._said(self.http.get(path, params=params))

    def post(self, path: str, body: Any) -> Any:
        return self._said(self.http.post(path, json=body))

    def put(self, path: str, body: Any) -> Any:
        return self._said(self.http.put(path, json=body))

    def one(self, kind: str, **fields: Any) -> Any:
        """The first of a kind with these fields, made if there is none."""
        found = [row for row in self.get(f"/data/{kind}") if row.items() >= fields.items()]
        return found[0] if found else self.post(f"/data/{kind}", fields)

    def bot(self, role: str, project: str = "") -> str:
        """The access token of a new bot, in the team of that project."""
        name = f"bot-{secrets.token_hex(4)}"
        body = {
            "first_name": name, "last_name": "", "email": f"{name}@example.com", "role": role, "is_bot": True,
            "departments": [], "active": True, "expiration_date": None,
        }  # fmt: skip
        made = self.post("/data/persons", body)
        if project:
            self.post(f"/data/projects/{project}/team", {"person_id": made["id"]})
        return str(made["access_token"])

    @staticmethod
    def _said(answer: httpx.Response) -> Any:
        assert answer.is_success, (
            f"{answer.request.method} {answer.url}: {answer.status_code} {answer.text[:500]}"
        )
        return answer.json()


@contextmanager
def serve(folder: Path, database_url: str) -> Iterator[Zou]:
    """Zou on a database of its own beside ``database_url``; all of it is gone afterwards."""
    with ExitStack() as leaving:
        keep = Valkey(folder / "valkey", log=folder / "valkey.log", password=secrets.token_urlsafe(16))
        leaving.callback(keep.start().stop)
        database = leaving.enter_context(_database(database_url))
        env = _environment(folder, keep, database)
        for words in (["init-db"], ["init-data"], ["create-admin", ADMIN, "--password", PASSWORD]):
            done = subprocess.run(
                [str(HOME / "bin" / "zou"), *words],
                env=env,
                cwd=folder,
                capture_output=True,
                text=True,
                check=False,
            )
            assert done.returncode == 0, f"zou {words[0]}: {done.stdout[-1000:]}{done.stderr[-3000:]}"
        sockets = "geventwebsocket.gunicorn.workers.GeventWebSocketWorker"
        api = _gunicorn(folder, env, "zou.app:app", ["--worker-class", "gthread", "--threads", "4"])
        events = _gunicorn(folder, env, "zou.event_stream:app", ["--worker-class", sockets])
        urls = []
        for url, child in (api, events):
            leaving.callback(child.stop)
            wait_until(lambda url=url: _answers(url), child, timeout_seconds=180)
            urls.append(url)
        yield Zou(*urls)


def _gunicorn(folder: Path, env: dict[str, str], app: str, options: list[str]) -> tuple[str, Child]:
    port = free_port()
    command = [
        str(HOME / "bin" / "gunicorn"),
        "--bind",
        f"{LOOPBACK}:{port}",
        "--workers",
        "1",
        "--timeout",
        "300",
    ]
    child = start_child(app, [*command, *options, app], log=folder / f"{app}.log", env=env, cwd=folder)
    return f"http://{LOOPBACK}:{port}", child


def _answers(url: str) -> bool:
    try:
        return httpx.get(url, timeout=5).status_code < 500
    except httpx.HTTPError:
        return False


@contextmanager
def _database(url: str) -> Iterator[str]:
    name = f"zou_{os.getpid()}"
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(f"drop database if exists {name}")
        connection.execute(f"create database {name}")
        yield urlsplit(url)._replace(path=f"/{name}").geturl()
        connection.execute(f"drop database {name} with (force)")


def _environment(folder: Path, keep: Valkey, database_url: str) -> dict[str, str]:
    database = urlsplit(database_url)
    ours = ("DJANGO", "TRUSTMARK", "PYTHON", "DATABASE_URL", "BROKER_URL")
    folders = {name: str(folder / name.lower()) for name in ("PREVIEW_FOLDER", "TMP_DIR", "PLUGIN_FOLDER")}
    for path in folders.values():
        Path(path).mkdir(exist_ok=True)
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)} | folders | {
        "DB_HOST": database.hostname or "", "DB_PORT": str(database.port), "DB_USERNAME": database.username or "",
        "DB_PASSWORD": database.password or "", "DB_DATABASE": database.path[1:],
        "KV_HOST": LOOPBACK, "KV_PORT": str(keep.port), "KV_PASSWORD": keep.password,
        "SECRET_KEY": secrets.token_hex(32), "MAIL_ENABLED": "False", "MAIL_CHECK_DELIVERABILITY": "False", "INDEXER_HOST": LOOPBACK, "INDEXER_PORT": "9",
        "DB_POOL_SIZE": "5", "DB_MAX_OVERFLOW": "5",
    }  # fmt: skip
