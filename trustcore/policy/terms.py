"""Licence terms: read strictly, written canonically, hashed, and versioned.

Terms are parsed once, at the edge. A change is a new version that names the one before it, never
an edit; both sides sign the same hash.

    >>> terms = parse_terms(body)                      # doctest: +SKIP
    >>> terms_hash(terms)                              # doctest: +SKIP
    'sha256:5f0c...'

Source: TAXONOMY section 12; RFC 8785 for the canonical form.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Final

import msgspec
from msgspec.structs import replace

from trustcore.encoding import canonical_json, parse_json_strict, prepare_readers, sha256_hex
from trustcore.errors import InvalidTerms, TrustError
from trustcore.policy.settle import format_time, parse_time, settle
from trustcore.policy.shape import (
    SCHEMA,
    Approvals,
    Compensation,
    ExclusiveRight,
    Exploitation,
    Marking,
    Project,
    Renewal,
    Reporting,
    Retention,
    Scope,
    ScriptRef,
    Security,
    Terms,
    Tools,
    Training,
    Window,
)

__all__ = [
    "SCHEMA",
    "Approvals",
    "Compensation",
    "ExclusiveRight",
    "Exploitation",
    "Marking",
    "Project",
    "Renewal",
    "Reporting",
    "Retention",
    "Scope",
    "ScriptRef",
    "Security",
    "Terms",
    "Tools",
    "Training",
    "Window",
    "canonical_terms",
    "format_time",
    "open_window",
    "parse_terms",
    "parse_time",
    "terms_hash",
    "with_version",
]

MAX_BYTES: Final = 256 * 1024
MAX_DEPTH: Final = 8

prepare_readers(Terms)


def parse_terms(source: Mapping[str, Any] | bytes) -> Terms:
    """Return ``source`` as terms in canonical form.

    Args:
        source: JSON bytes (at most 256 KiB), or the object such JSON decodes to.

    Raises:
        InvalidTerms: code ``TERMS_INVALID``; an unknown field or value, a wrong type, a contradiction,
            or JSON that is not strict. ``path`` names the field, as in ``scope.frames_max``.
    """
    try:
        value = (
            parse_json_strict(source, max_bytes=MAX_BYTES, max_depth=MAX_DEPTH)
            if isinstance(source, bytes)
            else source
        )
        terms = msgspec.convert(value, Terms)
    except msgspec.ValidationError as error:
        raise _invalid(error) from error
    except TrustError as error:
        raise InvalidTerms(error.detail) from error
    return settle(terms)


def _invalid(error: msgspec.ValidationError) -> InvalidTerms:
    """Turn msgspec's ``<what> - at `$.scope.frames_max``` into a detail and a path."""
    detail, _, where = str(error).partition(" - at ")
    path = where.rpartition("$")[2].strip("`. ")
    return InvalidTerms(detail, path or None)


def canonical_terms(terms: Terms) -> bytes:
    """Return the RFC 8785 bytes of ``terms``: what is hashed, stored and put into bundles."""
    return canonical_json(terms.to_dict())


def terms_hash(terms: Terms) -> str:
    """Return ``sha256:<hex>`` over :func:`canonical_terms`; the schema name inside separates its domain."""
    return f"sha256:{sha256_hex(canonical_terms(terms))}"


def with_version(terms: Terms, version: int, supersedes: str | None) -> Terms:
    """Return the same terms as version ``version``, naming the hash of the version before.

    Raises:
        InvalidTerms: a first version that supersedes something, or a later one that supersedes nothing.
    """
    return parse_terms({**terms.to_dict(), "terms_version": version, "supersedes": supersedes})


def open_window(terms: Terms, *, not_before: datetime) -> Terms:
    """Return ``terms`` with their window opened at ``not_before`` for the days they grant.

    Raises:
        ValueError: the window is open already.
    """
    if terms.window.not_before is not None or terms.window.days is None:
        raise ValueError("the window is open already")
    window = replace(
        terms.window,
        not_before=format_time(not_before),
        not_after=format_time(not_before + timedelta(days=terms.window.days)),
    )
    return replace(terms, window=window)
