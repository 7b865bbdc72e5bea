"""Domains that an organisation shows to be its own: a word of ours in a TXT record of its name servers.

_trustmark.lanternfish.example.  TXT  "trustmark-domain=3f9c…"
"""

import secrets
from typing import Final
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import DomainClaim, OrganisationDomain
from accounts.presence import require_presence
from accounts.principals import Principal
from accounts.sign_in_services import add_domain, clean_domain
from common.errors import Conflict, Forbidden, InvalidInput, NotFound

CLAIMS_MAX: Final = 20
_LABEL: Final = "_trustmark"


def record_of(claim: DomainClaim) -> tuple[str, str]:
    """The name and the text of the record that shows the domain to be the organisation's."""
    return f"{_LABEL}.{claim.domain}", f"trustmark-domain={claim.secret}"


def claim_domain(*, principal: Principal, domain: str) -> DomainClaim:
    """Say that a domain is the organisation's own; it counts once its name servers say so.

    Whether another organisation has it is told only to who can show that it is theirs.

    Raises:
        Forbidden: ``ADMINISTRATOR_ONLY`` or ``STEP_UP_REQUIRED``. InvalidInput: ``DOMAIN_INVALID``.
        Conflict: ``DOMAIN_YOURS`` or ``DOMAINS_TOO_MANY``.
    """
    require_administrator(principal)
    require_presence(principal)
    domain = clean_domain(domain)
    organisation = principal.organisation
    if OrganisationDomain.objects.filter(organisation=organisation, domain=domain).exists():
        raise Conflict("DOMAIN_YOURS", "This domain is yours already.")
    if DomainClaim.objects.filter(organisation=organisation).count() >= CLAIMS_MAX:
        raise Conflict(
            "DOMAINS_TOO_MANY", _("At most %(most)s domains wait at a time.") % {"most": CLAIMS_MAX}
        )
    claim, _made = DomainClaim.objects.get_or_create(
        organisation=organisation, domain=domain, defaults={"secret": secrets.token_hex(16)}
    )
    return claim


def verify_domain(*, principal: Principal, claim_id: UUID) -> OrganisationDomain:
    """Ask the domain's name servers; the domain is the organisation's if they carry the claim's word.

    Raises:
        NotFound; Forbidden: as :func:`claim_domain`.
        InvalidInput: ``DOMAIN_UNPROVED``: the record is not there, or says something else.
        Conflict: ``DOMAIN_TAKEN``: it is another's; the operator decides.
        Unavailable: ``DNS_UNREACHABLE``.
    """
    from accounts.txt_records import texts_of  # the web process needs a resolver for this alone

    require_administrator(principal)
    require_presence(principal)
    claim = DomainClaim.objects.filter(organisation=principal.organisation, pk=claim_id).first()
    if claim is None:
        raise NotFound
    name, text = record_of(claim)
    if text not in texts_of(name):
        raise InvalidInput(
            "DOMAIN_UNPROVED",
            "The record is not there yet.",
            "Name servers may take an hour to tell of a change. Nothing was changed here.",
        )
    with transaction.atomic():
        row = add_domain(organisation=principal.organisation, domain=claim.domain)
        claim.delete()
        return row


def drop_domain(*, principal: Principal, domain_id: UUID) -> str:
    """Give a domain, or the claim to one, up; by its addresses nobody comes in any more. Returns its name.

    Raises:
        NotFound; Forbidden: as :func:`claim_domain`.
    """
    require_administrator(principal)
    require_presence(principal)
    for rows in (OrganisationDomain.objects, DomainClaim.objects):
        found = rows.filter(organisation=principal.organisation, pk=domain_id).first()
        if found is not None:
            found.delete()
            return str(found)
    raise NotFound


def require_administrator(principal: Principal) -> None:
    """Refuse whoever does not administer the organisation, signed in.

    Raises:
        Forbidden: ``ADMINISTRATOR_ONLY``.
    """
    if principal.credential is not None or not principal.is_role("ADMIN"):
        raise Forbidden("ADMINISTRATOR_ONLY", "An administrator of the organisation does that.")
