"""After a licence ended: licensee and vendors acknowledge in time, with a certificate where frames are destroyed."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from licensing.models import LicenceToken, RevocationDuty
from licensing.services.profiles import judge_terms
from licensing.services.trail import parties_of
from trustcore.policy.terms import parse_terms
from trustcore.policy.vocabulary import FrameDisposition

HOURS_TO_ACKNOWLEDGE: Final = 96
"""The longest that a revocation may take to reach everybody; a profile may ask for less (CA_AITA)."""


def open_duties(token: LicenceToken, disposition: FrameDisposition) -> list[RevocationDuty]:
    """Owe an acknowledgement by the licensee and each vendor of a licence that ends; inside its transaction."""
    at = clock.now()
    judged = judge_terms(parse_terms(token.terms.terms), token.talent, at)
    hours = min(judged.hours("REVOKE_WITHIN_HOURS") or HOURS_TO_ACKNOWLEDGE, HOURS_TO_ACKNOWLEDGE)
    return RevocationDuty.objects.bulk_create(
        RevocationDuty(
            token=token, organisation_id=one, disposition=disposition, due_at=at + timedelta(hours=hours)
        )
        for one in dict.fromkeys([token.licensee_id, *token.vendor_ids])
    )


def acknowledge_revocation(
    *, principal: Principal, duty_id: UUID, certificate_sha256: str = ""
) -> RevocationDuty:
    """Say that the caller's organisation has stopped, and what became of the frames.

    Raises:
        NotFound: no duty of the caller's organisation.
        Forbidden: ``NOT_YOURS_TO_ACKNOWLEDGE``: neither producer, engineer nor administrator.
        Conflict: ``ACKNOWLEDGED``.
        InvalidInput: ``CERTIFICATE_MISSING``: frames are to be destroyed, and no certificate is named.
    """
    with transaction.atomic():
        mine = RevocationDuty.objects.select_for_update(of=("self",)).filter(
            organisation=principal.organisation
        )
        duty = mine.select_related("token__request__talent", "token__production").filter(pk=duty_id).first()
        if duty is None:
            raise NotFound
        if not principal.acts_as("PRODUCER", "ENGINEER", "ADMIN"):
            raise Forbidden("NOT_YOURS_TO_ACKNOWLEDGE", "Somebody who runs the work acknowledges it.")
        if duty.acknowledged_at is not None:
            raise Conflict("ACKNOWLEDGED", "This was acknowledged before.")
        if duty.disposition == FrameDisposition.DESTROY_WITH_CERTIFICATE and not certificate_sha256:
            raise InvalidInput("CERTIFICATE_MISSING", "Name the certificate of destruction by its SHA-256.")
        duty.acknowledged_at, duty.acknowledged_by = clock.now(), principal.person
        duty.certificate_sha256 = certificate_sha256
        duty.save(update_fields=["acknowledged_at", "acknowledged_by", "certificate_sha256"])
        _record("revocation.acknowledged", duty, principal)
        return duty


def note_overdue_duties() -> int:
    """Tell the parties of every acknowledgement that is late, once; returns how many."""
    at = clock.now()
    late = RevocationDuty.objects.filter(
        acknowledged_at=None, overdue_noted_at=None, due_at__lte=at
    ).values_list("pk", flat=True)
    noted = 0
    for duty_id in list(late):
        with transaction.atomic():
            duty = (
                RevocationDuty.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related("token__request__talent", "token__production")
                .filter(pk=duty_id, acknowledged_at=None, overdue_noted_at=None)
                .first()
            )
            if duty is not None:
                duty.overdue_noted_at = at
                duty.save(update_fields=["overdue_noted_at"])
                _record("revocation.overdue", duty, None)
                noted += 1
    return noted


def _record(kind: str, duty: RevocationDuty, principal: Principal | None) -> None:
    token = duty.token
    record(
        kind=kind,
        principal=principal,
        organisation_id=duty.organisation_id,
        visible_to=[
            *parties_of(token.request),
            *([token.production.guild_id] if token.production.guild_id else []),
        ],
        object_type="licence",
        object_id=token.pk,
        production_id=token.production_id,
        details={
            "organisation": str(duty.organisation_id),
            "disposition": duty.disposition,
            "due_at": clock.rfc3339(duty.due_at),
            "certificate": duty.certificate_sha256,
        },
    )
