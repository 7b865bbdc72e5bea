"""What is left of a file whose verification never came to be: nothing, at once or within a day."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.db import transaction

from common.ids import new_id
from common.storage import blobs
from tests import factories
from verification import services, tasks
from verification.models import Verification
from verification.services.leftovers import FOLDER

pytestmark = pytest.mark.django_db


@pytest.fixture
def producer() -> Any:
    return factories.make_desk(factories.make_studio(), "PRODUCER")


def names() -> set[str]:
    try:
        return {f"{FOLDER}/{name}" for name in blobs().listdir(FOLDER)[1]}
    except FileNotFoundError:
        return set()


def test_a_file_whose_row_cannot_be_kept_is_deleted_at_once(
    producer: Any, still: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(**given: object) -> None:
        raise ConnectionError("the database went away")

    before = names()
    monkeypatch.setattr("verification.services.asking.audit.record", breaks)
    with pytest.raises(ConnectionError), transaction.atomic():
        services.request_verification(principal=producer, path=still, file_name="still.png")
    assert (names(), Verification.objects.count()) == (before, 0)


def test_what_a_process_left_that_ended_in_between_is_deleted_once_it_is_old(
    producer: Any, still: Path
) -> None:
    kept = services.request_verification(principal=producer, path=still, file_name="still.png")
    left = blobs().save(f"{FOLDER}/{new_id()}.mp4", ContentFile(b"no row names it"))
    foreign = blobs().save(f"{FOLDER}/readme-{new_id()}.txt", ContentFile(b"somebody put it there"))
    try:
        services.drop_leftovers(hours=-1)  # as if all that is there were old, what other tests left too
        assert left not in names()
        assert {kept.blob, foreign} <= names()
        young = blobs().save(f"{FOLDER}/{new_id()}.mp4", ContentFile(b"its row may be on its way"))
        assert tasks.drop_leftovers() == 0
        assert young in names()
    finally:
        services.drop_leftovers(hours=-1)
        for name in (kept.blob, foreign):
            blobs().delete(name)


def test_the_file_outlives_a_transaction_that_was_rolled_back_by_a_day_and_no_longer(
    producer: Any, still: Path
) -> None:
    with transaction.atomic():
        row = services.request_verification(principal=producer, path=still, file_name="still.png")
        transaction.set_rollback(True)  # what was to be done beside it failed
    assert row.blob in names(), "who asked is told that nothing was done, and the file is still there"
    assert services.drop_leftovers(hours=1) == 0
    assert services.drop_leftovers(hours=-1) >= 1
    assert row.blob not in names()
