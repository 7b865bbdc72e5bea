"""Who belongs to an organisation."""

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Membership, Organisation, User
from common.errors import Conflict, InvalidInput


def add_member(*, organisation: Organisation, user: User, role: str) -> Membership:
    """Give ``user`` a role in ``organisation``; repeating it changes nothing.

    Raises:
        InvalidInput: ``ROLE_UNKNOWN``.
        Conflict: ``OPERATOR_APART``: who runs this server is a member of no party (a trigger says so, too).
    """
    if role not in Membership.Role.values:
        raise InvalidInput("ROLE_UNKNOWN", _("%(role)s is not a role.") % {"role": role})
    operators = Organisation.Kind.OPERATOR
    elsewhere = Membership.objects.filter(user=user, ended_at=None)
    apart = Q(organisation__kind=operators)
    if elsewhere.filter(~apart if organisation.kind == operators else apart).exists():
        raise Conflict("OPERATOR_APART", "Who runs this server is a member of no party.")
    membership, _made = Membership.objects.get_or_create(
        organisation=organisation, user=user, role=role, ended_at=None
    )
    return membership
