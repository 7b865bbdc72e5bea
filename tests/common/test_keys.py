"""Signing keys: sealed at rest, rotated with overlap, revoked at once."""

import pytest
from cryptography.exceptions import InvalidSignature

from common import keys
from common.errors import Conflict
from common.models import SigningKey

pytestmark = pytest.mark.django_db


def test_a_purpose_keeps_its_key_between_calls() -> None:
    assert keys.signer_for("TOKEN").kid == keys.signer_for("TOKEN").kid
    assert keys.signer_for("TOKEN").kid != keys.signer_for("LOG").kid


def test_private_key_is_not_readable_in_the_database() -> None:
    signer = keys.signer_for("TOKEN")
    row = SigningKey.objects.get(kid=signer.kid)
    opened = keys.unseal(row.sealed_private_key, bound_to=f"key/{row.kid}")
    assert opened not in bytes(row.sealed_private_key)
    assert len(opened) == 32


def test_sealed_key_opens_only_under_its_own_id() -> None:
    row = SigningKey.objects.get(kid=keys.signer_for("TOKEN").kid)
    with pytest.raises(keys.KeyUnreadable):
        keys.unseal(row.sealed_private_key, bound_to="key/another")


def test_rotation_keeps_the_old_key_for_verification_and_signs_with_the_new() -> None:
    old = keys.signer_for("TOKEN")
    signature = old.sign(b"licence")
    new = keys.rotate_key("TOKEN")
    assert keys.signer_for("TOKEN").kid == new.kid != old.kid
    trusted = keys.public_keys("TOKEN")
    assert set(trusted) == {old.kid, new.kid}
    trusted[old.kid].verify(signature, b"licence")
    with pytest.raises(InvalidSignature):
        trusted[new.kid].verify(signature, b"licence")


def test_revoked_key_verifies_nothing_and_an_active_one_cannot_be_revoked() -> None:
    old = keys.signer_for("TOKEN")
    with pytest.raises(Conflict, match="KEY_ACTIVE"):
        keys.revoke_key(old.kid)
    keys.rotate_key("TOKEN")
    keys.revoke_key(old.kid)
    assert old.kid not in keys.public_keys("TOKEN")
