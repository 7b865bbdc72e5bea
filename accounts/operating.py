"""What the operator of this server does with organisations and people, and what it never can.

Whoever runs the server appoints the first administrator of an organisation; from then on the organisation looks
after itself. An operator belongs to no party: no talent, agency, studio, guild or vendor has a member who is one.
"""

import secrets
from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import Count, F, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.invitations import invite_person
from accounts.models import Membership, Organisation, SignInLink, User
from accounts.presence import require_presence
from accounts.principals import Principal
from accounts.services import add_member, create_user, register_organisation
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput

KINDS = tuple(one for one in Organisation.Kind if one is not Organisation.Kind.OPERATOR)
"""The kinds that an operator registers: of operators there is a command on the server itself."""


def require_operator(principal: Principal) -> None:
    """Refuse everybody but an administrator of the operator, in person.

    Raises:
        Forbidden: ``OPERATOR_ONLY``.
    """
    if principal.organisation.kind != Organisation.Kind.OPERATOR or not principal.is_role("ADMIN"):
        raise Forbidden("OPERATOR_ONLY", "This is for who runs this server.")


def organisations(
    *, search: str = "", kind: str = "", after: Organisation | None = None
) -> QuerySet[Organisation]:
    """Organisations, newest first; without a ``kind`` all but talents, of whom a guild's roll makes many thousands.

    Args:
        search: the beginning of a name or of a slug.
        after: the last one of the page before.
    """
    rows = Organisation.objects.order_by("-created_at", "-pk")
    rows = rows.filter(kind=kind) if kind else rows.exclude(kind=Organisation.Kind.TALENT)
    if search:
        rows = rows.filter(Q(name__istartswith=search) | Q(slug__startswith=search.lower()))
    if after is not None:
        rows = rows.filter(
            Q(created_at__lt=after.created_at) | Q(created_at=after.created_at, pk__lt=after.pk)
        )
    return rows


def people_of(houses: Iterable[Organisation]) -> dict[UUID, int]:
    """How many living members each of these organisations has."""
    rows = Membership.objects.filter(organisation__in=list(houses), ended_at=None).order_by()
    return dict(rows.values_list("organisation").annotate(many=Count("user", distinct=True)))


def memberships_of(organisation: Organisation) -> QuerySet[Membership]:
    """Everybody who is or was a member, those who are first."""
    rows = Membership.objects.filter(organisation=organisation).select_related("user")
    return rows.order_by(F("ended_at").desc(nulls_first=True), "user__full_name", "role")


def has_administrator(organisation: Organisation) -> bool:
    """Whether somebody living there can appoint others."""
    rows = Membership.objects.filter(organisation=organisation, ended_at=None)
    return rows.filter(role__in=[Membership.Role.ADMIN, _first_role(organisation)]).exists()


def register_party(*, principal: Principal, name: str, kind: str, slug: str = "") -> Organisation:
    """Register an organisation of any kind but the operator's own.

    Raises:
        Forbidden: ``OPERATOR_ONLY``. InvalidInput: ``KIND_UNKNOWN``. Conflict: ``ORGANISATION_EXISTS``.
    """
    require_operator(principal)
    if kind not in KINDS:
        raise InvalidInput(
            "KIND_UNKNOWN", _("%(kind)s is not a kind that is registered here.") % {"kind": kind[:20]}
        )
    return register_organisation(name=name, kind=kind, slug=slug)


def appoint_administrator(
    *, principal: Principal, organisation: Organisation, email: str, full_name: str
) -> tuple[SignInLink, str]:
    """Invite the first administrator, or the talent of a talent's own; the second value is the link, shown this once.

    Raises:
        Forbidden: ``OPERATOR_ONLY``, or as :func:`~accounts.presence.require_presence`.
        InvalidInput: ``EMAIL_INVALID`` or ``NAME_INVALID``.
        Conflict: ``HAS_ADMINISTRATOR``: the organisation appoints its own; ``OPERATOR_APART``: this person runs
            the server, or the organisation does.
    """
    require_operator(principal)
    require_presence(principal)
    with transaction.atomic():
        house = Organisation.objects.select_for_update().get(pk=organisation.pk)
        if house.kind == Organisation.Kind.OPERATOR:
            raise Conflict("OPERATOR_APART", "Operators are made on the server itself.")
        if has_administrator(house):
            raise Conflict(
                "HAS_ADMINISTRATOR", "This organisation has an administrator, who appoints others."
            )
        if Membership.objects.filter(
            user__email__iexact=email, organisation__kind=Organisation.Kind.OPERATOR, ended_at=None
        ).exists():
            raise Conflict("OPERATOR_APART", "Who runs this server is a member of no party.")
        return invite_person(
            organisation=house, email=email, full_name=full_name, roles=[_first_role(house)], invited_by=None
        )


def _first_role(house: Organisation) -> str:
    is_talent = house.kind == Organisation.Kind.TALENT
    return str(Membership.Role.TALENT if is_talent else Membership.Role.ADMIN)


def end_memberships(*, principal: Principal, organisation: Organisation, user: User) -> int:
    """End every role of a person who has left; returns how many. Nobody else's roles are touched.

    Raises:
        Forbidden: ``OPERATOR_ONLY``; ``TALENT_STAYS``: a talent's own part. Conflict: ``OPERATOR_APART``: an operator's own.
    """
    require_operator(principal)
    require_presence(principal)
    if organisation.kind == Organisation.Kind.OPERATOR:
        raise Conflict("OPERATOR_APART", "Operators are ended on the server itself.")
    with transaction.atomic():
        rows = Membership.objects.select_for_update().filter(
            organisation=organisation, user=user, ended_at=None
        )
        ended = list(rows)
        if any(row.role == Membership.Role.TALENT for row in ended):
            # with their part a talent would lose the stop, and somebody else could be appointed in their place
            raise Forbidden("TALENT_STAYS", "Nobody takes a talent out of their own organisation.")
        for row in ended:
            row.ended_at = clock.now()
            row.save(update_fields=["ended_at"])
        return len(ended)


def make_operator(*, email: str, full_name: str, house: str) -> tuple[Membership, str]:
    """Make somebody an administrator of the operator: a command on the server itself, never a page.

    Raises:
        Conflict: ``OPERATOR_APART``: the person is a member of a party.
    """
    with transaction.atomic():
        rows = Organisation.objects.filter(kind=Organisation.Kind.OPERATOR)
        home = rows.first() or register_organisation(name=house, kind=Organisation.Kind.OPERATOR)
        person, password = User.objects.filter(email__iexact=email).first(), ""
        if person is None:
            password = secrets.token_urlsafe(15)
            person = create_user(email=email, full_name=full_name, password=password)
        return add_member(organisation=home, user=person, role=Membership.Role.ADMIN), password
