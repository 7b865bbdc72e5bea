"""People decide on what was held or escalated: two of them, each once, and they must agree."""

from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.principals import Principal
from audit import services as audit
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from trustcore.verification.words import Action
from verification import selectors
from verification.models import Review, ReviewVerdict, VerificationRecord

_REASON_MOST = 500


@transaction.atomic
def give_word(*, principal: Principal, verification_id: UUID, verdict: str, reason: str) -> Review:
    """Say what shall become of a file; the second person who says the same decides.

    Raises:
        NotFound: no such verification, or another organisation's.
        Forbidden: ``PERSON_NEEDED``: an API key has no eyes.
        InvalidInput: ``VERDICT_UNKNOWN``, ``REASON_MISSING``.
        Conflict: ``NOTHING_TO_REVIEW``, ``REVIEW_DECIDED``, ``REVIEW_GIVEN``: one word a person.
    """
    row = selectors.verification_for(principal, verification_id)
    if row is None:
        raise NotFound
    if principal.credential is not None:
        raise Forbidden("PERSON_NEEDED", "A person decides this, signed in.")
    if verdict not in ReviewVerdict.values:
        raise InvalidInput("VERDICT_UNKNOWN", "A file is let go or kept back.")
    if not reason.strip() or len(reason) > _REASON_MOST:
        raise InvalidInput("REASON_MISSING", "Say why, in at most 500 characters.")
    record = VerificationRecord.objects.select_for_update().filter(verification=row).first()
    if record is None or record.action not in {Action.HOLD, Action.ESCALATE}:
        raise Conflict("NOTHING_TO_REVIEW", "This file was neither held nor escalated.")
    if selectors.outcome_of(record) is not None:
        raise Conflict("REVIEW_DECIDED", "Two people have decided this.")
    try:
        with transaction.atomic():
            made = Review.objects.create(
                record=record,
                organisation=principal.organisation,
                person=principal.person,
                verdict=verdict,
                reason=reason.strip(),
            )
    except IntegrityError as error:
        raise Conflict(
            "REVIEW_GIVEN", "You have given your word on this file; another person decides."
        ) from error
    outcome = selectors.outcome_of(record)
    audit.record(
        kind="verification.reviewed",
        principal=principal,
        object_type="verification",
        object_id=row.pk,
        details={"verdict": verdict, "outcome": str(outcome) if outcome else None},
    )
    return made
