"""What is recorded stays, comes from events alone, and stays inside its production."""

from __future__ import annotations

from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from django.db.models import Model

from audit.models import Event
from common.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from provenance.graph import sealing
from provenance.graph.inspection import inspect_graph, restore_rows
from provenance.graph.models import (
    AssetVersion,
    Classification,
    Decision,
    EventKind,
    GenerationRecord,
    GraphAsset,
    ProvenanceEvent,
    Relation,
    SealedText,
)
from provenance.graph.projection import ROWS
from provenance.graph.sealing import destroy_key, open_text
from provenance.graph.services import decide_version, propose_source_type, record_batch
from provenance.graph.specs import DecisionSpec, NewRelation
from receipts.models import EntryKind, LogEntry
from receipts.services.sequence import drain_log
from tests import factories
from tests.provenance.graph.conftest import PROMPT, Film, edge, sha, thing
from trustcore.receipt import RecordedEntry, parse_entry

pytestmark = pytest.mark.django_db
TABLES = [table._meta.db_table for table in (*ROWS, ProvenanceEvent, SealedText)]

NO_TEXTS = (
    "update provenance_generationrecord set prompt_id = null; update provenance_decision set note_id = null;"
    " delete from provenance_sealedtext"
)


def all_constraints_now() -> None:
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")


@transaction.atomic
def stored(row: Model) -> None:
    row.save(force_insert=True)
    all_constraints_now()


def refused_at_commit(row: Model, words: str) -> None:
    with pytest.raises(IntegrityError, match=words):
        stored(row)


def as_owner(*statements: str) -> None:
    """What the database's owner can do: lift the triggers and change rows. The test's end puts them back."""
    all_constraints_now()
    with connection.cursor() as cursor:
        for table in (*TABLES, "audit_event"):
            cursor.execute(f"alter table {table} disable trigger user")
        cursor.execute("set constraints all deferred")
        for statement in statements:
            cursor.execute(statement)


@pytest.mark.req("GP-031")
def test_a_film_is_recorded_with_an_event_behind_every_row(film: Film) -> None:
    all_constraints_now()
    assert inspect_graph(film.production.pk) == []
    edges = Relation.objects.filter(production=film.production).select_related("person")
    assert edges.count() == 7
    assert all(one.person == film.desk.person and one.at for one in edges)


@pytest.mark.req("GP-031")
@pytest.mark.parametrize("table", [GraphAsset, AssetVersion, Relation, GenerationRecord, Decision])
def test_no_row_is_stored_without_its_event(film: Film, table: type) -> None:
    row = table._default_manager.filter(production=film.production).order_by("event_id").last()
    row.pk = uuid4()
    for name in ("external_id", "role"):
        if hasattr(row, name):
            setattr(row, name, "another")
    if table is AssetVersion:
        row.number = 99
    other = ProvenanceEvent.objects.filter(production=film.production, kind="CLASSIFIED").first()
    assert other is not None
    row.event_id = other.pk
    refused_at_commit(row, "no event tells")


@pytest.mark.req("GP-031")
def test_no_event_is_stored_that_the_audit_trail_does_not_know(film: Film) -> None:
    event = ProvenanceEvent.objects.filter(production=film.production).first()
    assert event is not None
    event.pk, event.id, event.batch = None, uuid4(), uuid4()
    refused_at_commit(event, "audit trail")


@pytest.mark.req("GP-033", "GP-034")
def test_nothing_recorded_can_be_changed_or_deleted(film: Film) -> None:
    all_constraints_now()
    for table in TABLES:
        for verb in (f"update {table} set id = id", f"delete from {table}", f"truncate {table} cascade"):
            if verb.startswith(("update", "delete")) and table in (
                "provenance_labelproposal",
                "provenance_custodydocument",
            ):
                continue  # no row here yet
            with (
                pytest.raises(DatabaseError, match="append-only"),
                transaction.atomic(),
                connection.cursor() as cursor,
            ):
                cursor.execute(verb)


@pytest.mark.req("GP-033", "GP-036")
def test_the_state_told_again_from_the_events_is_the_state(film: Film) -> None:
    before = {table: sorted(map(repr, table._default_manager.values_list())) for table in ROWS}
    as_owner(*(f"delete from {table._meta.db_table}" for table in reversed(ROWS)))
    assert not Relation.objects.exists()
    assert restore_rows(film.production.pk) == sum(len(rows) for rows in before.values())
    all_constraints_now()
    assert {table: sorted(map(repr, table._default_manager.values_list())) for table in ROWS} == before
    assert inspect_graph(film.production.pk) == []


