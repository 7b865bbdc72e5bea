"""The rows of this floor."""

from screenplays.models.grants import Access, Authority, Grant, Outcome, Purpose
from screenplays.models.works import Scene, Version, Work, WorkKind

__all__ = ["Access", "Authority", "Grant", "Outcome", "Purpose", "Scene", "Version", "Work", "WorkKind"]
