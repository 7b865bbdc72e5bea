"""An incident: synthetic use of a person outside any contract, and everything that was written down about it.

Entries, evidence and readings are only ever added (triggers); of the incident itself its state alone moves. Each
entry carries the hash of the one before it, so that a copy of all shows whether one was left out or changed.
"""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from common.models import BaseModel
from licensing.models.fields import choices_of
from trustcore.bundle.incident import IncidentState
from trustcore.policy.vocabulary import Construct, UseType

_SHA256 = r"^[0-9a-f]{64}$"


class EntryKind(models.TextChoices):
    """What an entry tells of."""

    RECORDED = "RECORDED", "recorded"
    EVIDENCE = "EVIDENCE", "evidence added"
    NOTE = "NOTE", "note"
    NOTICE = "NOTICE", "notice sent"
    ANSWER = "ANSWER", "answer received"
    STATE = "STATE", "state changed"
    LICENCES = "LICENCES", "what is licensed"
    READING = "READING", "what a mark says"


class EvidenceKind(models.TextChoices):
    """What a file is to the incident."""

    FOUND = "FOUND", "what was found"
    CAPTURE = "CAPTURE", "how it was seen: a screenshot, a saved page"
    DOCUMENT = "DOCUMENT", "a letter or an answer"


class Incident(BaseModel):
    """A use that was seen: of whom, where, when, of what of the likeness."""

    talent = models.ForeignKey("licensing.Talent", models.PROTECT, related_name="incidents")
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    recorded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    platform = models.CharField(max_length=120)
    url = models.CharField(max_length=2000, blank=True, default="")
    seen_at = models.DateTimeField()
    constructs = ArrayField(models.CharField(max_length=40, choices=choices_of(Construct)))
    # what seems to have been made; empty: nobody can say
    use_types = ArrayField(
        models.CharField(max_length=40, choices=choices_of(UseType)), default=list, blank=True
    )
    description = models.TextField()
    state = models.CharField(
        max_length=12, choices=[(one.value, one.value) for one in IncidentState], default=IncidentState.OPEN
    )
    changed_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(constructs=[]), name="incident_is_of_something"),
            models.CheckConstraint(
                condition=Q(state__in=[one.value for one in IncidentState]), name="incident_state_known"
            ),
        ]
        indexes = [models.Index(fields=["talent", "-created_at"], name="incident_by_talent")]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"


class IncidentEntry(BaseModel):
    """One line of an incident's file; append-only.

    ``body`` is hashed with the hash before it. ``details`` names other parties' licences and outputs: ``body`` holds
    its digest alone, so that it can be left out for a reader who may not know of them, and proved for one who may.
    """

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="entries")
    number = models.PositiveIntegerField()
    kind = models.CharField(max_length=8, choices=EntryKind)
    at = models.DateTimeField()
    # who acted; none: the server itself
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, null=True, related_name="+")
    by_key = models.BooleanField(default=False)
    body = models.JSONField()
    details = models.JSONField(null=True)
    # the line as it was hashed: names as they were then
    line = models.BinaryField()
    hash = models.CharField(max_length=64)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["incident", "number"], name="incident_entry_number_once"),
            models.CheckConstraint(condition=Q(hash__regex=_SHA256), name="incident_entry_hash_hex"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind}"


class Evidence(BaseModel):
    """One file of evidence: what it is by its own bytes, never by its name; append-only, never run, never shown."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="evidence")
    entry = models.OneToOneField(IncidentEntry, models.PROTECT, related_name="evidence")
    kind = models.CharField(max_length=8, choices=EvidenceKind)
    file_name = models.CharField(max_length=240)
    blob = models.CharField(max_length=300)
    media_type = models.CharField(max_length=80)
    sha256 = models.CharField(max_length=64)
    size_bytes = models.PositiveBigIntegerField()
    captured_at = models.DateTimeField(null=True, blank=True)
    source_url = models.CharField(max_length=2000, blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["incident", "sha256"], name="evidence_once_per_incident"),
            models.CheckConstraint(condition=Q(sha256__regex=_SHA256), name="evidence_sha256_hex"),
            models.CheckConstraint(condition=Q(size_bytes__gt=0), name="evidence_is_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.media_type} {self.sha256[:12]}"


class EvidenceReading(BaseModel):
    """A reading of a file's marks that was asked for; ``entry`` is what came of it."""

    evidence = models.ForeignKey(Evidence, models.PROTECT, related_name="readings")
    detection_id = models.UUIDField(unique=True)
    entry = models.OneToOneField(IncidentEntry, models.PROTECT, null=True, blank=True, related_name="reading")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["evidence"], condition=Q(entry=None), name="one_reading_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return f"reading of {self.evidence_id}"


class PackageState(models.TextChoices):
    """How far a package has come."""

    QUEUED = "QUEUED", "waiting"
    READY = "READY", "ready"
    FAILED = "FAILED", "failed"


class IncidentPackage(BaseModel):
    """A signed copy of an incident's file up to one of its entries, for one party of the talent."""

    incident = models.ForeignKey(Incident, models.PROTECT, related_name="packages")
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    # the cut: entries up to this one, and which of their details the party may be told
    entries = models.PositiveIntegerField()
    details = ArrayField(models.PositiveIntegerField(), default=list, blank=True)
    state = models.CharField(max_length=8, choices=PackageState, default=PackageState.QUEUED)
    failure_code = models.CharField(max_length=40, blank=True, default="")
    blob = models.CharField(max_length=300, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField(default=0)
    key_id = models.CharField(max_length=64, blank=True, default="")
    built_at = models.DateTimeField(null=True, blank=True)
    touched_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=~Q(state=PackageState.READY)
                | (Q(built_at__isnull=False) & ~Q(blob="") & ~Q(sha256="")),
                name="ready_package_is_whole",
            )
        ]
        indexes = [models.Index(fields=["incident", "-created_at"], name="package_by_incident")]

    def __str__(self) -> str:
        return f"{self.state} {self.id}"
