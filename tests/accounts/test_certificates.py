"""Client certificates: registered by thumbprint, and believed from a trusted proxy's header alone."""

from __future__ import annotations

import base64
import hashlib
from datetime import timedelta

import pytest
from django.core.checks import run_checks

from accounts.certificates import certificate_thumbprint, client_certificate, read_certificate
from accounts.services import create_api_credential
from common import clock
from common.errors import InvalidInput
from tests import factories
from tests.certificates import make_pair

PAIR = make_pair("farm")


def structured(der: bytes) -> str:
    return f":{base64.b64encode(der).decode()}:"


@pytest.fixture
def proxied(settings):
    settings.TLS_PROXY, settings.CLIENT_CERT_HEADER = True, "Client-Cert"


def test_thumbprint_is_the_digest_of_the_certificates_der():
    digest = base64.urlsafe_b64encode(hashlib.sha256(PAIR.der).digest()).rstrip(b"=").decode()
    assert certificate_thumbprint(read_certificate(PAIR.pem)) == digest


@pytest.mark.parametrize("text", ["", "nonsense", PAIR.pem + PAIR.pem, PAIR.pem + PAIR.key_pem, "é"])
def test_text_that_is_not_one_certificate_is_refused(text):
    with pytest.raises(InvalidInput) as refused:
        read_certificate(text)
    assert refused.value.code == "CERTIFICATE_INVALID"


@pytest.mark.django_db
def test_api_key_registers_a_certificate_instead_of_a_proof_key_or_beside_it():
    studio = factories.make_studio()
    made, _ = create_api_credential(
        organisation=studio, created_by=factories.make_producer(studio).person, name="farm",
        scopes=["render:check"], expires_at=clock.now() + timedelta(days=1), certificate=PAIR.pem,
    )  # fmt: skip
    assert (made.jkt, made.x5t) == ("", certificate_thumbprint(PAIR.der))


def test_certificate_is_read_in_both_forms(proxied):
    assert client_certificate({"HTTP_CLIENT_CERT": structured(PAIR.der)}) == PAIR.der
    assert client_certificate({"HTTP_CLIENT_CERT": PAIR.escaped}) == PAIR.der


@pytest.mark.req("BX-012")
def test_header_is_ignored_unless_a_proxy_is_trusted_and_the_header_named(settings):
    environ = {"HTTP_CLIENT_CERT": PAIR.escaped}
    for proxy, header in ((False, "Client-Cert"), (True, ""), (False, ""), (True, "X-Another")):
        settings.TLS_PROXY, settings.CLIENT_CERT_HEADER = proxy, header
        assert client_certificate(environ) is None
    settings.TLS_PROXY, settings.CLIENT_CERT_HEADER = True, "Client-Cert"
    assert client_certificate(environ) == PAIR.der


@pytest.mark.parametrize(
    "value",
    [
        "", ":", "::", ":nonsense!:", ":AAAA", "AAAA", PAIR.pem[:100], PAIR.escaped[:-40],
        PAIR.escaped + PAIR.escaped, "é", ":" + "A" * 20_000 + ":", 7, None,
    ],
    ids=[f"value {n}" for n in range(13)],
)  # fmt: skip
def test_header_that_cannot_be_read_is_no_certificate(proxied, value):
    assert client_certificate({"HTTP_CLIENT_CERT": value}) is None


def test_system_check_tells_of_a_header_that_nobody_is_trusted_to_write(settings):
    settings.TLS_PROXY, settings.CLIENT_CERT_HEADER = False, "Client-Cert"
    assert "accounts.W001" in {message.id for message in run_checks()}
    settings.TLS_PROXY = True
    assert "accounts.W001" not in {message.id for message in run_checks()}
