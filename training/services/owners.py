"""Who answers for a source: one colleague at a time, and a hand-off that says from whom, to whom and why.

Ownership is never a matter of who remembers. A source and its originals have the same owner; who hands them over is that
owner or counsel, and a source whose owner has left the house is named until somebody takes it.
"""

from uuid import UUID

from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet

from accounts.models import Membership, User
from accounts.principals import Principal
from audit.services import record
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from training.models import Source, TrainingAsset
from training.seats import may_hand_over, require_house
from training.services.texts import clean


def hand_over(*, principal: Principal, source_id: UUID, to: str, reason: str) -> Source:
    """Make a colleague the owner of a source and of its originals; it is theirs from this commit on.

    Args:
        to: the address of somebody who has a seat in this house.

    Raises:
        NotFound: no such source for this caller. Forbidden: ``OWNER_ONLY``: neither its owner nor counsel, in person.
        InvalidInput: ``OWNER_UNKNOWN``, ``REASON_INVALID``. Conflict: ``OWNER_SAME``.
    """
    require_house(principal)
    with transaction.atomic():
        row = (
            Source.objects.select_for_update(of=("self",), no_key=True)
            .select_related("owner")
            .filter(pk=source_id, organisation=principal.organisation)
            .first()
        )
        if row is None:
            raise NotFound
        if not may_hand_over(principal, row):
            raise Forbidden("OWNER_ONLY", "Its owner hands it over, or counsel does.")
        reason = clean(reason, most=500, code="REASON_INVALID")
        owner = colleague(principal, to)
        if owner.pk == row.owner_id:
            raise Conflict("OWNER_SAME", "That is its owner already.")
        before, row.owner = row.owner, owner
        row.save(update_fields=["owner"])
        moved = TrainingAsset.objects.filter(source=row).exclude(owner=owner).update(owner=owner)
        record(
            kind="training.source_handed_over", principal=principal, object_type="training_source",
            object_id=row.pk,
            details={"from": str(before.pk), "to": str(owner.pk), "reason": reason, "originals": moved},
        )  # fmt: skip
        return row


def colleague(principal: Principal, email: str) -> User:
    """Who has a seat in the caller's house, by address.

    Raises:
        InvalidInput: ``OWNER_UNKNOWN``.
    """
    seat = Membership.objects.filter(
        user__email__iexact=email.strip(), organisation=principal.organisation, ended_at=None
    ).select_related("user").first()  # fmt: skip
    if seat is None:
        raise InvalidInput("OWNER_UNKNOWN", "Nobody of this organisation has this address.")
    return seat.user


def without_owner(rows: QuerySet[Source]) -> QuerySet[Source]:
    """Of ``rows`` those whose owner has no seat in the house any more."""
    seats = Membership.objects.filter(
        user=OuterRef("owner"), organisation=OuterRef("organisation"), ended_at=None
    )
    return rows.filter(~Exists(seats))
