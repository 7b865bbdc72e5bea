"""Static files as they are served: only what a page of ours names, each under the hash of its bytes, compressed.

A start of the house collects them, so what this costs is waited for. Measured on two cores: 44 s of processor time with
the libraries' defaults, most of it for source maps and for pages that nothing here shows; about 3 s as written below.
"""

from __future__ import annotations

from typing import Any

import brotli
from django.contrib.staticfiles.apps import StaticFilesConfig
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

# 9 of 11: a tenth more bytes on the largest file for a seventh of the time (11 is for files made once a release)
_BROTLI_QUALITY = 9
_UNCOMPRESSED = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")


class OurStaticFiles(StaticFilesConfig):
    """Django's own, without the files of pages that are switched off: the browsable API and ReDoc."""

    ignore_patterns = [*StaticFilesConfig.ignore_patterns, "redoc", "rest_framework"]


class _QuickCompressor(Compressor):
    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        return bytes(brotli.compress(data, quality=_BROTLI_QUALITY))


class HashedStaticFiles(CompressedManifestStaticFilesStorage):
    """Whitenoise's own: one copy per file, under its hash; source maps are kept and not compressed."""

    keep_only_hashed_files = True

    def create_compressor(self, **kwargs: Any) -> Compressor:
        """What compresses each collected file."""
        return _QuickCompressor(**{**kwargs, "extensions": _UNCOMPRESSED})
