"""Ask for an erasure, confirm it, take it back; do again what a restored backup has forgotten."""

from collections import Counter
from dataclasses import asdict, dataclass
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.models import SubjectKey, User
from accounts.operating import require_operator
from accounts.principals import Principal
from accounts.subject_keys import destroy_key
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.keys import signer_for
from compliance.erasure.inventory import KEPT
from compliance.erasure.models import Erasure, ErasureState, Ground
from compliance.erasure.overwriting import drop_withdrawn_files, overwrite
from compliance.erasure.people import Person, Refusal, person_of, refusals, require_erasable
from compliance.erasure.tombstones import PURPOSE, pending, put_tombstone
from licensing.models import Talent
from trustcore.encoding import canonical_json

CERTIFICATE = "trustmark.erasure-certificate/1"


@dataclass(frozen=True, slots=True)
class Plan:
    """What an erasure would do, without doing it.

    Attributes:
        rows: rows by table that would be changed or would go.
        keys: how many keys would be destroyed.
        against: what stands against it.
    """

    subjects: tuple[str, ...]
    rows: dict[str, int]
    keys: int
    against: tuple[Refusal, ...]


class _OnlyTried(Exception):
    """Takes back what was tried."""


def plan_erasure(person: Person) -> Plan:
    """Carry it out and take it back: the dry run counts what the run would."""
    rows: Counter[str] = Counter()
    try:
        with transaction.atomic():
            rows, _ = _erase(person)
            raise _OnlyTried
    except _OnlyTried:
        pass
    keys = SubjectKey.objects.filter(pk__in=person.subjects, sealed_key__isnull=False).count()
    return Plan(tuple(map(str, person.subjects)), _sorted(rows), keys, tuple(refusals(person)))


def ask_erasure(*, principal: Principal, person: Person, ground: str) -> Erasure:
    """Ask for the erasure of a person; another administrator confirms it.

    Raises:
        Forbidden: ``OPERATOR_ONLY``. InvalidInput: ``GROUND_UNKNOWN``. Conflict: ``ERASURE_ASKED``, or what stands
        against it (:func:`compliance.erasure.people.refusals`).
    """
    require_operator(principal)
    if ground not in Ground.values:
        raise InvalidInput("GROUND_UNKNOWN", "That is none of the grounds of Article 17.", ", ".join(Ground))
    require_erasable(person)
    try:
        with transaction.atomic():
            row = Erasure.objects.create(
                talent=person.talent, user=person.user, ground=ground, asked_by=principal.person
            )
            _told("erasure.asked", principal, row)
    except IntegrityError as error:
        raise Conflict("ERASURE_ASKED", "An erasure of this person was asked for already.") from error
    return row


def withdraw_erasure(*, principal: Principal, erasure_id: UUID) -> Erasure:
    """Take back what was asked and not confirmed.

    Raises:
        Forbidden: ``OPERATOR_ONLY``. NotFound. Conflict: ``ERASURE_ENDED``.
    """
    require_operator(principal)
    with transaction.atomic():
        row = _locked(erasure_id)
        row.state, row.ended_at = ErasureState.WITHDRAWN, clock.now()
        row.save(update_fields=["state", "ended_at"])
        _told("erasure.withdrawn", principal, row)
    return row


def confirm_erasure(*, principal: Principal, erasure_id: UUID) -> Erasure:
    """Carry out what another administrator asked for, and sign what was done.

    Raises:
        Forbidden: ``OPERATOR_ONLY``, ``FOUR_EYES``. NotFound. Conflict: ``ERASURE_ENDED``, or what stands against it.
    """
    require_operator(principal)
    signer = signer_for(PURPOSE)
    with transaction.atomic():
        row = _locked(erasure_id)
        if row.asked_by_id == principal.person.pk:
            raise Forbidden("FOUR_EYES", "Another administrator confirms what you asked for.")
        person = person_of(talent=row.talent, user=row.user)
        require_erasable(person)
        row.state, row.confirmed_by, row.ended_at = ErasureState.DONE, principal.person, clock.now()
        rows, keys = _erase(person)
        row.certificate = {
            "schema": CERTIFICATE,
            "erasure": str(row.pk),
            "subjects": [str(one) for one in person.subjects],
            "ground": row.ground,
            "asked_by": str(row.asked_by_id),
            "asked_at": clock.rfc3339(row.created_at),
            "confirmed_by": str(principal.person.pk),
            "erased_at": clock.rfc3339(row.ended_at),
            "keys_destroyed": keys,
            "rows": _sorted(rows),
            "kept": [asdict(one) for one in KEPT],
        }
        row.kid, row.signature = signer.kid, signer.sign(certificate_message(row))
        row.save()
        _told("erasure.done", principal, row)
        # the last thing before the commit: if that fails, the tombstone is pending and the erasure is done again
        put_tombstone(
            erasure=str(row.pk),
            subjects=tuple(map(str, person.subjects)),
            at=clock.rfc3339(row.ended_at),
        )
    return row


def reapply_tombstones() -> list[str]:
    """Erase again whom a restored database has brought back; returns the ids of their erasures.

    Nothing is asked anew: it was asked, and confirmed, when the tombstone was written.

    Raises:
        TombstoneUnreadable: a tombstone is not what this house wrote.
    """
    again = []
    drop_withdrawn_files()
    for stone in pending():
        with transaction.atomic():
            talent = Talent.objects.filter(pk__in=stone.subjects).first()
            user = User.objects.filter(pk__in=stone.subjects).first()
            if talent is not None or user is not None:
                _erase(person_of(talent=talent, user=user))
            for subject in stone.subjects:  # and whoever the backup does not know yet never gets a key
                destroy_key(UUID(subject))
            record(
                kind="erasure.done_again", principal=None, object_type="erasure", object_id=stone.erasure,
                details={"at": stone.at},
            )  # fmt: skip
        again.append(stone.erasure)
    return again


def certificate_message(row: Erasure) -> bytes:
    """What the certificate's signature is over."""
    return f"{CERTIFICATE}\n".encode() + canonical_json(row.certificate)


def _erase(person: Person) -> tuple[Counter[str], int]:
    keys = sum(destroy_key(one) for one in person.subjects)
    return overwrite(person), keys


def _locked(erasure_id: UUID) -> Erasure:
    row = Erasure.objects.select_for_update().filter(pk=erasure_id).first()
    if row is None:
        raise NotFound
    if row.state != ErasureState.ASKED:
        raise Conflict("ERASURE_ENDED", "This erasure was carried out or taken back.")
    return row


def _told(kind: str, principal: Principal, row: Erasure) -> None:
    record(
        kind=kind,
        principal=principal,
        object_type="erasure",
        object_id=row.pk,
        details={"ground": row.ground, "state": row.state},
    )


def _sorted(rows: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in sorted(rows.items()) if count}
