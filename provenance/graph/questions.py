"""The legal questions, each by itself: what is answered, and how long the answer took (GP-001 to GP-004, TP-026).

Every answer is cut out of the one origin that is recorded of a version; its time is that of finding the origin and of
the question's own part.

    >>> Question.MODEL in ASKS
    True
"""

from typing import Any, Final

from provenance.graph.models import Question
from provenance.graph.selectors.origin import Origin
from provenance.graph.telling import origin_told

BAR_SECONDS: Final = 300.0
"""Five minutes: no answer may take longer."""
ASKS: Final[dict[str, tuple[str, ...]]] = {
    Question.CAME_FROM: ("versions", "relations", "is_cut"),
    Question.MODEL: ("models", "generations"),
    Question.REFERENCES: ("references",),
    Question.APPROVED: ("approvals", "decisions_upstream"),
    Question.LICENCE: ("licences", "receipts"),
    Question.CHANGED: ("versions", "relations", "approvals", "decisions_upstream", "is_cut"),
}
"""Which parts of an origin answer which question."""
_PARTS: Final[dict[str, tuple[str, ...]]] = {
    Question.CAME_FROM: ("came_from",),
    Question.MODEL: ("came_from", "model"),
    Question.REFERENCES: ("came_from", "model", "references"),
    Question.APPROVED: ("came_from", "approved"),
    Question.LICENCE: ("came_from", "model", "licence"),
    Question.CHANGED: ("came_from", "approved"),
}


def seconds_of(origin: Origin) -> dict[str, float]:
    """How long each question took, of this origin."""
    return {
        question: sum(origin.seconds.get(part, 0.0) for part in parts) for question, parts in _PARTS.items()
    }


def answer_told(origin: Origin, question: str) -> dict[str, Any]:
    """One question's answer as JSON, with its time against the bar."""
    whole = origin_told(origin)
    seconds = seconds_of(origin)[question]
    return {
        "question": question,
        "start": whole["start"],
        **{part: whole[part] for part in ASKS[question]},
        "is_complete": origin.is_complete,
        "incomplete": whole["incomplete"],
        "seconds": round(seconds, 6),
        "bar_seconds": BAR_SECONDS,
        "is_within": seconds <= BAR_SECONDS,
    }
