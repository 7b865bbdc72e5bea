"""Say how far the making of a bundle is, while its one snapshot of the database can only be read."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from time import monotonic
from uuid import UUID

from django.db import connection

from common import clock
from compliance.models import Bundle

READING, WRITING, PRINTING, STORING, DONE = "READING", "WRITING", "PRINTING", "STORING", "DONE"
_SECONDS = 0.5


class Progress:
    """Notes the part in hand and the entries read, at most twice a second within one part.

    The snapshot cannot write, so a database connection of its own does; in a caller's transaction, which alone sees
    the bundle, it is that one.
    """

    def __init__(self, bundle: Bundle) -> None:
        """Open nothing yet; the first word opens the connection."""
        self._bundle_id: UUID = bundle.pk
        self._entries = bundle.tree_size or 0
        self._line = connection if connection.in_atomic_block else connection.copy()
        self._told = ("", 0.0)

    def __call__(self, part: str, read: int | None = None) -> None:
        """Note that ``part`` is in hand; ``read`` entries of the log's were read, None: all."""
        part_before, told_at = self._told
        if part == part_before and monotonic() - told_at < _SECONDS:
            return
        self._told = (part, monotonic())
        told = json.dumps(self.state(part, self._entries if read is None else read))
        with self._line.cursor() as cursor:
            cursor.execute(
                "update compliance_bundle set progress = %s::jsonb, touched_at = %s where id = %s and state = 'BUILDING'",
                [told, clock.now(), self._bundle_id],
            )

    def state(self, part: str, read: int) -> dict[str, str | int]:
        """What is kept of it."""
        return {"part": part, "entries_read": read, "entries": self._entries}

    def close(self) -> None:
        """Give the connection back."""
        if self._line is not connection:
            self._line.close()


@contextmanager
def progress_of(bundle: Bundle) -> Iterator[Progress]:
    """Tell of the work on ``bundle`` until it ends, however it ends."""
    progress = Progress(bundle)
    try:
        yield progress
    finally:
        progress.close()
