"""How long each legal question took to answer, every time that somebody asked it."""

from django.conf import settings
from django.db import models

from common.language import later
from common.models import BaseModel


class Question(models.TextChoices):
    """What somebody from legal asks of a shot (GP-001 to GP-004, TP-026)."""

    CAME_FROM = "CAME_FROM", later("Where did it come from?")
    MODEL = "MODEL", later("Which model made it?")
    REFERENCES = "REFERENCES", later("From which references?")
    APPROVED = "APPROVED", later("Who approved it?")
    LICENCE = "LICENCE", later("Under whose licence?")
    CHANGED = "CHANGED", later("Where did it come from, what changed, and who approved it?")


class AskedThrough(models.TextChoices):
    """Where it was asked."""

    API = "API", "API"
    PORTAL = "PORTAL", "portal"


class QuestionTime(BaseModel):
    """One asking: which question of which version, who asked, and the seconds until the answer stood; append-only."""

    question = models.CharField(max_length=10, choices=Question)
    version = models.ForeignKey("provenance.AssetVersion", models.PROTECT, related_name="+", db_index=False)
    production = models.ForeignKey("licensing.Production", models.PROTECT, related_name="+", db_index=False)
    organisation = models.ForeignKey(
        "accounts.Organisation", models.PROTECT, related_name="+", db_index=False
    )
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", db_index=False)
    through = models.CharField(max_length=6, choices=AskedThrough)
    seconds = models.FloatField()
    # whether the answer was whole: nothing cut away, nothing missing behind it
    is_complete = models.BooleanField()

    class Meta:
        indexes = [models.Index(fields=["production", "question", "-created_at"], name="question_times")]
        constraints = [
            models.CheckConstraint(condition=models.Q(seconds__gte=0), name="question_took_some_time")
        ]

    def __str__(self) -> str:
        return f"{self.question} {self.seconds:.3f} s"
