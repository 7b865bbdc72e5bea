"""Rights reports: four questions, one moment, one signature; made again after what happened since, they say the same."""

from __future__ import annotations

import csv
import io
import json
import threading
import zipfile
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction

from audit.models import Event
from common import clock, keys
from common.errors import Forbidden, InvalidInput, NotFound, Unavailable
from common.storage import blobs
from licensing import services
from tests.factories import (
    approve,
    desk_of_talent,
    make_desk,
    make_production,
    make_submitted_request,
    make_training_ask,
)
from tests.training.making import CLEAR, House
from tests.training.test_manifests import make_run
from tests.training.test_takedowns import a_story, claim
from training.models import ReportRerun, RightsRecord, RightsReport, TrainingManifest, TrainingQuestion
from training.reporting import cut as cutting
from training.reporting.cut import exact
from training.services import reruns
from training.services.reports import ReportAsk, build_report
from training.services.reruns import ask_rerun
from training.services.reviews import answer_review
from training.services.rights import end_rights
from training.services.sources import open_class, stop_class
from training.services.takedown_acts import answer_item, call_off, close_takedown, remove_material
from training.tasks import compare_report, make_report, resume_reports, resume_reruns
from training.workflows import make_again, produce_report
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.rights_report import HEAD, STATEMENT, verify_report

pytestmark = pytest.mark.django_db


def report_on(house: House, scope: str, about: object = "", **changes: Any) -> RightsReport:
    return produce_report(principal=house.counsel, ask=ReportAsk(scope=scope, about=str(about), **changes))


def file_of(report: RightsReport) -> bytes:
    with blobs().open(report.location, "rb") as stream:
        return bytes(stream.read())


def table(report: RightsReport, name: str) -> list[dict[str, Any]]:
    with zipfile.ZipFile(io.BytesIO(file_of(report))) as archive:
        return [json.loads(line) for line in archive.read(f"tables/{name}.ndjson").splitlines()]


def ids(report: RightsReport, name: str) -> set[str]:
    return {row["id"] for row in table(report, name)}


@pytest.mark.req("TP-091", "TP-092", "TP-093", "TP-094")
def test_a_report_on_a_model_says_what_was_collected_why_it_was_allowed_what_was_made_and_where_it_is(
    house: House,
) -> None:
    told, apart = a_story(house), house.admit()
    report = report_on(house, "MODEL", told["model"].pk)
    assert report.state == "DONE", report.problem
    asset = told["asset"]
    assert ids(report, "originals") == {str(asset.pk), str(told["beside"].pk)}  # not what is apart
    assert str(apart.source_id) not in ids(report, "sources")
    (first,) = [row for row in table(report, "originals") if row["id"] == str(asset.pk)]
    assert (first["sha256"], first["canonical_url"], first["state"], first["method"]) == (
        asset.sha256, asset.canonical_url, "ADMITTED", "EXPORT",
    )  # fmt: skip
    rights = {row["source"]: row for row in table(report, "rights")}[str(asset.source_id)]
    assert (rights["licence_class"], rights["may_train"], rights["standing"]) == (
        "NEGOTIATED",
        True,
        "IN_FORCE",
    )
    verdicts = {row["id"]: row for row in table(report, "verdicts")}
    assert set(first["verdicts"]) <= set(verdicts)
    assert len(first["verdicts"]) == 2  # by what was captured, and again when the bytes came
    last = verdicts[first["verdicts"][-1]]
    assert (last["outcome"], last["after"], last["facts"]["may_train"]) == (
        "ADMIT",
        first["verdicts"][0],
        True,
    )
    assert {row["hash"] for row in table(report, "policies")} == {last["policy"]}
    (derivative,) = table(report, "derivatives")
    (job,) = table(report, "jobs")
    assert (derivative["parents"], derivative["job"]) == ([str(asset.pk)], job["id"])
    assert (job["steps"], job["approved_by"]) == (
        [{"step": "crop", "to": "512x512"}],
        str(house.producer.person.pk),
    )
    (manifest,), (run,), (model,) = (table(report, name) for name in ("manifests", "runs", "models"))
    assert manifest["content_id"] == run["manifest"] == told["manifest"].content_id
    assert (model["run"], model["sha256"]) == (run["id"], "4" * 64)
    placed = {(row["manifest"], row["ref"]) for row in table(report, "rows")}
    assert (manifest["content_id"], derivative["id"]) in placed
    assert {one["standing"] for one in run["licences"]} == {"IN_FORCE"}
    kinds = {row["kind"] for row in table(report, "events")}
    assert {"training.asset_judged", "training.manifest_frozen", "training.models_registered"} <= kinds


