"""Attacks on the ways in: counted addresses, invitations that outlive their makers, keys stronger than their makers,
and passkeys that an organisation's sign-in lent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.db import connection, transaction
from django.test import Client

from accounts.invitations import accept_as_new, accept_new_start, invite_person, living_link, start_over
from accounts.models import ApiCredential, Membership
from accounts.passkeys import verify_signed_terms
from accounts.presence import factors_of
from accounts.principals import ADMITTED_BY_KEY
from accounts.team import remove_member, set_roles
from common.errors import DomainError
from tests import factories
from tests.agents_portal.conftest import Cast
from tests.agents_portal.test_security import HOST, PASSWORD, options_in
from tests.passkeys import SoftPasskey
from trustcore.passkey import challenge_of


def is_slowed(client: Client, number: int, **meta: Any) -> bool:
    told = {"login": f"nobody{number}@example.test", "password": "not-the-right-one"}
    return "Too many" in client.post("/sign-in/", told, **meta).content.decode()


def test_behind_a_proxy_one_guesser_does_not_slow_everybody(db: None, settings: Any) -> None:
    settings.TLS_PROXY, settings.SECURE_PROXY_SSL_HEADER = True, None
    proxy = Client(REMOTE_ADDR="192.0.2.1")
    for n in range(12):  # what the guesser writes before the proxy's own word changes nothing
        slowed = is_slowed(proxy, n, HTTP_X_FORWARDED_FOR=f"198.51.100.{n}, 203.0.113.7")
    assert slowed
    assert not is_slowed(proxy, 99, HTTP_X_FORWARDED_FOR="203.0.113.8")


def test_one_network_is_one_guesser(db: None) -> None:
    client = Client()
    assert [is_slowed(client, n, REMOTE_ADDR=f"2001:db8:1:2::{n:x}") for n in range(12)][-1]
    assert not is_slowed(client, 99, REMOTE_ADDR="2001:db8:1:3::1")


def test_an_invitation_ends_with_its_makers_part(cast: Cast) -> None:
    admin = factories.make_desk(cast.agent.organisation, Membership.Role.ADMIN)
    second = factories.make_desk(cast.agent.organisation, Membership.Role.ADMIN)
    _, address = invite_person(
        organisation=admin.organisation,
        email="mallory@example.test",
        full_name="M",
        roles=["ADMIN"],
        invited_by=admin.person,
    )
    secret = address.rstrip("/").rpartition("/")[2]
    assert living_link(secret)
    remove_member(principal=second, person_id=admin.person.pk)
    assert Client().get(f"/welcome/{secret}/").status_code == 404
    with pytest.raises(DomainError) as caught:
        accept_as_new(secret=secret, password=PASSWORD)
    assert caught.value.code == "LINK_OVER"


def standing(key: ApiCredential) -> str:
    with connection.cursor() as cursor:
        cursor.execute("select stamp from accounts_credential_standing where credential = %s", [key.pk])
        return str(cursor.fetchone()[0])


def test_a_key_is_never_stronger_than_its_maker(cast: Cast) -> None:
    admin = factories.make_desk(cast.producer.organisation, Membership.Role.ADMIN)
    key, _ = factories.make_credential(cast.producer.organisation, created_by=cast.producer.person)
    stamp = standing(key)
    client = Client(headers=factories.bearer(key))
    assert client.get("/api/v1/license-requests").status_code == 200
    set_roles(principal=admin, person_id=cast.producer.person.pk, roles=["LEGAL"])
    answer = client.get("/api/v1/license-requests")
    assert answer.status_code == 401
    assert answer.json()["code"] == "API_KEY_ORPHANED"
    assert standing(key) != stamp  # a process that remembers the key forgets it
    set_roles(principal=admin, person_id=cast.producer.person.pk, roles=["ENGINEER"])
    assert client.get("/api/v1/license-requests").status_code == 200


def test_a_new_start_ends_when_its_maker_may_not_make_it_any_more(cast: Cast) -> None:
    admin = factories.make_desk(cast.agent.organisation, Membership.Role.ADMIN)
    person = cast.colleague.person
    _, address = start_over(user=person, made_by=admin.person)
    secret = address.rstrip("/").rpartition("/")[2]
    factories.make_desk(
        factories.make_studio(), Membership.Role.PRODUCER, person
    )  # another house is theirs, too
    with pytest.raises(DomainError) as caught:
        accept_new_start(secret=secret, password=PASSWORD)
    assert caught.value.code == "LINK_OVER"


def test_an_engineers_key_does_not_close_the_door_that_an_engineer_may_not(cast: Cast) -> None:
    key, _ = factories.make_credential(cast.engineer.organisation, created_by=cast.engineer.person)
    path = f"/api/v1/productions/{cast.production.pk}/softbinding"
    client = Client(headers=factories.bearer(key))
    answer = client.put(path, {"public": False}, content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (403, "ROLE_MISSING")
    producers, _ = factories.make_credential(cast.producer.organisation, created_by=cast.producer.person)
    client = Client(headers=factories.bearer(producers))
    assert client.put(path, {"public": False}, content_type="application/json").status_code == 200


def vouched_for(cast: Cast) -> tuple[Client, SoftPasskey]:
    """A session of the agent's that her agency's sign-in service vouches for, and a passkey added in it."""
    person = cast.agent.person
    client = factories.signed_in(person, method="socialaccount")
    session = client.session
    session[ADMITTED_BY_KEY] = str(cast.agent.organisation_id)
    session.save()
    device = SoftPasskey()
    made = device.make(options_in(client.get("/security/passkeys/new/", **HOST))["challenge"])
    answer = client.post("/security/passkeys/new/", {"name": "x", "credential": json.dumps(made)}, **HOST)
    assert answer["Location"] == "/security/"
    device.user_handle = str(person.pk)
    return client, device


def test_a_lent_passkey_neither_locks_its_owner_out_nor_answers_for_them_elsewhere(cast: Cast) -> None:
    """Whoever runs an agency's sign-in poses as its member: elsewhere the member's word stays the member's."""
    person = cast.agent.person
    person.set_password(PASSWORD)
    person.save()
    _, device = vouched_for(cast)
    own = Client()
    step = own.post("/sign-in/", {"login": person.email, "password": PASSWORD}, **HOST)
    assert step["Location"] != "/sign-in/second-step/"  # the lent passkey is no second step that she lacks
    assert own.session["_auth_user_id"] == str(person.pk)
    assert not factors_of(person).has_second
    assert factors_of(person, admitted_by=str(cast.agent.organisation_id)).has_second
    terms_hash = f"sha256:{'ab' * 32}"
    with transaction.atomic(), pytest.raises(DomainError) as caught:
        verify_signed_terms(
            user=person, terms_hash=terms_hash, credential=device.sign(challenge_of(terms_hash))
        )
    assert caught.value.code == "PASSKEY_UNKNOWN"
    with transaction.atomic():
        assert verify_signed_terms(
            user=person,
            terms_hash=terms_hash,
            credential=device.sign(challenge_of(terms_hash)),
            admitted_by=str(cast.agent.organisation_id),
        )
    SoftPasskey().enrol(person, "Her own")
    thief = Client()
    thief.post("/sign-in/", {"login": person.email, "password": PASSWORD}, **HOST)
    asked = json.loads(thief.get("/sign-in/second-step/", **HOST).context["passkey_options"])
    thief.post("/sign-in/second-step/", {"credential": json.dumps(device.sign(asked["challenge"]))}, **HOST)
    assert "_auth_user_id" not in thief.session  # with her password, and what she was lent


def test_a_session_that_is_vouched_for_touches_no_means_of_the_persons_own(cast: Cast) -> None:
    client, _ = vouched_for(cast)
    person = cast.agent.person
    assert not Authenticator.objects.filter(
        user=person, type="recovery_codes"
    ).exists()  # good for every house
    own = SoftPasskey().enrol(person, "Her own")
    for path in (f"/security/passkeys/{own.pk}/remove/", f"/security/passkeys/{own.pk}/rename/"):
        assert client.post(path, {"name": "y"}, **HOST).status_code == 404
    for path in ("/security/recovery/", "/security/recovery/new/", "/security/codes/remove/"):
        assert client.post(path, **HOST).status_code == 403
    assert Authenticator.objects.filter(pk=own.pk).exists()
