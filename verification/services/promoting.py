"""Detectors are let out of shadow by two operators, if the gate finds nothing against it; one alone puts them back."""

from uuid import UUID

import msgspec
from django.conf import settings
from django.db import IntegrityError, transaction

from accounts.operating import require_operator
from accounts.principals import Principal
from audit import services as audit
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from verification.detectors.cards import installed
from verification.detectors.gate import EvaluationInvalid, gate, parse_evaluation
from verification.models import DetectorPromotion, PromotionVerdict, PromotionWord
from verification.services.verifying import policy_from


@transaction.atomic
def ask_promotion(*, principal: Principal, evaluation: object) -> DetectorPromotion:
    """Ask that the installed detectors may act; nothing changes until another operator confirms.

    Args:
        evaluation: each video's score on a named hold-out (``gate.Evaluation``); the gate counts for itself.

    Raises:
        Forbidden: ``OPERATOR_ONLY``, ``PERSON_NEEDED``.
        InvalidInput: ``EVALUATION_INVALID``.
        Conflict: ``DETECTORS_MISSING``; ``PROMOTION_REFUSED``: what stands against it is in its words.
    """
    _require(principal)
    try:
        found = parse_evaluation(evaluation)
    except EvaluationInvalid as error:
        raise InvalidInput(error.code, error.detail[:300]) from error
    ensemble = installed()
    if ensemble is None:
        raise Conflict("DETECTORS_MISSING", "No detectors are installed here.")
    policy = policy_from(settings.VERIFICATION_POLICY)
    answer = gate(found, ensemble, policy.risk, today=clock.now().date())
    if answer.refusals:
        raise Conflict("PROMOTION_REFUSED", f"The gate refuses: {', '.join(answer.refusals)}.")
    row = DetectorPromotion.objects.create(
        ensemble=ensemble.version,
        calibration_set=ensemble.calibration_set,
        holdout=found.holdout,
        policy=policy.ref,
        evaluation=msgspec.to_builtins(found),
        figures=answer.to_dict()["figures"],
        asked_by=principal.person,
    )
    _record("verification.promotion_asked", principal, row)
    return row


@transaction.atomic
def confirm_promotion(*, principal: Principal, promotion_id: UUID) -> DetectorPromotion:
    """Consent as a second operator: from now on these detectors' scores count.

    Raises:
        Forbidden: ``OPERATOR_ONLY``, ``PERSON_NEEDED``; ``FOUR_EYES``: who asked does not confirm.
        NotFound: there is no such promotion.
        Conflict: ``PROMOTION_DECIDED``.
    """
    row = _locked(principal, promotion_id)
    if row.asked_by_id == principal.person.pk:
        raise Forbidden("FOUR_EYES", "Another operator confirms what you asked for.")
    return _said(principal, row, PromotionVerdict.CONFIRMED)


@transaction.atomic
def withdraw_promotion(*, principal: Principal, promotion_id: UUID) -> DetectorPromotion:
    """Put the detectors back into shadow; one operator is enough.

    Raises:
        Forbidden: ``OPERATOR_ONLY``, ``PERSON_NEEDED``.
        NotFound: there is no such promotion.
        Conflict: ``PROMOTION_DECIDED``: it is withdrawn already.
    """
    return _said(principal, _locked(principal, promotion_id), PromotionVerdict.WITHDRAWN)


def _said(principal: Principal, row: DetectorPromotion, verdict: PromotionVerdict) -> DetectorPromotion:
    if row.words.filter(verdict=PromotionVerdict.WITHDRAWN).exists():
        raise Conflict("PROMOTION_DECIDED", "This promotion was withdrawn.")
    try:
        with transaction.atomic():
            PromotionWord.objects.create(promotion=row, person=principal.person, verdict=verdict)
    except IntegrityError as error:
        raise Conflict("PROMOTION_DECIDED", "This was said of the promotion already.") from error
    _record(f"verification.promotion_{verdict.value.lower()}", principal, row)
    return row


def _locked(principal: Principal, promotion_id: UUID) -> DetectorPromotion:
    _require(principal)
    row = DetectorPromotion.objects.select_for_update().filter(pk=promotion_id).first()
    if row is None:
        raise NotFound
    return row


def _require(principal: Principal) -> None:
    require_operator(principal)
    if principal.credential is not None:
        raise Forbidden("PERSON_NEEDED", "A person decides this, signed in.")


def _record(kind: str, principal: Principal, row: DetectorPromotion) -> None:
    audit.record(
        kind=kind,
        principal=principal,
        object_type="detector_promotion",
        object_id=row.pk,
        details={"ensemble": row.ensemble, "holdout": row.holdout},
    )
