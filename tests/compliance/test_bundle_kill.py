"""A worker is killed while it makes a bundle, with a real broker: the work is taken up at the same cut, and ends once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from common import clock
from common.storage import blobs
from compliance.models import Bundle, BundleState
from compliance.services import request_bundle
from compliance.tasks import build_bundle, resume_bundles
from tests import factories
from tests.compliance.test_bundles import saved
from tests.farm import make_farm
from tests.watermarking.working import MediaWorker, start_media_worker, until
from trustcore.bundle import verify_bundle
from trustmark.celery import app

pytestmark = pytest.mark.django_db(transaction=True)
IN_HAND = {"READING", "WRITING", "PRINTING"}


@pytest.fixture
def storage(settings: Any, tmp_path: Path) -> Path:
    """Blobs in a folder that the worker has, too."""
    root = tmp_path / "storage" / "blobs"
    folder = {"location": str(root), "allow_overwrite": True, "base_url": None}
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": folder},
    }
    return root


@pytest.fixture
def worker(storage: Path, tmp_path: Path, embedded_valkey: str) -> Iterator[MediaWorker]:
    running = start_media_worker(tmp_path, embedded_valkey, "bundles", secret="ab" * 32)
    yield running
    running.stop()


def files_in(folder: Path) -> list[str]:
    return sorted(str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file())


def work_waiting() -> list[str]:
    """Take from the broker's queue what a worker would be given next: the arguments of one task."""
    with app.connection() as line, line.SimpleQueue("default") as queue:
        message = queue.get(timeout=10)
        message.ack()
        assert message.headers["task"] == build_bundle.name
        arguments: list[str] = message.payload[0]
        return arguments


def test_a_bundle_whose_worker_was_killed_is_taken_up_at_the_same_cut_and_is_there_once(
    worker: MediaWorker, storage: Path, tmp_path: Path
) -> None:
    farm = make_farm(factories.make_production())
    farm.render(0, 29)
    bundle = request_bundle(
        principal=factories.make_producer(farm.token.licensee),
        production_id=farm.token.production_id,
        purpose="REGULATORY",
    )
    build_bundle.delay(str(bundle.pk))

    def is_in_the_middle() -> bool:
        bundle.refresh_from_db()
        return bundle.progress.get("part") in IN_HAND

    until(is_in_the_middle, worker.said)
    worker.kill()
    bundle.refresh_from_db()
    assert (bundle.state, bundle.blob) == (BundleState.BUILDING, "")
    assert bundle.progress["part"] in IN_HAND
    assert files_in(storage) == []
    cut = (bundle.tree_size, bundle.root_hex, bundle.cut_at)

    farm.render(30, 39)  # the log goes on meanwhile
    assert resume_bundles() == 0  # somebody may be at it still
    Bundle.objects.filter(pk=bundle.pk).update(touched_at=clock.now() - timedelta(minutes=2))
    assert resume_bundles() == 1
    (bundle_id,) = work_waiting()
    assert bundle_id == str(bundle.pk)
    build_bundle.apply(args=(bundle_id,))
    bundle.refresh_from_db()
    assert bundle.state == BundleState.READY
    assert (bundle.tree_size, bundle.root_hex, bundle.cut_at) == cut
    assert verify_bundle(saved(bundle, tmp_path)).summary.counts.rendered == 30
    assert files_in(storage) == [bundle.blob]
    # the broker hands the killed worker's task out again one day: nothing is made twice
    build_bundle.apply(args=(bundle_id,))
    assert Bundle.objects.get(pk=bundle.pk).sha256 == bundle.sha256
    assert files_in(storage) == [bundle.blob]


def test_what_a_killed_attempt_had_stored_already_goes_when_the_bundle_is_ready(storage: Path) -> None:
    farm = make_farm(factories.make_production())
    farm.render(0, 4)
    bundle = request_bundle(
        principal=factories.make_producer(farm.token.licensee),
        production_id=farm.token.production_id,
        purpose="REGULATORY",
    )
    # half a file, stored and named by no row: as a kill between storing and the last transaction leaves it
    left = storage / "bundles" / str(bundle.pk) / "attempt.zip"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"PK half of it")
    other = storage / "bundles" / "another" / "kept.zip"
    other.parent.mkdir(parents=True)
    other.write_bytes(b"PK")
    build_bundle.apply(args=(str(bundle.pk),))
    bundle.refresh_from_db()
    assert bundle.state == BundleState.READY
    assert blobs().exists(bundle.blob)
    assert files_in(storage) == sorted([bundle.blob, "bundles/another/kept.zip"])
