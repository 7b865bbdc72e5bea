"""Reads. Visibility is decided here; what a caller may not see is not there.

Querysets for the floors above (``requests_visible_to``, ``tokens_visible_to`` ...), frozen dataclasses for
pages (``inbox``, ``request_detail``, ``roster``, ``licences``, ``licence_detail``).
"""

from licensing.selectors.alerts import alerts_visible_to
from licensing.selectors.directory import DirectoryLine, DirectoryPage, directory, talent_seen
from licensing.selectors.drafts import draft_for, drafts_of
from licensing.selectors.duties import DutyLine, duties_of, duty_for
from licensing.selectors.events import (
    Thing,
    events_declared_by,
    holds_in_our_name,
    name_of,
    names_of_tokens,
    things_for,
)
from licensing.selectors.facts import LicenceFacts, licence_state_for
from licensing.selectors.guilds import (
    MemberLine,
    MemberPage,
    defaults_of,
    member_productions,
    members_of,
    members_page,
    overseen_productions,
    roll_for,
    rolls_of,
)
from licensing.selectors.holds import holds_placed_by, stop_in_force, thing_visible_to
from licensing.selectors.inbox import Inbox, RequestLine, inbox
from licensing.selectors.introspection import introspect
from licensing.selectors.licences import (
    LicenceDetail,
    LicenceLine,
    licence_detail,
    licences,
    licences_ending,
    renewals_asked,
)
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
from licensing.selectors.profiles import (
    adoption_in_force,
    adoptions_of,
    live_licences_under,
    open_requests_under,
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
    "DirectoryLine",
    "DirectoryPage",
    "DutyLine",
    "Inbox",
    "LicenceDetail",
    "LicenceFacts",
    "LicenceLine",
    "MandateLine",
    "MemberLine",
    "MemberPage",
    "RequestDetail",
    "RequestLine",
    "RosterLine",
    "Signer",
    "Thing",
    "VersionLine",
    "adoption_in_force",
    "adoptions_of",
    "alerts_visible_to",
    "current_grant",
    "defaults_of",
    "difference_between",
    "directory",
    "draft_for",
    "drafts_of",
    "duties_of",
    "duty_for",
    "effective_state",
    "events_declared_by",
    "hold_reasons_on",
    "holds_in_our_name",
    "holds_on",
    "holds_placed_by",
    "inbox",
    "introspect",
    "jwks",
    "licence_detail",
    "licence_state_for",
    "licences",
    "licences_ending",
    "live_licences_under",
    "mandate_in_force",
    "member_productions",
    "members_of",
    "members_page",
    "name_of",
    "names_of_tokens",
    "open_requests_under",
    "overseen_productions",
    "pairwise_pseudonym",
    "person_pseudonym",
    "production_for",
    "productions_visible_to",
    "renewals_asked",
    "request_detail",
    "requests_visible_to",
    "roll_for",
    "rolls_of",
    "roster",
    "seen_as_vendor",
    "status_list_jwt",
    "status_lists",
    "stop_in_force",
    "takes_part",
    "talent_seen",
    "talents_on_roster",
    "terms_in_force",
    "thing_visible_to",
    "things_for",
    "token_by_jti",
    "tokens_of_production",
    "tokens_visible_to",
    "training_requests_visible_to",
    "training_state",
    "training_tokens_visible_to",
    "visible_constructs",
    "working_document",
]
