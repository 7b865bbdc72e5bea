"""ftrack: a task that begins asks for the likenesses of its shot; an action says how they stand."""

from trustmark_ftrack.desk import Desk, Heard
from trustmark_ftrack.listener import register

__all__ = ["Desk", "Heard", "register"]
