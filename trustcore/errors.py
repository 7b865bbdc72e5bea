"""The core's exceptions: one base, and a stable code on every one of them.

Refusal is an answer (:class:`~trustcore.policy.decide.Decision`), broken evidence is an exception
(:class:`InvalidEvidence`, :class:`InvalidToken`), and misuse by a programmer is a ``ValueError``.
Codes are public API; the prose beside them may change.

    >>> raise InvalidEvidence(InvalidReason.HASH_MISMATCH, "digest differs", path="data/bundle.json")
    Traceback (most recent call last):
    ...
    trustcore.errors.InvalidEvidence: HASH_MISMATCH: data/bundle.json: digest differs
"""

from __future__ import annotations

from trustcore.older import StrEnum
from trustcore.policy.reasons import DenyReason


class TrustError(Exception):
    """The one base of every error the core raises on purpose.

    Attributes:
        code: stable machine-readable code, upper case with underscores.
        detail: what was wrong, for people; may change between releases.
        path: the file, field or claim at fault, where one is known.
    """

    def __init__(self, code: str, detail: str, path: str | None = None) -> None:
        """Keep the code and the detail, and compose the message from both."""
        self.code = str(code)
        self.detail = detail
        self.path = path
        super().__init__(f"{self.code}: {path}: {detail}" if path else f"{self.code}: {detail}")


class InvalidReason(StrEnum):
    """Why a piece of evidence cannot be relied on."""

    JSON_INVALID = "JSON_INVALID"
    BASE64_INVALID = "BASE64_INVALID"
    MALFORMED = "MALFORMED"
    NOT_CANONICAL = "NOT_CANONICAL"
    TOO_LARGE = "TOO_LARGE"
    UNSUPPORTED = "UNSUPPORTED"
    MISSING_FILE = "MISSING_FILE"
    UNLISTED_FILE = "UNLISTED_FILE"
    HASH_MISMATCH = "HASH_MISMATCH"
    SIGNATURE_INVALID = "SIGNATURE_INVALID"
    KEY_UNTRUSTED = "KEY_UNTRUSTED"
    KEY_REVOKED = "KEY_REVOKED"
    SIGNED_AFTER_REVOCATION = "SIGNED_AFTER_REVOCATION"
    ROOT_MISMATCH = "ROOT_MISMATCH"
    INCLUSION_INVALID = "INCLUSION_INVALID"
    CONSISTENCY_INVALID = "CONSISTENCY_INVALID"
    SIZE_MISMATCH = "SIZE_MISMATCH"
    COUNT_MISMATCH = "COUNT_MISMATCH"
    ENTRY_MISMATCH = "ENTRY_MISMATCH"
    TERMS_MISMATCH = "TERMS_MISMATCH"
    UNAUTHORISED_FRAME = "UNAUTHORISED_FRAME"
    DUPLICATE_FRAME = "DUPLICATE_FRAME"
    CHALLENGE_MISMATCH = "CHALLENGE_MISMATCH"
    ORIGIN_MISMATCH = "ORIGIN_MISMATCH"
    RELYING_PARTY_MISMATCH = "RELYING_PARTY_MISMATCH"
    USER_NOT_VERIFIED = "USER_NOT_VERIFIED"
    COUNTER_MISMATCH = "COUNTER_MISMATCH"
    MISSING_SIGNATURE = "MISSING_SIGNATURE"
    DUPLICATE_SIGNATURE = "DUPLICATE_SIGNATURE"


class InvalidEvidence(TrustError):
    """A file, proof or signature does not show what it claims to show."""

    def __init__(self, reason: InvalidReason, detail: str, path: str | None = None) -> None:
        """Keep the reason beside the code, and name the file at fault."""
        self.reason = reason
        super().__init__(reason.value, detail, path)


class InvalidTerms(TrustError):
    """Licence terms are outside the closed schema, or contradict themselves."""

    def __init__(self, detail: str, path: str | None = None) -> None:
        """Every malformed set of terms has the code ``TERMS_INVALID`` and names the field."""
        super().__init__("TERMS_INVALID", detail, path)


class InvalidKey(TrustError):
    """A key is of the wrong kind, is not meant for signatures, or shows its private half."""

    def __init__(self, detail: str, path: str | None = None) -> None:
        """Every unusable key has the code ``KEY_INVALID``."""
        super().__init__("KEY_INVALID", detail, path)


class InvalidToken(TrustError):
    """A token or proof of possession was refused; ``reason`` is the code a check answers with."""

    def __init__(self, reason: DenyReason, detail: str, path: str | None = None) -> None:
        """Keep the deny reason, which is also the code."""
        self.reason = reason
        super().__init__(reason.value, detail, path)
