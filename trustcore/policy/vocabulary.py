"""The closed vocabulary of licences: what is licensed, where it stands, what may be answered.

Every enumeration stands once: here, and for the clauses of a contract in ``clauses``.

An unknown value is refused, and a new value is a schema version. No use type implies another.

    >>> UseType("FACE_RENDER") in TRAINING_USE_TYPES
    False

Source: TAXONOMY sections 2-4, 7-12, 14 and 15.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from trustcore.older import StrEnum


class UseType(StrEnum):
    """What is produced with the likeness (TAXONOMY 3)."""

    FACE_RENDER = "FACE_RENDER"
    FACE_REPLACEMENT = "FACE_REPLACEMENT"
    BODY_RENDER = "BODY_RENDER"
    BODY_PERFORMANCE = "BODY_PERFORMANCE"
    MOTION_TRANSFER = "MOTION_TRANSFER"
    STUNT_DOUBLE = "STUNT_DOUBLE"
    CROWD_BACKGROUND = "CROWD_BACKGROUND"
    DE_AGING = "DE_AGING"
    AGE_PROGRESSION = "AGE_PROGRESSION"
    BEAUTY_COSMETIC = "BEAUTY_COSMETIC"
    EXPRESSION_EDIT = "EXPRESSION_EDIT"
    LIP_SYNC = "LIP_SYNC"
    VOICE_RENDER = "VOICE_RENDER"
    VOICE_SINGING_RENDER = "VOICE_SINGING_RENDER"
    ADR = "ADR"
    NEW_DIALOGUE = "NEW_DIALOGUE"
    DUBBING = "DUBBING"
    VOICE_MATCH = "VOICE_MATCH"
    REAL_TIME_GENERATION = "REAL_TIME_GENERATION"
    CHATBOT_PERSONA = "CHATBOT_PERSONA"
    MERCHANDISE = "MERCHANDISE"
    POSTER_KEY_ART = "POSTER_KEY_ART"
    TRAILER_PROMO = "TRAILER_PROMO"
    ARCHIVE_RECONSTRUCTION = "ARCHIVE_RECONSTRUCTION"
    POSTHUMOUS_RENDER = "POSTHUMOUS_RENDER"
    PREVIS_SCRATCH = "PREVIS_SCRATCH"
    DIGITAL_ALTERATION = "DIGITAL_ALTERATION"
    CAPTURE_SCAN = "CAPTURE_SCAN"
    TRAINING_REPLICA = "TRAINING_REPLICA"
    TRAINING_GENERAL = "TRAINING_GENERAL"
    FINE_TUNE = "FINE_TUNE"
    EVALUATION = "EVALUATION"
    DATA_MINING = "DATA_MINING"
    SUBLICENSE_THIRD_PARTY_TRAINING = "SUBLICENSE_THIRD_PARTY_TRAINING"
    SCRIPT_ACCESS = "SCRIPT_ACCESS"
    SCRIPT_ANALYSIS = "SCRIPT_ANALYSIS"
    SCRIPT_TRAINING = "SCRIPT_TRAINING"


TRAINING_USE_TYPES: Final[frozenset[UseType]] = frozenset(
    {
        UseType.TRAINING_REPLICA,
        UseType.TRAINING_GENERAL,
        UseType.FINE_TUNE,
        UseType.EVALUATION,
        UseType.DATA_MINING,
        UseType.SUBLICENSE_THIRD_PARTY_TRAINING,
        UseType.SCRIPT_TRAINING,
    },
)
"""Everything that feeds, tunes, measures or mines a model: never part of a render token."""


class Unit(StrEnum):
    """What one receipt counts (TAXONOMY 3, third column)."""

    FRAME = "FRAME"
    FRAME_RANGE = "FRAME_RANGE"
    UTTERANCE = "UTTERANCE"
    TRACK_SECOND = "TRACK_SECOND"
    SESSION = "SESSION"
    OUTPUT = "OUTPUT"
    CAPTURE_SESSION = "CAPTURE_SESSION"
    RUN = "RUN"
    GRANT = "GRANT"
    ACCESS = "ACCESS"


class Quota(StrEnum):
    """The counter of a licence that a unit is taken from."""

    FRAMES = "frames"
    LINES = "lines"
    SECONDS = "seconds"
    RUNS = "runs"


_NOT_FRAMES: Final = {
    UseType.VOICE_RENDER: Unit.UTTERANCE,
    UseType.VOICE_SINGING_RENDER: Unit.TRACK_SECOND,
    UseType.ADR: Unit.UTTERANCE,
    UseType.NEW_DIALOGUE: Unit.UTTERANCE,
    UseType.DUBBING: Unit.UTTERANCE,
    UseType.VOICE_MATCH: Unit.UTTERANCE,
    UseType.REAL_TIME_GENERATION: Unit.SESSION,
    UseType.CHATBOT_PERSONA: Unit.SESSION,
    UseType.MERCHANDISE: Unit.OUTPUT,
    UseType.POSTER_KEY_ART: Unit.OUTPUT,
    UseType.TRAILER_PROMO: Unit.OUTPUT,
    UseType.DIGITAL_ALTERATION: Unit.FRAME_RANGE,
    UseType.CAPTURE_SCAN: Unit.CAPTURE_SESSION,
    UseType.TRAINING_REPLICA: Unit.RUN,
    UseType.TRAINING_GENERAL: Unit.RUN,
    UseType.FINE_TUNE: Unit.RUN,
    UseType.EVALUATION: Unit.RUN,
    UseType.DATA_MINING: Unit.RUN,
    UseType.SUBLICENSE_THIRD_PARTY_TRAINING: Unit.GRANT,
    UseType.SCRIPT_ACCESS: Unit.ACCESS,
    UseType.SCRIPT_ANALYSIS: Unit.ACCESS,
    UseType.SCRIPT_TRAINING: Unit.ACCESS,
}

UNIT_OF_USE_TYPE: Final = MappingProxyType(
    {use_type: _NOT_FRAMES.get(use_type, Unit.FRAME) for use_type in UseType},
)
"""The receipt unit of each use type."""

QUOTA_OF_UNIT: Final = MappingProxyType(
    {
        Unit.FRAME: Quota.FRAMES,
        Unit.FRAME_RANGE: Quota.FRAMES,
        Unit.UTTERANCE: Quota.LINES,
        Unit.TRACK_SECOND: Quota.SECONDS,
        Unit.SESSION: Quota.RUNS,
        Unit.OUTPUT: Quota.RUNS,
        Unit.CAPTURE_SESSION: Quota.RUNS,
        Unit.RUN: Quota.RUNS,
        Unit.GRANT: Quota.RUNS,
        Unit.ACCESS: Quota.RUNS,
    },
)
"""The counter each unit is taken from."""


def quota_of(use_type: UseType) -> Quota:
    """Return the counter that ``use_type`` is taken from."""
    return QUOTA_OF_UNIT[UNIT_OF_USE_TYPE[use_type]]


class Construct(StrEnum):
    """A part of a person's identity that can be licensed (TAXONOMY 2)."""

    FACE_2D = "FACE_2D"
    FACE_3D = "FACE_3D"
    BODY_3D = "BODY_3D"
    VOICE_SPEAKING = "VOICE_SPEAKING"
    VOICE_SINGING = "VOICE_SINGING"
    PERFORMANCE_SIGNATURE = "PERFORMANCE_SIGNATURE"
    MOTION_SKELETON = "MOTION_SKELETON"
    PERSONALITY_CONSTRUCT = "PERSONALITY_CONSTRUCT"
    NAME = "NAME"
    SIGNATURE = "SIGNATURE"
    CATCHPHRASE = "CATCHPHRASE"
    CHARACTER_CONSTRUCT = "CHARACTER_CONSTRUCT"
    WRITTEN_WORK = "WRITTEN_WORK"


