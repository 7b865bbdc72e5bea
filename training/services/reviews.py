"""Decide about what the gate isolated: by somebody who did not collect it, once, with a reason."""

from functools import partial
from typing import BinaryIO, Final, cast
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.storage import blobs
from training.models import Review, ScanJob, TrainingAsset
from training.scripts import SCRIPT_UNGRANTED, keep_scripts, scripts_in, ungranted_files
from training.seats import require_reviewer
from training.selectors.rights import current_rights
from training.services.takedown_acts import drop_unneeded
from training.services.takedown_work import hold_bytes, require_no_case
from training.services.texts import clean
from training.storing import ORIGINALS, put, remove
from training.vocabulary import AssetState, Held
from trustcore.policy.territory import covers

SCRIPT_UNREAD: Final = "SCRIPT_UNREAD"


def answer_review(*, principal: Principal, review_id: UUID, answer: str, reason: str) -> Review:
    """Admit an isolated asset, or refuse it for good. Only now do its bytes leave isolation.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_reviewer`; ``REVIEWER_COLLECTED``.
        InvalidInput: ``ANSWER_UNKNOWN`` or ``REASON_INVALID``.
        Conflict: ``REVIEW_ANSWERED``; ``ASSET_TAKEN_DOWN``: a takedown holds it or removed it; ``RIGHTS_NOT_IN_FORCE``: what was asked about cannot be admitted any more;
            ``SCAN_PENDING``: its bytes wait for their scan; ``SCRIPT_TRAINING_NOT_GRANTED``: a registered script is in
            it, and no grant to train covers it yet.
    """
    require_reviewer(principal)
    if answer not in Review.Answer.values:
        raise InvalidInput("ANSWER_UNKNOWN", "The answer is ADMIT or REFUSE.")
    reason = clean(reason, most=2000, code="REASON_INVALID")
    with transaction.atomic():
        review = (
            Review.objects.select_for_update(of=("self",))
            .filter(pk=review_id, organisation=principal.organisation)
            .first()
        )
        if review is None:
            raise NotFound
        if review.answer:
            raise Conflict("REVIEW_ANSWERED", "This was decided already.")
        if review.collected_by_id == principal.person.pk:
            raise Forbidden("REVIEWER_COLLECTED", "Whoever collected it does not decide about it.")
        asset = TrainingAsset.objects.select_for_update(of=("self",)).get(pk=review.asset_id)
        require_no_case(asset)
        if answer == Review.Answer.ADMIT:
            if ScanJob.objects.filter(asset=asset, finished_at=None).exists():
                raise Conflict("SCAN_PENDING", "Its bytes are not scanned yet; wait for what the scan says.")
            _require_granted(asset, review)
            _admit(asset)
        else:
            _refuse(asset)
        review.answer, review.answered_by, review.answered_at = answer, principal.person, clock.now()
        review.reason = reason
        review.save(update_fields=["answer", "answered_by", "answered_at", "reason"])
        record(
            kind="training.review_answered", principal=principal, object_type="training_asset",
            object_id=asset.pk,
            details={"answer": answer, "reason": reason, "codes": list(review.codes), "human_override": True},
        )  # fmt: skip
        return review


def _require_granted(asset: TrainingAsset, review: Review) -> None:
    """No person decides what only who keeps a script can grant; asked anew, whatever it waits for.

    A grant may have come meanwhile, or a script. What could not be read as a script is a person's to decide, if they
    were asked about that; by its words it is searched all the same.
    """
    ungranted = bool(ungranted_files([asset.sha256], asset.organisation_id))
    if asset.held == Held.HERE:
        with blobs().open(asset.location, "rb") as stream:
            told = scripts_in(
                cast("BinaryIO", stream), kind=asset.kind, organisation_id=asset.organisation_id
            )
        is_unread = bool(told.why_unread) and SCRIPT_UNREAD not in review.codes
        keep_scripts(asset.pk, told.versions)
        ungranted |= told.ungranted > 0 or (is_unread and SCRIPT_UNGRANTED in review.codes)
    if ungranted:
        raise Conflict(
            SCRIPT_UNGRANTED,
            "A registered script is in this text, and nobody granted this house to train with it.",
            "Who keeps the script grants it, or the text is refused.",
        )


def _admit(asset: TrainingAsset) -> None:
    standing = current_rights([asset.source_id], at=clock.now()).get(asset.source_id)
    if standing is None or not standing.is_in_force or not standing.rights.may_train:
        raise Conflict(
            "RIGHTS_NOT_IN_FORCE", "The rights that this rests on have ended; it can only be refused."
        )
    if not covers(standing.rights.territories, asset.capture["territory"]):
        raise Conflict(
            "RIGHTS_NOT_IN_FORCE",
            "The rights of now do not cover where it was captured; it can only be refused.",
        )
    asset.state = AssetState.ADMITTED
    if asset.held == Held.HERE:
        isolated = asset.location
        hold_bytes(asset.sha256)
        with blobs().open(isolated, "rb") as stream:
            asset.location = put(asset.organisation_id, ORIGINALS, asset.sha256, stream)
        if isolated != asset.location:  # one that was held where it stood lies there already
            transaction.on_commit(lambda: remove(isolated))
    asset.save(update_fields=["state", "location"])


def _refuse(asset: TrainingAsset) -> None:
    asset.state = AssetState.REFUSED
    if asset.held == Held.HERE:
        isolated, asset.location, asset.held = asset.location, "", Held.ELSEWHERE
        transaction.on_commit(partial(drop_unneeded, isolated))
    asset.save(update_fields=["state", "location", "held"])
