"""Files in a folder that are whole or not there: whoever looks finds the old bytes or the new ones, never half of either.

Django's own storage writes into the file that readers open. A reader who comes meanwhile gets a part of it, and a process
that dies leaves one behind under the name by which it is believed.
"""

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

from django.core.files.move import file_move_safe
from django.core.files.storage import FileSystemStorage
from django.utils.deconstruct import deconstructible

_PART = ".tm-part-"


@deconstructible(path="common.folders.FolderStorage")
class FolderStorage(FileSystemStorage):
    """A folder of files, each written beside its place, made durable, and only then put there under its name."""

    def _save(self, name: str, content: Any) -> str:
        place = Path(self.path(name))
        self._make(place.parent)
        handle, part = tempfile.mkstemp(prefix=_PART, dir=place.parent)
        try:
            with os.fdopen(handle, "wb") as target:
                if not hasattr(content, "temporary_file_path"):
                    for chunk in content.chunks():
                        target.write(chunk.encode() if isinstance(chunk, str) else chunk)
                    target.flush()
                    os.fsync(target.fileno())
            if hasattr(
                content, "temporary_file_path"
            ):  # an upload on disk is moved where that is the same disk
                file_move_safe(content.temporary_file_path(), part, allow_overwrite=True)
                _sync(Path(part))
            mode = self.file_permissions_mode
            Path(part).chmod(0o644 if mode is None else mode)
            # without overwriting, the name is looked for by Django and taken here, whoever else wants it
            if self._allow_overwrite:  # type: ignore[attr-defined]
                Path(part).replace(place)
            else:
                name, place = self._take_free(name, part)
            _sync(place.parent)
        finally:
            with suppress(FileNotFoundError):
                Path(part).unlink()
        return name.replace("\\", "/")

    def _take_free(self, name: str, part: str) -> tuple[str, Path]:
        while True:
            place = Path(self.path(name))
            try:
                os.link(part, place)
            except FileExistsError:
                name = self.get_available_name(name)
            else:
                return name, place

    def _make(self, folder: Path) -> None:
        mode = self.directory_permissions_mode
        folder.mkdir(parents=True, exist_ok=True)
        if mode is not None:
            folder.chmod(mode)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


__all__ = ["FolderStorage"]
