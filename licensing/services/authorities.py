"""The word of those who speak for a talent who cannot: guardians of minors, executors of estates, by a document on file.

Whoever speaks for a talent reads what is the talent's: they are members of the talent's organisation as long as that
holds, and not a day longer.
"""

from datetime import date
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.memberships import add_member
from accounts.models import Membership, User
from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from licensing.models import Authority, DeclaredEvent, Talent
from licensing.models.consent import AuthorityKind
from licensing.selectors.people import voices_of
from licensing.services.productions import clean_text


def register_authority(
    *,
    principal: Principal | None,
    talent: Talent,
    user: User,
    kind: str,
    document_type: str,
    issuer: str,
    issued_on: date,
    sha256: str,
    expires_on: date | None = None,
    court_required: bool = False,
    court_sha256: str = "",
) -> Authority:
    """Put a guardian's or executor's document on file, by its hash; nobody registers their own.

    Who speaks by it from now on becomes a member of the talent's own organisation; an executor, at the death.

    Args:
        principal: an administrator of the talent's own organisation; None for the operator's commands.

    Raises:
        Forbidden: ``NOT_YOURS_TO_REGISTER`` or ``FOUR_EYES``, or as :func:`~accounts.presence.require_presence`.
        InvalidInput: ``AUTHORITY_INVALID``.
    """
    if kind not in AuthorityKind.values:
        raise InvalidInput("AUTHORITY_INVALID", _("%(kind)s is no authority.") % {"kind": kind})
    if principal is None:
        raise Forbidden("NOT_YOURS_TO_REGISTER", "Somebody must answer for the document.")
    administers = principal.organisation_id == talent.organisation_id and principal.is_role("ADMIN")
    if not administers:
        raise Forbidden(
            "NOT_YOURS_TO_REGISTER", "An administrator of the talent's own organisation registers documents."
        )
    if principal.person.pk == user.pk:
        raise Forbidden("FOUR_EYES", "Nobody registers their own authority.")
    declared = DeclaredEvent.objects.filter(kind="DEATH", covered_id=talent.pk, declared_by=principal.person)
    if kind == AuthorityKind.ESTATE_EXECUTOR and declared.exists():
        raise Forbidden("FOUR_EYES", "Who declared the death does not register the executor.")
    require_presence(principal)
    try:
        with transaction.atomic():
            row = Authority.objects.create(
                talent=talent,
                user=user,
                kind=kind,
                document_type=clean_text(document_type, most=80, code="AUTHORITY_INVALID"),
                issuer=clean_text(issuer, most=200, code="AUTHORITY_INVALID"),
                issued_on=issued_on,
                expires_on=expires_on,
                sha256=sha256,
                court_required=court_required,
                court_sha256=court_sha256,
                registered_by=principal.person,
            )
            admit_voices(talent)
            record(
                kind="authority.registered",
                principal=principal,
                organisation_id=talent.organisation_id,
                object_type="talent",
                object_id=talent.pk,
                after={"kind": kind, "sha256": sha256, "court_sha256": court_sha256},
                details={"kind": kind, "authority": str(row.pk)},
            )
            return row
    except IntegrityError as error:
        raise InvalidInput("AUTHORITY_INVALID", "The document's dates or hashes make no sense.") from error


def end_authority(*, principal: Principal, authority_id: UUID) -> Authority:
    """End an authority before its time.

    Raises:
        NotFound: none of the caller's organisation.
        Forbidden: ``NOT_YOURS_TO_REGISTER``, or as :func:`~accounts.presence.require_presence`.
        Conflict: ``AUTHORITY_ENDED``.
    """
    with transaction.atomic():
        rows = Authority.objects.select_for_update(of=("self",)).select_related(
            "talent__organisation", "user"
        )
        row = rows.filter(pk=authority_id, talent__organisation=principal.organisation).first()
        if row is None:
            raise NotFound
        if not principal.is_role("ADMIN"):
            raise Forbidden("NOT_YOURS_TO_REGISTER", "An administrator ends an authority.")
        if row.ended_at is not None:
            raise Conflict("AUTHORITY_ENDED", "This authority has ended already.")
        require_presence(principal)
        _end(row, principal)
        return row


def admit_voices(talent: Talent) -> None:
    """Make those who speak for a minor or an estate now members of the talent's organisation, in a transaction."""
    for row in voices_of(talent).select_related("user"):
        add_member(organisation=talent.organisation, user=row.user, role=Membership.Role.TALENT)


def end_guardians(talent: Talent, principal: Principal) -> None:
    """End the guardians' word for good: the minor came of age, or died. MUST be called inside a transaction."""
    rows = Authority.objects.select_for_update(of=("self",)).select_related("talent__organisation", "user")
    for row in rows.filter(talent=talent, kind=AuthorityKind.GUARDIAN, ended_at=None):
        _end(row, principal)


def end_expired_authorities() -> int:
    """End documents that ran out, and what came with them; returns how many."""
    today, ended = clock.now().date(), 0
    due = Authority.objects.filter(expires_on__lte=today, ended_at=None)
    for authority_id in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            rows = Authority.objects.select_for_update(of=("self",), skip_locked=True)
            row = (
                rows.select_related("talent__organisation", "user")
                .filter(pk=authority_id, ended_at=None)
                .first()
            )
            if row is not None:
                _end(row, None)
                ended += 1
    return ended


def _end(row: Authority, principal: Principal | None) -> None:
    """End a locked document; who holds no other, and is no talent here, is a member no more."""
    row.ended_at = clock.now()
    row.save()
    organisation = row.talent.organisation
    record(
        kind="authority.ended",
        principal=principal,
        organisation_id=organisation.pk,
        object_type="talent",
        object_id=row.talent_id,
        details={"authority": str(row.pk)},
    )
    others = Authority.objects.filter(user=row.user_id, talent__organisation=organisation, ended_at=None)
    if others.exists() or Talent.objects.filter(organisation=organisation, user=row.user_id).exists():
        return
    came_with_it = Membership.objects.filter(
        organisation=organisation, user=row.user_id, role=Membership.Role.TALENT, ended_at=None
    )
    if came_with_it.update(ended_at=row.ended_at):
        record(
            kind="member.removed",
            principal=principal,
            organisation_id=organisation.pk,
            object_type="person",
            object_id=row.user_id,
            details={"name": row.user.full_name, "role": str(Membership.Role.TALENT)},
            subject_id=row.user_id,
        )
