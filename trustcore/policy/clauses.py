"""The closed vocabulary of a contract's clauses: content, pay, reports, marks, retention, renewal.

The words for likenesses, uses and states stand in ``vocabulary``. Where an order matters, the
strictest value stands first.

Source: TAXONOMY sections 8, 9, 11 and 12.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from trustcore.older import StrEnum


class ProjectKind(StrEnum):
    """What a licence is locked to (TAXONOMY 12)."""

    PROJECT = "PROJECT"
    PRODUCTION = "PRODUCTION"
    CAMPAIGN = "CAMPAIGN"


class Assignability(StrEnum):
    """Whether the licensee may hand the licence on, strictest first."""

    NONE = "NONE"
    WITH_CONSENT = "WITH_CONSENT"
    AFFILIATES = "AFFILIATES"


class ChangeOfControl(StrEnum):
    """What happens when the licensee is bought, strictest first."""

    TERMINATE = "TERMINATE"
    RECONSENT = "RECONSENT"
    SURVIVE = "SURVIVE"


class ContentRule(StrEnum):
    """How a content switch stands, strictest first (TAXONOMY 9)."""

    PROHIBITED = "PROHIBITED"
    APPROVAL_REQUIRED = "APPROVAL_REQUIRED"
    ALLOWED = "ALLOWED"


PROHIBITED_CONTENT: Final = (
    "COMMERCIAL_ENDORSEMENT",
    "CRYPTO_GAMBLING",
    "HATE_OR_PROTECTED_CLASS_PEJORATIVE",
    "IMPERSONATION_AS_NEWS",
    "MEDICAL_CLAIM",
    "NUDITY",
    "POLITICAL_ENDORSEMENT",
    "RELIGIOUS_STATEMENT",
    "SEXUAL_CONTENT_MINOR",
    "SIMULATED_SEX",
    "TOBACCO_VAPE",
    "WEAPONS_PROMOTION",
)
"""Content that is prohibited unless the terms say otherwise (TAXONOMY 9, first group)."""

NEVER_CHANGEABLE_CONTENT: Final = frozenset({"SEXUAL_CONTENT_MINOR"})
"""Content no agreement can allow."""

LEVELLED_CONTENT: Final = frozenset({"VIOLENCE", "GORE", "PROFANITY"})
"""Content graded from 0 (none) to 5."""

NEGOTIABLE_CONTENT: Final = (
    "ACCENT_CHANGE",
    "AD_LIB_GENERATED_LINES",
    "AGE_RANGE",
    "ALCOHOL",
    "BODY_SHAPE_CHANGE",
    "DEATH_OF_CHARACTER",
    "DRUG_USE",
    "GORE",
    "HAIR_CHANGE",
    "LANGUAGE_LIST",
    "PARODY_SATIRE",
    "PROFANITY",
    "RACE_OR_ETHNICITY_CHANGE",
    "REAL_PERSON_ROLE",
    "SCRAPPED_FOOTAGE_REUSE",
    "SINGING",
    "SMOKING",
    "VIOLENCE",
    "WORKING_WITH_PERSON",
)
"""Content switches without a hard default (TAXONOMY 9, second group)."""


class RatingSystem(StrEnum):
    """Who rates a work (TAXONOMY 9)."""

    MPA = "MPA"
    BBFC = "BBFC"
    PEGI = "PEGI"
    ESRB = "ESRB"


RATINGS: Final = MappingProxyType(
    {
        RatingSystem.MPA: ("G", "PG", "PG-13", "R", "NC-17"),
        RatingSystem.BBFC: ("U", "PG", "12A", "12", "15", "18", "R18"),
        RatingSystem.PEGI: ("3", "7", "12", "16", "18"),
        RatingSystem.ESRB: ("E", "E10+", "T", "M", "AO"),
    },
)
"""The ratings of each system, mildest first."""


class PayBasis(StrEnum):
    """What the money is counted by (TAXONOMY 11)."""

    FLAT = "FLAT"
    PER_DAY_EQUIVALENT = "PER_DAY_EQUIVALENT"
    PRO_RATA_DAY = "PRO_RATA_DAY"
    SESSION = "SESSION"
    PER_FRAME = "PER_FRAME"
    PER_SECOND = "PER_SECOND"
    PER_LINE = "PER_LINE"
    PER_WORD = "PER_WORD"
    PER_UTTERANCE = "PER_UTTERANCE"
    PER_SESSION_RUNTIME = "PER_SESSION_RUNTIME"
    PER_TRACK_SIDE = "PER_TRACK_SIDE"
    ROYALTY_SHARE = "ROYALTY_SHARE"
    REVENUE_SHARE = "REVENUE_SHARE"
    BUYOUT = "BUYOUT"
    SCALE_MULTIPLE = "SCALE_MULTIPLE"
    MFN = "MFN"
    NO_FEE_CONSENTED = "NO_FEE_CONSENTED"


class ReportCadence(StrEnum):
    """How often use is reported (TAXONOMY 12)."""

    WEEKLY = "WEEKLY"
    MONTHLY = "MONTHLY"
    PER_DELIVERY = "PER_DELIVERY"
    ON_DEMAND = "ON_DEMAND"


class ReportReader(StrEnum):
    """Who receives the usage report."""

    AGENT = "AGENT"
    GUILD = "GUILD"
    TALENT = "TALENT"


class MarkLayer(StrEnum):
    """A layer of the invisible watermark."""

    PIXEL = "PIXEL"
    AUDIO = "AUDIO"


class VisibleLabel(StrEnum):
    """A label people can see or hear (TAXONOMY 12)."""

    NONE = "NONE"
    ICON = "ICON"
    TEXT = "TEXT"
    AUDIBLE = "AUDIBLE"


class Checkpoint(StrEnum):
    """A moment at which the work goes back to the talent's side (TAXONOMY 12)."""

    ROLE = "ROLE"
    SCRIPT = "SCRIPT"
    FINAL = "FINAL"


class OnEnd(StrEnum):
    """What becomes of material when the licence ends."""

    DESTROY = "DESTROY"
    RETURN = "RETURN"
    VAULT = "VAULT"
    KEEP = "KEEP"


class RenewalTerms(StrEnum):
    """On what footing a licence may be renewed."""

    RENEGOTIATE = "RENEGOTIATE"
    SAME_TERMS = "SAME_TERMS"
    NONE = "NONE"


class Exclusivity(StrEnum):
    """How far the licence keeps others out (TAXONOMY 8)."""

    NONE = "NONE"
    CATEGORY = "CATEGORY"
    COMPETITOR_LIST = "COMPETITOR_LIST"
    MEDIUM = "MEDIUM"
    CHARACTER = "CHARACTER"
    FULL = "FULL"


class ConsentForm(StrEnum):
    """How the consent stands apart from everything else that is signed (TAXONOMY 5)."""

    SEPARATE_DOCUMENT = "SEPARATE_DOCUMENT"
    INITIALLED_RIDER = "INITIALLED_RIDER"
    STANDALONE_SIGNATURE = "STANDALONE_SIGNATURE"


class Counsel(StrEnum):
    """Who advised the talent; nobody is said by leaving it out."""

    COUNSEL = "COUNSEL"
    UNION = "UNION"
