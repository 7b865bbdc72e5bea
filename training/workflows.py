"""Work that is begun now and done in the background: reading material handed in."""

from collections.abc import Callable

from django.db import transaction

from accounts.principals import Principal
from training.models import MaterialImport
from training.services.imports import hand_in_material
from training.tasks import read_import


def import_material(
    *, principal: Principal, read: Callable[[int], bytes], length: int, repeat_key: str = ""
) -> tuple[MaterialImport, bool]:
    """Keep a file and start its reading; whether it is new. Raises as ``hand_in_material``."""
    job, is_new = hand_in_material(principal=principal, read=read, length=length, repeat_key=repeat_key)
    if is_new:
        # should the broker not answer, the beat starts the reading
        transaction.on_commit(lambda: read_import.delay(str(job.pk)), robust=True)
    return job, is_new
