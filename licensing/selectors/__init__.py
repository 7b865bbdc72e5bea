"""Reads. Visibility is decided here; what a caller may not see is not there.

Querysets for the floors above (``requests_visible_to``, ``tokens_visible_to`` ...), frozen dataclasses for
pages (``inbox``, ``request_detail``, ``roster``, ``licences``, ``licence_detail``).
"""

from licensing.selectors.alerts import alerts_visible_to
from licensing.selectors.facts import LicenceFacts, licence_state_for
from licensing.selectors.holds import holds_placed_by, stop_in_force
from licensing.selectors.inbox import Inbox, RequestLine, inbox
from licensing.selectors.introspection import introspect
from licensing.selectors.licences import LicenceDetail, LicenceLine, licence_detail, licences
from licensing.selectors.people import (
    ConstructLine,
    MandateLine,
    RosterLine,
    mandate_in_force,
    pairwise_pseudonym,
    person_pseudonym,
    roster,
    talents_on_roster,
    visible_constructs,
)
from licensing.selectors.productions import production_for, productions_visible_to, takes_part
from licensing.selectors.request_detail import (
    ActionLine,
    RequestDetail,
    Signer,
    VersionLine,
    difference_between,
    request_detail,
)
from licensing.selectors.requests import requests_visible_to
from licensing.selectors.rollouts import (
    productions_named,
    rollout_for,
    rollouts_of,
    shadow_count,
    shadow_counts,
)
from licensing.selectors.status import jwks, status_list_jwt, status_lists
from licensing.selectors.tokens import (
    current_grant,
    effective_state,
    hold_reasons_on,
    holds_on,
    terms_in_force,
    token_by_jti,
    tokens_of_production,
    tokens_visible_to,
)
from licensing.selectors.training import (
    training_requests_visible_to,
    training_state,
    training_tokens_visible_to,
)
from licensing.selectors.working import seen_as_vendor, working_document

__all__ = [
    "ActionLine",
    "ConstructLine",
    "Inbox",
    "LicenceDetail",
    "LicenceFacts",
    "LicenceLine",
    "MandateLine",
    "RequestDetail",
    "RequestLine",
    "RosterLine",
    "Signer",
    "VersionLine",
    "alerts_visible_to",
    "current_grant",
    "difference_between",
    "effective_state",
    "hold_reasons_on",
    "holds_on",
    "holds_placed_by",
    "inbox",
    "introspect",
    "jwks",
    "licence_detail",
    "licence_state_for",
    "licences",
    "mandate_in_force",
    "pairwise_pseudonym",
    "person_pseudonym",
    "production_for",
    "productions_named",
    "productions_visible_to",
    "request_detail",
    "requests_visible_to",
    "rollout_for",
    "rollouts_of",
    "roster",
    "seen_as_vendor",
    "shadow_count",
    "shadow_counts",
    "status_list_jwt",
    "status_lists",
    "stop_in_force",
    "takes_part",
    "talents_on_roster",
    "terms_in_force",
    "token_by_jti",
    "tokens_of_production",
    "tokens_visible_to",
    "training_requests_visible_to",
    "training_state",
    "training_tokens_visible_to",
    "visible_constructs",
    "working_document",
]
