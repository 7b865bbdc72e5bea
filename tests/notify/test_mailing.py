"""E-mail over a real SMTP server: what arrives, what a server that is down costs, what one click ends."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client

from accounts.models import Membership
from accounts.principals import Principal
from common import clock
from licensing.models import LicenceRequest
from notify import services
from notify.models import Letter
from notify.topics import Ways
from notify.unsubscribing import unsubscribe_url
from tests import factories
from tests.notify.mailbox import Mailbox, free_port
from tests.notify.test_letters import tell

pytestmark = pytest.mark.django_db


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    box = Mailbox(free_port())
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", box.port, 5
    settings.DEFAULT_FROM_EMAIL = "Trustmark <no-reply@trustmark.example>"
    box.up()
    yield box
    box.down()


def asked_of(name: str = "Ilse Varga-Thorne") -> tuple[LicenceRequest, Principal]:
    talent, agent = factories.make_talent(name), factories.make_agent(factories.make_agency("Harrow & Vane"))
    factories.make_mandate(talent, agent)
    return factories.make_submitted_request(talent=talent), agent


def later(letters: Any, **wait: float) -> None:
    """As if that much time had passed."""
    letters.update(next_attempt_at=clock.now() - timedelta(**wait), claimed_until=None)


def test_a_request_arrives_as_text_and_html_with_its_headers(mailbox: Mailbox, settings: Any) -> None:
    asked, agent = asked_of()
    tell()
    assert services.send_due() == 1
    (letter,) = mailbox.to(agent.person.email)
    assert letter["From"] == "Trustmark <no-reply@trustmark.example>"
    assert "Ilse Varga-Thorne" in letter["Subject"]
    assert letter["Auto-Submitted"] == "auto-generated"
    row = Letter.objects.get(person=agent.person)
    assert letter["Message-ID"].startswith(f"<{row.pk}@")
    text, html = (letter.get_body((kind,)).get_content() for kind in ("plain", "html"))  # type: ignore[union-attr]
    link = f"{settings.BASE_URL}/requests/{asked.pk}/"
    assert link in text
    assert f'href="{link}"' in html
    assert "If nobody answers, the answer is no." in text
    assert (row.mail, row.attempts, row.last_error) == ("SENT", 1, "")
    assert services.send_due() == 0


def test_who_has_left_meanwhile_gets_no_mail_of_what_waited(mailbox: Mailbox) -> None:
    _, agent = asked_of()
    tell()
    Membership.objects.filter(user=agent.person).update(ended_at=clock.now())
    assert services.send_due() == 0
    assert mailbox.to(agent.person.email) == []
    row = Letter.objects.get(person=agent.person)
    assert (row.mail, row.last_error) == ("DEAD", "PERSON_GONE")


def test_many_letters_go_over_one_connection(mailbox: Mailbox) -> None:
    for _ in range(3):
        asked_of()
    tell()
    assert services.send_due() == 3
    assert mailbox.connections == 1


def test_a_server_that_is_down_loses_nothing_and_costs_one_attempt_a_look(mailbox: Mailbox) -> None:
    for _ in range(3):
        asked_of()
    tell()
    mailbox.down()
    assert services.send_due() == 0
    # one letter found out; the others keep their attempts
    assert sorted(Letter.objects.values_list("attempts", flat=True)) == [0, 0, 1]
    failed = Letter.objects.get(attempts=1)
    assert (failed.mail, failed.last_error) == ("WAITING", "SERVER_UNREACHABLE")
    assert failed.next_attempt_at is not None
    assert failed.next_attempt_at > clock.now()
    mailbox.up()
    later(Letter.objects.all(), seconds=1)
    assert services.send_due() == 3
    assert len(mailbox.letters) == 3
    assert set(Letter.objects.values_list("mail", flat=True)) == {"SENT"}


def test_a_letter_that_nobody_takes_is_dead_after_its_last_attempt_and_can_be_sent_again(
    mailbox: Mailbox,
) -> None:
    _, agent = asked_of()
    tell()
    mailbox.refuse[agent.person.email] = "450 try later"
    for attempt in range(1, 11):
        later(Letter.objects.filter(person=agent.person, mail="WAITING"), seconds=1)
        assert services.send_due() == 0
        assert Letter.objects.get(person=agent.person).attempts == attempt
    row = Letter.objects.get(person=agent.person)
    assert (row.mail, row.last_error, row.next_attempt_at) == ("DEAD", "RECIPIENT_REFUSED", None)
    assert services.resend_letter(letter_id=row.pk, organisation_id=factories.make_studio().pk) is None
    mailbox.refuse.clear()
    assert services.resend_letter(letter_id=row.pk, organisation_id=agent.organisation_id) is not None
    assert services.send_due() == 1
    assert len(mailbox.to(agent.person.email)) == 1


def test_an_address_that_does_not_exist_is_not_tried_again_and_holds_up_no_other(mailbox: Mailbox) -> None:
    _, gone = asked_of()
    _, there = asked_of()
    tell()
    mailbox.refuse[gone.person.email] = "550 no such box"
    assert services.send_due() == 1
    assert Letter.objects.get(person=gone.person).mail == "DEAD"
    assert len(mailbox.to(there.person.email)) == 1


def test_a_claim_of_a_worker_that_died_ends_and_the_letter_goes(mailbox: Mailbox) -> None:
    asked_of()
    tell()
    Letter.objects.update(claimed_until=clock.now() + timedelta(seconds=60))
    assert services.send_due() == 0
    Letter.objects.update(claimed_until=clock.now() - timedelta(seconds=1))
    assert services.send_due() == 1


@pytest.mark.parametrize(
    "name",
    [
        "Ilse\r\nBcc: victim@example.test",
        "Ilse\nSubject: other",
        "<script>alert(1)</script><img src=x onerror=alert(2)>",
        "Ilse \u202eenrohT\u2066 Varga",
        "=?utf-8?q?Bcc:_victim@example.test?=",
        "Ilse\u2028Varga",
    ],
)
def test_no_name_makes_a_header_or_markup(mailbox: Mailbox, name: str) -> None:
    asked, agent = asked_of()
    # as a registration of before would have kept it: today's refuses most of these
    type(asked.talent).objects.filter(pk=asked.talent_id).update(stage_name=name)
    type(asked.production).objects.filter(pk=asked.production_id).update(title=name)
    tell()
    assert services.send_due() == 1
    (letter,) = mailbox.letters
    assert mailbox.envelopes[0][1] == (agent.person.email,)
    assert letter["Bcc"] is None
    assert letter["To"] == agent.person.email
    assert len(letter.get_all("Subject")) == 1  # type: ignore[arg-type]
    html = letter.get_body(("html",)).get_content()  # type: ignore[union-attr]
    assert "<script" not in html
    assert "<img" not in html
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    for part in (html, text, letter["Subject"]):
        assert not re.search("[\u202a-\u202e\u2066-\u2069]", part)


def test_one_click_ends_a_topic_without_signing_in_and_opening_the_link_does_not(mailbox: Mailbox) -> None:
    asked, agent = asked_of()
    tell()
    services.send_due()
    (letter,) = mailbox.letters
    assert letter["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    address = letter["List-Unsubscribe"].strip("<>")
    path = "/" + address.split("/", 3)[3]
    client = Client(enforce_csrf_checks=True)
    page = client.get(path)
    assert page.status_code == 200
    assert services.choices_of(agent.person)["ARRIVED"] == Ways("EACH", True)
    done = client.post(path, "List-Unsubscribe=One-Click", content_type="application/x-www-form-urlencoded")
    assert done.status_code == 200
    assert services.choices_of(agent.person)["ARRIVED"] == Ways("OFF", True)
    assert services.choices_of(agent.person)["EXPIRY"] == Ways("EACH", True)
    factories.make_submitted_request(asked.production, asked.talent)
    tell()
    assert services.send_due() == 0
    assert Letter.objects.filter(person=agent.person, in_portal=True).count() == 2


def test_a_link_that_was_changed_ends_nothing(mailbox: Mailbox) -> None:
    _, agent = asked_of()
    path = "/" + unsubscribe_url(agent.person, "ARRIVED").split("/", 3)[3]
    for wrong in (path[:-3] + "aa/", "/unsubscribe/x/", "/unsubscribe/e30:1:a/"):
        assert Client().post(wrong).status_code == 404
    assert services.choices_of(agent.person)["ARRIVED"] == Ways("EACH", True)


def test_stop_and_security_letters_carry_no_way_to_end_them(mailbox: Mailbox) -> None:
    asked, agent = asked_of()
    token = factories.approve(asked)
    tell()
    services.send_due()
    mailbox.letters.clear()
    factories.services.revoke_token(
        principal=agent, jti=token.pk, kind="PROSPECTIVE", disposition="KEEP", reason="It is over."
    )
    tell()
    services.send_due()
    letters = [one for one in mailbox.letters if one["X-Trustmark-Kind"] == "licence.revoked"]
    assert letters
    assert all(one["List-Unsubscribe"] is None for one in letters)
    assert unsubscribe_url(agent.person, "SECURITY") == ""


def test_a_digest_gathers_the_day_and_goes_in_the_morning_of_its_reader(mailbox: Mailbox) -> None:
    asked, agent = asked_of()
    agent.person.time_zone = "America/Los_Angeles"
    agent.person.save()
    services.choose(person=agent.person, ways={"ARRIVED": Ways("DIGEST", True)})
    factories.make_submitted_request(asked.production, asked.talent)
    tell()
    rows = Letter.objects.filter(person=agent.person)
    assert set(rows.values_list("mail", flat=True)) == {"GATHERED"}
    due = rows[0].next_attempt_at
    assert due is not None
    assert due.astimezone(services.letters.ZoneInfo("America/Los_Angeles")).hour == 7
    assert services.send_due() == 0
    later(rows, seconds=1)
    assert services.send_due() == 1
    (letter,) = mailbox.letters
    assert letter["Subject"] == "2 notices since yesterday"
    assert letter["List-Unsubscribe"]
    text = letter.get_body(("plain",)).get_content()  # type: ignore[union-attr]
    assert text.count("/requests/") == 2
    assert services.send_due() == 0


def test_letters_that_wait_are_called_back_when_their_topic_is_switched_off(mailbox: Mailbox) -> None:
    _, agent = asked_of()
    tell()
    services.choose(person=agent.person, ways={"ARRIVED": Ways("OFF", True)})
    assert services.send_due() == 0
    assert mailbox.letters == []
