"""What bundles, incidents and reconciliations leave where a process ended before a row was kept: nothing, within a day."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.core.files.base import ContentFile

from common.ids import new_id
from common.storage import blobs
from compliance import services, tasks
from compliance.reconciling.services import keep_report
from tests import factories
from tests.compliance import incident as acts
from tests.compliance.test_bundles import made
from tests.farm import make_farm

pytestmark = pytest.mark.django_db


def left(name: str) -> str:
    return blobs().save(name, ContentFile(b"no row names it"))


def test_what_no_row_names_goes_once_it_is_old_and_what_a_row_names_stays(tmp_path: Path) -> None:
    cast = acts.make_cast()
    farm = make_farm(factories.make_production())
    farm.render(0, 1)
    bundle = made(farm)
    incident = acts.record(cast.agent, cast.talent)
    evidence = acts.add(cast.agent, incident, tmp_path, acts.picture())
    package = acts.packed(cast.agent, incident, tmp_path / "package.zip")
    rows = tmp_path / "rows.ndjson"
    rows.write_bytes(b"{}\n")
    report = keep_report(
        production_id=farm.token.production_id, summary={"counts": {}, "rows_sha256": "ab" * 32}, rows=rows
    )
    kept = {bundle.blob, evidence.blob, package.blob, report.blob}
    lost = {
        left(f"bundles/{bundle.pk}/{new_id()}.zip"),
        left(f"bundles/{new_id()}/{new_id()}.zip"),
        left(f"incidents/{incident.pk}/{new_id()}.evidence"),
        left(f"incidents/{incident.pk}/packages/{new_id()}.zip"),
        left(f"reconciliations/{new_id()}.ndjson"),
    }
    foreign = left(
        f"incidents/packages/{new_id()}.zip"
    )  # in no folder of an incident: somebody else put it there
    try:
        services.drop_leftovers(hours=-1)  # as if all that is there were old, what other tests left too
        assert {name for name in lost if blobs().exists(name)} == set()
        assert {name for name in kept | {foreign} if blobs().exists(name)} == kept | {foreign}
        young = left(f"incidents/{incident.pk}/packages/{new_id()}.zip")
        tasks.drop_leftovers()
        assert blobs().exists(young), "its row may be on its way"
    finally:
        for name in (*kept, foreign):
            blobs().delete(name)
        services.drop_leftovers(hours=-1)


def test_the_beat_sweeps_once_a_day() -> None:
    assert ("compliance.drop_leftovers", 86_400) in tasks.BEAT
