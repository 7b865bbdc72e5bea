"""Every status, reason and code of a verification; each set is closed and its words are public API.

Source: the design's layers A (credentials), B (marks) and C (detectors); docs/verification.md explains each word.
"""

from __future__ import annotations

from trustcore.older import StrEnum


class ProvenanceStatus(StrEnum):
    """What the Content Credentials come to; ``VALID`` asks for a whole graph, a binding and a trusted signer."""

    VALID = "valid"
    INVALID = "invalid"
    MISSING = "missing"


class ProvenanceReason(StrEnum):
    """Why the credentials have their status."""

    TRUSTED = "provenance_trusted"
    MISSING = "missing_provenance"
    EXTRACT_FAILED = "provenance_extract_failed"
    MALFORMED = "manifest_malformed"
    BINDING_MISMATCH = "binding_mismatch"
    BINDING_TOLERATED = "binding_tolerated"
    SIGNATURE_INVALID = "signature_invalid"
    INGREDIENT_INVALID = "ingredient_invalid"
    SIGNER_UNTRUSTED = "signer_untrusted"
    SIGNER_UNKNOWN = "signer_unknown"
    SIGNER_REVOKED = "signer_revoked"
    SIGNER_EXPIRED = "signer_expired"
    REMOTE_NOT_FETCHED = "remote_not_fetched"
    NOT_EXAMINED = "provenance_not_examined"


class Binding(StrEnum):
    """Whether the media is the one that was signed."""

    MATCH = "match"
    TOLERATED = "tolerated"
    MISMATCH = "mismatch"
    UNKNOWN = "unknown"


class SignerTrust(StrEnum):
    """Whether the audience's list names the signer's authority; ``UNKNOWN``: there is no list to ask."""

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"
    UNKNOWN = "unknown"


class TimeTrust(StrEnum):
    """What can be said of the time stamp in the signature; ``UNTRUSTED``: whole, and of an authority that is not trusted."""

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"
    BROKEN = "broken"
    ABSENT = "absent"


class ActorState(StrEnum):
    """What can be said of a signature beside the claim's; ``UNTRUSTED``: whole, and of nobody that is known."""

    TRUSTED = "trusted"
    UNTRUSTED = "untrusted"
    BROKEN = "broken"


class OpinionState(StrEnum):
    """What a second implementation says of the credentials; ``VALID``: whole, and of a signer who is not trusted."""

    TRUSTED = "trusted"
    VALID = "valid"
    INVALID = "invalid"
    ABSENT = "absent"
    UNSUPPORTED = "unsupported"
    FAILED = "failed"


class WatermarkStatus(StrEnum):
    """What was read of a mark; ``UNCERTAIN`` is an answer: something may be there, nothing is claimed."""

    PRESENT = "present"
    ABSENT = "absent"
    UNCERTAIN = "uncertain"


class WatermarkReason(StrEnum):
    """Why a mark has its status, where that is not the reading itself."""

    READ = "watermark_read"
    NEAR_BOUND = "watermark_near_bound"
    EXTRACTION_FAILED = "watermark_extraction_failed"
    NO_KEY = "watermark_no_key"
    NOT_EXAMINED = "watermark_not_examined"


class RiskStatus(StrEnum):
    """The class of an ensemble's score."""

    LOW = "low_risk"
    MEDIUM = "medium_risk"
    HIGH = "high_risk"


class DetectionState(StrEnum):
    """How far detection came; a score exists in ``SCORED`` alone."""

    SCORED = "scored"
    NOT_INSTALLED = "detector_not_installed"
    OUT_OF_CONTRACT = "detector_out_of_contract"
    FAILED = "detector_failed"
    SKIPPED = "detector_skipped"
    DISABLED = "detector_disabled"


