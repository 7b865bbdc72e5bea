"""What a listed vendor reads of a licence: what it may do with it, and neither the deal nor who made it."""

from collections.abc import Iterable
from typing import Any, Final
from uuid import UUID

import msgspec

from accounts.principals import Principal
from licensing.models import LicenceToken
from licensing.selectors.tokens import whole_parties
from trustcore.policy.terms import Terms, parse_terms

WORKING_FIELDS: Final = (
    "terms_version",
    "project",
    "licensee",
    "vendors",
    "talent",
    "constructs",
    "replica_class",
    "use_types",
    "scope",
    "window",
    "exploitation",
    "render_territory",
    "tools",
    "content",
    "ratings",
    "marking",
    "security",
    "retention",
    "training",
    "renewal",
)
"""The terms that bind who does the work; whatever is not named here, a vendor does not read."""


def seen_as_vendor(principal: Principal, tokens: Iterable[LicenceToken]) -> frozenset[UUID]:
    """Those of ``tokens`` that the caller sees as a listed vendor and in no other part.

    At most one query, and none for rows that were read with ``is_seen_whole``.
    """
    rows = [token for token in tokens if principal.organisation_id in token.vendor_ids]
    if all(hasattr(token, "is_seen_whole") for token in rows):
        return frozenset(token.pk for token in rows if not getattr(token, "is_seen_whole", False))
    listed = {token.pk for token in rows}
    if not listed:
        return frozenset()
    whole = LicenceToken.objects.filter(whole_parties(principal), pk__in=listed)
    return frozenset(listed.difference(whole.values_list("pk", flat=True)))


def working_terms(terms: Terms, vendor_id: UUID) -> Terms:
    """The terms with everything blank that is not the vendor's, other vendors among it. They hash to nothing."""
    blank = {
        field.name: _blank_of(field)
        for field in msgspec.structs.fields(Terms)
        if field.name not in WORKING_FIELDS
    }
    return msgspec.structs.replace(terms, **blank, vendors=(str(vendor_id),))


def working_document(document: dict[str, Any], vendor_id: UUID) -> dict[str, Any]:
    """The working terms as JSON has them: what is not the vendor's is not there."""
    written = working_terms(parse_terms(document), vendor_id).to_dict()
    return {name: written[name] for name in WORKING_FIELDS if name in written}


def performer_name(pseudonym: str) -> str:
    """What a page calls a performer whose name the reader is not told.

    >>> performer_name("tal_00000000000000000000000000003f9c")
    'Performer 3F9C'
    """
    return f"Performer {pseudonym[-4:].upper()}"


def _blank_of(field: msgspec.structs.FieldInfo) -> Any:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    return "" if field.default_factory is msgspec.NODEFAULT else field.default_factory()
