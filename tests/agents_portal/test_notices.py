"""Notices at the portal: one's own, read and unread, chosen by topic, told live."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.models import Membership
from notify import services
from notify.models import Letter
from notify.topics import Ways
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of
from tests.notify.test_letters import tell


def test_a_person_reads_what_they_were_told_and_marks_it_read(cast: Cast) -> None:
    cast.ask()
    tell()
    reader = Reader(cast.agent)
    page = reader.page("/notices/")
    assert "One notice is new" in page
    assert cast.talent.stage_name in page
    assert reader.post("/notices/read/").url == "/notices/"
    assert "You have read everything" in reader.page("/notices/")


def test_nobody_reads_or_marks_the_notices_of_another(cast: Cast) -> None:
    cast.ask()
    tell()
    letter = Letter.objects.get(person=cast.agent.person)
    for desk in (cast.colleague, cast.other_agent, cast.producer):
        reader = Reader(desk)
        assert cast.talent.stage_name not in reader.page("/notices/").html
        reader.post("/notices/read/", {"letter": str(letter.pk)})
    assert Letter.objects.get(pk=letter.pk).read_at is None


def test_choices_are_kept_and_stops_are_not_offered(cast: Cast) -> None:
    reader = Reader(cast.agent)
    page = reader.page("/notices/choices/")
    assert 'name="way_ARRIVED"' in page.html
    assert 'name="way_STOP"' not in page.html
    assert 'name="way_SECURITY"' not in page.html
    topics = [one for one in services.choices_of(cast.agent.person) if one not in {"STOP", "SECURITY"}]
    sent = {f"way_{one}": "DIGEST" for one in topics} | {"portal_ARRIVED": "on"}
    # forged fields for what is always told change nothing
    answer = reader.post("/notices/choices/", {**sent, "way_STOP": "OFF", "way_SECURITY": "OFF"})
    assert answer.url == "/notices/choices/"
    now = services.choices_of(cast.agent.person)
    assert now["ARRIVED"] == Ways("DIGEST", True)
    assert now["QUOTA"] == Ways("DIGEST", False)
    assert now["STOP"] == now["SECURITY"] == Ways("EACH", True)
    assert reader.post("/notices/choices/", {**sent, "way_QUOTA": "PIGEON"}).status_code == 422
    assert services.choices_of(cast.agent.person)["QUOTA"] == Ways("DIGEST", False)


def test_a_page_that_stays_open_hears_its_new_counts_and_no_list_moves(cast: Cast) -> None:
    reader = Reader(cast.agent)
    before = page_of(reader.get("/live/?waiting=0&unread=0"))
    assert "more request" not in before
    cast.ask()
    tell()
    after = page_of(reader.get("/live/?waiting=0&unread=0"))
    assert "1 more request needs you." in after
    assert 'hx-swap-oob="innerHTML:.at-portal-inbox"' in after.html
    assert "<main" not in after.html
    # what the page shows already is not told again
    assert "more request" not in page_of(reader.get("/live/?waiting=1&unread=1"))
    assert reader.get("/live/?waiting=x&unread=-5").status_code == 200
    assert Reader(cast.other_agent).get("/live/?waiting=0").content.decode().count("more request") == 0


def test_pages_listen_only_where_a_stream_is_offered(cast: Cast, settings: Any) -> None:
    reader = Reader(cast.agent)
    settings.EVENTS_URL = ""
    assert "sse-connect" not in reader.page("/inbox/").html
    settings.EVENTS_URL = "http://127.0.0.1:8001"
    page = reader.page("/inbox/")
    assert 'sse-connect="http://127.0.0.1:8001/api/v1/events/stream?kinds=' in page.html
    assert "sse:request.submitted delay" in page.html


def test_an_administrator_sees_whether_mail_got_through_and_nobody_else_does(
    cast: Cast, settings: Any
) -> None:
    settings.EMAIL_HOST = "127.0.0.1"
    admin = factories.make_desk(cast.agent.organisation, Membership.Role.ADMIN)
    stranger = factories.make_desk(cast.other_agent.organisation, Membership.Role.ADMIN)
    cast.ask()
    tell()
    letter = Letter.objects.get(person=cast.agent.person)
    Letter.objects.filter(pk=letter.pk).update(
        mail="DEAD", attempts=10, last_error="RECIPIENT_REFUSED", next_attempt_at=None
    )
    page = Reader(admin).page("/notices/mail/")
    assert "RECIPIENT_REFUSED" in page
    # how it ended, not what it says
    assert cast.talent.stage_name not in page.html
    resend = f"/notices/mail/{letter.pk}/resend/"
    assert Reader(cast.agent).get("/notices/mail/").status_code == 403
    assert Reader(cast.agent).post(resend).status_code == 403
    assert Reader(stranger).post(resend).status_code == 404
    assert "RECIPIENT_REFUSED" not in Reader(stranger).page("/notices/mail/")
    assert Letter.objects.get(pk=letter.pk).mail == "DEAD"
    assert Reader(admin).post(resend).url == "/notices/mail/"
    assert Letter.objects.get(pk=letter.pk).mail == "WAITING"


@pytest.mark.parametrize("path", ["/notices/", "/live/?waiting=0&unread=0", "/notices/choices/"])
def test_the_pages_ask_the_database_at_most_twelve_times(
    cast: Cast, django_assert_max_num_queries: Any, path: str
) -> None:
    for _ in range(4):
        cast.ask()
    tell()
    reader = Reader(cast.agent)
    with django_assert_max_num_queries(12):
        assert reader.get(path).status_code == 200
