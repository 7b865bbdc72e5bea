"""Where a production's assets came from, in its bundle: whole, up to the cut, for who may see all of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from common.storage import local_copy
from compliance.models import Bundle, BundleState
from compliance.services import build_bundle
from licensing.models import GuildMember
from provenance.graph.models import AssetVersion
from provenance.graph.services import record_batch
from provenance.omc.checking import problems_of
from tests import factories
from tests.compliance.test_bundles import made, members, saved
from tests.farm import Farm, make_farm
from tests.provenance.graph.conftest import PROMPT, film_specs, thing
from trustcore.bundle import verify_bundle
from trustcore.bundle.layout import OMC, PROV

pytestmark = pytest.mark.django_db


@pytest.fixture
def farm() -> Farm:
    return recorded_farm(member=True)


def recorded_farm(*, member: bool) -> Farm:
    guild = factories.make_guild()
    farm = make_farm(factories.make_production(guild=guild))
    if member:
        GuildMember.objects.create(guild=guild, talent=farm.token.talent, number_digest="ab" * 32)
    record_batch(
        principal=factories.make_producer(farm.token.production.organisation),
        production_id=farm.token.production_id,
        specs=film_specs(farm.token.jti),
    )
    return farm


def test_the_graph_is_in_the_bundle_without_names_or_prompts(farm: Farm, tmp_path: Path) -> None:
    bundle = made(farm)
    path = saved(bundle, tmp_path)
    verify_bundle(path)
    files = members(path)
    document = json.loads(files[OMC])
    assert problems_of(document) == []
    assert len(document["Asset"]) == AssetVersion.objects.count() == 6
    assert [one["customData"][0]["value"]["jti"] for one in document["Depiction"]] == [str(farm.token.jti)]
    prov = json.loads(files[PROV])
    assert len(prov["entity"]) == 6
    told = files[OMC] + files[PROV]
    assert PROMPT.partition(",")[0].encode() not in told
    for person in ("@", bundle.requested_by.full_name):
        assert person.encode() not in told


def test_taken_up_again_it_tells_what_was_recorded_before_the_cut(farm: Farm) -> None:
    bundle = made(farm)
    record_batch(
        principal=factories.make_producer(farm.token.production.organisation),
        production_id=farm.token.production_id,
        specs=[thing("IMAGE", "later", origin="HUMAN_TOOLS")],
    )
    Bundle.objects.filter(pk=bundle.pk).update(state=BundleState.BUILDING, blob="", sha256="", built_at=None)
    again = build_bundle(bundle.pk)
    assert again.sha256 == bundle.sha256
    with local_copy(again.blob) as blob:
        assert len(json.loads(members(blob)[OMC])["Asset"]) == 6


def test_whoever_may_not_see_all_of_it_gets_none_of_it(tmp_path: Path) -> None:
    # the licence is withheld from the guild: assets would name its performer
    files = members(saved(made(recorded_farm(member=False)), tmp_path))
    assert not {OMC, PROV} & set(files)


def test_an_empty_graph_leaves_no_file(tmp_path: Path) -> None:
    bare = make_farm(factories.make_production(guild=factories.make_guild()))
    GuildMember.objects.create(
        guild=bare.token.production.guild, talent=bare.token.talent, number_digest="ab" * 32
    )
    assert OMC not in members(saved(made(bare), tmp_path))
