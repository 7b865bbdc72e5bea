"""People and organisations as callers name them."""

from accounts.models import Organisation, User
from accounts.selectors import organisation_by_slug, organisations_of
from common.errors import InvalidInput


def organisation_named(slug: str) -> Organisation:
    """The organisation of that slug.

    Raises:
        InvalidInput: ``ORGANISATION_UNKNOWN``.
    """
    found = organisation_by_slug(slug)
    if found is None:
        raise InvalidInput("ORGANISATION_UNKNOWN", "No organisation has this name.", slug[:60])
    return found


def person_named(email: str, of: Organisation | None = None) -> User:
    """The person of that address; the same refusal for one who is not there and one who is not ``of`` that place."""
    found = User.objects.filter(email__iexact=email, is_active=True).first()
    if found is not None and of is not None and not organisations_of(found).filter(pk=of.pk).exists():
        found = None
    if found is None:
        raise InvalidInput("AGENT_NOT_OF_AGENCY", "This person cannot be named here.")
    return found
