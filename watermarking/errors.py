"""What can be wrong with a medium: stable codes, no half-written outputs."""

from __future__ import annotations

from enum import StrEnum

from trustcore.errors import TrustError


class MediaReason(StrEnum):
    """Why a medium could not be read or written."""

    MEDIA_MISSING = "MEDIA_MISSING"
    MEDIA_UNREADABLE = "MEDIA_UNREADABLE"
    MEDIA_UNSUPPORTED = "MEDIA_UNSUPPORTED"
    MEDIA_EMPTY = "MEDIA_EMPTY"
    MEDIA_NOT_WRITTEN = "MEDIA_NOT_WRITTEN"


class MediaError(TrustError):
    """A file is not a medium that the engine can carry through."""

    def __init__(self, reason: MediaReason, detail: str, path: str | None = None) -> None:
        """Keep the reason beside the code, and name the file."""
        self.reason = reason
        super().__init__(reason.value, detail, path)
