"""What a job may train on, frozen; and the runs and models that came of it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from common.ids import new_id
from common.models import BaseModel
from training.models.fields import SHA256


class TrainingManifest(BaseModel):
    """A frozen list of material, named by the hash of what it says. Only its release and its end are added."""

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    # ``sha256:`` of the canonical head
    content_id = models.CharField(max_length=71)
    name = models.SlugField(max_length=80)
    head = models.JSONField()
    envelope = models.BinaryField()
    rows = models.PositiveIntegerField()
    rows_root = models.CharField(max_length=64, validators=[SHA256])
    policy = models.ForeignKey("training.PolicyText", models.PROTECT, related_name="+", db_index=False)
    territory = models.CharField(max_length=6)
    code_commit = models.CharField(max_length=64)
    container_image = models.CharField(max_length=300)
    frozen_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    released_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", db_index=False
    )
    released_at = models.DateTimeField(null=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_reason = models.CharField(max_length=500, blank=True, default="")
    node = models.OneToOneField("training.LineageNode", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "content_id"], name="training_manifest_once"),
            models.CheckConstraint(condition=Q(rows__gt=0), name="training_manifest_lists_something"),
            models.CheckConstraint(
                condition=Q(released_at=None, released_by=None)
                | (Q(released_at__isnull=False, released_by__isnull=False) & ~Q(released_by=F("frozen_by"))),
                name="training_manifest_takes_two_people",
            ),
            models.CheckConstraint(
                condition=Q(withdrawn_at=None, withdrawn_reason="")
                | (Q(withdrawn_at__isnull=False) & ~Q(withdrawn_reason="")),
                name="training_manifest_ends_for_a_reason",
            ),
        ]
        indexes = [models.Index(fields=["organisation", "-created_at"], name="training_manifest_by_age")]

    def __str__(self) -> str:
        return f"{self.name} {self.content_id[7:15]}"


class ManifestRow(models.Model):
    """One line of a manifest, as it was frozen; append-only. ``node`` leads to the original or derivative."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    manifest = models.ForeignKey(TrainingManifest, models.PROTECT, related_name="lines", db_index=False)
    ordinal = models.PositiveIntegerField()
    node = models.ForeignKey("training.LineageNode", models.PROTECT, related_name="+", db_index=False)
    ref = models.UUIDField()
    is_derivative = models.BooleanField()
    # the sources above it when it was frozen
    sources = ArrayField(models.UUIDField())
    line = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["manifest", "ordinal"], name="manifest_row_once"),
            models.CheckConstraint(condition=Q(sources__len__gt=0), name="manifest_row_has_its_source"),
        ]
        indexes = [models.Index(fields=["ref"], name="manifest_row_by_ref")]

    def __str__(self) -> str:
        return f"{self.ordinal} of {self.manifest_id}"


class TrainingRun(BaseModel):
    """A job that trained, as it reported itself; append-only. Without a manifest it is unbound (TP-191)."""

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    # the job's own id, so that a report that is sent twice is one run
    external_id = models.CharField(max_length=200)
    name = models.CharField(max_length=120)
    manifest = models.ForeignKey(TrainingManifest, models.PROTECT, null=True, related_name="runs")
    code_commit = models.CharField(max_length=64)
    container_image = models.CharField(max_length=300)
    parameters = models.JSONField(default=dict)
    # what the check said when the run was registered; empty: it might train
    refusals = ArrayField(models.CharField(max_length=60), default=list)
    registered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False
    )
    node = models.OneToOneField("training.LineageNode", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "external_id"], name="training_run_once"),
        ]
        indexes = [models.Index(fields=["organisation", "-created_at"], name="training_run_by_age")]

    def __str__(self) -> str:
        return f"{self.name} {self.external_id}"


class ModelVersion(BaseModel):
    """A version of a model that a run produced; append-only."""

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    run = models.ForeignKey(TrainingRun, models.PROTECT, related_name="models")
    name = models.CharField(max_length=120)
    version = models.CharField(max_length=60)
    sha256 = models.CharField(max_length=64, validators=[SHA256])
    node = models.OneToOneField("training.LineageNode", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "name", "version"], name="model_version_once"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}"
