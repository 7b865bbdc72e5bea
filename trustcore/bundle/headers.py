"""The zip format to the byte: what stands in a bundle's archive beside the files themselves.

:mod:`zipfile` reads generously. Here the local headers, the central directory and the end records must
be exactly what the writer of a bundle leaves, with nothing before, between or after them. So an archive
has one reading, and a changed byte is noticed also where no file's content lies.

Source: PKWARE APPNOTE 6.3, sections 4.3.7, 4.3.12 and 4.3.14 to 4.3.16.
"""

from __future__ import annotations

import struct
import zipfile
from typing import IO, NoReturn

from trustcore.errors import InvalidEvidence, InvalidReason

_MODES = frozenset({0o644 << 16, 0o100644 << 16})
_LOCAL = struct.Struct("<4s5H3I2H")
_CENTRAL = struct.Struct("<4s4B4H3I5H2I")
_EPOCH_DATE = 1 << 5 | 1
_FULL = 0xFFFFFFFF
_NOT_PLAIN = "the archive's entry is not plain"
_MORE = "the archive holds more than its entries"


def check_entry(info: zipfile.ZipInfo, path: str) -> None:
    """Refuse what :func:`~trustcore.bundle.archive.entry_info` would not have written; :func:`_central_record` pins the rest."""
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits:
        _refuse(InvalidReason.UNSUPPORTED, "encrypted, or packed in an unusual way", path)
    if info.external_attr not in _MODES or info.create_version not in (20, 45):
        _refuse(InvalidReason.MALFORMED, _NOT_PLAIN, path)


def check_headers(
    archive: zipfile.ZipFile, stream: IO[bytes], archive_bytes: int, label: str
) -> dict[str, int]:
    """Walk the archive from its first byte: each local header must say what the directory says.

    Returns:
        Where each file's packed bytes begin, by path.
    """
    infos, starts, at = archive.infolist(), {}, 0
    for info in sorted(infos, key=lambda item: item.header_offset):
        path = info.filename.partition("/")[2]
        if info.header_offset != at:
            _refuse(InvalidReason.MALFORMED, "entries overlap, or something lies between them", path)
        starts[path] = _data_start(stream, info, path)
        at = starts[path] + info.compress_size
    if at != archive.start_dir:
        _refuse(InvalidReason.MALFORMED, _MORE, label)
    stream.seek(at)
    for info in infos:
        record = _central_record(info)
        if stream.read(len(record)) != record:
            _refuse(InvalidReason.MALFORMED, _NOT_PLAIN, info.filename.partition("/")[2])
        at += len(record)
    end = _end_records(len(infos), at - archive.start_dir, archive.start_dir)
    if stream.read(len(end) + 1) != end or at + len(end) != archive_bytes:
        _refuse(InvalidReason.MALFORMED, _MORE, label)
    return starts


def _central_record(info: zipfile.ZipInfo) -> bytes:
    """Return the directory's record of an entry as :func:`~trustcore.bundle.archive.entry_info` has it written."""
    large = max(info.file_size, info.compress_size) > zipfile.ZIP64_LIMIT
    far = info.header_offset > zipfile.ZIP64_LIMIT
    wide = [info.file_size, info.compress_size] * large + [info.header_offset] * far
    extra = struct.pack(f"<HH{len(wide)}Q", 1, 8 * len(wide), *wide) if wide else b""
    name = info.filename.encode()
    sizes = (_FULL, _FULL) if large else (info.compress_size, info.file_size)
    version = info.create_version
    record = _CENTRAL.pack(
        *(b"PK\x01\x02", version, 3, version, 0, 0, info.compress_type, 0, _EPOCH_DATE, info.CRC, *sizes),
        *(len(name), len(extra), 0, 0, 0, info.external_attr, _FULL if far else info.header_offset),
    )
    return record + name + extra


def _end_records(count: int, directory: int, offset: int) -> bytes:
    """Return what stands after the central directory."""
    end = b"PK\x05\x06" + struct.pack(
        "<4H2IH",
        0,
        0,
        min(count, 0xFFFF),
        min(count, 0xFFFF),
        min(directory, 2**32 - 1),
        min(offset, 2**32 - 1),
        0,
    )
    if count <= zipfile.ZIP_FILECOUNT_LIMIT and max(directory, offset) <= zipfile.ZIP64_LIMIT:
        return end
    record = struct.pack("<Q2H2I4Q", 44, 45, 45, 0, 0, count, count, directory, offset)
    locator = struct.pack("<IQI", 0, offset + directory, 1)
    return b"PK\x06\x06" + record + b"PK\x06\x07" + locator + end


def _data_start(stream: IO[bytes], info: zipfile.ZipInfo, path: str) -> int:
    stream.seek(info.header_offset)
    header = stream.read(_LOCAL.size)
    if len(header) != _LOCAL.size:
        _refuse(InvalidReason.MALFORMED, "the archive is cut short", path)
    magic, version, flags, method, time, date, crc, packed, size, name_bytes, extra_bytes = _LOCAL.unpack(
        header
    )
    name = stream.read(name_bytes)
    extra = stream.read(extra_bytes)
    # Python before 3.11.4 writes both sizes twice where a small entry is forced to be a wide one
    wide = struct.unpack("<QQ", extra[4:]) if extra[:4] == b"\x01\x00\x10\x00" and len(extra) == 20 else None
    if wide is not None and (packed == size == _FULL or wide == (size, packed)):
        size, packed = wide
    elif extra:
        _refuse(InvalidReason.MALFORMED, _NOT_PLAIN, path)
    said = (magic, version, flags, method, time, date, crc, packed, size, name)
    listed = (
        b"PK\x03\x04",
        info.extract_version,
        info.flag_bits,
        info.compress_type,
        0,
        _EPOCH_DATE,
        info.CRC,
        info.compress_size,
        info.file_size,
        info.filename.encode(),
    )
    if said != listed:
        _refuse(InvalidReason.MALFORMED, "the archive's two headers of this file differ", path)
    return info.header_offset + len(header) + len(name) + len(extra)


def _refuse(reason: InvalidReason, detail: str, path: str) -> NoReturn:
    raise InvalidEvidence(reason, detail, path)
