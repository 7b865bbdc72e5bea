"""What both sides said of single terms: notes of the newest versions, questions, and answers, each beside its row."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from agents_portal.term_table import KEY_OF
from licensing.selectors import ActionLine, RequestDetail


@dataclass(frozen=True)
class Remark:
    """One thing said of one term.

    Attributes:
        kind: ``NOTE``, ``QUESTION`` or ``ANSWER``.
        is_open: a question of the other side that nobody answered.
    """

    kind: str
    who: str
    text: str
    at: datetime
    is_open: bool = False


def talk_of(detail: RequestDetail) -> dict[str, tuple[Remark, ...]]:
    """What was said, by the key of the row it is about, oldest first."""
    found: dict[str, list[Remark]] = {}
    for version in detail.versions:
        for path, text in version.field_notes.items():
            _add(found, path, Remark("NOTE", version.by, text, version.at))
    said = [act for act in detail.actions if act.about and act.kind in {"QUESTION", "ANSWER"}]
    for place, act in enumerate(said):
        is_open = (
            act.kind == "QUESTION" and act.side not in detail.sides and not _answered(act, said[place + 1 :])
        )
        _add(found, act.about, Remark(act.kind, act.actor, act.note, act.at, is_open))
    return {key: tuple(sorted(several, key=lambda one: one.at)) for key, several in found.items()}


def open_questions(talk: Mapping[str, tuple[Remark, ...]]) -> int:
    """How many questions about terms wait for the reader's side."""
    return sum(one.is_open for several in talk.values() for one in several)


def _answered(asked: ActionLine, later: Iterable[ActionLine]) -> bool:
    return any(one.kind == "ANSWER" and one.about == asked.about and one.side != asked.side for one in later)


def _add(found: dict[str, list[Remark]], path: str, remark: Remark) -> None:
    root = path.partition(".")[0]
    key = KEY_OF.get(path) or KEY_OF.get(root)
    if key is not None:
        found.setdefault(key, []).append(remark)
