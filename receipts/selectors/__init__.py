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
    last_checkpoint_at,
    leaf_of_decision,
    leaf_of_frame,
    log_files,
    log_state,
    proof_of,
    publication_lag,
    published_log,
)
from receipts.selectors.pace import ProductionTotals, QuotaUse, totals_of_production, use_of_tokens
from receipts.selectors.rendered import RenderedShot, rendered_shots
from receipts.selectors.shots import Day, ShotCell, ShotRow, TokenUse, token_use
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
    running_under,
)
from receipts.selectors.usage import PeriodUse, use_in_period
from receipts.selectors.witnesses import LogWatch, WitnessRow, cosigned_notes, watches_of, witnesses_of

__all__ = [
    "Day",
    "GrowthProof",
    "KeyUse",
    "LeafProof",
    "LogState",
    "LogWatch",
    "Page",
    "PeriodUse",
    "ProductionTotals",
    "PublicationLag",
    "PublishedLog",
    "QuotaUse",
    "ReceiptRow",
    "RenderedShot",
    "ShotCell",
    "ShotRow",
    "StoredEntry",
    "TokenCounts",
    "TokenUse",
    "WitnessRow",
    "checks_for_token",
    "checks_of_production",
    "consistency_of",
    "cosigned_notes",
    "counts_for_token",
    "counts_for_tokens",
    "entries_of",
    "key_use",
    "last_checkpoint_at",
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
    "rendered_shots",
    "rendered_under",
    "running_under",
    "token_use",
    "totals_of_production",
    "use_in_period",
    "use_of_tokens",
    "watches_of",
    "witnesses_of",
]
