"""Tokens carry the boundary of a licence, and are read more strictly than the library reads them."""

import json
from datetime import timedelta

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from tests.trustcore.forge import b64, b64decode, forge, parts_of, sign_raw
from tests.trustcore.samples import (
    AUDIENCE,
    CLIENT_JKT,
    EPOCH,
    FILM_A,
    ISSUER,
    KEYS,
    NOW,
    OTHER_SIGNER,
    SIGNER,
    STUDIO,
    VENDOR,
    body,
    claims,
    terms,
    training_terms,
)
from trustcore.claims import Confirmation, StatusClaim
from trustcore.encoding import canonical_json
from trustcore.errors import InvalidKey, InvalidTerms, InvalidToken
from trustcore.policy.reasons import DenyReason
from trustcore.policy.terms import parse_terms, terms_hash
from trustcore.signing import keys_from_jwks, public_jwk
from trustcore.tokens import (
    GRANT_TYP,
    LICENCE_TYP,
    TRAINING_TYP,
    LicenceClaims,
    check_times,
    encode_token,
    licence_claims,
    read_token,
    verify_token,
)

TOKEN = encode_token(claims(), SIGNER, LICENCE_TYP)


def verify(token=TOKEN, **changes):
    """Verify the sample token as the server would, varied."""
    expected = {"keys": KEYS, "issuer": ISSUER, "audience": AUDIENCE, "now": EPOCH + 60}
    return verify_token(token, **(expected | changes))


def refusal(token=TOKEN, **changes):
    """Return reason and path of the refusal."""
    with pytest.raises(InvalidToken) as refused:
        verify(token, **changes)
    assert refused.value.code == refused.value.reason.value
    return refused.value.reason.value, refused.value.path


def forged(header=None, **payload):
    """Return the sample token with members replaced, signed with the real key."""
    return forge(TOKEN, SIGNER, header=header, **payload)


# what a token says


def test_token_reads_back_as_the_claims_that_were_signed():
    assert verify() == claims()
    full = replace(
        claims(), sts=StatusClaim(uri="https://licences.example/status-lists/1", idx=7), hb=60, act="u1"
    )
    assert verify(encode_token(full, SIGNER, LICENCE_TYP)) == full


def test_token_verifies_with_the_library_alone_too():
    read = jwt.decode(
        TOKEN,
        SIGNER.public_key,
        algorithms=["EdDSA"],
        audience=AUDIENCE,
        options={"verify_exp": False, "verify_nbf": False},
    )
    assert read["jti"] == claims().jti


@pytest.mark.req("ST-002")
def test_scope_duration_rights_and_territory_are_inside_the_token():
    of = terms(scope__shots=["sh0450"])
    _, payload = parts_of(encode_token(claims(of), SIGNER, LICENCE_TYP))
    assert payload["scope"] == {"shots": ["sh0450"]}
    assert payload["quota"] == {"frames": 3000, "lines": 14}
    assert payload["win"]["na"] - payload["win"]["nb"] == 90 * 86400
    assert payload["ut"] == ["FACE_RENDER", "VOICE_RENDER"]
    assert payload["ter"] == {"render": ["CA", "GB", "US"], "dist": ["CA", "GB", "US"]}
    assert payload["ch"] == ["SVOD", "THEATRICAL"]
    assert payload["authorization_details"] == [
        {
            "type": "urn:trustmark:likeness-licence",
            "identifier": terms_hash(of),
            "actions": payload["ut"],
            "datatypes": payload["cst"],
        },
    ]
    for missing in ("scope", "quota", "win", "ter", "ch", "ut", "authorization_details"):
        assert refusal(forged(**{missing: None}))[0] == "TOKEN_MALFORMED"


@pytest.mark.req("ST-001")
def test_token_names_one_production_and_cannot_be_moved_to_another():
    assert verify().prj == FILM_A
    moved = TOKEN.split(".")
    header, payload = parts_of(TOKEN)
    moved[1] = b64(json.dumps(payload | {"prj": "film-b"}).encode())
    assert refusal(".".join(moved)) == ("SIGNATURE_INVALID", None)
    assert refusal(forged(prj=None))[0] == "TOKEN_MALFORMED"
    assert refusal(forged(prj=[FILM_A, "film-b"])) == ("TOKEN_MALFORMED", "prj")
    assert header["typ"] == LICENCE_TYP


