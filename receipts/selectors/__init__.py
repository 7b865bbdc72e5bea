"""Reads of checks, leases, receipts and logs.

Whether a token or production may be seen is decided by the caller (``licensing.selectors``); a selector
here answers for the id it is given.
"""

from receipts.selectors.keys import KeyUse, key_use
from receipts.selectors.logs import (
    GrowthProof,
    LeafProof,
    LogState,
    PublicationLag,
    PublishedLog,
    StoredEntry,
    consistency_of,
    entries_of,
    leaf_of_decision,
    leaf_of_frame,
    log_files,
    log_state,
    proof_of,
    publication_lag,
    published_log,
)
from receipts.selectors.shots import Day, ShotCell, ShotPage, ShotRow, days_of_token, shots_of_token
from receipts.selectors.tokens import (
    Page,
    ReceiptRow,
    TokenCounts,
    checks_for_token,
    checks_of_production,
    counts_for_token,
    counts_for_tokens,
    leases_for_token,
    quotas_of,
    receipts_for_token,
    receipts_of_production,
    rendered_under,
)

__all__ = [
    "Day",
    "GrowthProof",
    "KeyUse",
    "LeafProof",
    "LogState",
    "Page",
    "PublicationLag",
    "PublishedLog",
    "ReceiptRow",
    "ShotCell",
    "ShotPage",
    "ShotRow",
    "StoredEntry",
    "TokenCounts",
    "checks_for_token",
    "checks_of_production",
    "consistency_of",
    "counts_for_token",
    "counts_for_tokens",
    "days_of_token",
    "entries_of",
    "key_use",
    "leaf_of_decision",
    "leaf_of_frame",
    "leases_for_token",
    "log_files",
    "log_state",
    "proof_of",
    "publication_lag",
    "published_log",
    "quotas_of",
    "receipts_for_token",
    "receipts_of_production",
    "rendered_under",
    "shots_of_token",
]