def test_each_scope_tells_of_what_it_came_from_and_what_was_made_of_it(house: House) -> None:
    told, apart = a_story(house), house.admit()
    everything = {str(told["asset"].pk), str(told["beside"].pk), str(apart.pk)}
    for scope, about, wanted in (
        ("ORGANISATION", "", everything),
        ("SOURCE", told["asset"].source_id, {str(told["asset"].pk)}),
        ("ASSET", told["asset"].pk, {str(told["asset"].pk)}),
        ("MANIFEST", told["manifest"].content_id, everything - {str(apart.pk)}),
        ("RUN", told["run"].pk, everything - {str(apart.pk)}),
    ):
        report = report_on(house, scope, about)
        assert ids(report, "originals") == wanted, scope
        assert ids(report, "models") == {str(told["model"].pk)}, scope
        answers = report.head["answers"]
        assert answers["collected"]["originals"] == len(wanted)
        assert answers["ended_up"]["models"] == 1
    lone = report_on(house, "ASSET", apart.pk)
    assert (ids(lone, "originals"), ids(lone, "models")) == ({str(apart.pk)}, set())


@pytest.mark.req("TP-095", "TP-090")
@pytest.mark.parametrize("scope", ["ORGANISATION", "SOURCE", "ASSET", "MANIFEST", "MODEL"])
def test_after_a_takedown_a_renewal_and_a_review_the_same_cut_gives_the_same_bytes(
    house: House, scope: str
) -> None:
    told = a_story(house)
    source, rights = told["asset"].source, RightsRecord.objects.get(source=told["asset"].source)
    unclear = house.source()
    house.rights(unclear, checks={**CLEAR, "robots": "UNKNOWN"})
    isolated = house.admit(unclear)
    about = {
        "ORGANISATION": "", "SOURCE": source.pk, "ASSET": told["asset"].pk, "MANIFEST": told["manifest"].pk,
        "MODEL": told["model"].pk,
    }[scope]  # fmt: skip
    until = clock.now()
    before = report_on(house, scope, about, until=until)
    whole = file_of(before)
    # a review is answered, the licence renewed and its old record ended, the class stopped, and all taken down
    answer_review(principal=house.counsel, review_id=isolated.review.pk, answer="ADMIT", reason="Cleared.")
    house.rights(source, licence_type="Archive agreement 12, renewed", evidence_sha256="d" * 64)
    end_rights(principal=house.counsel, rights_id=rights.pk, reason="Renewed.")
    stop_class(principal=house.counsel, class_id=source.source_class_id, reason="Looked into.")
    case = claim(house, told["asset"])
    make_run(house, told["manifest"], 2)
    remove_material(principal=house.counsel, takedown_id=case.pk)
    for item in case.items.filter(kind="MODEL"):
        answer_item(
            principal=house.engineer, takedown_id=case.pk, item_id=item.pk, action="RETRAIN", evidence="Run 9.",
            evidence_sha256="",
        )  # fmt: skip
    close_takedown(principal=house.counsel, takedown_id=case.pk)

    again = make_again(principal=house.counsel, report_id=before.pk)
    assert (again.is_same, again.content_id) == (True, before.content_id)
    anew = report_on(house, scope, about, until=until)
    assert file_of(anew) == whole  # to the byte, signature and all
    # and the same question of now tells what happened
    now = report_on(house, scope, about)
    assert now.content_id != before.content_id
    states = {row["id"]: row["state"] for row in table(now, "originals")}
    assert states[str(told["asset"].pk)] == "REMOVED"
    assert {row["state"] for row in table(now, "takedowns")} == {"CLOSED"}
    standings = {row["id"]: row["standing"] for row in table(now, "rights")}
    assert standings[str(rights.pk)] == "ENDED"
    assert len(table(now, "rights")) == len(table(before, "rights")) + 1
    if scope == "ORGANISATION":
        assert {row["id"]: row["state"] for row in table(before, "originals")}[str(isolated.pk)] == "ISOLATED"
        assert states[str(isolated.pk)] == "ADMITTED"


