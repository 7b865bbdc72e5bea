"""Material in bulk: the same gate for each row, read once however often it is sent, whole after a killed worker."""

from __future__ import annotations

import io
import json
from dataclasses import replace
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import DatabaseError, IntegrityError, OperationalError, transaction
from django.test import Client

from accounts.models import ApiCredential, Membership
from accounts.principals import Principal
from audit.models import Event
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, TooLarge
from common.ids import new_id
from common.storage import blobs
from tests import factories
from tests.training.contracts import GOOD, bound_source, contract_over
from tests.training.making import CLEAR, House, make_capture
from training.lineage import writing
from training.models import (
    ImportRefusal,
    LineageEdge,
    LineageHead,
    MaterialImport,
    PolicyDecision,
    Review,
    TrainingAsset,
)
from training.selectors.manifests import sources_above_each
from training.services import imports, leftovers
from training.services.gate import facts_of, ground_of
from training.services.import_rows import Told, _Judge
from training.services.import_writing import write_chunk
from training.services.imports import STUCK_MOST, cancel_import, hand_in_material, read_material
from training.services.manifests import ManifestAsk, freeze_manifest
from training.services.rights import end_rights
from training.services.sources import stop_class
from training.tasks import drop_leftovers, read_import, resume_imports

pytestmark = pytest.mark.django_db
URL = "/api/v1/training-imports"


def line(source: Any, number: int, **changes: Any) -> dict[str, Any]:
    told = {
        "source_id": str(getattr(source, "pk", source)), "external_id": f"bulk-{number}", "kind": "IMAGE",
        "media_type": "image/png", "sha256": f"{number:064x}", "size_bytes": 1000 + number,
        "canonical_url": f"https://films.example.test/bulk/{number}", "method": "EXPORT",
        "collected_at": "2026-10-01T12:00:00Z", "licence_claim": "Archive agreement 12", "territory": "US",
        "capture": {"hosting_domain": "films.example.test", "embedded_metadata": {"Make": "Arri"},
                    "page_context": "Stills of reel 12"},
        **changes,
    }  # fmt: skip
    return {name: value for name, value in told.items() if value is not None}


def packed(*rows: dict[str, Any] | bytes) -> bytes:
    return b"".join((row if isinstance(row, bytes) else json.dumps(row).encode()) + b"\n" for row in rows)


def hand_in(house: House, data: bytes, key: str = "") -> MaterialImport:
    job, _is_new = hand_in_material(
        principal=house.engineer, read=io.BytesIO(data).read, length=len(data), repeat_key=key
    )
    return job


def taken(house: House, *rows: dict[str, Any] | bytes) -> MaterialImport:
    return read_material(hand_in(house, packed(*rows)).pk)


def counts(job: MaterialImport) -> tuple[int, int, int, int, int]:
    return job.rows_read, job.rows_admitted, job.rows_isolated, job.rows_same, job.rows_refused


def refusals(job: MaterialImport) -> list[tuple[int, str]]:
    return list(job.refusals.order_by("row").values_list("row", "code"))


def test_each_row_meets_the_gate_and_stands_in_the_inventory_and_the_lineage(house: House) -> None:
    source, unclear, bare = house.licensed_source(), house.source(), house.source()
    house.rights(unclear, checks={**CLEAR, "robots": "UNKNOWN"})
    job = taken(
        house, line(source, 1), line(source, 2, size_bytes=7), line(unclear, 3), line(bare, 4),
        line(source, 5, territory="FR"),
    )  # fmt: skip
    assert (job.state, *counts(job)) == ("DONE", 5, 2, 1, 0, 2)
    kept = {row.external_id: row for row in TrainingAsset.objects.select_related("decision")}
    assert {name: row.state for name, row in kept.items()} == {
        "bulk-1": "ADMITTED", "bulk-2": "ADMITTED", "bulk-3": "ISOLATED",
    }  # fmt: skip
    single = house.admit(source)
    for name in ("kind", "held", "collector", "licence_claim", "rights_id", "owner_id", "findings"):
        assert getattr(kept["bulk-1"], name) == getattr(single, name), name
    assert set(kept["bulk-1"].capture) == set(single.capture)
    assert kept["bulk-2"].size_bytes == 7
    assert Review.objects.get().asset == kept["bulk-3"]
    above = sources_above_each(row.node_id for row in kept.values())
    assert above[kept["bulk-1"].node_id] == {source.pk}
    assert above[kept["bulk-3"].node_id] == {unclear.pk}
    told = {row.row: row for row in ImportRefusal.objects.select_related("decision")}
    assert (told[4].code, "LICENCE_MISSING" in told[4].detail) == ("ASSET_REFUSED", True)
    assert list(told[5].decision.codes) == ["TERRITORY_NOT_PERMITTED"]  # type: ignore[union-attr]
    event = Event.objects.get(kind="training.assets_judged")
    assert (event.details["admitted"], event.details["isolated"], event.details["refused"]) == (2, 1, 2)


