"""Changes to terms by path: what may be countered, what is fixed, and that a counter only narrows."""

import copy
from collections.abc import Mapping
from typing import Any, Final

from common.errors import InvalidInput
from licensing.services.asks import read_terms, refuse_training
from trustcore.policy.diff import widenings
from trustcore.policy.shape import YOUNGER_FIELDS
from trustcore.policy.terms import Terms

FIXED: Final = frozenset(
    {
        "schema",
        "terms_version",
        "supersedes",
        "project",
        "licensor",
        "represented_by",
        "licensee",
        "talent",
        "replica_class",
        "description",
        "declared",
        "training",
        "profiles",
        "approvals",
        "approvals.mode",
        "approvals.quorum",
    }
)
"""Whom and what the request is about: a change here is another request (TAXONOMY 16)."""
_OPEN: Final = (["content"], ["ratings"], ["declared"])
"""Groups whose members are named by the agreement, not by the schema."""


def apply_changes(document: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of the terms' JSON with each path set to its value.

    >>> apply_changes({"scope": {"frames_max": 3000}}, {"scope.frames_max": 2000})
    {'scope': {'frames_max': 2000}}

    Raises:
        InvalidInput: ``TERM_UNKNOWN`` for a path that the terms do not have.
    """
    changed = copy.deepcopy(dict(document))
    for path, value in changes.items():
        *groups, name = path.split(".")
        place: Any = changed
        if groups == ["ratings"]:  # absent where nothing is agreed
            changed.setdefault("ratings", {})
        for group in groups:
            place = place.get(group) if isinstance(place, dict) else None
        known = groups in _OPEN or path in YOUNGER_FIELDS
        if not isinstance(place, dict) or (name not in place and not known):
            raise InvalidInput("TERM_UNKNOWN", "There is no such term.", path, {"field": path})
        place[name] = value
    return changed


def countered_terms(current: Terms, changes: Mapping[str, Any], *, version: int, supersedes: str) -> Terms:
    """The next version of ``current`` with the agent's changes, which may only narrow it.

    Raises:
        InvalidInput: ``TERM_FIXED``, ``TERM_UNKNOWN``, ``TERMS_INVALID``, ``TRAINING_SEPARATE``,
            ``NO_CHANGE`` or ``NOT_NARROWER``.
    """
    if fixed := sorted(
        path for path in changes if path in FIXED or path.partition(".")[0] in FIXED - {"approvals"}
    ):
        raise InvalidInput("TERM_FIXED", "This cannot be changed by a counter.", ", ".join(fixed))
    refuse_training(changes.get("use_types", ()))
    asked = current.to_dict()
    document = apply_changes(asked, changes)
    proposed = read_terms(document)
    if proposed == current:
        raise InvalidInput("NO_CHANGE", "The counter changes nothing.", "Approve the terms as they are.")
    if wider := widenings(current, proposed):
        raise InvalidInput(
            "NOT_NARROWER",
            "A counter may narrow what is asked, never widen it.",
            ", ".join(wider),
            {"fields": list(wider)},
        )
    return read_terms({**proposed.to_dict(), "terms_version": version, "supersedes": supersedes})
