"""Registered jobs at work: checked before and after, made by the code that was approved, each output linked."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
import soundfile
from django.db import DatabaseError, transaction
from django.test import Client
from PIL import Image

from audit.models import Event
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.storage import blobs
from tests import factories
from tests.training.making import COMMIT, House, of_bytes, picture
from training.models import Derivative, LineageEdge, TrainingAsset, TransformItem, TransformJob, TransformRun
from training.services import transforms
from training.services.assets import receive_content
from training.services.derivatives import JobAsk, register_job
from training.services.rights import end_rights
from training.services.takedown_acts import drop_unneeded
from training.services.takedowns import TakedownAsk, open_takedown
from training.services.transforms import TransformAsk, run_transform, start_transform
from training.steps import StepError, run_steps
from training.storing import put
from training.tasks import do_transform, resume_transforms

pytestmark = pytest.mark.django_db
CROP = [
    {"step": "crop", "left": 16, "top": 8, "width": 200, "height": 160},
    {"step": "resize", "width": 100, "height": 80},
]


@pytest.fixture(autouse=True)
def code(settings: Any) -> None:
    settings.TRAINING_CODE_COMMIT = COMMIT


def stored(house: House, seed: int, source: Any = None, data: bytes = b"", **changes: Any) -> TrainingAsset:
    data = data or picture(seed)
    asset = house.admit(source, **of_bytes(data), **changes)
    receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data))
    asset.refresh_from_db()
    return asset


def registered(house: House, steps: Any = CROP, commit: str = COMMIT) -> TransformJob:
    return register_job(
        principal=house.engineer,
        ask=JobAsk(name="crop", code_commit=commit, container_image="prep@sha256:1", steps=steps,
                   approved_by=house.producer.person.email),
    )  # fmt: skip


def start(house: House, job: TransformJob, *assets: TrainingAsset) -> TransformRun:
    ask = TransformAsk(
        assets=tuple(one.pk for one in assets), dataset="faces", dataset_version=2, role="crop"
    )
    return start_transform(principal=house.engineer, job_id=job.pk, ask=ask)


def items(run: TransformRun) -> list[tuple[str, list[str]]]:
    return list(run.items.order_by("ordinal").values_list("state", "codes"))


@pytest.mark.req("TP-012", "TP-039")
def test_each_output_is_made_stored_apart_and_linked_with_its_code_and_approver(house: House) -> None:
    one, two = stored(house, 1), stored(house, 2)
    job = registered(house)
    done = run_transform(start(house, job, one, two).pk)
    assert (done.state, items(done)) == ("DONE", [("MADE", []), ("MADE", [])])
    for asset, item in zip((one, two), done.items.order_by("ordinal"), strict=True):
        made = item.derivative
        assert made is not None
        with blobs().open(made.location, "rb") as kept, blobs().open(asset.location, "rb") as original:
            found, whole = Image.open(kept), Image.open(original).convert("RGB")
            wanted = whole.crop((16, 8, 216, 168)).resize((100, 80), Image.Resampling.LANCZOS)
            assert np.array_equal(np.asarray(found), np.asarray(wanted))
        assert (made.dataset, made.dataset_version, made.held, made.media_type) == (
            "faces",
            2,
            "HERE",
            "image/png",
        )
        assert "/derivatives/" in made.location
        assert (made.technical["original"]["width"], made.technical["derivative"]["width"]) == (320, 100)
        assert made.technical["normalisation"] == CROP
        assert (made.job.code_commit, made.job.approved_by) == (COMMIT, house.producer.person)
        assert LineageEdge.objects.get(child=made.node).job == job.pk
        assert LineageEdge.objects.get(child=made.node).parent == asset.node
    (told,) = Event.objects.filter(kind="training.transform_ended")
    assert told.details["items"]["MADE"] == 2


@pytest.mark.req("TP-127")
def test_inputs_are_checked_before_and_outputs_after(house: House) -> None:
    good, broken, ended = stored(house, 3), stored(house, 4), stored(house, 5)
    flat = Image.new("RGB", (400, 300), "gray")  # a third of it is sharp: the part that is cut out is not
    flat.paste(Image.open(io.BytesIO(picture(6))).resize((140, 300)), (260, 0))
    out = io.BytesIO()
    flat.save(out, "PNG")
    dull = stored(house, 6, data=out.getvalue())
    run = start(house, registered(house), good, broken, ended, dull)
    with blobs().open(broken.location, "rb") as kept:
        data = kept.read()
    blobs().delete(broken.location)
    blobs().save(broken.location, io.BytesIO(data[:-1] + b"x"))
    end_rights(principal=house.counsel, rights_id=ended.rights_id, reason="Taken back.")
    assert items(run_transform(run.pk)) == [
        ("MADE", []), ("BEFORE", ["CHECKSUM_MISMATCH"]), ("BEFORE", ["LICENCE_REVOKED"]), ("AFTER", ["LOW_QUALITY"]),
    ]  # fmt: skip
    assert Derivative.objects.count() == 1


def test_where_the_licence_permits_no_derivatives_none_is_made(house: House) -> None:
    asset = stored(house, 7, house.licensed_source(may_derive=False))
    run = run_transform(start(house, registered(house), asset).pk)
    assert items(run) == [("BEFORE", ["DERIVATIVES_NOT_PERMITTED"])]


def test_an_original_too_large_for_a_worker_is_not_read(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    small, large = stored(house, 17, data=picture(17, (300, 220))), stored(house, 18)
    monkeypatch.setattr(transforms, "BYTES_MOST", small.size_bytes)
    assert large.size_bytes > small.size_bytes
    assert items(run_transform(start(house, registered(house), small, large).pk)) == [
        ("MADE", []), ("BEFORE", ["FILE_TOO_LARGE"]),
    ]  # fmt: skip


def test_a_step_that_cannot_be_done_fails_its_input_alone(house: House) -> None:
    small, large = stored(house, 8, data=picture(8, (128, 96))), stored(house, 9)
    assert items(run_transform(start(house, registered(house), small, large).pk)) == [
        ("FAILED", ["STEP_FAILED"]), ("MADE", []),
    ]  # fmt: skip


@pytest.mark.req("TP-120")
def test_other_code_than_was_approved_does_not_run(house: House, settings: Any) -> None:
    asset, job = stored(house, 10), registered(house)
    run = start(house, job, asset)
    settings.TRAINING_CODE_COMMIT = "d" * 40
    with pytest.raises(Conflict) as refused:
        start(house, job, asset)
    assert refused.value.code == "CODE_DIFFERS"
    stopped = run_transform(run.pk)
    assert (stopped.state, stopped.stopped_for, items(stopped)) == (
        "STOPPED",
        "CODE_DIFFERS",
        [("WAITING", [])],
    )
    settings.TRAINING_CODE_COMMIT = ""
    with pytest.raises(Conflict) as unknown:
        start(house, job, asset)
    assert unknown.value.code == "CODE_UNKNOWN"


def test_what_cannot_be_run_is_refused_by_name(house: House, stranger: House) -> None:
    asset, job = stored(house, 11), registered(house)
    for given, kind, code in (
        ((registered(house, [{"step": "erase"}]), asset), InvalidInput, "STEP_UNKNOWN"),
        ((job,), InvalidInput, "INPUTS_INVALID"),
        ((job, asset, asset), InvalidInput, "INPUTS_INVALID"),
        ((job, house.admit()), Conflict, "BYTES_ELSEWHERE"),
    ):
        with pytest.raises(kind) as refused:
            start(house, *given)
        assert refused.value.code == code
    with pytest.raises(NotFound):
        start(house, job, stored(stranger, 12))
    with pytest.raises(NotFound):
        start(stranger, job, asset)
    with pytest.raises(Forbidden):
        start_transform(
            principal=house.counsel, job_id=job.pk,
            ask=TransformAsk(assets=(asset.pk,), dataset="faces", dataset_version=1, role="crop"),
        )  # fmt: skip
    assert not TransformRun.objects.exists()


@pytest.mark.req("TP-120")
def test_a_run_that_is_cut_off_goes_on_with_what_waits_and_makes_nothing_twice(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = start(house, registered(house), stored(house, 13), stored(house, 14))
    honest, turns = run_steps, iter(range(9))

    def killed_in_the_second(*args: Any) -> bytes:
        if next(turns) == 1:
            raise KeyboardInterrupt
        return honest(*args)

    monkeypatch.setattr(transforms, "run_steps", killed_in_the_second)
    with pytest.raises(KeyboardInterrupt):
        run_transform(run.pk)
    assert items(run) == [("MADE", []), ("WAITING", [])]
    asked: list[str] = []
    monkeypatch.setattr(do_transform, "delay", asked.append)
    assert resume_transforms() == 0
    TransformRun.objects.filter(pk=run.pk).update(moved_at="2026-01-01T00:00:00Z")
    assert (resume_transforms(), asked) == (1, [str(run.pk)])
    do_transform(str(run.pk))
    assert items(run) == [("MADE", []), ("MADE", [])]
    assert Derivative.objects.count() == 2


def test_what_became_of_an_input_and_of_a_run_stays(house: House) -> None:
    run = run_transform(start(house, registered(house), stored(house, 15)).pk)
    for rows, change in (
        (TransformItem.objects.filter(run=run), {"codes": ["X"]}),
        (TransformRun.objects.filter(pk=run.pk), {"role": "other"}),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            rows.update(**change)


def test_sound_is_cut_to_the_frame() -> None:
    wave = np.arange(4000, dtype=np.int32) << 12
    out = io.BytesIO()
    soundfile.write(out, wave, 8000, format="FLAC", subtype="PCM_24")
    cut, rate = soundfile.read(
        io.BytesIO(run_steps(out.getvalue(), "AUDIO", [{"step": "cut", "first": 100, "frames": 50}])),
        dtype="int32",
    )
    assert (rate, np.array_equal(cut >> 12, np.arange(100, 150))) == (8000, True)


@pytest.mark.parametrize(
    "step",
    [
        {"step": "resize", "width": 0, "height": 9}, {"step": "resize", "width": 20_000, "height": 9},
        {"step": "resize", "width": 9}, {"step": "crop", "left": 300, "top": 0, "width": 30, "height": 30},
        {"step": "crop", "left": -1, "top": 0, "width": 30, "height": 30}, {"step": "resize", "width": True, "height": 9},
        {"step": "cut", "first": 0, "frames": 9}, {"step": "nothing"}, {},
    ],
)  # fmt: skip
def test_options_that_make_no_sense_are_refused(step: dict[str, Any]) -> None:
    with pytest.raises(StepError):
        run_steps(picture(1), "IMAGE", [step])


def test_a_run_is_started_and_read_by_the_api_and_strangers_find_nothing(
    house: House, stranger: House, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    mine, theirs = (factories.signed_in(one.engineer.person) for one in (house, stranger))
    asset, job = stored(house, 16), registered(house)
    asked: list[str] = []
    monkeypatch.setattr(do_transform, "delay", asked.append)
    base = f"/api/v1/training-jobs/{job.pk}/runs"
    with django_capture_on_commit_callbacks(execute=True):
        answer = _post(mine, base, asset)
    assert (answer.status_code, answer.json()["waiting"], asked) == (202, 1, [answer.json()["id"]])
    do_transform(asked[0])
    shown = mine.get(f"/api/v1/training-transforms/{asked[0]}").json()
    assert (shown["state"], shown["made"], shown["code_commit"]) == ("DONE", 1, COMMIT)
    assert shown["approved_by"] == str(house.producer.person.pk)
    (item,) = mine.get(f"/api/v1/training-transforms/{asked[0]}/items").json()["results"]
    assert item["derivative"] == str(Derivative.objects.get().pk)
    assert [one["id"] for one in mine.get(base).json()["results"]] == asked
    for path in (
        base,
        f"/api/v1/training-transforms/{asked[0]}",
        f"/api/v1/training-transforms/{asked[0]}/items",
    ):
        assert theirs.get(path).status_code == 404
    assert _post(theirs, base, asset).status_code == 404
    assert _post(factories.signed_in(house.counsel.person), base, asset).status_code == 403


def _post(client: Client, path: str, asset: TrainingAsset) -> Any:
    told = {"assets": [str(asset.pk)], "dataset": "faces", "dataset_version": 1, "role": "crop"}
    return client.post(path, told, content_type="application/json")


def test_bytes_of_an_output_that_a_takedown_stopped_are_not_left_and_those_that_a_row_holds_stay(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset, job = stored(house, 31), registered(house)
    held = stored(house, 32)
    kept = run_transform(start(house, job, held).pk).items.get().derivative
    assert kept is not None
    honest, places = put, list[str]()

    def taken_down_meanwhile(*args: Any) -> str:
        places.append(honest(*args))
        roots = (asset.pk, held.pk)
        open_takedown(
            principal=house.engineer, ask=TakedownAsk(trigger="CLAIM", reason="A claim.", assets=roots)
        )
        assert blobs().exists(places[-1])
        return places[-1]

    monkeypatch.setattr(transforms, "put", taken_down_meanwhile)
    run = run_transform(start(house, job, asset).pk)
    assert items(run) == [("AFTER", ["PARENT_NOT_ADMITTED"])]
    assert [blobs().exists(one) for one in places] == [False], "no row leads to it: no takedown would find it"
    drop_unneeded(kept.location)
    assert blobs().exists(kept.location)