BIOMETRIC_CONSTRUCTS: Final[frozenset[Construct]] = frozenset(Construct) - {
    Construct.NAME,
    Construct.SIGNATURE,
    Construct.CATCHPHRASE,
    Construct.CHARACTER_CONSTRUCT,
    Construct.WRITTEN_WORK,
}
"""Constructs that are biometric, or treated as such."""


class Purpose(StrEnum):
    """What a render is for, as the farm says (TAXONOMY 14); one left out is not judged."""

    FINAL = "FINAL"
    REVIEW = "REVIEW"
    TEST = "TEST"
    PREVIS = "PREVIS"
    MARKETING = "MARKETING"
    TRAINING = "TRAINING"


MARKETING_USE_TYPES: Final[frozenset[UseType]] = frozenset(
    {UseType.MERCHANDISE, UseType.POSTER_KEY_ART, UseType.TRAILER_PROMO},
)
"""The uses that sell the work; no other use brings them along."""


class InputRole(StrEnum):
    """What a file that goes into a render is (TAXONOMY 14)."""

    SCRIPT = "script"
    LIKENESS = "likeness"
    ANCHOR = "anchor"
    PLATE = "plate"
    AUDIO = "audio"
    ASSET = "asset"
    REFERENCE = "reference"


class HoldSide(StrEnum):
    """In whose name a hold is placed or lifted (TAXONOMY 10)."""

    TALENT = "TALENT"
    AGENT = "AGENT"
    GUILD = "GUILD"
    LICENSEE = "LICENSEE"
    ORGANISATION = "ORGANISATION"


