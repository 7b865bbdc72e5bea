"""Encoded packets of one stretch in a file, until the film is joined.

A piece holds the packets one after the other, then their index, then the index's length: no container
would keep every timestamp, duration and header byte as the encoder gave them.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from fractions import Fraction
from pathlib import Path

import msgspec
from av.packet import Packet
from av.stream import Stream

from watermarking.errors import MediaError, MediaReason
from watermarking.media.staging import staged, writing_to

_LENGTH = struct.Struct(">Q")


class PacketEntry(msgspec.Struct, frozen=True, array_like=True):
    """One packet: times in the piece's time base, bytes, and whether decoding may begin there."""

    pts: int
    dts: int
    duration: int
    size: int
    key: bool


class PieceIndex(msgspec.Struct, frozen=True, array_like=True):
    """What a piece holds: the encoder's header, the time base, the packets in their order."""

    header: bytes
    time_base: tuple[int, int]
    packets: list[PacketEntry]


def write_piece(piece: Path, packets: Iterable[Packet], stream: Stream) -> None:
    """Write what an encoder gives for ``stream`` into the file ``piece``.

    Raises:
        MediaError: it could not be written.
    """
    entries: list[PacketEntry] = []
    base = Fraction(1)
    with staged(piece) as partial, writing_to(piece), partial.open("wb") as file:
        for packet in packets:
            base = Fraction(packet.time_base)
            data = bytes(packet)
            pts = packet.pts or 0
            dts = packet.dts if packet.dts is not None else pts
            entries.append(PacketEntry(pts, dts, packet.duration or 0, len(data), packet.is_keyframe))
            file.write(data)
        header = bytes(stream.codec_context.extradata or b"")
        index = msgspec.msgpack.encode(PieceIndex(header, (base.numerator, base.denominator), entries))
        file.write(index + _LENGTH.pack(len(index)))


def read_index(piece: Path) -> PieceIndex:
    """Return the index of a piece.

    Raises:
        MediaError: it is not there, or is no piece.
    """
    try:
        with piece.open("rb") as file:
            file.seek(-_LENGTH.size, 2)
            (length,) = _LENGTH.unpack(file.read())
            file.seek(-_LENGTH.size - length, 2)
            return msgspec.msgpack.decode(file.read(length), type=PieceIndex)
    except (OSError, ValueError, struct.error, msgspec.DecodeError) as error:
        raise MediaError(MediaReason.MEDIA_UNREADABLE, f"no piece of a film: {error}", piece.name) from error


def joined_packets(pieces: list[Path], target: Stream) -> Iterator[Packet]:
    """Yield the packets of consecutive pieces for ``target``, with the decode times of one pass.

    Raises:
        MediaError: a piece is broken, or was encoded in another way than the first.
    """
    indexes = [read_index(piece) for piece in pieces]
    first = indexes[0]
    times = decode_times([list(index.packets) for index in indexes])
    for piece, index in zip(pieces, indexes, strict=True):
        if (index.header, index.time_base) != (first.header, first.time_base):
            raise MediaError(MediaReason.MEDIA_UNREADABLE, "pieces of different encodings", piece.name)
        with piece.open("rb") as file:
            for entry in index.packets:
                packet = Packet(file.read(entry.size))
                packet.pts, packet.dts, packet.duration = entry.pts, next(times), entry.duration
                packet.time_base, packet.is_keyframe = Fraction(*index.time_base), entry.key
                packet.stream = target
                yield packet


def decode_times(stretches: list[list[PacketEntry]]) -> Iterator[int]:
    """Return the decode times of all packets: presentation times, as late as reordering asks.

    The first ones, which no earlier picture gives a time, are as early as the encoder would have put them.
    """
    shown = [pts for entries in stretches for pts in sorted(entry.pts for entry in entries)]
    delay = max((_reordering(entries) for entries in stretches if entries), default=0)
    delay = min(delay, max(0, len(shown) - 1))
    lead = shown[delay] - shown[0] if shown else 0
    yield from (pts - lead for pts in shown[:delay])
    yield from shown[: len(shown) - delay]


def _reordering(entries: list[PacketEntry]) -> int:
    """How many packets are decoded before the first picture is due."""
    first = min(entry.pts for entry in entries)
    return sum(entry.dts < first for entry in entries)
