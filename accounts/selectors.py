"""Reads: which organisations a person belongs to, which credentials an organisation has."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest

from accounts.models import ApiCredential, Membership, Organisation, User
from accounts.presence import presence_of
from accounts.principals import ADMITTED_BY_KEY, Principal, principal_of_person

ORGANISATION_KEY = "organisation"  # in the session: the organisation a person acts for


def principal_of(request: Any) -> Principal:
    """The caller of an authenticated API request."""
    principal: Principal = request.principal
    return principal


def principal_of_session(request: HttpRequest) -> Principal | None:
    """The person signed in at the portal, acting for the organisation chosen in the session."""
    if not isinstance(request.user, User):
        return None
    admitted_by = request.session.get(ADMITTED_BY_KEY)
    chosen = admitted_by or request.session.get(ORGANISATION_KEY)
    principal, presence = (
        principal_of_person(request.user, UUID(chosen) if chosen else None),
        presence_of(request),
    )
    is_vouched_for = any(method == "ORGANISATION" for method, _ in presence.proofs)
    if principal is None or (is_vouched_for and not admitted_by):
        return None
    if admitted_by and str(principal.organisation_id) != admitted_by:
        return None
    memberships = 1 if admitted_by else principal.memberships
    return replace(principal, presence=presence, memberships=memberships)


def organisations_open_to(request: HttpRequest) -> QuerySet[Organisation]:
    """The organisations that the person of a session may act for: a sign-in service vouches for its own alone."""
    if not isinstance(request.user, User):
        return Organisation.objects.none()
    rows = organisations_of(request.user)
    admitted_by = request.session.get(ADMITTED_BY_KEY)
    return rows.filter(pk=admitted_by) if admitted_by else rows


def organisations_of(user: User) -> QuerySet[Organisation]:
    """Every organisation that ``user`` is a living member of."""
    return Organisation.objects.filter(memberships__user=user, memberships__ended_at=None).distinct()


def credentials_of(principal: Principal) -> QuerySet[ApiCredential]:
    """The API keys of the caller's organisation, newest first."""
    return ApiCredential.objects.filter(organisation=principal.organisation).order_by("-created_at")


def organisation_by_slug(slug: str) -> Organisation | None:
    """The organisation of that slug."""
    return Organisation.objects.filter(slug=slug).first()


def guilds() -> QuerySet[Organisation]:
    """The guilds that a production may name as its overseer."""
    return Organisation.objects.filter(kind=Organisation.Kind.GUILD).order_by("name")


def organisations_of_kind(*kinds: str) -> QuerySet[Organisation]:
    """Every organisation of these kinds, by name."""
    return Organisation.objects.filter(kind__in=kinds).order_by("name", "pk")


def people_of(organisation: Organisation) -> QuerySet[User]:
    """Everybody who is or was a member of ``organisation``, by name."""
    members = Membership.objects.filter(organisation=organisation).values("user")
    return User.objects.filter(pk__in=members).order_by("full_name", "pk")


def person_by_email(email: str, *, of: Organisation | None = None) -> User | None:
    """The person of that address; None for one who is not there, and for one who is not ``of`` that place."""
    found = User.objects.filter(email__iexact=email, is_active=True).first()
    if found is not None and of is not None and not organisations_of(found).filter(pk=of.pk).exists():
        return None
    return found


def organisation_names(ids: Iterable[str | UUID]) -> dict[str, str]:
    """Names by id, for ids that terms hold as text; unknown ids are left out."""
    rows = Organisation.objects.filter(pk__in=list(ids)).values_list("pk", "name")
    return {str(pk): name for pk, name in rows}
