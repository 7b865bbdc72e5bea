"""The chain of custody from collection to model: what each link holds, and that none can be loosened."""

from __future__ import annotations

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connection, transaction
from PIL import Image

from accounts.models import Membership
from audit.models import Event
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.storage import blobs
from tests.agents_portal.conftest import Reader
from tests.factories import make_desk, signed_in
from tests.training.making import CLEAR, House, make_derivative, of_bytes, picture
from tests.training.test_manifests import freeze
from training.models import Derivative, Review, RightsRecord, Source, Takedown, TrainingAsset
from training.selectors.lineage import above, below, sources_above
from training.services.assets import receive_content
from training.services.automatic import open_due_takedowns
from training.services.derivatives import register_derivatives
from training.services.retention import kept_until, remove_what_was_kept_long_enough
from training.services.reviews import answer_review
from training.services.rights import end_rights
from training.services.takedown_acts import call_off

pytestmark = pytest.mark.django_db


def stored(house: House, source: Source, seed: int) -> TrainingAsset:
    data = picture(seed)
    asset = house.admit(source, **of_bytes(data))
    kept = receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data)).asset
    assert kept is not None
    return kept


@pytest.mark.req("TP-010")
def test_acquisition_says_where_a_file_came_from_and_whether_collecting_it_was_allowed(house: House) -> None:
    asset = house.admit(method="CRAWLER", canonical_url="https://films.example.test/still/acquired")
    told = (asset.canonical_url, asset.method, asset.collector, asset.source.rights_holder)
    person = house.engineer.person.full_name
    assert told == ("https://films.example.test/still/acquired", "CRAWLER", person, "Example Archive Ltd")
    assert asset.collected_at <= clock.now()
    assert asset.rights.checks == CLEAR
    for check in CLEAR:
        refused = house.ask(house.licensed_source(checks={**CLEAR, check: "REFUSED"}))
        assert (refused.asset, list(refused.decision.codes)) == (None, ["COLLECTION_NOT_PERMITTED"])


@pytest.mark.req("TP-011")
def test_qualification_judges_policy_licence_quality_and_safety_of_the_same_bytes_at_once(
    house: House,
) -> None:
    flat = io.BytesIO()
    Image.new("RGB", (320, 240), (90, 90, 90)).save(flat, "PNG")
    kind = house.source_class(is_allowed=False)
    source = house.source(kind)
    house.rights(source, checks={**CLEAR, "robots": "UNKNOWN"})
    asset = house.admit(source, **of_bytes(flat.getvalue()), flags=("PII",))
    answer = receive_content(principal=house.engineer, asset_id=asset.pk, stream=flat)
    assert answer.decision.outcome == "ISOLATE"
    found = {"SOURCE_CLASS_NOT_ALLOWED", "RIGHTS_UNCLEAR", "LOW_QUALITY", "FLAGGED_PERSONAL"}
    assert set(answer.decision.codes) == found
    assert stored(house, house.licensed_source(), 96).state == "ADMITTED"


@pytest.mark.req("TP-180", "TP-161")
def test_every_original_has_an_id_a_checksum_a_rights_record_and_an_owner_and_none_is_kept_without(
    house: House,
) -> None:
    asset = stored(house, house.licensed_source(), 97)
    assert (len(asset.sha256), asset.rights.source_id, asset.owner) == (
        64,
        asset.source_id,
        asset.source.owner,
    )
    assert asset.pk != stored(house, house.licensed_source(), 98).pk
    table, held = (
        "training_trainingasset",
        ("sha256", "rights_id", "owner_id", "source_id", "decision_id", "node_id"),
    )
    with connection.cursor() as cursor:
        cursor.execute(
            "select column_name from information_schema.columns where table_name = %s and is_nullable = 'NO'",
            [table],
        )
        assert set(held) <= {name for (name,) in cursor.fetchall()}
    assert house.ask(house.source()).asset is None  # no rights record
    new = house.admit(house_source_outside(house))
    assert (new.state, list(new.decision.codes)) == (
        "ISOLATED",
        ["SOURCE_CLASS_NOT_ALLOWED"],
    )  # few approved classes
    with pytest.raises(InvalidInput) as refused:
        house.ask(sha256="unknown")
    assert refused.value.code == "CHECKSUM_INVALID"
    kinds = ["training.asset_judged", "training.asset_scanned"]
    assert list(
        Event.objects.filter(object_id=str(asset.pk)).order_by("number").values_list("kind", flat=True)
    ) == kinds  # fmt: skip


