"""Writes of this floor, by noun: the signing authority, the taking in of uploads, their release."""

from provenance.services.credentialing import is_sidecar
from provenance.services.evidence import LoggedOutput, duty_evidence, duty_page
from provenance.services.intake import receive_asset
from provenance.services.leftovers import drop_leftovers
from provenance.services.reading import record_reading
from provenance.services.registering import register_mark_for
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
from provenance.services.taking_up import take_up_again

__all__ = [
    "LoggedOutput",
    "choose_resolution",
    "drop_leftovers",
    "duty_evidence",
    "duty_page",
    "is_sidecar",
    "mark_asset",
    "receive_asset",
    "record_reading",
    "register_mark_for",
    "resolution_of",
    "revocation_lists_pem",
    "revoke_certificate",
    "revoked_certificates",
    "rotate_certificate",
    "sign_asset",
    "signing_identity",
    "take_up_again",
    "trust_anchors_pem",
    "verify_asset",
]
