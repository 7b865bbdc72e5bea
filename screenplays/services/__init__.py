"""Writes of this floor."""

from screenplays.services.versions import add_version
from screenplays.services.works import destroy_work, register_work

__all__ = ["add_version", "destroy_work", "register_work"]
