"""A farm that speaks HTTP: an API key with its proof key, a live licence, checks, leases and receipts."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Self
from uuid import UUID

import psycopg
import pytest
from django.conf import settings
from django.db import connection
from django.http import HttpResponse
from django.test import Client

from accounts.models import ApiCredential
from accounts.principals import Principal
from common import clock
from licensing import services
from licensing.models import LicenceToken
from receipts.edge import in_front_of
from receipts.selectors import entries_of
from receipts.services import drain_log
from tests import factories
from trustcore.dpop import make_proof
from trustcore.receipt import parse_entry

CHECKS = "/api/v1/render/checks"
RECEIPTS = "/api/v1/render/receipts"


def sha(text: str) -> str:
    """A hash that stands for a file or its pixels."""
    return hashlib.sha256(text.encode()).hexdigest()


@dataclass
class Farm:
    """One render node: its credential, its key, a licence it works under."""

    token: LicenceToken
    credential: ApiCredential
    proof_key: Any
    client: Client = field(default_factory=Client)

    @property
    def principal(self) -> Principal:
        return factories.desk_of_key(self.credential)

    @property
    def headers(self) -> dict[str, str]:
        return factories.bearer(self.credential)

    def jws(self) -> str:
        return factories.minted(self.token.pk, self.credential)

    def proof(self, jws: str, **changes: Any) -> str:
        facts = {
            "private_key": self.proof_key,
            "method": "POST",
            "url": f"{settings.BASE_URL}{CHECKS}",
            "now": int(clock.now().timestamp()),
            "jti": str(uuid.uuid4()),
            "access_token": jws,
        }
        return make_proof(**{**facts, **changes})

    def body(self, **changes: Any) -> dict[str, Any]:
        body = {
            "project": str(self.token.production_id),
            "shot": "0410_0020",
            "task": "comp",
            "use_type": "FACE_RENDER",
            "construct": "FACE_3D",
            "frame_range": {"first": 0, "last": 24},
            "units": None,
            "engine": {"name": "blender", "version": "4.2"},
            "model": None,
            "worker": "node-7",
            "render_territory": "GB",
            "operator": "farm",
            "purpose": "FINAL",
            "requested_at": clock.rfc3339(clock.now()),
        }
        return {**body, **changes}

    def check(
        self,
        *,
        key: str = "",
        proof: str | None = None,
        client: Client | None = None,
        headers: dict[str, str] | None = None,
        **changes: Any,
    ) -> Any:
        """Ask; returns the response."""
        jws = changes.pop("token", None) or self.jws()
        head = {**(self.headers if headers is None else headers)}
        sent = self.proof(jws) if proof is None else proof
        head |= {"DPoP": sent} if sent else {}
        head |= {"Idempotency-Key": key} if key else {}
        return (client or self.client).post(
            CHECKS, self.body(token=jws, **changes), content_type="application/json", headers=head
        )

    def lease(self, first: int = 0, last: int = 24, **changes: Any) -> dict[str, Any]:
        """Ask and be allowed; returns the lease."""
        answer = self.check(frame_range={"first": first, "last": last}, **changes).json()
        assert answer["lease"] is not None, answer
        lease: dict[str, Any] = answer["lease"] | {"decision_id": answer["decision_id"]}
        return lease

    def row(self, lease: str, frame: int, **changes: Any) -> dict[str, Any]:
        at = clock.now()
        row = {
            "lease": lease,
            "frame": frame,
            "take": 1,
            "file_sha256": sha(f"file {lease} {frame}"),
            "pixel_sha256": sha(f"pixels {frame}"),
            "outcome": "RENDERED",
            "started_at": clock.rfc3339(at - timedelta(seconds=1)),
            "finished_at": clock.rfc3339(at),
        }
        return {**row, **changes}

    def send(
        self,
        rows: list[dict[str, Any]] | bytes,
        *,
        key: str = "",
        pack: bool = False,
        query: str = "?wait=published",
        content_type: str = "application/x-ndjson",
        headers: dict[str, str] | None = None,
    ) -> Any:
        """Post a batch, and wait until the checkpoint covers it; returns the response."""
        body = rows if isinstance(rows, bytes) else b"".join(json.dumps(r).encode() + b"\n" for r in rows)
        head = {**self.headers, "Idempotency-Key": key or str(uuid.uuid4()), **(headers or {})}
        if pack:
            body, head["Content-Encoding"] = gzip.compress(body), "gzip"
        return self.client.post(f"{RECEIPTS}{query}", data=body, content_type=content_type, headers=head)


def make_farm(**changes: Any) -> Farm:
    """A farm of the licensee with a licence of its own."""
    return Farm(*factories.make_live_token(**changes))


def revoke(token: LicenceToken, *, kind: str = "PROSPECTIVE") -> None:
    """The talent's side ends a licence."""
    decider = factories.decider_of(token.request)
    services.revoke_token(
        principal=decider, jti=token.pk, kind=kind, disposition="KEEP", reason="The production changed hands."
    )


