"""Keys in AWS KMS: the product's boto3 calls against moto's real HTTP server.

moto 5.2.5 has KMS but not its Ed25519 keys (key spec ``ECC_NIST_EDWARDS25519``, which botocore's own model of
the service lists). ``moto_with_ed25519`` below adds that one key spec to moto's model: a key class with its
signature, and the names in moto's two enumerations and in the list of a key's algorithms. Everything else,
and everything of ours, is as it is; requests are checked by botocore against the service's model as always.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings as django_settings
from django.test import Client
from moto.kms import models as moto_models
from moto.kms import utils as moto_utils
from moto.moto_api._internal import moto_random  # noqa: F401 - loads before the server's threads
from moto.server import ThreadedMotoServer

from common import clock, keys
from common.checks import check_key_backends
from common.errors import Conflict, Unavailable
from common.keys import kms
from common.models import SigningKey
from licensing.models import GrantStatement
from receipts.inspection import inspect_log
from tests import factories
from tests.receipts.conftest import make_farm, own_log_store  # noqa: F401 - a fixture
from trustcore.errors import InvalidToken
from trustcore.signing import is_signature, keys_from_jwks
from trustcore.status import VALID, decode_status_list

SPEC, ALGORITHM = "ECC_NIST_EDWARDS25519", "ED25519_SHA_512"


class _Ed25519(moto_utils.AbstractPrivateKey):
    """What moto lacks: a private key of that spec."""

    def __init__(self) -> None:
        self.private_key = Ed25519PrivateKey.generate()

    def sign(self, message: bytes, signing_algorithm: str) -> bytes:
        assert signing_algorithm == ALGORITHM
        return self.private_key.sign(message)

    def verify(self, message: bytes, signature: bytes, signing_algorithm: str) -> bool:
        try:
            self.private_key.public_key().verify(signature, message)
        except InvalidSignature:
            return False
        return True

    def public_key(self) -> bytes:
        return self.private_key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )


@pytest.fixture
def moto_with_ed25519(monkeypatch: pytest.MonkeyPatch) -> None:
    make, specs = moto_utils.generate_private_key, moto_utils.KeySpec.key_specs()
    algorithms = moto_models.Key.signing_algorithms.fget
    assert SPEC not in specs, "moto knows Ed25519 now: drop what this file adds"
    assert algorithms is not None
    monkeypatch.setattr(
        moto_models, "generate_private_key", lambda spec: _Ed25519() if spec == SPEC else make(spec)
    )
    monkeypatch.setattr(moto_utils.KeySpec, "key_specs", classmethod(lambda cls: [*specs, SPEC]))
    monkeypatch.setattr(
        moto_models.Key,
        "signing_algorithms",
        property(lambda key: [ALGORITHM] if key.key_spec == SPEC else algorithms(key)),
    )


@pytest.fixture
def service(moto_with_ed25519: None, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A running KMS, where new keys of every purpose are made, and a client to look into it."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    settings.KEY_BACKENDS = dict.fromkeys(settings.KEY_BACKENDS, "kms")
    settings.KMS_ENDPOINT, settings.KMS_REGION = f"http://{host}:{port}", "eu-west-1"
    try:
        yield boto3.client("kms", region_name="eu-west-1", endpoint_url=settings.KMS_ENDPOINT)
    finally:
        server.stop()
        moto_models.kms_backends.reset()


@pytest.mark.django_db
@pytest.mark.req("LV-220")
def test_key_is_made_in_kms_and_the_database_holds_only_its_name(service: Any) -> None:
    signer = keys.signer_for("TOKEN")
    row = SigningKey.objects.get(kid=signer.kid)
    assert (row.backend, row.sealed_private_key) == ("kms", None)
    assert row.reference.startswith("arn:aws:kms:eu-west-1:")
    described = service.describe_key(KeyId=row.reference)["KeyMetadata"]
    assert (described["KeySpec"], described["KeyUsage"]) == (SPEC, "SIGN_VERIFY")
    assert is_signature(keys.public_keys("TOKEN")[signer.kid], signer.sign(b"licence"), b"licence")
    assert not is_signature(signer.public_key, signer.sign(b"licence"), b"another")


@pytest.mark.django_db
@pytest.mark.req("LV-221")
def test_rotation_makes_a_second_key_there_and_both_are_published(service: Any) -> None:
    old = keys.signer_for("TOKEN")
    signature = old.sign(b"licence")
    new = keys.rotate_key("TOKEN")
    published = keys_from_jwks(Client().get("/.well-known/jwks.json").json())
    assert {old.kid, new.kid} <= set(published)
    published[old.kid].verify(signature, b"licence")
    published[new.kid].verify(keys.signer_for("TOKEN").sign(b"licence"), b"licence")


@pytest.mark.django_db
def test_service_that_does_not_answer_signs_nothing_and_loses_nothing(service: Any, settings: Any) -> None:
    signer = keys.signer_for("TOKEN")
    answering, settings.KMS_ENDPOINT = settings.KMS_ENDPOINT, "http://127.0.0.1:9"
    with pytest.raises(Unavailable, match="KEY_BACKEND_UNAVAILABLE") as refused:
        signer.sign(b"licence")
    assert "127.0.0.1" not in refused.value.detail
    with pytest.raises(Unavailable, match="KEY_BACKEND_UNAVAILABLE"):
        keys.rotate_key("TOKEN")
    assert SigningKey.objects.get().state == "ACTIVE"
    settings.KMS_ENDPOINT = answering
    assert keys.rotate_key("TOKEN").kid != signer.kid


@pytest.mark.django_db
def test_approval_waits_for_the_key_service_and_heartbeat_answers_503(service: Any, settings: Any) -> None:
    token, credential, _ = factories.make_live_token()
    request = factories.make_submitted_request()
    answering, settings.KMS_ENDPOINT = settings.KMS_ENDPOINT, "http://127.0.0.1:9"
    with pytest.raises(Unavailable, match="KEY_BACKEND_UNAVAILABLE"):
        factories.approve(request)
    assert GrantStatement.objects.count() == 1
    url = f"/api/v1/tokens/{token.pk}/heartbeat"
    answer = Client().post(url, headers=factories.bearer(credential), content_type="application/json")
    assert (answer.status_code, answer.json()["code"]) == (503, "KEY_BACKEND_UNAVAILABLE")
    assert answer.headers["Retry-After"]
    settings.KMS_ENDPOINT = answering
    assert factories.approve(request).grant.kid == token.grant.kid


@pytest.mark.django_db
def test_status_lists_have_a_key_of_their_own_where_the_token_key_signs_short_messages(service: Any) -> None:
    token, _, _ = factories.make_live_token()
    text = Client().get(f"/status-lists/{token.status_list}").content.decode()
    published = keys_from_jwks(Client().get("/.well-known/jwks.json").json())
    assert set(keys.public_keys("STATUS")) < set(published)
    at = int(clock.now().timestamp())
    uri = f"{django_settings.BASE_URL}/status-lists/{token.status_list}"
    assert decode_status_list(text, keys=published, uri=uri, now=at).state_at(token.status_index) == VALID
    with pytest.raises(InvalidToken, match="KEY_UNTRUSTED"):
        decode_status_list(text, keys=keys.public_keys("TOKEN"), uri=uri, now=at)


@pytest.mark.django_db
def test_receipts_are_not_acknowledged_before_their_checkpoint_can_be_signed(
    service: Any, settings: Any
) -> None:
    farm = make_farm()
    lease = farm.lease(0, 4)
    rows = [farm.row(lease["id"], frame) for frame in range(5)]
    keys.signer_for("LOG")
    answering, settings.KMS_ENDPOINT = settings.KMS_ENDPOINT, "http://127.0.0.1:9"
    refused = farm.send(rows, key="batch-one")
    assert (refused.status_code, refused.json()["code"]) == (503, "KEY_BACKEND_UNAVAILABLE")
    settings.KMS_ENDPOINT = answering
    taken = farm.send(rows, key="batch-one")
    assert (taken.status_code, taken.json()["accepted"]) == (200, 5)
    report = inspect_log(production_id=farm.token.production_id)
    assert report is not None
    assert (report.faults, report.covered) == ((), report.size)


@pytest.mark.django_db
def test_answer_that_is_not_the_keys_signature_is_not_passed_on(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    signer = keys.signer_for("TOKEN")
    monkeypatch.setattr(_Ed25519, "sign", lambda *_: b"\x00" * 64)
    with pytest.raises(Unavailable, match="KEY_BACKEND_UNAVAILABLE"):
        signer.sign(b"licence")


@pytest.mark.django_db
def test_key_that_kms_does_not_know_any_more_signs_nothing(service: Any) -> None:
    signer = keys.signer_for("TOKEN")
    moto_models.kms_backends.reset()
    with pytest.raises(Unavailable, match="KEY_BACKEND_UNAVAILABLE"):
        signer.sign(b"licence")


@pytest.mark.django_db
def test_key_that_a_race_made_in_vain_is_scheduled_for_deletion(
    service: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    winner, asked = keys.signer_for("TOKEN"), []
    # moto looks the key up by its id alone here; KMS takes the ARN that we send
    delete = moto_models.KmsBackend.schedule_key_deletion
    monkeypatch.setattr(
        moto_models.KmsBackend,
        "schedule_key_deletion",
        lambda backend, key, days: asked.append((key, days)) or delete(backend, key.rpartition("/")[2], days),
    )
    from common.keys.ring import _create

    assert _create("TOKEN").kid == winner.kid
    ((arn, days),) = asked
    assert arn != SigningKey.objects.get().reference
    assert days == 7
    assert service.describe_key(KeyId=arn)["KeyMetadata"]["KeyState"] == "PendingDeletion"


@pytest.mark.django_db
def test_message_longer_than_kms_takes_is_refused_by_name(service: Any, settings: Any) -> None:
    signer = keys.signer_for("TOKEN")
    longest = b"x" * 4096
    assert is_signature(signer.public_key, signer.sign(longest), longest)
    with pytest.raises(Conflict, match="KEY_MESSAGE_TOO_LONG"):
        signer.sign(longest + b"x")
    assert not keys.signs_any_length("TOKEN")
    (warning,) = check_key_backends(None)
    assert warning.id == "common.W002"
    assert "TOKEN" in warning.msg


def test_limit_and_names_are_those_of_the_services_own_model() -> None:
    model = boto3.client("kms", region_name="eu-west-1").meta.service_model
    sign = model.operation_model("Sign").input_shape.members
    assert sign["Message"].metadata["max"] == kms.MESSAGE_BYTES_MAX
    assert kms.ALGORITHM in sign["SigningAlgorithm"].enum
    assert kms.KEY_SPEC in model.operation_model("CreateKey").input_shape.members["KeySpec"].enum


def test_backend_that_does_not_exist_is_misconfiguration(settings: Any) -> None:
    assert check_key_backends(None) == []
    settings.KEY_BACKENDS = {"TOKEN": "vault", "LOG": "pkcs11"}
    settings.PKCS11_MODULE = ""
    assert [found.id for found in check_key_backends(None)] == ["common.E002", "common.E002"]
