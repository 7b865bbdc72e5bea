"""Works and versions: whole or not at all, sealed at rest, append-only, and found again by their wording."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.db import DatabaseError, transaction

from accounts.principals import Principal
from audit.models import Event
from common import clock
from common.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound, Unavailable
from common.storage import blobs
from screenplays import selectors, services
from screenplays.fingerprint import fingerprint_of_text
from screenplays.models import Scene, Version, Work
from screenplays.reading.shape import text_of
from tests import factories
from tests.screenplays import scripts

pytestmark = pytest.mark.django_db
Add = Callable[..., Version]


def _blob_files() -> list[Path]:
    root = Path(settings.STORAGES["blobs"]["OPTIONS"]["location"])
    return [path for path in root.rglob("*") if path.is_file()]


@pytest.mark.req("ST-040")
@pytest.mark.req("ST-043")
def test_a_version_is_kept_sealed_with_its_hashes_and_read_by_its_keeper(add: Add, work: Work) -> None:
    before = clock.now()
    version = add()
    assert version.number == 1
    assert version.sha256 == hashlib.sha256(scripts.FOUNTAIN.encode()).hexdigest()
    assert before <= version.created_at <= clock.now()
    assert next(heading for _, heading in selectors.headings_of(version)) == "INT. OBSERVATORY - NIGHT"
    assert selectors.file_of(version) == scripts.FOUNTAIN.encode()
    assert "Where have you been" in text_of(selectors.script_of(version))
    kept = b"".join(path.read_bytes() for path in _blob_files())
    assert kept
    rows = b"".join(bytes(scene.sealed_heading) for scene in Scene.objects.all())
    for word in (b"Meridian", b"OBSERVATORY", b"broken lens"):
        assert word not in kept + rows
    event = Event.objects.get(kind="script.version_added")
    assert event.details["sha256"] == version.sha256


@pytest.mark.req("ST-040")
def test_works_are_read_with_their_own_key_alone(add: Add, producer: Principal, work: Work) -> None:
    version = add()
    other = services.register_work(principal=producer, title="Another")
    stolen = Work.objects.get(pk=work.pk)
    stolen.sealed_key = other.sealed_key
    stolen.save()
    with pytest.raises(Unavailable) as refused:
        selectors.script_of(Version.objects.get(pk=version.pk))
    assert refused.value.code == "SCRIPT_KEY_UNREADABLE"


def test_a_changed_blob_is_told(add: Add) -> None:
    version = add()
    path = Path(blobs().path(version.text_blob))
    data = bytearray(path.read_bytes())
    data[-20] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(Unavailable) as refused:
        selectors.script_of(version)
    assert refused.value.code == "SCRIPT_CHANGED"


@pytest.mark.parametrize(
    ("content", "name", "code"),
    [
        (scripts.FDX_XXE, "a.fdx", "SCRIPT_ENTITIES"),
        ("INT. CAFÉ - DAY".encode("cp1252"), "a.txt", "SCRIPT_ENCODING"),
        (scripts.FDX[:-60], "a.fdx", "SCRIPT_CUT"),
        ("INT. HOUSE - DAY\n\nShe waits.\n\n" * 400_000, "a.txt", "SCRIPT_TOO_LONG"),
        (b"x" * (32 * 1024**2 + 1), "a.txt", "SCRIPT_TOO_LARGE"),
        (b"", "a.txt", "SCRIPT_EMPTY"),
    ],
)
def test_what_is_refused_leaves_nothing(add: Add, content: bytes, name: str, code: str) -> None:
    with pytest.raises(DomainError) as refused:
        add(content, name)
    assert refused.value.code == code
    assert not Version.objects.exists()
    assert not _blob_files()
    assert not Event.objects.filter(kind="script.version_added").exists()


def test_the_same_bytes_are_one_version_and_a_refusal_leaves_no_blob(add: Add) -> None:
    add()
    files = len(_blob_files())
    with pytest.raises(Conflict) as refused:
        add(label="Again")
    assert refused.value.code == "VERSION_KNOWN"
    assert len(_blob_files()) == files


def test_a_failure_on_the_way_leaves_no_blob(add: Add, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**_: object) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr("screenplays.services.versions.record", broken)
    with pytest.raises(DatabaseError), transaction.atomic():
        add()
    assert not Version.objects.exists()
    assert not _blob_files()


def test_scenes_that_did_not_change_are_known_in_the_next_version(add: Add) -> None:
    first = add()
    second = add(scripts.FOUNTAIN.replace("goes dark", "burns on"), label="Blue revision")
    macs = [list(one.scenes.order_by("ordinal").values_list("mac", flat=True)) for one in (first, second)]
    assert [one == other for one, other in zip(*macs, strict=True)] == [True, True, False]


@pytest.mark.req("ST-040")
def test_versions_and_scenes_never_change(add: Add) -> None:
    version = add()
    for change in (
        lambda: Version.objects.filter(pk=version.pk).update(label="Other"),
        lambda: Version.objects.filter(pk=version.pk).delete(),
        lambda: Scene.objects.filter(version=version).update(label="99"),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_a_day_to_come_and_an_unknown_encoding_are_refused(add: Add) -> None:
    for further, code in (
        ({"dated": clock.now().date() + timedelta(days=2)}, "DATED_INVALID"),
        ({"encoding": "klingon"}, "ENCODING_UNKNOWN"),
        ({"label": "  "}, "VERSION_LABEL_INVALID"),
    ):
        with pytest.raises(InvalidInput) as refused:
            add(**further)
        assert refused.value.code == code


def test_strangers_find_no_work_and_readers_may_not_write(add: Add, work: Work) -> None:
    stranger = factories.make_producer(factories.make_studio())
    assert selectors.work_for(stranger, work.pk) is None
    with pytest.raises(NotFound):
        add(principal=stranger)
    engineer = factories.make_desk(work.organisation, "ENGINEER")
    assert selectors.work_for(engineer, work.pk) == work
    with pytest.raises(Forbidden):
        add(principal=engineer)
    with pytest.raises(Forbidden):
        services.register_work(principal=engineer, title="Mine")


def test_a_production_and_a_writer_must_be_known(producer: Principal) -> None:
    foreign = factories.make_production()
    for further, code in (
        ({"production_id": foreign.pk}, "PRODUCTION_UNKNOWN"),
        ({"writer_email": "nobody@example.test"}, "WRITER_UNKNOWN"),
        ({"kind": "POEM"}, "WORK_KIND_UNKNOWN"),
    ):
        with pytest.raises(InvalidInput) as refused:
            services.register_work(principal=producer, title="X", **further)
        assert refused.value.code == code
    writer = factories.make_desk(factories.make_organisation("TALENT"), "TALENT")
    made = services.register_work(principal=producer, title="X", writer_email=writer.person.email.upper())
    assert selectors.work_for(writer, made.pk) == made


@pytest.mark.req("ST-040")
def test_destroying_a_work_ends_every_reading_of_it(add: Add, producer: Principal, work: Work) -> None:
    version = add()
    services.destroy_work(principal=producer, work_id=work.pk, reason="The option lapsed.")
    with pytest.raises(Conflict) as refused:
        selectors.script_of(Version.objects.get(pk=version.pk))
    assert refused.value.code == "SCRIPT_DESTROYED"
    with pytest.raises(Conflict):
        add("INT. HOUSE - DAY\n\nShe waits.", "b.txt")
    assert Version.objects.filter(pk=version.pk).exists()


@pytest.mark.req("ST-043")
def test_a_script_is_found_again_by_bytes_by_wording_and_by_a_part(
    add: Add, producer: Principal, work: Work
) -> None:
    text = scripts.long_fountain(300)
    version = add(text, "long.fountain")
    other = services.register_work(principal=producer, title="Another story")
    add(scripts.long_fountain(300, seed=2), "other.fountain", work_id=other.pk)

    def found(passage: str, sha256: str = "") -> list[tuple[Version, str]]:
        rows = selectors.matches_for(producer, fingerprint_of_text(passage), sha256=sha256)
        return [(one.version, one.how) for one in rows]

    assert found(text, version.sha256) == [(version, "FILE")]
    whole = text_of(selectors.script_of(version))
    assert found(whole.upper().replace("\n\n", " \n ")) == [(version, "WORDING")]
    words = whole.split()
    ten_pages = " ".join(words[9000:12000])
    (match,) = selectors.matches_for(producer, fingerprint_of_text(ten_pages))
    assert (match.version, match.how) == (version, "PART")
    assert match.of_text > 0.9
    assert match.of_version == pytest.approx(len(ten_pages.split()) / len(words), abs=0.05)
    # every ninth word replaced: fewer shingles survive, enough remain
    reworded = " ".join("otherwise" if at % 9 == 0 else word for at, word in enumerate(words))
    assert found(reworded) == [(version, "PART")]
    assert found(scripts.long_fountain(200, seed=3)) == []
    assert found("INT. HOUSE - DAY") == []
    assert found("", version.sha256) == [(version, "FILE")]


def test_what_strangers_registered_is_not_told(add: Add) -> None:
    text = scripts.long_fountain(60)
    add(text, "long.fountain")
    stranger = factories.make_producer(factories.make_studio())
    assert selectors.matches_for(stranger, fingerprint_of_text(text)) == []
    assert len(selectors.matches_of(fingerprint_of_text(text))) == 1
