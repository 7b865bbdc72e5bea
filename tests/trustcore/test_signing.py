"""Keys: Ed25519 only, public halves only, meant for signatures."""

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.trustcore.samples import OTHER_SIGNER, SIGNER
from trustcore.errors import InvalidKey
from trustcore.signing import (
    Ed25519Signer,
    is_signature,
    jwk_thumbprint,
    keys_from_jwks,
    public_jwk,
    public_key_from_jwk,
    public_key_set,
)

JWK = {"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}


def test_thumbprint_is_the_one_of_rfc_8037_appendix_a3():
    assert (
        jwk_thumbprint(JWK | {"kid": "ignored", "use": "sig"})
        == "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"
    )


def test_public_key_survives_its_jwk():
    jwk = public_jwk(SIGNER.public_key, "k1")
    assert public_key_from_jwk(jwk) == SIGNER.public_key
    assert jwk == {
        "kty": "OKP",
        "crv": "Ed25519",
        "x": jwk["x"],
        "kid": "k1",
        "use": "sig",
        "alg": "EdDSA",
    }


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"kty": "RSA"}, "kty"),
        ({"kty": "oct", "k": "AAAA"}, "kty"),
        ({"crv": "X25519"}, "kty"),
        ({"d": "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"}, "d"),
        ({"use": "enc"}, "use"),
        ({"key_ops": ["sign"]}, "key_ops"),
        ({"key_ops": ["verify", "sign"]}, "key_ops"),
        ({"alg": "HS256"}, "alg"),
        ({"x": JWK["x"] + "="}, "x"),
        ({"x": JWK["x"][:-1] + "p"}, "x"),
        ({"x": "AAAA"}, "x"),
        ({"x": 7}, "x"),
        ({"x": None}, "x"),
    ],
)
def test_unfit_key_is_refused_and_the_member_named(change, path):
    assert public_key_from_jwk(JWK)
    with pytest.raises(InvalidKey) as refused:
        public_key_from_jwk(JWK | change)
    assert refused.value.code == "KEY_INVALID"
    assert refused.value.path == path


def test_signer_signs_and_only_its_own_key_verifies():
    signature = SIGNER.sign(b"message")
    assert is_signature(SIGNER.public_key, signature, b"message")
    assert not is_signature(SIGNER.public_key, signature, b"messagE")
    assert not is_signature(OTHER_SIGNER.public_key, signature, b"message")
    assert not is_signature(SIGNER.public_key, signature[:-1], b"message")


def test_signer_is_named_by_its_thumbprint_and_never_shows_its_key():
    private = Ed25519PrivateKey.from_private_bytes(b"\x07" * 32)
    signer = Ed25519Signer(private)
    assert signer.kid == jwk_thumbprint(public_jwk(signer.public_key))
    assert "0707" not in repr(signer)
    assert repr(signer) == f"Ed25519Signer(kid={signer.kid!r})"


def test_key_set_holds_two_overlapping_keys_and_reads_back():
    keys = {SIGNER.kid: SIGNER.public_key, OTHER_SIGNER.kid: OTHER_SIGNER.public_key}
    assert keys_from_jwks(public_key_set(keys)) == keys


@pytest.mark.parametrize(
    "jwks",
    [
        {},
        {"keys": "all"},
        {"keys": ["one"]},
        {"keys": [JWK]},
        {"keys": [JWK | {"kid": ""}]},
        {"keys": [JWK | {"kid": "a" * 200}]},
        {"keys": [JWK | {"kid": "a"}, JWK | {"kid": "a"}]},
    ],
)
def test_malformed_key_set_is_refused(jwks):
    with pytest.raises(InvalidKey):
        keys_from_jwks(jwks)
