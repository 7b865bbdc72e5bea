"""When licences end, what runs out before, and the word that is owed after a revocation."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from accounts.models import Membership
from agents_portal.calendar import WEEKS, calendar_of, window
from agents_portal.forecast import forecast_of
from common import clock
from licensing import services
from licensing.models import LicenceToken, RevocationDuty
from licensing.selectors import licences_ending
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of


def licensed(cast: Cast, **changes: Any) -> LicenceToken:
    return factories.approve(cast.ask(**changes))


def line_of(cast: Cast) -> Any:
    (line,) = licences_ending(cast.producer, before=window(clock.now())[1])
    return line


def share(text: str) -> float:
    return float(text.rstrip("%"))


def test_a_bar_ends_where_its_licence_does_with_a_tick_for_each_reminder(cast: Cast) -> None:
    licensed(cast, days=40)
    line, now = line_of(cast), clock.now()
    (bar,) = calendar_of([line], now).bars
    first, last = window(now)
    whole = (last - first).total_seconds()
    assert share(bar.end) == pytest.approx(100 * (line.not_after - first).total_seconds() / whole, abs=0.02)
    ticks = [
        100 * (line.not_after - timedelta(days=days) - first).total_seconds() / whole
        for days in (30, 14, 7, 1)
    ]
    assert [share(one) for one in bar.ticks] == pytest.approx(ticks, abs=0.02)
    assert bar.ends_here
    assert (last - first).days in {WEEKS * 7 - 1, WEEKS * 7}
    # one that ends after the fourteen weeks has no end in the drawing
    far = replace(line, not_after=last + timedelta(days=1))
    assert not calendar_of([far], now).bars[0].ends_here


def test_an_asked_renewal_is_drawn_and_told_in_the_list(cast: Cast) -> None:
    token = licensed(cast, days=20)
    asked = services.request_renewal(principal=cast.producer, jti=token.pk, days=60)
    assert line_of(cast).renewal_days == 60
    page = Reader(cast.producer).page("/calendar/")
    assert "Renewal asked: 60 days" in page
    assert f"/requests/{asked.pk}/" in page.links


@pytest.mark.parametrize(
    ("used", "lately", "ends_in_days"),
    [
        (2847, 500, 153 / (500 / 7)),  # 153 left at 71 a day: two days, of ten
        (1000, 500, None),  # 2,000 left last 28 days: longer than the licence
        (2847, 0, None),  # nobody renders: nothing is foretold
        (3000, 500, None),  # none are left: that is no forecast
    ],
)
def test_frames_that_run_out_before_the_licence_are_foretold(
    cast: Cast, used: int, lately: int, ends_in_days: float | None
) -> None:
    licensed(cast, days=17, frames_max=3000)
    now = clock.now()
    line = replace(line_of(cast), not_before=now - timedelta(days=7), not_after=now + timedelta(days=10))
    forecast = forecast_of(line, used, lately, now)
    if ends_in_days is None:
        assert forecast is None
    else:
        assert forecast is not None
        assert (forecast.ends_at - now).total_seconds() == pytest.approx(ends_in_days * 86_400, abs=2)
        assert forecast.left == 3000 - used


def test_a_stranger_sees_no_licence_in_the_calendar(cast: Cast) -> None:
    licensed(cast)
    page = Reader(cast.other_studio).page("/calendar/")
    assert cast.talent.stage_name not in page.html
    assert "Nothing to show yet" in page
    vendor = Reader(cast.vendor).page("/calendar/")
    assert cast.talent.stage_name not in vendor.html
    assert "Performer " in vendor


def test_the_production_shows_calendar_keys_and_what_to_do_next(cast: Cast) -> None:
    licensed(cast, days=20)
    credential, _ = factories.make_credential(cast.producer.organisation)
    page = Reader(cast.producer).page(f"/productions/{cast.production.pk}/")
    assert f"/requests/new/?production={cast.production.pk}" in page.links
    assert credential.prefix in page
    assert "When licences end" in page
    # the guild that oversees it reads neither keys nor an act
    auditor = Reader(cast.auditor).page(f"/productions/{cast.production.pk}/")
    assert credential.prefix not in auditor.html
    assert f"/requests/new/?production={cast.production.pk}" not in auditor.links


def revoked(cast: Cast, kind: str = "PROSPECTIVE", disposition: str = "KEEP") -> LicenceToken:
    token = licensed(cast)
    services.revoke_token(
        principal=cast.agent, jti=token.pk, kind=kind, disposition=disposition, reason="It is over."
    )
    return token


def duty_of(desk: Any) -> RevocationDuty:
    return RevocationDuty.objects.get(organisation=desk.organisation)


def test_each_party_acknowledges_its_own_and_once(cast: Cast) -> None:
    revoked(cast)
    for desk in (cast.vendor, cast.producer):
        reader, duty = Reader(desk), duty_of(desk)
        address = f"/duties/{duty.pk}/"
        assert address in reader.page("/duties/").links
        assert reader.get(address).status_code == 200
        assert reader.post(address).url == "/duties/"
        assert duty_of(desk).acknowledged_by_id == desk.person.pk
        before = duty_of(desk).acknowledged_at
        assert reader.post(address).url == "/duties/"
        assert duty_of(desk).acknowledged_at == before


def test_a_destruction_needs_its_certificate(cast: Cast) -> None:
    revoked(cast, "RECALL_REQUEST", "DESTROY_WITH_CERTIFICATE")
    reader, duty = Reader(cast.vendor), duty_of(cast.vendor)
    for wrong in ("", "abc", "zz" * 32):
        answer = reader.post(f"/duties/{duty.pk}/", {"certificate_sha256": wrong})
        assert answer.status_code == 422
    assert duty_of(cast.vendor).acknowledged_at is None
    digest = "AB" * 32
    reader.post(f"/duties/{duty.pk}/", {"certificate_sha256": f"sha256:{digest}"})
    assert duty_of(cast.vendor).certificate_sha256 == digest.lower()


def test_nobody_acknowledges_for_another_and_a_vendor_sees_its_own_alone(cast: Cast) -> None:
    other = factories.make_desk(factories.make_vendor("Tern & Tide"), Membership.Role.ENGINEER)
    token = licensed(cast, vendors=(cast.vendor.organisation.slug, other.organisation.slug))
    services.revoke_token(
        principal=cast.agent, jti=token.pk, kind="PROSPECTIVE", disposition="KEEP", reason="It is over."
    )
    theirs = duty_of(other)
    for desk in (cast.vendor, cast.producer, cast.other_studio):
        assert Reader(desk).post(f"/duties/{theirs.pk}/").status_code == 404
    assert theirs.acknowledged_at is None
    vendor = Reader(cast.vendor).page("/duties/")
    assert "Tern & Tide" not in vendor
    assert cast.talent.stage_name not in vendor.html
    studio = Reader(cast.producer).page("/duties/")
    assert "Tern & Tide" in studio
    assert cast.talent.stage_name in studio
    assert "Tern & Tide" in Reader(cast.agent).page("/duties/")
    assert "Nothing is to be acknowledged" in Reader(cast.other_studio).page("/duties/")


def test_the_pages_ask_the_database_at_most_twelve_times(
    cast: Cast, django_assert_max_num_queries: Any
) -> None:
    for _ in range(4):
        revoked(cast)
        licensed(cast, days=30)
    reader = Reader(cast.producer)
    for path in ("/calendar/", "/duties/"):
        with django_assert_max_num_queries(12):
            page_of(reader.get(path))
