"""The rows of this floor."""

from screenplays.models.copies import Copy
from screenplays.models.grants import Access, Authority, Grant, Outcome, Purpose
from screenplays.models.links import SceneShot, VersionProof
from screenplays.models.works import Scene, Version, Work, WorkKind

__all__ = [
    "Access",
    "Authority",
    "Copy",
    "Grant",
    "Outcome",
    "Purpose",
    "Scene",
    "SceneShot",
    "Version",
    "VersionProof",
    "Work",
    "WorkKind",
]
