"""Who may do what with a work: one purpose, one person or machine, one span of time a row; and every access."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q

from common.language import later
from common.models import BaseModel
from screenplays.models.works import Version, Work


class Purpose(models.TextChoices):
    """What a work is used for. None implies another."""

    READ = "READ", later("Read")
    ANALYSE = "ANALYSE", later("Analyse")
    SUMMARISE = "SUMMARISE", later("Summarise")
    TRAIN = "TRAIN", later("Train")


class Grant(BaseModel):
    """One purpose, granted to one person or to one API key. All but its end is locked (trigger)."""

    work = models.ForeignKey(Work, models.PROTECT, related_name="grants")
    # one version alone; None: every version of the work
    version = models.ForeignKey(Version, models.PROTECT, null=True, blank=True, related_name="grants")
    purpose = models.CharField(max_length=9, choices=Purpose)
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="script_grants")
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="script_grants"
    )
    credential = models.ForeignKey(
        "accounts.ApiCredential", models.PROTECT, null=True, blank=True, related_name="script_grants"
    )
    not_before = models.DateTimeField()
    not_after = models.DateTimeField()
    # the contract or letter that it rests on, in the words of who grants
    basis = models.CharField(max_length=300, blank=True, default="")
    training_licence = models.ForeignKey(
        "licensing.TrainingToken", models.PROTECT, null=True, blank=True, related_name="script_grants"
    )
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+"
    )
    end_reason = models.CharField(max_length=500, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(person=None, credential__isnull=False) | Q(person__isnull=False, credential=None),
                name="grant_is_to_a_person_or_a_machine",
            ),
            models.CheckConstraint(
                condition=Q(not_after__gt=F("not_before")), name="grant_ends_after_it_begins"
            ),
            models.CheckConstraint(
                condition=Q(training_licence=None) | Q(purpose=Purpose.TRAIN),
                name="training_licence_is_for_training_alone",
            ),
            models.CheckConstraint(
                condition=Q(ended_at=None, ended_by=None, end_reason="")
                | (Q(ended_at__isnull=False, ended_by__isnull=False) & ~Q(end_reason="")),
                name="grant_ended_by_somebody_for_a_reason",
            ),
        ]
        indexes = [
            models.Index(fields=["work", "-created_at"], name="grant_by_work"),
            models.Index(fields=["person"], name="grant_by_person"),
            models.Index(fields=["credential"], name="grant_by_credential"),
        ]

    def __str__(self) -> str:
        return f"{self.purpose} of {self.work_id}"


class Outcome(models.TextChoices):
    """What became of an access."""

    PERMITTED = "PERMITTED", later("Permitted")
    REFUSED = "REFUSED", later("Refused")
    DELIVERED = "DELIVERED", later("Handed out")


class Authority(models.TextChoices):
    """Under what an access was permitted."""

    KEEPER = "KEEPER", later("Own house")
    WRITER = "WRITER", later("The writer")
    GRANT = "GRANT", later("Grant")
    NONE = "NONE", later("None")


class Access(BaseModel):
    """Somebody or something asked for a work, or was handed it. Append-only: who, when, under what, what for.

    ``training_granted`` says whether this caller had the right to train with the work at that moment, whatever was
    asked for.
    """

    work = models.ForeignKey(Work, models.PROTECT, related_name="accesses")
    version = models.ForeignKey(Version, models.PROTECT, null=True, blank=True, related_name="accesses")
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    credential = models.ForeignKey(
        "accounts.ApiCredential", models.PROTECT, null=True, blank=True, related_name="+"
    )
    purpose = models.CharField(max_length=9, choices=Purpose)
    outcome = models.CharField(max_length=9, choices=Outcome)
    authority = models.CharField(max_length=6, choices=Authority)
    grant = models.ForeignKey(Grant, models.PROTECT, null=True, blank=True, related_name="accesses")
    reasons = ArrayField(models.CharField(max_length=40), default=list)
    training_granted = models.BooleanField()
    # what the caller says of itself: the pipeline, its run
    pipeline = models.CharField(max_length=120, blank=True, default="")
    valid_until = models.DateTimeField(null=True, blank=True)
    # of what was handed out: after which permission, which part, its hash
    permission = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="deliveries")
    part = models.CharField(max_length=4, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(outcome=Outcome.REFUSED) ^ Q(reasons=[]), name="refused_access_has_its_reasons"
            ),
            models.CheckConstraint(
                condition=Q(outcome=Outcome.REFUSED)
                | Q(authority=Authority.GRANT, grant__isnull=False)
                | Q(authority__in=[Authority.KEEPER, Authority.WRITER], purpose=Purpose.READ),
                name="access_has_its_authority",
            ),
            models.CheckConstraint(
                condition=~Q(outcome=Outcome.DELIVERED)
                | (Q(permission__isnull=False, version__isnull=False) & ~Q(sha256="") & ~Q(part="")),
                name="delivery_names_what_was_handed_out",
            ),
            models.CheckConstraint(
                condition=~Q(purpose=Purpose.TRAIN) | Q(outcome=Outcome.REFUSED) | Q(training_granted=True),
                name="training_access_had_training_granted",
            ),
        ]
        indexes = [
            models.Index(fields=["work", "-created_at"], name="access_by_work"),
            models.Index(fields=["organisation", "-created_at"], name="access_by_organisation"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.purpose} of {self.work_id}"
