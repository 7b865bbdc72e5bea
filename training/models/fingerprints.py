"""Fingerprints of what assets show, sound like and say: near duplicates are found by the distance between two."""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q

from common import clock
from common.models import BaseModel
from training.vocabulary import PrintOf


class Fingerprint(models.Model):
    """256 bits of an image, of one sampled frame (PDQ), or of some seconds of sound; append-only."""

    number = models.BigAutoField(primary_key=True)
    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    asset = models.ForeignKey("training.TrainingAsset", models.PROTECT, related_name="fingerprints")
    of = models.CharField(max_length=8, choices=PrintOf.choices, db_default=PrintOf.PICTURE)
    at_seconds = models.FloatField(null=True)
    quality = models.PositiveSmallIntegerField()
    bits = models.BinaryField(max_length=32)

    class Meta:
        indexes = [models.Index(fields=["organisation", "number"], name="fingerprint_in_order")]

    def __str__(self) -> str:
        return f"fingerprint of {self.asset_id}"


class ScriptUse(models.Model):
    """A text of which a registered script's version was found to be a part, or the whole; append-only.

    Of each work the versions are named that the text is most like: a grant for any of them covers it.
    """

    pk = models.CompositePrimaryKey("asset_id", "version_id")
    asset = models.ForeignKey(
        "training.TrainingAsset", models.PROTECT, related_name="script_uses", db_index=False
    )
    version = models.ForeignKey("screenplays.Version", models.PROTECT, related_name="+")

    def __str__(self) -> str:
        return f"{self.version_id} in {self.asset_id}"


class ScriptSearch(BaseModel):
    """A registered script that is looked for in texts that were admitted before it was registered, of every house.

    Looked for twice: a scan that began before the script was there may write its text after the first look.
    """

    version = models.OneToOneField("screenplays.Version", models.PROTECT, related_name="+")
    # the last text that was looked at, in the order of their ids, in this look; looks that have ended
    after = models.UUIDField(null=True)
    looks = models.PositiveSmallIntegerField(default=0)
    # when the next look begins, and when the last step of this one was
    due_at = models.DateTimeField(default=clock.now)
    moved_at = models.DateTimeField(default=clock.now)
    # texts that were read because they have something in common with it, and those of them that were held
    texts_read = models.PositiveBigIntegerField(default=0)
    texts_held = models.PositiveBigIntegerField(default=0)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(texts_held__lte=F("texts_read")), name="script_search_holds_what_it_read"
            ),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(finished_at=None), name="script_search_unfinished"),
        ]

    def __str__(self) -> str:
        return f"search for {self.version_id}"


class TextSketch(models.Model):
    """The kept hashes of a text's shingles, one of ``scale``. They change only with the key they are under (trigger)."""

    asset = models.OneToOneField(
        "training.TrainingAsset", models.PROTECT, related_name="sketch", primary_key=True
    )
    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    scale = models.PositiveIntegerField()
    hashes = ArrayField(models.BigIntegerField())
    # which key; empty: nobody wrote it down, and the text is sketched again
    key_id = models.CharField(max_length=16, db_default="", default="")

    class Meta:
        indexes = [GinIndex(fields=["hashes"], name="training_text_by_hash")]

    def __str__(self) -> str:
        return f"sketch of {self.asset_id}"