def logged(production_id: UUID, kind: type[Any]) -> list[Any]:
    """Entries of one kind in a production's log, drained first."""
    drain_log(production_id=production_id)
    entries = [parse_entry(leaf.entry) for leaf in entries_of(production_id)]
    return [entry for entry in entries if isinstance(entry, kind)]


class EdgeClient(Client):
    """A client whose render checks are answered in front of Django; what the edge leaves goes on to Django."""

    left_to_django = 0

    def request(self, **request: Any) -> Any:
        request.setdefault("HTTP_HOST", "testserver")
        answered: list[Any] = []
        left: list[bool] = []

        def start(status: str, headers: list[tuple[str, str]]) -> None:
            answered[:] = [int(status[:3]), dict(headers)]

        def django(_environ: dict[str, Any], _start: Any) -> list[bytes]:
            left.append(True)
            return []

        body = b"".join(in_front_of(django)(self._base_environ(**request), start))
        if left:
            self.left_to_django += 1
            return super().request(**request)
        status, headers = answered
        response = HttpResponse(body, status=status, headers=headers)
        response.json = lambda: json.loads(body)  # type: ignore[attr-defined]
        return response


class Waiting:
    """A place in a transaction where the test finds its backend and ends it.

    ``with Waiting("after insert on receipts_rendercheck") as waiting: ...; waiting.end_the_backend()``
    """

    def __init__(self, place: str) -> None:
        db = connection.settings_dict
        self._place = place
        self._admin = psycopg.connect(
            host=db["HOST"], port=db["PORT"], user=db["USER"], password=db["PASSWORD"],
            dbname=db["NAME"], autocommit=True,
        )  # fmt: skip

    def __enter__(self) -> Self:
        self._admin.execute(
            "create function test_wait() returns trigger language plpgsql as"
            " $$ begin perform pg_sleep(60); return null; end $$"
        )
        self._admin.execute(
            f"create trigger test_wait {self._place} for each statement execute function test_wait()"  # type: ignore[arg-type]
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._admin.execute("drop function test_wait cascade")
        self._admin.close()

    def end_the_backend(self) -> None:
        """End the backend that waits here; fails if none comes within 30 seconds."""
        for _ in range(600):
            row = self._admin.execute(
                "select pid from pg_stat_activity where wait_event = 'PgSleep' and pid <> pg_backend_pid()"
                " and datname = current_database()"
            ).fetchone()
            if row is not None:
                assert self._admin.execute("select pg_terminate_backend(%s)", row).fetchone() == (True,)
                return
            time.sleep(0.05)
        raise AssertionError("no backend came to the place where it waits")


@pytest.fixture
def farm(db: None) -> Farm:
    return make_farm()


@pytest.fixture(autouse=True)
def own_log_store(settings: Any, tmp_path: Path) -> Path:
    """Each test publishes into a folder of its own."""
    folder = tmp_path / "log"
    stores = {**settings.STORAGES}
    stores["log"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(folder), "allow_overwrite": True, "base_url": None},
    }
    settings.STORAGES = stores
    return folder


@pytest.fixture
def move_clock(settings: Any, tmp_path: Path) -> Callable[..., None]:
    """Move the house's clock: ``move_clock(days=61)`` from real time, not from the last move."""
    settings.TEST_CLOCK_FILE = str(tmp_path / "clock")

    def move(**ahead: float) -> None:
        (tmp_path / "clock").write_text(str(timedelta(**ahead).total_seconds()), encoding="ascii")

    return move
