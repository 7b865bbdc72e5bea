"""Detections: take the file in, and hand the work out once the row is there."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from django.db import transaction

from accounts.principals import Principal
from watermarking import services, tasks
from watermarking.models import MarkDetection


def detect_upload(
    *, principal: Principal | None, path: Path, file_name: str, layers: Iterable[str]
) -> MarkDetection:
    """Take a file in, of an organisation or of a stranger (None); a worker reads it."""
    with transaction.atomic():
        row = services.ask_detection(principal=principal, path=path, file_name=file_name, layers=layers)
        transaction.on_commit(partial(tasks.detect.delay, str(row.pk)))
    return row