@pytest.mark.req("ST-004")
def test_vendors_who_may_act_are_provable_from_the_token_alone():
    read = verify()
    assert read.sub == STUDIO
    assert read.ven == (VENDOR,)
    none = verify(encode_token(claims(terms(vendors=[])), SIGNER, LICENCE_TYP))
    assert VENDOR not in none.ven
    assert refusal(forge(TOKEN, OTHER_SIGNER, ven=["somebody-else"]))[0] == "SIGNATURE_INVALID"


@pytest.mark.req("ST-005")
def test_licensee_and_change_of_control_rule_are_in_the_token():
    assert verify().ccr == "TERMINATE"
    assert verify(encode_token(claims(coc=3), SIGNER, LICENCE_TYP)).coc == 3
    assert refusal(forged(ccr=None))[0] == "TOKEN_MALFORMED"
    assert refusal(forged(sub=None))[0] == "TOKEN_MALFORMED"
    assert refusal(forged(ccr="WHATEVER")) == ("TOKEN_MALFORMED", "ccr")


@pytest.mark.req("ST-006")
def test_signed_statement_proves_the_terms_years_later():
    grant = encode_token(claims(jkt=None, expires_at=EPOCH + 10**9), SIGNER, GRANT_TYP)
    read = verify(grant, typ=GRANT_TYP, audience=None, now=None)
    assert read.terms_hash == terms_hash(parse_terms(body()))
    assert read.terms_hash != terms_hash(parse_terms(body(scope__frames_max=30_000)))
    assert refusal(forge(grant, OTHER_SIGNER), typ=GRANT_TYP, now=None) == ("SIGNATURE_INVALID", None)
    assert refusal(grant, typ=GRANT_TYP, now=EPOCH + 10**8)[0] == "EXPIRED"


@pytest.mark.req("ST-085")
def test_boundary_is_checked_without_names_or_biometrics():
    named = body()
    read = json.dumps(parts_of(TOKEN)[1])
    assert verify().tal == named["talent"]
    for private in (named["project"]["title"], named["description"], "Ada Merrow"):
        assert private not in read
    with pytest.raises(TypeError):
        claims(talent_name="Ilse")


def test_token_for_the_whole_world_fits_the_limit():
    wide = terms(render_territory=["WORLD"], exploitation__distribution_territory=["WORLD"])
    token = encode_token(claims(wide), SIGNER, LICENCE_TYP)
    assert len(verify(token).ter.render) == 249


def test_claims_of_terms_whose_window_is_not_open_are_refused():
    with pytest.raises(InvalidTerms, match="not open"):
        claims(terms(window={"days": 90}))


def test_token_never_outlasts_its_window():
    late = int((NOW + timedelta(days=58, hours=11, minutes=50)).timestamp())
    assert claims(issued_at=late, expires_at=late + 3600).exp == claims().win.na
    early = claims().win.nb - 500
    assert claims(issued_at=early, expires_at=early + 3600).nbf == claims().win.nb


# training


@pytest.mark.req("ST-080")
def test_render_token_never_carries_training():
    assert verify().trn is False
    train = claims(training_terms())
    training_token = encode_token(train, SIGNER, TRAINING_TYP)
    assert verify(training_token, typ=TRAINING_TYP).trn is True
    for typ in (LICENCE_TYP, GRANT_TYP):
        with pytest.raises(InvalidToken):
            encode_token(replace(train, trn=False), SIGNER, typ)
    with pytest.raises(InvalidToken) as refused:
        encode_token(train, SIGNER, LICENCE_TYP)
    assert refused.value.reason is DenyReason.TRAINING_NOT_GRANTED
    with pytest.raises(InvalidToken):
        encode_token(claims(), SIGNER, TRAINING_TYP)


@pytest.mark.parametrize(
    "change",
    [
        {"trn": True},
        {"ut": ["FACE_RENDER", "TRAINING_REPLICA"]},
        {"ut": ["FINE_TUNE"]},
        {"trn": True, "ut": ["TRAINING_REPLICA"]},
    ],
)
def test_forged_training_in_a_render_token_is_refused_even_with_a_good_signature(change):
    details = parts_of(TOKEN)[1]["authorization_details"]
    details[0]["actions"] = change.get("ut", details[0]["actions"])
    assert refusal(forged(authorization_details=details, **change))[0] == "TRAINING_NOT_GRANTED"


def test_training_token_is_no_render_token_and_the_reverse():
    training_token = encode_token(claims(training_terms()), SIGNER, TRAINING_TYP)
    assert refusal(training_token) == ("TOKEN_MALFORMED", "header.typ")
    assert refusal(TOKEN, typ=TRAINING_TYP) == ("TOKEN_MALFORMED", "header.typ")


