"""What has not been sent: a counter, or a revision, kept in the writer's session, one per request and side.

A draft remembers the hash of the terms it was written against. When the other side sends a new version
meanwhile, what may still be said is kept and the page says that the terms changed; nothing is ever sent
against terms the writer has not seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase

from agents_portal.fields import Kind, Value
from agents_portal.term_table import FIELDS, may_change, read_value, with_values
from common.errors import InvalidInput
from trustcore.errors import InvalidTerms
from trustcore.policy.terms import Terms

_KEY: Final = "counter-drafts"
_MOST_DRAFTS: Final = 50
NOTE_MOST: Final = 500
CURRENCY: Final = "compensation-currency"
_WINDOW: Final = frozenset({"window_days", "window-not_before"})


@dataclass(frozen=True)
class Draft:
    """Changes not yet sent, by field, with a note for each; and questions about fields, changed or not.

    Attributes:
        answers: whether it is a counter, which only narrows; else a revision of the side that asks.
    """

    against: str
    values: Mapping[str, Value] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    questions: Mapping[str, str] = field(default_factory=dict)
    terms_changed: bool = False
    answers: bool = True

    def __bool__(self) -> bool:
        return bool(self.values or self.questions)

    def __len__(self) -> int:
        return len(self.values.keys() | self.questions.keys())

    def currency(self, terms: Terms) -> str:
        """The currency that the draft's amounts are written in."""
        return str(self.values.get(CURRENCY) or terms.compensation.currency)

    def apply(self, terms: Terms) -> Terms:
        """The terms as they would read with these changes; those of before where they contradict each other."""
        if not self.values:
            return terms
        try:
            return with_values(terms, self.values, answers=self.answers)
        except InvalidTerms:
            return terms

    def changes(self, terms: Terms) -> dict[str, Any]:
        """The changes by path of terms, as the services take them."""
        changed: Any = self.apply(terms).to_dict()
        paths = {FIELDS[key].path: FIELDS[key].plain(value) for key, value in self.values.items()}
        if _WINDOW.isdisjoint(self.values):
            return paths
        # a window moves as a whole: its last day follows its days
        return {
            "window": changed["window"],
            **{path: value for path, value in paths.items() if not path.startswith("window.")},
        }

    @property
    def field_notes(self) -> dict[str, str]:
        """The notes, each under the path of its field."""
        return {FIELDS[key].path: text for key, text in self.notes.items() if text and key in self.values}

    @property
    def field_questions(self) -> dict[str, str]:
        """The questions, each under the path of its field."""
        return {FIELDS[key].path: text for key, text in self.questions.items() if text}


def draft_of(
    session: SessionBase, request_id: UUID, terms: Terms, terms_hash: str, *, answers: bool = True
) -> Draft:
    """The draft for a request, read against its present terms: what may no longer be said is dropped."""
    stored: dict[str, Any] = session.get(_KEY, {}).get(_name(request_id, answers), {})
    values: dict[str, Value] = {}
    # the currency first: how many digits an amount has is read from it
    for key, typed in sorted(stored.get("values", {}).items(), key=lambda one: one[0] != CURRENCY):
        if key not in FIELDS or not may_change(FIELDS[key], answers=answers):
            continue
        try:
            said = [str(one) for one in typed]
            value = read_value(
                FIELDS[key], said, terms, answers=answers, currency=str(values.get(CURRENCY) or "")
            )
        except (InvalidInput, InvalidTerms):
            continue
        if value != FIELDS[key].value_of(terms):
            values[key] = value
    notes = {key: text for key, text in stored.get("notes", {}).items() if key in values}
    questions = {key: text for key, text in stored.get("questions", {}).items() if key in FIELDS}
    changed = bool(stored) and stored.get("against", terms_hash) != terms_hash
    return Draft(terms_hash, values, notes, questions, terms_changed=changed, answers=answers)


def keep_change(
    session: SessionBase,
    request_id: UUID,
    *,
    draft: Draft,
    terms: Terms,
    key: str,
    value: Value,
    note: str = "",
    question: str = "",
) -> Draft:
    """Add what was said of one field to the draft and keep it; the present value is no change.

    Another currency drops the amounts that were written in the one of before.
    """
    kept = _in_another_currency(without(draft, key)) if key == CURRENCY else without(draft, key)
    is_changed = value != FIELDS[key].value_of(terms)
    changed = Draft(
        draft.against,
        {**kept.values, **({key: value} if is_changed else {})},
        {**kept.notes, **({key: note[:NOTE_MOST]} if note and is_changed else {})},
        {**kept.questions, **({key: question[:NOTE_MOST]} if question else {})},
        answers=draft.answers,
    )
    _store(session, request_id, changed, terms)
    return changed


def has_draft(session: SessionBase, request_id: UUID) -> bool:
    """Whether changes to a request are kept and not sent."""
    return _name(request_id, answers=True) in session.get(_KEY, {})


def undo_change(session: SessionBase, request_id: UUID, *, draft: Draft, terms: Terms, key: str) -> Draft:
    """Drop what was said of one field."""
    changed = _in_another_currency(without(draft, key)) if key == CURRENCY else without(draft, key)
    _store(session, request_id, changed, terms)
    return changed


def without(draft: Draft, key: str) -> Draft:
    """The draft without one field."""
    return Draft(
        draft.against,
        {name: value for name, value in draft.values.items() if name != key},
        {name: note for name, note in draft.notes.items() if name != key},
        {name: text for name, text in draft.questions.items() if name != key},
        answers=draft.answers,
    )


def _in_another_currency(draft: Draft) -> Draft:
    for key in [name for name in draft.values if FIELDS[name].kind is Kind.MONEY]:
        draft = without(draft, key)
    return draft


def drop_draft(session: SessionBase, request_id: UUID, *, answers: bool = True) -> None:
    """Forget the draft: it was sent, or the request is answered."""
    drafts = dict(session.get(_KEY, {}))
    if drafts.pop(_name(request_id, answers), None) is not None:
        session[_KEY] = drafts


def _name(request_id: UUID, answers: bool) -> str:
    return str(request_id) if answers else f"{request_id}:revision"


def _store(session: SessionBase, request_id: UUID, draft: Draft, terms: Terms) -> None:
    drafts = dict(session.get(_KEY, {}))
    name = _name(request_id, draft.answers)
    drafts.pop(name, None)
    if draft:
        drafts[name] = {
            "against": draft.against,
            "values": {
                key: FIELDS[key].typed(value, draft.currency(terms)) for key, value in draft.values.items()
            },
            "notes": dict(draft.notes),
            "questions": dict(draft.questions),
        }
    session[_KEY] = dict(list(drafts.items())[-_MOST_DRAFTS:])