def test_states_follow_a_case_that_is_opened_and_called_off(house: House) -> None:
    told = a_story(house)
    asset = str(told["asset"].pk)

    def state(until: Any) -> str:
        report = report_on(house, "ASSET", asset, until=until)
        (row,) = table(report, "originals")
        return str(row["state"])

    before = clock.now()
    case = claim(house, told["asset"])
    during = clock.now()
    call_off(principal=house.counsel, takedown_id=case.pk, reason="It was withdrawn.")
    after = clock.now()
    assert [state(at) for at in (before, during, after)] == ["ADMITTED", "ISOLATED", "ADMITTED"]


def test_a_report_can_be_cut_at_an_event_and_not_in_the_future_nor_at_a_strangers_event(
    house: House, stranger: House
) -> None:
    told = a_story(house)
    frozen = Event.objects.get(kind="training.manifest_frozen", object_id=str(told["manifest"].pk))
    theirs = Event.objects.filter(organisation_id=stranger.organisation.pk).first()
    report = report_on(house, "ASSET", told["asset"].pk, event=frozen.number)
    assert report.until == frozen.at
    assert table(report, "models") == []  # it came later
    assert max(row["number"] for row in table(report, "events")) <= frozen.number
    with pytest.raises(InvalidInput) as future:
        report_on(house, "ORGANISATION", until=clock.now() + timedelta(minutes=1))
    with pytest.raises(InvalidInput) as both:
        report_on(house, "ORGANISATION", until=clock.now(), event=frozen.number)
    assert (future.value.code, both.value.code) == ("CUT_INVALID", "CUT_INVALID")
    assert theirs is None or theirs.number != frozen.number
    with pytest.raises(NotFound):
        report_on(stranger, "ORGANISATION", event=frozen.number)
    with pytest.raises(NotFound):  # it was not there at the cut
        report_on(house, "MODEL", told["model"].pk, event=frozen.number)


def test_strangers_and_wrong_scopes_are_refused(house: House, stranger: House) -> None:
    told = a_story(house)
    for scope, about in (("SOURCE", told["asset"].source_id), ("MANIFEST", told["manifest"].content_id)):
        with pytest.raises(NotFound):
            report_on(stranger, scope, about)
    with pytest.raises(NotFound):
        report_on(house, "SOURCE", "not an id")
    for ask in ({"scope": "ORGANISATION", "about": "x"}, {"scope": "SOURCE", "about": ""}):
        with pytest.raises(InvalidInput) as refused:
            report_on(house, **ask)
        assert refused.value.code == "SCOPE_INCOMPLETE"
    with pytest.raises(InvalidInput) as unknown:
        report_on(house, "PLANET", "x")
    assert unknown.value.code == "SCOPE_UNKNOWN"
    mine = report_on(house, "ORGANISATION")
    with pytest.raises(NotFound):
        make_again(principal=stranger.counsel, report_id=mine.pk)


