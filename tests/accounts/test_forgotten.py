"""A forgotten password: the same answer to everybody, a letter to whom the address belongs, second factors untouched."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, generate_totp_secret, hotp_value
from django.test import Client
from django.utils import timezone

from accounts.models import PasswordLetter, User
from accounts.services import ask_for_password
from audit.models import Event
from notify import services
from tests import factories
from tests.notify.mailbox import Mailbox, free_port

pytestmark = pytest.mark.django_db
OLD, NEW = "a-long-enough-passphrase", "another long pass phrase"
ASK = "/sign-in/forgotten/"


@pytest.fixture
def mailbox(settings: Any) -> Iterator[Mailbox]:
    box = Mailbox(free_port())
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT, settings.EMAIL_TIMEOUT = "127.0.0.1", box.port, 5
    box.up()
    yield box
    box.down()


def member(email: str = "maren@harrow.test", password: str | None = OLD) -> User:
    return factories.make_user("Maren Oduya", email=email, password=password)


def link_in(mailbox: Mailbox, email: str) -> str:
    text = mailbox.to(email)[-1].get_content()
    found = re.search(r"https?://[^/\s]+(/sign-in/new-password/\S+)", text)
    assert found, text
    return found[1]


def shown(answer: Any) -> str:
    return re.sub(r'(csrfmiddlewaretoken" value=")[^"]+|<time.*?</time>', "", answer.content.decode())


def test_every_address_is_answered_alike_and_only_its_owner_gets_a_letter(mailbox: Mailbox) -> None:
    member()
    answers = []
    for email in ("maren@harrow.test", "nobody@harrow.test"):
        client = Client()
        sent = client.post(ASK, {"email": email})
        answers.append((sent.status_code, sent["Location"], shown(client.get(sent["Location"]))))
    assert answers[0] == answers[1]
    # nothing was looked up: the two rows say the same, and a worker finds out whose they are
    assert PasswordLetter.objects.count() == 2
    assert services.send_due() == 1
    assert [letter["To"] for letter in mailbox.letters] == ["maren@harrow.test"]
    assert not PasswordLetter.objects.exists()


def test_the_link_sets_a_password_once_and_every_session_ends(mailbox: Mailbox) -> None:
    person = member()
    elsewhere = factories.signed_in(person)
    assert elsewhere.get("/settings/").status_code != 302
    ask_for_password(email="Maren@Harrow.test")
    services.send_due()
    path, client = link_in(mailbox, person.email), Client()
    opened = client.get(path)
    # the key is not in the address of the form
    assert opened["Location"].endswith("/set-password/")
    weak = client.post(opened["Location"], {"password": "short", "again": "short"})
    assert weak.status_code == 422
    assert client.post(opened["Location"], {"password": NEW, "again": OLD}).status_code == 422
    person.refresh_from_db()
    assert person.check_password(OLD)
    done = client.post(opened["Location"], {"password": NEW, "again": NEW})
    assert done["Location"] == "/sign-in/new-password/"
    assert client.get(done["Location"]).status_code == 200
    person.refresh_from_db()
    assert person.check_password(NEW)
    # nobody is signed in by it, and nobody stays signed in
    assert "_auth_user_id" not in client.session
    assert elsewhere.get("/settings/").status_code == 302
    assert Client().get(path).status_code == 404
    assert client.post(opened["Location"], {"password": OLD, "again": OLD}).status_code == 404
    assert Event.objects.filter(kind="sign_in.password_renewed", object_id=str(person.pk)).count() == 1
    services.send_due()
    assert "set anew" in mailbox.to(person.email)[-1]["Subject"]


def test_codes_are_asked_for_as_before(mailbox: Mailbox) -> None:
    person, secret = member(), generate_totp_secret()
    TOTP.activate(person, secret)
    ask_for_password(email=person.email)
    services.send_due()
    client = Client()
    form = client.get(link_in(mailbox, person.email))["Location"]
    client.post(form, {"password": NEW, "again": NEW})
    entered = client.post("/sign-in/", {"login": person.email, "password": NEW})
    assert entered["Location"].startswith("/sign-in/second-step/")
    assert "_auth_user_id" not in client.session
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    assert client.post(entered["Location"], {"code": code}).status_code == 302
    assert client.session["_auth_user_id"]


def test_who_has_no_password_gets_no_link_to_one(mailbox: Mailbox) -> None:
    person = member(password=None)
    assert not person.has_usable_password()
    ask_for_password(email=person.email)
    assert services.send_due() == 1
    text = mailbox.to(person.email)[0].get_content()
    assert "You have none" in text
    assert "new-password" not in text


def test_a_link_of_another_a_bent_and_an_old_one_read_the_same(
    mailbox: Mailbox, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = member()
    ask_for_password(email=person.email)
    services.send_due()
    path = link_in(mailbox, person.email)
    other = factories.make_user(email="nia@harrow.test")
    bent = path[:-3] + ("aa/" if path[-3:] != "aa/" else "bb/")
    theirs = path.replace(person.pk.hex, other.pk.hex)
    assert theirs != path
    pages = {shown(Client().get(one)) for one in (bent, theirs, "/sign-in/new-password/nobody/none/")}
    settings.PASSWORD_RESET_TIMEOUT = -1
    pages.add(shown(Client().get(path)))
    assert len(pages) == 1
    settings.PASSWORD_RESET_TIMEOUT = 3600
    User.objects.filter(pk=person.pk).update(last_login=timezone.now())
    assert Client().get(path).status_code == 404


def test_a_mailbox_is_not_flooded_and_a_network_is_slowed(mailbox: Mailbox) -> None:
    member()
    client = Client()
    answers = [client.post(ASK, {"email": "maren@harrow.test"}).status_code for _ in range(7)]
    assert answers[:5] == [302] * 5
    assert answers[5:] == [429] * 2
    unknown = [client.post(ASK, {"email": "nobody@harrow.test"}).status_code for _ in range(7)]
    assert unknown == answers
    # what waits is one letter, however often it was asked for
    assert PasswordLetter.objects.filter(email="maren@harrow.test").count() == 1
    many = [Client().post(ASK, {"email": f"person{n}@harrow.test"}).status_code for n in range(20)]
    assert many[-1] == 429
    assert Client().post(ASK, {"email": "no address"}).status_code in (422, 429)


def test_a_mail_server_that_is_away_is_tried_again(mailbox: Mailbox) -> None:
    person = member()
    mailbox.down()
    ask_for_password(email=person.email)
    assert services.send_due() == 0
    letter = PasswordLetter.objects.get()
    assert letter.attempts == 1
    mailbox.up()
    PasswordLetter.objects.update(due_at=letter.created_at)
    assert services.send_due() == 1


def test_a_server_without_mail_says_so(client: Client, settings: Any) -> None:
    settings.EMAIL_HOST = ""
    assert "sends no e-mail" in client.get(ASK).content.decode()
    assert client.post(ASK, {"email": "maren@harrow.test"}).status_code == 302
    assert not PasswordLetter.objects.exists()
