"""Tell licensees whose quotas run out: a look at the counters, apart from every check."""

from typing import Final

from django.db.models import Exists, F, OuterRef

from licensing.models import LicenceToken, QuotaAlert
from licensing.services import raise_quota_alert
from receipts.models import Quota

_PERCENTS: Final = (95, 80)
_MOST_AT_ONCE: Final = 1000


def alert_quotas() -> int:
    """Raise an alert for each counter that passed 80 or 95 percent since the last look; returns how many."""
    raised = 0
    for percent in _PERCENTS:
        told = QuotaAlert.objects.filter(
            token=OuterRef("token_jti"), counter=OuterRef("counter"), percent__gte=percent
        )
        live = LicenceToken.objects.filter(pk=OuterRef("token_jti"), state="ACTIVE")
        low = Quota.objects.filter(
            ~Exists(told), Exists(live), most__gt=0, granted__gte=F("most") * percent / 100.0
        )
        rows = low.values_list("token_jti", "counter", "granted", "most")[:_MOST_AT_ONCE]
        for jti, counter, granted, most in list(rows):
            raised += raise_quota_alert(jti, counter=counter, granted=granted, most=most) is not None
    return raised
