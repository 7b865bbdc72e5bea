"""Compliance bundles: their layout, the pure writers of their pieces, and the offline verifier."""

from trustcore.bundle.report import BundleReport, Trust
from trustcore.bundle.verify import verify_bundle

__all__ = ["BundleReport", "Trust", "verify_bundle"]
