"""Questions and answers of every side, about a request or about one of its terms; the request stays as it is."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from common.errors import Conflict, InvalidInput
from licensing.models import LicenceRequest, RequestAction
from licensing.models.requests import ActionKind, Side
from licensing.services.productions import clean_text
from licensing.services.trail import lock_request, move, require_side
from trustcore.policy.clauses import NEGOTIABLE_CONTENT, PROHIBITED_CONTENT, RatingSystem
from trustcore.policy.shape import YOUNGER_FIELDS, Declared

_TEXT_MAX: Final = 2000
QUESTIONS_MOST: Final = 40
_SIDES: Final = (Side.LICENSEE, Side.AGENT, Side.TALENT, Side.SIGNER, Side.GUARDIAN)
_UNWRITTEN: Final = frozenset(
    {
        *YOUNGER_FIELDS,
        *("ratings", "declared"),
        *(f"content.{name}" for name in (*PROHIBITED_CONTENT, *NEGOTIABLE_CONTENT)),
        *(f"ratings.{system}" for system in RatingSystem),
        *(f"declared.{name}" for name in Declared.__struct_fields__),
    }
)
"""Terms that can be asked about although nothing is agreed on them yet."""


def ask_question(*, principal: Principal, request_id: UUID, text: str, about: str = "") -> RequestAction:
    """Ask the other side something, perhaps about one term; the request stays as it is.

    Raises:
        NotFound, Forbidden, Conflict: as of every act on a request.
        InvalidInput: ``NOTE_INVALID`` or ``TERM_UNKNOWN``.
    """
    return _say(ActionKind.QUESTION, principal, request_id, text, about)


def answer_question(*, principal: Principal, request_id: UUID, text: str, about: str = "") -> RequestAction:
    """Answer what was asked.

    Raises:
        NotFound, Forbidden, InvalidInput: as :func:`ask_question`.
        Conflict: ``NO_QUESTION``: nobody of another side has asked; or as of every act on a request.
    """
    return _say(ActionKind.ANSWER, principal, request_id, text, about)


def ask_questions(*, principal: Principal, request_id: UUID, questions: Mapping[str, str]) -> None:
    """Ask about several terms at once: all of it, or nothing.

    Raises:
        NotFound, Forbidden, Conflict, InvalidInput: as :func:`ask_question`.
    """
    with transaction.atomic():
        request, sides = lock_request(principal, request_id)
        ask_about(request, questions, principal=principal, side=require_side(sides, *_SIDES))


def ask_about(
    request: LicenceRequest, questions: Mapping[str, str], *, principal: Principal, side: Side
) -> None:
    """Ask about single terms of a locked request, each question an act of its own, in the order of their paths.

    Raises:
        InvalidInput: ``NOTE_INVALID``, also for more than :data:`QUESTIONS_MOST`; ``TERM_UNKNOWN``.
        Conflict: as of every act on a request.
    """
    if len(questions) > QUESTIONS_MOST:
        raise InvalidInput("NOTE_INVALID", "These are too many questions at once.", f"{QUESTIONS_MOST}")
    for path, text in sorted(questions.items()):
        words = clean_text(text, most=_TEXT_MAX, code="NOTE_INVALID")
        _require_term(request, path)
        move(request, ActionKind.QUESTION, principal=principal, side=side, note=words, about=path)


def _say(kind: ActionKind, principal: Principal, request_id: UUID, text: str, about: str) -> RequestAction:
    words = clean_text(text, most=_TEXT_MAX, code="NOTE_INVALID")
    with transaction.atomic():
        request, sides = lock_request(principal, request_id)
        side = require_side(sides, *_SIDES)
        if about:
            _require_term(request, about)
        asked = request.actions.filter(kind=ActionKind.QUESTION).exclude(side=side)
        if kind is ActionKind.ANSWER and not asked.exists():
            raise Conflict("NO_QUESTION", "Nobody has asked you anything.")
        return move(request, kind, principal=principal, side=side, note=words, about=about)


def _require_term(request: LicenceRequest, path: str) -> None:
    place: Any = request.current.terms if request.current is not None else {}
    if path in _UNWRITTEN:
        return
    for name in path.split("."):
        if not isinstance(place, dict) or name not in place:
            raise InvalidInput("TERM_UNKNOWN", "There is no such term.", path[:80], {"field": path[:80]})
        place = place[name]
