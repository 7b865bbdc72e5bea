"""Every reason a render check can be refused for; the codes are public API.

The enumeration is closed: an unknown code is never issued, and a new one is a schema version.
``docs/reason-codes.md`` is written by this module::

    python -m trustcore.policy.reasons > docs/reason-codes.md

Source: TAXONOMY section 14.
"""

from __future__ import annotations

import sys
from typing import Final

from trustcore.older import Self, StrEnum


class DenyReason(StrEnum):
    """A stable code, its group, and what a person needs to know of it.

    Attributes:
        explanation: one sentence that says what is the matter.
        mend: one sentence that says what to do about it.
        steps: the steps of the decision that yield it; 0 is the door before them, where the token, its proof
            and the pace of the caller are judged.
    """

    group: str
    explanation: str
    mend: str
    steps: tuple[int, ...]

    def __new__(cls, code: str, group: str, explanation: str, mend: str, *steps: int) -> Self:
        """Carry the group, the sentences and the steps beside the code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.group = group
        member.explanation = explanation
        member.mend = mend
        member.steps = steps
        return member

    TOKEN_UNKNOWN = (
        "TOKEN_UNKNOWN",
        "Token",
        "No licence with this id is known here.",
        "Ask for a licence, or name the one that you hold.",
        0,
        3,
    )
    TOKEN_MALFORMED = (
        "TOKEN_MALFORMED",
        "Token",
        "The token, or the proof sent with it, is not well formed.",
        "Send the token as the heartbeat gave it, and a proof made for this very call.",
        0,
    )
    SIGNATURE_INVALID = (
        "SIGNATURE_INVALID",
        "Token",
        "The signature does not match the token's content.",
        "Fetch a fresh token by the heartbeat; never edit one.",
        0,
    )
    KEY_UNTRUSTED = (
        "KEY_UNTRUSTED",
        "Token",
        "The token is signed by a key this server does not trust.",
        "Fetch a fresh token: the key behind this one is no longer trusted.",
        0,
    )
    AUDIENCE_MISMATCH = (
        "AUDIENCE_MISMATCH",
        "Token",
        "The token was issued for another client.",
        "Fetch a token of your own with your own API key.",
        0,
    )
    SENDER_MISMATCH = (
        "SENDER_MISMATCH",
        "Token",
        "The caller does not hold the key that the token is bound to.",
        "Make the proof with the key that the API key names, for this address and token.",
        0,
        2,
    )
    REPLAY = (
        "REPLAY",
        "Token",
        "This proof of possession was already used once.",
        "Make a new proof for every call.",
        0,
    )
    NOT_YET_VALID = (
        "NOT_YET_VALID",
        "Token",
        "The licence has not begun.",
        "Wait until the window opens.",
        0,
        3,
        6,
    )
    EXPIRED = (
        "EXPIRED",
        "Token",
        "The licence or its token has ended.",
        "Fetch a fresh token; if the licence itself has ended, renew it.",
        0,
        3,
        6,
    )
    REVOKED = (
        "REVOKED",
        "Token",
        "The licence was revoked.",
        "Stop; ask the talent's side for a new licence.",
        3,
    )
    SUSPENDED = (
        "SUSPENDED",
        "Token",
        "The licence is suspended.",
        "Wait until whoever suspended the licence resumes it.",
        3,
        18,
    )
    SUPERSEDED = (
        "SUPERSEDED",
        "Token",
        "A newer version of the terms has taken this token's place.",
        "Go on with the licence that the heartbeat names as `superseded_by`.",
        3,
    )
    EMERGENCY_STOP = (
        "EMERGENCY_STOP",
        "Token",
        "The talent has stopped every use at once.",
        "Stop everything; only the talent can lift it.",
        1,
    )
    CHANGE_OF_CONTROL = (
        "CHANGE_OF_CONTROL",
        "Token",
        "The licensee has changed hands and the terms do not carry over.",
        "Ask the talent's side for a new consent.",
        3,
        7,
    )

    PROJECT_MISMATCH = (
        "PROJECT_MISMATCH",
        "Scope",
        "The licence is for another production.",
        "Use the licence of this production.",
        5,
    )
    SHOT_OUT_OF_SCOPE = (
        "SHOT_OUT_OF_SCOPE",
        "Scope",
        "The shot or its sequence is not among those licensed.",
        "Name the shot and its sequence, or ask for the shot to be added.",
        11,
    )
    USE_TYPE_NOT_GRANTED = (
        "USE_TYPE_NOT_GRANTED",
        "Scope",
        "This kind of use is not granted.",
        "Ask for this use and purpose; no other use brings it along.",
        8,
    )
    CONSTRUCT_NOT_GRANTED = (
        "CONSTRUCT_NOT_GRANTED",
        "Scope",
        "This part of the likeness is not granted.",
        "Ask for this part of the likeness.",
        9,
    )
    CHANNEL_NOT_GRANTED = (
        "CHANNEL_NOT_GRANTED",
        "Scope",
        "This channel is not granted.",
        "Ask for this channel.",
        10,
    )
    TERRITORY_DENIED = (
        "TERRITORY_DENIED",
        "Scope",
        "This territory is not granted.",
        "Render and show it where it is granted, or ask for the territory.",
        10,
    )
    MODEL_NOT_ALLOWED = (
        "MODEL_NOT_ALLOWED",
        "Scope",
        "This model may not be used under the licence.",
        "Use a model that is listed, and state its version and hash.",
        12,
    )
    ENGINE_NOT_ALLOWED = (
        "ENGINE_NOT_ALLOWED",
        "Scope",
        "This rendering engine may not be used under the licence.",
        "Use an engine that is listed, and state its version.",
        12,
    )
    VENDOR_NOT_LISTED = (
        "VENDOR_NOT_LISTED",
        "Scope",
        "The caller is neither the licensee nor one of the listed vendors.",
        "Ask the licensee to have you listed in the next version of the terms.",
        7,
    )
    RESOLUTION_EXCEEDED = (
        "RESOLUTION_EXCEEDED",
        "Scope",
        "The picture is larger than the licence allows, or its size is not stated.",
        "State the size, and render no larger than granted.",
        13,
    )
    SCRIPT_VERSION_MISMATCH = (
        "SCRIPT_VERSION_MISMATCH",
        "Scope",
        "The script is not the version the licence names.",
        "Work from the script that the terms name, or have the new version agreed.",
        14,
    )
    INPUT_NOT_LICENSED = (
        "INPUT_NOT_LICENSED",
        "Scope",
        "One of the inputs is not licensed for this.",
        "Use the reference assets that the terms name, and give every input its role.",
        14,
    )
    TRAINING_NOT_GRANTED = (
        "TRAINING_NOT_GRANTED",
        "Scope",
        "Training is never part of a render licence; it needs its own.",
        "Ask for training rights in a request of their own.",
        8,
    )

    FRAMES_EXHAUSTED = (
        "FRAMES_EXHAUSTED",
        "Quota",
        "Fewer frames, outputs or runs remain than were asked for, or none were named.",
        "Ask for fewer, give back leases that are not used, or have the limit raised.",
        3,
        16,
    )
    LINES_EXHAUSTED = (
        "LINES_EXHAUSTED",
        "Quota",
        "Fewer lines remain than were asked for, or none were named.",
        "Ask for fewer, give back leases that are not used, or have the limit raised.",
        3,
        16,
    )
    SECONDS_EXHAUSTED = (
        "SECONDS_EXHAUSTED",
        "Quota",
        "Fewer seconds remain than were asked for, or none were named.",
        "Ask for fewer, give back leases that are not used, or have the limit raised.",
        3,
        16,
    )
    RATE_LIMITED = (
        "RATE_LIMITED",
        "Quota",
        "Too many checks came in too short a time.",
        "Ask less often: one check covers a block of frames.",
        0,
    )
    RECEIPTS_OVERDUE = (
        "RECEIPTS_OVERDUE",
        "Quota",
        "Receipts for earlier frames are overdue; send them first.",
        "Send the receipts of leases that ran out, or give those leases back.",
        17,
    )

    CONSENT_MISSING = (
        "CONSENT_MISSING",
        "Consent",
        "No consent of the talent covers this use.",
        "Wait until the talent's consent is on file.",
        18,
    )
    CONSENT_WITHDRAWN = (
        "CONSENT_WITHDRAWN",
        "Consent",
        "The talent has withdrawn consent.",
        "Stop; only the talent can consent again.",
        18,
    )
    NOTICE_PERIOD_RUNNING = (
        "NOTICE_PERIOD_RUNNING",
        "Consent",
        "The notice period has not ended.",
        "Wait until the notice period is over.",
        18,
    )
    GUARDIAN_REQUIRED = (
        "GUARDIAN_REQUIRED",
        "Consent",
        "A guardian must consent, and has not.",
        "Wait until a guardian's consent is on file.",
        18,
    )
    MINOR_REACHED_MAJORITY = (
        "MINOR_REACHED_MAJORITY",
        "Consent",
        "The talent has come of age and must consent in person.",
        "Wait until the talent has consented in person.",
        18,
    )
    ESTATE_AUTHORITY_REQUIRED = (
        "ESTATE_AUTHORITY_REQUIRED",
        "Consent",
        "The estate's authority is required, and is not on file.",
        "Wait until the estate's authority is on file.",
        18,
    )
    STRIKE_SUSPENSION = (
        "STRIKE_SUSPENSION",
        "Consent",
        "A strike suspends this use.",
        "Wait until the guild lifts the suspension.",
        18,
    )
    REPRESENTATION_CHANGED = (
        "REPRESENTATION_CHANGED",
        "Consent",
        "The talent's representation has changed and must confirm the licence.",
        "Wait until the talent or the new agent confirms the licence.",
        18,
    )

    CONTENT_PROHIBITED = (
        "CONTENT_PROHIBITED",
        "Content",
        "The terms prohibit this content.",
        "Leave this content out.",
        15,
    )
    CONTENT_APPROVAL_REQUIRED = (
        "CONTENT_APPROVAL_REQUIRED",
        "Content",
        "This content needs an approval that has not been given.",
        "Ask the talent's side to pass the checkpoint that was agreed, or to agree to this content in new terms.",
        15,
        18,
    )
    RATING_EXCEEDED = (
        "RATING_EXCEEDED",
        "Content",
        "The content exceeds the agreed rating.",
        "State the rating that the work aims at, and stay under each ceiling.",
        15,
    )
    EXCLUSIVITY_CONFLICT = (
        "EXCLUSIVITY_CONFLICT",
        "Content",
        "An exclusive right held by others stands against this use.",
        "Wait until the talent's side has settled it.",
        18,
    )

    FINAL_REVIEW_PENDING = (
        "FINAL_REVIEW_PENDING",
        "Process",
        "The final review has not been concluded.",
        "Hand in the work for its final review and wait for the answer.",
        18,
    )
    PAYMENT_HOLD = (
        "PAYMENT_HOLD",
        "Process",
        "The licence is on hold until a payment is settled.",
        "Settle the payment.",
        18,
    )
    DISPUTE_HOLD = (
        "DISPUTE_HOLD",
        "Process",
        "The licence is on hold while a dispute is open.",
        "Wait until the dispute is settled.",
        18,
    )
    LEGAL_HOLD = (
        "LEGAL_HOLD",
        "Process",
        "The licence is on hold for legal reasons.",
        "Wait until the hold is lifted.",
        18,
    )
    SECURITY_INCIDENT_HOLD = (
        "SECURITY_INCIDENT_HOLD",
        "Process",
        "The licence is on hold while a security incident is examined.",
        "Wait until the incident is examined.",
        18,
    )
    POLICY_SNAPSHOT_STALE = (
        "POLICY_SNAPSHOT_STALE",
        "Process",
        "The token was issued under a policy that is no longer in force.",
        "Fetch a fresh token by the heartbeat.",
        19,
    )
    OFFLINE_GRACE_EXCEEDED = (
        "OFFLINE_GRACE_EXCEEDED",
        "Process",
        "The worker was away from the server for longer than allowed.",
        "Ask a new question: the lease of the earlier answer is over.",
        0,
    )
    CLOCK_SKEW = (
        "CLOCK_SKEW",
        "Process",
        "The caller's clock is too far from the server's.",
        "Set the clock, and date the check and its proof when they are made.",
        0,
        4,
    )


_INTRODUCTION: Final = """# Reason codes

Every render check that is refused names one or more of these codes; the first is the primary one.
The codes are public and stable, the sentences beside them may change. Anything unknown, malformed
or late is refused as well: there is no answer that means "probably".

The last column says which step of the decision yields the code ([decision.md](design/decision.md)); "door"
is what stands before the steps: the token, the proof beside it, and the pace of the caller.

*Written by `python -m trustcore.policy.reasons`; do not edit by hand.*
"""


def reason_codes_markdown() -> str:
    """Return ``docs/reason-codes.md``: one table for each group, in the order of the enumeration."""
    lines = [_INTRODUCTION]
    for group in dict.fromkeys(reason.group for reason in DenyReason):
        lines += [
            f"## {group}",
            "",
            "| code | meaning | how to mend it | step |",
            "| --- | --- | --- | --- |",
        ]
        lines += [
            f"| `{r.value}` | {r.explanation} | {r.mend} | {_steps(r)} |"
            for r in DenyReason
            if r.group == group
        ]
        lines.append("")
    return "\n".join(lines)


def _steps(reason: DenyReason) -> str:
    return ", ".join("door" if step == 0 else str(step) for step in reason.steps)


if __name__ == "__main__":
    sys.stdout.write(reason_codes_markdown())
