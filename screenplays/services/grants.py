"""Grant one purpose to one person or machine, for a time; end it, effective at once. Only people grant."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.models import ApiCredential, Organisation, User
from accounts.presence import require_presence
from accounts.principals import Principal
from accounts.selectors import organisation_by_slug, person_by_email
from audit.services import record
from common import clock
from common.clock import rfc3339
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.visible import one_line
from screenplays.joining import licence_lacks
from screenplays.models import Grant, Purpose, Version, Work
from screenplays.selectors.grants import grant_for
from screenplays.services.works import lock_work
from trustcore.policy.reasons import DenyReason

YEARS_MOST: Final = timedelta(days=3660)


def grant_use(
    *,
    principal: Principal,
    work_id: UUID,
    purpose: str,
    organisation: str,
    to: str,
    not_after: datetime,
    not_before: datetime | None = None,
    version_id: UUID | None = None,
    basis: str = "",
) -> Grant:
    """Let one person or machine read, analyse or summarise a work.

    Args:
        organisation: slug of the house that they act for.
        to: e-mail address of a person there, or the public prefix of one of its API keys.

    Raises:
        NotFound; Forbidden: ``IN_PERSON``, ``WORK_NOT_YOURS``.
        InvalidInput: ``PURPOSE_UNKNOWN``, ``TRAINING_APART``: training is granted apart, ``GRANTEE_UNKNOWN``,
            ``VERSION_UNKNOWN``, ``WINDOW_INVALID``.
        Conflict: ``SCRIPT_DESTROYED``.
    """
    if purpose == Purpose.TRAIN:
        raise InvalidInput("TRAINING_APART", "Training is granted apart.", "No other grant ever carries it.")
    if purpose not in Purpose.values:
        raise InvalidInput("PURPOSE_UNKNOWN", "A grant is for READ, ANALYSE or SUMMARISE.")
    _require_person(principal)
    with transaction.atomic():
        work = lock_work(principal, work_id)
        return _keep(
            principal, work, purpose, _grantee(organisation, to), not_before, not_after, version_id, basis
        )


def grant_training(
    *,
    principal: Principal,
    work_id: UUID,
    organisation: str,
    to: str,
    not_after: datetime,
    basis: str,
    not_before: datetime | None = None,
    version_id: UUID | None = None,
    training_licence: UUID | None = None,
) -> Grant:
    """Let one person or machine train with a work: an act of its own, in person and with a fresh proof of who it is.

    Args:
        basis: the contract that allows it; it must be named.
        training_licence: id of a training licence of that house with ``SCRIPT_TRAINING``: the grant then stands and
            falls with it.

    Raises:
        As :func:`grant_use`; StepUpRequired; InvalidInput: ``BASIS_MISSING``, ``TRAINING_LICENCE_INVALID``.
    """
    _require_person(principal)
    require_presence(principal)
    if not one_line(basis):
        raise InvalidInput("BASIS_MISSING", "Name the contract that allows training.")
    grantee = _grantee(organisation, to)
    if training_licence is not None:
        lacking = set(licence_lacks(training_licence, grantee[0].pk, clock.now()))
        if lacking - {DenyReason.NOT_YET_VALID}:
            raise InvalidInput(
                "TRAINING_LICENCE_INVALID",
                "That is no training licence of theirs for scripts that is in force.",
            )
    with transaction.atomic():
        work = lock_work(principal, work_id)
        return _keep(
            principal,
            work,
            Purpose.TRAIN,
            grantee,
            not_before,
            not_after,
            version_id,
            basis,
            training_licence=training_licence,
        )


def end_grant(*, principal: Principal, grant_id: UUID, reason: str) -> Grant:
    """End a grant. The very next access under it is refused.

    Raises:
        NotFound; Forbidden: ``IN_PERSON``, ``WORK_NOT_YOURS``; InvalidInput: ``REASON_MISSING``.
        Conflict: ``GRANT_ENDED``.
    """
    seen = grant_for(principal, grant_id)
    if seen is None:
        raise NotFound
    _require_person(principal)
    why = one_line(reason, most=500)
    if not why:
        raise InvalidInput("REASON_MISSING", "Say why it ends.")
    with transaction.atomic():
        work = lock_work(principal, seen.work_id)
        grant = Grant.objects.select_for_update(of=("self",)).get(pk=grant_id)
        if grant.ended_at is not None:
            raise Conflict("GRANT_ENDED", "This grant has ended.")
        grant.ended_at, grant.ended_by, grant.end_reason = clock.now(), principal.person, why
        grant.save(update_fields=["ended_at", "ended_by", "end_reason"])
        _tell("script.grant_ended", principal, work, grant, reason=why)
        return grant


def _keep(
    principal: Principal,
    work: Work,
    purpose: str,
    grantee: tuple[Organisation, User | None, ApiCredential | None],
    not_before: datetime | None,
    not_after: datetime,
    version_id: UUID | None,
    basis: str,
    *,
    training_licence: UUID | None = None,
) -> Grant:
    if work.sealed_key is None:
        raise Conflict("SCRIPT_DESTROYED", "The text of this work was destroyed.")
    begins = not_before or clock.now()
    if not begins < not_after <= begins + YEARS_MOST or not_after <= clock.now():
        raise InvalidInput("WINDOW_INVALID", "A grant ends after it begins, and within ten years.")
    if version_id is not None and not Version.objects.filter(pk=version_id, work=work).exists():
        raise InvalidInput("VERSION_UNKNOWN", "There is no such version of this work.")
    organisation, person, credential = grantee
    grant = Grant.objects.create(
        work=work,
        version_id=version_id,
        purpose=purpose,
        organisation=organisation,
        person=person,
        credential=credential,
        not_before=begins,
        not_after=not_after,
        basis=one_line(basis, most=300),
        training_licence_id=training_licence,
        granted_by=principal.person,
    )
    _tell("script.granted", principal, work, grant)
    return grant


def _grantee(slug: str, to: str) -> tuple[Organisation, User | None, ApiCredential | None]:
    organisation = organisation_by_slug(slug)
    if organisation is not None:
        if "@" in to and (person := person_by_email(to.strip(), of=organisation)) is not None:
            return organisation, person, None
        key = ApiCredential.objects.filter(
            organisation=organisation, prefix=to.strip(), revoked_at=None
        ).first()
        if key is not None:
            return organisation, None, key
    raise InvalidInput(
        "GRANTEE_UNKNOWN",
        "There is no such person or API key of that organisation.",
        "Name the organisation, and a person's e-mail address or the beginning of a key as its list shows it.",
    )


def _require_person(principal: Principal) -> None:
    if principal.credential is not None:
        raise Forbidden("IN_PERSON", "This is for a person who is signed in.")


def _tell(kind: str, principal: Principal, work: Work, grant: Grant, **details: str) -> None:
    record(
        kind=kind,
        principal=principal,
        object_type="script",
        object_id=work.pk,
        production_id=work.production_id,
        visible_to=[grant.organisation_id],
        details={
            "grant": str(grant.pk),
            "purpose": grant.purpose,
            "to": "person" if grant.person_id else "machine",
            "not_before": rfc3339(grant.not_before),
            "not_after": rfc3339(grant.not_after),
            "training": grant.purpose == Purpose.TRAIN,
            **details,
        },
    )
