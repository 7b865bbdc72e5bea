"""The script was there before the performance: told by the server's own time, signed, and checked by anybody."""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from accounts.principals import Principal
from common import clock
from common.errors import Forbidden, InvalidInput, NotFound
from common.keys import public_keys
from compliance.scripts import PREDICATE_TYPE, judge, scripts_of_licence, statement_of
from screenplays import services as scripts
from screenplays.models import SceneShot, Version, VersionProof
from tests import factories
from tests.receipts.conftest import Farm
from trustcore.dsse import verify_statement

pytestmark = pytest.mark.django_db
SCRIPT = "INT. OBSERVATORY - NIGHT #12A#\n\nAda looks up.\n\nEXT. ROAD - DAY\n\nNobody comes.\n"


@pytest.fixture
def studio() -> Principal:
    """A producer."""
    return factories.make_producer(factories.make_studio())


@pytest.fixture
def version(studio: Principal, tmp_path: Path, settings: Any) -> Version:
    """A version that is here already."""
    stores = {**settings.STORAGES}
    stores["blobs"] = {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(tmp_path / "blobs"), "base_url": None},
    }
    settings.STORAGES = stores
    work = scripts.register_work(principal=studio, title="The Glass Meridian")
    return _handed_in(studio, work.pk, SCRIPT, tmp_path)


def _handed_in(studio: Principal, work_id: Any, text: str, folder: Path) -> Version:
    path = folder / "script.fountain"
    path.write_text(text)
    return scripts.add_version(
        principal=studio, work_id=work_id, path=path, file_name="script.fountain", label="Blue"
    )


def _farm(studio: Principal, sha256: str, **changes: Any) -> Farm:
    """A licence whose terms name the script, and a farm that may render under it."""
    production = factories.make_production(studio.organisation)
    named = {"ref": "meridian", "version": "blue", "sha256": sha256, "dated": "2026-03-04T00:00:00Z"}
    return Farm(*factories.make_live_token(production, script=(named,), **changes))


@pytest.mark.req("ST-043")
def test_a_script_that_was_here_before_the_first_lease_predates_the_performance(
    studio: Principal, version: Version
) -> None:
    farm = _farm(studio, version.sha256)
    before = scripts_of_licence(studio, farm.token.pk)
    assert before is not None
    assert [one.verdict for one in before.findings] == ["NOT_YET"]
    farm.lease(first=0, last=9, script={"sha256": version.sha256})
    for reader in (studio, factories.desk_of_talent(farm.token.talent)):
        found = scripts_of_licence(reader, farm.token.pk)
        assert found is not None
        (one,) = found.findings
        assert (one.verdict, one.is_before_consent, one.version) == ("PREDATES", True, version)
    said = statement_of(found)
    signed = verify_statement(base64.b64decode(said["statement"]), PREDICATE_TYPE, public_keys("DECISION"))
    assert signed.digests == {"script 1": version.sha256}
    assert signed.predicate["scripts"][0]["verdict"] == "PREDATES"
    assert signed.predicate["performed_from"] == said["performed_from"]
    assert [proof["version"] for proof in said["proofs"]] == [str(version.pk)]


@pytest.mark.req("ST-043")
def test_a_script_that_came_later_or_never_does_not(
    studio: Principal, version: Version, tmp_path: Path
) -> None:
    text = SCRIPT.replace("looks up", "looks away")
    import hashlib

    late = _farm(studio, hashlib.sha256(text.encode()).hexdigest())
    unknown = scripts_of_licence(studio, late.token.pk)
    assert unknown is not None
    assert [(one.verdict, one.version) for one in unknown.findings] == [("UNREGISTERED", None)]
    late.lease(first=0, last=9, script={"sha256": unknown.findings[0].sha256})
    _handed_in(studio, version.work_id, text, tmp_path)
    after = scripts_of_licence(studio, late.token.pk)
    assert after is not None
    assert [(one.verdict, one.is_before_consent) for one in after.findings] == [("AFTER", False)]
    stranger = factories.make_producer(factories.make_studio())
    assert scripts_of_licence(stranger, late.token.pk) is None


def test_a_moment_that_was_changed_behind_the_triggers_is_not_believed(
    studio: Principal, version: Version
) -> None:
    from django.db import connection

    farm = _farm(studio, version.sha256)
    farm.lease(first=0, last=9, script={"sha256": version.sha256})
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table screenplays_version disable trigger user")
        cursor.execute(
            "update screenplays_version set created_at = created_at - interval '90 days' where id = %s",
            [version.pk],
        )
        cursor.execute("alter table screenplays_version enable trigger user")
    found = scripts_of_licence(studio, farm.token.pk)
    assert found is not None
    assert [one.verdict for one in found.findings] == ["UNPROVED"]


def test_the_same_moment_is_not_before() -> None:
    now = clock.now()
    assert judge(now, now) == "AFTER"
    assert judge(now - timedelta(microseconds=1), now) == "PREDATES"
    assert judge(now, None) == "NOT_YET"


def test_scenes_are_linked_to_shots_and_told_with_the_licence(studio: Principal, version: Version) -> None:
    def link(ordinal: int, *shots: str, by: Principal = studio) -> None:
        scripts.link_shots(
            principal=by, work_id=version.work_id, version_id=version.pk, ordinal=ordinal, shots=shots
        )

    link(1, "0410_0020", "0410_0030")
    link(2, "0410_0030")
    farm = _farm(studio, version.sha256, shots=("0410_0020", "0410_0030", "0999"))
    found = scripts_of_licence(studio, farm.token.pk)
    assert found is not None
    assert found.findings[0].scenes == {"0410_0020": ["12A"], "0410_0030": ["12A", "2"]}
    link(1, "0410_0020")
    assert SceneShot.objects.filter(ended_at=None).count() == 2
    for ordinal, shots, error in (
        (9, ["x"], NotFound),
        (1, [" "], InvalidInput),
        (1, ["a" * 81], InvalidInput),
    ):
        with pytest.raises(error):
            link(ordinal, *shots)
    with pytest.raises(Forbidden):
        link(1, "0410", by=factories.make_desk(studio.organisation, "ENGINEER"))
    for change in (
        lambda: SceneShot.objects.filter(ended_at=None).update(shot="0001"),
        lambda: SceneShot.objects.all().delete(),
        lambda: VersionProof.objects.update(kid="other"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()
