"""What can be wrong with a medium: stable codes, no half-written outputs."""

from __future__ import annotations

from enum import StrEnum

from trustcore.errors import TrustError


class MediaReason(StrEnum):
    """Why a medium could not be read or written.

    ``MEDIA_MISSING``: there is no such file. ``MEDIA_UNREADABLE``: it may not be opened, or is
    broken or cut off. ``MEDIA_UNSUPPORTED``: nothing here carries it through whole.
    ``MEDIA_EMPTY``: it holds no picture and no sound. ``MEDIA_TOO_LARGE``: more pixels or channels
    than are taken in. ``MEDIA_TOO_SMALL``: too few pixels. ``MEDIA_PROTECTED``: it is encrypted.
    ``MEDIA_NOT_WRITTEN``: the output could not be written.
    """

    MEDIA_MISSING = "MEDIA_MISSING"
    MEDIA_UNREADABLE = "MEDIA_UNREADABLE"
    MEDIA_UNSUPPORTED = "MEDIA_UNSUPPORTED"
    MEDIA_EMPTY = "MEDIA_EMPTY"
    MEDIA_TOO_LARGE = "MEDIA_TOO_LARGE"
    MEDIA_TOO_SMALL = "MEDIA_TOO_SMALL"
    MEDIA_PROTECTED = "MEDIA_PROTECTED"
    MEDIA_NOT_WRITTEN = "MEDIA_NOT_WRITTEN"


class MediaError(TrustError):
    """A file is not a medium that the engine can carry through."""

    def __init__(self, reason: MediaReason, detail: str, path: str | None = None) -> None:
        """Keep the reason beside the code, and name the file."""
        self.reason = reason
        super().__init__(reason.value, detail, path)


class ExtractionFailed(TrustError):
    """The reader itself broke (LV-143): nothing is known of the mark, neither that it is there nor that it is not.

    ``code`` is ``watermark_extraction_failed``; ``cause`` is the class of what went wrong.
    """

    CODE = "watermark_extraction_failed"

    def __init__(self, error: BaseException, path: str | None = None) -> None:
        """Keep the class of the error; its words may hold anything and stay out."""
        self.cause = type(error).__name__
        super().__init__(self.CODE, f"the reader broke ({self.cause})", path)
