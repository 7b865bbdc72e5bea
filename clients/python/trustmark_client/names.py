"""What a frame's file is called: a name without an ending of ours says that the frame may be used.

>>> with_outcome(Path("frame.0007.png"), "DISCARDED").name
'frame.0007.png.discarded'
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

RENDERED = "RENDERED"
# what the server says of a receipt, and what is left where no receipt could be kept
UNAUTHORISED, UNRECEIPTED = "UNAUTHORISED", "UNRECEIPTED"


def with_outcome(place: Path, outcome: str) -> Path:
    """The name of the file that was to be at ``place``: the same for a frame that was rendered under its leave."""
    return place if outcome == RENDERED else Path(f"{place}.{outcome.lower()}")


def give_up(path: Path, outcome: str) -> Path:
    """Take a frame's name from the file at ``path``, at once: whoever looks for frames sees none or, before, this one.

    Returns:
        The new name. A file that is gone, or was renamed by somebody else, stays gone.

    Raises:
        OSError: the folder does not let it be renamed.
    """
    name = with_outcome(path, outcome)
    with suppress(FileNotFoundError):
        path.replace(name)
    return name
