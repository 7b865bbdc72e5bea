"""Tokens, leases and receipts belong to who holds the key or certificate; whoever copied them gets nowhere."""

from __future__ import annotations

import base64
import uuid
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings

from accounts.callers import caller_by_id
from accounts.models import ApiCredential
from common import clock
from licensing.services import heartbeat_token
from receipts.models import RenderCheck
from receipts.services.presentation import present_token
from tests.certificates import Pair, make_pair
from tests.receipts.conftest import CHECKS, RECEIPTS, Farm, logged, make_farm
from tests.trustcore.forge import parts_of
from trustcore.dpop import make_proof
from trustcore.receipt import CheckedEntry

pytestmark = pytest.mark.django_db


def certified(*, has_proof_key: bool = False) -> tuple[Farm, Pair]:
    """A farm whose API key is bound to a certificate, and to a proof key as well if asked."""
    farm, pair = make_farm(), make_pair("farm")
    from accounts.certificates import certificate_thumbprint

    changes: dict[str, Any] = {"x5t": certificate_thumbprint(pair.der)}
    if not has_proof_key:
        changes |= {"jkt": "", "proof_jwk": None}
    ApiCredential.objects.filter(pk=farm.credential.pk).update(**changes)
    secret = farm.credential.secret  # type: ignore[attr-defined]
    farm.credential.refresh_from_db()
    farm.credential.secret = secret  # type: ignore[attr-defined]
    return farm, pair


def with_certificate(farm: Farm, pair: Pair | None, *, proof: str = "", **changes: Any) -> dict[str, Any]:
    headers = {**farm.headers} | ({"Client-Cert": pair.escaped} if pair else {})
    answer: dict[str, Any] = farm.check(headers=headers, proof=proof, **changes).json()
    return answer


@pytest.fixture
def proxied(settings: Any) -> None:
    settings.TLS_PROXY, settings.CLIENT_CERT_HEADER = True, "Client-Cert"


# -- certificates


@pytest.mark.req("BX-012")
def test_token_bound_to_a_certificate_is_good_with_it_and_denied_without(proxied: None) -> None:
    farm, pair = certified()
    jws = farm.jws()
    assert parts_of(jws)[1]["cnf"] == {"x5t#S256": farm.credential.x5t}
    assert with_certificate(farm, pair, token=jws)["decision"] == "ALLOW_WITH_OBLIGATIONS"
    for stolen_by in (None, make_pair("farm")):
        answer = with_certificate(farm, stolen_by, token=jws)
        assert (answer["decision"], answer["reason_codes"]) == ("DENY", ["SENDER_MISMATCH"])
        assert answer["lease"] is None
    allowed, *refused = logged(farm.token.production_id, CheckedEntry)
    assert (allowed.x5t, allowed.jkt) == (farm.credential.x5t, None)
    assert [entry.x5t for entry in refused] == [None, None]


@pytest.mark.req("BX-012")
def test_certificate_that_no_trusted_proxy_handed_on_is_not_believed(settings: Any) -> None:
    farm, pair = certified()
    settings.TLS_PROXY, settings.CLIENT_CERT_HEADER = False, "Client-Cert"
    assert with_certificate(farm, pair)["reason_codes"] == ["SENDER_MISMATCH"]
    settings.TLS_PROXY = True
    assert with_certificate(farm, pair)["reason_codes"] == []


def test_both_forms_of_the_header_are_read(proxied: None) -> None:
    farm, pair = certified()
    field = f":{base64.b64encode(pair.der).decode()}:"
    answer = farm.check(headers={**farm.headers, "Client-Cert": field}, proof="").json()
    assert answer["reason_codes"] == []


def test_token_bound_to_key_and_certificate_needs_both(proxied: None) -> None:
    farm, pair = certified(has_proof_key=True)
    jws = farm.jws()
    assert set(parts_of(jws)[1]["cnf"]) == {"jkt", "x5t#S256"}
    assert with_certificate(farm, pair, token=jws, proof=farm.proof(jws))["reason_codes"] == []
    for certificate, proof in ((pair, ""), (None, farm.proof(jws)), (make_pair("x"), farm.proof(jws))):
        answer = with_certificate(farm, certificate, token=jws, proof=proof)
        assert answer["reason_codes"] == ["SENDER_MISMATCH"]


