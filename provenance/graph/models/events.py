"""What was recorded, in the order it was recorded: the one source of every other row of the graph."""

import json
import os
from typing import Any

from django.conf import settings
from django.db import models

from common import clock
from common.ids import new_id
from common.language import later


class EventKind(models.TextChoices):
    """What an event states."""

    ASSET_RECORDED = "ASSET_RECORDED", later("Asset recorded")
    VERSION_ADDED = "VERSION_ADDED", later("Version added")
    CLASSIFIED = "CLASSIFIED", later("Source type derived")
    RELATED = "RELATED", later("Relation recorded")
    MODEL_NAMED = "MODEL_NAMED", later("Model named")
    GENERATED = "GENERATED", later("Generation recorded")
    DECIDED = "DECIDED", later("Decision recorded")
    LABEL_PROPOSED = "LABEL_PROPOSED", later("Label proposed")
    DOCUMENT_ATTACHED = "DOCUMENT_ATTACHED", later("Document attached")


def new_salt() -> bytes:
    """Sixteen random bytes: a digest with them tells nobody what was digested."""
    return os.urandom(16)


class ProvenanceEvent(models.Model):
    """One statement about an object of the graph; append-only.

    ``payload`` is kept as the text that was digested. The digests of a ``batch`` make one root, which stands in
    the audit trail and in the production's log (``trustcore.receipt.RecordedEntry``).
    """

    number = models.BigAutoField(primary_key=True)
    id = models.UUIDField(default=new_id, unique=True, editable=False)
    at = models.DateTimeField(default=clock.now, editable=False)
    kind = models.CharField(max_length=20, choices=EventKind)
    production = models.ForeignKey("licensing.Production", models.PROTECT, related_name="+")
    object_id = models.UUIDField()
    # who did it; a service account's call names the person on whose behalf it acted
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    credential = models.ForeignKey("accounts.ApiCredential", models.PROTECT, null=True, related_name="+")
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    batch = models.UUIDField()
    position = models.PositiveIntegerField()
    salt = models.BinaryField(default=new_salt, max_length=16)
    payload = models.TextField()

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["batch", "position"], name="provenance_event_place"),
        ]
        indexes = [
            models.Index(fields=["object_id", "number"], name="provenance_event_by_object"),
            models.Index(fields=["production", "number"], name="provenance_event_by_film"),
        ]

    def __str__(self) -> str:
        return f"{self.number} {self.kind} {self.object_id}"

    @property
    def facts(self) -> dict[str, Any]:
        """The payload, read."""
        read: dict[str, Any] = json.loads(self.payload)
        return read
