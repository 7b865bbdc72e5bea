"""Tell the licensee before a licence ends: one alert for each token and agreed notice."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import transaction

from audit.services import record
from common import clock
from licensing.models import Alert, LicenceToken, QuotaAlert
from licensing.selectors.licences import days_left
from licensing.selectors.tokens import effective_state, tokens
from trustcore.policy.vocabulary import TokenState


def raise_expiry_alerts() -> int:
    """Raise the alerts of every licence whose next notice has fallen due; returns how many are new."""
    at = clock.now()
    due = list(
        LicenceToken.objects.filter(notice_at__lte=at).order_by("notice_at").values_list("pk", flat=True)
    )
    return sum(1 for jti in due if raise_alert(jti, at) is not None)


def raise_alert(jti: UUID, at: datetime) -> Alert | None:
    """Raise the alert of the nearest notice that is due, once; None when there is none.

    A clock that jumps past two notices raises the nearer one alone; a notice as long as the whole window
    is none. A licence that has ended raises nothing and is looked at no more.
    """
    with transaction.atomic():
        LicenceToken.objects.select_for_update().get(pk=jti)
        token = tokens().get(pk=jti)
        if token.notice_at is None or token.notice_at > at:
            return None
        threshold = due_threshold(token, at)
        token.notice_at = next_notice(token, at)
        token.save(update_fields=["notice_at"])
        if threshold is None or effective_state(token, at) is not TokenState.ACTIVE:
            return None
        alert, is_new = Alert.objects.get_or_create(
            token=token,
            kind=Alert.Kind.WINDOW_ENDS,
            threshold_days=threshold,
            defaults={"due_at": token.not_after - timedelta(days=threshold), "raised_at": at},
        )
        if not is_new:
            return None
        record(
            kind="licence.ends_soon",
            principal=None,
            organisation_id=token.licensee_id,
            visible_to=[token.agency_id] if token.agency_id else [],
            object_type="licence",
            object_id=token.pk,
            production_id=token.production_id,
            details={"days_left": days_left(token, at), "notice_days": threshold},
        )
        return alert


QUOTA_PERCENTS: Final = (95, 80)
"""Shares of a quota at which the licensee hears of it, the higher first."""


def raise_quota_alert(jti: UUID, *, counter: str, granted: int, most: int) -> QuotaAlert | None:
    """Say once that a quota runs out: at 80 and at 95 percent; past both at once, the higher alone.

    Args:
        counter: ``frames``, ``lines``, ``seconds`` or ``runs``; granted: given out of ``most``.
    """
    reached = next((p for p in QUOTA_PERCENTS if most > 0 and granted * 100 >= most * p), None)
    if reached is None:
        return None
    with transaction.atomic():
        token = LicenceToken.objects.select_for_update().get(pk=jti)
        known = QuotaAlert.objects.filter(token=token, counter=counter, percent__gte=reached)
        if known.exists() or token.state != TokenState.ACTIVE:
            return None
        alert = QuotaAlert.objects.create(
            token=token, counter=counter, percent=reached, granted=granted, most=most, raised_at=clock.now()
        )
        record(
            kind="licence.quota_low",
            principal=None,
            organisation_id=token.licensee_id,
            visible_to=[token.agency_id] if token.agency_id else [],
            object_type="licence",
            object_id=token.pk,
            production_id=token.production_id,
            details={"counter": counter, "percent": reached, "granted": granted, "most": most},
        )
        return alert


def due_threshold(token: LicenceToken, at: datetime) -> int | None:
    """The smallest agreed notice, in days, that is past at ``at``."""
    left = token.not_after - at
    return min((days for days in _notices(token) if left <= timedelta(days=days)), default=None)


def next_notice(token: LicenceToken, at: datetime) -> datetime | None:
    """When the first notice after ``at`` falls due; None after the last."""
    times = (token.not_after - timedelta(days=days) for days in _notices(token))
    return min((time for time in times if time > at), default=None)


def _notices(token: LicenceToken) -> list[int]:
    """The agreed notices in days, without those that are as long as the window or longer."""
    whole_window = token.not_after - token.not_before
    agreed: list[int] = token.terms.terms["renewal"]["notify_days_before"]
    return [days for days in agreed if timedelta(days=days) < whole_window]