def test_rows_that_agree_in_what_the_policy_reads_share_one_decision_that_says_how_many(house: House) -> None:
    source = house.licensed_source()
    taken(house, *(line(source, number) for number in range(30)))
    (decision,) = PolicyDecision.objects.all()
    assert (decision.covers, decision.outcome, decision.subject_type) == (30, "ADMIT", "import")
    assert "size_bytes" not in decision.facts
    single = house.ask(source).decision
    assert {name: value for name, value in single.facts.items() if name != "size_bytes"} == decision.facts
    assert decision.policy_id == single.policy_id


def test_what_a_row_gets_wrong_is_told_by_its_number_and_the_others_go_in(house: House) -> None:
    source, stranger = house.licensed_source(), House().licensed_source()
    job = taken(
        house,
        line(source, 1),
        b"{not json",
        line(source, 2, sha256="ABC"),
        line(source, 3, unknown="x"),
        line(source, 4, canonical_url="no address"),
        line(source, 5, territory="XX"),
        line(source, 6, method="THEFT"),
        line(stranger, 7),
        line(source, 8, collected_at="2026-10-01T12:00:00"),
        line(source, 9, capture={"hosting_domain": "a\x00b"}),
        line(source, 10, capture={"page_context": "x" * 70_000}),
        line(source, 11, licence_claim=None),
        line(source, 12, external_id="a\u202eb"),
        line(source, 13),
    )
    assert refusals(job) == [
        (2, "JSON_MALFORMED"), (3, "CHECKSUM_INVALID"), (4, "FIELDS_INVALID"), (5, "URL_INVALID"),
        (6, "TERRITORY_UNKNOWN"), (7, "CAPTURE_INVALID"), (8, "NOT_FOUND"), (9, "FIELDS_INVALID"),
        (10, "TEXT_INVALID"), (11, "ROW_TOO_LARGE"), (12, "ASSET_REFUSED"), (13, "CAPTURE_INVALID"),
    ]  # fmt: skip
    assert counts(job) == (14, 2, 0, 0, 12)
    assert job.bytes_read == job.size_bytes


def test_a_file_read_twice_registers_nothing_twice_and_changed_bytes_are_a_version(house: House) -> None:
    source = house.licensed_source()
    rows = [line(source, number) for number in range(3)]
    taken(house, *rows)
    again = taken(house, *rows, line(source, 1, sha256="f" * 64), line(source, 1, sha256="f" * 64))
    assert counts(again) == (5, 1, 0, 4, 0)
    versions = TrainingAsset.objects.filter(external_id="bulk-1").order_by("version")
    assert list(versions.values_list("version", "sha256")) == [(1, f"{1:064x}"), (2, "f" * 64)]


def test_the_same_bytes_of_another_source_are_found_within_the_file_and_beyond_it(house: House) -> None:
    one, other, third = (house.licensed_source() for _ in range(3))
    job = taken(house, line(one, 1), line(other, 1), line(other, 2))
    assert (counts(job), refusals(job)) == ((3, 2, 0, 0, 1), [(2, "ASSET_REFUSED")])
    later = taken(house, line(third, 2))
    assert counts(later) == (1, 0, 0, 0, 1)
    told = ImportRefusal.objects.select_related("decision")
    assert {code for row in told for code in row.decision.codes} == {"EXACT_DUPLICATE"}  # type: ignore[union-attr]


