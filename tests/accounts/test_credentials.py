"""API keys: shown once, kept as digests, limited by scope and time, dead when revoked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from accounts.authentication import credential_of
from accounts.callers import caller_of
from accounts.models import ApiCredential
from accounts.services import (
    add_member,
    create_api_credential,
    create_user,
    register_organisation,
    revoke_api_credential,
)
from common import clock
from common.errors import Forbidden, InvalidInput, Unauthenticated
from notify.stream.callers import listener
from tests import factories
from trustcore.signing import public_jwk

pytestmark = pytest.mark.django_db


def make(**changes: object) -> tuple[ApiCredential, str]:
    studio = register_organisation(name="Lanternfish Pictures", kind="STUDIO")
    user = create_user(
        email="rufus@lanternfish.test", full_name="Rufus Ekström", password="a long pass phrase"
    )
    add_member(organisation=studio, user=user, role="PRODUCER")
    fields = {
        "organisation": studio,
        "created_by": user,
        "name": "farm",
        "scopes": ["render:check"],
        "expires_at": clock.now() + timedelta(days=90),
    }
    return create_api_credential(**fields | changes)


@pytest.mark.req("ST-056")
def test_key_authenticates_and_its_secret_is_not_stored() -> None:
    credential, key = make()
    assert credential_of(key).pk == credential.pk
    secret = key.split("_", 2)[2]
    stored = ApiCredential.objects.values().get(pk=credential.pk)
    assert all(secret not in str(value) for value in stored.values())
    with pytest.raises(Unauthenticated, match="API_KEY_INVALID"):
        credential_of(key[:-1] + ("A" if key[-1] != "A" else "B"))


@pytest.mark.parametrize("key", ["", "tm_", "tm__", "xx_aaaa_bbbb", "tm_0000000000_secret", "Bearer"])
def test_unknown_key_is_refused(key: str) -> None:
    make()
    with pytest.raises(Unauthenticated, match="API_KEY_INVALID"):
        credential_of(key)


def test_revoked_key_is_refused_at_once() -> None:
    credential, key = make()
    revoke_api_credential(credential=credential)
    with pytest.raises(Unauthenticated, match="API_KEY_REVOKED"):
        credential_of(key)


def test_expired_key_is_refused() -> None:
    credential, key = make()
    ApiCredential.objects.filter(pk=credential.pk).update(expires_at=clock.now())
    with pytest.raises(Unauthenticated, match="API_KEY_EXPIRED"):
        credential_of(key)


def test_unknown_scope_and_past_end_are_refused() -> None:
    with pytest.raises(InvalidInput, match="SCOPE_UNKNOWN"):
        make(scopes=["everything"])
    ApiCredential.objects.all().delete()


def test_private_proof_key_is_refused_and_a_public_one_bound() -> None:
    private = Ed25519PrivateKey.generate()
    credential, _ = make(proof_jwk=public_jwk(private.public_key(), "farm"))
    assert len(credential.jkt) == 43
    assert set(credential.proof_jwk) == {"kty", "crv", "x"}


def test_private_half_of_a_proof_key_is_never_taken() -> None:
    private = Ed25519PrivateKey.generate()
    jwk = public_jwk(private.public_key(), "farm") | {"d": "secret"}
    with pytest.raises(InvalidInput, match="private key"):
        make(proof_jwk=jwk)


@pytest.mark.req("ST-056")
def test_a_key_made_for_networks_works_from_them_alone_on_every_way_in(db: None, settings: Any) -> None:
    studio = factories.make_studio()
    maker = factories.make_desk(studio, "PRODUCER").person
    key, secret = create_api_credential(
        organisation=studio, created_by=maker, name="farm", scopes=["licence:read", "render:check", "event:read"],
        expires_at=clock.now() + timedelta(days=1), networks=["10.20.0.0/16", "2001:DB8::/32"],
    )  # fmt: skip
    assert key.networks == ["10.20.0.0/16", "2001:db8::/32"]
    bearer = {"Authorization": f"Bearer {secret}"}

    def ask(address: str, path: str = "/api/v1/tokens", **meta: str) -> Any:
        client = Client(REMOTE_ADDR=address, **meta)
        return client.get(path, headers=bearer) if path.endswith("tokens") else client.post(
            path, {}, content_type="application/json", headers=bearer
        )  # fmt: skip

    for inside in ("10.20.3.4", "2001:db8:7::1", "::ffff:10.20.3.4"):
        assert ask(inside).status_code == 200
    for outside in ("10.21.0.1", "2001:db9::1", "", "not an address"):
        refused = ask(outside)
        assert (refused.status_code, refused.json()["code"]) == (403, "NETWORK_NOT_ALLOWED")
        assert "10.20" not in refused.content.decode()
    # what a caller says of itself counts for nothing; what our own proxy says does
    assert ask("10.21.0.1", HTTP_X_FORWARDED_FOR="10.20.0.1").status_code == 403
    settings.TLS_PROXY = True
    assert ask("10.21.0.1", HTTP_X_FORWARDED_FOR="10.20.0.1").status_code == 200
    assert ask("10.20.0.1", HTTP_X_FORWARDED_FOR="10.20.0.1, 192.0.2.9").status_code == 403
    settings.TLS_PROXY = False
    header = f"Bearer {secret}"
    assert caller_of(header, {"REMOTE_ADDR": "10.20.0.1"}).credential_id == key.pk
    with pytest.raises(Forbidden) as remembered:  # and again of a caller that this process remembers
        caller_of(header, {"REMOTE_ADDR": "192.0.2.9"})
    assert remembered.value.code == "NETWORK_NOT_ALLOWED"
    with pytest.raises(Forbidden):
        listener({"authorization": header, ":peer": "192.0.2.9"})
    assert listener({"authorization": header, ":peer": "10.20.0.1"}) == studio.pk


@pytest.mark.parametrize("wrong", ["10.20.0.9/16", "farm.example", "10.0.0.0/33", "*"])
def test_what_is_no_network_is_refused(db: None, wrong: str) -> None:
    studio = factories.make_studio()
    with pytest.raises(InvalidInput) as refused:
        create_api_credential(
            organisation=studio, created_by=factories.make_desk(studio, "PRODUCER").person, name="farm",
            scopes=["licence:read"], expires_at=clock.now() + timedelta(days=1), networks=[wrong],
        )  # fmt: skip
    assert refused.value.code == "NETWORK_INVALID"
