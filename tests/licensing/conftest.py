"""The cast: an agent who may, a colleague who may only read, strangers to whom it does not exist."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from accounts.models import ApiCredential
from accounts.principals import Principal
from licensing.models import Mandate, Production, Talent
from tests import factories


@dataclass(frozen=True)
class Cast:
    """One studio with a production, one represented talent, and those who have no part in it."""

    producer: Principal
    production: Production
    talent: Talent
    self: Principal
    agent: Principal
    colleague: Principal
    mandate: Mandate
    other_studio: Principal
    other_agent: Principal


@pytest.fixture
def cast(db: None) -> Cast:
    """The owner, the colleague and the strangers of every file here."""
    studio, agency = factories.make_studio(), factories.make_agency()
    production = factories.make_production(studio, guild=factories.make_guild())
    talent, agent = factories.make_talent("Ilse Varga-Thorne"), factories.make_agent(agency)
    return Cast(
        producer=factories.make_producer(studio),
        production=production,
        talent=talent,
        self=factories.desk_of_talent(talent),
        agent=agent,
        colleague=factories.make_agent(agency),
        mandate=factories.make_mandate(talent, agent),
        other_studio=factories.make_producer(factories.make_studio()),
        other_agent=factories.make_agent(factories.make_agency()),
    )


@pytest.fixture
def move_clock(settings: Any, tmp_path: Path) -> Callable[..., None]:
    """Move the house's clock ahead: ``move_clock(days=61)`` from real time, not from the last move."""
    settings.TEST_CLOCK_FILE = str(tmp_path / "clock")

    def move(**ahead: float) -> None:
        (tmp_path / "clock").write_text(str(timedelta(**ahead).total_seconds()), encoding="ascii")

    return move


class Api:
    """A pipeline that speaks to the HTTP API with one key."""

    def __init__(self, client: Client, credential: ApiCredential) -> None:
        self.client, self.credential = client, credential

    def get(self, path: str) -> Any:
        return self.client.get(f"/api/v1/{path}", headers=factories.bearer(self.credential))

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self.client.post(
            f"/api/v1/{path}",
            {} if body is None else body,
            content_type="application/json",
            headers={**factories.bearer(self.credential), **headers},
        )


@pytest.fixture
def api(client: Client, cast: Cast) -> Api:
    """The API as the licensee's pipeline uses it."""
    return Api(client, factories.make_credential(cast.producer.organisation)[0])


@pytest.fixture
def stranger_api(cast: Cast) -> Api:
    """The API as another studio's pipeline uses it."""
    return Api(Client(), factories.make_credential(cast.other_studio.organisation)[0])


@pytest.fixture
def request_body(cast: Cast) -> dict[str, Any]:
    """The body of an ordinary ``POST /api/v1/license-requests``."""
    return {
        "project": str(cast.production.pk),
        "talent": cast.talent.handle,
        "use_types": ["FACE_RENDER", "VOICE_RENDER"],
        "constructs": ["FACE_3D", "VOICE_SPEAKING"],
        "replica_class": "EMPLOYMENT_BASED_DIGITAL_REPLICA",
        "description": factories.DESCRIPTION,
        "window": {"not_before": None, "days": 90},
        "frames_max": 3000,
        "lines_max": 20,
        "render_territory": ["US", "CA", "GB"],
        "distribution_territory": ["US", "CA", "GB"],
        "channels": ["THEATRICAL", "SVOD"],
        "vendors": [],
        "renews": None,
        "compensation": {"basis": "FLAT", "currency": "USD", "amount_minor": 1245000},
    }