@pytest.mark.req("TP-106")
def test_a_report_verifies_offline_and_holds_a_table_as_lines_and_as_a_sheet_that_say_the_same(
    house: House,
) -> None:
    told = a_story(house)
    report = report_on(house, "MODEL", told["model"].pk)
    known = keys.public_keys("DECISION")
    verified = verify_report(io.BytesIO(file_of(report)), known)
    assert (verified.id, verified.head) == (report.content_id, report.head)
    with zipfile.ZipFile(io.BytesIO(file_of(report))) as archive:
        sheet = archive.read("tables/originals.csv").decode("utf-8-sig")
    rows = list(csv.DictReader(io.StringIO(sheet)))
    assert [row["sha256"] for row in rows] == [row["sha256"] for row in table(report, "originals")]
    assert rows[0]["size_bytes"] == str(table(report, "originals")[0]["size_bytes"])
    assert verified.head["answers"]["collected"]["originals_by_kind"] == {"IMAGE": 2}


def _changed(data: bytes, name: str, change: Any, *, further: dict[str, bytes] | None = None) -> io.BytesIO:
    made = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as source, zipfile.ZipFile(made, "w") as target:
        for one in source.namelist():
            told = source.read(one)
            told = change(told) if one == name else told
            if told is not None:
                target.writestr(one, told)
        for one, told in (further or {}).items():
            target.writestr(one, told)
    made.seek(0)
    return made


