"""What every row of the graph has: its id, its production, and the event that made it."""

from django.conf import settings
from django.db import models


class Told(models.Model):
    """A row told by an event: made once, never changed, and always told again alike."""

    id = models.UUIDField(primary_key=True, editable=False)
    production = models.ForeignKey("licensing.Production", models.PROTECT, related_name="+", db_index=False)
    event = models.ForeignKey("provenance.ProvenanceEvent", models.PROTECT, related_name="+", db_index=False)
    at = models.DateTimeField(editable=False)

    class Meta:
        abstract = True


class ToldBySomeone(Told):
    """The same with who did it at hand: the person, and the service account that acted for them."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    credential = models.ForeignKey(
        "accounts.ApiCredential", models.PROTECT, null=True, related_name="+", db_index=False
    )

    class Meta:
        abstract = True
