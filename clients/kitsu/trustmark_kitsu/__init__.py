"""Kitsu: a task that begins asks for the likenesses of its shot; licences and receipts come back as comments."""

from trustmark_kitsu.desk import Desk, Heard
from trustmark_kitsu.listener import Listener
from trustmark_kitsu.studio import Studio

__all__ = ["Desk", "Heard", "Listener", "Studio"]
