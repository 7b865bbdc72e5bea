"""Holds: what stands against a licence for a time, placed once and lifted at most once."""

from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Coalesce

from accounts.sealed_fields import SealedTextField
from common.models import BaseModel
from licensing.models.fields import code_field
from trustcore.policy.holds import PLACED_BY
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import HoldSide

_COVERABLE = ("token", "talent", "production", "organisation")


def _covers_only(name: str) -> Q:
    return Q(**{f"{other}__isnull": other != name for other in _COVERABLE})


class Hold(BaseModel):
    """A hold on one licence, or on all of a talent, a production, or an organisation (licensee or agency).

    Triggers lock every column but those of its end, which are written once; an emergency stop is begun and
    ended by the talent's own user or not at all. It is in force while ``lifted_at`` is null.
    """

    reason = code_field(PLACED_BY)
    token = models.ForeignKey(
        "licensing.LicenceToken", models.PROTECT, null=True, blank=True, related_name="holds"
    )
    talent = models.ForeignKey(
        "licensing.Talent", models.PROTECT, null=True, blank=True, related_name="holds"
    )
    production = models.ForeignKey(
        "licensing.Production", models.PROTECT, null=True, blank=True, related_name="holds"
    )
    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, null=True, blank=True, related_name="holds"
    )
    # the id of whichever of the four it is: ids are never shared between tables, so one index finds them all
    covers = models.GeneratedField(
        expression=Coalesce(
            F("token"), F("talent"), F("production"), F("organisation"), output_field=models.UUIDField()
        ),
        output_field=models.UUIDField(),
        db_persist=True,
    )
    side = code_field(HoldSide)
    placed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    placed_for = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    credential = models.ForeignKey(
        "accounts.ApiCredential", models.PROTECT, null=True, blank=True, related_name="+"
    )
    placed_at = models.DateTimeField()
    why = SealedTextField(subject="told_about")
    lifted_at = models.DateTimeField(null=True, blank=True)
    lifted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    lifted_for = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, null=True, blank=True, related_name="+"
    )
    lift_why = SealedTextField(subject="told_about", blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=_covers_only("token")
                | _covers_only("talent")
                | _covers_only("production")
                | _covers_only("organisation"),
                name="hold_covers_one_thing",
            ),
            models.CheckConstraint(
                condition=~Q(reason=str(DenyReason.EMERGENCY_STOP))
                | Q(talent__isnull=False, side=str(HoldSide.TALENT), credential__isnull=True),
                name="stop_is_the_talents_in_person",
            ),
            models.CheckConstraint(
                condition=Q(lifted_at__isnull=True, lifted_by__isnull=True, lifted_for__isnull=True)
                | Q(lifted_at__isnull=False, lifted_by__isnull=False, lifted_for__isnull=False),
                name="hold_end_is_whole",
            ),
            models.UniqueConstraint(
                fields=["covers", "reason", "side"],
                condition=Q(lifted_at__isnull=True),
                name="one_hold_in_force_per_side",
            ),
        ]
        indexes = [
            models.Index(
                fields=["covers"],
                include=["id", "reason"],
                condition=Q(lifted_at__isnull=True),
                name="hold_in_force",
            )
        ]

    def __str__(self) -> str:
        return f"{self.reason} {self.id}"

    @property
    def told_about(self) -> UUID:
        """Whose text the reasons are: the talent's who is held or whose licence is, else that of who placed the hold."""
        if self.talent_id is not None:
            return self.talent_id
        return self.placed_by_id if self.token is None else self.token.talent_id

    @property
    def covered_kind(self) -> str:
        """What kind of thing is held: ``token``, ``talent``, ``production`` or ``organisation``."""
        return next(name for name in _COVERABLE if getattr(self, f"{name}_id") is not None)
