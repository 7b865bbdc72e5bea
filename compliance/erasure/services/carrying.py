"""Carry an erasure out, or try it and take it back; do again what a restored backup has forgotten."""

from collections import Counter
from dataclasses import asdict, dataclass
from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts.models import SubjectKey, User
from accounts.subject_keys import destroy_key, forget_keys
from audit.services import record
from common import clock
from common.keys import signer_for
from compliance.erasure.inventory import KEPT
from compliance.erasure.models import Erasure, ErasureState
from compliance.erasure.overwriting import drop_withdrawn_files, overwrite
from compliance.erasure.people import Person, Refusal, person_of, refusals
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
        forget_keys()
    keys = SubjectKey.objects.filter(pk__in=person.subjects, sealed_key__isnull=False).count()
    return Plan(tuple(map(str, person.subjects)), _sorted(rows), keys, tuple(refusals(person)))


def due_erasures(*, now: datetime) -> list[UUID]:
    """Those that were confirmed and whose day has come, oldest first."""
    rows = Erasure.objects.filter(state=ErasureState.CONFIRMED, due_at__lte=now)
    return list(rows.order_by("due_at").values_list("pk", flat=True)[:100])


def carry_out_erasure(*, erasure_id: UUID) -> Erasure | None:
    """Carry out what is confirmed and due, and sign what was done; ``None`` where there is nothing to do.

    What stands against it by now (a hold, a new licence) is kept in ``against``, and nothing is done; the next call
    asks again. Safe to call twice, and from two workers.
    """
    signer = signer_for(PURPOSE)
    with transaction.atomic():
        row = (
            Erasure.objects.select_for_update(skip_locked=True)
            .filter(pk=erasure_id, state=ErasureState.CONFIRMED, due_at__lte=clock.now())
            .first()
        )
        if row is None:
            return None
        person = person_of(talent=row.talent, user=row.user)
        against = [asdict(one) for one in refusals(person)]
        if against:
            _hold_back(row, against)
            return row
        row.state, row.ended_at, row.against = ErasureState.DONE, clock.now(), []
        rows, keys = _erase(person)
        row.certificate = {
            "schema": CERTIFICATE,
            "erasure": str(row.pk),
            "subjects": [str(one) for one in person.subjects],
            "ground": row.ground,
            "asked_for": row.asked_for,
            "asked_by": str(row.asked_by_id),
            "asked_at": clock.rfc3339(row.created_at),
            "confirmed_by": str(row.confirmed_by_id),
            "confirmed_at": clock.rfc3339(row.confirmed_at) if row.confirmed_at else "",
            "erased_at": clock.rfc3339(row.ended_at),
            "keys_destroyed": keys,
            "rows": _sorted(rows),
            "kept": [asdict(one) for one in KEPT],
        }
        row.kid, row.signature = signer.kid, signer.sign(certificate_message(row))
        row.save()
        _told("erasure.done", row)
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


def _hold_back(row: Erasure, against: list[dict[str, object]]) -> None:
    if row.against == against:
        return
    row.against = against
    row.save(update_fields=["against"])
    _told("erasure.held", row)


def _told(kind: str, row: Erasure) -> None:
    record(
        kind=kind, principal=None, object_type="erasure", object_id=row.pk,
        details={"ground": row.ground, "state": row.state, "against": row.against},
    )  # fmt: skip


def _erase(person: Person) -> tuple[Counter[str], int]:
    keys = sum(destroy_key(one) for one in person.subjects)
    return overwrite(person), keys


def _sorted(rows: Counter[str]) -> dict[str, int]:
    return {name: count for name, count in sorted(rows.items()) if count}
