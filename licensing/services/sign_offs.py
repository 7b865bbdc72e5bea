"""Counsel signs a compliance profile off: a signed-in person of that role, over the very text that was read."""

from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common.errors import Conflict, Forbidden, InvalidInput
from licensing.models import ProfileSignOff
from licensing.selectors.profiles import sign_offs_of
from trustcore.policy.profiles import Profile, Status, catalogue, profile_hash


def profile_to_bind(ref: str, hash_read: str) -> Profile:
    """The profile of that name, if it can bind anybody and ``hash_read`` is the hash of its present text.

    Raises:
        InvalidInput: ``PROFILE_UNKNOWN`` or ``PROFILE_STRUCK_DOWN``.
        Conflict: ``PROFILE_CHANGED``.
    """
    known = catalogue().get(ref)
    if known is None:
        raise InvalidInput("PROFILE_UNKNOWN", _("There is no profile %(profile)s.") % {"profile": ref[:60]})
    if known.status is Status.STRUCK_DOWN:
        raise InvalidInput("PROFILE_STRUCK_DOWN", "This text was struck down and binds nobody.")
    if profile_hash(known) != hash_read:
        raise Conflict("PROFILE_CHANGED", "This is not the text that counsel read.", "Read it again.")
    return known


def sign_off_profile(*, principal: Principal, profile: str, profile_hash_read: str) -> ProfileSignOff:
    """Say, as counsel of one's organisation, that this text was read and may bind it. It binds nothing yet.

    Args:
        profile: as ``SAG_TVT_2026@1``.
        profile_hash_read: the hash of the text that was read.

    Raises:
        Forbidden: ``COUNSEL_ONLY``, or as :func:`~accounts.presence.require_presence`.
        InvalidInput, Conflict: as :func:`profile_to_bind`.
        Conflict: ``SIGNED_OFF``: this person has signed this text off already.
    """
    if not principal.is_role(Membership.Role.LEGAL):
        raise Forbidden("COUNSEL_ONLY", "Only counsel signs a profile off, signed in.")
    require_presence(principal)
    profile_to_bind(profile, profile_hash_read)
    try:
        with transaction.atomic():
            row = ProfileSignOff.objects.create(
                organisation=principal.organisation,
                profile=profile,
                profile_hash=profile_hash_read,
                signed_by=principal.person,
            )
            record(
                kind="profile.signed_off",
                principal=principal,
                object_type="profile",
                object_id=profile,
                after={"profile": profile, "hash": profile_hash_read, "sign_off": str(row.pk)},
                details={"profile": profile, "hash": profile_hash_read},
            )
            return row
    except IntegrityError as error:
        if "text_signed_off_once_by_each" not in str(error):
            raise
        raise Conflict("SIGNED_OFF", "You have signed this text off already.") from error


def sign_off_by_another(principal: Principal, *, profile: str, text_hash: str) -> ProfileSignOff:
    """Counsel's sign-off of a text in the caller's organisation, by somebody other than the caller.

    Raises:
        Conflict: ``SIGN_OFF_MISSING``: counsel has not signed this text off.
        Forbidden: ``FOUR_EYES``: the caller alone did.
    """
    rows = list(sign_offs_of(principal, profile, text_hash))
    found = next((row for row in rows if _is_another(row, principal.person.pk)), None)
    if found is not None:
        return found
    if rows:
        raise Forbidden("FOUR_EYES", "Who signed the text off does not also bring it into force.")
    raise Conflict(
        "SIGN_OFF_MISSING",
        "Counsel has not signed this text off.",
        _("A member of your house with the role of counsel signs it off first."),
    )


def _is_another(row: ProfileSignOff, person_id: UUID) -> bool:
    return row.signed_by_id != person_id