def test_a_report_of_which_anything_was_changed_lost_or_added_does_not_verify(house: House) -> None:
    a_story(house)
    data, known = file_of(report_on(house, "ORGANISATION")), keys.public_keys("DECISION")
    mismatch = InvalidReason.HASH_MISMATCH
    flipped = lambda told: told.replace(b"ADMITTED", b"REFUSED_")  # noqa: E731
    for stream, reason in (
        (_changed(data, "tables/originals.ndjson", flipped), mismatch),
        (_changed(data, "tables/runs.csv", lambda _: None), mismatch),
        (_changed(data, HEAD, lambda told: told + b" "), mismatch),
        (_changed(data, "", None, further={"tables/more.csv": b""}), mismatch),
        (_changed(data, STATEMENT, lambda _: None), InvalidReason.MALFORMED),
        (io.BytesIO(data[: len(data) // 2]), InvalidReason.MALFORMED),
    ):
        with pytest.raises(InvalidEvidence) as refused:
            verify_report(stream, known)
        assert refused.value.code == reason
    with pytest.raises(InvalidEvidence) as untrusted:
        verify_report(io.BytesIO(data), {})
    assert untrusted.value.code == InvalidReason.KEY_UNTRUSTED


def test_nothing_is_signed_over_a_manifest_whose_own_signature_does_not_hold(house: House) -> None:
    told = a_story(house)
    with connection.cursor() as cursor:  # as somebody with the database in hand
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table training_trainingmanifest disable trigger user")
        envelope = bytes(TrainingManifest.objects.get(pk=told["manifest"].pk).envelope)
        broken = envelope.replace(b'"sig":"', b'"sig":"AAAA', 1)
        cursor.execute(
            "update training_trainingmanifest set envelope = %s where id = %s", [broken, told["manifest"].pk]
        )
        cursor.execute("alter table training_trainingmanifest enable trigger user")
    report = report_on(house, "MANIFEST", told["manifest"].pk)
    assert (report.state, report.problem, report.statement) == ("FAILED", "SIGNATURE_INVALID", None)


def test_a_signed_report_cannot_be_changed_and_a_rerun_tells_when_the_rows_below_were(house: House) -> None:
    told = a_story(house)
    report = report_on(house, "ASSET", told["asset"].pk)
    with pytest.raises(DatabaseError), transaction.atomic():
        RightsReport.objects.filter(pk=report.pk).update(content_id="sha256:" + "0" * 64)
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table training_trainingasset disable trigger user")
        cursor.execute(
            "update training_trainingasset set licence_claim = 'forged' where id = %s", [told["asset"].pk]
        )
        cursor.execute("alter table training_trainingasset enable trigger user")
    found = make_again(principal=house.counsel, report_id=report.pk)
    assert found.differs == [HEAD, "tables/originals.csv", "tables/originals.ndjson"]
    assert (found.is_same, found.content_id != report.content_id) == (False, True)
    with pytest.raises(DatabaseError), transaction.atomic():
        ReportRerun.objects.filter(pk=found.pk).update(differs=[])


@pytest.mark.usefixtures("embedded_valkey")
def test_a_large_report_is_made_again_in_the_background_one_at_a_time_and_taken_up_after_a_crash(
    house: House, settings: Any, django_capture_on_commit_callbacks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, asked = a_story(house), list[str]()
    report = report_on(house, "MODEL", told["model"].pk)
    settings.REPORT_INLINE_ROWS = 0
    monkeypatch.setattr(compare_report, "delay", asked.append)
    with django_capture_on_commit_callbacks(execute=True):
        row = make_again(principal=house.engineer, report_id=report.pk)
        same = make_again(principal=house.counsel, report_id=report.pk)
    assert (row.state, row.is_same, same.pk, asked) == ("QUEUED", None, row.pk, [str(row.pk)])
    assert resume_reruns() == 0  # somebody may be at it
    ReportRerun.objects.filter(pk=row.pk).update(
        state="RUNNING", touched_at=clock.now() - timedelta(minutes=2)
    )
    assert (resume_reruns(), asked) == (1, [str(row.pk)] * 2)
    compare_report.apply(args=(str(row.pk),))
    row.refresh_from_db()
    assert (row.state, row.is_same, row.content_id) == ("DONE", True, report.content_id)
    assert ask_rerun(principal=house.engineer, report_id=report.pk)[1], (
        "once it has ended, another may be asked"
    )


def test_a_rerun_that_cannot_be_made_says_why(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    report = report_on(house, "ORGANISATION")
    row, _is_new = ask_rerun(principal=house.counsel, report_id=report.pk)

    def broken(_row: Any) -> Any:
        raise InvalidEvidence(InvalidReason.SIGNATURE_INVALID, "not ours", "")

    monkeypatch.setattr(reruns, "_compared", broken)
    compare_report.apply(args=(str(row.pk),))
    row.refresh_from_db()
    assert (row.state, row.problem, row.is_same) == ("FAILED", "SIGNATURE_INVALID", None)


def test_whoever_neither_runs_the_pipeline_nor_is_counsel_makes_no_report_again(house: House) -> None:
    report = report_on(house, "ORGANISATION")
    reader = make_desk(house.organisation, "AUDITOR")
    with pytest.raises(Forbidden) as refused:
        make_again(principal=reader, report_id=report.pk)
    assert refused.value.code == "RERUN_ONLY"
    assert not ReportRerun.objects.exists()


def test_a_report_says_since_when_a_class_was_stopped_at_its_cut_and_not_what_came_later(
    house: House,
) -> None:
    source = house.licensed_source()
    kind = source.source_class_id
    before = clock.now()
    stop_class(principal=house.counsel, class_id=kind, reason="A claim.")
    stopped = clock.now()
    open_class(principal=house.counsel, class_id=kind, reason="Settled.")
    opened = clock.now()
    stop_class(principal=house.counsel, class_id=kind, reason="Another.")
    said = []
    for until in (before, stopped, opened, clock.now()):
        (row,) = table(report_on(house, "SOURCE", source.pk, until=until), "sources")
        said.append(row["class_stopped_at"])
    first, second = (
        exact(one.at) for one in Event.objects.filter(kind="training.class_stopped").order_by("number")
    )
    assert said == [None, first, None, second]


@pytest.mark.django_db(transaction=True)
def test_a_report_waits_for_whoever_was_writing_at_its_cut(house: House) -> None:
    """A row that says "before the cut" and commits after it would be missed; so its writer is waited for."""
    source = house.licensed_source()
    wrote, go_on = threading.Event(), threading.Event()
    made: list[str] = []

    def write() -> None:
        try:
            with transaction.atomic():
                made.append(str(house.admit(source).pk))
                wrote.set()
                go_on.wait(10)
        finally:
            connection.close()

    writer = threading.Thread(target=write)
    writer.start()
    assert wrote.wait(10)
    until = clock.now()
    with pytest.raises(Unavailable) as unsettled:
        cutting.settle(until, seconds_most=0.1)
    assert unsettled.value.code == "REPORT_UNSETTLED"
    timer = threading.Timer(0.5, go_on.set)
    timer.start()
    report = report_on(house, "SOURCE", source.pk, until=until)
    writer.join()
    assert report.state == "DONE"
    assert ids(report, "originals") == set(made)


@pytest.mark.usefixtures("embedded_valkey")
def test_a_large_report_is_made_in_the_background_and_taken_up_again_after_a_crash(
    house: House, settings: Any
) -> None:
    told = a_story(house)
    settings.REPORT_INLINE_ROWS, settings.CELERY_TASK_ALWAYS_EAGER = 0, False
    row = RightsReport.objects.get(pk=report_on(house, "MODEL", told["model"].pk).pk)
    assert row.state == "QUEUED"
    assert row.took_ms is None
    assert resume_reports() == 0  # somebody may be at it
    RightsReport.objects.filter(pk=row.pk).update(
        state="BUILDING", touched_at=clock.now() - timedelta(minutes=2)
    )
    assert resume_reports() == 1
    make_report.apply(args=(str(row.pk),))
    row.refresh_from_db()
    assert (row.state, row.problem) == ("DONE", "")
    assert build_report(row.pk).content_id == row.content_id  # once more changes nothing


@pytest.mark.req("TP-192")
def test_the_time_to_produce_each_report_is_measured_and_kept(house: House) -> None:
    report = report_on(house, "ORGANISATION")
    assert report.took_ms is not None
    assert report.took_ms >= 250  # whoever stamps a row before the cut is waited for
    (question,) = TrainingQuestion.objects.filter(organisation=house.organisation, kind="RIGHTS_REPORT")
    assert question.took_ms == report.took_ms
    with pytest.raises(DatabaseError), transaction.atomic():
        TrainingQuestion.objects.filter(pk=question.pk).update(took_ms=0)


def test_a_report_tells_how_a_talents_licence_stood_at_its_cut(house: House) -> None:
    render = make_submitted_request(producer=house.producer, production=make_production(house.organisation))
    approve(render)
    asked = services.submit_training_request(principal=house.producer, ask=make_training_ask(render))
    talent = desk_of_talent(render.talent)
    token = services.approve_training(principal=talent, request_id=asked.pk, terms_hash=asked.terms_hash)
    source = house.source()
    house.rights(source, licence_class="TALENT_TRAINING_LICENCE", training_token=token.pk)
    moments = [clock.now()]
    hold = services.place_hold(
        principal=house.producer, covers="production", covered_id=render.production_id, reason="SUSPENDED",
        why="We need to look at it.",
    )  # fmt: skip
    moments.append(clock.now())
    services.lift_hold(principal=house.producer, hold_id=hold.pk)
    moments.append(clock.now())
    services.revoke_training(principal=talent, jti=token.pk, reason="No more.")
    moments.append(clock.now())
    rows = [table(report_on(house, "SOURCE", source.pk, until=at), "rights")[0] for at in moments]
    assert [row["standing"] for row in rows] == [
        "IN_FORCE", "LICENCE_SUSPENDED", "IN_FORCE", "LICENCE_REVOKED",
    ]  # fmt: skip
    assert {row["training_token"] for row in rows} == {str(token.pk)}
