"""Reads of verifications: an organisation sees its own; to others they do not exist."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Count, Prefetch, QuerySet

from accounts.principals import Principal
from common import clock
from trustcore.verification.words import Action
from verification.detectors.cards import DetectorUnusable, installed
from verification.models import (
    UNFINISHED,
    DetectorPromotion,
    PromotionVerdict,
    PublicCheck,
    PublicSwitch,
    Review,
    ReviewVerdict,
    Verification,
    VerificationRecord,
)
from verification.pipeline.case import Original
from watermarking.models import MarkRegistration

_ORIGINALS_MOST = 200
_WATCHED = (Action.HOLD, Action.ESCALATE)
EYES = 2
# of what waits for people: high impact stands before low, then the oldest; the id makes it one order
QUEUE_ORDER = ("impact", "created_at", "id")


def verifications_visible_to(principal: Principal) -> QuerySet[Verification]:
    """The organisation's verifications, newest first."""
    rows = Verification.objects.filter(organisation=principal.organisation)
    return rows.select_related("record", "asked_by").order_by("-created_at")


def verification_for(principal: Principal, verification_id: UUID) -> Verification | None:
    """One of them."""
    return verifications_visible_to(principal).filter(pk=verification_id).first()


def verifications_waiting() -> QuerySet[Verification]:
    """What waits or is being verified, of anybody."""
    return Verification.objects.filter(state__in=UNFINISHED)


def verifications_quiet(*, before: datetime) -> QuerySet[Verification]:
    """Unfinished ones that nobody has moved on since then, oldest first."""
    return verifications_waiting().filter(touched_at__lt=before).order_by("touched_at")


def copies_outlived(*, before: datetime) -> QuerySet[Verification]:
    """Finished ones of which the ingestion copy has been kept long enough."""
    return Verification.objects.exclude(state__in=UNFINISHED).exclude(blob="").filter(finished_at__lt=before)


def review_queue(principal: Principal) -> QuerySet[Verification]:
    """Held and escalated files of the organisation that fewer than two people have agreed on.

    Those where somebody would be harmed come first, then the oldest: that is what who hands one in is told.
    """
    decided = (
        Review.objects.values("record", "verdict").annotate(people=Count("person")).filter(people__gte=EYES)
    )
    rows = Verification.objects.filter(organisation=principal.organisation, record__action__in=_WATCHED)
    return (
        rows.exclude(record__in=decided.values("record"))
        .select_related("record", "asked_by")
        .prefetch_related(
            Prefetch("record__reviews", Review.objects.select_related("person").order_by("created_at"))
        )
        .order_by(*QUEUE_ORDER)
    )


def outcome_of(record: VerificationRecord) -> ReviewVerdict | None:
    """What two people agreed on; None before that."""
    said = Counter(one.verdict for one in record.reviews.all())
    return next((ReviewVerdict(verdict) for verdict, people in said.items() if people >= EYES), None)


def originals_of(organisation_id: UUID) -> tuple[Original, ...]:
    """The organisation's files whose credentials were found valid and bound: what copies are compared with."""
    rows = VerificationRecord.objects.filter(
        verification__organisation_id=organisation_id,
        report__provenance__status="valid",
        report__provenance__binding="match",
    ).order_by("-created_at")[:_ORIGINALS_MOST]
    return tuple(
        Original(
            asset_id=str(row.report["asset_id"]),
            canonical_sha256=str(row.report["audit"]["input_canonical_hash"]).removeprefix("sha256:"),
            frame_codes=tuple(row.report["audit"]["frame_hashes"]),
        )
        for row in rows
    )


def lead_for(organisation_id: UUID, payload: str) -> dict[str, Any] | None:
    """What a mark leads to, where the organisation may be told."""
    row = MarkRegistration.objects.filter(mark_id=payload, visible_to__contains=[organisation_id]).first()
    if row is None:
        return None
    return {
        "payload": row.mark_id,
        "production": str(row.production_id),
        "tokens": [str(one) for one in row.token_jtis],
        "asset": str(row.asset_id) if row.asset_id else None,
        "registered_at": row.created_at.isoformat(),
    }


def action_rates(principal: Principal) -> dict[str, Any]:
    """How often each action was advised, and would have been under the policy on trial: the canary's comparison."""
    rows = VerificationRecord.objects.filter(verification__organisation=principal.organisation)
    compared = rows.exclude(trial=None).values_list(
        "trial__baseline__action", "trial__trial__action", "trial__binds"
    )
    pairs = list(compared)
    return {
        "verifications": rows.count(),
        "actions": dict(rows.values_list("action").annotate(Count("pk")).order_by("action")),
        "trial": {
            "compared": len(pairs),
            "bound": sum(1 for *_, binds in pairs if binds),
            "changed": sum(1 for old, new, _ in pairs if old != new),
            "baseline": _counted(old for old, _, _ in pairs),
            "trial": _counted(new for _, new, _ in pairs),
        },
    }


def _counted(actions: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(actions).items()))


def promotions() -> QuerySet[DetectorPromotion]:
    """Everything that was ever asked to act, newest first, with what was said of it."""
    return DetectorPromotion.objects.prefetch_related("words").order_by("-created_at")


def promoted_ensemble() -> str:
    """The ensemble of detectors that may act: confirmed by a second person and not withdrawn; empty: none.

    What is installed acts no longer than its calibration is good for: then it is in shadow again, without a word.
    """
    rows = DetectorPromotion.objects.filter(words__verdict=PromotionVerdict.CONFIRMED).exclude(
        words__verdict=PromotionVerdict.WITHDRAWN
    )
    newest = rows.order_by("-created_at").first()
    if newest is None or _is_overdue(newest.ensemble):
        return ""
    return newest.ensemble


def _is_overdue(version: str) -> bool:
    try:
        ensemble = installed()
    except DetectorUnusable:
        return False  # the stage says of it what is wrong
    return ensemble is not None and ensemble.version == version and clock.now().date() > ensemble.due_on


def public_switch() -> PublicSwitch | None:
    """The last word on whether anybody may check a file here."""
    return PublicSwitch.objects.select_related("person").order_by("-created_at", "-pk").first()


def is_public_page_on() -> bool:
    """Whether anybody may check a file here; without an operator's word nobody may."""
    said = public_switch()
    return said is not None and said.is_on


def checks_waiting() -> QuerySet[PublicCheck]:
    """Strangers' files that wait or are being read."""
    return PublicCheck.objects.filter(state__in=UNFINISHED)


def check_of(digest: str) -> PublicCheck | None:
    """A stranger's check by what is kept of its address; looking takes nothing."""
    return PublicCheck.objects.filter(digest=digest).first()
