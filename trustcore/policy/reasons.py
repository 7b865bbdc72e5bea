"""Every reason a render check can be refused for; the codes are public API.

The enumeration is closed: an unknown code is never issued, and a new one is a schema version.
``docs/reason-codes.md`` is written by this module::

    python -m trustcore.policy.reasons > docs/reason-codes.md

Source: TAXONOMY section 14.
"""

import sys
from enum import StrEnum
from typing import Final, Self


class DenyReason(StrEnum):
    """A stable code, its group, and one sentence for the person who reads it."""

    group: str
    explanation: str

    def __new__(cls, code: str, group: str, explanation: str) -> Self:
        """Carry the group and the sentence beside the code."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.group = group
        member.explanation = explanation
        return member

    TOKEN_UNKNOWN = "TOKEN_UNKNOWN", "Token", "No licence with this id is known here."
    TOKEN_MALFORMED = (
        "TOKEN_MALFORMED",
        "Token",
        "The token, or the proof sent with it, is not well formed.",
    )
    SIGNATURE_INVALID = (
        "SIGNATURE_INVALID",
        "Token",
        "The signature does not match the token's content.",
    )
    KEY_UNTRUSTED = "KEY_UNTRUSTED", "Token", "The token is signed by a key this server does not trust."
    AUDIENCE_MISMATCH = "AUDIENCE_MISMATCH", "Token", "The token was issued for another client."
    SENDER_MISMATCH = (
        "SENDER_MISMATCH",
        "Token",
        "The caller does not hold the key that the token is bound to.",
    )
    REPLAY = "REPLAY", "Token", "This proof of possession was already used once."
    NOT_YET_VALID = "NOT_YET_VALID", "Token", "The licence has not begun."
    EXPIRED = "EXPIRED", "Token", "The licence or its token has ended."
    REVOKED = "REVOKED", "Token", "The licence was revoked."
    SUSPENDED = "SUSPENDED", "Token", "The licence is suspended."
    SUPERSEDED = "SUPERSEDED", "Token", "A newer version of the terms has taken this token's place."
    EMERGENCY_STOP = "EMERGENCY_STOP", "Token", "The talent has stopped every use at once."
    CHANGE_OF_CONTROL = (
        "CHANGE_OF_CONTROL",
        "Token",
        "The licensee has changed hands and the terms do not carry over.",
    )

    PROJECT_MISMATCH = "PROJECT_MISMATCH", "Scope", "The licence is for another production."
    SHOT_OUT_OF_SCOPE = (
        "SHOT_OUT_OF_SCOPE",
        "Scope",
        "The shot or its sequence is not among those licensed.",
    )
    USE_TYPE_NOT_GRANTED = "USE_TYPE_NOT_GRANTED", "Scope", "This kind of use is not granted."
    CONSTRUCT_NOT_GRANTED = (
        "CONSTRUCT_NOT_GRANTED",
        "Scope",
        "This part of the likeness is not granted.",
    )
    CHANNEL_NOT_GRANTED = "CHANNEL_NOT_GRANTED", "Scope", "This channel is not granted."
    TERRITORY_DENIED = "TERRITORY_DENIED", "Scope", "This territory is not granted."
    MODEL_NOT_ALLOWED = "MODEL_NOT_ALLOWED", "Scope", "This model may not be used under the licence."
    ENGINE_NOT_ALLOWED = (
        "ENGINE_NOT_ALLOWED",
        "Scope",
        "This rendering engine may not be used under the licence.",
    )
    VENDOR_NOT_LISTED = (
        "VENDOR_NOT_LISTED",
        "Scope",
        "The caller is neither the licensee nor one of the listed vendors.",
    )
    RESOLUTION_EXCEEDED = (
        "RESOLUTION_EXCEEDED",
        "Scope",
        "The picture is larger than the licence allows, or its size is not stated.",
    )
    SCRIPT_VERSION_MISMATCH = (
        "SCRIPT_VERSION_MISMATCH",
        "Scope",
        "The script is not the version the licence names.",
    )
    INPUT_NOT_LICENSED = "INPUT_NOT_LICENSED", "Scope", "One of the inputs is not licensed for this."
    TRAINING_NOT_GRANTED = (
        "TRAINING_NOT_GRANTED",
        "Scope",
        "Training is never part of a render licence; it needs its own.",
    )

    FRAMES_EXHAUSTED = (
        "FRAMES_EXHAUSTED",
        "Quota",
        "Fewer frames, outputs or runs remain than were asked for, or none were named.",
    )
    LINES_EXHAUSTED = (
        "LINES_EXHAUSTED",
        "Quota",
        "Fewer lines remain than were asked for, or none were named.",
    )
    SECONDS_EXHAUSTED = (
        "SECONDS_EXHAUSTED",
        "Quota",
        "Fewer seconds remain than were asked for, or none were named.",
    )
    RATE_LIMITED = "RATE_LIMITED", "Quota", "Too many checks came in too short a time."
    RECEIPTS_OVERDUE = (
        "RECEIPTS_OVERDUE",
        "Quota",
        "Receipts for earlier frames are overdue; send them first.",
    )

    CONSENT_MISSING = "CONSENT_MISSING", "Consent", "No consent of the talent covers this use."
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN", "Consent", "The talent has withdrawn consent."
    NOTICE_PERIOD_RUNNING = "NOTICE_PERIOD_RUNNING", "Consent", "The notice period has not ended."
    GUARDIAN_REQUIRED = "GUARDIAN_REQUIRED", "Consent", "A guardian must consent, and has not."
    MINOR_REACHED_MAJORITY = (
        "MINOR_REACHED_MAJORITY",
        "Consent",
        "The talent has come of age and must consent in person.",
    )
    ESTATE_AUTHORITY_REQUIRED = (
        "ESTATE_AUTHORITY_REQUIRED",
        "Consent",
        "The estate's authority is required, and is not on file.",
    )
    STRIKE_SUSPENSION = "STRIKE_SUSPENSION", "Consent", "A strike suspends this use."
    REPRESENTATION_CHANGED = (
        "REPRESENTATION_CHANGED",
        "Consent",
        "The talent's representation has changed and must confirm the licence.",
    )

    CONTENT_PROHIBITED = "CONTENT_PROHIBITED", "Content", "The terms prohibit this content."
    CONTENT_APPROVAL_REQUIRED = (
        "CONTENT_APPROVAL_REQUIRED",
        "Content",
        "This content needs an approval that has not been given.",
    )
    RATING_EXCEEDED = "RATING_EXCEEDED", "Content", "The content exceeds the agreed rating."
    EXCLUSIVITY_CONFLICT = (
        "EXCLUSIVITY_CONFLICT",
        "Content",
        "An exclusive right held by others stands against this use.",
    )

    FINAL_REVIEW_PENDING = "FINAL_REVIEW_PENDING", "Process", "The final review has not been concluded."
    PAYMENT_HOLD = "PAYMENT_HOLD", "Process", "The licence is on hold until a payment is settled."
    DISPUTE_HOLD = "DISPUTE_HOLD", "Process", "The licence is on hold while a dispute is open."
    LEGAL_HOLD = "LEGAL_HOLD", "Process", "The licence is on hold for legal reasons."
    SECURITY_INCIDENT_HOLD = (
        "SECURITY_INCIDENT_HOLD",
        "Process",
        "The licence is on hold while a security incident is examined.",
    )
    POLICY_SNAPSHOT_STALE = (
        "POLICY_SNAPSHOT_STALE",
        "Process",
        "The token was issued under a policy that is no longer in force.",
    )
    OFFLINE_GRACE_EXCEEDED = (
        "OFFLINE_GRACE_EXCEEDED",
        "Process",
        "The worker was away from the server for longer than allowed.",
    )
    CLOCK_SKEW = "CLOCK_SKEW", "Process", "The caller's clock is too far from the server's."


_INTRODUCTION: Final = """# Reason codes

Every render check that is refused names one or more of these codes; the first is the primary one.
The codes are public and stable, the sentences beside them may change. Anything unknown, malformed
or late is refused as well: there is no answer that means "probably".

*Written by `python -m trustcore.policy.reasons`; do not edit by hand.*
"""


def reason_codes_markdown() -> str:
    """Return ``docs/reason-codes.md``: one table for each group, in the order of the enumeration."""
    lines = [_INTRODUCTION]
    for group in dict.fromkeys(reason.group for reason in DenyReason):
        lines += [f"## {group}", "", "| code | meaning |", "| --- | --- |"]
        lines += [f"| `{r.value}` | {r.explanation} |" for r in DenyReason if r.group == group]
        lines.append("")
    return "\n".join(lines)


if __name__ == "__main__":
    sys.stdout.write(reason_codes_markdown())