def house_source_outside(house: House) -> Source:
    """A source with rights, of a class that is not on the allow list."""
    source = house.source(house.source_class(is_allowed=False))
    house.rights(source)
    return source


@pytest.mark.req("TP-024")
def test_the_words_the_sounds_and_the_pictures_of_a_film_are_one_graph_from_sources_to_outputs(
    house: House,
) -> None:
    said = {
        "video_id": "v",
        "channel_id": "c",
        "title": "Reel",
        "duration_seconds": 9,
        "uploaded_at": "2026-01-01",
    }
    film = house.admit(kind="VIDEO", media_type="video/mp4", capture=said)
    other = house.admit()
    sound = house.derive(film, kind="AUDIO", role="audio segment")
    words = house.derive(sound, kind="TEXT", role="transcript")
    frames = house.derive(film, kind="IMAGE", role="frames")
    captions = house.derive(
        words, frames, other, kind="TEXT", role="captions"
    )  # three parents: no table of rows
    assert set(above([captions.node_id])) >= {one.node_id for one in (words, sound, frames, film, other)}
    assert {film.source_id, other.source_id} == set(sources_above(house.organisation.pk, [captions.node_id]))
    assert set(below([film.node_id])) >= {one.node_id for one in (sound, words, frames, captions)}
    assert other.node_id not in below([film.node_id])
    assert words.node_id not in above([frames.node_id])


@pytest.mark.req("TP-022", "TP-021")
def test_events_name_what_was_derived_from_what_and_whose_exception_let_it_in(house: House) -> None:
    asset = house.admit()
    made = house.derive(asset)
    event = Event.objects.get(kind="training.derivatives_registered", object_id=str(made.job_id))
    assert event.details["outputs"] == [
        {"id": str(made.pk), "checksum": f"sha256:{made.sha256}", "derived_from": [str(asset.pk)]}
    ]
    unclear = house.admit(house.licensed_source(checks={**CLEAR, "robots": "UNKNOWN"}))
    answer_review(principal=house.counsel, review_id=unclear.review.pk, answer="ADMIT", reason="Asked them.")
    override = Event.objects.get(kind="training.review_answered", object_id=str(unclear.pk))
    assert (override.person_id, override.details["human_override"]) == (house.counsel.person.pk, True)
    with pytest.raises(DatabaseError), transaction.atomic():
        Event.objects.filter(pk=override.pk).update(details={})


@pytest.mark.req("TP-055")
@pytest.mark.parametrize("missing", ["may_train", "may_derive", "may_redistribute"])
def test_training_derivatives_and_redistribution_are_three_permissions_and_none_follows_from_another(
    house: House, missing: str
) -> None:
    source = house.source()
    body = {
        "licence_class": "NEGOTIATED", "licence_type": "Agreement", "licence_source": "Archive", "checks": CLEAR,
        "territories": ["US"], "evidence_sha256": "e" * 64, "evidence_uri": "vault://1",
        "may_train": True, "may_derive": True, "may_redistribute": True,
    }  # fmt: skip
    reader = Reader(house.engineer)
    path = f"/api/v1/sources/{source.pk}/rights"
    unsaid = reader.client.post(
        path,
        {name: value for name, value in body.items() if name != missing},
        content_type="application/json",
    )
    assert unsaid.status_code == 422
    assert not RightsRecord.objects.exists()
    said = reader.client.post(path, {**body, missing: False}, content_type="application/json")
    assert said.status_code == 201, said.content
    names = ("may_train", "may_derive", "may_redistribute")
    assert {name: said.json()[name] for name in names} == {name: name != missing for name in names}
    answer = house.ask(source)
    assert (answer.asset is None) == (missing == "may_train")
    if answer.asset is None:
        return
    if missing == "may_derive":
        with pytest.raises(Conflict) as refused:
            house.derive(answer.asset)
        assert refused.value.code == "DERIVATIVES_NOT_PERMITTED"
    else:
        assert house.derive(answer.asset).pk


