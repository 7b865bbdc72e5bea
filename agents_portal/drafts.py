"""The counter that has not been sent: kept in the reader's session, one per request.

A draft remembers the hash of the terms it was written against. When the other side sends a new version
meanwhile, what still narrows it is kept and the page says that the terms changed; nothing is ever sent
against terms the reader has not seen.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.contrib.sessions.backends.base import SessionBase

from agents_portal.fields import FIELDS, Value, with_values
from common.errors import InvalidInput
from trustcore.policy.terms import Terms

_KEY = "counter-drafts"
_MOST_DRAFTS = 50


@dataclass(frozen=True)
class Draft:
    """Changes not yet sent, by field, with a note for each."""

    against: str
    values: Mapping[str, Value] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    terms_changed: bool = False

    def __bool__(self) -> bool:
        return bool(self.values)

    def __len__(self) -> int:
        return len(self.values)

    def apply(self, terms: Terms) -> Terms:
        """The terms as they would read with these changes."""
        return with_values(terms, self.values)

    def changes(self, terms: Terms) -> dict[str, Any]:
        """The changes by path of terms, as the counter service takes them."""
        changed = self.apply(terms).to_dict()
        paths = {key: FIELDS[key].path for key in self.values}
        return {
            # a window moves as a whole: its last day follows its days
            **({"window": changed["window"]} if "window_days" in paths else {}),
            **{".".join(path): self._plain(key) for key, path in paths.items() if key != "window_days"},
        }

    def _plain(self, key: str) -> int | list[str]:
        value = self.values[key]
        return list(value) if isinstance(value, tuple) else value

    @property
    def note(self) -> str:
        """The notes in one text, each under its field's name."""
        return "\n".join(f"{FIELDS[key].label}: {text}" for key, text in self.notes.items() if text)


def draft_of(session: SessionBase, request_id: UUID, terms: Terms, terms_hash: str) -> Draft:
    """The draft for a request, read against its present terms: what no longer narrows is dropped."""
    stored: dict[str, Any] = session.get(_KEY, {}).get(str(request_id), {})
    values: dict[str, Value] = {}
    for key, kept in stored.get("values", {}).items():
        if key not in FIELDS:
            continue
        try:
            value = FIELDS[key].read([str(one) for one in kept], terms)
        except InvalidInput:
            continue
        if value != FIELDS[key].value_of(terms):
            values[key] = value
    notes = {key: text for key, text in stored.get("notes", {}).items() if key in values}
    against = stored.get("against", terms_hash)
    return Draft(terms_hash, values, notes, terms_changed=bool(stored) and against != terms_hash)


def keep_change(
    session: SessionBase, request_id: UUID, *, draft: Draft, key: str, value: Value, note: str
) -> Draft:
    """Add one change to the draft and keep it."""
    changed = Draft(draft.against, {**draft.values, key: value}, {**draft.notes, key: note[:500]})
    _store(session, request_id, changed)
    return changed


def has_draft(session: SessionBase, request_id: UUID) -> bool:
    """Whether changes to a request are kept and not sent."""
    return str(request_id) in session.get(_KEY, {})


def undo_change(session: SessionBase, request_id: UUID, *, draft: Draft, key: str) -> Draft:
    """Drop one change."""
    changed = Draft(
        draft.against,
        {name: value for name, value in draft.values.items() if name != key},
        {name: note for name, note in draft.notes.items() if name != key},
    )
    _store(session, request_id, changed)
    return changed


def drop_draft(session: SessionBase, request_id: UUID) -> None:
    """Forget the draft: it was sent, or the request is answered."""
    drafts = dict(session.get(_KEY, {}))
    if drafts.pop(str(request_id), None) is not None:
        session[_KEY] = drafts


def _store(session: SessionBase, request_id: UUID, draft: Draft) -> None:
    drafts = dict(session.get(_KEY, {}))
    drafts.pop(str(request_id), None)
    if draft:
        drafts[str(request_id)] = {
            "against": draft.against,
            "values": {
                key: list(value) if isinstance(value, tuple) else [str(value)]
                for key, value in draft.values.items()
            },
            "notes": dict(draft.notes),
        }
    session[_KEY] = dict(list(drafts.items())[-_MOST_DRAFTS:])