def test_api_key_bound_to_nothing_gets_no_token() -> None:
    farm, _ = certified()
    ApiCredential.objects.filter(pk=farm.credential.pk).update(x5t="")
    answer = farm.client.post(f"/api/v1/tokens/{farm.token.pk}/heartbeat", headers=farm.headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "PROOF_KEY_REQUIRED")


# -- stolen and replayed


@pytest.mark.req("BX-012")
def test_stolen_token_is_denied_with_its_own_reason_and_a_replayed_proof_with_another(farm: Farm) -> None:
    jws = farm.jws()
    thief = replace(farm, proof_key=Ed25519PrivateKey.generate())
    assert thief.check(token=jws).json()["reason_codes"] == ["SENDER_MISMATCH"]
    assert farm.check(token=jws, proof="").json()["reason_codes"] == ["SENDER_MISMATCH"]
    proof = farm.proof(jws)
    assert farm.check(token=jws, proof=proof).json()["reason_codes"] == []
    assert farm.check(token=jws, proof=proof, worker="again").json()["reason_codes"] == ["REPLAY"]
    assert RenderCheck.objects.filter(lease_uid=None).count() == 3


def test_presenting_reads_the_issuers_keys_once_for_each_token(
    farm: Farm, django_assert_num_queries: Any
) -> None:
    jws, caller = farm.jws(), caller_by_id(farm.credential.pk)
    for reads in (1, 0):
        with django_assert_num_queries(reads):
            presented = present_token(
                caller=caller, token=jws, proof=farm.proof(jws), method="POST",
                url=f"{settings.BASE_URL}{CHECKS}", now=clock.now(),
            )  # fmt: skip
        assert presented.is_bound
    assert heartbeat_token(principal=farm.principal, jti=farm.token.pk).jws is not None


# -- leases and receipts


def proof_for(farm: Farm, path: str, key: Any = None) -> str:
    return make_proof(
        private_key=key or farm.proof_key,
        method="POST",
        url=f"{settings.BASE_URL}{path}",
        now=int(clock.now().timestamp()),
        jti=str(uuid.uuid4()),
    )


def post(farm: Farm, path: str, proof: str = "", **further: str) -> Any:
    headers = {**farm.headers, **further} | ({"DPoP": proof} if proof else {})
    if path == RECEIPTS:
        return farm.send([farm.row(str(uuid.uuid4()), 1)], headers=headers)
    return farm.client.post(path, headers=headers)


@pytest.fixture(params=["heartbeat", "end", "receipts"])
def path(request: Any, farm: Farm) -> str:
    if request.param == "receipts":
        return RECEIPTS
    return f"/api/v1/render/leases/{farm.lease()['id']}/{request.param}"


@pytest.mark.req("BX-012")
def test_leases_and_receipts_of_a_bound_api_key_need_its_proof(farm: Farm, path: str, settings: Any) -> None:
    settings.BOUND_REPORTS = True
    bare = post(farm, path)
    assert (bare.status_code, bare.json()["code"]) == (403, "SENDER_MISMATCH")
    stolen = post(farm, path, proof_for(farm, path, Ed25519PrivateKey.generate()))
    assert (stolen.status_code, stolen.json()["code"]) == (403, "SENDER_MISMATCH")
    elsewhere = post(farm, path, proof_for(farm, CHECKS))
    assert elsewhere.json()["code"] == "SENDER_MISMATCH"
    proof = proof_for(farm, path)
    assert post(farm, path, proof).status_code == 200
    assert post(farm, path, proof).json()["code"] == "REPLAY"


def test_proof_that_is_sent_is_verified_also_where_none_is_needed(farm: Farm, path: str) -> None:
    stolen = post(farm, path, proof_for(farm, path, Ed25519PrivateKey.generate()))
    assert (stolen.status_code, stolen.json()["code"]) == (403, "SENDER_MISMATCH")
    assert post(farm, path, "nonsense").json()["code"] == "TOKEN_MALFORMED"
    assert post(farm, path).status_code == 200


def test_certificate_serves_leases_and_receipts_too(proxied: None, settings: Any) -> None:
    settings.BOUND_REPORTS = True
    farm, pair = certified()
    lease = with_certificate(farm, pair)["lease"]["id"]
    path = f"/api/v1/render/leases/{lease}/heartbeat"
    assert post(farm, path).json()["code"] == "SENDER_MISMATCH"
    assert post(farm, path, **{"Client-Cert": make_pair("x").escaped}).json()["code"] == "SENDER_MISMATCH"
    assert post(farm, path, **{"Client-Cert": pair.escaped}).json()["state"] == "ACTIVE"
