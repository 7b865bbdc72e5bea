"""What goes into a render and what it shows: scripts, likenesses, content, ratings against the terms.

Each function yields the reasons against a check, none where it is within the terms. What the terms do
not know, or the caller leaves unsaid where they need it, counts against it.

Source: TAXONOMY sections 9, 12 and 14.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from trustcore.policy.check import CheckRequest
from trustcore.policy.clauses import (
    LEVELLED_CONTENT,
    NEGOTIABLE_CONTENT,
    PROHIBITED_CONTENT,
    RATINGS,
    ContentRule,
    RatingSystem,
)
from trustcore.policy.reasons import DenyReason
from trustcore.policy.shape import Terms
from trustcore.policy.tools import plain_hash
from trustcore.policy.vocabulary import InputRole

_KNOWN_CONTENT: Final = frozenset(PROHIBITED_CONTENT) | frozenset(NEGOTIABLE_CONTENT)
_OF_THE_PERSON: Final = frozenset({InputRole.LIKENESS, InputRole.ANCHOR})
_ROLES: Final = frozenset(role.value for role in InputRole)
_WORST: Final = 5


def against_inputs(terms: Terms, request: CheckRequest) -> Iterator[DenyReason]:
    """Scripts must be versions that the terms name; a likeness one of their anchors, where they name any."""
    if request.script is not None and not _is_named(terms, *request.script):
        yield DenyReason.SCRIPT_VERSION_MISMATCH
    for role, text in request.inputs:
        digest = plain_hash(text)
        if role == InputRole.SCRIPT:
            if digest is None or all(one.sha256 != digest for one in terms.script):
                yield DenyReason.SCRIPT_VERSION_MISMATCH
        elif digest is None or not _is_licensed(terms, role, digest):
            yield DenyReason.INPUT_NOT_LICENSED


def against_content(terms: Terms, request: CheckRequest) -> Iterator[DenyReason]:
    """Content as the terms have it; what nobody agreed on is asked for first."""
    for name, level in request.content:
        if name not in _KNOWN_CONTENT:
            yield DenyReason.CONTENT_PROHIBITED
        elif name not in LEVELLED_CONTENT or level != 0:  # level 0 is none of it
            yield from _against_switch(terms.content.get(name), level)


def against_rating(terms: Terms, request: CheckRequest) -> Iterator[DenyReason]:
    """Every ceiling agreed is kept, which needs the rating to be said."""
    stated = dict(request.ratings)
    for system, ceiling in (terms.ratings or {}).items():
        scale, asked = RATINGS[system], stated.get(system)
        if asked not in scale or scale.index(asked) > scale.index(ceiling):
            yield DenyReason.RATING_EXCEEDED
    if not set(stated) <= set(RatingSystem):
        yield DenyReason.RATING_EXCEEDED


def _is_named(terms: Terms, text: str, ref: str | None, version: str | None) -> bool:
    digest = plain_hash(text)
    return digest is not None and any(
        one.sha256 == digest and ref in (None, one.ref) and version in (None, one.version)
        for one in terms.script
    )


def _is_licensed(terms: Terms, role: str, digest: str) -> bool:
    if role in _OF_THE_PERSON and terms.anchors:
        return digest in terms.anchors
    return role in _ROLES


def _against_switch(rule: int | ContentRule | None, level: int | None) -> Iterator[DenyReason]:
    if rule is None or rule is ContentRule.APPROVAL_REQUIRED:
        yield DenyReason.CONTENT_APPROVAL_REQUIRED
    elif isinstance(rule, int):
        if not 0 < (_WORST if level is None else level) <= rule:
            yield DenyReason.CONTENT_PROHIBITED
    elif rule is not ContentRule.ALLOWED:
        yield DenyReason.CONTENT_PROHIBITED
