"""Reads of this floor."""

from screenplays.selectors.matches import Match, matches_for, matches_of
from screenplays.selectors.works import (
    file_of,
    headings_of,
    may_keep,
    may_write,
    script_of,
    versions_of,
    work_for,
    works_visible_to,
    works_with_counts,
)

__all__ = [
    "Match",
    "file_of",
    "headings_of",
    "matches_for",
    "matches_of",
    "may_keep",
    "may_write",
    "script_of",
    "versions_of",
    "work_for",
    "works_visible_to",
    "works_with_counts",
]
