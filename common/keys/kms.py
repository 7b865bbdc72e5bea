"""Private keys in AWS KMS: made there, used there, named by their ARN.

KMS signs Ed25519 (RFC 8032, not pre-hashed) as ``ED25519_SHA_512`` over ``RAW`` messages of at most 4,096
bytes. Credentials come from boto3's own chain (role, environment, profile); none is a setting of ours.

Source: AWS KMS API reference, CreateKey, GetPublicKey, Sign; key specs ``ECC_NIST_EDWARDS25519``
and, for C2PA claims, ``ECC_NIST_P256``.
"""

import hashlib
import os
import threading
from functools import partial
from typing import Any, Final, Literal

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.serialization import load_der_public_key
from django.conf import settings

from common.keys.backends import NewKey, RemoteSigner, remote_signer, unavailable
from common.models import SigningKey

MESSAGE_BYTES_MAX: int | None = 4096
KEY_SPEC: Final = "ECC_NIST_EDWARDS25519"
ALGORITHM: Final = "ED25519_SHA_512"
KEY_SPEC_P256: Final = "ECC_NIST_P256"
ALGORITHM_P256: Final = "ECDSA_SHA_256"
_INTEGER_BYTES: Final = 32
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
    arn, der = _made(KEY_SPEC, purpose)
    public = load_der_public_key(der)
    if not isinstance(public, Ed25519PublicKey):
        raise unavailable(_NAME, "it made a key of another kind")
    return NewKey(public, reference=arn)


def signer(row: SigningKey) -> RemoteSigner:
    """A signer that asks KMS for every signature."""
    return remote_signer(row, partial(_sign, row.reference), message_bytes_max=MESSAGE_BYTES_MAX)


def create_p256() -> tuple[ec.EllipticCurvePublicKey, str]:
    """Make a pair on P-256 in KMS; its public half and its ARN.

    Raises:
        Unavailable: ``KEY_BACKEND_UNAVAILABLE``.
    """
    arn, der = _made(KEY_SPEC_P256, "CREDENTIALS")
    public = load_der_public_key(der)
    if not isinstance(public, ec.EllipticCurvePublicKey) or public.curve.name != "secp256r1":
        raise unavailable(_NAME, "it made a key of another kind")
    return public, arn


def sign_p256(reference: str, data: bytes) -> bytes:
    """Have KMS sign ``data``, hashed by KMS or, where it is long, here; the two integers of 32 bytes each."""
    is_short = len(data) <= (MESSAGE_BYTES_MAX or 0)
    message, kind = (data, "RAW") if is_short else (hashlib.sha256(data).digest(), "DIGEST")
    r, s = decode_dss_signature(_sign(reference, message, kind=kind, algorithm=ALGORITHM_P256))
    return r.to_bytes(_INTEGER_BYTES, "big") + s.to_bytes(_INTEGER_BYTES, "big")


def discard(reference: str) -> None:
    """Schedule the key's deletion, as early as KMS allows."""
    try:
        _client().schedule_key_deletion(KeyId=reference, PendingWindowInDays=_DAYS_UNTIL_DELETION)
    except (BotoCoreError, ClientError) as error:
        raise unavailable(_NAME, error) from error


def _made(spec: Literal["ECC_NIST_EDWARDS25519", "ECC_NIST_P256"], purpose: str) -> tuple[str, bytes]:
    """Make a pair; its ARN and the DER of its public half."""
    try:
        made = _client().create_key(
            KeySpec=spec,
            KeyUsage="SIGN_VERIFY",
            Description=f"trustmark {purpose.lower()}",
            Tags=[{"TagKey": "trustmark-purpose", "TagValue": purpose}],
        )
        arn = made["KeyMetadata"]["Arn"]
        return str(arn), bytes(_client().get_public_key(KeyId=arn)["PublicKey"])
    except (BotoCoreError, ClientError) as error:
        raise unavailable(_NAME, error) from error


def _sign(arn: str, message: bytes, *, kind: str = "RAW", algorithm: str = ALGORITHM) -> bytes:
    try:
        answer = _client().sign(KeyId=arn, Message=message, MessageType=kind, SigningAlgorithm=algorithm)
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
