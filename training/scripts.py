"""Registered scripts in texts: what is, or was taken from, a work that somebody protects is no training text by itself.

A licence for the source of a text permits nothing of a script in it: that takes a grant to train with the script
(``SCRIPT_TRAINING``), to this house. A text is asked in windows, so that a script in a long file is found as surely as one
that stands alone, and memory does not grow with the file. Every text is asked by its words, as it stands and without its
markup; Final Draft files are read as scripts beside: what a reader passes over is still there to train on. Whose script it is and which, is not for everybody who holds a copy: findings say how much of a text it is.
"""

import codecs
import html
import re
import shutil
import tempfile
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from django.conf import settings

from screenplays.fingerprint import fingerprint_of, fingerprint_of_text
from screenplays.models import Version
from screenplays.reading import Limits, Refused, Script, read_script
from screenplays.selectors import Match, matches_of, may_train_with
from training.models import ScriptUse
from training.vocabulary import MediaKind

SCRIPT_UNGRANTED: Final = "SCRIPT_TRAINING_NOT_GRANTED"
_WINDOW_CHARACTERS: Final = 300_000
"""Some 50,000 words: twice a long script, so that half of one always lies in one window."""
_READ: Final = 1 << 20
_BEGINS: Final = 4096
_AS_MUCH: Final = 0.9
"""Of what one version holds of a text, the least that another must hold, for a grant of that other to cover it."""
_TAG: Final = re.compile(r"<[^<>]*>")
_MARKUP: Final = re.compile(r"<[^<>]*>|&#?\w+;")


@dataclass(frozen=True, slots=True)
class Scripts:
    """What was found in a text.

    Attributes:
        found: how many registered works it was taken from; ``ungranted``: of how many the house may not train with it.
        share: of the text's wording (of its window's, in a long one), the most that stands in one work, 0 to 1.
        versions: of each work those that the text is most like, whether or not they are granted.
        why_unread: the code of why it could not be read as a script, whatever its words say; empty: it could.
    """

    found: int = 0
    ungranted: int = 0
    share: float = 0.0
    why_unread: str = ""
    versions: tuple[UUID, ...] = ()


def scripts_in(stream: BinaryIO, *, kind: str, organisation_id: UUID) -> Scripts:
    """Ask whether a text is, or was taken from, registered scripts that the house may not train with; rewinds ``stream``.

    MUST be UTF-8, as a scan has found it to be. A server that no script was registered with reads nothing.
    """
    if kind != MediaKind.TEXT or not Version.objects.exists():
        return Scripts()
    best: dict[UUID, Match] = {}
    why_unread = ""
    try:
        if _is_final_draft(stream):
            try:
                _keep_best(best, matches_of(fingerprint_of(_script_of(stream))))
            except Refused as refused:
                why_unread = str(refused.code)
        for text in _readings(stream):
            _keep_best(best, matches_of(fingerprint_of_text(text)))
    finally:
        stream.seek(0)
    return _told(best.values(), organisation_id, why_unread)


def ungranted_files(hashes: Iterable[str], organisation_id: UUID) -> set[str]:
    """Which of these SHA-256 are a registered script's very file that the house may not train with; 1 query, mostly."""
    rows = Version.objects.filter(sha256__in=set(hashes)).defer("sketch").select_related("work")
    return {row.sha256 for row in rows if not may_train_with(row, organisation_id)}


def keep_scripts(asset_id: UUID, versions: Collection[UUID]) -> None:
    """Write down which registered scripts a text was found to be taken from, so that the end of a grant finds it."""
    ScriptUse.objects.bulk_create(
        [ScriptUse(asset_id=asset_id, version_id=one) for one in versions], ignore_conflicts=True
    )


def _is_final_draft(stream: BinaryIO) -> bool:
    stream.seek(0)
    return b"<FinalDraft" in stream.read(_BEGINS)


def _script_of(stream: BinaryIO) -> Script:
    with tempfile.NamedTemporaryFile(prefix="tm-script-", suffix=".fdx") as copy:
        stream.seek(0)
        shutil.copyfileobj(stream, copy, _READ)
        copy.flush()
        return read_script(Path(copy.name), Limits(pages=settings.SCRIPT_PAGES_MAX), ending="fdx")


def _readings(stream: BinaryIO) -> Iterator[str]:
    """A text's windows as they stand; where there is markup, also what it spells and what is left without it."""
    is_marked = False
    for window in _windows(stream, str):
        is_marked = is_marked or _MARKUP.search(window) is not None
        yield window
    if is_marked:
        for plain in (html.unescape, _without_tags, _with_tags_closed_up):
            yield from _windows(stream, plain)


def _without_tags(text: str) -> str:
    return html.unescape(_TAG.sub(" ", text))


def _with_tags_closed_up(text: str) -> str:
    """Words that tags cut through, whole again."""
    return html.unescape(_TAG.sub("", text))


def _windows(stream: BinaryIO, plain: Callable[[str], str]) -> Iterator[str]:
    """What ``plain`` makes of the text, in windows that end between words."""
    held = ""
    for piece in _pieces(stream):
        held += plain(piece)
        while len(held) > _WINDOW_CHARACTERS:
            end = held.rfind(" ", _WINDOW_CHARACTERS // 2, _WINDOW_CHARACTERS)
            end = end if end > 0 else _WINDOW_CHARACTERS
            yield held[:end]
            held = held[end:]
    if held.strip():
        yield held


def _pieces(stream: BinaryIO) -> Iterator[str]:
    """The text in pieces that do not end inside a tag, unless one is longer than a window."""
    decoder = codecs.getincrementaldecoder("utf-8-sig")()
    stream.seek(0)
    held = ""
    while read := stream.read(_READ):
        held += decoder.decode(read)
        opened = held.rfind("<")
        is_inside = 0 <= opened > held.rfind(">") and len(held) - opened < _WINDOW_CHARACTERS
        end = opened if is_inside else len(held)
        yield held[:end]
        held = held[end:]
    yield held + decoder.decode(b"", final=True)


def _keep_best(best: dict[UUID, Match], matches: Iterable[Match]) -> None:
    """Of each version the window that agrees best."""
    for one in matches:
        if one.version.pk not in best or _likeness(one) > _likeness(best[one.version.pk]):
            best[one.version.pk] = one


def _told(matches: Collection[Match], organisation_id: UUID, why_unread: str) -> Scripts:
    """Each work is asked about by itself: the grant that counts is for its version that the text is most like."""
    of_work: dict[UUID, list[Match]] = {}
    for one in matches:
        of_work.setdefault(one.version.work_id, []).append(one)
    nearest = [tuple(_nearest(versions)) for versions in of_work.values()]
    ungranted = sum(not any(may_train_with(one, organisation_id) for one in some) for some in nearest)
    share = round(max((one.of_text for one in matches), default=0.0), 2)
    versions = tuple(one.pk for some in nearest for one in some)
    return Scripts(len(of_work), ungranted, share, why_unread, versions)


def _nearest(versions: Sequence[Match]) -> Iterator[Version]:
    """Of one work's versions those most alike; not one that holds clearly less of the text than another does."""
    like = max(map(_likeness, versions))
    most = max(one.hashes for one in versions)
    for one in versions:
        if _likeness(one) == like and one.hashes >= _AS_MUCH * most:
            yield one.version


def _likeness(one: Match) -> tuple[bool, float]:
    """Whole before part, then by what both share of all that either says (Jaccard), 0 to 1."""
    return one.how != "PART", 1 / (1 / one.of_text + 1 / one.of_version - 1)
