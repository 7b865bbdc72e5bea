"""A licence with a quota, the decisions about it, a receipt for each frame; licence and receipt keep history."""

from django.db import models
from simple_history.models import HistoricalRecords


class Licence(models.Model):
    code = models.CharField(max_length=64, unique=True)
    talent = models.CharField(max_length=80)
    use_types = models.JSONField(default=list)
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    revoked = models.BooleanField(default=False)
    frames_max = models.IntegerField()
    frames_used = models.IntegerField(default=0)
    history = HistoricalRecords()

    class Meta:
        app_label = "plain"


class Decision(models.Model):
    licence = models.ForeignKey(Licence, models.PROTECT)
    at = models.DateTimeField(auto_now_add=True)
    allowed = models.BooleanField()
    reason = models.CharField(max_length=40, blank=True)
    use_type = models.CharField(max_length=40)
    shot = models.CharField(max_length=120)
    first = models.IntegerField()
    last = models.IntegerField()

    class Meta:
        app_label = "plain"


class Receipt(models.Model):
    licence = models.ForeignKey(Licence, models.PROTECT)
    frame = models.IntegerField()
    take = models.IntegerField()
    outcome = models.CharField(max_length=20)
    file_sha256 = models.CharField(max_length=64, db_index=True)
    pixel_sha256 = models.CharField(max_length=64)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField()
    received_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords()

    class Meta:
        app_label = "plain"
        constraints = [
            models.UniqueConstraint(fields=["licence", "frame", "take"], name="plain_receipt_once")
        ]
