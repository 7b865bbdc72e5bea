"""Writes of bundles: ask for one, make one, say that one could not be made."""

from compliance.services.asking import fail_bundle, request_bundle
from compliance.services.making import build_bundle

__all__ = ["build_bundle", "fail_bundle", "request_bundle"]
