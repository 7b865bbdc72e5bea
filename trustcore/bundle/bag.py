"""The bag's own files: declaration, info, and the two manifests.

>>> encode_manifest({"data/b": "0" * 64, "data/a": "1" * 64}).decode().splitlines()[0][-8:]
'  data/a'

Source: RFC 8493 (BagIt 1.0), narrowed: SHA-256 only, sorted, no fetch file, ASCII paths.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from trustcore.errors import InvalidEvidence, InvalidReason

BAGIT_TXT = b"BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n"

_PART = r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}"
SAFE_PATH = re.compile(rf"{_PART}(?:/{_PART}){{0,15}}")
"""A path that means the same on every system: no dots alone, no drive, no odd characters."""

_LINE = re.compile(r"(?P<digest>[0-9a-f]{64})  (?P<path>[^\n]+)\n")


def encode_manifest(digests: Mapping[str, str]) -> bytes:
    """Return a manifest of SHA-256 digests (hex) by path, sorted by path."""
    return "".join(f"{digests[path]}  {path}\n" for path in sorted(digests)).encode("ascii")


def parse_manifest(data: bytes, *, path: str) -> dict[str, str]:
    """Read a manifest that :func:`encode_manifest` wrote.

    Raises:
        InvalidEvidence: ``MALFORMED``; any other form, order or repetition.
    """
    try:
        text = data.decode("ascii")
    except UnicodeDecodeError as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, "the manifest is not ASCII", path) from error
    digests = {match["path"]: match["digest"] for match in _LINE.finditer(text)}
    if encode_manifest(digests) != data:
        raise InvalidEvidence(InvalidReason.MALFORMED, "not a sorted SHA-256 manifest", path)
    return digests


def encode_bag_info(
    *, identifier: str, created_at: str, agent: str, payload_bytes: int, payload_files: int
) -> bytes:
    """Return ``bag-info.txt``.

    Args:
        identifier: id of the bundle.
        created_at: RFC 3339 UTC; the bagging date is its day.
        agent: name and version of the program that wrote the bag.
        payload_bytes: sum of the payload files' sizes.
        payload_files: number of payload files.
    """
    lines = (
        f"Bag-Software-Agent: {agent}",
        f"Bagging-Date: {created_at[:10]}",
        f"External-Identifier: {identifier}",
        f"Payload-Oxum: {payload_bytes}.{payload_files}",
    )
    return "".join(line + "\n" for line in lines).encode()


def payload_oxum(bag_info: bytes) -> tuple[int, int] | None:
    """Return the payload's size in bytes and number of files as ``bag-info.txt`` states them."""
    match = re.search(rb"^Payload-Oxum: (\d{1,18})\.(\d{1,9})$", bag_info, re.MULTILINE)
    return (int(match[1]), int(match[2])) if match else None
