"""The zip file around a bag: how it is written, and how it is opened without trusting it.

Entries carry no time, no owner and no extra fields, so that equal bags make equal archives. On
reading, the local headers, the central directory and the space between must agree: one archive,
one reading. Paths must be plain, unique, and below one folder; sizes are bounded by what is read.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import IO, NoReturn

from trustcore.bundle.bag import SAFE_PATH
from trustcore.bundle.headers import check_entry, check_headers
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.older import Self, dataclass

EPOCH = (1980, 1, 1, 0, 0, 0)
MAX_FILES = 1_000_000
MAX_RATIO = 200
FREE_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 1024 * 1024


def entry_info(path: str, *, compress: bool = True) -> zipfile.ZipInfo:
    """Return how an entry of a bundle is written: no clock, fixed mode; pass it to ``ZipFile.open(info, "w")``."""
    info = zipfile.ZipInfo(path, date_time=EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED if compress else zipfile.ZIP_STORED
    info.create_system = 3
    info.external_attr = 0o100644 << 16
    return info


@dataclass(slots=True)
class Archive:
    """An opened bundle. Paths are relative to the bag.

    Attributes:
        name: the bag's folder.
        members: the zip entry of each file, by path.
        digests: SHA-256, hex, of each file that was read to its end.
    """

    name: str
    members: dict[str, zipfile.ZipInfo]
    digests: dict[str, str]
    _starts: dict[str, int]
    _zip: zipfile.ZipFile
    _stream: IO[bytes]

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open ``path`` and check the archive's own structure.

        Raises:
            InvalidEvidence: ``MALFORMED``, ``TOO_LARGE`` or ``UNSUPPORTED``, with the entry at fault.
            OSError: the file cannot be read.
        """
        try:
            archive = zipfile.ZipFile(path)
        except (
            zipfile.BadZipFile,
            ValueError,
            NotImplementedError,
            struct.error,
            UnicodeDecodeError,
        ) as error:
            raise InvalidEvidence(InvalidReason.MALFORMED, f"not a zip file: {error}", path.name) from error
        try:
            stream = archive.fp
            if stream is None:  # pragma: no cover - just opened
                raise ValueError("the archive is closed")
            name, members = _checked_members(archive, path.stat().st_size, path.name)
            starts = check_headers(archive, stream, path.stat().st_size, path.name)
        except BaseException:
            archive.close()
            raise
        return cls(name, members, {}, starts, archive, stream)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._zip.close()

    def read(self, path: str, *, max_bytes: int) -> bytes:
        """Read one file whole.

        Raises:
            InvalidEvidence: ``MISSING_FILE``, ``TOO_LARGE``, or ``MALFORMED`` (its checksum is wrong).
        """
        if self.size(path) > max_bytes:
            raise InvalidEvidence(InvalidReason.TOO_LARGE, f"longer than {max_bytes} bytes", path)
        return b"".join(self.chunks(path))

    def size(self, path: str) -> int:
        """Return a file's size in bytes.

        Raises:
            InvalidEvidence: ``MISSING_FILE``.
        """
        return self._member(path).file_size

    def chunks(self, path: str) -> Iterator[bytes]:
        """Yield a file's bytes in pieces.

        Raises:
            InvalidEvidence: ``MISSING_FILE`` or ``MALFORMED``.
        """
        member = self._member(path)
        unpack = _Inflater() if member.compress_type == zipfile.ZIP_DEFLATED else _Copier()
        at, end = self._starts[path], self._starts[path] + member.compress_size
        checksum = size = 0
        digest = None if path in self.digests else hashlib.sha256()
        while at < end:
            packed = self._read_at(at, min(CHUNK_BYTES, end - at))
            at += len(packed)
            for chunk in unpack(packed, path):
                size += len(chunk)
                checksum = zlib.crc32(chunk, checksum)
                if digest is not None:
                    digest.update(chunk)
                if size > member.file_size:
                    break
                yield chunk
            if not packed or size > member.file_size:
                break
        if (size, checksum) != (member.file_size, member.CRC) or not unpack.complete:
            _refuse(InvalidReason.MALFORMED, "damaged in the archive", path)
        if digest is not None:
            self.digests[path] = digest.hexdigest()

    def _read_at(self, at: int, size: int) -> bytes:
        if hasattr(os, "pread"):  # processes that read side by side share the file's position
            return os.pread(self._stream.fileno(), size, at)
        self._stream.seek(at)
        return self._stream.read(size)

    def _member(self, path: str) -> zipfile.ZipInfo:
        member = self.members.get(path)
        if member is None:
            raise InvalidEvidence(InvalidReason.MISSING_FILE, "not in the bundle", path)
        return member


class _Copier:
    """Hands stored bytes on."""

    complete = True

    def __call__(self, packed: bytes, path: str) -> Iterator[bytes]:
        yield packed


class _Inflater:
    """Unpacks deflated bytes in bounded pieces, and knows whether the stream came to its own end."""

    def __init__(self) -> None:
        self._inflate = zlib.decompressobj(-zlib.MAX_WBITS)

    @property
    def complete(self) -> bool:
        return self._inflate.eof and not self._inflate.unused_data

    def __call__(self, packed: bytes, path: str) -> Iterator[bytes]:
        try:
            while piece := self._inflate.decompress(packed, CHUNK_BYTES):
                yield piece
                packed = self._inflate.unconsumed_tail
        except zlib.error as error:
            raise InvalidEvidence(
                InvalidReason.MALFORMED, f"damaged in the archive: {error}", path
            ) from error


def _checked_members(
    archive: zipfile.ZipFile, archive_bytes: int, label: str
) -> tuple[str, dict[str, zipfile.ZipInfo]]:
    infos = archive.infolist()
    if not 0 < len(infos) <= MAX_FILES:
        _refuse(InvalidReason.TOO_LARGE, f"{len(infos)} files", label)
    if sum(info.file_size for info in infos) > FREE_BYTES + MAX_RATIO * archive_bytes:
        _refuse(InvalidReason.TOO_LARGE, "the archive unpacks to far more than it is", label)
    name = infos[0].filename.partition("/")[0]
    members: dict[str, zipfile.ZipInfo] = {}
    for info in infos:
        top, _, path = info.filename.partition("/")
        if top != name or SAFE_PATH.fullmatch(info.filename) is None or not path:
            _refuse(
                InvalidReason.MALFORMED, "not a plain path below the bag's folder", ascii(info.orig_filename)
            )
        if path in members:
            _refuse(InvalidReason.MALFORMED, "two entries have this name", path)
        check_entry(info, path)
        members[path] = info
    return name, members


def _refuse(reason: InvalidReason, detail: str, path: str) -> NoReturn:
    raise InvalidEvidence(reason, detail, path)
