"""What a detection computed from a file, kept for the next time: a retry, another key, the same file again.

A feature is named by the hash of the file's bytes, the card and its version, and how frames are sampled; so it can
never be taken for another file's. The folder is bounded: what was not used for longest goes first. A feature that is
damaged or half-written is as good as none.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from watermarking.cards import PixelCard

# to be raised when sampling or the residual changes
METHOD = 3
_SUFFIX = ".npz"


@dataclass(frozen=True)
class PixelFeatures:
    """Levelled mean residuals, ``[3, h, w]`` float32 each, of stretches of frames of ``width`` x ``height``.

    ``frames``, ``shots``: per stretch, how many and in which shot. There are none where there was no frame.
    """

    means: Sequence[NDArray[np.float32]] | NDArray[np.float32]
    frames: NDArray[np.int64]
    shots: NDArray[np.int64]
    width: int
    height: int
    seconds: float


@dataclass(frozen=True)
class FeatureStore:
    """A folder of features, shared by the processes of one machine, of at most ``bytes_max`` bytes."""

    folder: Path
    bytes_max: int

    def name_of(self, path: Path, card: PixelCard, count: int) -> str:
        """Return the name of a file's features from some ``count`` frames. Reads the file once, in pieces.

        Raises:
            OSError: it cannot be read.
        """
        with path.open("rb") as stream:
            content = hashlib.file_digest(stream, "sha256").hexdigest()
        return f"{content}-{card.layer}-{card.scheme}-{card.version}-{METHOD}-{count}"

    def load(self, name: str) -> PixelFeatures | None:
        """Return features that were kept; None where there are none, or none that can be read."""
        path = self.folder / f"{name}{_SUFFIX}"
        try:
            with np.load(path, allow_pickle=False) as kept:
                size = kept["size"]
                found = PixelFeatures(
                    kept["means"],
                    kept["frames"],
                    kept["shots"],
                    int(size[0]),
                    int(size[1]),
                    float(kept["seconds"]),
                )
            os.utime(path)
        except FileNotFoundError:
            return None
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            with suppress(OSError):
                path.unlink()
            return None
        return found

    def save(self, name: str, features: PixelFeatures) -> None:
        """Keep features; a full disk keeps none, and is no reason to fail."""
        needed = sum(one.nbytes for one in features.means) + 4096
        if needed > self.bytes_max:
            return
        with suppress(OSError):
            self.folder.mkdir(parents=True, exist_ok=True)
            self._make_room(needed)
            handle, draft = tempfile.mkstemp(dir=self.folder, suffix=".tmp")
            try:
                with os.fdopen(handle, "wb") as out:
                    np.savez(
                        out,
                        means=np.asarray(features.means, np.float32),
                        frames=features.frames,
                        shots=features.shots,
                        size=np.array([features.width, features.height]),
                        seconds=np.array(features.seconds),
                    )
                Path(draft).replace(self.folder / f"{name}{_SUFFIX}")
            finally:
                Path(draft).unlink(missing_ok=True)

    def _make_room(self, needed: int) -> None:
        kept = []
        for path in self.folder.iterdir():
            with suppress(OSError):
                found = path.stat()
                kept.append((found.st_mtime_ns, found.st_size, path))
        total = sum(size for _, size, _ in kept)
        for _, size, path in sorted(kept, key=lambda one: one[0]):
            if total + needed <= self.bytes_max:
                return
            path.unlink(missing_ok=True)
            total -= size
