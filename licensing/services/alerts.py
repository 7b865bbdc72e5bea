"""Tell the licensee before a licence ends: one alert for each token and agreed notice."""

from datetime import datetime, timedelta

from django.db import transaction

from audit.services import record
from common import clock
from licensing.models import Alert, LicenceToken
from licensing.selectors.licences import days_left
from licensing.selectors.tokens import effective_state, tokens
from trustcore.policy.vocabulary import TokenState

# No notice is agreed further ahead than this; the scan need not look beyond.
_HORIZON_DAYS = 400


def raise_expiry_alerts() -> int:
    """Scan the licences that end within sight and raise what is due; returns how many alerts are new."""
    at = clock.now()
    near = tokens().filter(
        state=TokenState.ACTIVE, not_after__gt=at, not_after__lte=at + timedelta(days=_HORIZON_DAYS)
    )
    return sum(1 for token in near.order_by("not_after").iterator() if raise_alert(token, at) is not None)


def raise_alert(token: LicenceToken, at: datetime) -> Alert | None:
    """Raise the alert of the nearest notice that is due, once; None when there is none, or it was raised.

    A clock that jumps past two notices raises the nearer one alone; a notice longer than the whole window
    is none.
    """
    if effective_state(token, at) is not TokenState.ACTIVE:
        return None
    threshold = due_threshold(token, at)
    if threshold is None:
        return None
    with transaction.atomic():
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


def due_threshold(token: LicenceToken, at: datetime) -> int | None:
    """The smallest agreed notice, in days, that is past at ``at``."""
    whole_window = token.not_after - token.not_before
    agreed: list[int] = token.terms.terms["renewal"]["notify_days_before"]
    left = token.not_after - at
    due = [days for days in agreed if left <= timedelta(days=days) < whole_window]
    return min(due, default=None)
