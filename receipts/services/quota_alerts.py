"""Tell licensees whose quotas run out: a look at the counters, apart from every check.

A counter moves when a lease is taken, so a look goes through the licences with a lease since the look before it,
found by when leases were granted. The counters themselves bear no index that says how full they are: it would make
each check write to it. Once an hour, and when nobody knows when the last look was, all counters are looked at.
"""

from datetime import datetime, timedelta
from typing import Final

from django.core.cache import cache
from django.db.models import Exists, F, OuterRef, QuerySet

from common import clock
from licensing.models import LicenceToken, QuotaAlert
from licensing.services import raise_quota_alert
from receipts.models import Lease, Quota

_PERCENTS: Final = (95, 80)
_MOST_AT_ONCE: Final = 1000
_LAST, _LAST_WHOLE = "quota-alerts.last-look", "quota-alerts.last-whole-look"
_OVERLAP: Final = timedelta(minutes=5)
"""Longer than any transaction that grants a lease."""
_WHOLE_EVERY: Final = timedelta(hours=1)


def alert_quotas() -> int:
    """Raise an alert for each counter that passed 80 or 95 percent since the last look; returns how many."""
    began = clock.now()
    since = _looked_until(began)
    raised, is_done = 0, True
    for percent in _PERCENTS:
        rows = list(
            _low(percent, since).values_list("token_jti", "counter", "granted", "most")[:_MOST_AT_ONCE]
        )
        is_done = is_done and len(rows) < _MOST_AT_ONCE
        for jti, counter, granted, most in rows:
            raised += raise_quota_alert(jti, counter=counter, granted=granted, most=most) is not None
    if is_done:
        cache.set(_LAST, began, None)
        if since is None:
            cache.set(_LAST_WHOLE, began, None)
    return raised


def _looked_until(now: datetime) -> datetime | None:
    """From when on leases are looked at; None: at all counters."""
    last: datetime | None = cache.get(_LAST)
    whole: datetime | None = cache.get(_LAST_WHOLE)
    if last is None or whole is None or not whole <= last <= now or now - whole >= _WHOLE_EVERY:
        return None
    return last - _OVERLAP


def _low(percent: int, since: datetime | None) -> QuerySet[Quota]:
    told = QuotaAlert.objects.filter(
        token=OuterRef("token_jti"), counter=OuterRef("counter"), percent__gte=percent
    )
    live = LicenceToken.objects.filter(pk=OuterRef("token_jti"), state="ACTIVE")
    rows = Quota.objects.filter(
        ~Exists(told), Exists(live), most__gt=0, granted__gte=F("most") * percent / 100.0
    )
    if since is None:
        return rows
    return rows.filter(token_jti__in=Lease.objects.filter(granted_at__gte=since).values("token_jti"))
