"""What a source may be used for: versions of its rights record, and their ends. Both are append-only."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from common.models import BaseModel
from training.models.fields import SHA256
from training.vocabulary import LicenceClass


class RightsRecord(BaseModel):
    """What a licence permits of a source. A changed licence is a new version, never an edit.

    Three permissions stand apart, none follows from another. ``expires_on`` is the last day of the licence in
    the time zone that the licence names; ``expires_at`` is the instant at which that day ends there.
    """

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    source = models.ForeignKey("training.Source", models.PROTECT, related_name="rights")
    version = models.PositiveIntegerField()
    licence_class = models.CharField(max_length=30, choices=LicenceClass)
    licence_type = models.CharField(max_length=120)
    licence_source = models.CharField(max_length=500)
    may_train = models.BooleanField()
    may_derive = models.BooleanField()
    may_redistribute = models.BooleanField()
    restrictions = ArrayField(models.CharField(max_length=200), default=list, blank=True)
    # ISO 3166, expanded; where the material may be used
    territories = ArrayField(models.CharField(max_length=6))
    attribution = models.CharField(max_length=500, blank=True, default="")
    expires_on = models.DateField(null=True, blank=True)
    time_zone = models.CharField(max_length=60, default="UTC")
    expires_at = models.DateTimeField(null=True, blank=True)
    # days after its end until which the bytes may be kept at all; None: until they are asked for
    retention_days = models.PositiveIntegerField(null=True, blank=True)
    # CLEAR, UNKNOWN or REFUSED for each restriction that was looked at
    checks = models.JSONField()
    evidence_sha256 = models.CharField(max_length=64, validators=[SHA256])
    evidence_uri = models.CharField(max_length=1000)
    # the talent's own licence, where that is the basis
    training_token = models.ForeignKey(
        "licensing.TrainingToken", models.PROTECT, null=True, blank=True, related_name="+"
    )
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    next_review_on = models.DateField()
    node = models.OneToOneField("training.LineageNode", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["source", "version"], name="rights_version_once"),
            models.CheckConstraint(
                condition=Q(licence_class=LicenceClass.TALENT_TRAINING_LICENCE, training_token__isnull=False)
                | (~Q(licence_class=LicenceClass.TALENT_TRAINING_LICENCE) & Q(training_token=None)),
                name="rights_of_a_talent_have_their_licence",
            ),
            models.CheckConstraint(
                condition=Q(expires_on=None, expires_at=None)
                | Q(expires_on__isnull=False, expires_at__isnull=False),
                name="rights_end_in_a_time_zone",
            ),
            models.CheckConstraint(
                condition=~Q(licence_type="") & ~Q(licence_source="") & ~Q(evidence_uri=""),
                name="rights_are_stated_and_shown",
            ),
        ]
        indexes = [
            models.Index(
                fields=["expires_at"], condition=Q(expires_at__isnull=False), name="rights_by_their_end"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.licence_class} v{self.version}"


class RightsEnd(BaseModel):
    """A rights record ended before its time: revoked, claimed against, or never right."""

    rights = models.OneToOneField(RightsRecord, models.PROTECT, related_name="end")
    reason = models.CharField(max_length=500)
    # None: the talent's licence ended, and with it what rests on it
    ended_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    ended_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"end of {self.rights_id}"


class RightsComparison(BaseModel):
    """What stood under a source's earlier rights was held against a later record, once; append-only.

    A later record that permits less opens a case of what it does not permit any more, and of nothing else (TP-215).
    """

    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    rights = models.OneToOneField(RightsRecord, models.PROTECT, related_name="comparison")
    # why something that stood before may not stand now; empty: it permits all that stood
    codes = ArrayField(models.CharField(max_length=60), default=list)
    takedown = models.OneToOneField("training.Takedown", models.PROTECT, null=True, related_name="comparison")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(codes__len=0, takedown=None) | Q(codes__len__gt=0, takedown__isnull=False),
                name="rights_that_narrow_open_a_case",
            ),
        ]

    def __str__(self) -> str:
        return f"{', '.join(self.codes) or 'no less'} by {self.rights_id}"
