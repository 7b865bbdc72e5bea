"""System checks of receipts."""
