"""Registered scripts in texts: what is, or was taken from, a work that somebody protects is no training text by itself.

A licence for the source of a text permits nothing of a script in it: that takes a grant to train with the script
(``SCRIPT_TRAINING``), to this house. A text is asked in windows, so that a script in a long file is found as surely as one
that stands alone, and memory does not grow with the file. Final Draft files are read as scripts; any other text by its
words. Whose script it is and which, is not for everybody who holds a copy: findings say how much of a text it is.
"""

import codecs
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from django.conf import settings

from screenplays.fingerprint import fingerprint_of, fingerprint_of_text
from screenplays.models import Version
from screenplays.reading import Limits, Refused, read_script
from screenplays.selectors import Match, matches_of, may_train_with
from training.vocabulary import MediaKind

_WINDOW_CHARACTERS: Final = 300_000
"""Some 50,000 words: twice a long script, so that half of one always lies in one window."""
_READ: Final = 1 << 20
_BEGINS: Final = 4096


@dataclass(frozen=True, slots=True)
class Scripts:
    """What was found in a text.

    Attributes:
        found: how many registered works it was taken from; ``ungranted``: of how many the house may not train with it.
        share: of the text's wording (of its window's, in a long one), the most that stands in one work, 0 to 1.
        why_unread: the code of why a script could not be read; empty: it could.
    """

    found: int = 0
    ungranted: int = 0
    share: float = 0.0
    why_unread: str = ""


def scripts_in(stream: BinaryIO, *, kind: str, organisation_id: UUID) -> Scripts:
    """Ask whether a text is, or was taken from, registered scripts that the house may not train with; rewinds ``stream``.

    MUST be UTF-8, as a scan has found it to be. A server that no script was registered with reads nothing.
    """
    if kind != MediaKind.TEXT or not Version.objects.exists():
        return Scripts()
    try:
        matches = list(_matches(stream))
    except Refused as refused:
        return Scripts(why_unread=str(refused.code))
    finally:
        stream.seek(0)
    return _told(matches, organisation_id)


def ungranted_files(hashes: Iterable[str], organisation_id: UUID) -> set[str]:
    """Which of these SHA-256 are a registered script's very file that the house may not train with; 1 query, mostly."""
    rows = Version.objects.filter(sha256__in=set(hashes)).defer("sketch").select_related("work")
    return {row.sha256 for row in rows if not may_train_with(row, organisation_id)}


def _matches(stream: BinaryIO) -> Iterator[Match]:
    stream.seek(0)
    if b"<FinalDraft" in stream.read(_BEGINS):
        with tempfile.NamedTemporaryFile(prefix="tm-script-", suffix=".fdx") as copy:
            stream.seek(0)
            shutil.copyfileobj(stream, copy, _READ)
            copy.flush()
            script = read_script(Path(copy.name), Limits(pages=settings.SCRIPT_PAGES_MAX), ending="fdx")
        yield from matches_of(fingerprint_of(script))
        return
    for text in _windows(stream):
        yield from matches_of(fingerprint_of_text(text))


def _windows(stream: BinaryIO) -> Iterator[str]:
    """The text in windows that end between words."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    stream.seek(0)
    held = ""
    while piece := stream.read(_READ):
        held += decoder.decode(piece)
        while len(held) > _WINDOW_CHARACTERS:
            end = held.rfind(" ", _WINDOW_CHARACTERS // 2, _WINDOW_CHARACTERS)
            end = end if end > 0 else _WINDOW_CHARACTERS
            yield held[:end]
            held = held[end:]
    held += decoder.decode(b"", final=True)
    if held.strip():
        yield held


def _told(matches: list[Match], organisation_id: UUID) -> Scripts:
    """Of each work the versions that agree best count: a grant for one of these covers it."""
    of_work: dict[UUID, dict[UUID, Match]] = {}
    for one in matches:
        kept = of_work.setdefault(one.version.work_id, {})
        if one.version.pk not in kept or _likeness(one) > _likeness(kept[one.version.pk]):
            kept[one.version.pk] = one
    ungranted = 0
    for versions in of_work.values():
        best = max(map(_likeness, versions.values()))
        nearest = [one.version for one in versions.values() if _likeness(one) == best]
        ungranted += not any(may_train_with(version, organisation_id) for version in nearest)
    return Scripts(len(of_work), ungranted, round(max((one.of_text for one in matches), default=0.0), 2))


def _likeness(one: Match) -> tuple[bool, float]:
    return one.how != "PART", max(one.of_text, one.of_version)
