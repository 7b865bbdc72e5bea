"""What a frame's file is called: a name without an ending of ours says that the frame may be used.

>>> with_outcome(Path("frame.0007.png"), "DISCARDED").name
'frame.0007.png.discarded'
"""

from __future__ import annotations

import os
from pathlib import Path

RENDERED = "RENDERED"
# what the server says of a receipt, and what is left where no receipt could be kept
UNAUTHORISED, UNRECEIPTED = "UNAUTHORISED", "UNRECEIPTED"


def with_outcome(place: Path, outcome: str) -> Path:
    """The name of the file that was to be at ``place``: the same for a frame that was rendered under its leave."""
    return place if outcome == RENDERED else Path(f"{place}.{outcome.lower()}")


def give_up(path: Path, outcome: str, *, place: Path | None = None) -> Path:
    """Take a frame's name from the file at ``path``, at once: whoever looks for frames sees none or, before, this one.

    A link loses its own name; what it points to is left alone. Where the new name is taken by something that cannot
    be replaced (a folder, say) a number goes behind it, and a file that cannot be renamed is removed.

    Args:
        place: the name that a draft was to get; None: the file has it already.

    Returns:
        The new name. A file that is gone, or was renamed by somebody else, stays gone.

    Raises:
        OSError: the folder lets it be neither renamed nor removed: it keeps its name.
    """
    name = with_outcome(place or path, outcome)
    try:
        path.replace(name)
    except FileNotFoundError:
        return name
    except OSError:
        return _give_up_otherwise(path, name)
    return name


def _give_up_otherwise(path: Path, name: Path) -> Path:
    spare = next((each for each in _numbered(name) if not os.path.lexists(each)), name)
    try:
        path.replace(spare)
    except OSError:
        path.unlink(missing_ok=True)
    return spare


def _numbered(name: Path) -> list[Path]:
    return [Path(f"{name}.{number}") for number in range(2, 100)]