@pytest.mark.req("TP-130")
def test_derivatives_stand_in_versions_of_datasets_apart_from_originals(house: House) -> None:
    asset = stored(house, house.licensed_source(), 90)
    first = house.derive(asset, dataset="faces", dataset_version=1)
    second = house.derive(asset, dataset="faces", dataset_version=2)
    frozen = freeze(house, datasets=(("faces", 2),))
    assert [line.node_id for line in frozen.lines.all()] == [second.node_id]
    assert first.node_id not in {line.node_id for line in frozen.lines.all()}
    assert "/originals/" in asset.location
    with (
        pytest.raises(DatabaseError),
        transaction.atomic(),
    ):  # a version is not filled with something else later
        Derivative.objects.filter(pk=first.pk).update(dataset_version=2)


@pytest.mark.req("TP-154")
def test_a_decision_and_a_review_keep_who_when_and_why_and_cannot_be_written_over(house: House) -> None:
    asset = house.admit(house.licensed_source(checks={**CLEAR, "robots": "UNKNOWN"}))
    answer_review(principal=house.counsel, review_id=asset.review.pk, answer="ADMIT", reason="Asked them.")
    row = Review.objects.get(asset=asset)
    assert (row.answered_by, row.reason) == (house.counsel.person, "Asked them.")
    assert row.answered_at is not None
    for change in ({"reason": "Other."}, {"answer": "REFUSE"}, {"answered_at": clock.now()}):
        with pytest.raises(DatabaseError), transaction.atomic():
            Review.objects.filter(pk=row.pk).update(**change)
    history = [asset.decision_id, TrainingAsset.objects.get(pk=asset.pk).decision_id]
    assert all(history)
    with pytest.raises(DatabaseError), transaction.atomic():
        type(asset.decision).objects.filter(pk=asset.decision_id).update(codes=[])


@pytest.mark.req("TP-035", "TP-036", "TP-037")
def test_measures_and_findings_of_derivatives_are_kept_as_they_were_told_and_of_a_known_shape(
    house: House,
) -> None:
    asset = house.admit()
    technical = {
        "original": {"width": 2048, "height": 1080, "codec": "prores", "frame_rate": "24000/1001"},
        "derivative": {"width": 512, "height": 512, "codec": "png", "frame_rate": "6/1"},
        "normalisation": [{"step": "crop"}], "shots": [0.0, 4.2, 9.75], "frames_sampled": 54,
        "ocr": [{"at": 4.3, "text": "EXIT"}], "faces": [{"at": 0.5, "box": [10, 20, 64, 64], "score": 0.98}],
    }  # fmt: skip
    made = house.derive(asset, technical=technical)
    made.refresh_from_db()
    assert made.technical == technical
    job = house.job()
    for wrong in (
        {"original": {"width": 0, "height": 1080, "codec": "prores"}},
        {"derivative": {"width": 512, "height": 512, "codec": ""}},
        {"original": {"width": 1, "height": 1, "codec": "x", "frame_rate": "24 fps"}},
        {"shots": [4.2, 0.0]},
        {"frames_sampled": -1},
        {"ocr": [{"at": 4.3}]},
        {"faces": [{"at": 0.5, "box": [10, 20, 64]}]},
    ):
        with pytest.raises(InvalidInput) as refused:
            register_derivatives(
                principal=house.engineer, job_id=job.pk,
                asks=[make_derivative(asset.pk, technical={**technical, **wrong})],
            )  # fmt: skip
        assert refused.value.code == "TECHNICAL_INVALID", wrong
    assert not Derivative.objects.filter(job=job).exists()


@pytest.mark.req("TP-099")
def test_who_does_not_belong_reads_and_writes_nothing_and_roles_bind_apart(
    house: House, stranger: House
) -> None:
    asset = house.admit()
    for act in (
        lambda: receive_content(principal=stranger.engineer, asset_id=asset.pk, stream=io.BytesIO(b"x")),
        lambda: house.ask(asset.source, by=stranger.engineer),
    ):
        with pytest.raises(NotFound):
            act()
    auditor = make_desk(house.organisation, Membership.Role.AUDITOR)
    with pytest.raises(Forbidden):
        house.ask(asset.source, by=auditor)
    with pytest.raises(Forbidden):
        end_rights(principal=house.engineer, rights_id=asset.rights_id, reason="No.")
    assert house.admit(asset.source).state == "ADMITTED"
    end_rights(principal=house.counsel, rights_id=asset.rights_id, reason="Taken back.")


