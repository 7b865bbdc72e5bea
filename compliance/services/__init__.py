"""Writes of bundles: ask for one, make one, say that one could not be made."""

from compliance.services.asking import EVERYTHING, fail_bundle, request_bundle
from compliance.services.leftovers import drop_leftovers
from compliance.services.making import build_bundle

__all__ = ["EVERYTHING", "build_bundle", "drop_leftovers", "fail_bundle", "request_bundle"]
