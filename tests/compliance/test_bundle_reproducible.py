"""Two makings of one cut are the same file, byte for byte, but for the time that an authority puts to the signature."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from compliance.models import Bundle
from compliance.scope import Part
from compliance.selectors import name_of
from compliance.services import build_bundle, request_bundle
from licensing.models import GuildMember, Production
from provenance.graph.services import record_batch
from receipts import selectors as receipts
from receipts.services.publish import publish_log
from receipts.services.sequence import drain_log
from tests import factories
from tests.compliance.test_bundles import members, saved
from tests.farm import Farm, make_farm
from tests.provenance.graph.conftest import film_specs
from tests.timestamping import timestamp_authority
from trustcore.bundle import verify_bundle
from trustcore.bundle.layout import OMC, PROVENANCE, RECEIPTS_PARQUET, SIGNATURE_STAMP, TAG_MANIFEST, USAGE

pytestmark = pytest.mark.django_db
# all that may differ: when the authority saw the signature, and the line that names that file's hash
OF_THE_TIME = {SIGNATURE_STAMP, TAG_MANIFEST}


@pytest.fixture
def farm() -> Farm:
    """A member's licence with frames, a refused check, a frame without leave and a graph; a stranger's beside it."""
    guild = factories.make_guild("Screen Guild")
    production = factories.make_production(guild=guild)
    farm, other = make_farm(production), make_farm(production)
    GuildMember.objects.create(guild=guild, talent=farm.token.talent, number_digest="ab" * 32)
    record_batch(
        principal=factories.make_producer(production.organisation),
        production_id=production.pk,
        specs=film_specs(farm.token.jti),
    )
    farm.render(0, 9)
    other.render(0, 2)
    assert farm.check(0, 3, render_territory="FR").lease is None
    stray = farm.check(100, 101).lease
    assert stray is not None
    farm.report(stray.uid, [300])
    return farm


def published(farm: Farm) -> int:
    """A size of the log at which there is a checkpoint."""
    drain_log(production_id=farm.token.production_id)
    publish_log(production_id=farm.token.production_id)
    log = receipts.published_log(farm.token.production_id)
    assert log is not None
    return int(log.size)


def made(desk: Any, farm: Farm, purpose: str, size: int) -> Bundle:
    asked = request_bundle(
        principal=desk, production_id=farm.token.production_id, purpose=purpose, part=Part(size=size)
    )
    return build_bundle(asked.pk)


def test_two_makings_of_one_cut_have_the_same_bytes_whoever_of_the_same_eyes_asks(
    farm: Farm, tmp_path: Path
) -> None:
    size, guild = published(farm), farm.token.production.guild
    assert guild is not None
    first = made(factories.make_producer(farm.token.licensee), farm, "UNION_REPORTING", size)
    farm.render(10, 14)  # what comes later is in none of them
    again = made(factories.make_desk(guild, "AUDITOR"), farm, "UNION_REPORTING", size)
    assert again.pk != first.pk
    assert again.sha256 == first.sha256
    path = saved(again, tmp_path)
    assert verify_bundle(path).summary.counts.rendered == 13
    # it is no small file: a licence is withheld, events are counted by digests, the usage report is inside
    files = members(path)
    assert sum(name.endswith("/withheld.json") for name in files) == 1
    assert {PROVENANCE, f"{USAGE}usage.csv", RECEIPTS_PARQUET} <= files.keys()


@pytest.mark.parametrize(
    "other",
    [
        {"purpose": "REGULATORY"},
        {"audience": "OWN"},
        {"tree_size": 7, "root_hex": "ab" * 32},
        {"begins": datetime(2026, 1, 1, tzinfo=UTC)},
        {"talent_id": uuid4()},
        {"cut_at": datetime(2026, 1, 1, tzinfo=UTC)},
    ],
    ids=lambda other: next(iter(other)),
)
def test_another_cut_part_purpose_or_reader_is_another_bundle_by_its_name(
    other: dict[str, Any], production: Production
) -> None:
    told = {"purpose": "UNION_REPORTING", "audience": "SHARED", "tree_size": 8, "root_hex": "cd" * 32}
    bundle = Bundle(production=production, organisation=production.organisation, **told)
    same = Bundle(production=production, organisation=production.organisation, **told)
    assert name_of(bundle) == name_of(same)
    assert name_of(bundle) != name_of(
        Bundle(production=production, organisation=production.organisation, **{**told, **other})
    )


@pytest.fixture
def production() -> Production:
    return factories.make_production()


def test_with_an_authority_they_differ_in_its_stamp_and_in_nothing_else(
    farm: Farm, settings: Any, tmp_path: Path
) -> None:
    studio, size = factories.make_producer(farm.token.licensee), published(farm)
    (tmp_path / "roots.pem").write_text("")
    with timestamp_authority(tmp_path / "tsa") as authority:
        (tmp_path / "roots.pem").write_text(authority.root_pem)
        settings.TIMESTAMP_URL, settings.TIMESTAMP_ROOTS = authority.url, str(tmp_path / "roots.pem")
        both = [made(studio, farm, "REGULATORY", size) for _ in range(2)]
    one, other = (members(saved(bundle, tmp_path)) for bundle in both)
    assert list(one) == list(other)
    assert OMC in one
    assert {path for path in one if one[path] != other[path]} == OF_THE_TIME