@pytest.mark.req("GP-035")
@pytest.mark.parametrize(
    ("statement", "code"),
    [
        ("update provenance_relation set person_id = (select id from accounts_user order by id limit 1)", "ROW_CHANGED"),
        ("delete from provenance_decision", "ROW_MISSING"),
        ("update provenance_provenanceevent set payload = replace(payload, 'APPROVED', 'REJECTED')", "BATCH_CHANGED"),
        ("delete from provenance_decision; delete from provenance_provenanceevent where kind = 'DECIDED'", "BATCH_CHANGED"),
        ("delete from audit_event where object_type = 'provenance'", "BATCH_NOT_IN_TRAIL"),
        ("update provenance_sealedtext set commitment = repeat('0', 64)", "TEXT_CHANGED"),
        ("update provenance_sealedtext set sealed = sealed || '\\x00'", "TEXT_CHANGED"),
        (NO_TEXTS, "TEXT_MISSING"),
    ],
)  # fmt: skip
def test_what_the_databases_owner_changes_is_found(film: Film, statement: str, code: str) -> None:
    drain_log(production_id=film.production.pk)
    as_owner(statement)
    assert code in {found.code for found in inspect_graph(film.production.pk)}


def test_another_prompt_well_sealed_in_place_of_the_one_that_was_used_is_found(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = SealedText.objects.get(pk=GenerationRecord.objects.get(prompt__isnull=False).prompt_id)
    facts = ProvenanceEvent.objects.get(kind=EventKind.GENERATED).facts
    assert facts["commitments"][str(row.pk)] == row.commitment
    assert inspect_graph(film.production.pk) == []
    monkeypatch.setattr(sealing, "new_id", lambda: row.pk)  # whoever holds the keys can seal in its place
    other = sealing.seal_text(film.production.pk, "Somebody else entirely.")
    as_owner(
        f"update provenance_sealedtext set sealed = '\\x{other.sealed.hex()}', commitment = '{other.commitment}', "
        f"subject_ids = '{{}}' where id = '{row.pk}'"
    )
    assert open_text(SealedText.objects.get(pk=row.pk)) == "Somebody else entirely."
    assert ("TEXT_CHANGED", str(row.pk)) in {
        (one.code, one.what) for one in inspect_graph(film.production.pk)
    }


@pytest.mark.req("GP-035")
def test_a_restored_backup_that_lacks_a_batch_is_found_by_the_log(film: Film) -> None:
    decide_version(
        principal=film.desk, version_id=film.version("shot"),
        spec=DecisionSpec(version=str(film.version("shot")), outcome="REJECTED", stage="LEGAL"),
    )  # fmt: skip
    drain_log(production_id=film.production.pk)
    last = ProvenanceEvent.objects.latest("number").batch
    as_owner(
        f"delete from provenance_decision where event_id in (select number from provenance_provenanceevent where batch = '{last}')",
        f"delete from provenance_provenanceevent where batch = '{last}'",
        f"delete from audit_event where object_id = '{last}'",
    )
    assert ("BATCH_MISSING", str(last)) in {(one.code, one.what) for one in inspect_graph(film.production.pk)}


@pytest.mark.req("GP-033")
def test_a_batch_stands_in_the_log_under_one_root_and_without_a_name(film: Film) -> None:
    drain_log(production_id=film.production.pk)
    entry = LogEntry.objects.get(log__production_id=film.production.pk, kind=EntryKind.RECORDED)
    read = parse_entry(bytes(entry.entry))
    assert isinstance(read, RecordedEntry)
    assert read.count == ProvenanceEvent.objects.filter(production=film.production).count()
    assert read.actor.startswith("per_")
    assert film.desk.person.full_name.encode() not in bytes(entry.entry)
    assert Event.objects.get(object_type="provenance", object_id=read.batch).person_id == film.desk.person.pk


def test_a_circle_is_refused_and_leaves_nothing(film: Film) -> None:
    before = ProvenanceEvent.objects.count()
    with pytest.raises(Conflict) as refused:
        record_batch(
            principal=film.desk, production_id=film.production.pk,
            specs=[NewRelation(child="external:scan", edge=edge("shot", "EDITED_FROM"))],
        )  # fmt: skip
    assert refused.value.code == "GRAPH_CIRCLE"
    assert ProvenanceEvent.objects.count() == before


def test_a_relation_to_another_production_finds_nothing(film: Film) -> None:
    other, _, _ = factories.make_live_token()
    theirs = factories.make_producer(other.production.organisation)
    foreign = record_batch(
        principal=theirs, production_id=other.production_id, specs=[thing("CAPTURE", "theirs")]
    )
    for ref in (str(foreign[0].version), str(uuid4()), f"sha256:{sha('theirs')}"):
        with pytest.raises(NotFound) as refused:
            record_batch(
                principal=film.desk, production_id=film.production.pk,
                specs=[NewRelation(child="external:shot", edge=edge("x", "EDITED_FROM").__class__(parent=ref, kind="EDITED_FROM"))],
            )  # fmt: skip
        assert refused.value.code == "REFERENCE_UNKNOWN"
    with pytest.raises(NotFound):
        record_batch(principal=theirs, production_id=film.production.pk, specs=[thing("CAPTURE", "mine")])


def test_the_prompt_is_sealed_and_goes_with_the_productions_key(film: Film) -> None:
    run = GenerationRecord.objects.select_related("prompt").get(production=film.production)
    assert run.prompt is not None
    assert open_text(run.prompt) == PROMPT
    assert PROMPT[:20].encode() not in bytes(run.prompt.sealed)
    event = ProvenanceEvent.objects.get(kind="GENERATED", production=film.production)
    assert "window" not in event.payload
    destroy_key(film.production.pk)
    assert open_text(run.prompt) is None
    assert inspect_graph(film.production.pk) == []


@pytest.mark.req("GP-021", "GP-037", "GP-038", "GP-039")
def test_the_source_type_is_derived_and_a_label_stays_beside_it(film: Film) -> None:
    def code(name: str) -> str:
        return Classification.objects.filter(version=film.version(name)).latest("number").code

    assert {name: code(name) for name in ("script", "scan", "plate", "frames", "shot")} == {
        "script": "digitalCreation", "scan": "computationalCapture", "plate": "digitalCapture",
        "frames": "compositeWithTrainedAlgorithmicMedia", "shot": "compositeSynthetic",
    }  # fmt: skip
    propose_source_type(
        principal=film.desk, version_id=film.version("shot"), code="digitalCapture", reason="It looks so."
    )
    assert code("shot") == "compositeSynthetic"
    with pytest.raises(InvalidInput) as refused:
        record_batch(
            principal=film.desk, production_id=film.production.pk, specs=[thing("IMAGE", "of nothing")]
        )
    assert refused.value.code == "ORIGIN_MISSING"


@pytest.mark.req("GP-039")
def test_a_model_found_later_changes_what_was_made_from_it(film: Film) -> None:
    specs = [
        thing("IMAGE", "sky", origin="HUMAN_TOOLS"),
        thing("IMAGE", "graded sky", edge("sky", "EDITED_FROM")),
        thing("IMAGE", "dream", origin="GENERATIVE_MODEL"),
    ]
    record_batch(principal=film.desk, production_id=film.production.pk, specs=specs)
    late = NewRelation(child="external:sky", edge=edge("dream", "COMPOSITED_FROM"))
    record_batch(principal=film.desk, production_id=film.production.pk, specs=[late])
    last = Classification.objects.filter(version=film.version("graded sky")).latest("number")
    assert (last.number, last.code) == (2, "trainedAlgorithmicMedia")
    assert inspect_graph(film.production.pk) == []


@pytest.mark.req("GP-044")
def test_a_service_account_carries_the_person_it_acted_for(film: Film) -> None:
    credential, _ = factories.make_credential(film.production.organisation)
    account = factories.desk_of_key(credential)
    artist = factories.make_desk(film.production.organisation, "ENGINEER").person
    spec = thing("CAPTURE", "take 2").__class__(
        kind="CAPTURE", name="take 2", version=thing("CAPTURE", "take 2").version, on_behalf_of=artist.email
    )
    made = record_batch(principal=account, production_id=film.production.pk, specs=[spec])[0]
    row = AssetVersion.objects.get(pk=made.version)
    assert (row.person, row.credential) == (artist, credential)
    stranger = factories.make_producer(factories.make_studio()).person
    with pytest.raises(InvalidInput) as refused:
        record_batch(
            principal=account, production_id=film.production.pk,
            specs=[spec.__class__(kind="CAPTURE", name="3", version=spec.version, on_behalf_of=stranger.email)],
        )  # fmt: skip
    assert refused.value.code == "PERSON_UNKNOWN"


def test_what_the_pipeline_sends_twice_is_one(film: Film) -> None:
    from tests.provenance.graph.conftest import film_specs

    before = ProvenanceEvent.objects.count()
    again = record_batch(
        principal=film.desk, production_id=film.production.pk, specs=film_specs(film.token.jti)[:-1]
    )
    assert not any(one.is_new for one in again)
    assert ProvenanceEvent.objects.count() == before


def test_who_takes_no_part_records_nothing_and_counsel_only_reads(film: Film) -> None:
    counsel = factories.make_desk(film.production.organisation, "LEGAL")
    with pytest.raises(Forbidden):
        record_batch(principal=counsel, production_id=film.production.pk, specs=[thing("CAPTURE", "x")])
    with pytest.raises(Forbidden):
        decide_version(
            principal=counsel, version_id=film.version("shot"),
            spec=DecisionSpec(version=str(film.version("shot")), outcome="APPROVED", stage="LEGAL"),
        )  # fmt: skip


@pytest.mark.parametrize("name", ["", "a\x00b", "turn\u202ed", "x" * 201])
def test_names_that_hide_something_are_refused(film: Film, name: str) -> None:
    with pytest.raises(DomainError):
        record_batch(
            principal=film.desk, production_id=film.production.pk,
            specs=[thing("CAPTURE", "x").__class__(kind="CAPTURE", name=name, version=thing("CAPTURE", "x").version)],
        )  # fmt: skip
