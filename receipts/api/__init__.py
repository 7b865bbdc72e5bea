"""The HTTP face of checks, leases, receipts and logs: parse, call, serialize."""

from receipts.api.checks import CheckApi
from receipts.api.exports import ExportApi
from receipts.api.files import log_cosignatures, log_file
from receipts.api.leases import LeaseEndApi, LeaseHeartbeatApi
from receipts.api.proofs import ConsistencyApi, LeafApi, ProofApi
from receipts.api.public import DecisionJwksView
from receipts.api.receipts import ReceiptsApi

__all__ = [
    "CheckApi",
    "ConsistencyApi",
    "DecisionJwksView",
    "ExportApi",
    "LeafApi",
    "LeaseEndApi",
    "LeaseHeartbeatApi",
    "ProofApi",
    "ReceiptsApi",
    "log_cosignatures",
    "log_file",
]