def test_what_a_stop_or_an_ended_right_says_holds_for_the_rows_that_come_after(house: House) -> None:
    stopped, ended = house.licensed_source(), house.source()
    rights = house.rights(ended)
    stop_class(principal=house.counsel, class_id=stopped.source_class_id, reason="Stop.")
    end_rights(principal=house.counsel, rights_id=rights.pk, reason="Taken back.")
    job = taken(house, line(stopped, 1), line(ended, 2))
    assert (counts(job)[1], refusals(job)) == (0, [(1, "ASSET_REFUSED"), (2, "ASSET_REFUSED")])
    details = list(job.refusals.order_by("row").values_list("detail", flat=True))
    assert ("SOURCE_CLASS_STOPPED" in details[0], details[1]) == (True, "LICENCE_REVOKED")


@pytest.mark.django_db(transaction=True)
def test_a_reading_that_is_cut_off_goes_on_behind_the_last_whole_chunk(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 4)
    source = house.licensed_source()
    job = hand_in(house, packed(*(line(source, number) for number in range(10))))
    honest, turns = write_chunk, iter(range(10))

    def killed_in_the_second(*args: Any, **kwargs: Any) -> None:
        honest(*args, **kwargs)
        if next(turns) == 1:
            raise KeyboardInterrupt  # what ends a process, after it wrote and before it committed

    monkeypatch.setattr(imports, "write_chunk", killed_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        read_material(job.pk)
    job.refresh_from_db()
    assert (job.state, job.rows_read, TrainingAsset.objects.count()) == ("RUNNING", 4, 4)
    monkeypatch.setattr(imports, "write_chunk", honest)
    done = read_material(job.pk)
    assert (done.state, *counts(done)) == ("DONE", 10, 10, 0, 0, 0)
    assert TrainingAsset.objects.values("external_id").distinct().count() == 10
    head = LineageHead.objects.get(organisation=house.organisation)
    edges = LineageEdge.objects.filter(organisation=house.organisation)
    assert (head.edges, head.last_edge) == (
        edges.count(),
        edges.order_by("-number").values_list("number", flat=True)[0],
    )


@pytest.mark.req("TP-120")
def test_the_beat_takes_up_what_nobody_reads(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    job = hand_in(house, packed(line(house.licensed_source(), 1)))
    asked: list[str] = []
    monkeypatch.setattr(read_import, "delay", asked.append)
    assert (resume_imports(), asked) == (0, [])
    MaterialImport.objects.filter(pk=job.pk).update(moved_at="2026-01-01T00:00:00Z")
    assert (resume_imports(), asked) == (1, [str(job.pk)])
    read_import(str(job.pk))
    job.refresh_from_db()
    assert (job.state, resume_imports()) == ("DONE", 0)


def test_material_of_a_bulk_freezes_into_a_manifest_like_any_other(house: House) -> None:
    source = house.licensed_source()
    taken(house, *(line(source, number) for number in range(5)))
    manifest = freeze_manifest(
        principal=house.engineer,
        ask=ManifestAsk(name="bulk", code_commit="c" * 40, container_image="i", territory="US", purpose="A test.",
                        sources=(source.pk,)),
    )  # fmt: skip
    assert manifest.rows == 5


def test_what_was_refused_and_read_stays_as_it_was_said(house: House) -> None:
    job = taken(house, b"{")
    for rows, change in (
        (ImportRefusal.objects.all(), {"code": "FINE"}),
        (MaterialImport.objects.filter(pk=job.pk), {"rows_refused": 0}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)


def test_leaves_hang_from_parents_of_the_house_alone(house: House) -> None:
    from training.lineage.loading import hang_leaves

    assert hang_leaves(organisation_id=house.organisation.pk, kind="ASSET", refs=[], parents=[]) == []
    assert writing.lock_head(house.organisation.pk).edges == LineageEdge.objects.count()


# -- over HTTP


def send(client: Client, data: bytes, **headers: str) -> Any:
    return client.post(URL, data, content_type="application/x-ndjson", headers=headers)


def test_a_file_comes_in_by_the_api_and_its_refusals_go_out(
    house: House, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, asked = factories.signed_in(house.engineer.person), list[str]()
    monkeypatch.setattr(read_import, "delay", asked.append)
    source = house.licensed_source()
    data = packed(line(source, 1), b"{", line(source, 2))
    with django_capture_on_commit_callbacks(execute=True):
        first = send(client, data, **{"Idempotency-Key": "once"})
    assert (first.status_code, first.json()["rows_read"], asked) == (202, 0, [first.json()["id"]])
    read_import(asked[0])
    shown = client.get(f"{URL}/{first.json()['id']}").json()
    assert (shown["state"], shown["rows_admitted"], shown["rows_refused"]) == ("DONE", 2, 1)
    told = client.get(f"{URL}/{first.json()['id']}/refusals")
    (row,) = [json.loads(one) for one in told.getvalue().splitlines()]
    assert (row["row"], row["code"]) == (2, "JSON_MALFORMED")
    again = send(client, data, **{"Idempotency-Key": "once"})
    assert (again.json()["id"], again["Idempotent-Replay"]) == (first.json()["id"], "true")
    other = send(client, packed(line(source, 3)), **{"Idempotency-Key": "once"})
    assert (other.status_code, other.json()["code"]) == (409, "IDEMPOTENCY_CONFLICT")
    assert client.get(URL).json()["results"][0]["id"] == first.json()["id"]


def test_what_is_no_file_of_captures_is_refused_by_name(house: House, settings: Any) -> None:
    client = factories.signed_in(house.engineer.person)
    unsaid = client.generic("POST", URL, headers={"Content-Type": "application/x-ndjson"})  # and no length
    assert (unsaid.status_code, unsaid.json()["code"]) == (422, "LENGTH_REQUIRED")
    with pytest.raises(InvalidInput) as empty:
        hand_in(house, b"")
    assert empty.value.code == "IMPORT_EMPTY"
    wrong = client.post(URL, b"{}", content_type="application/json")
    assert (wrong.status_code, wrong.json()["code"]) == (415, "CONTENT_TYPE_UNSUPPORTED")
    packed_body = send(client, b"{}", **{"Content-Encoding": "gzip"})
    assert (packed_body.status_code, packed_body.json()["code"]) == (415, "ENCODING_UNSUPPORTED")
    settings.TRAINING_IMPORT_BYTES_MAX = 3
    with pytest.raises(TooLarge):
        hand_in(house, b"1234")
    settings.TRAINING_IMPORT_BYTES_MAX = 1000
    with pytest.raises(InvalidInput) as cut:
        hand_in_material(principal=house.engineer, read=io.BytesIO(b"{}").read, length=9)
    assert cut.value.code == "BODY_INCOMPLETE"
    assert not MaterialImport.objects.exists()


def test_strangers_find_nothing_and_counsel_does_not_register(house: House, stranger: House) -> None:
    job = hand_in(house, packed(line(house.licensed_source(), 1)))
    theirs = factories.signed_in(stranger.engineer.person)
    assert theirs.get(f"{URL}/{job.pk}").status_code == 404
    assert theirs.get(f"{URL}/{job.pk}/refusals").status_code == 404
    counsel = factories.signed_in(house.counsel.person)
    assert send(counsel, b"{}").json()["code"] == "ENGINEER_ONLY"
    assert counsel.get(f"{URL}/{job.pk}").status_code == 200
    with pytest.raises(Forbidden):
        hand_in_material(principal=house.counsel, read=io.BytesIO(b"{}").read, length=2)


def test_a_key_of_another_file_is_a_conflict_and_of_another_house_is_not(
    house: House, stranger: House
) -> None:
    hand_in(house, b"{}\n", key="k")
    with pytest.raises(Conflict):
        hand_in(house, b"[]\n", key="k")
    assert hand_in(stranger, b"[]\n", key="k").organisation == stranger.organisation


def test_a_row_of_what_was_taken_down_does_not_come_back(house: House) -> None:
    source = house.licensed_source()
    taken(house, line(source, 1))
    TrainingAsset.objects.update(state="REMOVED")
    job = taken(house, line(source, 1))
    assert refusals(job) == [(1, "ASSET_TAKEN_DOWN")]


def test_numbers_and_depths_that_no_decision_could_keep_are_refused_as_rows(house: House) -> None:
    source = house.licensed_source()
    deep: dict[str, Any] = {}
    for _ in range(40):
        deep = {"in": deep}
    told = line(source, 3)["capture"]
    job = taken(
        house, line(source, 1, size_bytes=2**53), line(source, 2, capture={**told, "deep": deep}), line(source, 3),
        line(source, 4, size_bytes=2**53 - 1),
    )  # fmt: skip
    assert refusals(job) == [(1, "FIELDS_INVALID"), (2, "FIELDS_INVALID")]
    assert (job.state, job.rows_admitted) == ("DONE", 2)


def test_a_file_is_gone_once_it_was_read_and_a_reading_ends_with_the_seat_of_who_handed_it_in(
    house: House, django_capture_on_commit_callbacks: Any
) -> None:
    source = house.licensed_source()
    with django_capture_on_commit_callbacks(execute=True):
        job = taken(house, line(source, 1))
    assert (job.state, blobs().exists(job.blob)) == ("DONE", False)
    waiting = hand_in(house, packed(line(source, 2)))
    Membership.objects.filter(user=house.engineer.person).update(ended_at=clock.now())
    ended = read_material(waiting.pk)
    assert (ended.state, ended.failure, ended.rows_read) == ("FAILED", "SEAT_ENDED", 0)
    assert not TrainingAsset.objects.filter(external_id="bulk-2").exists()


# -- what ends a reading otherwise


def test_a_row_may_insist_on_a_contract_and_is_refused_under_another_while_others_go_in(house: House) -> None:
    source, contract = bound_source(house)
    free = house.licensed_source()
    good = {"business_unit": GOOD["business_unit"], "capture": GOOD["capture"]}
    job = taken(
        house, line(source, 1, **good, contract_hash=contract.hash),
        line(source, 2, **good, contract_hash="sha256:" + "0" * 64), line(source, 3, **good),
        line(source, 4, **good, contract_hash=""), line(free, 5, contract_hash=""),
        line(free, 6, contract_hash=contract.hash), line(free, 7, contract_hash="latest"),
    )  # fmt: skip
    assert refusals(job) == [
        (2, "CONTRACT_CHANGED"), (4, "CONTRACT_CHANGED"), (6, "CONTRACT_CHANGED"), (7, "FIELDS_INVALID"),
    ]  # fmt: skip
    told = {row.row: row for row in job.refusals.all()}
    assert (contract.hash in told[2].detail, told[2].decision) == (True, None)
    kept = TrainingAsset.objects.select_related("decision").order_by("external_id")
    assert [(row.external_id, row.decision.contract_hash) for row in kept] == [
        ("bulk-1", contract.hash), ("bulk-3", contract.hash), ("bulk-5", ""),
    ]  # fmt: skip


def test_rows_that_insist_on_a_contract_are_refused_from_the_chunk_on_in_which_another_is_in_force(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 2)
    source, contract = bound_source(house)
    good = {
        "business_unit": GOOD["business_unit"],
        "capture": GOOD["capture"],
        "contract_hash": contract.hash,
    }
    honest = write_chunk

    def changed_after_the_first(*args: Any, **kwargs: Any) -> None:
        honest(*args, **kwargs)
        if kwargs["first_row"] == 1:
            contract_over(house, source.source_class, version="2.0.0")

    monkeypatch.setattr(imports, "write_chunk", changed_after_the_first)
    job = taken(house, *(line(source, number, **good) for number in range(4)))
    assert (job.rows_admitted, refusals(job)) == (2, [(3, "CONTRACT_CHANGED"), (4, "CONTRACT_CHANGED")])


def by_key(house: House) -> tuple[Principal, ApiCredential]:
    credential, _key = factories.make_credential(house.organisation, created_by=house.engineer.person)
    return Principal(
        organisation=house.organisation, person=house.engineer.person, credential=credential
    ), credential


@pytest.mark.parametrize(
    ("change", "code"),
    [({"revoked_at": "2026-01-01T00:00:00Z"}, "API_KEY_REVOKED"), ({"expires_at": "2026-01-01T00:00:00Z"}, "API_KEY_EXPIRED")],
)  # fmt: skip
def test_a_key_that_ends_while_its_import_is_read_ends_the_reading_before_the_next_chunk(
    house: House, monkeypatch: pytest.MonkeyPatch, change: dict[str, str], code: str
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 2)
    principal, credential = by_key(house)
    source = house.licensed_source()
    data = packed(*(line(source, number) for number in range(6)))
    job, _is_new = hand_in_material(principal=principal, read=io.BytesIO(data).read, length=len(data))
    honest = write_chunk

    def ended_meanwhile(*args: Any, **kwargs: Any) -> None:
        honest(*args, **kwargs)
        ApiCredential.objects.filter(pk=credential.pk).update(**change)

    monkeypatch.setattr(imports, "write_chunk", ended_meanwhile)
    ended = read_material(job.pk)
    assert (ended.state, ended.failure, ended.rows_read) == ("FAILED", code, 2)
    assert TrainingAsset.objects.count() == 2
    monkeypatch.setattr(imports, "write_chunk", honest)
    assert taken(house, line(source, 9)).state == "DONE", "a person's own import asks no key"


def test_a_seat_that_runs_no_pipeline_any_more_ends_the_reading(house: House) -> None:
    waiting = hand_in(house, packed(line(house.licensed_source(), 2)))
    Membership.objects.filter(user=house.engineer.person).update(role=Membership.Role.LEGAL)
    ended = read_material(waiting.pk)
    assert (ended.state, ended.failure, ended.rows_read) == ("FAILED", "SEAT_ENDED", 0)


def test_a_reading_is_called_off_between_two_chunks_and_what_was_read_stays(
    house: House, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 2)
    source = house.licensed_source()
    job = hand_in(house, packed(*(line(source, number) for number in range(6))))
    honest, asked = imports._why_not, iter(range(10))

    def called_off_before_the_second(one: MaterialImport) -> str:
        if next(asked) == 1:
            answer = factories.signed_in(house.colleague.person).post(f"{URL}/{job.pk}/cancel")
            assert (answer.status_code, answer.json()["state"]) == (200, "CANCELLED")
        return honest(one)

    monkeypatch.setattr(imports, "_why_not", called_off_before_the_second)
    with django_capture_on_commit_callbacks(execute=True):
        ended = read_material(job.pk)
    assert (ended.state, ended.rows_read, ended.rows_admitted) == ("CANCELLED", 2, 2)
    assert (TrainingAsset.objects.count(), blobs().exists(job.blob), resume_imports()) == (2, False, 0)


def test_what_was_called_off_reads_no_further_and_tells_so(
    house: House, stranger: House, django_capture_on_commit_callbacks: Any
) -> None:
    source = house.licensed_source()
    job = hand_in(house, packed(line(source, 1)))
    assert factories.signed_in(stranger.engineer.person).post(f"{URL}/{job.pk}/cancel").status_code == 404
    refused = factories.signed_in(house.counsel.person).post(f"{URL}/{job.pk}/cancel")
    assert (refused.status_code, refused.json()["code"]) == (403, "ENGINEER_ONLY")
    with django_capture_on_commit_callbacks(execute=True):
        cancelled = cancel_import(principal=house.colleague, import_id=job.pk)
    assert (cancelled.state, cancelled.cancelled_by) == ("CANCELLED", house.colleague.person)
    assert not blobs().exists(job.blob)
    assert (read_material(job.pk).state, TrainingAsset.objects.count()) == ("CANCELLED", 0)
    assert Event.objects.get(kind="training.import_cancelled").person_id == house.colleague.person.pk
    with pytest.raises(Conflict) as again:
        cancel_import(principal=house.colleague, import_id=job.pk)
    assert again.value.code == "IMPORT_ENDED"


def test_a_chunk_that_the_database_refuses_each_time_fails_the_import_and_nothing_of_it_is_kept(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imports, "CHUNK", 2)
    source = house.licensed_source()
    job = hand_in(house, packed(*(line(source, number) for number in range(6))))
    honest = write_chunk

    def refused_in_the_second(*args: Any, **kwargs: Any) -> None:
        honest(*args, **kwargs)
        if kwargs["first_row"] == 3:
            row = TrainingAsset.objects.order_by("external_id").first()
            assert row is not None
            row.pk = row.pk.__class__(int=1)
            row.save(force_insert=True)  # the same version of the same source: the database refuses it

    monkeypatch.setattr(imports, "write_chunk", refused_in_the_second)
    for turn in range(1, STUCK_MOST):
        with pytest.raises(IntegrityError):
            read_material(job.pk)
        job.refresh_from_db()
        assert (job.state, job.rows_read, job.stuck) == ("RUNNING", 2, turn)
    ended = read_material(job.pk)
    assert (ended.state, ended.failure, ended.rows_read, ended.rows_admitted) == (
        "FAILED",
        "IMPORT_STUCK",
        2,
        2,
    )
    assert TrainingAsset.objects.count() == 2
    assert resume_imports() == 0


def test_readings_that_get_further_begin_to_count_anew_and_a_database_that_is_away_is_not_counted(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = house.licensed_source()
    job = hand_in(house, packed(line(source, 1)))
    honest = write_chunk

    def away(*_args: Any, **_kwargs: Any) -> None:
        raise OperationalError("the server closed the connection")

    monkeypatch.setattr(imports, "write_chunk", away)
    for _ in range(STUCK_MOST + 1):
        with pytest.raises(OperationalError):
            read_material(job.pk)
    job.refresh_from_db()
    assert (job.finished_at, job.stuck) == (None, 0)
    MaterialImport.objects.filter(pk=job.pk).update(stuck=STUCK_MOST - 1)
    monkeypatch.setattr(imports, "write_chunk", honest)
    done = read_material(job.pk)
    assert (done.state, done.stuck, done.rows_admitted) == ("DONE", 0, 1)


def test_rows_share_facts_only_where_every_fact_agrees(house: House) -> None:
    """What a bulk takes for the same is what a single registration would find the same, whatever differs between rows."""
    source = house.licensed_source()
    ground = ground_of(source)
    plain = make_capture(domain="films.example.test")
    changes: tuple[dict[str, Any], ...] = (
            {}, {"size_bytes": 7}, {"sha256": "9" * 64}, {"domain": "evil.example.test"}, {"territory": "DE"},
            {"method": "CRAWLER"}, {"kind": "AUDIO"}, {"media_type": "image/jpeg"}, {"business_unit": "b"},
            {"content": ("NUDITY",)}, {"flags": ("FACE",)}, {"licence_claim": " "}, {"capture": {}},
            {"external_id": ""},
    )  # fmt: skip
    others = [replace(plain, **change) for change in changes]
    judge = _Judge({source.pk: ground}, {"9" * 64})
    for is_elsewhere in (False, True):
        for row, capture in enumerate(others):
            told = Told(row, source.pk, capture)
            wanted = facts_of(
                ground, capture, exact_duplicate=is_elsewhere, script_ungranted=capture.sha256 == "9" * 64
            )
            assert judge.facts(told, is_elsewhere=is_elsewhere) == replace(wanted, size_bytes=0), capture
    same = judge.facts(Told(0, source.pk, others[0]), is_elsewhere=False)
    assert judge.facts(Told(1, source.pk, others[1]), is_elsewhere=False) is same


def test_a_file_that_no_import_names_is_deleted_once_it_is_old_and_an_imports_own_stays(house: House) -> None:
    job = hand_in(house, packed(line(house.source(), 1)))
    lost = blobs().save(f"imports/{new_id()}.ndjson", ContentFile(b"no row names it"))
    assert drop_leftovers() == 0, "its row may be on its way"
    assert blobs().exists(lost)
    assert leftovers.drop_leftovers(hours=-1) >= 1  # as if all that is there were old
    assert (blobs().exists(lost), blobs().exists(job.blob)) == (False, True)
    assert read_material(job.pk).state == MaterialImport.State.DONE
