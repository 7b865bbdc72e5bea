"""Works, their versions and scenes. What is written in them lies sealed; rows hold hashes, dates and counts."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import Q
from simple_history.models import HistoricalRecords

from common.language import later
from common.models import BaseModel

_SHA256 = r"^[0-9a-f]{64}\Z"


class WorkKind(models.TextChoices):
    """What kind of written work it is."""

    SCREENPLAY = "SCREENPLAY", later("Screenplay")
    STORY_BIBLE = "STORY_BIBLE", later("Story bible")
    TREATMENT = "TREATMENT", later("Treatment")


class Work(BaseModel):
    """A written work of one organisation. ``sealed_key`` opens its text; without it the text is gone for good."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="written_works")
    # the production that is made from it; licences name its shots and scenes
    production = models.ForeignKey(
        "licensing.Production", models.PROTECT, null=True, blank=True, related_name="written_works"
    )
    # the writer, where they have an account: reads who read it
    writer = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="written_works"
    )
    title = models.CharField(max_length=200)
    kind = models.CharField(max_length=12, choices=WorkKind)
    authors = models.CharField(max_length=300, blank=True, default="")
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    sealed_key = models.BinaryField(null=True)
    destroyed_at = models.DateTimeField(null=True, blank=True)
    history = HistoricalRecords(excluded_fields=["sealed_key"])

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sealed_key__isnull=False, destroyed_at=None)
                | Q(sealed_key=None, destroyed_at__isnull=False),
                name="work_has_its_key_or_its_end",
            )
        ]
        indexes = [
            models.Index(fields=["organisation", "-created_at"], name="work_by_organisation"),
            models.Index(fields=["writer"], name="work_by_writer"),
        ]

    def __str__(self) -> str:
        return self.title


class Version(BaseModel):
    """One version of a work, as it was handed in. Append-only.

    ``created_at`` is when this server took it in; ``dated`` is the day that the draft itself bears, in the words of
    whoever handed it in. Only the first can prove anything.
    """

    work = models.ForeignKey(Work, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    label = models.CharField(max_length=80)
    dated = models.DateField(null=True, blank=True)
    format = models.CharField(max_length=12)
    encoding = models.CharField(max_length=12)
    file_name = models.CharField(max_length=240)
    size_bytes = models.PositiveBigIntegerField()
    pages = models.PositiveIntegerField()
    words = models.PositiveIntegerField()
    sha256 = models.CharField(max_length=64)
    wording_sha256 = models.CharField(max_length=64, db_index=True)
    iscc = models.CharField(max_length=80, blank=True)
    sketch = ArrayField(models.BigIntegerField(), default=list)
    # blobs, each sealed under the work's key: the file as it came, and the script as it was read
    file_blob = models.CharField(max_length=300)
    text_blob = models.CharField(max_length=300)
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    submitted_key = models.ForeignKey(
        "accounts.ApiCredential", models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["work", "number"], name="version_number_once"),
            models.UniqueConstraint(fields=["work", "sha256"], name="version_bytes_once"),
            models.CheckConstraint(
                condition=Q(sha256__regex=_SHA256) & Q(wording_sha256__regex=_SHA256),
                name="version_hashes_hex",
            ),
        ]
        indexes = [
            models.Index(fields=["sha256"], name="version_by_sha256"),
            GinIndex(fields=["sketch"], name="version_by_sketch"),
        ]

    def __str__(self) -> str:
        return f"{self.label} ({self.number})"


class Scene(models.Model):
    """A scene of a version: its place and its number as printed. Its heading is sealed; ``mac`` tells change."""

    version = models.ForeignKey(Version, models.PROTECT, related_name="scenes")
    ordinal = models.PositiveIntegerField()
    label = models.CharField(max_length=20, blank=True)
    sealed_heading = models.BinaryField()
    words = models.PositiveIntegerField()
    # of the scene's text under the work's key: equal in two versions, if nothing in the scene changed
    mac = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["version", "ordinal"], name="scene_once"),
            models.CheckConstraint(condition=Q(mac__regex=_SHA256), name="scene_mac_hex"),
        ]

    def __str__(self) -> str:
        return f"scene {self.label or self.ordinal}"