def test_acts_that_bind_ask_counsel_for_a_fresh_proof(house: House) -> None:
    asset = house.admit()
    path = f"/api/v1/training-rights/{asset.rights_id}/end"
    stale = signed_in(house.counsel.person, seconds_ago=7_200)
    refused = stale.post(path, {"reason": "Taken back."}, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "STEP_UP_REQUIRED")
    fresh = signed_in(house.counsel.person)
    assert fresh.post(path, {"reason": "Taken back."}, content_type="application/json").status_code in (
        200,
        201,
    )


class TestRetention:
    """Days after the end of rights, enforced by the beat (TP-056)."""

    @pytest.mark.req("TP-056")
    def test_material_goes_when_its_days_are_over_and_not_before(self, house: House) -> None:
        kept, own = house.licensed_source(retention_days=30), house.licensed_source()
        asset, other = stored(house, kept, 91), stored(house, own, 92)
        made = house.derive(asset)
        place = asset.location
        for one in (asset, other):
            end_rights(principal=house.counsel, rights_id=one.rights_id, reason="Taken back.")
        cases = {case.rights_id: case for case in Takedown.objects.filter(pk__in=open_due_takedowns())}
        case = cases[asset.rights_id]
        until = kept_until(case)
        assert until is not None
        assert until - asset.rights.end.ended_at == timedelta(days=30)
        assert kept_until(cases[other.rights_id]) is None
        assert remove_what_was_kept_long_enough(at=until - timedelta(seconds=1)) == []
        assert blobs().exists(place)
        assert self.removed(until) == [case.pk]
        asset.refresh_from_db()
        made.refresh_from_db()
        assert (asset.state, asset.held, blobs().exists(place)) == ("REMOVED", "GONE", False)
        assert made.removed_at is not None
        case.refresh_from_db()
        item = case.items.get(ref=None)
        assert (case.state, item.action, item.done_by) == ("REMOVED", "REMOVE", None)
        assert Event.objects.filter(kind="training.material_removed", object_id=str(case.pk)).exists()
        other.refresh_from_db()
        assert blobs().exists(other.location)  # no days were agreed: counsel decides
        assert self.removed(until + timedelta(days=900)) == []

    @pytest.mark.req("TP-056")
    def test_none_at_all_means_at_once_and_a_renewed_right_is_left_to_counsel(self, house: House) -> None:
        now_or_never = stored(house, house.licensed_source(retention_days=0), 93)
        renewed = stored(house, house.licensed_source(retention_days=0), 94)
        for one in (now_or_never, renewed):
            end_rights(principal=house.counsel, rights_id=one.rights_id, reason="Taken back.")
        opened = open_due_takedowns()
        house.rights(renewed.source)
        assert len(self.removed(clock.now())) == 1
        renewed.refresh_from_db()
        assert (renewed.state, renewed.held) == ("ISOLATED", "HERE")
        case = Takedown.objects.get(pk__in=opened, rights=renewed.rights_id)
        call_off(principal=house.counsel, takedown_id=case.pk, reason="They renewed it.")
        renewed.refresh_from_db()
        assert renewed.state == "ADMITTED"

    @pytest.mark.req("TP-056")
    def test_rights_that_were_renewed_and_ended_again_or_are_merely_held_are_left_to_counsel(
        self, house: House
    ) -> None:
        asset = stored(house, house.licensed_source(retention_days=0), 100)
        end_rights(principal=house.counsel, rights_id=asset.rights_id, reason="Taken back.")
        open_due_takedowns()
        later = house.rights(asset.source, retention_days=365)  # kept longer, by what was said last
        end_rights(principal=house.counsel, rights_id=later.pk, reason="Taken back again.")
        assert self.removed(clock.now()) == []
        asset.refresh_from_db()
        assert (asset.held, blobs().exists(asset.location)) == ("HERE", True)

    def test_the_page_of_a_case_says_when_its_material_goes(self, house: House) -> None:
        asset = stored(house, house.licensed_source(retention_days=30), 95)
        end_rights(principal=house.counsel, rights_id=asset.rights_id, reason="Taken back.")
        (opened,) = open_due_takedowns()
        assert "Removed by itself" in Reader(house.counsel).page(f"/material/takedowns/{opened}/")

    @pytest.fixture(autouse=True)
    def _bytes_go_at_commit(self, django_capture_on_commit_callbacks: Any) -> None:
        self.committing = django_capture_on_commit_callbacks

    def removed(self, at: datetime) -> list[Any]:
        with self.committing(execute=True):
            return remove_what_was_kept_long_enough(at=at)
