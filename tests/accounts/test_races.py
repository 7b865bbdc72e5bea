"""Things that are good once, used by several at the same moment: one has it, the others hear so."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from allauth.mfa.utils import encrypt
from django.db import connection
from django.test import Client

from accounts.invitations import accept_as_new, accept_new_start, invite_person, start_over
from accounts.models import User
from accounts.totp import is_code_accepted
from common.errors import DomainError
from licensing.models import Production
from tests import factories

PASSWORD = "a-long-enough-passphrase"
MANY = 4


def at_once(act: Callable[[], Any]) -> list[Any]:
    """What each of several heard: the answer, or the code of the refusal."""
    gate = Barrier(MANY)

    def one() -> Any:
        gate.wait()
        try:
            return act()
        except DomainError as error:
            return error.code
        finally:
            connection.close()

    with ThreadPoolExecutor(MANY) as pool:
        return [each.result() for each in [pool.submit(one) for _ in range(MANY)]]


@pytest.mark.django_db(transaction=True)
def test_what_is_good_once_is_good_once_for_many_at_the_same_moment() -> None:
    agency = factories.make_agency()
    told = {"full_name": "Ines", "roles": ["AGENT"], "invited_by": None}
    _, address = invite_person(organisation=agency, email="ines@example.test", **told)
    secret = address.rstrip("/").rpartition("/")[2]
    answers = at_once(lambda: accept_as_new(secret=secret, password=PASSWORD).email)
    assert sorted(answers) == [*["LINK_OVER"] * (MANY - 1), "ines@example.test"]
    person = User.objects.get(email="ines@example.test")
    assert person.memberships.count() == 1

    _, address = start_over(user=person, made_by=None)
    secret = address.rstrip("/").rpartition("/")[2]
    answers = at_once(lambda: accept_new_start(secret=secret, password=PASSWORD).email)
    assert sorted(answers) == [*["LINK_OVER"] * (MANY - 1), "ines@example.test"]

    app_secret = "JBSWY3DPEHPK3PXP"
    app = Authenticator.objects.create(user=person, type="totp", data={"secret": encrypt(app_secret)})
    code = format_hotp_value(hotp_value(app_secret, int(time.time()) // 30))
    assert sorted(at_once(lambda: is_code_accepted(app, code))) == [*[False] * (MANY - 1), True]
    recovery = RecoveryCodes.activate(person)
    (first, *_) = recovery.get_unused_codes()
    row = recovery.instance
    assert sorted(at_once(lambda: RecoveryCodes(row).validate_code(first))) == [*[False] * (MANY - 1), True]

    studio = factories.make_studio()
    key, _ = factories.make_credential(studio)
    headers = {**factories.bearer(key), "Idempotency-Key": "one"}
    body = {"title": "Nachtflug", "kind": "PROJECT"}

    def register() -> Any:
        answer = Client().post("/api/v1/productions", body, content_type="application/json", headers=headers)
        return answer.status_code, answer.json().get("id")

    answers = at_once(register)
    assert len(set(answers)) == 1, answers
    assert answers[0][0] == 201
    assert Production.objects.filter(organisation=studio).count() == 1
