"""Run a registered job over originals that are stored here: checked before, made, checked after, and linked.

The code that runs is the one that was approved, or nothing runs. Each input is dealt with in a transaction of its own:
a run that was cut off goes on with the first input that waits.
"""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, DomainError, InvalidInput, NotFound
from common.storage import blobs
from training.models import TrainingAsset, TransformItem, TransformRun
from training.scanning import Findings, scan_file
from training.seats import require_engineer
from training.services.assets import as_captured, settled, with_locked_class
from training.services.derivatives import DerivativeAsk, job_of, write_derivatives
from training.services.gate import facts_of, ground_of, judge
from training.services.lineage_events import tell_lineage
from training.services.takedown_acts import drop_unneeded
from training.services.takedown_work import hold_bytes
from training.services.texts import clean
from training.steps import MEDIA_TYPES, StepError, require_known, run_steps
from training.storing import DERIVATIVES, checked_sha256, is_intact, name_of, put
from training.vocabulary import AssetState, Held, MediaKind

State = TransformItem.State
INPUTS_MOST = 10_000
BYTES_MOST = 1024**3
"""Largest original that is worked on here: a worker holds it in memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransformAsk:
    """What to make: of which originals, into which version of which dataset, as what."""

    assets: tuple[UUID, ...]
    dataset: str
    dataset_version: int
    role: str


def start_transform(*, principal: Principal, job_id: UUID, ask: TransformAsk) -> TransformRun:
    """Write down a run of a registered job, to be done in the background.

    Raises:
        NotFound: no such job, or no such original. Forbidden: as :func:`~training.seats.require_engineer`.
        InvalidInput: ``STEP_UNKNOWN``, ``INPUTS_INVALID``, ``TEXT_INVALID``.
        Conflict: ``CODE_UNKNOWN``, ``CODE_DIFFERS``: what runs here is not what was approved. ``BYTES_ELSEWHERE``: an
            original is not stored here.
    """
    require_engineer(principal)
    job = job_of(principal, job_id)
    if code := code_against(job.code_commit):
        raise Conflict(code, "What runs here is not the code that was approved.")
    try:
        require_known(job.steps)
    except StepError as error:
        raise InvalidInput(
            "STEP_UNKNOWN", "The job names a step that is not known here.", str(error)
        ) from error
    if not 0 < len(ask.assets) <= INPUTS_MOST or len(set(ask.assets)) != len(ask.assets):
        raise InvalidInput(
            "INPUTS_INVALID", _("Between 1 and %(most)s originals, each once.") % {"most": INPUTS_MOST}
        )
    found = TrainingAsset.objects.filter(pk__in=ask.assets, organisation=principal.organisation)
    held = dict(found.values_list("pk", "held"))
    if len(held) != len(ask.assets):
        raise NotFound
    if away := sorted(str(one) for one, where in held.items() if where != Held.HERE):
        raise Conflict("BYTES_ELSEWHERE", "An original is not stored here.", ", ".join(away[:5]))
    with transaction.atomic():
        run = TransformRun.objects.create(
            organisation=principal.organisation, job=job, started_by=principal.person, inputs=len(ask.assets),
            dataset=clean(ask.dataset, most=80), dataset_version=ask.dataset_version,
            role=clean(ask.role, most=40), moved_at=clock.now(),
        )  # fmt: skip
        TransformItem.objects.bulk_create(
            (TransformItem(run=run, ordinal=at, asset_id=one) for at, one in enumerate(ask.assets)),
            batch_size=1000,
        )
        record(
            kind="training.transform_started", principal=principal, object_type="training_transform", object_id=run.pk,
            details={"job": str(job.pk), "code_commit": job.code_commit, "approved_by": str(job.approved_by_id),
                     "inputs": len(ask.assets), "dataset": run.dataset, "version": run.dataset_version},
        )  # fmt: skip
        _tell(run, "START")
    return run


def code_against(commit: str) -> str:
    """Why code of this commit does not run here; empty: it does."""
    if not settings.TRAINING_CODE_COMMIT:
        return "CODE_UNKNOWN"
    return "" if commit == settings.TRAINING_CODE_COMMIT else "CODE_DIFFERS"


def run_transform(run_id: UUID) -> TransformRun:
    """Deal with every input that waits; one worker at a time is the caller's to see to."""
    run = TransformRun.objects.select_related("job").get(pk=run_id)
    while run.finished_at is None:
        if code := code_against(run.job.code_commit):
            return _finish(run, TransformRun.State.STOPPED, code)
        item = TransformItem.objects.filter(run=run, state=State.WAITING).order_by("ordinal").first()
        if item is None:
            return _finish(run, TransformRun.State.DONE)
        _deal_with(run, item)
    return run


class _Refused(Exception):
    def __init__(self, state: State, codes: tuple[str, ...]) -> None:
        super().__init__(state, codes)
        self.state, self.codes = state, codes


