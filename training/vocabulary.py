"""The closed words of the rights gate; each is stored and answered as it stands here."""

from django.db import models

from common.language import later


class SourceType(models.TextChoices):
    """What kind of place material comes from."""

    VIDEO_PLATFORM = "VIDEO_PLATFORM", later("Video platform")
    IMAGE_HOST = "IMAGE_HOST", later("Image host")
    PARTNER_FEED = "PARTNER_FEED", later("Feed of a partner")
    OWN_PRODUCTION = "OWN_PRODUCTION", later("Own production")
    ARCHIVE = "ARCHIVE", later("Archive")
    DATASET = "DATASET", later("Published dataset")
    CAPTURE = "CAPTURE", later("Capture session")


class CollectionMethod(models.TextChoices):
    """How the bytes were fetched (the retrieval path)."""

    API = "API", later("Interface of the platform")
    EXPORT = "EXPORT", later("Export")
    PARTNER_FEED = "PARTNER_FEED", later("Partner feed")
    CRAWLER = "CRAWLER", later("Crawler")


class LicenceClass(models.TextChoices):
    """The class of a licence, as contracts name what they accept."""

    TALENT_TRAINING_LICENCE = "TALENT_TRAINING_LICENCE", later("Training licence of a talent")
    NEGOTIATED = "NEGOTIATED", later("Negotiated licence")
    PLATFORM_API = "PLATFORM_API", later("Terms of a platform’s interface")
    OPEN_ATTRIBUTION = "OPEN_ATTRIBUTION", later("Open licence with attribution")
    OPEN_NON_COMMERCIAL = "OPEN_NON_COMMERCIAL", later("Open licence, not for commerce")
    PUBLIC_DOMAIN = "PUBLIC_DOMAIN", later("Public domain")
    OWNED = "OWNED", later("Own work")
    LEGAL_OPINION = "LEGAL_OPINION", later("Documented legal basis")


class CheckWord(models.TextChoices):
    """What the collection was checked against, and how it came out."""

    CLEAR = "CLEAR", later("Clear")
    UNKNOWN = "UNKNOWN", later("Not known")
    REFUSED = "REFUSED", later("Not permitted")


CHECKS = ("terms_of_service", "copyright", "robots", "contract", "platform_rules")
"""Each restriction that a rights record answers for (TP-006)."""


class MediaKind(models.TextChoices):
    """What an asset is."""

    VIDEO = "VIDEO", later("Video")
    IMAGE = "IMAGE", later("Image")
    AUDIO = "AUDIO", later("Sound")
    TEXT = "TEXT", later("Text")


class PrintOf(models.TextChoices):
    """What of an asset a fingerprint was taken of."""

    PICTURE = "PICTURE", later("Picture")
    SOUND = "SOUND", later("Sound")


class AssetState(models.TextChoices):
    """Where an original stands."""

    ADMITTED = "ADMITTED", later("Admitted")
    ISOLATED = "ISOLATED", later("Isolated, waits for a review")
    REFUSED = "REFUSED", later("Refused")
    REMOVED = "REMOVED", later("Removed")


class Held(models.TextChoices):
    """Where the bytes are: here, or at an address with only their checksum here."""

    HERE = "HERE", later("Stored here")
    ELSEWHERE = "ELSEWHERE", later("At an address of its own")
    GONE = "GONE", later("Removed, its bytes are gone")


class Outcome(models.TextChoices):
    """What the gate says."""

    ADMIT = "ADMIT", later("Admitted")
    ISOLATE = "ISOLATE", later("Isolated")
    REFUSE = "REFUSE", later("Refused")


class NodeKind(models.TextChoices):
    """What stands in the lineage graph."""

    CONSENT = "CONSENT", later("Consent")
    LICENCE = "LICENCE", later("Training licence")
    RIGHTS = "RIGHTS", later("Rights record")
    SOURCE = "SOURCE", later("Source")
    ASSET = "ASSET", later("Original")
    DERIVATIVE = "DERIVATIVE", later("Derivative")
    MANIFEST = "MANIFEST", later("Manifest")
    RUN = "RUN", later("Training run")
    MODEL = "MODEL", later("Model version")


class TakedownTrigger(models.TextChoices):
    """Why something must go (TP-213 to TP-216)."""

    CLAIM = "CLAIM", later("Claim of use without permission")
    LICENCE_EXPIRED = "LICENCE_EXPIRED", later("Licence expired")
    RIGHTS_REVOKED = "RIGHTS_REVOKED", later("Rights revoked")
    POLICY_CHANGED = "POLICY_CHANGED", later("Policy changed")


class TakedownState(models.TextChoices):
    """Where a case stands."""

    CONTAINED = "CONTAINED", later("Contained: nothing of it may be used")
    REMOVED = "REMOVED", later("Material removed, models to be dealt with")
    CLOSED = "CLOSED", later("Closed, certified")
    CALLED_OFF = "CALLED_OFF", later("Called off, released again")


class ItemAction(models.TextChoices):
    """What is done about one thing that a case reaches (TP-217)."""

    REMOVE = "REMOVE", later("Removed")
    WITHDRAW = "WITHDRAW", later("Withdrawn")
    RETRAIN = "RETRAIN", later("Retrained without it")
    MITIGATE = "MITIGATE", later("Mitigated")


class ContractState(models.TextChoices):
    """Where a version of a data contract stands; it never goes back."""

    DRAFT = "DRAFT", later("Draft")
    ACTIVE = "ACTIVE", later("In force")
    RETIRED = "RETIRED", later("Retired")


class ReportScope(models.TextChoices):
    """What a rights report is about."""

    ORGANISATION = "ORGANISATION", later("Everything of the house")
    SOURCE = "SOURCE", later("One source")
    ASSET = "ASSET", later("One original")
    MANIFEST = "MANIFEST", later("One manifest")
    RUN = "RUN", later("One training run")
    MODEL = "MODEL", later("One model version")


class ReportState(models.TextChoices):
    """How far a rights report has come."""

    QUEUED = "QUEUED", later("Waits to be made")
    BUILDING = "BUILDING", later("Is being made")
    DONE = "DONE", later("Signed")
    FAILED = "FAILED", later("Could not be made")


class QuestionKind(models.TextChoices):
    """A legal question that the product answers; each has its own stopwatch (TP-186)."""

    RIGHTS_REPORT = "RIGHTS_REPORT", later("The four questions about some material")
    RUN_PROVENANCE = "RUN_PROVENANCE", later("What a run rested on")
    MANIFEST_CHECK = "MANIFEST_CHECK", later("Whether a manifest may be trained on")
    TAKEDOWN_REACH = "TAKEDOWN_REACH", later("What a takedown reaches")
    LEGAL_VIEW = "LEGAL_VIEW", later("Where the house stands in law")
    ENGINEERING_VIEW = "ENGINEERING_VIEW", later("What engineering made, and what failed")
    GOVERNANCE_VIEW = "GOVERNANCE_VIEW", later("Which run consumed what, under which licences")
    READINESS = "READINESS", later("Whether the house could answer today")


class RightsReviewAnswer(models.TextChoices):
    """What counsel says of a rights record that was looked at again."""

    KEEP = "KEEP", later("It stands")
    END = "END", later("It ends")
