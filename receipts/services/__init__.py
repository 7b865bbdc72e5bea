"""Writes of checks, leases, receipts and the log. Nothing here knows HTTP, DRF or Celery."""

from receipts.services.batches import BatchAnswer, RowAnswer, Run
from receipts.services.check import CheckAnswer, check_render
from receipts.services.checkpoints import add_witness, remove_witness, take_cosignatures
from receipts.services.intake import take_blocks, take_receipts
from receipts.services.keying import revoke_signing_key, rotate_signing_key
from receipts.services.lease import LeaseAnswer, end_lease, expire_leases, heartbeat_lease
from receipts.services.presentation import hold_to_sender
from receipts.services.publish import LogBroken, publish_log, publish_waiting
from receipts.services.publisher import Publisher
from receipts.services.quota_alerts import alert_quotas
from receipts.services.sequence import drain_log, open_log
from receipts.services.upkeep import drain_waiting, forget_old

__all__ = [
    "BatchAnswer",
    "CheckAnswer",
    "LeaseAnswer",
    "LogBroken",
    "Publisher",
    "RowAnswer",
    "Run",
    "add_witness",
    "alert_quotas",
    "check_render",
    "drain_log",
    "drain_waiting",
    "end_lease",
    "expire_leases",
    "forget_old",
    "heartbeat_lease",
    "hold_to_sender",
    "open_log",
    "publish_log",
    "publish_waiting",
    "remove_witness",
    "revoke_signing_key",
    "rotate_signing_key",
    "take_blocks",
    "take_cosignatures",
    "take_receipts",
]
