"""Frame entries in bulk: what a farm of millions of frames leaves in a log, read a tile at a time.

A *lean* frame entry cites its check and says nothing that the check says. All of them have one shape, so many are
read by one call and written again by another, in a third of the time that entries of any kind take. Whatever has
another shape is refused here, without saying which or why, and is for :func:`~trustcore.receipt.parse_entry`.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter, lt
from typing import Literal

import msgspec

from trustcore.encoding import prepare_readers
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.receipt.forms import MAX_FRAME, MAX_TAKE, is_mark, is_utc_time

LEAN_START = b'{"check":'
"""How a lean frame entry begins, and no entry of another kind."""

_SECOND = len("2026-11-22T08:12:00")
_minute, _second, _tail = (
    itemgetter(slice(*ends)) for ends in ((_SECOND - 2,), (_SECOND - 2, _SECOND), (_SECOND, None))
)
_SECONDS = frozenset(f"{second:02d}" for second in range(60))


class LeanFrame(
    msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, kw_only=True, gc=False
):
    """A :class:`~trustcore.receipt.FrameEntry` that cites its check; fields in the order of the canonical form."""

    check: str
    file_sha256: str
    finished_at: str
    frame: int
    mark: str | None = None
    outcome: Literal["RENDERED", "RERENDER_OF", "FAILED", "DISCARDED"]
    pixel_sha256: str
    started_at: str
    t: Literal["frame"]
    take: int


_decoder = msgspec.json.Decoder(LeanFrame)
_encoder = msgspec.json.Encoder()
prepare_readers(LeanFrame)


def read_frames(lines: bytes, count: int) -> list[LeanFrame]:
    """Read lean frame entries, joined by line feeds; kinds, fields and spelling are checked, forms are not.

    A canonical entry holds no line feed, so the joined form has one reading.

    Raises:
        InvalidEvidence: ``MALFORMED`` or ``NOT_CANONICAL``; it does not say which entry.
    """
    try:
        frames = _decoder.decode_lines(lines)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, str(error)) from error
    written = _encoder.encode_lines(frames)  # ends with a line feed; no copy is made to compare without it
    if len(frames) != count or len(written) != len(lines) + 1 or not written.startswith(lines):
        raise InvalidEvidence(InvalidReason.NOT_CANONICAL, "an entry is not in canonical form")
    return frames


def forms_hold(frames: Sequence[LeanFrame]) -> bool:
    """Tell whether every value has the form that :func:`~trustcore.receipt.forms.fault_of_frame` asks for.

    True is exact; False may also mean that these frames are better looked at one by one.
    """
    numbers, takes = [frame.frame for frame in frames], [frame.take for frame in frames]
    started, finished = [frame.started_at for frame in frames], [frame.finished_at for frame in frames]
    return (
        0 <= min(numbers) <= max(numbers) <= MAX_FRAME
        and 0 <= min(takes) <= max(takes) <= MAX_TAKE
        and _are_hashes([frame.file_sha256 for frame in frames])
        and _are_hashes([frame.pixel_sha256 for frame in frames])
        and all(is_mark(frame.mark) for frame in frames if frame.mark is not None)
        and len({*map(len, started), *map(len, finished)}) == 1  # of one length they sort as moments do
        and not any(map(lt, finished, started))
        and _are_times(started + finished)
    )


def _are_hashes(texts: Sequence[str]) -> bool:
    joined = "".join(texts)
    try:
        return {*map(len, texts)} == {64} and bytes.fromhex(joined).hex() == joined
    except ValueError:
        return False


def _are_times(texts: Sequence[str]) -> bool:
    """Tell whether texts of one length are times; many share their minute, which is read once."""
    tails = "".join(map(_tail, texts))
    count, width = len(texts), len(texts[0]) - _SECOND
    if width < 1:
        return False
    if width > 1:
        digits = tails.replace(".", "").replace("Z", "")
        if tails[::width] != "." * count or len(digits) != count * (width - 2) or not 3 <= width <= 8:
            return False
        if not (digits.isascii() and digits.isdigit()):
            return False
    if tails[width - 1 :: width] != "Z" * count:
        return False
    return _SECONDS.issuperset(map(_second, texts)) and all(
        is_utc_time(f"{minute}00Z") for minute in {*map(_minute, texts)}
    )
