"""Register people and what their vault holds: hashes and locations, never captures."""

import re
from datetime import date

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Organisation, User
from accounts.principals import Principal
from audit.services import record
from common.errors import Conflict, Forbidden, InvalidInput
from licensing.models import Talent, VaultConstruct, VisibilityRule
from licensing.selectors.people import is_agent_of, is_talent, mandate_in_force
from trustcore.policy.vocabulary import Construct, Visibility

_HANDLE = re.compile(r"[a-z0-9][a-z0-9-]{1,79}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


def register_talent(
    *,
    principal: Principal | None,
    organisation: Organisation,
    stage_name: str,
    handle: str,
    user: User | None = None,
    majority_on: date | None = None,
) -> Talent:
    """Register a person under their own organisation; hidden from everybody until they say otherwise.

    Args:
        principal: an administrator or the person; None for the operator's own commands.
        organisation: the talent's own (kind ``TALENT``), which is the licensor of every licence.
        handle: public, unique, lower case; how an API names the talent.
        majority_on: for a minor: the day on which they come of age. It is said here and never later.

    Raises:
        InvalidInput: ``HANDLE_INVALID``, ``NOT_A_TALENT_ORGANISATION``.
        Forbidden: ``NOT_YOUR_ORGANISATION``.
        Conflict: ``HANDLE_TAKEN``.
    """
    if not _HANDLE.fullmatch(handle):
        raise InvalidInput("HANDLE_INVALID", "A handle is lower-case letters, digits and hyphens.")
    if organisation.kind != Organisation.Kind.TALENT:
        raise InvalidInput("NOT_A_TALENT_ORGANISATION", "A talent belongs to an organisation of their own.")
    if principal is not None and principal.organisation_id != organisation.pk:
        raise Forbidden("NOT_YOUR_ORGANISATION", "Only the talent's own organisation registers them.")
    try:
        with transaction.atomic():
            talent = Talent.objects.create(
                organisation=organisation,
                stage_name=stage_name,
                handle=handle,
                user=user,
                majority_on=majority_on,
            )
            VisibilityRule.objects.create(talent=talent, level=Visibility.HIDDEN)
            record(
                kind="talent.registered",
                principal=principal,
                organisation_id=organisation.pk,
                object_type="talent",
                object_id=talent.pk,
                after={"handle": handle, "visibility": str(Visibility.HIDDEN)},
            )
            return talent
    except IntegrityError as error:
        raise Conflict("HANDLE_TAKEN", "This handle, or this person, is registered already.") from error


def add_construct(
    *, principal: Principal | None, talent: Talent, kind: str, sha256: str, location_uri: str
) -> VaultConstruct:
    """Note in the vault that a construct exists: its kind, the hash of its material, where that lies.

    Raises:
        InvalidInput: ``CONSTRUCT_UNKNOWN``, ``SHA256_INVALID`` or ``LOCATION_MISSING``.
        Forbidden: ``NOT_YOUR_VAULT``: neither the talent nor an agent under mandate.
        Conflict: ``CONSTRUCT_EXISTS``.
    """
    if kind not in set(Construct):
        raise InvalidInput("CONSTRUCT_UNKNOWN", _("%(kind)s is not an identity construct.") % {"kind": kind})
    if not _SHA256.fullmatch(sha256):
        raise InvalidInput("SHA256_INVALID", "A SHA-256 is 64 lower-case hexadecimal digits.")
    if not location_uri:
        raise InvalidInput("LOCATION_MISSING", "Say where the material lies; it is never kept here.")
    if principal is not None and not _keeps_vault(principal, talent):
        raise Forbidden("NOT_YOUR_VAULT", "Only the talent, or an agent under mandate, fills the vault.")
    try:
        with transaction.atomic():
            row = VaultConstruct.objects.create(
                talent=talent, kind=kind, sha256=sha256, location_uri=location_uri
            )
            record(
                kind="vault.construct_added",
                principal=principal,
                organisation_id=talent.organisation_id,
                object_type="talent",
                object_id=talent.pk,
                after={"kind": kind, "sha256": sha256},
                details={"kind": kind},
            )
            return row
    except IntegrityError as error:
        raise Conflict("CONSTRUCT_EXISTS", "The vault holds this construct already.") from error


def _keeps_vault(principal: Principal, talent: Talent) -> bool:
    mandate = mandate_in_force(talent.pk)
    return is_talent(principal, talent) or (mandate is not None and is_agent_of(principal, mandate))
