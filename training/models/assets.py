"""Originals, derivatives, and the jobs that made the derivatives."""

from typing import Any

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from common.ids import new_id
from common.models import BaseModel
from training.models.fields import SHA256
from training.vocabulary import AssetState, CollectionMethod, Held, MediaKind


class TrainingAsset(BaseModel):
    """An original, as it was collected. What was captured never changes (trigger); its state and place do."""

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    source = models.ForeignKey("training.Source", models.PROTECT, related_name="assets", db_index=False)
    # the version of the rights record that it was admitted under
    rights = models.ForeignKey("training.RightsRecord", models.PROTECT, related_name="+", db_index=False)
    external_id = models.CharField(max_length=200)
    version = models.PositiveIntegerField(default=1)
    kind = models.CharField(max_length=5, choices=MediaKind)
    media_type = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64, validators=[SHA256])
    size_bytes = models.PositiveBigIntegerField()
    canonical_url = models.CharField(max_length=1000)
    method = models.CharField(max_length=12, choices=CollectionMethod)
    collector = models.CharField(max_length=120)
    collected_at = models.DateTimeField()
    licence_claim = models.CharField(max_length=200)
    # what its kind demands: video and channel, title and duration; or domain, EXIF, page
    capture = models.JSONField(default=dict)
    # what the scans found in the bytes
    findings = models.JSONField(default=dict)
    state = models.CharField(max_length=8, choices=AssetState)
    held = models.CharField(max_length=9, choices=Held)
    location = models.CharField(max_length=1000, blank=True, default="")
    stored_at = models.DateTimeField(null=True, blank=True)
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    decision = models.ForeignKey("training.PolicyDecision", models.PROTECT, related_name="+", db_index=False)
    node = models.OneToOneField("training.LineageNode", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "external_id", "version"], name="training_asset_version_once"
            ),
        ]
        indexes = [
            models.Index(fields=["organisation", "-created_at"], name="training_asset_by_age"),
            models.Index(fields=["sha256"], name="training_asset_by_content"),
            models.Index(
                fields=["id"], condition=Q(kind="TEXT", state="ADMITTED"), name="training_asset_text_in"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.external_id}"

    @property
    def review(self) -> Any:
        """The newest review of it, or None."""
        return self.reviews.order_by("-created_at", "-id").first()


class TransformJob(BaseModel):
    """A run of code over assets: which code, which steps, and who approved it (TP-039); append-only."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    name = models.CharField(max_length=120)
    code_commit = models.CharField(max_length=64)
    container_image = models.CharField(max_length=300)
    # resizing, cropping, removal of marks ...: every step with what it was told
    steps = models.JSONField()
    run_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(run_by=models.F("approved_by")), name="transform_job_takes_two_people"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.code_commit}"


class Derivative(models.Model):
    """What a job made of one or more parents; kept apart from originals, in a dataset with a version."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    created_at = models.DateTimeField()
    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    job = models.ForeignKey(TransformJob, models.PROTECT, related_name="derivatives")
    dataset = models.SlugField(max_length=80)
    dataset_version = models.PositiveIntegerField()
    kind = models.CharField(max_length=5, choices=MediaKind)
    role = models.CharField(max_length=40)
    media_type = models.CharField(max_length=120)
    sha256 = models.CharField(max_length=64, validators=[SHA256])
    size_bytes = models.PositiveBigIntegerField()
    # of the original and of the derivative: dimensions, codec, frame rate; OCR, shots, sampled frames, faces
    technical = models.JSONField(default=dict)
    held = models.CharField(max_length=9, choices=Held)
    location = models.CharField(max_length=1000, blank=True, default="")
    flags = ArrayField(models.CharField(max_length=40), default=list, blank=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    node = models.OneToOneField("training.LineageNode", models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["organisation", "dataset", "dataset_version"], name="derivative_by_dataset"),
            models.Index(fields=["sha256"], name="derivative_by_content"),
        ]

    def __str__(self) -> str:
        return f"{self.role} in {self.dataset} v{self.dataset_version}"
