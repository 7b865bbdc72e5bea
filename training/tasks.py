"""Periodic work of the rights gate."""

BEAT: tuple[str, ...] = ()
