"""Letting held frames go: asked by who holds the licence, decided by another person of the talent's side, once."""

from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q

from accounts.sealed_fields import SealedTextField
from common.models import BaseModel
from licensing.models.requests import Side


class FrameRelease(BaseModel):
    """Frames rendered under a licence that ended are held; the licensee asks to let them go, the talent's side decides.

    Triggers lock what was asked, let it be decided once, and refuse a release after an emergency stop to everybody
    but the talent in person.
    """

    token = models.ForeignKey("licensing.LicenceToken", models.PROTECT, related_name="frame_releases")
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_for = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    why = SealedTextField(subject="told_about")
    is_granted = models.BooleanField(null=True, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    decided_for = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, null=True, blank=True, related_name="+"
    )
    side = models.CharField(max_length=12, choices=Side.choices, blank=True, default="")
    answer = SealedTextField(subject="told_about", blank=True, default="")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["token"], condition=Q(decided_at=None), name="one_open_release_per_licence"
            ),
            models.UniqueConstraint(
                fields=["token"], condition=Q(is_granted=True), name="frames_let_go_once_per_licence"
            ),
            models.CheckConstraint(
                condition=Q(is_granted=None, decided_at=None, decided_by=None, decided_for=None, side="")
                | Q(
                    is_granted__isnull=False,
                    decided_at__isnull=False,
                    decided_by__isnull=False,
                    decided_for__isnull=False,
                    side__in=["TALENT", "GUARDIAN", "AGENT"],
                ),
                name="release_decision_is_whole",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None)
                | (~Q(decided_by=F("asked_by")) & ~Q(decided_for=F("asked_for"))),
                name="release_has_four_eyes",
            ),
        ]
        indexes = [models.Index(fields=["token", "created_at"], name="release_by_licence")]

    def __str__(self) -> str:
        return f"release of {self.token_id}"

    @property
    def told_about(self) -> UUID:
        """Whose text the words are: the talent's whose licence it was."""
        return self.token.talent_id
