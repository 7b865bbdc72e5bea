"""Compliance profiles as an organisation stands to them: adopted, ended, and what its licences name."""

from uuid import UUID

from django.db.models import QuerySet

from accounts.principals import Principal
from common import clock
from licensing.models import ProfileAdoption, ProfileSignOff
from licensing.models.requests import OPEN_STATES
from licensing.selectors.requests import requests_visible_to
from licensing.selectors.tokens import tokens_visible_to

_LIVE = ("ACTIVE", "PENDING_ACTIVATION", "SUSPENDED")


def adoptions_of(principal: Principal) -> QuerySet[ProfileAdoption]:
    """Every sign-off that the caller's organisation recorded, ended ones too, newest first."""
    rows = ProfileAdoption.objects.filter(organisation=principal.organisation)
    return rows.select_related("signed_by", "ended_by").order_by("-created_at")


def sign_offs_of(principal: Principal, ref: str, text_hash: str) -> QuerySet[ProfileSignOff]:
    """Counsel's sign-offs of this very text in the caller's organisation, oldest first."""
    rows = ProfileSignOff.objects.filter(
        organisation=principal.organisation, profile=ref, profile_hash=text_hash
    )
    return rows.select_related("signed_by").order_by("created_at")


def signed_off_by(principal: Principal) -> set[tuple[str, str]]:
    """Name and hash of every text that counsel of the caller's organisation signed off."""
    rows = ProfileSignOff.objects.filter(organisation=principal.organisation)
    return set(rows.values_list("profile", "profile_hash"))


def live_licences_under(principal: Principal, ref: str) -> int:
    """How many live licences that the caller may see name the profile in their signed terms."""
    rows = tokens_visible_to(principal).filter(
        state__in=_LIVE, not_after__gt=clock.now(), terms__terms__profiles__contains=[ref]
    )
    return rows.count()


def open_requests_under(principal: Principal, ref: str) -> int:
    """How many open requests that the caller may see name the profile in the terms on the table."""
    rows = requests_visible_to(principal).filter(
        state__in=OPEN_STATES, current__terms__profiles__contains=[ref]
    )
    return rows.count()


def adoption_in_force(organisation_id: UUID, ref: str) -> ProfileAdoption | None:
    """The sign-off by which the profile binds the organisation now."""
    return ProfileAdoption.objects.filter(organisation=organisation_id, profile=ref, ended_at=None).first()
