"""Writes, by noun. Keyword-only; each opens its transaction, locks, decides, saves and leaves the trail."""

from licensing.services.activation import forget_status_changes, settle_states
from licensing.services.alerts import raise_expiry_alerts
from licensing.services.asks import LicenceAsk
from licensing.services.decisions import (
    accept_counter,
    approve_request,
    counter_request,
    decline_request,
    end_notices,
    lapse_requests,
    open_request,
    withdraw_request,
)
from licensing.services.delegations import delegate_mandate, end_absence, end_delegation, set_absence
from licensing.services.heartbeat import Heartbeat, audience_of, binding_of, heartbeat_token
from licensing.services.holds import lift_hold, place_hold, resume_token
from licensing.services.mandates import end_mandate, grant_mandate
from licensing.services.negotiation import (
    answer_question,
    ask_question,
    lock_draft,
    revise_request,
    save_draft,
)
from licensing.services.productions import register_production
from licensing.services.profiles import adopt_profile, end_adoption, judge_terms
from licensing.services.reissue import reissue_grants
from licensing.services.requests import request_renewal, submit_request
from licensing.services.revoke import emergency_stop, lift_emergency_stop, revoke_token
from licensing.services.standing import (
    end_authority,
    end_auto_rule,
    instruct,
    register_authority,
    set_auto_rule,
)
from licensing.services.talents import add_construct, register_talent
from licensing.services.visibility import VisibilityAnswer, check_visibility, set_visibility

__all__ = [
    "Heartbeat",
    "LicenceAsk",
    "VisibilityAnswer",
    "accept_counter",
    "add_construct",
    "adopt_profile",
    "answer_question",
    "approve_request",
    "ask_question",
    "audience_of",
    "binding_of",
    "check_visibility",
    "counter_request",
    "decline_request",
    "delegate_mandate",
    "emergency_stop",
    "end_absence",
    "end_adoption",
    "end_authority",
    "end_auto_rule",
    "end_delegation",
    "end_mandate",
    "end_notices",
    "forget_status_changes",
    "grant_mandate",
    "heartbeat_token",
    "instruct",
    "judge_terms",
    "lapse_requests",
    "lift_emergency_stop",
    "lift_hold",
    "lock_draft",
    "open_request",
    "place_hold",
    "raise_expiry_alerts",
    "register_authority",
    "register_production",
    "register_talent",
    "reissue_grants",
    "request_renewal",
    "resume_token",
    "revise_request",
    "revoke_token",
    "save_draft",
    "set_absence",
    "set_auto_rule",
    "set_visibility",
    "settle_states",
    "submit_request",
    "withdraw_request",
]
