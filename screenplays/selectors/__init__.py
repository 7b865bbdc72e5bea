"""Reads of this floor."""

from screenplays.selectors.copies import copies_of, copy_for, own_copies
from screenplays.selectors.grants import (
    access_for,
    accesses_of,
    grant_for,
    grants_of,
    may_read_now,
    may_train_with,
    own_grants,
    standing_of,
    works_open_to,
    works_open_with_counts,
)
from screenplays.selectors.matches import Match, matches_for, matches_of
from screenplays.selectors.shots import scenes_of_shots, scenes_with_shots, versions_by_hash
from screenplays.selectors.works import (
    file_of,
    headings_of,
    knows,
    may_keep,
    may_write,
    script_of,
    versions_of,
    versions_with_scenes,
    work_for,
    works_visible_to,
)

__all__ = [
    "Match",
    "access_for",
    "accesses_of",
    "copies_of",
    "copy_for",
    "file_of",
    "grant_for",
    "grants_of",
    "headings_of",
    "knows",
    "matches_for",
    "matches_of",
    "may_keep",
    "may_read_now",
    "may_train_with",
    "may_write",
    "own_copies",
    "own_grants",
    "scenes_of_shots",
    "scenes_with_shots",
    "script_of",
    "standing_of",
    "versions_by_hash",
    "versions_of",
    "versions_with_scenes",
    "work_for",
    "works_open_to",
    "works_open_with_counts",
    "works_visible_to",
]
