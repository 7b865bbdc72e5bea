"""The people of the portal's journeys, and the browser they use."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from accounts.models import Membership
from accounts.principals import Principal
from licensing.models import LicenceRequest
from tests import factories
from tests.browsing import browser, may_sign_in, served

__all__ = ["Stage", "browser", "served", "stage"]


@dataclass(frozen=True)
class Stage:
    """The people of the journey, and what they meet about."""

    agent: Principal
    producer: Principal
    auditor: Principal
    request: LicenceRequest


@pytest.fixture
def stage(served: None) -> Stage:
    guild = factories.make_guild("Screen Players’ Guild")
    production = factories.make_production(factories.make_studio("Lanternfish Pictures"), guild=guild)
    talent = factories.make_talent("Ilse Varga-Thorne")
    agent = factories.make_agent(factories.make_agency("Harrow & Vane"))
    factories.make_mandate(talent, agent)
    producer = factories.make_producer(production.organisation)
    auditor = factories.make_desk(guild, Membership.Role.AUDITOR)
    may_sign_in(agent, producer, auditor)
    asked = factories.make_submitted_request(production, talent, producer=producer)
    return Stage(agent, producer, auditor, asked)
