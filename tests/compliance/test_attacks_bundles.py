"""What a bundle must not tell: whom its studio asked about, and with whom else it spoke."""

from __future__ import annotations

import json
import zipfile

import pytest

from common.errors import NotFound
from common.storage import local_copy
from compliance.services import build_bundle, request_bundle
from licensing import services as licensing
from licensing.models import GuildMember
from tests import factories
from tests.farm import Farm, make_farm

pytestmark = pytest.mark.django_db


@pytest.fixture
def farm() -> Farm:
    """A licence of a member of the production's guild."""
    guild = factories.make_guild()
    farm = make_farm(factories.make_production(guild=guild))
    GuildMember.objects.create(guild=guild, talent=farm.token.talent, number_digest="ab" * 32)
    return farm


def told(farm: Farm, desk) -> str:
    """Everything that a reader finds in the bundle's events."""
    bundle = build_bundle(
        request_bundle(principal=desk, production_id=farm.token.production_id, purpose="UNION_REPORTING").pk
    )
    with local_copy(bundle.blob) as path, zipfile.ZipFile(path) as archive:
        name = next(one for one in archive.namelist() if one.endswith("data/audit/events.ndjson"))
        text = archive.read(name).decode()
    assert "licence.issued" in {json.loads(line)["kind"] for line in text.splitlines()}
    return text


def test_talents_that_were_asked_about_stand_in_no_bundle(farm: Farm) -> None:
    producer = factories.make_producer(farm.token.licensee)
    listed = factories.make_talent(visibility="LISTED_TO", listed_to=[farm.token.licensee])
    hidden = factories.make_talent(visibility="HIDDEN")
    for talent in (listed, hidden):
        licensing.check_visibility(
            principal=producer, handle=talent.handle, production_id=farm.token.production_id
        )
    with pytest.raises(NotFound):
        licensing.submit_request(principal=producer, ask=factories.make_ask(farm.token.production, hidden))
    auditor = factories.make_desk(farm.token.production.guild, "AUDITOR")
    for desk in (auditor, producer):
        text = told(farm, desk)
        assert f'"{listed.handle}"' not in text
        assert f'"{hidden.handle}"' not in text


def test_agency_reads_nothing_of_talks_with_another(farm: Farm) -> None:
    waiting = factories.make_submitted_request(farm.token.production)
    agent = factories.decider_of(farm.token.request)
    text = told(farm, agent)
    assert str(waiting.agency_id) not in text
    assert str(waiting.pk) not in text
    assert str(waiting.pk) in told(farm, factories.make_producer(farm.token.licensee))
