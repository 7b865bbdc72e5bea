"""A registered script handed in as training text waits, whatever the licence of its source says, until training is granted."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from django.db import connection

from common import clock
from common.errors import Conflict, InvalidInput
from screenplays import services
from screenplays.models import Version, Work
from tests import factories
from tests.screenplays import scripts
from tests.training.making import COMMIT, House, of_bytes
from tests.training.test_scans import admitted, hand_in
from training.models import Review, Takedown, TrainingAsset, TrainingManifest
from training.scripts import scripts_in
from training.services.assets import Admission, receive_content
from training.services.exceptions import ExceptionAsk, ask_exception
from training.services.imports import hand_in_material, read_material
from training.services.manifests import ManifestAsk, freeze_manifest, release_manifest
from training.services.releasing import may_be_trained_on
from training.services.reviews import answer_review
from training.services.script_ends import name_scripts, open_for_scripts
from training.services.takedown_acts import call_off

CODE = "SCRIPT_TRAINING_NOT_GRANTED"
SAID = {"title": "Pages", "language": "en"}
pytestmark = pytest.mark.django_db


class Writers:
    """A studio whose producer keeps one work of 60 scenes."""

    def __init__(self, folder: Path) -> None:
        self.text = scripts.long_fountain(60)
        self.producer = factories.make_producer(factories.make_studio())
        self.folder = folder
        self.work: Work = services.register_work(
            principal=self.producer, title="The Glass Meridian", authors="Ada Writer"
        )
        self.version = self.add(self.text)

    def add(self, text: str) -> Version:
        path = scripts.written(self.folder, f"draft-{Version.objects.count()}.fountain", text)
        return services.add_version(
            principal=self.producer, work_id=self.work.pk, label="Draft", path=path, file_name=path.name
        )

    def grant(
        self, house: House, version_id: UUID | None = None, *, not_after: datetime | None = None
    ) -> Any:
        return services.grant_training(
            principal=self.producer, work_id=self.work.pk, organisation=house.organisation.slug,
            to=house.engineer.person.email, not_after=not_after or clock.now() + timedelta(days=30),
            basis="MBA 2026", version_id=version_id,
        )  # fmt: skip


@pytest.fixture
def writers(db: None, tmp_path: Path) -> Writers:
    return Writers(tmp_path)


def hand_in_text(house: House, text: str | bytes) -> Admission:
    data = text.encode() if isinstance(text, str) else text
    return hand_in(house, data, kind="TEXT", media_type="text/plain", capture=SAID)


def pages(text: str, share: float) -> str:
    return text[: int(len(text) * share)]


@pytest.mark.parametrize("share", [1.0, 0.5], ids=["whole", "half of it"])
def test_a_registered_script_waits_in_isolation_and_its_findings_do_not_say_whose_it_is(
    house: House, writers: Writers, share: float
) -> None:
    other_layout = pages(writers.text, share).replace("\n\n", "\n \n").upper()
    answer = hand_in_text(house, other_layout)
    assert (answer.decision.outcome, list(answer.decision.codes)) == ("ISOLATE", [CODE])
    asset = admitted(answer)
    assert (asset.state, asset.held) == ("ISOLATED", "HERE")
    assert asset.findings["scripts"] == {
        "found": 1,
        "not_granted": 1,
        "share_of_text": pytest.approx(1, abs=0.15),
    }
    told = json.dumps(asset.findings)
    assert not any(one in told for one in ("Meridian", "Ada", str(writers.work.pk), str(writers.version.pk)))


def test_what_is_no_script_of_anybody_comes_in(house: House, writers: Writers) -> None:
    answer = hand_in_text(house, scripts.long_fountain(60, seed=9, name="Somebody else"))
    assert answer.decision.outcome == "ADMIT"
    assert "scripts" not in admitted(answer).findings
    quoting = scripts.long_fountain(200, seed=9, name="Somebody else") + "\n\n" + pages(writers.text, 0.05)
    assert hand_in_text(House(), quoting).decision.outcome == "ADMIT", "a quotation is not the work"


def test_a_grant_to_train_lets_it_in_for_that_house_and_version_alone_and_its_end_ends_that(
    house: House, stranger: House, writers: Writers
) -> None:
    later = writers.add(writers.text + "\n\nINT. CELLAR - NIGHT\n\n" + scripts.long_fountain(40, seed=4))
    grant = writers.grant(house, later.pk)
    assert hand_in_text(house, later_text(writers, later)).decision.outcome == "ADMIT"
    assert list(hand_in_text(stranger, later_text(writers, later)).decision.codes) == [CODE]
    assert list(hand_in_text(house, writers.text + " ").decision.codes)[:1] == ["NEAR_DUPLICATE"]
    assert CODE in hand_in_text(house, writers.text + "  ").decision.codes, (
        "the granted version is another one"
    )
    services.end_grant(principal=writers.producer, grant_id=grant.pk, reason="The contract ended.")
    assert CODE in hand_in_text(house, later_text(writers, later) + "\n").decision.codes


def later_text(writers: Writers, version: Version) -> str:
    from screenplays.reading.shape import text_of
    from screenplays.selectors import script_of

    return text_of(script_of(version))


def test_a_grant_to_read_is_none_to_train(house: House, writers: Writers) -> None:
    services.grant_use(
        principal=writers.producer, work_id=writers.work.pk, purpose="ANALYSE",
        organisation=house.organisation.slug, to=house.engineer.person.email,
        not_after=clock.now() + timedelta(days=30),
    )  # fmt: skip
    assert list(hand_in_text(house, writers.text).decision.codes) == [CODE]


def test_no_exception_and_no_reviewer_lets_it_in_but_who_keeps_the_script_does(
    house: House, writers: Writers
) -> None:
    asset = admitted(hand_in_text(house, writers.text))
    with pytest.raises(InvalidInput) as refused:
        ask_exception(
            principal=house.engineer,
            ask=ExceptionAsk(
                codes=(CODE,), source=None, source_class=asset.source.source_class.code, owner=house.engineer.person.email,
                reason="We want it.", compensating_controls="None.", rollback_plan="None.",
                review_on=clock.now().date() + timedelta(days=5), ends_at=clock.now() + timedelta(days=9),
            ),
        )  # fmt: skip
    assert refused.value.code == "CODE_NOT_LIFTABLE"
    review = Review.objects.get(asset=asset)
    with pytest.raises(Conflict) as not_yet:
        answer_review(
            principal=house.counsel, review_id=review.pk, answer="ADMIT", reason="It is ours, I think."
        )
    assert not_yet.value.code == CODE
    asset.refresh_from_db()
    assert asset.state == "ISOLATED"
    writers.grant(house)
    answer_review(principal=house.counsel, review_id=review.pk, answer="ADMIT", reason="Granted today.")
    asset.refresh_from_db()
    assert asset.state == "ADMITTED"


def test_an_answer_given_while_a_grant_ran_clears_no_bytes_that_come_after_its_end(
    house: House, writers: Writers
) -> None:
    """The checksum alone was asked about first; the bytes follow when nobody grants it any more."""
    data = (writers.folder / "draft-0.fountain").read_bytes()
    asset = house.admit(**of_bytes(data), kind="TEXT", media_type="text/plain", capture=SAID)
    review = Review.objects.get(asset=asset)
    assert review.codes == [CODE]
    grant = writers.grant(house)
    answer_review(principal=house.counsel, review_id=review.pk, answer="ADMIT", reason="Granted today.")
    services.end_grant(principal=writers.producer, grant_id=grant.pk, reason="The contract ended.")
    answer = receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data))
    assert (list(answer.decision.codes), admitted(answer).state) == ([CODE], "ISOLATED")


def test_a_final_draft_file_is_read_as_a_script_and_one_with_an_entity_is_not_let_in(
    house: House, tmp_path: Path
) -> None:
    writers = Writers(tmp_path)
    writers.add(scripts.FOUNTAIN)
    assert list(hand_in_text(house, scripts.FDX).decision.codes) == [CODE]
    answer = hand_in_text(House(), scripts.FDX_XXE)
    assert (answer.decision.outcome, list(answer.decision.codes)) == ("ISOLATE", ["SCRIPT_UNREAD"])
    assert admitted(answer).findings["script_unread"] == "SCRIPT_ENTITIES"


@pytest.mark.parametrize(
    "hidden", ["beside the content", "cut by tags", "spelled in numbers", "in a comment"]
)
def test_a_script_that_a_final_draft_file_carries_beside_its_content_is_found(
    house: House, writers: Writers, hidden: str
) -> None:
    words = pages(writers.text, 0.5)
    carried = {
        "beside the content": f"<UserNotes><Text>{words}</Text></UserNotes>",
        "cut by tags": "".join(f"<Text>{words[at : at + 3]}</Text>" for at in range(0, len(words), 3)),
        "spelled in numbers": f"<Note>{''.join(f'&#{ord(one)};' for one in words)}</Note>",
        "in a comment": f"<!-- {words.replace('--', '')} -->",
    }[hidden]
    wrapped = scripts.FDX.replace("</FinalDraft>", f"{carried}\n</FinalDraft>")
    assert list(hand_in_text(house, wrapped).decision.codes) == [CODE]
    essay = scripts.long_fountain(30, seed=9, name="Somebody else")
    harmless = scripts.FDX.replace(
        "</FinalDraft>", f"<UserNotes><Text>{essay}</Text></UserNotes></FinalDraft>"
    )
    assert hand_in_text(House(), harmless).decision.outcome == "ADMIT"


def test_a_tag_that_ends_in_the_next_piece_read_is_taken_out_whole(
    house: House, writers: Writers, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("training.scripts._READ", 7)
    text = "".join(
        f"<w number='{at}'>{word} </w>" for at, word in enumerate(pages(writers.text, 0.3).split())
    )
    told = scripts_in(io.BytesIO(text.encode()), kind="TEXT", organisation_id=house.organisation.pk)
    assert told.found == 1
    assert told.share == pytest.approx(1, abs=0.1)


def test_versions_of_ones_own_push_nobody_elses_work_out(house: House, writers: Writers) -> None:
    thieves = Writers(writers.folder)
    first = thieves.version
    copies = [
        Version(
            work=thieves.work, number=number, label="Ours", format=first.format, encoding=first.encoding,
            file_name=first.file_name, size_bytes=first.size_bytes, pages=first.pages, words=first.words,
            sha256=f"{number:064x}", wording_sha256=first.wording_sha256, iscc=first.iscc, sketch=first.sketch,
            file_blob=first.file_blob, text_blob=first.text_blob, submitted_by=first.submitted_by,
        )
        for number in range(2, 62)
    ]  # fmt: skip
    Version.objects.bulk_create(copies)
    thieves.grant(house)
    asset = admitted(hand_in_text(house, writers.text + " "))
    assert asset.state == "ISOLATED"
    assert (asset.findings["scripts"]["found"], asset.findings["scripts"]["not_granted"]) == (2, 1)
    writers.grant(house)
    assert hand_in_text(house, writers.text + "\n\n").decision.outcome != "REFUSE"
    told = scripts_in(io.BytesIO(writers.text.encode()), kind="TEXT", organisation_id=house.organisation.pk)
    assert (told.found, told.ungranted) == (2, 0)


def test_a_grant_for_ten_pages_that_are_a_version_too_covers_no_more_of_the_script(
    house: House, writers: Writers
) -> None:
    extract = writers.add(pages(writers.text, 0.15))
    writers.grant(house, extract.pk)
    nearly_all = io.BytesIO(pages(writers.text, 0.9).encode())
    assert scripts_in(nearly_all, kind="TEXT", organisation_id=house.organisation.pk).ungranted == 1
    and_five_more = io.BytesIO(pages(writers.text, 0.2).encode())
    assert scripts_in(and_five_more, kind="TEXT", organisation_id=house.organisation.pk).ungranted == 1
    ten_pages = io.BytesIO(pages(writers.text, 0.12).encode())
    assert scripts_in(ten_pages, kind="TEXT", organisation_id=house.organisation.pk).ungranted == 0


def test_a_text_that_waits_for_another_reason_is_asked_for_scripts_before_a_person_lets_it_in(
    house: House, tmp_path: Path
) -> None:
    writers = Writers(tmp_path)
    wrapped = scripts.FDX_XXE.replace("</FinalDraft>", "<UserNotes>{}</UserNotes></FinalDraft>")
    essay, script = (scripts.long_fountain(30, seed=seed) for seed in (9, 10))
    stranger = House()
    clean = admitted(hand_in_text(house, wrapped.format(essay)))
    stolen = admitted(hand_in_text(stranger, wrapped.format(script)))
    assert list(clean.decision.codes) == list(stolen.decision.codes) == ["SCRIPT_UNREAD"]
    writers.add(script)  # registered while it waited

    def let_in(asset: TrainingAsset, by: House) -> None:
        review = Review.objects.get(asset=asset)
        answer_review(principal=by.counsel, review_id=review.pk, answer="ADMIT", reason="An essay.")
        asset.refresh_from_db()

    let_in(clean, house)
    with pytest.raises(Conflict) as not_granted:
        let_in(stolen, stranger)
    stolen.refresh_from_db()
    assert not_granted.value.code == CODE
    assert (clean.state, stolen.state) == ("ADMITTED", "ISOLATED")


def test_the_very_file_is_known_by_its_checksum_before_a_byte_comes(house: House, writers: Writers) -> None:
    data = writers.text.encode()
    answer = house.ask(**of_bytes(data), kind="TEXT", media_type="text/plain", capture=SAID)
    assert (answer.decision.outcome, list(answer.decision.codes)) == ("ISOLATE", [CODE])
    writers.grant(house)
    again = house.ask(
        house.licensed_source(), external_id="again", **of_bytes(data + b"\n"), kind="TEXT",
        media_type="text/plain", capture=SAID,
    )  # fmt: skip
    assert again.decision.outcome == "ADMIT"


def test_a_bulk_holds_the_very_file_too(house: House, writers: Writers) -> None:
    source = house.licensed_source()
    other = scripts.long_fountain(20, seed=4)
    writers.add(other)
    rows = b"".join(
        json.dumps(
            {
                "source_id": str(source.pk), "external_id": name, "kind": kind, "media_type": "text/plain",
                **of_bytes(data), "canonical_url": f"https://films.example.test/{name}", "method": "EXPORT",
                "collected_at": "2026-10-01T12:00:00Z", "licence_claim": "Archive agreement 12", "territory": "US",
                "capture": SAID | {"duration_seconds": 3},
            }
        ).encode() + b"\n"
        for name, kind, data in (
            ("script", "TEXT", writers.text.encode()), ("said a sound", "AUDIO", other.encode()),
            ("essay", "TEXT", b"Another text."),
        )
    )  # fmt: skip
    body = io.BytesIO(rows)
    job, _is_new = hand_in_material(principal=house.engineer, read=body.read, length=len(rows))
    done = read_material(job.pk)
    assert (done.state, done.rows_refused) == ("DONE", 0)
    states = dict(TrainingAsset.objects.filter(source=source).values_list("external_id", "state"))
    assert states == {"script": "ISOLATED", "said a sound": "ISOLATED", "essay": "ADMITTED"}
    assert [list(one.codes) for one in Review.objects.filter(asset__source=source)] == [[CODE], [CODE]]


def test_a_script_in_the_middle_of_a_long_file_is_found_and_memory_holds_a_window(
    house: House, writers: Writers
) -> None:
    around = scripts.long_fountain(900, seed=31, name="Somebody else")
    assert len(around) > 100_000
    data = f"{around}\n\n{writers.text}\n\n{around}".encode()
    stream = io.BytesIO(data)
    told = scripts_in(stream, kind="TEXT", organisation_id=house.organisation.pk)
    assert (told.found, told.ungranted) == (1, 1)
    assert stream.tell() == 0
    assert (
        scripts_in(io.BytesIO(around.encode()), kind="TEXT", organisation_id=house.organisation.pk).found == 0
    )
    assert scripts_in(stream, kind="IMAGE", organisation_id=house.organisation.pk).found == 0


def released(house: House, asset: TrainingAsset) -> TrainingManifest:
    ask = ManifestAsk(
        name=f"pages-{asset.pk}", code_commit=COMMIT, container_image="image@sha256:1", territory="US",
        purpose="A test.", assets=(asset.pk,),
    )  # fmt: skip
    made = freeze_manifest(principal=house.engineer, ask=ask)
    manifest, _answer = release_manifest(principal=house.counsel, name=made.content_id)
    return manifest


@pytest.mark.req("TP-214", "TP-215", "TP-218", "ST-042")
@pytest.mark.parametrize("trigger", ["RIGHTS_REVOKED", "LICENCE_EXPIRED"])
@pytest.mark.parametrize("comes", ["as bytes", "by its checksum"])
def test_the_end_of_a_grant_takes_down_what_came_in_while_it_ran_once(
    house: House, writers: Writers, trigger: str, comes: str
) -> None:
    # midnight on the line where the day begins: 10:00 of the day before in UTC
    ends = (clock.now() + timedelta(days=9)).astimezone(ZoneInfo("Pacific/Kiritimati"))
    ends = ends.replace(hour=0, minute=0, second=0, microsecond=0)
    grant = writers.grant(house, not_after=ends)
    if comes == "as bytes":
        asset = admitted(hand_in_text(house, writers.text.upper()))
    else:
        told = of_bytes(writers.text.encode(), kind="TEXT", media_type="text/plain", capture=SAID)
        asset = house.admit(**told)
    other = admitted(hand_in_text(house, scripts.long_fountain(60, seed=9, name="Somebody else")))
    manifest = released(house, asset)
    at = ends - timedelta(seconds=1)
    assert open_for_scripts(at=at) == []
    assert may_be_trained_on(manifest, at=at).is_clear
    if trigger == "RIGHTS_REVOKED":
        services.end_grant(principal=writers.producer, grant_id=grant.pk, reason="The contract ended.")
        at = clock.now()
    else:
        at = ends
    # before any sweep: a job is refused from that moment on
    assert may_be_trained_on(manifest, at=at).codes == (CODE,)
    (case_id,) = open_for_scripts(at=at)
    case = Takedown.objects.get(pk=case_id)
    assert (case.trigger, case.roots, case.opened_by) == (trigger, [asset.node_id], None)
    assert {item.kind for item in case.items.all()} == {"ASSET", "MANIFEST"}
    assert all(item.due_at == case.due_at for item in case.items.all())
    for row in (asset, other, manifest):
        row.refresh_from_db()
    assert (asset.state, other.state, manifest.withdrawn_at is not None) == ("ISOLATED", "ADMITTED", True)
    assert open_for_scripts(at=at) == []
    if trigger == "RIGHTS_REVOKED":
        with pytest.raises(Conflict) as refused:
            call_off(principal=house.counsel, takedown_id=case.pk, reason="We want it back.")
        assert refused.value.code == "RIGHTS_NOT_IN_FORCE"
        writers.grant(house)
    call_off(principal=house.counsel, takedown_id=case.pk, reason="Granted anew.")
    asset.refresh_from_db()
    assert asset.state == "ADMITTED"
    assert open_for_scripts() == []


def test_texts_that_came_in_before_it_was_written_down_which_script_is_in_them_are_read_again(
    house: House, writers: Writers
) -> None:
    grant = writers.grant(house)
    asset = admitted(hand_in_text(house, writers.text.upper()))
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table training_scriptuse disable trigger user")
        cursor.execute("delete from training_scriptuse")
        cursor.execute("alter table training_scriptuse enable trigger user")
    services.end_grant(principal=writers.producer, grant_id=grant.pk, reason="The contract ended.")
    assert open_for_scripts() == []
    assert (name_scripts(), name_scripts()) == (1, 0)
    assert len(open_for_scripts()) == 1
    asset.refresh_from_db()
    assert asset.state == "ISOLATED"
