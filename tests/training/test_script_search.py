"""A script that is registered later is found in texts that were admitted before, and they wait for a person."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.models import Event
from common import clock
from common.errors import Conflict
from common.storage import blobs
from screenplays import services
from screenplays.models import Version
from tests import factories
from tests.screenplays import scripts
from tests.training.making import House, of_bytes
from tests.training.test_manifests import freeze
from tests.training.test_scans import admitted
from tests.training.test_scripts import CODE, Writers, hand_in_text, pages
from training import textprints
from training.models import Review, ScriptSearch, ScriptUse, Takedown, TextSketch, TrainingAsset
from training.services import script_search
from training.services.manifests import release_manifest
from training.services.releasing import may_be_trained_on
from training.services.reviews import answer_review
from training.services.script_ends import open_for_scripts
from training.services.script_search import search_for_scripts
from training.tasks import search_texts_for_scripts

pytestmark = pytest.mark.django_db


class LateWriters(Writers):
    """A studio that has a work and registers no version yet; ``register`` does."""

    def __init__(self, folder: Path) -> None:
        self.text = scripts.long_fountain(60)
        self.producer = factories.make_producer(factories.make_studio())
        self.folder = folder
        self.work = services.register_work(
            principal=self.producer, title="The Glass Meridian", authors="Ada Writer"
        )

    def register(self, text: str = "") -> Version:
        self.version = self.add(text or self.text)
        return self.version


@pytest.fixture
def writers(db: None, tmp_path: Path) -> LateWriters:
    return LateWriters(tmp_path)


def in_text(house: House, text: str | bytes) -> TrainingAsset:
    asset = admitted(hand_in_text(house, text))
    assert asset.state == "ADMITTED"
    return asset


def again(asset: TrainingAsset) -> TrainingAsset:
    return TrainingAsset.objects.get(pk=asset.pk)


@pytest.mark.parametrize(
    "made_of",
    [
        lambda text: text.replace("\n\n", "\n \n").upper(),
        lambda text: pages(text, 0.5),
        lambda text: scripts.long_fountain(400, seed=8, name="Other") + "\n\n" + text,
    ],
    ids=["another layout", "half of it", "in a long file"],
)
def test_an_admitted_text_waits_once_its_script_is_registered_and_one_beside_it_does_not(
    house: House, stranger: House, writers: LateWriters, made_of: Any
) -> None:
    mine, theirs = in_text(house, made_of(writers.text)), in_text(stranger, made_of(writers.text))
    other = in_text(house, scripts.long_fountain(60, seed=9, name="Somebody else"))
    manifest = freeze(house, mine, other)
    release_manifest(principal=house.counsel, name=manifest.content_id)
    before = mine.decision_id
    writers.register()
    assert search_texts_for_scripts() == 2
    mine, theirs, other = again(mine), again(theirs), again(other)
    assert (mine.state, theirs.state, other.state) == ("ISOLATED", "ISOLATED", "ADMITTED")
    assert (mine.decision.outcome, list(mine.decision.codes), mine.decision.after_id) == (
        "ISOLATE", [CODE], before,
    )  # fmt: skip
    assert mine.findings["scripts"]["not_granted"] == 1
    assert list(Review.objects.get(asset=mine, answer="").codes) == [CODE]
    manifest.refresh_from_db()
    assert may_be_trained_on(manifest).codes == ("ASSET_NOT_ADMITTED",)
    # anybody may register a script: nothing is taken down, and no manifest withdrawn, by that alone
    assert open_for_scripts() == []
    assert not Takedown.objects.exists()
    manifest.refresh_from_db()
    assert manifest.withdrawn_at is None
    told = Event.objects.filter(kind="training.text_held_for_script", object_id=str(mine.pk))
    assert "Meridian" not in str(told.get().details)
    assert search_texts_for_scripts() == 0, "once"


def test_a_person_lets_it_in_once_it_is_granted_and_not_before_and_its_bytes_stay_where_they_were(
    house: House, writers: LateWriters
) -> None:
    asset = in_text(house, writers.text)
    writers.register()
    search_for_scripts()
    review = Review.objects.get(asset=asset, answer="")
    answer = {"principal": house.counsel, "review_id": review.pk, "answer": "ADMIT", "reason": "Looked at."}
    with pytest.raises(Conflict) as refused:
        answer_review(**answer)
    assert refused.value.code == CODE
    writers.grant(house)
    answer_review(**answer)
    kept = again(asset)
    assert (kept.state, kept.location, blobs().exists(kept.location)) == ("ADMITTED", asset.location, True)


def test_one_that_is_refused_gives_its_bytes_back_unless_something_else_needs_them(
    house: House, writers: LateWriters, django_capture_on_commit_callbacks: Any
) -> None:
    asset = in_text(house, writers.text)
    writers.register()
    search_for_scripts()
    review = Review.objects.get(asset=asset, answer="")
    with django_capture_on_commit_callbacks(execute=True):
        answer_review(principal=house.counsel, review_id=review.pk, answer="REFUSE", reason="Theirs.")
    assert (again(asset).state, blobs().exists(asset.location)) == ("REFUSED", False)


def test_a_house_that_may_train_with_it_keeps_it_and_the_end_of_the_grant_finds_it(
    house: House, writers: LateWriters
) -> None:
    asset = in_text(house, writers.text)
    writers.register()
    grant = writers.grant(house)
    assert search_for_scripts() == 0
    assert again(asset).state == "ADMITTED"
    assert ScriptUse.objects.filter(asset=asset, version=writers.version).exists()
    services.end_grant(principal=writers.producer, grant_id=grant.pk, reason="The contract ended.")
    assert len(open_for_scripts()) == 1
    assert again(asset).state == "ISOLATED"


def test_the_very_file_whose_bytes_lie_elsewhere_is_held_by_its_checksum(
    house: House, writers: LateWriters
) -> None:
    data = writers.text.encode()
    told = {"kind": "TEXT", "media_type": "text/plain", "capture": {"title": "Pages", "language": "en"}}
    asset = house.admit(**of_bytes(data), **told)
    assert asset.state == "ADMITTED"
    path = scripts.written(writers.folder, "draft.fountain", writers.text)
    services.add_version(
        principal=writers.producer, work_id=writers.work.pk, label="Draft", path=path, file_name=path.name
    )
    assert Version.objects.get().sha256 == asset.sha256
    assert open_for_scripts() == [], "never granted is no end of a grant"
    assert search_for_scripts() == 1
    assert again(asset).state == "ISOLATED"


def test_a_search_that_was_cut_off_goes_on_behind_its_last_step(
    house: House, writers: LateWriters, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(script_search, "AT_ONCE", 2)
    # of a house each, since they are near duplicates of one another
    texts = [in_text(House(), writers.text + f"\n\nTake {number}.") for number in range(5)]
    texts.sort(key=lambda one: one.pk)
    writers.register()
    honest, read = script_search._read, []

    def killed_at_the_fourth(asset_id: Any) -> bool:
        read.append(asset_id)
        if len(read) == 4:
            raise KeyboardInterrupt
        return honest(asset_id)

    monkeypatch.setattr(script_search, "_read", killed_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        search_for_scripts()
    search = ScriptSearch.objects.get()
    assert (search.after, search.texts_read, search.texts_held) == (texts[1].pk, 2, 2)
    monkeypatch.setattr(script_search, "_read", lambda one: read.append(one) or honest(one))
    read.clear()
    assert search_for_scripts() == 2, "the third was held before the worker was killed"
    assert read == [one.pk for one in texts[3:]], "what was held is not admitted any more: not read again"
    assert {again(one).state for one in texts} == {"ISOLATED"}


def test_a_text_that_cannot_be_read_is_passed_over_and_the_others_are_read(
    house: House, stranger: House, writers: LateWriters
) -> None:
    lost, there = in_text(house, writers.text), in_text(stranger, writers.text)
    Path(blobs().path(lost.location)).chmod(0o600) if hasattr(blobs(), "path") else None
    blobs().delete(lost.location)
    writers.register()
    assert search_for_scripts() == 1
    assert (again(lost).state, again(there).state) == ("ADMITTED", "ISOLATED")


def test_a_text_whose_sketch_is_under_another_key_or_missing_is_read_all_the_same(
    house: House, stranger: House, writers: LateWriters, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as context:
        context.setattr(textprints, "sketch_key", lambda: b"another key of 32 bytes, as it was")
        other = in_text(house, writers.text)
    assert TextSketch.objects.get(asset=other).key_id != textprints.key_id()
    with monkeypatch.context() as context:
        context.setattr("training.services.assets.keep_sketch", lambda *_: None)
        without = in_text(stranger, writers.text)
    assert not TextSketch.objects.filter(asset=without).exists()
    writers.register()
    assert search_for_scripts() == 2


def test_a_second_look_finds_what_a_scan_wrote_that_had_asked_before_the_script_was_there(
    house: House, stranger: House, writers: LateWriters, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = in_text(stranger, scripts.long_fountain(60, seed=9, name="Somebody else"))
    writers.register()
    assert search_for_scripts() == 0
    search = ScriptSearch.objects.get()
    assert (search.looks, search.finished_at) == (1, None)
    with monkeypatch.context() as context:
        context.setattr(
            "training.scripts.matches_of", lambda *_a, **_k: []
        )  # as it was asked a moment earlier
        late = in_text(house, writers.text + "\n")
    assert search_for_scripts() == 0, "not due yet"
    now = clock.now()
    monkeypatch.setattr(script_search.clock, "now", lambda: now + timedelta(minutes=61))
    assert search_for_scripts() == 1
    assert (again(late).state, again(old).state) == ("ISOLATED", "ADMITTED")
    search.refresh_from_db()
    assert (search.looks, search.finished_at is None) == (script_search.LOOKS, False)
