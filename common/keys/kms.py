"""Private keys in AWS KMS: made there, used there, named by their ARN.

KMS signs Ed25519 (RFC 8032, not pre-hashed) as ``ED25519_SHA_512`` over ``RAW`` messages of at most 4,096
bytes. Credentials come from boto3's own chain (role, environment, profile); none is a setting of ours.

Source: AWS KMS API reference, CreateKey, GetPublicKey, Sign; key spec ``ECC_NIST_EDWARDS25519``.
"""

import os
import threading
from functools import partial
from typing import Any, Final

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.conf import settings

from common.keys.backends import NewKey, RemoteSigner, remote_signer, unavailable
from common.models import SigningKey

MESSAGE_BYTES_MAX: int | None = 4096
KEY_SPEC: Final = "ECC_NIST_EDWARDS25519"
ALGORITHM: Final = "ED25519_SHA_512"
_NAME: Final = "AWS KMS"
# a check waits for nobody longer than this (seconds); three tries in all
_CONFIG: Final = Config(
    connect_timeout=2, read_timeout=5, retries={"mode": "standard", "total_max_attempts": 3}
)
_DAYS_UNTIL_DELETION: Final = 7
_clients: dict[tuple[int, str, str], Any] = {}
_making = threading.Lock()


def create(purpose: str) -> NewKey:
    """Make a key pair in KMS.

    Raises:
        Unavailable: ``KEY_BACKEND_UNAVAILABLE``.
    """
    try:
        made = _client().create_key(
            KeySpec=KEY_SPEC,
            KeyUsage="SIGN_VERIFY",
            Description=f"trustmark {purpose.lower()}",
            Tags=[{"TagKey": "trustmark-purpose", "TagValue": purpose}],
        )
        arn = made["KeyMetadata"]["Arn"]
        der = _client().get_public_key(KeyId=arn)["PublicKey"]
    except (BotoCoreError, ClientError) as error:
        raise unavailable(_NAME, error) from error
    public = load_der_public_key(der)
    if not isinstance(public, Ed25519PublicKey):
        raise unavailable(_NAME, "it made a key of another kind")
    return NewKey(public, reference=arn)


def signer(row: SigningKey) -> RemoteSigner:
    """A signer that asks KMS for every signature."""
    return remote_signer(row, partial(_sign, row.reference), message_bytes_max=MESSAGE_BYTES_MAX)


def discard(reference: str) -> None:
    """Schedule the key's deletion, as early as KMS allows."""
    try:
        _client().schedule_key_deletion(KeyId=reference, PendingWindowInDays=_DAYS_UNTIL_DELETION)
    except (BotoCoreError, ClientError) as error:
        raise unavailable(_NAME, error) from error


def _sign(arn: str, message: bytes) -> bytes:
    try:
        answer = _client().sign(KeyId=arn, Message=message, MessageType="RAW", SigningAlgorithm=ALGORITHM)
    except (BotoCoreError, ClientError) as error:
        raise unavailable(_NAME, error) from error
    return bytes(answer["Signature"])


def _client() -> Any:
    """The process's client: threads share it, a forked child makes its own (sockets are not for two)."""
    key = (os.getpid(), settings.KMS_ENDPOINT, settings.KMS_REGION)
    if key not in _clients:
        with _making:
            if key not in _clients:
                _clients[key] = boto3.session.Session().client(
                    "kms",
                    region_name=settings.KMS_REGION or None,
                    endpoint_url=settings.KMS_ENDPOINT or None,
                    config=_CONFIG,
                )
    return _clients[key]