# laxness of libraries, by name


def test_token_longer_than_the_limit_is_refused():
    assert verify(forged(act="a" * 128)).act == "a" * 128
    with pytest.raises(InvalidToken, match="longer than 16384"):
        verify(forged(act="a" * 20_000))


def test_signature_of_another_length_is_malformed():
    header, payload, signature = TOKEN.split(".")
    assert refusal(f"{header}.{payload}.{signature[:-2]}")[0] == "TOKEN_MALFORMED"
    assert refusal(f"{header}.{payload}.{signature}AAAA")[0] == "TOKEN_MALFORMED"
    assert refusal(f"{header}.{payload}.")[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize(
    "text", ["", ".", "..", "a.b", "a.b.c.d", "....", "not a token", TOKEN + ".", "." + TOKEN]
)
def test_anything_but_three_parts_is_refused(text):
    assert refusal(text)[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize("where", [0, 1, 2])
def test_padding_in_a_part_is_refused(where):
    parts = TOKEN.split(".")
    parts[where] += "="
    assert refusal(".".join(parts))[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize("stray", [" ", "\n", "+", "/", "é", "\u2028"])
def test_stray_characters_in_a_part_are_refused(stray):
    assert refusal(TOKEN + stray)[0] == "TOKEN_MALFORMED"
    assert refusal(stray + TOKEN)[0] == "TOKEN_MALFORMED"


def test_signature_with_stray_trailing_bits_is_refused():
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    last = alphabet.index(TOKEN[-1])
    assert refusal(TOKEN[:-1] + alphabet[last ^ 1])[0] == "TOKEN_MALFORMED"


def test_repeated_claim_is_refused():
    header, payload = (json.dumps(part).encode() for part in parts_of(TOKEN))
    assert verify(sign_raw(header, payload, SIGNER)) == claims()
    twice = payload[:-1] + b',"prj":"film-b"}'
    assert refusal(sign_raw(header, twice, SIGNER)) == ("TOKEN_MALFORMED", "payload")


def test_repeated_claim_inside_an_object_is_refused():
    header, payload = (json.dumps(part).encode() for part in parts_of(TOKEN))
    twice = payload.replace(b'"frames": 3000', b'"frames": 3000, "frames": 9000')
    assert twice != payload
    assert refusal(sign_raw(header, twice, SIGNER)) == ("TOKEN_MALFORMED", "payload")


@pytest.mark.parametrize("spelling", [r"\u0070rj", r"p\u0072j", r"pr\u006A", r"\u0070\u0072\u006a"])
def test_claim_repeated_under_an_escaped_spelling_of_its_name_is_refused(spelling):
    header, payload = (json.dumps(part).encode() for part in parts_of(TOKEN))
    renamed = payload.replace(b'"prj"', f'"{spelling}"'.encode())
    assert verify(sign_raw(header, renamed, SIGNER)).prj == FILM_A  # one name, spelled oddly, is that name
    twice = payload[:-1] + f',"{spelling}":"film-b"}}'.encode()
    assert json.loads(twice)["prj"] == "film-b"
    assert refusal(sign_raw(header, twice, SIGNER)) == ("TOKEN_MALFORMED", "payload")


def test_repeated_header_is_refused():
    header, payload = (json.dumps(part).encode() for part in parts_of(TOKEN))
    twice = header[:-1] + b', "alg": "EdDSA"}'
    assert refusal(sign_raw(twice, payload, SIGNER)) == ("TOKEN_MALFORMED", "header")


@pytest.mark.parametrize(
    "typ",
    ["JWT", "likeness-license", "LIKENESS-LICENSE+JWT", "application/likeness-license+jwt", "", 7, None],
)
def test_type_that_is_not_exact_is_refused(typ):
    assert refusal(forged(header={"typ": typ}))[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize(
    "alg", ["none", "None", "HS256", "ES256", "RS256", "Ed25519", "eddsa", "", None, 7, ["EdDSA"]]
)
def test_algorithm_other_than_eddsa_is_refused(alg):
    assert refusal(forged(header={"alg": alg}))[0] == "TOKEN_MALFORMED"


def test_unsigned_token_is_refused():
    header, payload = parts_of(TOKEN)
    none = f"{b64(json.dumps(header | {'alg': 'none'}).encode())}.{b64(json.dumps(payload).encode())}."
    assert refusal(none)[0] == "TOKEN_MALFORMED"


def test_public_key_used_as_an_hmac_secret_is_refused():
    import hashlib
    import hmac

    header, payload = parts_of(TOKEN)
    signed = f"{b64(json.dumps(header | {'alg': 'HS256'}).encode())}.{b64(json.dumps(payload).encode())}"
    mac = hmac.new(SIGNER.public_key.public_bytes_raw(), signed.encode(), hashlib.sha256).digest()
    assert refusal(f"{signed}.{b64(mac)}")[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize(
    "kid",
    [
        "token-key-2",
        "",
        "../../etc/passwd",
        "' OR 1=1 --",
        "token-key-1\u0000",
        "TOKEN-KEY-1",
        "https://evil.example/jwks.json",
        1,
        ["token-key-1"],
        {},
    ],
)
def test_key_id_is_an_exact_look_up_and_nothing_else(kid):
    assert refusal(forged(header={"kid": kid})) == ("KEY_UNTRUSTED", "header.kid")


def test_key_id_that_is_missing_is_refused():
    assert refusal(forged(header={"kid": None}))[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize("member", ["jku", "x5u", "jwk", "x5c", "crit", "x5t", "b64", "cty", "zip"])
def test_header_that_brings_a_key_or_a_rule_is_refused(member):
    assert refusal(forged(header={member: ["https://evil.example"]})) == (
        "TOKEN_MALFORMED",
        f"header.{member}",
    )


@pytest.mark.parametrize("claim", ["exp", "nbf", "iat"])
@pytest.mark.parametrize(
    "value", [None, True, 1.5, float(EPOCH), str(EPOCH), -1, 253_402_300_800, 10**30, [EPOCH], {}]
)
def test_date_that_is_no_sane_integer_is_refused(claim, value):
    assert refusal(forged(**{claim: value}))[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize("number", ["1e9", "1.0", "NaN", "Infinity", "1E400"])
def test_date_spelled_as_something_else_than_an_integer_is_refused(number):
    header, payload = (json.dumps(part).encode() for part in parts_of(TOKEN))
    odd = payload.replace(f'"exp": {EPOCH + 3600}'.encode(), f'"exp": {number}'.encode())
    assert odd != payload
    assert refusal(sign_raw(header, odd, SIGNER))[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize(
    "change",
    [
        {"exp": EPOCH},
        {"exp": EPOCH - 1},
        {"nbf": EPOCH + 3600},
        {"exp": EPOCH + 8 * 86_400},
        {"win": {"nb": 2, "na": 1}},
        {"win": {"nb": 0, "na": EPOCH + 60}},
    ],
)
def test_dates_out_of_order_or_too_far_apart_are_refused(change):
    assert refusal(forged(**change)) == ("TOKEN_MALFORMED", "exp")


@pytest.mark.parametrize(
    ("now", "reason"),
    [
        (EPOCH - 1, "NOT_YET_VALID"),
        (EPOCH, None),
        (EPOCH + 3599, None),
        (EPOCH + 3600, "EXPIRED"),
        (EPOCH + 10**8, "EXPIRED"),
    ],
)
def test_token_holds_from_its_first_second_to_before_its_last(now, reason):
    if reason is None:
        assert verify(now=now) == claims()
    else:
        assert refusal(now=now)[0] == reason


def test_leeway_is_bounded():
    assert verify(now=EPOCH + 3600 + 299, leeway=300) == claims()
    assert verify(now=EPOCH - 300, leeway=300) == claims()
    assert refusal(now=EPOCH + 3900, leeway=300)[0] == "EXPIRED"
    for leeway in (-1, 301):
        with pytest.raises(ValueError, match="leeway"):
            check_times(claims(), now=EPOCH, leeway=leeway)


@pytest.mark.parametrize(
    "audience", [None, [AUDIENCE], [AUDIENCE, "urn:other"], AUDIENCE + "/", AUDIENCE.upper(), "", 7]
)
def test_audience_must_be_the_one_expected(audience):
    assert refusal(forged(aud=audience))[0] in {"AUDIENCE_MISMATCH", "TOKEN_MALFORMED"}


def test_token_of_another_client_is_an_audience_mismatch():
    assert refusal(audience="urn:trustmark:client:8") == ("AUDIENCE_MISMATCH", "aud")
    assert verify(audience=None).aud == AUDIENCE


def test_token_of_another_server_is_untrusted():
    assert refusal(issuer="https://licences.example.org") == ("KEY_UNTRUSTED", "iss")


@pytest.mark.req("BX-012")
@pytest.mark.parametrize(
    "cnf", [None, {}, {"jkt": ""}, {"jkt": "short"}, {"jkt": 7}, {"jwk": {}}, {"x5t#S256": "short"}, "key"]
)
def test_token_without_a_sender_key_is_refused(cnf):
    assert verify().cnf == Confirmation(jkt=CLIENT_JKT)
    assert refusal(forged(cnf=cnf))[0] == "TOKEN_MALFORMED"


def test_token_may_be_bound_to_a_certificate_instead_of_a_key_or_to_both():
    bound = replace(claims(), cnf=Confirmation(x5t_s256=CLIENT_JKT))
    token = encode_token(bound, SIGNER, LICENCE_TYP)
    assert parts_of(token)[1]["cnf"] == {"x5t#S256": CLIENT_JKT}
    assert verify(token) == bound
    both = replace(claims(), cnf=Confirmation(jkt=CLIENT_JKT, x5t_s256=CLIENT_JKT))
    assert verify(encode_token(both, SIGNER, LICENCE_TYP)) == both


@given(st.dictionaries(st.sampled_from(["act", "hb", "coc", "consent_hash"]), st.just(None), max_size=4))
def test_both_readers_agree_on_every_spelling_of_the_same_claims(left_out):
    full = replace(claims(), act="u1", hb=60, coc=2, consent_hash="sha256:" + "0" * 64)
    token = encode_token(full, SIGNER, LICENCE_TYP)
    ours = forge(token, SIGNER, **left_out)  # other blanks and another order: the slow reader's
    header, payload = parts_of(ours)
    canonical = sign_raw(canonical_json(header), canonical_json(payload), SIGNER)  # the fast one's
    assert ours != canonical
    assert verify(ours) == verify(canonical)
    assert type(verify(canonical)) is LicenceClaims


def test_claims_in_their_own_spelling_are_held_to_the_details_too():
    header, payload = parts_of(TOKEN)
    payload["authorization_details"][0]["actions"] = ["VOICE_RENDER"]
    odd = sign_raw(canonical_json(header), canonical_json(payload), SIGNER)
    assert refusal(odd) == ("TOKEN_MALFORMED", "authorization_details")


def test_token_read_once_is_held_to_its_times_at_every_use():
    read = read_token(TOKEN, keys=KEYS, issuer=ISSUER, audience=AUDIENCE)
    assert read == claims()
    with pytest.raises(InvalidToken, match="ended"):
        check_times(read, now=EPOCH + 3600)


@pytest.mark.parametrize(
    "change",
    [
        {"admin": True},
        {"ut": []},
        {"ut": ["FACE_RENDER", "FLY"]},
        {"cst": ["SOUL"]},
        {"trn": 0},
        {"trn": None},
        {"ver": 0},
        {"quota": {"frames": -1}},
        {"quota": {"frames": 3000, "unlimited": True}},
        {"terms_hash": "md5:00"},
        {"policy_hash": None},
        {"jti": None},
        {"jti": "a b"},
    ],
)
def test_claim_outside_the_closed_schema_is_refused(change):
    assert refusal(forged(**change))[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize(
    "details",
    [None, [], {}, [{"type": "urn:trustmark:likeness-licence"}], "all"],
)
def test_authorization_details_that_differ_from_the_claims_are_refused(details):
    assert refusal(forged(authorization_details=details)) == ("TOKEN_MALFORMED", "authorization_details")


@pytest.mark.parametrize("payload", [b"[]", b'"x"', b"null", b"", b"{", b"\xff", b"\xef\xbb\xbf{}", b"{}{}"])
def test_payload_that_is_not_one_strict_object_is_refused(payload):
    header = json.dumps(parts_of(TOKEN)[0]).encode()
    assert refusal(sign_raw(header, payload, SIGNER))[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize("header", [b"[]", b"null", b"", b"{", b"\xff", b"[" * 400])
def test_header_that_is_not_one_strict_object_is_refused(header):
    payload = json.dumps(parts_of(TOKEN)[1]).encode()
    assert refusal(sign_raw(header, payload, SIGNER))[0] == "TOKEN_MALFORMED"


@pytest.mark.parametrize("header", [b'{"a":' * 200 + b"1" + b"}" * 200, b'{"a":"' + b"x" * 2_000 + b'"}'])
def test_header_that_is_deep_or_long_is_refused(header):
    payload = json.dumps(parts_of(TOKEN)[1]).encode()
    assert refusal(sign_raw(header, payload, SIGNER)) == ("TOKEN_MALFORMED", "header")


@pytest.mark.parametrize("change", [{"use": "enc"}, {"key_ops": ["sign"]}, {"key_ops": []}, {"alg": "HS256"}])
def test_key_that_is_not_for_verifying_verifies_no_token(change):
    good = {"keys": [public_jwk(SIGNER.public_key, SIGNER.kid)]}
    assert verify(keys=keys_from_jwks(good)) == claims()
    assert keys_from_jwks({"keys": [good["keys"][0] | {"key_ops": ["verify"]}]}).keys() == KEYS.keys()
    with pytest.raises(InvalidKey):
        keys_from_jwks({"keys": [good["keys"][0] | change]})


def test_deep_nesting_is_refused_before_it_is_read():
    header = json.dumps(parts_of(TOKEN)[0]).encode()
    assert refusal(sign_raw(header, b'{"a":' * 900 + b"1" + b"}" * 900, SIGNER))[0] == "TOKEN_MALFORMED"


def test_key_of_the_right_name_and_the_wrong_half_is_refused():
    assert refusal(keys={SIGNER.kid: OTHER_SIGNER.public_key}) == ("SIGNATURE_INVALID", None)
    assert refusal(keys={}) == ("KEY_UNTRUSTED", "header.kid")


def test_two_keys_overlap_while_rotating():
    both = KEYS | {OTHER_SIGNER.kid: OTHER_SIGNER.public_key}
    assert verify(encode_token(claims(), OTHER_SIGNER, LICENCE_TYP), keys=both) == verify(keys=both)


@given(st.integers(0, len(TOKEN) - 1), st.sampled_from("ABCabc019-_.="))
def test_token_with_one_character_changed_is_refused(place, character):
    changed = TOKEN[:place] + character + TOKEN[place + 1 :]
    if changed != TOKEN:
        assert refusal(changed)[0] in {"TOKEN_MALFORMED", "SIGNATURE_INVALID", "KEY_UNTRUSTED"}


@given(st.integers(0, len(TOKEN) * 8 - 1))
def test_token_with_one_bit_flipped_is_refused_with_a_reason(bit):
    data = bytearray(TOKEN.encode())
    data[bit // 8] ^= 1 << bit % 8
    changed = data.decode("latin-1")
    assert refusal(changed)[0] in {"TOKEN_MALFORMED", "SIGNATURE_INVALID", "KEY_UNTRUSTED"}


@given(st.integers(0, 2), st.data())
def test_token_with_one_bit_of_its_content_flipped_is_refused_with_a_reason(part, data):
    parts = TOKEN.split(".")
    content = bytearray(b64decode(parts[part]))
    bit = data.draw(st.integers(0, len(content) * 8 - 1))
    content[bit // 8] ^= 1 << bit % 8
    parts[part] = b64(bytes(content))
    assert refusal(".".join(parts))[0] in {"TOKEN_MALFORMED", "SIGNATURE_INVALID", "KEY_UNTRUSTED"}


def test_every_character_of_the_signature_counts():
    head, _, signature = TOKEN.rpartition(".")
    for place, character in enumerate(signature):
        other = "A" if character != "A" else "B"
        changed = f"{head}.{signature[:place]}{other}{signature[place + 1 :]}"
        assert refusal(changed)[0] in {"TOKEN_MALFORMED", "SIGNATURE_INVALID"}


@given(st.text(max_size=200))
def test_any_text_is_refused_as_malformed(text):
    assert refusal(text)[0] == "TOKEN_MALFORMED"


# misuse


def test_unknown_type_is_misuse():
    with pytest.raises(ValueError, match="token type"):
        verify(typ="JWT")
    with pytest.raises(ValueError, match="token type"):
        encode_token(claims(), SIGNER, "JWT")


def test_licence_token_is_never_read_without_a_clock():
    with pytest.raises(ValueError, match="without a clock"):
        verify(now=None)


def test_nothing_that_would_be_refused_is_ever_signed():
    with pytest.raises(InvalidToken):
        encode_token(replace(claims(), cnf=None), SIGNER, LICENCE_TYP)
    with pytest.raises(InvalidToken):
        encode_token(replace(claims(), exp=EPOCH - 1), SIGNER, LICENCE_TYP)
    with pytest.raises(InvalidToken):
        encode_token(replace(claims(), ver=0), SIGNER, LICENCE_TYP)
    with pytest.raises(TypeError):
        licence_claims(terms())
