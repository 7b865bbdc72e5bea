"""Assets, their versions, and what kind of thing each version is in the words of IPTC."""

from django.contrib.postgres.fields import ArrayField
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Q

from common.language import later
from provenance.graph.models.base import Told, ToldBySomeone

SHA256 = RegexValidator(r"^[0-9a-f]{64}$", "64 lower-case hexadecimal digits")


class GraphKind(models.TextChoices):
    """What an asset is."""

    CAPTURE = "CAPTURE", later("Capture")
    SCAN = "SCAN", later("Scan")
    MODEL = "MODEL", later("Model")
    IMAGE = "IMAGE", later("Image")
    VIDEO = "VIDEO", later("Video")
    AUDIO = "AUDIO", later("Sound")
    FRAME_RANGE = "FRAME_RANGE", later("Frames")
    SHOT = "SHOT", later("Shot")
    SEQUENCE = "SEQUENCE", later("Sequence")
    STEM = "STEM", later("Stem")
    SCRIPT = "SCRIPT", later("Script")
    MASK = "MASK", later("Mask")
    SCENE = "SCENE", later("Scene file")
    TIMELINE = "TIMELINE", later("Timeline")
    DOCUMENT = "DOCUMENT", later("Document")
    DELIVERABLE = "DELIVERABLE", later("Deliverable")


NOT_MEDIA = (GraphKind.MODEL, GraphKind.DOCUMENT, GraphKind.SCENE, GraphKind.TIMELINE)
"""Kinds that are no media: IPTC has no word for them, so they carry none."""


class GraphAsset(ToldBySomeone):
    """One thing of a production. What it contains stands in its versions."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    kind = models.CharField(max_length=12, choices=GraphKind)
    name = models.CharField(max_length=200)
    # what the pipeline calls it: recorded twice, it is one asset
    external_id = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["production", "organisation", "external_id"],
                condition=~Q(external_id=""),
                name="graph_asset_once_per_external_id",
            ),
            models.CheckConstraint(condition=~Q(name=""), name="graph_asset_has_a_name"),
        ]
        indexes = [
            models.Index(fields=["production", "kind", "-id"], name="graph_asset_by_kind"),
            models.Index(fields=["production", "-id"], name="graph_asset_by_age"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"


class AssetVersion(ToldBySomeone):
    """One state of an asset: the bytes it had, the frames it spans, the licences it was made under."""

    asset = models.ForeignKey(GraphAsset, models.PROTECT, related_name="versions", db_index=False)
    number = models.PositiveIntegerField()
    label = models.CharField(max_length=80, blank=True, default="")
    content_sha256 = models.CharField(max_length=64, blank=True, default="", validators=[SHA256])
    media_type = models.CharField(max_length=120, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField(null=True)
    frame_first = models.IntegerField(null=True)
    frame_last = models.IntegerField(null=True)
    # how it came into being, where it was made of nothing else: a word of provenance.source_type.Origin
    origin = models.CharField(max_length=20, blank=True, default="")
    # when it was made, as its maker says; ``at`` is when this was recorded
    made_at = models.DateTimeField(null=True)
    token_jtis = ArrayField(models.UUIDField(), default=list, blank=True)
    mark_id = models.CharField(max_length=16, blank=True, default="")
    # the delivered output whose bytes these are
    output = models.ForeignKey(
        "provenance.Asset", models.PROTECT, null=True, related_name="+", db_index=False
    )
    # render parameters, compositing layers, colour space ...
    metadata = models.JSONField(default=dict, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["asset", "number"], name="asset_version_once"),
            models.CheckConstraint(
                condition=Q(frame_first=None, frame_last=None) | Q(frame_last__gte=F("frame_first")),
                name="asset_version_frames_in_order",
            ),
        ]
        indexes = [
            models.Index(
                fields=["content_sha256"], condition=~Q(content_sha256=""), name="asset_version_by_content"
            ),
            models.Index(fields=["production", "-id"], name="asset_version_by_film"),
            models.Index(fields=["mark_id"], condition=~Q(mark_id=""), name="asset_version_by_mark"),
        ]

    def __str__(self) -> str:
        return f"{self.asset_id} v{self.number}"


class Classification(Told):
    """The IPTC digital source type of a version, derived; the highest number is the one that holds."""

    version = models.ForeignKey(AssetVersion, models.PROTECT, related_name="classifications", db_index=False)
    number = models.PositiveIntegerField()
    code = models.CharField(max_length=60)
    # what it was derived from: origins and changes, as the pure function was given them
    because = models.JSONField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "number"], name="classification_once"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.code}"


class LabelProposal(ToldBySomeone):
    """A source type that somebody thinks fits better: read beside the derived one, never instead of it."""

    version = models.ForeignKey(AssetVersion, models.PROTECT, related_name="proposals")
    code = models.CharField(max_length=60)
    reason = models.CharField(max_length=500)

    def __str__(self) -> str:
        return self.code
