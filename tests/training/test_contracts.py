"""Data contracts: what can be put into force, what each clause stops, and which version judged what."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from datetime import timedelta
from typing import Any

import pytest
import yaml
from django.db import DatabaseError, transaction

from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.storage import local_copy
from tests.factories import make_desk
from tests.training.contracts import EXAMPLE, FIELDS, GOOD, bound_source, contract_over, written
from tests.training.making import CLEAR, House, make_capture, of_bytes, picture
from training.contracts.compiling import compile_contract
from training.contracts.reading import BYTES_MAX
from training.models import DataContract, PolicyDecision, Review, Takedown, TrainingAsset
from training.services import assets as assets_room
from training.services import automatic
from training.services.assets import receive_content, register_asset
from training.services.automatic import open_for_policy, organisations_to_judge
from training.services.contract_times import isolate_unscanned, open_for_retention
from training.services.contracts import activate_contract, register_contract, retire_contract
from training.services.exceptions import ExceptionAsk, ask_exception, sign_exception
from training.services.reports import ReportAsk
from training.services.reviews import answer_review
from training.services.rights import end_rights
from training.services.sources import stop_class
from training.workflows import produce_report

pytestmark = pytest.mark.django_db


def refused_codes(house: House, source: Any, **changes: Any) -> list[str]:
    """Why the gate refuses; nothing of it may be left."""
    before = TrainingAsset.objects.count()
    answer = house.ask(source, **{**GOOD, **changes})
    assert (answer.asset, answer.decision.outcome) == (None, "REFUSE")
    assert TrainingAsset.objects.count() == before
    return list(answer.decision.codes)


def test_the_shipped_example_is_read_compiled_and_put_into_force(house: House) -> None:
    compiled = compile_contract(EXAMPLE)
    assert (compiled.contract.id, compiled.contract.version) == ("partner-reels", "1.0.0")
    assert (compiled.clauses.unenforced, compiled.clauses.missing) == ((), ())
    assert compiled.required == (
        "licence_claim", "business_unit", "capture", "capture.page_context", "capture.photographer",
    )  # fmt: skip
    source, row = bound_source(house)
    assert row.hash == "sha256:" + hashlib.sha256(row.text.encode()).hexdigest()
    asset = house.admit(source, **GOOD)
    assert (asset.state, asset.decision.contract_hash) == ("ADMITTED", row.hash)
    assert row.hash in asset.decision.policy.text


@pytest.mark.req("TP-060")
def test_a_source_of_a_type_that_the_contract_does_not_allow_is_refused(house: House) -> None:
    source, _row = bound_source(house, allowedSourceTypes=["ARCHIVE"])
    assert refused_codes(house, source) == ["CONTRACT_SOURCE_TYPE"]
    allowed, _row = bound_source(
        house, allowedSourceTypes=["ARCHIVE", "PARTNER_FEED"], beside={"id": "other"}
    )
    assert house.admit(allowed, **GOOD).state == "ADMITTED"


@pytest.mark.req("TP-061", "TP-069")
def test_a_field_that_lacks_is_refused_or_isolated_as_the_contract_says(house: House) -> None:
    lacking = {**GOOD, "capture": {name: value for name, value in FIELDS.items() if name != "photographer"}}
    mild, _row = bound_source(house)
    waiting = house.admit(mild, **lacking)
    assert (waiting.state, waiting.decision.codes) == ("ISOLATED", ["CONTRACT_METADATA_MISSING"])
    assert waiting.decision.facts["metadata_missing"] == ["capture.photographer"]
    strict, _row = bound_source(house, onMissingMetadata="REFUSE", beside={"id": "strict"})
    assert refused_codes(house, strict, **lacking) == ["CONTRACT_METADATA_MISSING"]
    # an empty field lacks, too
    assert refused_codes(house, strict, capture={**FIELDS, "photographer": ""}) == [
        "CONTRACT_METADATA_MISSING"
    ]
    assert house.admit(strict, **GOOD).state == "ADMITTED"


def test_a_field_that_is_not_as_it_must_be_is_refused_whatever_lacks_may_do(house: House) -> None:
    source, _row = bound_source(house)
    assert refused_codes(house, source, capture={**FIELDS, "photographer": 7}) == [
        "CONTRACT_METADATA_INVALID"
    ]
    assert refused_codes(house, source, licence_claim="ab") == ["CONTRACT_METADATA_INVALID"]
    assert "CONTRACT_METADATA_INVALID" in refused_codes(
        house, source, capture={**FIELDS, "taken_on": "yesterday"}
    )
    assert (
        house.admit(source, **{**GOOD, "capture": {**FIELDS, "taken_on": "2026-03-01"}}).state == "ADMITTED"
    )


@pytest.mark.req("TP-062")
def test_a_licence_of_another_class_is_refused(house: House) -> None:
    source, _row = bound_source(house)
    house.rights(source, licence_class="PLATFORM_API")
    assert refused_codes(house, source) == ["CONTRACT_LICENCE_CLASS"]
    house.rights(source, licence_class="OWNED")
    assert house.admit(source, **GOOD).state == "ADMITTED"


@pytest.mark.req("TP-063")
@pytest.mark.parametrize(
    "told", [{"content": ("nudity",)}, {"content": ("MINORS", "CROWD")}, {"flags": ("Medical",)}]
)
def test_prohibited_content_is_refused_however_it_is_spelled(house: House, told: dict[str, Any]) -> None:
    source, _row = bound_source(house)
    assert refused_codes(house, source, **told) == ["CONTRACT_CONTENT"]
    assert house.admit(source, **GOOD, content=("CROWD",)).state == "ADMITTED"


@pytest.mark.req("TP-064")
def test_what_is_older_than_the_contract_keeps_it_is_refused_and_what_becomes_so_is_taken_down(
    house: House,
) -> None:
    source, row = bound_source(house, retention={"value": 10, "unit": "d"})
    at = clock.now()
    assert refused_codes(house, source, collected_at=at - timedelta(days=10)) == ["CONTRACT_RETENTION_OVER"]
    kept = house.admit(source, **GOOD, collected_at=at - timedelta(days=9))
    young = house.admit(source, **GOOD, collected_at=at - timedelta(days=3))
    assert open_for_retention(at=at) == []
    case = Takedown.objects.get(pk=open_for_retention(at=at + timedelta(days=2))[0])
    assert (case.roots, row.contract_id in case.reason) == ([kept.node_id], True)
    kept.refresh_from_db()
    young.refresh_from_db()
    assert (kept.state, young.state) == ("ISOLATED", "ADMITTED")
    assert open_for_retention(at=at + timedelta(days=2)) == []


@pytest.mark.req("TP-065")
def test_the_sample_takes_its_share_of_each_kind_and_always_the_same(house: House) -> None:
    rules = {"seed": "s", "share": {"IMAGE": 0.3}}
    source, _row = bound_source(house, samplingRules=rules)
    shas = [hashlib.sha256(f"sampled {number}".encode()).hexdigest() for number in range(40)]
    taken = [house.ask(source, **GOOD, sha256=sha).asset is not None for sha in shas]
    ready = compile_contract(written("a", samplingRules=rules))
    assert taken == [ready.takes("IMAGE", sha) for sha in shas]
    assert 0 < sum(taken) < len(taken)
    many = [hashlib.sha256(str(number).encode()).hexdigest() for number in range(4000)]
    assert 0.27 < sum(ready.takes("IMAGE", sha) for sha in many) / len(many) < 0.33
    # another seed takes others; a kind that is not named is not taken
    other = compile_contract(written("a", samplingRules={**rules, "seed": "t"}))
    assert [other.takes("IMAGE", sha) for sha in many] != [ready.takes("IMAGE", sha) for sha in many]
    assert not any(ready.takes("VIDEO", sha) for sha in many)
    whole = compile_contract(written("a", samplingRules={"seed": "s", "share": {"IMAGE": 1, "TEXT": 0}}))
    assert all(whole.takes("IMAGE", sha) for sha in many)
    assert not any(whole.takes("TEXT", sha) for sha in many)
    lost = next(sha for sha in many if not ready.takes("IMAGE", sha))
    assert refused_codes(house, source, sha256=lost) == ["CONTRACT_SAMPLED_OUT"]


@pytest.mark.req("TP-066")
def test_another_region_and_another_business_unit_are_refused(house: House) -> None:
    source, _row = bound_source(house, regions=["US-CA", "SE"])
    house.rights(source, territories=("US", "CA", "SE"))
    assert refused_codes(house, source, territory="US") == ["CONTRACT_REGION"]
    assert refused_codes(house, source, territory="CA") == ["CONTRACT_REGION"]
    assert refused_codes(house, source, territory="SE", business_unit="advertising") == [
        "CONTRACT_BUSINESS_UNIT"
    ]
    assert house.admit(source, **GOOD, territory="US-CA").state == "ADMITTED"
    assert house.admit(source, **GOOD, territory="SE").state == "ADMITTED"


@pytest.mark.req("TP-067")
def test_what_is_not_scanned_in_time_is_isolated_and_waits_for_a_person(house: House) -> None:
    source, _row = bound_source(house, timeToScan={"value": 2, "unit": "h"})
    data = picture(41)
    late, scanned = house.admit(source, **GOOD, **of_bytes(data)), picture(42)
    quick = house.admit(source, **GOOD, **of_bytes(scanned))
    receive_content(principal=house.engineer, asset_id=quick.pk, stream=io.BytesIO(scanned))
    assert isolate_unscanned(at=clock.now() + timedelta(hours=2)) == []
    assert isolate_unscanned(at=clock.now() + timedelta(hours=2, minutes=2)) == [late.pk]
    late.refresh_from_db()
    quick.refresh_from_db()
    assert (late.state, quick.state) == ("ISOLATED", "ADMITTED")
    assert Review.objects.get(asset=late).codes == ["CONTRACT_SCAN_LATE"]


def test_what_was_let_in_for_another_reason_and_is_late_for_its_scan_waits_for_a_person_again(
    house: House,
) -> None:
    source, _row = bound_source(house, timeToScan={"value": 2, "unit": "h"})
    house.rights(source, checks={**CLEAR, "robots": "UNKNOWN"})
    asset = house.admit(source, **GOOD, **of_bytes(picture(45)))
    first = Review.objects.get(asset=asset)
    answer_review(principal=house.counsel, review_id=first.pk, answer="ADMIT", reason="Asked them.")
    asset.refresh_from_db()
    assert (asset.state, first.codes) == ("ADMITTED", ["RIGHTS_UNCLEAR"])
    late = clock.now() + timedelta(hours=2, minutes=2)
    assert isolate_unscanned(at=late) == [asset.pk]
    asset.refresh_from_db()
    (second,) = Review.objects.filter(asset=asset, answer="")
    assert (asset.state, sorted(second.codes)) == ("ISOLATED", ["CONTRACT_SCAN_LATE", "RIGHTS_UNCLEAR"])
    assert state_in_report(house, asset) == "ISOLATED"
    answer_review(principal=house.counsel, review_id=second.pk, answer="ADMIT", reason="They come on Monday.")
    asset.refresh_from_db()
    assert (asset.state, isolate_unscanned(at=late)) == ("ADMITTED", [])
    assert state_in_report(house, asset) == "ADMITTED"
    history = [row["answer"] for row in rows_of_report(house, asset, "reviews")]
    assert history == ["ADMIT", "ADMIT"]


def test_what_was_let_in_and_whose_scan_finds_something_else_waits_for_a_person_again(house: House) -> None:
    source = house.source()
    house.rights(source, checks={**CLEAR, "robots": "UNKNOWN"})
    data = picture(46, size=(40, 40))  # smaller than what is good for anything
    asset = house.admit(source, **of_bytes(data))
    answer_review(
        principal=house.counsel,
        review_id=Review.objects.get(asset=asset).pk,
        answer="ADMIT",
        reason="Asked them.",
    )
    answer = receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data))
    assert answer.asset is not None
    (second,) = Review.objects.filter(asset=asset, answer="")
    assert (answer.asset.state, "LOW_QUALITY" in second.codes) == ("ISOLATED", True)
    assert state_in_report(house, asset) == "ISOLATED"
    answer_review(principal=house.counsel, review_id=second.pk, answer="REFUSE", reason="Too small.")
    assert state_in_report(house, asset) == "REFUSED"


def rows_of_report(house: House, asset: TrainingAsset, table: str) -> list[dict[str, Any]]:
    """What a signed report on an original says in one of its tables."""
    report = produce_report(principal=house.counsel, ask=ReportAsk(scope="ASSET", about=str(asset.pk)))
    with local_copy(report.location) as path, zipfile.ZipFile(path) as archive:
        lines = archive.read(f"tables/{table}.ndjson").splitlines()
    return [json.loads(line) for line in lines]


def state_in_report(house: House, asset: TrainingAsset) -> str:
    (row,) = rows_of_report(house, asset, "originals")
    return str(row["state"])


@pytest.mark.req("TP-067")
def test_bytes_that_come_too_late_are_isolated(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    source, _row = bound_source(house, timeToScan={"value": 30, "unit": "min"})
    data = picture(43)
    asset = house.admit(source, **GOOD, **of_bytes(data))
    later = clock.now() + timedelta(minutes=40)
    monkeypatch.setattr(clock, "now", lambda: later)
    answer = receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data))
    assert answer.asset is not None
    assert (answer.asset.state, answer.decision.codes) == ("ISOLATED", ["CONTRACT_SCAN_LATE"])


@pytest.mark.req("TP-068")
def test_an_exception_is_signed_by_whom_the_contract_names_and_by_nobody_else(house: House) -> None:
    other = make_desk(house.organisation, "LEGAL")
    source, _row = bound_source(house, exceptionApprovers=[other.person.email])
    at = clock.now()
    asked = ask_exception(
        principal=house.engineer,
        ask=ExceptionAsk(
            codes=("LOW_QUALITY",), source_class=source.source_class.code, source=None,
            owner=house.producer.person.email, reason="A pilot.", compensating_controls="Two look.",
            rollback_plan="Remove it.", review_on=at.date(), ends_at=at + timedelta(days=9),
        ),
    )  # fmt: skip
    with pytest.raises(Forbidden) as refused:
        sign_exception(principal=house.counsel, exception_id=asked.pk)
    assert refused.value.code == "EXCEPTION_APPROVER"
    assert sign_exception(principal=other, exception_id=asked.pk).signed_by == other.person


@pytest.mark.req("TP-068")
def test_an_exception_that_somebody_signed_before_whom_the_contract_does_not_name_lifts_nothing_under_it(
    house: House,
) -> None:
    kind = house.source_class(source_type="PARTNER_FEED", is_allowed=False)
    source = house.source(kind)
    house.rights(source)
    at = clock.now()
    asked = ask_exception(
        principal=house.engineer,
        ask=ExceptionAsk(
            codes=("SOURCE_CLASS_NOT_ALLOWED",), source_class=kind.code, source=None,
            owner=house.producer.person.email, reason="A pilot.", compensating_controls="Two look.",
            rollback_plan="Remove it.", review_on=at.date(), ends_at=at + timedelta(days=9),
        ),
    )  # fmt: skip
    sign_exception(principal=house.counsel, exception_id=asked.pk)
    assert house.ask(source, **GOOD).decision.outcome == "ADMIT"
    other = make_desk(house.organisation, "LEGAL")
    named = contract_over(house, kind, exceptionApprovers=[other.person.email])
    answer = house.ask(source, **GOOD).decision
    assert (answer.outcome, "SOURCE_CLASS_NOT_ALLOWED" in answer.codes) == ("ISOLATE", True)
    retire_contract(principal=house.counsel, contract_id=named.pk, reason="Another follows.")
    contract_over(house, kind, version="2.0.0", exceptionApprovers=[house.counsel.person.email])
    assert house.ask(source, **GOOD).decision.outcome == "ADMIT"


@pytest.mark.req("TP-071")
@pytest.mark.parametrize(
    ("changes", "clause"),
    [
        ({"beside": {"price": {"priceAmount": 3}}}, "price"),
        ({"beside": {"servers": [{"server": "lake", "type": "s3", "location": "s3://lake"}]}}, "servers"),
        ({"humanInTheLoop": True}, "customProperties.humanInTheLoop"),
        ({"allowedSourceTypes": ["ARCHIVE", "DREAMS"]}, "customProperties.allowedSourceTypes"),
        ({"prohibitedContent": "NUDITY"}, "customProperties.prohibitedContent"),
        ({"regions": ["ATLANTIS"]}, "customProperties.regions"),
        ({"onMissingMetadata": "WARN"}, "customProperties.onMissingMetadata"),
        ({"samplingRules": {"seed": "s", "share": {"IMAGE": 2}}}, "customProperties.samplingRules"),
        ({"exceptionApprovers": ["nobody@example.test"]}, "customProperties.exceptionApprovers"),
        ({"exceptionApprovers": ["PRODUCER"]}, "customProperties.exceptionApprovers"),
        ({"retention": {"value": 3, "unit": "moons"}}, "slaProperties.retention"),
        ({"retention": {"value": -3, "unit": "d"}}, "slaProperties.retention"),
        ({"timeToScan": {"value": 3, "unit": "h", "schedule": "0 20 * * *"}}, "slaProperties.timeToScan.schedule"),
        ({"fields": [{"name": "shoe_size", "logicalType": "string", "required": True}]}, "schema.asset.shoe_size"),
        ({"fields": [{"name": "location", "logicalType": "string", "required": True, "unique": True}]}, "schema.asset.location.unique"),
        (
            {"fields": [{"name": "location", "logicalType": "string", "required": True,
                         "quality": [{"metric": "nullValues", "mustBe": 0}]}]},
            "schema.asset.location.quality",
        ),
        (
            {"fields": [{"name": "location", "logicalType": "string", "required": True,
                         "logicalTypeOptions": {"format": "uri"}}]},
            "schema.asset.location.logicalTypeOptions.format",
        ),
    ],
)  # fmt: skip
def test_a_clause_that_nothing_enforces_is_named_and_keeps_the_contract_out_of_force(
    house: House, changes: dict[str, Any], clause: str
) -> None:
    kind = house.source_class()
    row = register_contract(principal=house.engineer, text=written(kind.code, **changes))
    with pytest.raises(InvalidInput) as refused:
        activate_contract(principal=house.counsel, contract_id=row.pk)
    assert refused.value.code == "CONTRACT_CLAUSE_UNENFORCED"
    assert clause in [one["clause"] for one in refused.value.extra["clauses"]]
    row.refresh_from_db()
    assert row.state == "DRAFT"
    assert not row.bindings.exists()


@pytest.mark.parametrize(
    "name", ["allowedSourceTypes", "prohibitedContent", "retention", "timeToScan", "samplingRules"]
)
def test_a_contract_that_says_too_little_is_not_put_into_force(house: House, name: str) -> None:
    row = register_contract(
        principal=house.engineer, text=written(house.source_class().code, **dict[str, Any]({name: None}))
    )
    with pytest.raises(InvalidInput) as refused:
        activate_contract(principal=house.counsel, contract_id=row.pk)
    assert (refused.value.code, refused.value.extra["clauses"]) == ("CONTRACT_INCOMPLETE", [name])


@pytest.mark.parametrize(
    "text",
    [
        "", "- a list", "a: [", "a: 1\na: 2", "a: &x 1\nb: *x", "a: !!python/object:os.system 1", "[" * 5000,
        "apiVersion: v3.1.0\nkind: DataContract\nid: x\n", EXAMPLE.replace("v3.1.0", "v2.2.2"),
        EXAMPLE.replace("version: 1.0.0", "version: 1.0"), EXAMPLE + "surprise: 1\n", EXAMPLE + "id: again\n",
        EXAMPLE.replace("kind: DataContract", "kind: Something"), EXAMPLE + "\0", "#" * (BYTES_MAX + 1),
        EXAMPLE.replace("minLength: 3", "pattern: '('"), EXAMPLE.replace("id: partner-reels", f"id: {'x' * 121}"),
        EXAMPLE.replace("required: true\n", "required: true\n        nonsense: 3\n", 1),
    ],
)  # fmt: skip
def test_what_is_no_contract_is_refused_and_not_kept(house: House, text: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        register_contract(principal=house.engineer, text=text)
    assert refused.value.code == "CONTRACT_INVALID"
    assert not DataContract.objects.exists()


def test_a_version_is_never_written_over_and_says_for_ever_what_it_said(house: House) -> None:
    source, row = bound_source(house)
    with pytest.raises(Conflict) as twice:
        register_contract(principal=house.engineer, text=row.text + "\n# changed\n")
    assert twice.value.code == "CONTRACT_EXISTS"
    for field, value in (
        ("text", "x"),
        ("hash", "x"),
        ("version", "2"),
        ("state", "DRAFT"),
        ("activated_at", None),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            DataContract.objects.filter(pk=row.pk).update(**{field: value})
    with pytest.raises(DatabaseError), transaction.atomic():
        row.bindings.all()._raw_delete("default")
    with pytest.raises(DatabaseError), transaction.atomic():
        row.bindings.update(source_class=house.source_class())
    assert house.admit(source, **GOOD).state == "ADMITTED"


def test_registering_and_putting_into_force_take_two_people_and_counsel(
    house: House, stranger: House
) -> None:
    admin = make_desk(house.organisation, "ADMIN")
    row = register_contract(principal=admin, text=written(house.source_class().code))
    for who, code in (
        (admin, "FOUR_EYES"),
        (house.engineer, "COUNSEL_ONLY"),
        (house.producer, "COUNSEL_ONLY"),
    ):
        with pytest.raises(Forbidden) as refused:
            activate_contract(principal=who, contract_id=row.pk)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        activate_contract(principal=stranger.counsel, contract_id=row.pk)
    with pytest.raises(Forbidden):
        register_contract(principal=house.counsel, text=EXAMPLE)
    assert activate_contract(principal=house.counsel, contract_id=row.pk).state == "ACTIVE"
    with pytest.raises(Conflict) as again:
        activate_contract(principal=house.counsel, contract_id=row.pk)
    assert again.value.code == "CONTRACT_STATE"


def test_a_class_stands_under_one_contract_and_an_unknown_class_under_none(house: House) -> None:
    source, _row = bound_source(house)
    code = source.source_class.code
    other = register_contract(principal=house.engineer, text=written(code, beside={"id": "other"}))
    with pytest.raises(Conflict) as taken:
        activate_contract(principal=house.counsel, contract_id=other.pk)
    assert taken.value.code == "CONTRACT_CLASS_BOUND"
    unknown = register_contract(principal=house.engineer, text=written("no-such-class", version="7"))
    with pytest.raises(InvalidInput) as lost:
        activate_contract(principal=house.counsel, contract_id=unknown.pk)
    assert lost.value.code == "SOURCE_CLASS_UNKNOWN"


def test_a_contract_cannot_widen_what_the_house_admits(house: House) -> None:
    source, _row = bound_source(house)
    house.rights(source, may_train=False)
    assert refused_codes(house, source) == ["TRAINING_NOT_PERMITTED"]
    assert "permit" not in compile_contract(EXAMPLE).rules


def test_a_contract_that_changes_under_a_running_ingest_judges_each_asset_under_one_version(
    house: House,
) -> None:
    source, first = bound_source(house)
    data = picture(51)
    before = house.admit(source, **GOOD, **of_bytes(data))
    second = contract_over(house, source.source_class, version="2.0.0", onMissingMetadata="REFUSE")
    after = house.admit(source, **GOOD)
    assert (before.decision.contract_hash, after.decision.contract_hash) == (first.hash, second.hash)
    for asset, row in ((before, first), (after, second)):
        assert asset.decision.policy.text.count("// contract ") == 1
        assert row.hash in asset.decision.policy.text
    first.refresh_from_db()
    assert (first.state, first.bindings.get().until) == ("RETIRED", first.retired_at)
    # its bytes come now: judged again, under the version of now, and the verdict says so
    answer = receive_content(principal=house.engineer, asset_id=before.pk, stream=io.BytesIO(data))
    assert (answer.decision.outcome, answer.decision.contract_hash) == ("ADMIT", second.hash)


def test_an_ingest_that_runs_by_one_contract_is_told_when_another_is_in_force(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, first = bound_source(house)
    data = picture(52)
    capture = make_capture(**GOOD, **of_bytes(data))

    def ask(under: str | None, told: Any = capture) -> Any:
        return register_asset(principal=house.engineer, source_id=source.pk, capture=told, under=under)

    asset = ask(first.hash).asset
    assert asset.state == "ADMITTED"
    second = contract_over(house, source.source_class, version="2.0.0")
    # nothing half-admitted: no verdict, no asset, not a byte read
    before = (TrainingAsset.objects.count(), PolicyDecision.objects.count())
    for under in (first.hash, ""):
        with pytest.raises(Conflict) as changed:
            ask(under, make_capture(**GOOD))
        assert (changed.value.code, changed.value.extra) == (
            "CONTRACT_CHANGED",
            {"contract_hash": second.hash},
        )
    with pytest.raises(Conflict) as late:
        receive_content(principal=house.engineer, asset_id=asset.pk, stream=_Unread(b"x"), under=first.hash)
    assert late.value.code == "CONTRACT_CHANGED"
    assert (TrainingAsset.objects.count(), PolicyDecision.objects.count()) == before
    # and where it changes while the bytes are scanned
    scan = assets_room.scan_file  # type: ignore[attr-defined]

    def scan_and_change(*args: Any, **named: Any) -> Any:
        contract_over(house, source.source_class, version="3.0.0")
        return scan(*args, **named)

    with monkeypatch.context() as patched:
        patched.setattr(assets_room, "scan_file", scan_and_change)
        with pytest.raises(Conflict) as during:
            receive_content(
                principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data), under=second.hash
            )
    assert during.value.code == "CONTRACT_CHANGED"
    asset.refresh_from_db()
    assert (asset.stored_at, asset.findings, PolicyDecision.objects.count()) == (None, {}, before[1])
    third = DataContract.objects.get(state="ACTIVE")
    answer = receive_content(
        principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data), under=third.hash
    )
    assert (answer.decision.outcome, answer.decision.contract_hash) == ("ADMIT", third.hash)


@pytest.mark.req("TP-216")
def test_a_stricter_version_takes_down_what_it_would_not_have_admitted_and_nothing_else(house: House) -> None:
    source, _row = bound_source(house)
    crowd = house.admit(source, **GOOD, content=("CROWD",))
    plain = house.admit(source, **GOOD)
    assert open_for_policy(organisation_id=house.organisation.pk) is None
    assert organisations_to_judge() == []
    contract_over(house, source.source_class, version="2.0.0", prohibitedContent=["CROWD"])
    assert organisations_to_judge() == [house.organisation.pk]
    case = Takedown.objects.get(pk=open_for_policy(organisation_id=house.organisation.pk))
    assert (case.trigger, case.roots, "CONTRACT_CONTENT" in case.reason) == (
        "POLICY_CHANGED",
        [crowd.node_id],
        True,
    )
    plain.refresh_from_db()
    assert (plain.state, organisations_to_judge()) == ("ADMITTED", [])


def test_a_contract_that_changes_while_material_is_judged_again_has_it_judged_once_more(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    source, _first = bound_source(house)
    house.rights(source, territories=("US", "SE"))
    asset = house.admit(source, **GOOD, territory="SE")
    contract_over(house, source.source_class, version="2.0.0")
    honest = automatic._rejudged

    def changed_meanwhile(organisation_id: Any) -> list[Any]:
        judged = list(honest(organisation_id))
        contract_over(house, source.source_class, version="3.0.0", regions=["US"])
        return judged

    monkeypatch.setattr(automatic, "_rejudged", changed_meanwhile)
    assert open_for_policy(organisation_id=house.organisation.pk) is None, (
        "nothing was against the second version"
    )
    monkeypatch.setattr(automatic, "_rejudged", honest)
    assert organisations_to_judge() == [house.organisation.pk], "judged under what is in force no more"
    case = Takedown.objects.get(pk=open_for_policy(organisation_id=house.organisation.pk))
    assert (case.roots, organisations_to_judge()) == ([asset.node_id], [])


def test_a_class_that_has_lost_its_contract_admits_nothing_without_a_person(house: House) -> None:
    source, row = bound_source(house)
    kept = house.admit(source, **GOOD)
    with pytest.raises(InvalidInput):
        retire_contract(principal=house.counsel, contract_id=row.pk, reason=" ")
    retire_contract(principal=house.counsel, contract_id=row.pk, reason="The partner left.")
    waiting = house.admit(source, **GOOD)
    assert (waiting.state, waiting.decision.codes) == ("ISOLATED", ["CONTRACT_MISSING"])
    assert open_for_policy(organisation_id=house.organisation.pk) is None
    kept.refresh_from_db()
    assert kept.state == "ADMITTED"
    with pytest.raises(Conflict):
        retire_contract(principal=house.counsel, contract_id=row.pk, reason="Again.")
    with pytest.raises(DatabaseError), transaction.atomic():
        DataContract.objects.filter(pk=row.pk).update(state="ACTIVE")


class _Unread(io.BytesIO):
    """Bytes that nobody may read."""

    def read(self, *_args: Any) -> bytes:
        raise AssertionError("a byte was read")


@pytest.mark.req("TP-076")
@pytest.mark.parametrize("what", ["stopped", "contract", "rights"])
def test_what_no_scan_could_save_is_refused_before_a_byte_is_read(
    house: House, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    def scan(*_args: Any, **_named: Any) -> None:
        raise AssertionError("it was scanned")

    monkeypatch.setattr(assets_room, "scan_file", scan)
    source, _row = bound_source(house)
    asset = house.admit(source, **GOOD, content=("CROWD",))
    if what == "stopped":
        stop_class(principal=house.engineer, class_id=source.source_class_id, reason="A claim.")
    elif what == "rights":
        end_rights(principal=house.counsel, rights_id=asset.rights_id or asset.pk, reason="Taken back.")
    else:
        contract_over(house, source.source_class, version="2", prohibitedContent=["CROWD"])
    answer = receive_content(principal=house.engineer, asset_id=asset.pk, stream=_Unread(b"x"))
    expected = {
        "stopped": "SOURCE_CLASS_STOPPED",
        "contract": "CONTRACT_CONTENT",
        "rights": "LICENCE_REVOKED",
    }
    assert (answer.decision.outcome, expected[what] in answer.decision.codes) == ("REFUSE", True)
    asset.refresh_from_db()
    assert (asset.state, asset.held, asset.decision_id) == ("REFUSED", "ELSEWHERE", answer.decision.pk)


def test_the_example_says_the_same_in_json() -> None:
    told = json.dumps(yaml.safe_load(EXAMPLE))
    assert compile_contract(told).clauses == compile_contract(EXAMPLE).clauses
    assert compile_contract(told).contract.hash != compile_contract(EXAMPLE).contract.hash
