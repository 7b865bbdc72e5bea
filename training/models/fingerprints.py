"""Fingerprints of what assets show: near duplicates are found by the distance between two."""

from django.db import models


class Fingerprint(models.Model):
    """A PDQ fingerprint (256 bits) of an image, or of one sampled frame; append-only."""

    number = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    asset = models.ForeignKey("training.TrainingAsset", models.PROTECT, related_name="fingerprints")
    at_seconds = models.FloatField(null=True)
    quality = models.PositiveSmallIntegerField()
    bits = models.BinaryField(max_length=32)

    class Meta:
        indexes = [models.Index(fields=["organisation", "number"], name="fingerprint_in_order")]

    def __str__(self) -> str:
        return f"fingerprint of {self.asset_id}"
