"""The papers of a shoot, attached to what they tell of: camera reports, call sheets, dailies, headers, timelines."""

from django.db import models

from common.language import later
from provenance.graph.models.assets import SHA256
from provenance.graph.models.base import ToldBySomeone


class DocumentKind(models.TextChoices):
    """What a document is, and so who reads it."""

    CAMERA_METADATA = "CAMERA_METADATA", later("Camera metadata")
    CALL_SHEET = "CALL_SHEET", later("Call sheet")
    DAILIES = "DAILIES", later("Dailies log")
    IMAGE_HEADER = "IMAGE_HEADER", later("Image header")
    EDL = "EDL", later("Edit decision list")
    ALE = "ALE", later("Avid log")
    OTIO = "OTIO", later("Timeline")


class CustodyDocument(ToldBySomeone):
    """A document about a version: its hash, and sealed its text or what was read out of it."""

    version = models.ForeignKey("provenance.AssetVersion", models.PROTECT, related_name="documents")
    kind = models.CharField(max_length=16, choices=DocumentKind)
    name = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64, validators=[SHA256])
    size_bytes = models.PositiveBigIntegerField()
    # of what the field's reader found in it, what names nobody; the rest is the text
    facts = models.JSONField(default=dict, blank=True)
    text = models.ForeignKey(
        "provenance.SealedText", models.PROTECT, null=True, related_name="+", db_index=False
    )

    def __str__(self) -> str:
        return f"{self.kind} {self.name}"
