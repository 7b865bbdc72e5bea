"""Our own marks in material: whoever finds one has an output before them, made under somebody's licence.

An id is registered before it is embedded anywhere, so a server that never registered one looks for none. The findings
of an asset say that a mark was found, not whose it is: whoever holds a copy need not be a party to the licence.
"""

import shutil
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from training.vocabulary import MediaKind
from watermarking.errors import ExtractionFailed, MediaError
from watermarking.keys import KeyUnusable
from watermarking.reports import LayerName
from watermarking.selectors import is_any_registered
from watermarking.services import detect_in

LAYERS_OF: Final[dict[str, tuple[LayerName, ...]]] = {
    MediaKind.IMAGE: ("pixel",),
    MediaKind.AUDIO: ("audio",),
    MediaKind.VIDEO: ("pixel", "audio"),
}


@dataclass(frozen=True, slots=True)
class Marks:
    """What was read: ``mark_id`` where a mark was found; ``why_unread`` where nothing could be read at all."""

    mark_id: str = ""
    layers: tuple[str, ...] = ()
    p_value: float | None = None
    why_unread: str = ""

    @property
    def is_found(self) -> bool:
        """Whether a mark of ours is in it."""
        return bool(self.mark_id)


def marks_in(stream: BinaryIO, *, kind: str, suffix: str = "") -> Marks:
    """Look for a mark of this deployment in a stream, which is rewound.

    Only bytes that could be decoded as ``kind`` are asked about: a reader that fails on them is told, and the gate
    then waits for a person.

    Args:
        suffix: of the format that a picture was decoded as (``.png``); films and sounds say it themselves.
    """
    layers = LAYERS_OF.get(kind, ())
    if not layers or not is_any_registered():
        return Marks()
    with tempfile.NamedTemporaryFile(prefix="trustmark-scan-", suffix=suffix) as copy:
        stream.seek(0)
        shutil.copyfileobj(stream, copy, 1 << 20)
        stream.seek(0)
        copy.flush()
        try:
            report = detect_in(path=Path(copy.name), layers=layers)
        except (MediaError, ExtractionFailed, KeyUnusable) as error:
            return Marks(why_unread=f"{type(error).__name__}: {error}"[:300])
    if report.status != "present" or report.payload is None:
        return Marks(p_value=report.p_value)
    found = tuple(name for name, layer in report.layers.items() if layer and layer.status == "present")
    return Marks(report.payload, found, report.p_value)
