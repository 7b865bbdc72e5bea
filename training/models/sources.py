"""Where material comes from: classes of sources, sources, and domains that are allowed or blocked."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.models import BaseModel
from training.vocabulary import SourceType


class SourceClass(BaseModel):
    """A class of sources that is opened and stopped as one; only ``stopped_at`` and what explains it move."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    code = models.SlugField(max_length=60)
    source_type = models.CharField(max_length=20, choices=SourceType)
    purpose = models.CharField(max_length=200)
    # an approved class (the allow list); others only ever reach the review queue
    is_allowed = models.BooleanField(default=False)
    # 1 (little) to 5 (much): what a model is expected to gain from it
    expected_value = models.PositiveSmallIntegerField(default=3)
    stopped_at = models.DateTimeField(null=True, blank=True)
    stop_reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "code"], name="source_class_once"),
            models.CheckConstraint(condition=Q(expected_value__range=(1, 5)), name="source_class_value"),
            models.CheckConstraint(
                condition=Q(stopped_at=None) | ~Q(stop_reason=""), name="source_class_stopped_for_a_reason"
            ),
        ]

    def __str__(self) -> str:
        return self.code


class Source(BaseModel):
    """One origin: a channel, a gallery, a feed, a reel. Provenance alone; what is permitted stands apart (TP-210)."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    source_class = models.ForeignKey(SourceClass, models.PROTECT, related_name="sources")
    canonical_url = models.CharField(max_length=1000)
    domain = models.CharField(max_length=253)
    platform = models.CharField(max_length=120)
    platform_id = models.CharField(max_length=200)
    # who may permit, as against the organisation that collects (TP-086)
    rights_holder = models.CharField(max_length=200)
    geography = models.CharField(max_length=6, blank=True, default="")
    owner = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    registered_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    node = models.OneToOneField("training.LineageNode", models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["organisation", "canonical_url"], name="source_once"),
            models.CheckConstraint(condition=~Q(rights_holder=""), name="source_has_a_rights_holder"),
        ]
        indexes = [models.Index(fields=["organisation", "-created_at"], name="source_by_age")]

    def __str__(self) -> str:
        return self.canonical_url


class DomainRule(BaseModel):
    """A domain that nothing is taken from. Rows are added; the newest for a domain holds."""

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    domain = models.CharField(max_length=253)
    is_blocked = models.BooleanField()
    reason = models.CharField(max_length=500)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        indexes = [models.Index(fields=["organisation", "domain", "-created_at"], name="domain_rule_newest")]

    def __str__(self) -> str:
        return f"{'blocked' if self.is_blocked else 'open'} {self.domain}"
