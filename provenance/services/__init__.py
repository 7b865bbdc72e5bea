"""Writes of this floor, by noun: the signing authority, the taking in of uploads, their release."""

from provenance.services.intake import receive_asset
from provenance.services.release import mark_asset, sign_asset, verify_asset
from provenance.services.resolution import choose_resolution, resolution_of
from provenance.services.signing import (
    revocation_lists_pem,
    revoke_certificate,
    revoked_certificates,
    rotate_certificate,
    signing_identity,
    trust_anchors_pem,
)

__all__ = [
    "choose_resolution",
    "mark_asset",
    "receive_asset",
    "resolution_of",
    "revocation_lists_pem",
    "revoke_certificate",
    "revoked_certificates",
    "rotate_certificate",
    "sign_asset",
    "signing_identity",
    "trust_anchors_pem",
    "verify_asset",
]
