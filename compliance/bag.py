"""Write a bundle's zip in one pass: payload as it comes, then the tag files, memory flat.

Equal content makes equal bytes: entries carry no time and no owner, and the caller adds them in a fixed
order. What a file's digest is, is known only once it is written; the manifests and the signature come last.

Source: RFC 8493 (BagIt 1.0) section 2; trustcore.bundle for every form.
"""

import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from trustcore.bundle.archive import entry_info
from trustcore.bundle.bag import BAGIT_TXT, encode_bag_info, encode_manifest
from trustcore.bundle.layout import BAG_INFO, BAGIT, MANIFEST, PAYLOAD, SIGNATURE, TAG_FILES, TAG_MANIFEST
from trustcore.bundle.statement import sign_statement, statement
from trustcore.signing import Signer

_CHUNK = 1024 * 1024
# What is compressed already, or is nothing but hashes, is stored as it is.
_STORED = (".c2pa", ".parquet", ".pdf", "checkpoint", "vkey")
_ZIP64_FROM = 1 << 31


@dataclass
class BagWriter:
    """Writes one bag into one zip file; use it as a context manager and call ``finish`` once.

    Attributes:
        target: the zip file; overwritten.
        name: the bag's folder.
    """

    target: Path
    name: str
    _digests: dict[str, str] = field(default_factory=dict)
    _sizes: dict[str, int] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self._zip = zipfile.ZipFile(self.target, "w", allowZip64=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._zip.close()

    def add(self, path: str, data: bytes) -> None:
        """Add a small file; ``path`` is relative to the bag."""
        self.add_chunks(path, (data,), large=len(data) >= _ZIP64_FROM)

    def add_file(self, path: str, source: Path) -> None:
        """Add a file from disk, in pieces."""
        with source.open("rb") as stream:
            self.add_chunks(
                path, iter(lambda: stream.read(_CHUNK), b""), large=source.stat().st_size >= _ZIP64_FROM
            )

    def add_chunks(self, path: str, chunks: Iterable[bytes], *, large: bool = False) -> None:
        """Add a file piece by piece.

        Raises:
            ValueError: the bag has this file already.
        """
        if path in self._digests:
            raise ValueError(f"{path} is in the bag already")
        digest, size = hashlib.sha256(), 0
        info = entry_info(f"{self.name}/{path}", compress=not path.endswith(_STORED))
        with self._zip.open(info, "w", force_zip64=large) as stream:
            for chunk in chunks:
                digest.update(chunk)
                size += len(chunk)
                stream.write(chunk)
        self._digests[path], self._sizes[path] = digest.hexdigest(), size

    @property
    def files(self) -> dict[str, tuple[str, int]]:
        """SHA-256 (hex) and size of each file so far, by its path."""
        return {path: (digest, self._sizes[path]) for path, digest in self._digests.items()}

    def finish(
        self, *, identifier: str, created_at: str, agent: str, predicate: Mapping[str, Any], signer: Signer
    ) -> None:
        """Write the tag files: declaration, info, manifest, signature over all of it, tag manifest."""
        payload = {path: digest for path, digest in self._digests.items() if path.startswith(PAYLOAD)}
        self.add(BAGIT, BAGIT_TXT)
        self.add(
            BAG_INFO,
            encode_bag_info(
                identifier=identifier,
                created_at=created_at,
                agent=agent,
                payload_bytes=sum(self._sizes[path] for path in payload),
                payload_files=len(payload),
            ),
        )
        self.add(MANIFEST, encode_manifest(payload))
        self.add(SIGNATURE, sign_statement(statement(self._digests, predicate), signer))
        self.add(TAG_MANIFEST, encode_manifest({path: self._digests[path] for path in TAG_FILES}))
