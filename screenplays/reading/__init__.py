"""Read a script that somebody hands in: Fountain, Final Draft, PDF or plain text, in a process of its own.

    >>> read_script(Path("meridian.fountain"), limits)        # doctest: +SKIP
    Script(format='FOUNTAIN', title='The Glass Meridian', ...)

Nothing below this package imports Django: the confined process loads what reads scripts and no more.
"""

from screenplays.reading.confined import read_script, scan_lines, see_lines
from screenplays.reading.shape import Element, Format, Limits, Refused, Script, scenes_of, wording_of

__all__ = [
    "Element",
    "Format",
    "Limits",
    "Refused",
    "Script",
    "read_script",
    "scan_lines",
    "scenes_of",
    "see_lines",
    "wording_of",
]
