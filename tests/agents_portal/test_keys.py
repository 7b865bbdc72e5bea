"""API keys: made with scopes and an end, shown once, ended at once; the organisation's own and no other's."""

from __future__ import annotations

import json
import re

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.test import Client

from accounts.certificates import certificate_thumbprint
from accounts.models import ApiCredential
from tests import factories
from tests.agents_portal.conftest import Cast, Reader, page_of
from tests.certificates import make_pair
from trustcore.signing import public_jwk

PUBLIC = json.dumps(public_jwk(Ed25519PrivateKey.generate().public_key()))


def make(reader: Reader, **changes: object) -> object:
    sent = {
        "name": "Farm, Vancouver",
        "scopes": ["licence:read"],
        "days": "90",
        "proof_jwk": PUBLIC,
        **changes,
    }
    return reader.post("/keys/new/", sent)


def test_a_studio_gets_a_key_that_works_and_is_shown_once(cast: Cast) -> None:
    answer = make(Reader(cast.engineer))
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "private, no-store"
    secret = re.search(r'id="key-secret">(tm_[^<]+)<', answer.content.decode()).group(1)
    headers = {"Authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/tokens", headers=headers).status_code == 200
    assert (
        Client().get("/api/v1/tokens", headers={"Authorization": f"{headers['Authorization']}x"}).status_code
        == 401
    )
    row = ApiCredential.objects.get(name="Farm, Vancouver")
    assert secret not in Reader(cast.producer).page("/keys/").html
    assert secret.rpartition("_")[2].encode() not in bytes(row.digest)
    assert row.jkt


def test_a_revoked_key_is_refused_from_its_next_call(cast: Cast) -> None:
    answer = make(Reader(cast.producer))
    secret = re.search(r'id="key-secret">(tm_[^<]+)<', answer.content.decode()).group(1)
    key = ApiCredential.objects.get(name="Farm, Vancouver")
    screen = Reader(cast.producer).page(f"/keys/{key.pk}/revoke/")
    assert screen.titles == ("Revoke the key Farm, Vancouver?",)
    assert Reader(cast.producer).post(f"/keys/{key.pk}/revoke/").status_code == 302
    refused = Client().get("/api/v1/tokens", headers={"Authorization": f"Bearer {secret}"})
    assert refused.status_code == 401
    assert refused.json()["code"] == "API_KEY_REVOKED"
    assert Reader(cast.producer).post(f"/keys/{key.pk}/revoke/").status_code == 404


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"scopes": []}, "Choose at least one thing the key may do."),
        ({"scopes": ["everything:do"]}, "Select a valid choice."),
        ({"days": "0"}, "greater than or equal to 1"),
        ({"days": "4000"}, "less than or equal to 730"),
        ({"proof_jwk": "not json"}, "This is not JSON."),
        ({"proof_jwk": "[1]"}, "Paste one JWK object."),
        ({"proof_jwk": json.dumps({**json.loads(PUBLIC), "d": "secret"})}, "That is a private key."),
        ({"proof_jwk": '{"kty": "RSA"}'}, "The proof key is not a public Ed25519 JWK."),
        ({"name": ""}, "This field is required."),
    ],
)
def test_a_key_with_wrong_fields_is_not_made(cast: Cast, changes: dict[str, object], sentence: str) -> None:
    answer = make(Reader(cast.producer), **changes)
    assert answer.status_code == 422
    assert sentence in page_of(answer)
    assert not ApiCredential.objects.filter(name="Farm, Vancouver").exists()


@pytest.mark.parametrize(
    ("maker", "offered", "never"),
    [
        ("producer", {"licence:request", "bundle:write", "render:check"}, {"licence:revoke"}),
        ("engineer", {"bundle:write", "render:check"}, {"licence:request", "licence:revoke"}),
        ("vendor", {"render:check", "asset:write"}, {"licence:request", "bundle:write", "licence:revoke"}),
    ],
)
def test_a_key_is_offered_what_its_maker_may_do_and_nothing_else(
    cast: Cast, maker: str, offered: set[str], never: set[str]
) -> None:
    reader = Reader(getattr(cast, maker))
    page = reader.page("/keys/new/")
    assert {scope for scope in offered | never if f'value="{scope}"' in page.html} == offered
    for scope in never:
        assert make(reader, scopes=["licence:read", scope]).status_code == 422
    assert not ApiCredential.objects.exists()
    assert make(reader, scopes=sorted(offered)).status_code == 200


def test_a_private_key_is_never_sent_back(cast: Cast) -> None:
    private = json.dumps({**json.loads(PUBLIC), "d": "c2VjcmV0"})
    answer = make(Reader(cast.producer), proof_jwk=private)
    assert b"c2VjcmV0" not in answer.content


def test_keys_of_others_are_not_there(cast: Cast) -> None:
    key, _ = factories.make_credential(cast.producer.organisation)
    assert Reader(cast.other_studio).get(f"/keys/{key.pk}/revoke/").status_code == 404
    assert key.prefix not in Reader(cast.other_studio).page("/keys/").html
    assert Reader(cast.agent).get("/keys/").status_code == 404
    reader_only = factories.make_desk(cast.producer.organisation, "AUDITOR")
    assert key.prefix in Reader(reader_only).page("/keys/").html
    assert Reader(reader_only).post(f"/keys/{key.pk}/revoke/").status_code == 403
    assert make(Reader(reader_only)).status_code == 403
    key.refresh_from_db()
    assert key.revoked_at is None


def test_making_a_key_leaves_a_trail_without_the_secret(cast: Cast) -> None:
    answer = make(Reader(cast.producer))
    secret = re.search(r'id="key-secret">(tm_[^<]+)<', answer.content.decode()).group(1)
    trail = Reader(cast.producer).page("/audit/?kind=key")
    assert "Key: created" in trail
    assert secret.rpartition("_")[2] not in trail.html


def test_a_key_may_be_bound_to_a_certificate_instead(cast: Cast) -> None:
    pair = make_pair("farm")
    answer = make(Reader(cast.engineer), proof_jwk="", certificate=pair.pem)
    assert answer.status_code == 200
    row = ApiCredential.objects.get(name="Farm, Vancouver")
    assert (row.jkt, row.x5t) == ("", certificate_thumbprint(pair.der))
    assert row.x5t in answer.content.decode()
    assert "bound to a certificate" in Reader(cast.producer).page("/keys/").html


@pytest.mark.parametrize("has_key", [True, False])
def test_text_that_is_no_certificate_is_refused_and_a_private_key_is_not_shown_again(
    cast: Cast, has_key: bool
) -> None:
    pair = make_pair("farm")
    sent = pair.pem + pair.key_pem if has_key else "nonsense"
    answer = make(Reader(cast.engineer), certificate=sent)
    assert answer.status_code == 422
    assert "PRIVATE KEY" not in answer.content.decode()
    assert not ApiCredential.objects.filter(name="Farm, Vancouver").exists()


def test_a_key_is_made_for_networks_and_says_so(cast: Cast) -> None:
    assert make(Reader(cast.engineer), networks="10.20.0.0/16\n192.0.2.7\n").status_code == 200
    assert ApiCredential.objects.get(name="Farm, Vancouver").networks == ["10.20.0.0/16", "192.0.2.7/32"]
    assert "works from 10.20.0.0/16, 192.0.2.7/32" in Reader(cast.producer).page("/keys/").html
    wrong = make(Reader(cast.engineer), networks="the farm")
    assert wrong.status_code == 422
    assert "That is no network." in wrong.content.decode()