class ReplicaClass(StrEnum):
    """The contract's word for how the replica came about (TAXONOMY 4)."""

    EMPLOYMENT_BASED_DIGITAL_REPLICA = "EMPLOYMENT_BASED_DIGITAL_REPLICA"
    EBDR_FROM_FOOTAGE = "EBDR_FROM_FOOTAGE"
    INDEPENDENTLY_CREATED_DIGITAL_REPLICA = "INDEPENDENTLY_CREATED_DIGITAL_REPLICA"
    BACKGROUND_ACTOR_DIGITAL_REPLICA = "BACKGROUND_ACTOR_DIGITAL_REPLICA"
    DIGITAL_ALTERATION = "DIGITAL_ALTERATION"
    SYNTHETIC_PERFORMER = "SYNTHETIC_PERFORMER"
    SYNTHETIC_FROM_NAMED_FEATURE = "SYNTHETIC_FROM_NAMED_FEATURE"
    DIGITAL_VOICE_REPLICA = "DIGITAL_VOICE_REPLICA"
    PURELY_SYNTHETIC_VOICE = "PURELY_SYNTHETIC_VOICE"
    DECEASED_DIGITAL_REPLICA = "DECEASED_DIGITAL_REPLICA"


class Channel(StrEnum):
    """Where the finished work is shown (TAXONOMY 7)."""

    THEATRICAL = "THEATRICAL"
    FESTIVAL = "FESTIVAL"
    TV_BROADCAST = "TV_BROADCAST"
    CABLE = "CABLE"
    SVOD = "SVOD"
    AVOD = "AVOD"
    FAST = "FAST"
    TVOD_EST = "TVOD_EST"
    PHYSICAL = "PHYSICAL"
    AIRLINE_NONTHEATRICAL = "AIRLINE_NONTHEATRICAL"
    CLIPS_SOCIAL_ORGANIC = "CLIPS_SOCIAL_ORGANIC"
    SOCIAL_PAID = "SOCIAL_PAID"
    ONLINE_VIDEO_ADS = "ONLINE_VIDEO_ADS"
    LINEAR_ADS = "LINEAR_ADS"
    OOH_DOOH = "OOH_DOOH"
    PRINT = "PRINT"
    RADIO = "RADIO"
    PODCAST = "PODCAST"
    AUDIO_STREAMING = "AUDIO_STREAMING"
    AUDIOBOOK = "AUDIOBOOK"
    GAME_CONSOLE_PC = "GAME_CONSOLE_PC"
    GAME_MOBILE = "GAME_MOBILE"
    GAME_LIVE_SERVICE = "GAME_LIVE_SERVICE"
    VR_XR = "VR_XR"
    THEME_PARK_LBE = "THEME_PARK_LBE"
    LIVE_EVENT = "LIVE_EVENT"
    MERCHANDISE = "MERCHANDISE"
    CORPORATE_INTERNAL = "CORPORATE_INTERNAL"
    EDUCATION = "EDUCATION"
    NEWS = "NEWS"
    ARCHIVE_ONLY = "ARCHIVE_ONLY"
    PRERELEASE_INTERNAL = "PRERELEASE_INTERNAL"


