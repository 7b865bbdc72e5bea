"""Numbered stills as one film: a folder of them, or a pattern such as ``name.%04d.exr``.

The number in the name is the time base, so that frames rendered on many machines, or rendered again,
carry the same mark wherever they come from.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from watermarking.errors import MediaError, MediaReason

_NUMBER = re.compile(r"^(?P<head>.*?)(?P<digits>\d+)(?P<tail>\.[A-Za-z]+)$")
_PATTERN = re.compile(r"%0(?P<width>\d)d|(?P<hashes>#+)")
STILL_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".tif", ".tiff", ".bmp", ".exr", ".dpx"})


@dataclass(frozen=True)
class Sequence:
    """``files``: frame number and path, in order."""

    files: tuple[tuple[int, Path], ...]


def is_pattern(path: Path) -> bool:
    """Whether the name stands for many files."""
    return not path.exists() and _PATTERN.search(path.name) is not None


def find_sequence(path: Path) -> Sequence | None:
    """Return the numbered stills that ``path`` names; None when it names one file.

    Raises:
        MediaError: a folder without stills, one with several sequences, or a pattern without files.
    """
    if is_pattern(path):
        return Sequence(_matching(path))
    return Sequence(_in_folder(path)) if path.is_dir() else None


def frame_path(target: Path, number: int, like: Path) -> Path:
    """Return where frame ``number`` goes: by the pattern ``target``, or under its old name in that folder."""
    if not is_pattern(target):
        return target / like.name

    def digits(match: re.Match[str]) -> str:
        width = int(match["width"]) if match["width"] else len(match["hashes"])
        return f"{number:0{width}d}"

    return target.with_name(_PATTERN.sub(digits, target.name, count=1))


def _matching(path: Path) -> tuple[tuple[int, Path], ...]:
    match = _PATTERN.search(path.name)
    assert match is not None
    head, tail = path.name[: match.start()], path.name[match.end() :]
    wanted = re.compile(re.escape(head) + r"(\d+)" + re.escape(tail))
    there = path.parent.iterdir() if path.parent.is_dir() else iter(())
    found = [(int(hit[1]), one) for one in there if (hit := wanted.fullmatch(one.name))]
    if not found:
        raise MediaError(MediaReason.MEDIA_MISSING, "no file fits the pattern", path.name)
    return tuple(sorted(found))


def _in_folder(path: Path) -> tuple[tuple[int, Path], ...]:
    found: list[tuple[str, int, Path]] = []
    for one in path.iterdir():
        hit = _NUMBER.match(one.name)
        if hit and one.suffix.lower() in STILL_SUFFIXES and not one.name.startswith("."):
            found.append((hit["head"] + hit["tail"], int(hit["digits"]), one))
    kinds = Counter(kind for kind, _, _ in found)
    if not kinds:
        raise MediaError(MediaReason.MEDIA_EMPTY, "no numbered pictures in the folder", path.name)
    if len(kinds) > 1:
        raise MediaError(MediaReason.MEDIA_UNSUPPORTED, "more than one sequence: name one", path.name)
    return tuple(sorted((number, one) for _, number, one in found))
