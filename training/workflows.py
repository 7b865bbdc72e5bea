"""Work that is begun now and done in the background: reading material handed in, running transformations."""

from collections.abc import Callable
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from training.models import MaterialImport, TransformRun
from training.services.imports import hand_in_material
from training.services.transforms import TransformAsk, start_transform
from training.tasks import do_transform, read_import


def import_material(
    *, principal: Principal, read: Callable[[int], bytes], length: int, repeat_key: str = ""
) -> tuple[MaterialImport, bool]:
    """Keep a file and start its reading; whether it is new. Raises as ``hand_in_material``."""
    job, is_new = hand_in_material(principal=principal, read=read, length=length, repeat_key=repeat_key)
    if is_new:
        # should the broker not answer, the beat starts the reading
        transaction.on_commit(lambda: read_import.delay(str(job.pk)), robust=True)
    return job, is_new


def transform(*, principal: Principal, job_id: UUID, ask: TransformAsk) -> TransformRun:
    """Start a run of a registered job. Raises as ``start_transform``."""
    run = start_transform(principal=principal, job_id=job_id, ask=ask)
    transaction.on_commit(lambda: do_transform.delay(str(run.pk)), robust=True)
    return run