class TokenState(StrEnum):
    """Where a licence token stands (TAXONOMY 10)."""

    PENDING_ACTIVATION = "PENDING_ACTIVATION"
    ACTIVE = "ACTIVE"
    EXPIRING = "EXPIRING"
    SUSPENDED = "SUSPENDED"
    EXHAUSTED = "EXHAUSTED"
    EXPIRED = "EXPIRED"
    REVOKED = "REVOKED"
    SUPERSEDED = "SUPERSEDED"
    TERMINATED_CHANGE_OF_CONTROL = "TERMINATED_CHANGE_OF_CONTROL"


class RequestState(StrEnum):
    """Where a licence request stands (TAXONOMY 10)."""

    DRAFT = "DRAFT"
    SUBMITTED = "SUBMITTED"
    NOTICE_PERIOD = "NOTICE_PERIOD"
    IN_REVIEW = "IN_REVIEW"
    COUNTERED = "COUNTERED"
    COUNTER_ACCEPTED = "COUNTER_ACCEPTED"
    APPROVED = "APPROVED"
    DECLINED = "DECLINED"
    WITHDRAWN = "WITHDRAWN"
    LAPSED = "LAPSED"


class ApprovalMode(StrEnum):
    """Who must say yes (TAXONOMY 10)."""

    TALENT_ONLY = "TALENT_ONLY"
    AGENT_WITHIN_MANDATE = "AGENT_WITHIN_MANDATE"
    DUAL = "DUAL"
    QUORUM = "QUORUM"
    GUARDIAN_AND_COURT = "GUARDIAN_AND_COURT"
    AUTO_WITHIN_RULES = "AUTO_WITHIN_RULES"
    UNION_NOTICE = "UNION_NOTICE"


class Visibility(StrEnum):
    """Whether a talent or construct can be seen at all: layer 1 (TAXONOMY 10)."""

    HIDDEN = "HIDDEN"
    LISTED_ANONYMOUS = "LISTED_ANONYMOUS"
    LISTED = "LISTED"
    LISTED_TO = "LISTED_TO"


class RevocationKind(StrEnum):
    """What a revocation ends (TAXONOMY 10)."""

    PROSPECTIVE = "PROSPECTIVE"
    DISTRIBUTION_HOLD = "DISTRIBUTION_HOLD"
    RECALL_REQUEST = "RECALL_REQUEST"
    EMERGENCY_STOP = "EMERGENCY_STOP"


class FrameDisposition(StrEnum):
    """What becomes of frames already rendered when a licence is revoked (TAXONOMY 10)."""

    KEEP = "KEEP"
    QUARANTINE = "QUARANTINE"
    DESTROY_WITH_CERTIFICATE = "DESTROY_WITH_CERTIFICATE"


class Outcome(StrEnum):
    """What a receipt reports of one frame (TAXONOMY 15)."""

    RENDERED = "RENDERED"
    FAILED = "FAILED"
    DISCARDED = "DISCARDED"
    RERENDER_OF = "RERENDER_OF"
    UNAUTHORISED = "UNAUTHORISED"


class Obligation(StrEnum):
    """What a permitted render owes in return (TAXONOMY 14)."""

    WATERMARK_PIXEL = "WATERMARK_PIXEL"
    WATERMARK_AUDIO = "WATERMARK_AUDIO"
    SIGN_C2PA = "SIGN_C2PA"
    VISIBLE_LABEL = "VISIBLE_LABEL"
    FINAL_REVIEW = "FINAL_REVIEW"
    RECEIPT_WITHIN_SECONDS = "RECEIPT_WITHIN_SECONDS"


class DecisionOutcome(StrEnum):
    """The answer to a render check (TAXONOMY 14). Only the two ``ALLOW`` values permit work."""

    ALLOW = "ALLOW"
    ALLOW_WITH_OBLIGATIONS = "ALLOW_WITH_OBLIGATIONS"
    HOLD = "HOLD"
    DENY = "DENY"
