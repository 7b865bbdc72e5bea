"""Before a licence ends, and before it is used up, those who run it have it in writing: once for each notice."""

# ruff: noqa: F811
from __future__ import annotations

from typing import Any

import pytest

from licensing import services as licensing
from licensing.models import Alert
from licensing.services import raise_expiry_alerts
from licensing.services.alerts import raise_quota_alert
from notify import services
from notify.models import Letter
from notify.topics import Ways
from tests import factories
from tests.licensing.conftest import Cast
from tests.notify.mailbox import Mailbox
from tests.notify.test_letters import tell
from tests.notify.test_mailing import mailbox  # noqa: F401

pytestmark = pytest.mark.django_db


def bodies(letter: Any) -> tuple[str, str]:
    text, html = (letter.get_body((kind,)).get_content() for kind in ("plain", "html"))
    return text, html


def said(box: Mailbox, kind: str) -> list[Any]:
    """Send what is due; the letters of that kind, and the box is empty again."""
    tell()
    services.send_due()
    found = [one for one in box.letters if one["X-Trustmark-Kind"] == kind]
    box.letters.clear()
    return found


def test_thirty_fourteen_seven_and_one_day_before_the_end_studio_and_agent_have_it_in_writing(
    cast: Cast,
    mailbox: Mailbox,
    move_clock: Any,
    settings: Any,
) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    asker = token.request.requested_by
    services.choose(person=cast.agent.person, ways={"EXPIRY": Ways("OFF", True)})
    said(mailbox, "licence.ends_soon")
    for day, left in ((61, 30), (77, 14), (84, 7), (89.5, 1)):
        move_clock(days=day)
        assert raise_expiry_alerts() == 1
        assert raise_expiry_alerts() == 0
        letters = said(mailbox, "licence.ends_soon")
        assert [one["To"] for one in letters] == [asker.email]  # the agent wants no mail of it
        text, html = bodies(letters[0])
        days = Alert.objects.get(token=token, threshold_days=left)
        assert days.raised_at is not None
        link = f"{settings.BASE_URL}/licences/{token.pk}/"
        assert link in text
        assert f'href="{link}"' in html
        counted = f"ends in {left} day" if left == 1 else f"ends in {left - 1} days"
        assert counted in text, text
        assert counted in html
    in_portal = Letter.objects.filter(person=cast.agent.person, kind="licence.ends_soon", in_portal=True)
    assert (in_portal.count(), {one.mail for one in in_portal}) == (4, {"NONE"})


def test_at_eighty_and_ninety_five_percent_it_is_written_once_and_who_wants_none_has_none(
    cast: Cast,
    mailbox: Mailbox,
) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    asker = token.request.requested_by
    said(mailbox, "licence.quota_low")
    for granted, percent in ((2399, None), (2400, 80), (2500, None), (2850, 95), (2999, None)):
        raise_quota_alert(token.pk, counter="frames", granted=granted, most=3000)
        letters = said(mailbox, "licence.quota_low")
        if percent is None:
            assert letters == []
            continue
        assert {one["To"] for one in letters} == {asker.email, cast.agent.person.email}
        for letter in letters:
            text, html = bodies(letter)
            assert letter["Subject"].startswith(f"{percent} % used")
            for body in (text, html):
                assert f"{granted:,} of 3,000 frames" in body
    services.choose(person=asker, ways={"QUOTA": Ways("OFF", False)})
    raise_quota_alert(token.pk, counter="lines", granted=19, most=20)
    assert {one["To"] for one in said(mailbox, "licence.quota_low")} == {cast.agent.person.email}
    assert (
        not Letter.objects.filter(person=asker, kind="licence.quota_low", in_portal=True)
        .filter(facts__contains={"counter": "lines"})
        .exists()
    )


def test_held_frames_and_a_request_handed_up_are_told_to_who_decides(
    cast: Cast,
    mailbox: Mailbox,
) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    licensing.revoke_token(
        principal=cast.agent, jti=token.pk, kind="DISTRIBUTION_HOLD", disposition="QUARANTINE", reason="No."
    )
    row = licensing.ask_release(principal=cast.producer, jti=token.pk, why="Cut anew.")
    asked = said(mailbox, "licence.release_asked")
    assert {one["To"] for one in asked} == {cast.agent.person.email, cast.self.person.email}
    assert "Nothing goes out unless you say so." in bodies(asked[0])[0]
    licensing.decide_release(principal=cast.self, release_id=row.pk, grants=True, why="Fine.")
    assert token.request.requested_by.email in {one["To"] for one in said(mailbox, "licence.release_granted")}
    request = factories.make_submitted_request(cast.production, cast.talent)
    licensing.escalate_request(principal=cast.agent, request_id=request.pk, note="Yours.")
    assert [one["To"] for one in said(mailbox, "request.escalated")] == [cast.self.person.email]
