"""Policies on their way to binding: in shadow, in canary; and what they would have done."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from common.models import BaseModel
from licensing.models.fields import TERMS_HASH


class PolicyRollout(BaseModel):
    """A compliance profile or a guild's defaults that do not bind yet, or bind a share; all but its end is locked.

    A stage is a row: a canary is a new one that names the shadow it came from.
    """

    class Kind(models.TextChoices):
        """What is rolled out."""

        PROFILE = "PROFILE", "Compliance profile"
        DEFAULTS = "DEFAULTS", "Guild defaults"

    class Stage(models.TextChoices):
        """Whether it acts."""

        SHADOW = "SHADOW", "Judged beside, never acting"
        CANARY = "CANARY", "Binding for a share"

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="policy_rollouts")
    kind = models.CharField(max_length=8, choices=Kind)
    # the ref of a profile; empty for defaults
    profile = models.CharField(max_length=60, blank=True, default="")
    # of the profile's text, or of the limits
    content_hash = models.CharField(max_length=71, validators=[TERMS_HASH])
    limits = models.JSONField(null=True, blank=True)
    stage = models.CharField(max_length=6, choices=Stage)
    share_percent = models.PositiveSmallIntegerField(default=0)
    production_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    came_from = models.OneToOneField("self", models.PROTECT, null=True, blank=True, related_name="went_on_as")
    # counsel's sign-off: over the content's hash, and over what it would change
    counsel_name = models.CharField(max_length=200, blank=True, default="")
    report_hash = models.CharField(max_length=71, blank=True, default="")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["organisation", "kind", "profile"],
                condition=Q(ended_at=None),
                name="one_rollout_in_force",
            ),
            models.CheckConstraint(
                condition=Q(kind="PROFILE", limits__isnull=True) & ~Q(profile="")
                | Q(kind="DEFAULTS", profile="", limits__isnull=False),
                name="rollout_is_of_one_thing",
            ),
            models.CheckConstraint(
                condition=Q(stage="SHADOW", share_percent=0, production_ids=[])
                | (
                    Q(stage="CANARY", share_percent__lte=99)
                    & ~Q(counsel_name="")
                    & ~Q(report_hash="")
                    & (Q(share_percent__gte=1) | ~Q(production_ids=[]))
                ),
                name="shadow_acts_on_nobody",
            ),
        ]
        indexes = [models.Index(fields=["organisation", "-created_at"], name="rollout_by_organisation")]

    def __str__(self) -> str:
        return f"{self.stage} {self.profile or self.kind}"


class ShadowOutcome(BaseModel):
    """What a policy that does not bind would have made of one version of terms; append-only, and nothing follows."""

    rollout = models.ForeignKey(PolicyRollout, models.PROTECT, related_name="outcomes")
    request = models.ForeignKey("licensing.LicenceRequest", models.PROTECT, related_name="+")
    version = models.ForeignKey("licensing.TermsVersion", models.PROTECT, related_name="+")
    differs = models.BooleanField()
    difference = models.JSONField(default=dict)
    # why it could not be judged; empty: it was
    failure = models.CharField(max_length=40, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rollout", "version"], name="one_shadow_outcome_per_version")
        ]
        indexes = [
            models.Index(
                fields=["rollout", "-created_at"], condition=Q(differs=True), name="shadow_that_differs"
            )
        ]

    def __str__(self) -> str:
        return f"{self.rollout_id} over {self.version_id}"
