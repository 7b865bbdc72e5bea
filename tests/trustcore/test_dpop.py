"""A proof of possession holds for one request, one key, one token and a few minutes."""

import json

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests.trustcore.forge import forge, parts_of, sign_raw
from tests.trustcore.samples import CLIENT_JKT, CLIENT_KEY, EPOCH
from trustcore.dpop import make_proof, normalise_htu, token_hash, verify_proof
from trustcore.errors import InvalidToken
from trustcore.signing import Ed25519Signer, public_jwk

URL = "https://licences.example/api/v1/render/checks"
SIGNER = Ed25519Signer(CLIENT_KEY)
STRANGER = Ed25519PrivateKey.from_private_bytes(b"\x04" * 32)
TOKEN = "aaa.bbb.ccc"


def proof(**changes):
    """Return the sample proof, varied."""
    given_ = {"private_key": CLIENT_KEY, "method": "POST", "url": URL, "now": EPOCH, "jti": "proof-0001"}
    return make_proof(**(given_ | {"access_token": TOKEN} | changes))


def verify(text=None, **changes):
    """Verify the sample proof as the server would, varied."""
    expected = {
        "method": "POST",
        "url": URL,
        "now": EPOCH + 2,
        "expected_jkt": CLIENT_JKT,
        "access_token": TOKEN,
    }
    return verify_proof(proof() if text is None else text, **(expected | changes))


def refusal(text=None, **changes):
    """Return reason and path of the refusal."""
    with pytest.raises(InvalidToken) as refused:
        verify(text, **changes)
    return refused.value.reason.value, refused.value.path


def forged(header=None, **payload):
    """Return the sample proof with members replaced, signed with the client's own key."""
    return forge(proof(), SIGNER, header=header, **payload)


def test_proof_tells_its_id_key_and_time():
    read = verify()
    assert (read.jti, read.jkt, read.issued_at) == ("proof-0001", CLIENT_JKT, EPOCH)


def test_proof_without_a_token_has_no_token_hash():
    alone = proof(access_token=None)
    assert "ath" not in parts_of(alone)[1]
    assert verify(alone, access_token=None).jti == "proof-0001"
    assert refusal(alone)[0] == "TOKEN_MALFORMED"


def test_token_hash_is_the_one_of_rfc_9449_section_7():
    token = "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU"
    assert token_hash(token) == "fUHyO2r2Z3DZ53EsNrWBb0xWXoaNy59IiKCAqksmQEo"


@pytest.mark.req("BX-012")
def test_token_copied_to_another_node_is_useless_there():
    assert verify().jkt == CLIENT_JKT
    assert refusal(proof(private_key=STRANGER)) == ("SENDER_MISMATCH", "jwk")
    borrowed = forge(
        proof(private_key=STRANGER), Ed25519Signer(STRANGER), header={"jwk": public_jwk(SIGNER.public_key)}
    )
    assert refusal(borrowed) == ("SIGNATURE_INVALID", None)


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"method": "GET"}, "htm"),
        ({"method": "post"}, "htm"),
        ({"url": "https://licences.example/api/v1/render/receipts"}, "htu"),
        ({"url": "http://licences.example/api/v1/render/checks"}, "htu"),
        ({"url": "https://licences.example:8443/api/v1/render/checks"}, "htu"),
        ({"url": "https://other.example/api/v1/render/checks"}, "htu"),
        ({"url": "https://licences.example/api/v1/render/checks/"}, "htu"),
        ({"access_token": "aaa.bbb.ccd"}, "ath"),
    ],
)
def test_proof_for_another_request_is_refused(change, path):
    assert refusal(**change) == ("SENDER_MISMATCH", path)


@pytest.mark.parametrize(
    "spelling",
    [
        URL + "?page=2",
        URL + "#top",
        "HTTPS://Licences.Example/api/v1/render/checks",
        "https://licences.example:443/api/v1/render/checks",
        "https://licences.example/api/v1/render/%63hecks",
    ],
)
def test_spellings_of_one_address_are_the_same(spelling):
    assert verify(url=spelling).jti == "proof-0001"
    assert verify(forged(htu=spelling)).jti == "proof-0001"


