"""The rows of this floor."""

from screenplays.models.works import Scene, Version, Work, WorkKind

__all__ = ["Scene", "Version", "Work", "WorkKind"]
