"""The HTTP face of checks, leases, receipts and logs: parse, call, serialize."""

from receipts.api.checks import CheckApi
from receipts.api.exports import ExportApi
from receipts.api.files import log_file
from receipts.api.leases import LeaseEndApi, LeaseHeartbeatApi
from receipts.api.public import DecisionJwksView
from receipts.api.receipts import ProofApi, ReceiptsApi

__all__ = [
    "CheckApi",
    "DecisionJwksView",
    "ExportApi",
    "LeaseEndApi",
    "LeaseHeartbeatApi",
    "ProofApi",
    "ReceiptsApi",
    "log_file",
]
