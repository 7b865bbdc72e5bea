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
from receipts.selectors.tokens import (
    Page,
    ReceiptRow,
    ShotStrip,
    TokenCounts,
    checks_for_token,
    checks_of_production,
    counts_for_token,
    counts_for_tokens,
    heat_strip,
    leases_for_token,
    quotas_of,
    receipts_for_token,
    receipts_of_production,
    rendered_under,
)

__all__ = [
    "GrowthProof",
    "KeyUse",
    "LeafProof",
    "LogState",
    "Page",
    "PublicationLag",
    "PublishedLog",
    "ReceiptRow",
    "ShotStrip",
    "StoredEntry",
    "TokenCounts",
    "checks_for_token",
    "checks_of_production",
    "consistency_of",
    "counts_for_token",
    "counts_for_tokens",
    "entries_of",
    "heat_strip",
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
]
