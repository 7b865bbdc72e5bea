"""May these files be published? Asked of the licence server for every licence of the product.

1. The licence stands: it gives a token today (not revoked, expired, suspended or replaced).
2. Every file has a receipt of that licence, as rendered and not as discarded, by the digest of its bytes: a frame
that was rendered without a check, or changed since, has none.
3. No answer is no.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from trustmark_client import ClientError, TrustmarkClient
from trustmark_client.pixels import file_sha256
from trustmark_client.shots import receipted_files

ASK_SECONDS = 8.0
NAMED_MOST = 5


@dataclass(frozen=True)
class Product:
    """What is to be published, and under which licences its likenesses stand."""

    licences: tuple[str, ...]
    files: tuple[Path, ...]


class Unlicensed(Exception):
    """It may not be published; ``code`` is stable, the sentence names the files."""

    def __init__(self, code: str, detail: str) -> None:
        self.code = code
        super().__init__(f"trustmark: denied: {code} ({detail})")


def validate(client: TrustmarkClient, product: Product) -> None:
    """Return if ``product`` may be published.

    Raises:
        Unlicensed: with the reason code: the licence's state, ``OFFLINE``, ``RECEIPT_MISSING``, ``FRAME_DISCARDED``.
    """
    if not product.files:
        raise Unlicensed("NO_FILES", "a product without files cannot be held against its receipts")
    digests = {path: _digest(path) for path in product.files}
    for licence in product.licences:
        try:
            with client.transport.hurried(ASK_SECONDS):
                client.fresh_token(licence)
                receipts = receipted_files(client, licence)
        except ClientError as error:
            raise Unlicensed(error.screen_code, str(error)) from error
        _held_against(receipts, digests)


def _digest(path: Path) -> str:
    try:
        return file_sha256(path)
    except OSError as error:
        raise Unlicensed("FILE_UNREADABLE", str(error)) from error


def _held_against(receipts: dict[str, str], digests: dict[Path, str]) -> None:
    missing = [path for path, digest in digests.items() if digest not in receipts]
    if missing:
        raise Unlicensed("RECEIPT_MISSING", _named(missing))
    discarded = [path for path, digest in digests.items() if receipts[digest] != "RENDERED"]
    if discarded:
        raise Unlicensed("FRAME_DISCARDED", _named(discarded))


def _named(paths: Iterable[Path]) -> str:
    names = sorted(path.name for path in paths)
    more = f" and {len(names) - NAMED_MOST} more" if len(names) > NAMED_MOST else ""
    return ", ".join(names[:NAMED_MOST]) + more
