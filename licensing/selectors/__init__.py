"""Reads. Visibility is decided here; what a caller may not see is not there.

Querysets for the floors above (``requests_visible_to``, ``tokens_visible_to`` ...), frozen dataclasses for
pages (``inbox``, ``request_detail``, ``roster``, ``licences``, ``licence_detail``).
"""

from licensing.selectors.alerts import Notice, Notices, alerts_visible_to, duty_owed, notices_page
from licensing.selectors.facts import LicenceFacts, licence_state_for
from licensing.selectors.holds import holds_placed_by, stop_in_force
from licensing.selectors.inbox import Inbox, RequestLine, inbox
from licensing.selectors.introspection import introspect
from licensing.selectors.licences import LicenceDetail, LicenceLine, licence_detail, licences
from licensing.selectors.mandates import (
    AbsenceLine,
    DelegationLine,
    HeldMandate,
    MandatesPage,
    absences_seen_by,
    colleagues_of,
    delegation_of,
    delegations_seen_by,
    held_mandate,
    mandates_page,
    may_pass_on,
)
from licensing.selectors.own_word import Instruction, last_instructions, rules_page
from licensing.selectors.people import (
    ConstructLine,
    MandateLine,
    RosterLine,
    mandate_in_force,
    pairwise_pseudonym,
    person_pseudonym,
    roster,
    speaks_for,
    talents_on_roster,
    visible_constructs,
)
from licensing.selectors.productions import production_for, productions_visible_to, takes_part
from licensing.selectors.represented import (
    Person,
    PersonLine,
    RosterPage,
    RuleLine,
    own_line,
    person_on_roster,
    roster_page,
    rule_line,
    rules_in_force,
)
from licensing.selectors.request_detail import (
    ActionLine,
    RequestDetail,
    Signer,
    VersionLine,
    difference_between,
    request_detail,
)
from licensing.selectors.requests import requests_visible_to
from licensing.selectors.standing import Licences, licences_page, live_licences
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
from licensing.selectors.waiting import (
    Neighbours,
    Requests,
    needs_count,
    neighbours_of,
    open_count,
    requests_needing,
    requests_of,
    requests_page,
)
from licensing.selectors.working import seen_as_vendor, working_document

__all__ = [
    "AbsenceLine",
    "ActionLine",
    "ConstructLine",
    "DelegationLine",
    "HeldMandate",
    "Inbox",
    "Instruction",
    "LicenceDetail",
    "LicenceFacts",
    "LicenceLine",
    "Licences",
    "MandateLine",
    "MandatesPage",
    "Neighbours",
    "Notice",
    "Notices",
    "Person",
    "PersonLine",
    "RequestDetail",
    "RequestLine",
    "Requests",
    "RosterLine",
    "RosterPage",
    "RuleLine",
    "Signer",
    "VersionLine",
    "absences_seen_by",
    "alerts_visible_to",
    "colleagues_of",
    "current_grant",
    "delegation_of",
    "delegations_seen_by",
    "difference_between",
    "duty_owed",
    "effective_state",
    "held_mandate",
    "hold_reasons_on",
    "holds_on",
    "holds_placed_by",
    "inbox",
    "introspect",
    "jwks",
    "last_instructions",
    "licence_detail",
    "licence_state_for",
    "licences",
    "licences_page",
    "live_licences",
    "mandate_in_force",
    "mandates_page",
    "may_pass_on",
    "needs_count",
    "neighbours_of",
    "notices_page",
    "open_count",
    "own_line",
    "pairwise_pseudonym",
    "person_on_roster",
    "person_pseudonym",
    "production_for",
    "productions_visible_to",
    "request_detail",
    "requests_needing",
    "requests_of",
    "requests_page",
    "requests_visible_to",
    "roster",
    "roster_page",
    "rule_line",
    "rules_in_force",
    "rules_page",
    "seen_as_vendor",
    "speaks_for",
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
