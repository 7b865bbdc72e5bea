"""Who may record, and on whose behalf a service account does."""

from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Membership, User
from accounts.principals import Principal
from common.errors import Forbidden, InvalidInput, NotFound
from licensing import selectors as licensing
from licensing.models import Production


def production_to_record(principal: Principal, production_id: UUID) -> Production:
    """The production, for who records in its graph: its studio, and vendors and licensees of its licences.

    Raises:
        NotFound: the production is not visible to the caller.
        Forbidden: ``ROLE_MISSING``.
    """
    production = licensing.production_for(principal, production_id)
    if production is None:
        raise NotFound
    takes_part = production.organisation_id == principal.organisation_id or licensing.takes_part(
        principal.organisation_id, production.pk
    )
    by_role = principal.credential is not None or principal.is_role("PRODUCER", "ENGINEER", "ADMIN")
    if not (takes_part and by_role):
        raise Forbidden("ROLE_MISSING", "Only the production and its vendors record in its graph.")
    return production


def person_behind(principal: Principal, on_behalf_of: str) -> User:
    """The person to whom an act is put down: the caller, or the member that a service account acts for.

    Args:
        on_behalf_of: id or e-mail address of a member of the caller's organisation; empty for the caller.

    Raises:
        InvalidInput: ``PERSON_UNKNOWN``: no member of the organisation, or the caller is a person and no account.
    """
    if not on_behalf_of:
        return principal.person
    if principal.credential is None:
        raise InvalidInput("PERSON_UNKNOWN", "People record for themselves; service accounts for others.")
    rows = Membership.objects.filter(organisation=principal.organisation, ended_at=None, user__is_active=True)
    row = (
        rows.filter(user__email__iexact=on_behalf_of)
        if "@" in on_behalf_of
        else rows.filter(user__in=[one] if (one := _uuid(on_behalf_of)) else [])
    )
    member = row.select_related("user").first()
    if member is None:
        raise InvalidInput(
            "PERSON_UNKNOWN",
            _("%(who)s is no member of your organisation.") % {"who": on_behalf_of[:120]},
        )
    return member.user


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
