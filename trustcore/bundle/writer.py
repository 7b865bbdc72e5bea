"""Writing a bundle: files go in as they come, the bag's own files and the signature come last.

>>> import io
>>> from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
>>> from trustcore.signing import Ed25519Signer
>>> stream = io.BytesIO()
>>> with BagWriter(stream, "bundle") as bag:
...     digest = bag.add("data/bundle.json", [b"{}"])
...     bag.seal(identifier="b1", created_at="2026-11-22T08:00:00Z", agent="test", predicate={},
...              signer=Ed25519Signer(Ed25519PrivateKey.generate()))
"""

import hashlib
import zipfile
from collections.abc import Iterable, Mapping
from types import TracebackType
from typing import IO, Any, Self

from trustcore.bundle.archive import entry_info
from trustcore.bundle.bag import BAGIT_TXT, SAFE_PATH, encode_bag_info, encode_manifest
from trustcore.bundle.layout import BAG_INFO, BAGIT, MANIFEST, PAYLOAD, SIGNATURE, TAG_FILES, TAG_MANIFEST
from trustcore.bundle.statement import sign_statement, statement
from trustcore.signing import Signer

_PACKED = (".c2pa", ".zip", ".mp4", ".png")


class BagWriter:
    """Writes one bag into a zip file on a seekable stream; equal content makes equal bytes."""

    def __init__(self, stream: IO[bytes], name: str) -> None:
        """Begin a bag named ``name``.

        Raises:
            ValueError: ``name`` is not a plain folder name.
        """
        if "/" in name or SAFE_PATH.fullmatch(name) is None:
            raise ValueError("a bag's name is one plain word")
        self._name = name
        self._zip = zipfile.ZipFile(stream, "w")
        self._digests: dict[str, str] = {}
        self._payload_bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, tb: TracebackType | None
    ) -> None:
        self._zip.close()

    def add(self, path: str, chunks: Iterable[bytes]) -> str:
        """Write one payload file; return its SHA-256 in hex.

        Raises:
            ValueError: ``path`` is not a plain path below ``data/``, or was written before.
        """
        if not path.startswith(PAYLOAD):
            raise ValueError(f"{path} is not below {PAYLOAD}")
        return self._write(path, chunks)

    def seal(
        self,
        *,
        identifier: str,
        created_at: str,
        agent: str,
        predicate: Mapping[str, Any],
        signer: Signer,
    ) -> None:
        """Write the bag's own files and sign: manifest, info, statement, tag manifest.

        Args:
            identifier: id of the bundle.
            created_at: RFC 3339 UTC.
            agent: name and version of the program that wrote the bag.
            predicate: what the signer says of the files; canonical JSON.
            signer: the deployment's bundle key.
        """
        payload = dict(self._digests)
        info = encode_bag_info(
            identifier=identifier,
            created_at=created_at,
            agent=agent,
            payload_bytes=self._payload_bytes,
            payload_files=len(payload),
        )
        self._write(BAGIT, [BAGIT_TXT])
        self._write(BAG_INFO, [info])
        self._write(MANIFEST, [encode_manifest(payload)])
        self._write(SIGNATURE, [sign_statement(statement(self._digests, predicate), signer)])
        self._write(TAG_MANIFEST, [encode_manifest({path: self._digests[path] for path in TAG_FILES})])

    def _write(self, path: str, chunks: Iterable[bytes]) -> str:
        full = f"{self._name}/{path}"
        if path in self._digests or SAFE_PATH.fullmatch(full) is None:
            raise ValueError(f"{path} is not a new plain path")
        digest = hashlib.sha256()
        with self._zip.open(entry_info(full, compress=not path.endswith(_PACKED)), "w") as member:
            for chunk in chunks:
                digest.update(chunk)
                self._payload_bytes += len(chunk) if path.startswith(PAYLOAD) else 0
                member.write(chunk)
        self._digests[path] = digest.hexdigest()
        return self._digests[path]
