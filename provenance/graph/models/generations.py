"""What generative models made: which model, from what, how, for whom; and the index that finds it again."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from common.language import later
from provenance.graph.models.assets import SHA256
from provenance.graph.models.base import Told, ToldBySomeone


class InputRole(models.TextChoices):
    """What an input was used as."""

    REFERENCE = "REFERENCE", later("reference")
    PLATE = "PLATE", later("plate")
    MASK = "MASK", later("mask")
    CONTROL = "CONTROL", later("control")
    STYLE = "STYLE", later("style")
    SCAN = "SCAN", later("scan")
    VOICE = "VOICE", later("voice")
    SCRIPT = "SCRIPT", later("script")


class GenerativeModel(Told):
    """A model as a production's records name it: one row for each name, version and hash."""

    name = models.CharField(max_length=160)
    version = models.CharField(max_length=80, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="", validators=[SHA256])
    provider = models.CharField(max_length=160, blank=True, default="")
    # the model itself, where it is an asset of the production
    asset_version = models.ForeignKey("provenance.AssetVersion", models.PROTECT, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["production", "name", "version", "sha256"], name="generative_model_once"
            )
        ]
        indexes = [
            models.Index(fields=["sha256"], condition=~Q(sha256=""), name="generative_model_by_hash"),
            models.Index(fields=["name", "version"], name="generative_model_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} {self.version}".strip()


class GenerationRecord(ToldBySomeone):
    """One run of a model. ``person`` is the operator; prompts lie sealed beside it."""

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    model = models.ForeignKey(GenerativeModel, models.PROTECT, related_name="generations", db_index=False)
    external_id = models.CharField(max_length=200, blank=True, default="")
    engine = models.CharField(max_length=120, blank=True, default="")
    engine_version = models.CharField(max_length=80, blank=True, default="")
    # as written: seeds are 64 bits wide and more
    seed = models.CharField(max_length=40, blank=True, default="")
    guidance_scale = models.CharField(max_length=24, blank=True, default="")
    # numbers stand in it as they were written
    parameters = models.JSONField(default=dict, blank=True)
    prompt = models.ForeignKey(
        "provenance.SealedText", models.PROTECT, null=True, related_name="+", db_index=False
    )
    negative_prompt = models.ForeignKey(
        "provenance.SealedText", models.PROTECT, null=True, related_name="+", db_index=False
    )
    token_jtis = ArrayField(models.UUIDField(), default=list, blank=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["production", "organisation", "external_id"],
                condition=~Q(external_id=""),
                name="generation_once_per_external_id",
            )
        ]
        indexes = [
            models.Index(fields=["production", "-id"], name="generation_by_film"),
            models.Index(fields=["model", "-id"], name="generation_by_model"),
        ]

    def __str__(self) -> str:
        return f"{self.model_id} {self.id}"


class GenerationInput(models.Model):
    """One input of a run and its role. Model and asset stand here again: one index answers for both."""

    id = models.UUIDField(primary_key=True, editable=False)
    generation = models.ForeignKey(GenerationRecord, models.PROTECT, related_name="inputs")
    model = models.ForeignKey(GenerativeModel, models.PROTECT, related_name="+", db_index=False)
    asset = models.ForeignKey("provenance.GraphAsset", models.PROTECT, related_name="+", db_index=False)
    version = models.ForeignKey("provenance.AssetVersion", models.PROTECT, related_name="+", db_index=False)
    role = models.CharField(max_length=12, choices=InputRole)

    class Meta:
        indexes = [
            models.Index(fields=["asset", "model", "-generation"], name="input_by_asset_and_model"),
            models.Index(fields=["version", "model", "-generation"], name="input_by_version_and_model"),
        ]

    def __str__(self) -> str:
        return f"{self.role} {self.version_id}"


class GenerationOutput(models.Model):
    """One version that a run made."""

    id = models.UUIDField(primary_key=True, editable=False)
    generation = models.ForeignKey(GenerationRecord, models.PROTECT, related_name="outputs")
    version = models.ForeignKey("provenance.AssetVersion", models.PROTECT, related_name="generation_outputs")

    def __str__(self) -> str:
        return f"{self.generation_id} made {self.version_id}"
