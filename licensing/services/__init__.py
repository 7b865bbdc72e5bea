"""Writes, by noun. Keyword-only; each opens its transaction, locks, decides, saves and leaves the trail."""

from licensing.selectors.guilds import member_digest
from licensing.services.activation import forget_status_changes, settle_states
from licensing.services.alerts import raise_expiry_alerts, raise_quota_alert
from licensing.services.asks import LicenceAsk
from licensing.services.authorities import end_authority, end_expired_authorities, register_authority
from licensing.services.checkpoints import pass_checkpoint
from licensing.services.decisions import (
    accept_counter,
    approve_request,
    counter_request,
    decline_request,
    end_notices,
    lapse_requests,
    open_request,
    preview_counter,
    withdraw_request,
)
from licensing.services.defaults import (
    accept_guild_defaults,
    limits_of_member,
    set_guild_defaults,
    tighten_own,
)
from licensing.services.delegations import delegate_mandate, end_absence, end_delegation, set_absence
from licensing.services.drafts import AskPreview, discard_draft, preview_ask, submit_draft
from licensing.services.duties import acknowledge_revocation, note_overdue_duties
from licensing.services.effects import Effect, Preview
from licensing.services.events import declare_event, preview_event
from licensing.services.heartbeat import Heartbeat, audience_of, binding_of, heartbeat_token
from licensing.services.holds import lift_hold, place_hold, resume_token
from licensing.services.leftovers import drop_leftovers
from licensing.services.letters import note_deadlines, told_of
from licensing.services.mandates import end_mandate, grant_mandate
from licensing.services.negotiation import lock_draft, preview_revision, revise_request, save_draft
from licensing.services.outlook import Applying, Floor, Outlook, outlook_on
from licensing.services.productions import register_production
from licensing.services.profiles import adopt_profile, end_adoption, judge_terms
from licensing.services.questions import answer_question, ask_question, ask_questions
from licensing.services.refusing import block_studio, escalate_request, unblock_studio
from licensing.services.reissue import reissue_grants
from licensing.services.releases import ask_release, decide_release
from licensing.services.representation import preview_representation
from licensing.services.requests import request_renewal, submit_request
from licensing.services.revoke import emergency_stop, lift_emergency_stop, revoke_token
from licensing.services.rollouts import (
    candidate,
    difference_report,
    end_rollout,
    promote,
    start_canary,
    start_shadow,
)
from licensing.services.rolls import (
    ROLL_BYTES_MAX,
    hand_in_roll,
    read_roll,
    refusals_of,
    require_roll_desk,
)
from licensing.services.rule_limits import LIFE_OF_WORK
from licensing.services.sheets import as_text, plain_csv, write_csv
from licensing.services.sign_offs import sign_off_profile
from licensing.services.standing import end_auto_rule, instruct, set_auto_rule
from licensing.services.talents import add_construct, register_talent
from licensing.services.training import (
    approve_training,
    decline_training,
    lapse_training_requests,
    revoke_training,
    submit_training_request,
    withdraw_training,
)
from licensing.services.training_asks import TrainingAsk, TrainingPreview, preview_training
from licensing.services.training_tokens import TrainingBeat, training_heartbeat
from licensing.services.visibility import VisibilityAnswer, check_visibility, set_visibility

__all__ = [
    "LIFE_OF_WORK",
    "ROLL_BYTES_MAX",
    "Applying",
    "AskPreview",
    "Effect",
    "Floor",
    "Heartbeat",
    "LicenceAsk",
    "Outlook",
    "Preview",
    "TrainingAsk",
    "TrainingBeat",
    "TrainingPreview",
    "VisibilityAnswer",
    "accept_counter",
    "accept_guild_defaults",
    "acknowledge_revocation",
    "add_construct",
    "adopt_profile",
    "answer_question",
    "approve_request",
    "approve_training",
    "as_text",
    "ask_question",
    "ask_questions",
    "ask_release",
    "audience_of",
    "binding_of",
    "block_studio",
    "candidate",
    "check_visibility",
    "counter_request",
    "decide_release",
    "declare_event",
    "decline_request",
    "decline_training",
    "delegate_mandate",
    "difference_report",
    "discard_draft",
    "drop_leftovers",
    "emergency_stop",
    "end_absence",
    "end_adoption",
    "end_authority",
    "end_auto_rule",
    "end_delegation",
    "end_expired_authorities",
    "end_mandate",
    "end_notices",
    "end_rollout",
    "escalate_request",
    "forget_status_changes",
    "grant_mandate",
    "hand_in_roll",
    "heartbeat_token",
    "instruct",
    "judge_terms",
    "lapse_requests",
    "lapse_training_requests",
    "lift_emergency_stop",
    "lift_hold",
    "limits_of_member",
    "lock_draft",
    "member_digest",
    "note_deadlines",
    "note_overdue_duties",
    "open_request",
    "outlook_on",
    "pass_checkpoint",
    "place_hold",
    "plain_csv",
    "preview_ask",
    "preview_counter",
    "preview_event",
    "preview_representation",
    "preview_revision",
    "preview_training",
    "promote",
    "raise_expiry_alerts",
    "raise_quota_alert",
    "read_roll",
    "refusals_of",
    "register_authority",
    "register_production",
    "register_talent",
    "reissue_grants",
    "request_renewal",
    "require_roll_desk",
    "resume_token",
    "revise_request",
    "revoke_token",
    "revoke_training",
    "save_draft",
    "set_absence",
    "set_auto_rule",
    "set_guild_defaults",
    "set_visibility",
    "settle_states",
    "sign_off_profile",
    "start_canary",
    "start_shadow",
    "submit_draft",
    "submit_request",
    "submit_training_request",
    "tighten_own",
    "told_of",
    "training_heartbeat",
    "unblock_studio",
    "withdraw_request",
    "withdraw_training",
    "write_csv",
]
