r"""Rows out of a request's body: unpack, cut into lines, in one pass and in bounded memory.

>>> list(blocks_of_lines(iter([b'{"a"', b':1}\n{"b":2}']), max_line=100))
[[b'{"a":1}'], [b'{"b":2}']]
"""

import zlib
from collections.abc import Callable, Iterator

import zstandard
from django.utils.translation import gettext as _

from common.errors import InvalidInput, TooLarge, WrongMediaType

_CHUNK = 256 * 1024
_GZIP_WINDOW = 16 + zlib.MAX_WBITS
_ZSTD_WINDOW_MAX = 8 * 1024 * 1024
_ZSTD_SLICE = 512
_EMPTY_LINES_MAX = 100_000


def chunks_of(read: Callable[[int], bytes], *, length: int, most: int) -> Iterator[bytes]:
    """The body as it was sent.

    Args:
        read: gives up to so many bytes, none at the end.
        length: what ``Content-Length`` promised.
        most: bytes read at most.

    Raises:
        TooLarge: ``BODY_TOO_LARGE``.
        InvalidInput: ``BODY_INCOMPLETE``: the connection ended before the body did.
    """
    if length > most:
        raise _too_large(most)
    seen = 0
    while chunk := _read(read):
        seen += len(chunk)
        if seen > most:
            raise _too_large(most)
        yield chunk
    if seen != length:
        raise _incomplete()


def unpacked(chunks: Iterator[bytes], *, encoding: str, most: int) -> Iterator[bytes]:
    """The body without its ``Content-Encoding``: ``identity``, ``gzip`` or ``zstd``.

    Raises:
        WrongMediaType: ``ENCODING_UNSUPPORTED``.
        InvalidInput: ``ENCODING_INVALID``: the packed stream is damaged or cut.
        TooLarge: ``BODY_TOO_LARGE``: more than ``most`` bytes once unpacked.
    """
    readers = {"": _plain, "identity": _plain, "gzip": _gunzip, "x-gzip": _gunzip, "zstd": _unzstd}
    reader = readers.get(encoding.strip().lower())
    if reader is None:
        raise WrongMediaType("ENCODING_UNSUPPORTED", "Send the rows plain, or packed by gzip or zstd.")
    seen = 0
    try:
        for chunk in reader(chunks):
            seen += len(chunk)
            if seen > most:
                raise _too_large(most)
            yield chunk
    except (zlib.error, zstandard.ZstdError, EOFError) as error:
        raise InvalidInput("ENCODING_INVALID", "The packed body is damaged or cut.", str(error)) from error


def blocks_of_lines(chunks: Iterator[bytes], *, max_line: int) -> Iterator[list[bytes]]:
    """Lines without their line feed, those of a chunk together; empty lines are left out, and empty blocks.

    A line longer than ``max_line`` comes cut to ``max_line + 1`` bytes, enough to be refused as too long.

    Raises:
        TooLarge: ``BODY_TOO_LARGE``: mostly empty lines, which pack well and cost time.
    """
    rest, empty = b"", 0
    for chunk in chunks:
        *whole, rest = (rest + chunk).split(b"\n")
        filled = [line[: max_line + 1] for line in whole if line and not line.isspace()]
        empty += len(whole) - len(filled)
        if empty > _EMPTY_LINES_MAX:
            raise TooLarge(
                "BODY_TOO_LARGE",
                _("At most %(empty_lines_max)s empty lines a batch.") % {"empty_lines_max": _EMPTY_LINES_MAX},
            )
        if filled:
            yield filled
        if len(rest) > max_line:
            rest = rest[: max_line + 1]  # what follows up to the line feed only grows a line refused anyway
    if rest.strip():
        yield [rest]


def _plain(chunks: Iterator[bytes]) -> Iterator[bytes]:
    return chunks


def _gunzip(chunks: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(_GZIP_WINDOW)
    for packed in chunks:
        waiting = packed
        while waiting:
            yield unpacker.decompress(waiting, _CHUNK)
            waiting = unpacker.unconsumed_tail
            if unpacker.eof:
                waiting = unpacker.unused_data  # gzip allows several members
                unpacker = zlib.decompressobj(_GZIP_WINDOW) if waiting else unpacker
    if not unpacker.eof:
        raise EOFError("the gzip stream is cut")


def _unzstd(chunks: Iterator[bytes]) -> Iterator[bytes]:
    unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_MAX).decompressobj()
    for packed in chunks:
        # a few bytes of zstd may unpack to 128 KiB: small slices bound what one call can return
        for at in range(0, len(packed), _ZSTD_SLICE):
            waiting = packed[at : at + _ZSTD_SLICE]
            while waiting:
                if unpacker.eof:
                    unpacker = zstandard.ZstdDecompressor(max_window_size=_ZSTD_WINDOW_MAX).decompressobj()
                yield unpacker.decompress(waiting)
                waiting = unpacker.unused_data
    if not unpacker.eof:
        raise EOFError("the zstd stream is cut")


def _read(read: Callable[[int], bytes]) -> bytes:
    try:
        return read(_CHUNK)
    except OSError as error:  # the client went away
        raise _incomplete() from error


def _incomplete() -> InvalidInput:
    return InvalidInput("BODY_INCOMPLETE", "The body ended early.", "Nothing was taken; send it again.")


def _too_large(most: int) -> TooLarge:
    return TooLarge(
        "BODY_TOO_LARGE",
        "The batch is too large.",
        _("At most %(most)s bytes; cut it in two.") % {"most": most},
    )
