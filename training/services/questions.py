"""The stopwatch: what each legal question that the product answers costs (TP-186)."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from training.models import TrainingQuestion


@contextmanager
def stopwatch(organisation_id: UUID, kind: str) -> Iterator[None]:
    """Measure the answer to one question and keep it; one that ends in an error was not answered, and is not kept."""
    began = time.monotonic()
    yield
    keep_time(organisation_id, kind, round((time.monotonic() - began) * 1000))


def keep_time(organisation_id: UUID, kind: str, took_ms: int) -> None:
    """Keep the milliseconds of one answer."""
    TrainingQuestion.objects.create(organisation_id=organisation_id, kind=kind, took_ms=max(0, took_ms))
