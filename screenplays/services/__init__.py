"""Writes of this floor."""

from screenplays.services.accesses import FILE, TEXT, ask_access, deliver
from screenplays.services.copies import Leak, fetch_copy, make_copy, whose_copy
from screenplays.services.finding import find_works
from screenplays.services.grants import end_grant, grant_training, grant_use
from screenplays.services.shots import link_shots
from screenplays.services.versions import add_version
from screenplays.services.works import destroy_work, register_work, require_writer

__all__ = [
    "FILE",
    "TEXT",
    "Leak",
    "add_version",
    "ask_access",
    "deliver",
    "destroy_work",
    "end_grant",
    "fetch_copy",
    "find_works",
    "grant_training",
    "grant_use",
    "link_shots",
    "make_copy",
    "register_work",
    "require_writer",
    "whose_copy",
]
