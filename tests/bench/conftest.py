"""What the measuring tools' tests share with the ledger's."""

from tests.receipts.conftest import own_log_store

__all__ = ["own_log_store"]
