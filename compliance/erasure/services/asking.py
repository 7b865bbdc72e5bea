"""Ask for an erasure, confirm it, take it back: two people, each of whom proved just now who they are."""

from dataclasses import asdict
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.operating import require_operator
from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from compliance.erasure.models import AskedFor, Erasure, ErasureState, Ground
from compliance.erasure.people import STILL_MEMBER, Person, person_of, require_erasable
from compliance.erasure.services.carrying import plan_erasure

_OPEN = (ErasureState.ASKED, ErasureState.CONFIRMED)


def is_subject(principal: Principal, person: Person) -> bool:
    """Whether the caller is the person, there in person: no key asks for an end to its maker."""
    return principal.credential is None and person.user is not None and person.user.pk == principal.person.pk


def require_own_or_operator(principal: Principal, person: Person) -> AskedFor:
    """In whose name the caller may ask.

    Raises:
        Forbidden: ``OPERATOR_ONLY``: neither the person nor an administrator of the operator.
    """
    if is_subject(principal, person):
        return AskedFor.SUBJECT
    require_operator(principal)
    return AskedFor.OPERATOR


def ask_erasure(*, principal: Principal, person: Person, ground: str) -> Erasure:
    """Ask for the erasure of a person: of oneself, or as an administrator of the operator. Another one confirms it.

    What it would do is counted and kept with it, for who confirms to read. Who asks for oneself may still be a member
    somewhere: that has to end before anybody confirms.

    Raises:
        Forbidden: ``OPERATOR_ONLY``, ``STEP_UP_REQUIRED``. InvalidInput: ``GROUND_UNKNOWN``. Conflict:
        ``ERASURE_ASKED``, or what stands against it (:func:`compliance.erasure.people.refusals`).
    """
    asked_for = require_own_or_operator(principal, person)
    require_presence(principal)
    if ground not in Ground.values:
        raise InvalidInput("GROUND_UNKNOWN", "That is none of the grounds of Article 17.", ", ".join(Ground))
    require_erasable(person, but=STILL_MEMBER if asked_for == AskedFor.SUBJECT else "")
    plan = plan_erasure(person)
    try:
        with transaction.atomic():
            row = Erasure.objects.create(
                talent=person.talent,
                user=person.user,
                ground=ground,
                asked_by=principal.person,
                asked_for=asked_for,
                plan={"rows": plan.rows, "keys": plan.keys},
                against=[asdict(one) for one in plan.against],
            )
            told("erasure.asked", principal, row)
    except IntegrityError as error:
        raise Conflict("ERASURE_ASKED", "An erasure of this person was asked for already.") from error
    return row


def confirm_erasure(*, principal: Principal, erasure_id: UUID) -> Erasure:
    """Give the second pair of eyes; it is carried out after ``ERASURE_COOLING_OFF_SECONDS``, by a job.

    Raises:
        Forbidden: ``OPERATOR_ONLY``, ``FOUR_EYES``, ``STEP_UP_REQUIRED``. NotFound. Conflict: ``ERASURE_ENDED``,
        ``ERASURE_CONFIRMED``, or what stands against it.
    """
    require_operator(principal)
    require_presence(principal)
    with transaction.atomic():
        row = _open_one(erasure_id)
        if row.state == ErasureState.CONFIRMED:
            raise Conflict("ERASURE_CONFIRMED", "This erasure was confirmed already.")
        if row.asked_by_id == principal.person.pk:
            raise Forbidden("FOUR_EYES", "Another administrator confirms what you asked for.")
        require_erasable(person_of(talent=row.talent, user=row.user))
        row.state, row.confirmed_by, row.confirmed_at = (
            ErasureState.CONFIRMED,
            principal.person,
            clock.now(),
        )
        row.due_at = row.confirmed_at + timedelta(seconds=settings.ERASURE_COOLING_OFF_SECONDS)
        row.against = []
        row.save(update_fields=["state", "confirmed_by", "confirmed_at", "due_at", "against"])
        told("erasure.confirmed", principal, row)
    return row


def withdraw_erasure(*, principal: Principal, erasure_id: UUID) -> Erasure:
    """Take back what was not carried out yet: an administrator any, the person what the person asked for.

    Raises:
        Forbidden: ``OPERATOR_ONLY``. NotFound. Conflict: ``ERASURE_ENDED``.
    """
    with transaction.atomic():
        row = _open_one(erasure_id)
        is_own = row.asked_for == AskedFor.SUBJECT and row.asked_by_id == principal.person.pk
        if not (is_own and principal.credential is None):
            require_operator(principal)
        row.state, row.ended_at = ErasureState.WITHDRAWN, clock.now()
        row.save(update_fields=["state", "ended_at"])
        told("erasure.withdrawn", principal, row)
    return row


def told(kind: str, principal: Principal | None, row: Erasure) -> None:
    """Record what became of an erasure."""
    record(
        kind=kind,
        principal=principal,
        object_type="erasure",
        object_id=row.pk,
        details={"ground": row.ground, "state": row.state, "asked_for": row.asked_for},
    )


def _open_one(erasure_id: UUID) -> Erasure:
    row = Erasure.objects.select_for_update().filter(pk=erasure_id).first()
    if row is None:
        raise NotFound
    if row.state not in _OPEN:
        raise Conflict("ERASURE_ENDED", "This erasure was carried out or taken back.")
    return row
