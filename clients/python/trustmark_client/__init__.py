"""The farm's side of a likeness licence: check, lease, receipts. Knows ``trustcore`` and nothing of the server.

>>> ProofKey.generate().jwk["crv"]
'Ed25519'
"""

from trustmark_client.aio.client import AsyncTrustmarkClient
from trustmark_client.answers import BatchAnswer, Decision, Lease, LeaseState, TokenHeartbeat
from trustmark_client.asks import Ask, FrameReceipt
from trustmark_client.client import TrustmarkClient
from trustmark_client.errors import ClientError, Denied, LicenceEnded, ServerRefused, ServerUnreachable
from trustmark_client.frames import FrameLoop
from trustmark_client.keys import ClientCertificate, ProofKey, Trust
from trustmark_client.written import receipt_of

__all__ = [
    "Ask",
    "AsyncTrustmarkClient",
    "BatchAnswer",
    "ClientCertificate",
    "ClientError",
    "Decision",
    "Denied",
    "FrameLoop",
    "FrameReceipt",
    "Lease",
    "LeaseState",
    "LicenceEnded",
    "ProofKey",
    "ServerRefused",
    "ServerUnreachable",
    "TokenHeartbeat",
    "Trust",
    "TrustmarkClient",
    "receipt_of",
]
