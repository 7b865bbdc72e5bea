"""Scan large originals in the background: decoded in a confined process, judged as one that was scanned at once.

Until then an original is isolated, whatever the gate said of its capture. A scan that finds nothing leaves it as it was
before; one that cannot be ended (the contract changed, it was refused meanwhile) gives its bytes back: send them again.
"""

from functools import partial
from pathlib import Path
from typing import Final
from uuid import UUID

from django.db import transaction
from django.db.models import F

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Unavailable
from common.storage import local_copy
from training.confined import look_confined, unreadable
from training.models import ScanJob, TextSketch, TrainingAsset
from training.scanning import Findings, scan_file
from training.services.assets import judge_scanned, require_contract, with_locked_class
from training.services.carrying_on import for_each
from training.services.gate import ground_of
from training.services.takedown_acts import drop_unneeded
from training.services.takedown_work import reached_by_open_case
from training.textprints import replace_sketch, under_another_key
from training.vocabulary import AssetState, Held

ATTEMPTS_MOST: Final = 3
"""Beginnings of one scan: what ended its worker so often counts as unreadable."""
SKETCHED_AT_ONCE: Final = 50
State = ScanJob.State


def run_scan(job_id: UUID) -> ScanJob:
    """Scan and judge; one worker at a time is the caller's to see to. What a takedown holds waits until it is called off."""
    job = ScanJob.objects.select_related("asset").get(pk=job_id)
    if job.finished_at is not None:
        return job
    if ended := _closed(job.asset):
        return _fail(job, ended)
    if reached_by_open_case(job.asset.node_id):
        ScanJob.objects.filter(pk=job.pk, finished_at=None).update(moved_at=clock.now())
        return job
    ScanJob.objects.filter(pk=job.pk, finished_at=None).update(
        state=State.RUNNING, attempts=F("attempts") + 1, moved_at=clock.now()
    )
    with local_copy(job.asset.location) as path:
        found = _scanned(job, path)
        try:
            return _judge(job, found, path)
        except Conflict as error:
            return _fail(job, error.code)


def sketch_again() -> int:
    """Sketch texts whose sketch is under another key than the one of now; how many. One that cannot be read is tried again."""
    return len(for_each(list(under_another_key()[:SKETCHED_AT_ONCE]), _sketch))


def _sketch(row: TextSketch) -> bool:
    with local_copy(row.asset.location) as path:
        found = look_confined(path, kind=row.asset.kind)
    if found.sketch is None:
        raise Unavailable("TEXT_UNREAD", "This text could not be read again.")
    replace_sketch(row.asset_id, found.sketch)
    return True


def _scanned(job: ScanJob, path: Path) -> Findings:
    asset = job.asset
    looked = (
        unreadable("scanning it ended its worker each time")
        if job.attempts >= ATTEMPTS_MOST
        else look_confined(path, kind=asset.kind)
    )
    with path.open("rb") as stream:
        return scan_file(
            stream, kind=asset.kind, organisation_id=asset.organisation_id, but_for=asset.pk, looked=looked
        )


def _judge(job: ScanJob, found: Findings, path: Path) -> ScanJob:
    by = Principal(organisation=job.organisation, person=job.asked_by, credential=job.credential)
    with transaction.atomic():
        asset = (
            TrainingAsset.objects.select_for_update(of=("self",))
            .select_related("source__source_class", "decision")
            .get(pk=job.asset_id)
        )
        held = ScanJob.objects.select_for_update(of=("self",)).get(pk=job.pk)
        if held.finished_at is not None:
            return held
        if ended := _closed(asset):
            raise Conflict(ended, "It was closed while it was scanned.")
        if reached_by_open_case(asset.node_id):
            return held  # it waits: the case may be called off
        ground = ground_of(with_locked_class(asset.source))
        require_contract(ground, held.under)
        aside, asset.state = asset.location, AssetState(held.was)
        with path.open("rb") as stream:
            judge_scanned(by, asset, ground, found, stream)
        if asset.state == AssetState.REFUSED:
            asset.location, asset.held = held.was_location, Held.ELSEWHERE
            asset.save(update_fields=["location", "held"])
        if asset.location != aside:
            transaction.on_commit(partial(drop_unneeded, aside))
        return _end(held, State.DONE, "")


def _closed(asset: TrainingAsset) -> str:
    """Why there is nothing to scan any more, as a code; empty: there is."""
    if asset.state == AssetState.REMOVED:
        return "ASSET_TAKEN_DOWN"
    return "ASSET_CLOSED" if asset.state == AssetState.REFUSED else ""


def _fail(job: ScanJob, code: str) -> ScanJob:
    """End a scan without a verdict: its bytes are given back, and the original stands as before they came."""
    with transaction.atomic():
        asset = TrainingAsset.objects.select_for_update(of=("self",)).get(pk=job.asset_id)
        held = ScanJob.objects.select_for_update(of=("self",)).get(pk=job.pk)
        if held.finished_at is not None:
            return held
        if not _closed(asset):
            aside = asset.location
            asset.state, asset.held, asset.location = AssetState(held.was), Held.ELSEWHERE, held.was_location
            asset.save(update_fields=["state", "held", "location"])
            transaction.on_commit(partial(drop_unneeded, aside))
        return _end(held, State.FAILED, code)


def _end(job: ScanJob, state: str, problem: str) -> ScanJob:
    job.state, job.problem = state, problem
    job.finished_at = job.moved_at = clock.now()
    job.save(update_fields=["state", "problem", "finished_at", "moved_at"])
    record(
        kind="training.scan_ended", principal=None, organisation_id=job.organisation_id,
        object_type="training_asset", object_id=job.asset_id, details={"state": state, "problem": problem},
    )  # fmt: skip
    return job
