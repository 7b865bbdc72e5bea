"""What the farm says: the ask before a render call, and the receipt after a frame."""

from __future__ import annotations

from dataclasses import field
from typing import Any

from trustcore.older import dataclass


@dataclass(frozen=True, slots=True)
class Ask:
    """One render check: may this worker render these frames (or speak these lines) under this token?

    ``words`` counts the words of all the ``lines`` together; a licence that limits words permits no line without it.
    """

    token: str
    project: str
    shot: str
    use_type: str
    render_territory: str
    construct: str = "FACE_3D"
    first: int | None = None
    last: int | None = None
    lines: int | None = None
    words: int | None = None
    task: str = "render"
    engine: str = "unknown"
    engine_version: str = "0"
    model: dict[str, Any] | None = None
    worker: str = "worker"
    operator: str = "farm"
    purpose: str = "FINAL"

    def body(self, requested_at: str) -> dict[str, Any]:
        """The JSON of ``POST /api/v1/render/checks``."""
        return {
            "token": self.token,
            "project": self.project,
            "shot": self.shot,
            "task": self.task,
            "use_type": self.use_type,
            "construct": self.construct,
            "frame_range": None if self.first is None else {"first": self.first, "last": self.last},
            "units": self._units(),
            "engine": {"name": self.engine, "version": self.engine_version},
            "model": self.model,
            "worker": self.worker,
            "render_territory": self.render_territory,
            "operator": self.operator,
            "purpose": self.purpose,
            "requested_at": requested_at,
        }

    def _units(self) -> dict[str, int] | None:
        asked = {"lines": self.lines, "words": self.words}
        return {unit: count for unit, count in asked.items() if count is not None} or None


@dataclass(frozen=True, slots=True)
class FrameReceipt:
    """One frame that was rendered, or was tried."""

    lease: str
    frame: int
    file_sha256: str
    pixel_sha256: str
    started_at: str
    finished_at: str
    outcome: str = "RENDERED"
    take: int = 1
    mark: str | None = field(default=None)

    def row(self) -> dict[str, Any]:
        """The JSON of one line of ``POST /api/v1/render/receipts``."""
        row: dict[str, Any] = {
            "file_sha256": self.file_sha256,
            "finished_at": self.finished_at,
            "frame": self.frame,
            "lease": self.lease,
            "outcome": self.outcome,
            "pixel_sha256": self.pixel_sha256,
            "started_at": self.started_at,
            "take": self.take,
        }
        return row | ({"mark": self.mark} if self.mark else {})