class ErrorState(StrEnum):
    """What went wrong on the way; a policy says of each what follows from it."""

    MISSING_PROVENANCE = "missing_provenance"
    PROVENANCE_EXTRACT_FAILED = "provenance_extract_failed"
    BINDING_MISMATCH = "binding_mismatch"
    WATERMARK_EXTRACTION_FAILED = "watermark_extraction_failed"
    DETECTOR_OUT_OF_CONTRACT = "detector_out_of_contract"
    DETECTOR_FAILED = "detector_failed"
    STREAM_CORRUPTED = "stream_corrupted"
    INGESTION_FAILED = "ingestion_failed"
    CANONICALISATION_FAILED = "canonicalisation_failed"


class Action(StrEnum):
    """What the policy advises, from the lightest to the one that asks a person."""

    PUBLISH = "publish"
    LABEL = "label"
    HOLD = "hold"
    ESCALATE = "escalate"


class Impact(StrEnum):
    """How much hangs on a wrong answer for this category of media."""

    LOW = "low"
    HIGH = "high"


class RationaleCode(StrEnum):
    """Why an action was advised; a decision carries every code that applies, in the order of its steps."""

    PROVENANCE_VALID = "provenance_valid"
    PROVENANCE_INVALID = "provenance_invalid"
    PROVENANCE_MISSING = "provenance_missing"
    HIGH_RISK_WITH_PROVENANCE = "deepfake_high_risk_even_with_provenance"
    WATERMARK_PRESENT_CONFIDENT = "watermark_present_confident"
    WATERMARK_PRESENT = "watermark_present"
    WATERMARK_ABSENT = "watermark_absent"
    WATERMARK_UNCERTAIN = "watermark_uncertain"
    HIGH_RISK = "deepfake_high_risk"
    MEDIUM_RISK = "deepfake_medium_risk"
    LOW_RISK_WITHOUT_PROVENANCE = "deepfake_low_risk_but_no_provenance"
    NOT_ASSESSED = "deepfake_not_assessed"
    SHADOW = "deepfake_shadow"
    DETECTORS_DISAGREE = "detectors_disagree"
    DETECTOR_CONFIDENCE_LOW = "detector_confidence_low"
    CONFLICT = "evidence_conflict"
    BINDING_TOLERATED = "binding_tolerated"
    SINGLE_LAYER = "single_layer_result"
    MISSING_PROVENANCE = "missing_provenance"
    PROVENANCE_EXTRACT_FAILED = "provenance_extract_failed"
    BINDING_MISMATCH = "binding_mismatch"
    WATERMARK_EXTRACTION_FAILED = "watermark_extraction_failed"
    DETECTOR_OUT_OF_CONTRACT = "detector_out_of_contract"
    DETECTOR_FAILED = "detector_failed"
    STREAM_CORRUPTED = "stream_corrupted"
    INGESTION_FAILED = "ingestion_failed"
    CANONICALISATION_FAILED = "canonicalisation_failed"
    SIGNATURE_INVALID = "signature_invalid"
    INGREDIENT_INVALID = "ingredient_invalid"
    SIGNER_REVOKED = "signer_revoked"


class Conclusion(StrEnum):
    """What the layers together prove; never that something is fake, or real."""

    WITH_PROVENANCE = "authenticated-with-provenance"
    WITH_WATERMARK = "authenticated-with-watermark"
    RISK_ONLY = "risk-scored"
    NONE = "not-authenticated"


class Headline(StrEnum):
    """The one sentence that a page opens with."""

    MADE_UNDER_LICENCE = "made_under_a_licence"
    PARTLY_PROVED = "partly_proved"
    CHANGED = "changed"
    NOTHING_FOUND = "nothing_found"
    CANNOT_TELL = "cannot_tell"


class Stage(StrEnum):
    """The stages of a verification, in their order."""

    INGEST = "ingest"
    CANONICALISE = "canonicalise"
    PROVENANCE = "provenance"
    WATERMARK = "watermark"
    DETECTION = "detection"
    DECISION = "decision"


class StageState(StrEnum):
    """How a stage ended; whatever is not ``DONE`` carries a reason."""

    DONE = "done"
    FAILED = "failed"
    TIMED_OUT = "timed_out"
    SKIPPED = "skipped"