@pytest.mark.parametrize(
    ("seconds", "holds"), [(0, True), (300, True), (-300, True), (301, False), (-301, False), (10**9, False)]
)
def test_proof_holds_for_five_minutes_either_way(seconds, holds):
    if holds:
        assert verify(now=EPOCH + seconds).issued_at == EPOCH
    else:
        assert refusal(now=EPOCH + seconds) == ("CLOCK_SKEW", "iat")


@pytest.mark.parametrize("iat", [None, True, 1.5, float(EPOCH), str(EPOCH), [EPOCH]])
def test_time_that_is_no_integer_is_refused(iat):
    assert refusal(forged(iat=iat))[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize(
    "jti", [None, "", "short", "a" * 129, "has space", "sql';--", 123456, ["proof-0001"]]
)
def test_id_that_is_not_url_safe_text_is_refused(jti):
    assert refusal(forged(jti=jti))[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize(
    "htu",
    [None, "", "/api/v1/render/checks", "ftp://a/b", "https://user@licences.example/", "https://a:b/", 7],
)
def test_address_that_is_not_absolute_is_refused(htu):
    assert refusal(forged(htu=htu))[0] == "TOKEN_MALFORMED"


def test_request_address_that_is_nonsense_is_refused_and_raises_nothing_else():
    assert refusal(url="https://a@b/")[0] == "TOKEN_MALFORMED"
    assert refusal(url="https://h:99999/")[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize("typ", ["JWT", "dpop", "DPOP+JWT", "application/dpop+jwt", None])
def test_type_must_be_exact(typ):
    assert refusal(forged(header={"typ": typ}))[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize("alg", ["none", "HS256", "ES256", None])
def test_algorithm_must_be_eddsa(alg):
    assert refusal(forged(header={"alg": alg}))[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize("member", ["kid", "jku", "x5c", "crit"])
def test_header_holds_the_key_and_nothing_else(member):
    assert refusal(forged(header={member: ["x"]})) == ("TOKEN_MALFORMED", f"header.{member}")


@pytest.mark.parametrize(
    "jwk",
    [
        None,
        "key",
        {},
        {"kty": "OKP", "crv": "Ed25519"},
        {"kty": "RSA", "n": "AQAB", "e": "AQAB"},
        {"kty": "oct", "k": "AAAA"},
        public_jwk(SIGNER.public_key) | {"d": "AAAA"},
        public_jwk(SIGNER.public_key) | {"use": "enc"},
    ],
)
def test_header_key_must_be_a_public_ed25519_key(jwk):
    assert refusal(forged(header={"jwk": jwk}))[0] == "TOKEN_MALFORMED"


def test_key_may_name_its_use_and_algorithm():
    jwk = public_jwk(SIGNER.public_key, "any")
    assert verify(forged(header={"jwk": jwk})).jkt == CLIENT_JKT


def test_unknown_or_repeated_claim_is_refused():
    assert refusal(forged(scope="all"))[0] == "TOKEN_MALFORMED"
    header, payload = (json.dumps(part).encode() for part in parts_of(proof()))
    twice = payload[:-1] + b',"htm":"GET"}'
    assert refusal(sign_raw(header, twice, SIGNER)) == ("TOKEN_MALFORMED", "payload")


def test_proof_longer_than_the_limit_is_refused():
    assert refusal("a" * 5000)[0] == "TOKEN_MALFORMED"


def test_first_contact_takes_any_key_and_tells_which():
    assert verify(proof(private_key=STRANGER), expected_jkt=None).jkt != CLIENT_JKT


@given(st.text(max_size=100))
def test_any_text_is_refused_as_malformed(text):
    assert refusal(text)[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize(
    ("url", "normal"),
    [
        ("http://A.example", "http://a.example/"),
        ("http://a.example:80/x", "http://a.example/x"),
        ("http://a.example:8000/x?y#z", "http://a.example:8000/x"),
        ("https://[::1]:8443/x", "https://[::1]:8443/x"),
        ("https://a.example/%7euser/%2f", "https://a.example/~user/%2F"),
    ],
)
def test_address_is_brought_into_one_form(url, normal):
    assert normalise_htu(url) == normal
    assert normalise_htu(normal) == normal
