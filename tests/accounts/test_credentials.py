"""API keys: shown once, kept as digests, limited by scope and time, dead when revoked."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from accounts.authentication import credential_of
from accounts.models import ApiCredential
from accounts.services import (
    add_member,
    create_api_credential,
    create_user,
    register_organisation,
    revoke_api_credential,
)
from common import clock
from common.errors import InvalidInput, Unauthenticated
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
