"""A licensee hears at 80 and at 95 percent of a quota, once each, and nobody else does."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import IntegrityError, transaction

from audit.models import Event
from common import clock
from licensing.models import QuotaAlert
from receipts import services
from receipts.models import Lease, Quota
from tests.receipts.conftest import Farm


@pytest.mark.django_db
def test_quota_is_told_at_80_and_95_percent_once_each(farm: Farm) -> None:
    jti = farm.token.pk
    farm.lease(0, 0)  # opens the counter
    quota = Quota.objects.filter(token_jti=jti, counter="frames")
    most = quota.get().most

    def at(percent: float) -> list[int]:
        quota.update(granted=int(most * percent / 100))
        services.alert_quotas()
        return sorted(QuotaAlert.objects.filter(token=jti).values_list("percent", flat=True))

    assert at(79) == []
    assert at(80) == [80]
    assert at(94) == [80]
    assert at(95) == [80, 95]
    assert at(100) == [80, 95]
    told = list(Event.objects.filter(kind="licence.quota_low"))
    assert [(one.organisation_id, one.details["percent"]) for one in told] == [
        (farm.token.licensee_id, 80),
        (farm.token.licensee_id, 95),
    ]


@pytest.mark.django_db
def test_quota_that_jumps_past_both_is_told_once_and_a_third_threshold_does_not_exist(farm: Farm) -> None:
    farm.lease(0, 0)
    quota = Quota.objects.filter(token_jti=farm.token.pk, counter="frames")
    quota.update(granted=quota.get().most)
    assert services.alert_quotas() == 1
    assert services.alert_quotas() == 0
    assert list(QuotaAlert.objects.values_list("percent", flat=True)) == [95]
    row = QuotaAlert.objects.get()
    with pytest.raises(IntegrityError), transaction.atomic():
        QuotaAlert.objects.filter(pk=row.pk).update(percent=50)


@pytest.mark.django_db
def test_look_goes_through_what_moved_and_once_an_hour_through_all(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    farm.lease(0, 0)
    quota = Quota.objects.filter(token_jti=farm.token.pk, counter="frames")
    now = clock.now()
    monkeypatch.setattr(clock, "now", lambda: now)
    assert services.alert_quotas() == 0  # nobody knew of an earlier look: all of them
    Lease.objects.update(granted_at=now - timedelta(days=1))
    quota.update(granted=quota.get().most)
    assert services.alert_quotas() == 0, "no lease moved it since the last look"
    now += timedelta(minutes=61)
    assert services.alert_quotas() == 1, "the hourly look finds what moved without a lease"
    QuotaAlert.objects.all().delete()
    now += timedelta(minutes=1)
    assert services.alert_quotas() == 0
    Lease.objects.update(granted_at=now)
    assert services.alert_quotas() == 1, "a lease since the last look is enough"
    QuotaAlert.objects.all().delete()
    cache.clear()
    Lease.objects.update(granted_at=now - timedelta(days=1))
    assert services.alert_quotas() == 1, "what is forgotten is looked at anew"
