"""Files that no row names go once they are old, on every floor that writes files before rows; nothing else does."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile

from common.ids import new_id
from common.storage import blobs
from provenance import services
from provenance import tasks as releases
from provenance.models import Asset, ManifestRecord
from tests import factories
from tests.farm import Farm, make_farm
from tests.watermarking.working import asked
from watermarking import tasks as marks
from watermarking.models import MediaStretch
from watermarking.services import ask_detection
from watermarking.work import leftovers

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    place = tmp_path / "blobs"
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(place), "base_url": None},
        },
    }
    return place


@pytest.fixture
def farm() -> Farm:
    farm = make_farm()
    farm.render(0, 4)
    return farm


def put(name: str) -> str:
    return blobs().save(name, ContentFile(b"a file"))


def swept(sweep: Callable[..., int], daily: Callable[[], int], folder: Path, kept: set[str]) -> set[str]:
    """What the daily task and then a sweep that calls everything old delete; ``kept`` is there before and after."""
    before = files(folder)
    assert kept <= before
    assert daily() == 0, "all of it is young: its row may be on its way"
    assert files(folder) == before
    assert sweep(hours=-1) == len(before - kept)
    assert files(folder) == kept
    assert sweep(hours=-1) == 0
    return before - kept


def files(folder: Path) -> set[str]:
    return {str(one.relative_to(folder)) for one in folder.rglob("*") if one.is_file()}


def test_what_outputs_name_stays_and_what_intake_marking_or_signing_left_goes(
    farm: Farm, silent_clip: Path, folder: Path
) -> None:
    asset = services.receive_asset(
        principal=farm.desk, production_id=farm.token.production_id, token_jtis=[farm.token.jti],
        kind="DELIVERABLE", path=silent_clip, file_name="reel.mp4",
    )  # fmt: skip
    base = f"assets/{asset.pk}"
    named = {
        "marked_blob": put(f"marked/{new_id()}.mp4"),
        "signed_blob": put(f"{base}/signed-{new_id()}.mp4"),
        "proxy_blob": put(f"{base}/proxy-{new_id()}.png"),
    }
    Asset.objects.filter(pk=asset.pk).update(**named)
    manifest = put(f"{base}/manifest-{new_id()}.c2pa")
    ManifestRecord.objects.create(
        asset=asset, blob=manifest, sha256="0" * 64, size_bytes=6, digital_source_type="", verdict="TRUSTED",
        report={},
    )  # fmt: skip
    left = {
        put(
            f"{base}/signed-{new_id()}.mp4"
        ),  # an attempt that came second, and ended before it could drop it
        put(f"{base}/manifest-{new_id()}.c2pa"),
        put(f"assets/{new_id()}/upload.mp4"),  # a row that was never kept
        put(f"marked/{new_id()}.mp4"),
    }
    kept = {
        asset.upload_blob,
        manifest,
        *named.values(),
        put("assets/readme.txt"),
        put("assets/notes/ours.txt"),
    }
    assert swept(services.drop_leftovers, releases.drop_leftovers, folder, kept) == left


def test_what_jobs_stretches_and_detections_name_stays_and_what_they_left_goes(
    silent_clip: Path, folder: Path
) -> None:
    studio = factories.make_studio()
    job = asked(studio, silent_clip)
    stretch = MediaStretch.objects.filter(job=job).first()
    assert stretch is not None
    MediaStretch.objects.filter(pk=stretch.pk).update(blob=put(f"work/{job.pk}/00000-0123456789ab.mp4"))
    stretch.refresh_from_db()
    row = ask_detection(principal=None, path=silent_clip, file_name="film.mp4")
    left = {
        put(f"work/{job.pk}/00001-0123456789ab.mp4"),  # by a worker that ended before it kept its row
        put(f"work/{new_id()}/source.mp4"),
        put(f"detections/{new_id()}.mp4"),
    }
    kept = {job.source_blob, stretch.blob, row.blob}
    assert swept(leftovers.drop_leftovers, marks.drop_leftovers, folder, kept) == left


def test_the_beat_sweeps_daily() -> None:
    for name, beat in (("provenance", releases.BEAT), ("watermarking", marks.BEAT)):
        assert (f"{name}.drop_leftovers", 86_400) in beat
