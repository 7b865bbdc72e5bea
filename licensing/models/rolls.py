"""Guilds: their members, what they set for them by default, and rolls that are read in the background."""

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.models import BaseModel
from licensing.models.fields import SHA256_HEX


class GuildDefault(BaseModel):
    """Limits that a guild sets for all its members; append-only, one version after another."""

    guild = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="guild_defaults")
    version = models.PositiveIntegerField()
    limits = models.JSONField()
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["guild", "version"], name="guild_default_version_once")
        ]

    def __str__(self) -> str:
        return f"v{self.version} of {self.guild_id}"


class GuildMember(BaseModel):
    """A talent on a guild's roll. The number is kept as a keyed digest alone.

    Every default from ``accepted_version`` on binds the member, the tightest of each; a looser one counts only
    after the member accepted it (trigger: the talent's own word).
    """

    guild = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="members")
    talent = models.OneToOneField("licensing.Talent", models.PROTECT, related_name="membership")
    number_digest = models.CharField(max_length=64, validators=[SHA256_HEX])
    accepted_version = models.PositiveIntegerField(default=0)
    own_limits = models.JSONField(default=dict, blank=True)
    word_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    word_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["guild", "number_digest"], name="one_member_per_number"),
            models.CheckConstraint(
                condition=Q(number_digest__regex=r"^[0-9a-f]{64}$"), name="member_digest_hex"
            ),
        ]

    def __str__(self) -> str:
        return f"member {self.id}"


class RollImport(BaseModel):
    """A member roll as it was handed in, and how far it has been read; read again it changes nothing."""

    class State(models.TextChoices):
        """How far it has come."""

        QUEUED = "QUEUED", "Waiting"
        RUNNING = "RUNNING", "Being read"
        DONE = "DONE", "Read"
        FAILED = "FAILED", "Could not be read"

    guild = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="roll_imports")
    submitted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    file_name = models.CharField(max_length=200)
    blob = models.CharField(max_length=300)
    encoding = models.CharField(max_length=12)
    size_bytes = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64, validators=[SHA256_HEX])
    state = models.CharField(max_length=8, choices=State, default=State.QUEUED)
    failure = models.CharField(max_length=40, blank=True, default="")
    rows_read = models.PositiveIntegerField(default=0)
    rows_made = models.PositiveIntegerField(default=0)
    rows_changed = models.PositiveIntegerField(default=0)
    rows_same = models.PositiveIntegerField(default=0)
    rows_refused = models.PositiveIntegerField(default=0)
    bytes_read = models.PositiveBigIntegerField(default=0)
    moved_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["guild", "created_at"]),
            models.Index(fields=["moved_at"], condition=Q(finished_at=None), name="roll_unfinished"),
        ]

    def __str__(self) -> str:
        return f"{self.state} {self.file_name}"


class RollRefusal(BaseModel):
    """One row that was not taken over, and why."""

    roll = models.ForeignKey(RollImport, models.PROTECT, related_name="refusals")
    row = models.PositiveIntegerField()
    column = models.CharField(max_length=40)
    code = models.CharField(max_length=40)
    cell = models.CharField(max_length=200, blank=True, default="")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["roll", "row"], name="one_refusal_per_row")]

    def __str__(self) -> str:
        return f"row {self.row}: {self.code}"