def _deal_with(run: TransformRun, item: TransformItem) -> None:
    place = ""
    asset = TrainingAsset.objects.select_related("source__source_class").get(pk=item.asset_id)
    try:
        data, before = _checked_before(asset)
        made = io.BytesIO(_made(asset, data, run.job.steps))
        sha256, size = checked_sha256(made, most=settings.TRAINING_FILE_BYTES_MAX)
        after = scan_file(made, kind=asset.kind, organisation_id=asset.organisation_id, but_for=asset.pk)
        with transaction.atomic():
            _judge(asset, after, State.REFUSED_AFTER)
            hold_bytes(sha256)
            place = name_of(asset.organisation_id, DERIVATIVES, sha256)
            where = put(asset.organisation_id, DERIVATIVES, sha256, made)
            ask = DerivativeAsk(
                parents=(asset.pk,), dataset=run.dataset, dataset_version=run.dataset_version, kind=asset.kind,
                role=run.role, media_type=MEDIA_TYPES.get(MediaKind(asset.kind), asset.media_type), sha256=sha256,
                size_bytes=size, location=where, held=Held.HERE,
                technical={"original": before.report, "derivative": after.report, "normalisation": run.job.steps},
            )  # fmt: skip
            (row,) = write_derivatives(job=run.job, asks=[ask], principal=None)
            _write_down(run, item, State.MADE, (), row.pk)
    except _Refused as refused:
        _write_down(run, item, refused.state, refused.codes)
    except DomainError as refused:  # a right that ended, a takedown that came between
        if place:  # stored, and no row leads to it: no takedown would find it
            drop_unneeded(place)
        _write_down(run, item, State.REFUSED_AFTER, (refused.code,))


def _checked_before(asset: TrainingAsset) -> tuple[bytes, Findings]:
    if asset.state != AssetState.ADMITTED or asset.held != Held.HERE:
        raise _Refused(State.REFUSED_BEFORE, ("PARENT_NOT_ADMITTED",))
    if asset.size_bytes > BYTES_MOST:
        raise _Refused(State.REFUSED_BEFORE, ("FILE_TOO_LARGE",))
    if not is_intact(asset.location, asset.sha256):
        raise _Refused(State.REFUSED_BEFORE, ("CHECKSUM_MISMATCH",))
    with blobs().open(asset.location, "rb") as stored:
        data = stored.read()
    found = scan_file(
        io.BytesIO(data), kind=asset.kind, organisation_id=asset.organisation_id, but_for=asset.pk
    )
    with transaction.atomic():
        _judge(asset, found, State.REFUSED_BEFORE)
    return data, found


def _judge(asset: TrainingAsset, found: Findings, state: State) -> None:
    """The whole policy, over what was captured and what this scan found; what is isolated is not worked on."""
    ground = ground_of(with_locked_class(asset.source))
    seen: dict[str, Any] = found.facts
    facts = facts_of(ground, as_captured(asset, found.flags), registered_at=asset.created_at, **seen)
    verdict = judge(ground, facts)
    codes = set(verdict.codes) if settled(asset, verdict) != AssetState.ADMITTED else set()
    if ground.standing is None or not ground.standing.rights.may_derive:
        codes.add("DERIVATIVES_NOT_PERMITTED")
    if codes:
        raise _Refused(state, tuple(sorted(codes)))


def _made(asset: TrainingAsset, data: bytes, steps: Sequence[dict[str, Any]]) -> bytes:
    try:
        return run_steps(data, asset.kind, steps)
    except StepError as error:
        raise _Refused(State.FAILED, ("STEP_FAILED",)) from error


def _write_down(
    run: TransformRun,
    item: TransformItem,
    state: State,
    codes: tuple[str, ...],
    derivative: UUID | None = None,
) -> None:
    with transaction.atomic():
        item.state, item.codes, item.derivative_id, item.done_at = state, list(codes), derivative, clock.now()
        item.save(update_fields=["state", "codes", "derivative", "done_at"])
        TransformRun.objects.filter(pk=run.pk).update(state=TransformRun.State.RUNNING, moved_at=clock.now())


def _finish(run: TransformRun, state: str, code: str = "") -> TransformRun:
    with transaction.atomic():
        row = TransformRun.objects.select_for_update(of=("self",)).get(pk=run.pk)
        if row.finished_at is None:
            row.state, row.stopped_for, row.finished_at, row.moved_at = state, code, clock.now(), clock.now()
            row.save(update_fields=["state", "stopped_for", "finished_at", "moved_at"])
            counted = {one: row.items.filter(state=one).count() for one in State.values}
            record(
                kind="training.transform_ended", principal=None, organisation_id=row.organisation_id,
                object_type="training_transform", object_id=row.pk,
                details={"state": row.state, "stopped_for": code, "items": counted},
            )  # fmt: skip
            _tell(row, "COMPLETE" if state == TransformRun.State.DONE else "ABORT")
        return row


def _tell(run: TransformRun, type_: str) -> None:
    sources = TransformItem.objects.filter(run=run).values_list("asset__source_id", flat=True).distinct()
    made = run.items.filter(state=State.MADE).exists()
    tell_lineage(
        organisation_id=run.organisation_id, type_=type_, run=run.pk, job=f"transform/{run.job.name}",
        tags={"code_commit": run.job.code_commit, "container_image": run.job.container_image,
              "approved_by": str(run.job.approved_by_id)},
        inputs=[f"source/{one}" for one in sources],
        outputs=[f"dataset/{run.dataset}/{run.dataset_version}"] if made else [],
    )  # fmt: skip
