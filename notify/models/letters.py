"""What people are told: a letter for each person and event, in the portal, by e-mail, or both.

An event that concerns people waits as an :class:`UntoldEvent`, written where its notices are placed; whoever
knows the people takes it and writes the letters in the same transaction (docs/operations/letters.md). A letter holds facts, not
sentences: it is put into words when it is read or sent, in the reader's language and time zone.
"""

from django.conf import settings
from django.db import models
from django.db.models import Q

from common.models import BaseModel


class Topic(models.TextChoices):
    """What a person can choose about; ``STOP`` and ``SECURITY`` are always sent."""

    ARRIVED = "ARRIVED", "A request needs my answer"
    DEADLINE = "DEADLINE", "An answer is due within a day"
    ANSWERED = "ANSWERED", "A request moved: countered, accepted, declined, withdrawn, a question"
    ISSUED = "ISSUED", "A licence was issued"
    EXPIRY = "EXPIRY", "A licence nears its end"
    QUOTA = "QUOTA", "A quota runs out"
    DUTY = "DUTY", "An acknowledgement is due or late"
    TRAINING = "TRAINING", "Training is asked for, agreed or declined"
    OUTPUT = "OUTPUT", "An output is held"
    STOP = "STOP", "A licence was revoked, stopped or paused"
    SECURITY = "SECURITY", "Keys, webhooks and members change"
    DIGEST = "DIGEST", "Once a day, what was gathered"


class Way(models.TextChoices):
    """How a topic comes by e-mail."""

    EACH = "EACH", "At once, one by one"
    DIGEST = "DIGEST", "Once a day, together"
    OFF = "OFF", "Not by e-mail"


class UntoldEvent(models.Model):
    """An event of the trail that concerns people, and of which no letter was written yet."""

    event = models.OneToOneField(
        "audit.Event", models.DO_NOTHING, primary_key=True, related_name="+", db_constraint=False
    )
    kind = models.CharField(max_length=60)
    # writing failed so often; at the limit it is given up, which the server's log says
    failures = models.PositiveSmallIntegerField(default=0)

    class Meta:
        indexes = [models.Index(fields=["kind", "event"], name="untold_by_kind")]

    def __str__(self) -> str:
        return f"event {self.event_id} is untold"


class Choice(BaseModel):
    """How one person wants to hear of one topic; without a row the topic's default holds."""

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    topic = models.CharField(max_length=10, choices=Topic.choices)
    way = models.CharField(max_length=6, choices=Way.choices)
    in_portal = models.BooleanField(default=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["person", "topic"], name="one_choice_per_topic"),
            models.CheckConstraint(
                condition=~Q(topic__in=["STOP", "SECURITY"]) | Q(way="EACH", in_portal=True),
                name="stops_and_security_are_always_told",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.topic}: {self.way}"


class Letter(BaseModel):
    """One event for one person."""

    class Mail(models.TextChoices):
        """Where the e-mail stands."""

        NONE = "NONE", "none is sent"
        WAITING = "WAITING", "to be sent"
        GATHERED = "GATHERED", "waits for the day's digest"
        SENT = "SENT", "handed to the mail server"
        DEAD = "DEAD", "given up"

    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="letters")
    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    # none: a digest
    event = models.ForeignKey("audit.Event", models.PROTECT, null=True, blank=True, related_name="+")
    topic = models.CharField(max_length=10, choices=Topic.choices)
    kind = models.CharField(max_length=60)
    facts = models.JSONField(default=dict)
    in_portal = models.BooleanField(default=True)
    read_at = models.DateTimeField(null=True, blank=True)
    mail = models.CharField(max_length=8, choices=Mail.choices, default=Mail.NONE)
    # the digest that carried it
    bundled_in = models.ForeignKey("self", models.SET_NULL, null=True, blank=True, related_name="bundled")
    attempts = models.PositiveSmallIntegerField(default=0)
    next_attempt_at = models.DateTimeField(null=True, blank=True)
    claimed_until = models.DateTimeField(null=True, blank=True)
    last_attempt_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=24, blank=True, default="")
    sent_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["person", "organisation", "event"], name="one_letter_per_person_and_event"
            ),
            models.CheckConstraint(
                condition=~Q(mail__in=["WAITING", "GATHERED"]) | Q(next_attempt_at__isnull=False),
                name="waiting_letter_has_its_time",
            ),
            models.CheckConstraint(
                condition=Q(mail="SENT", sent_at__isnull=False) | ~Q(mail="SENT") & Q(sent_at=None),
                name="sent_letter_has_its_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["next_attempt_at"], condition=Q(mail__in=["WAITING", "GATHERED"]), name="letter_due"
            ),
            models.Index(fields=["person", "organisation", "-created_at", "-id"], name="letter_newest_first"),
            models.Index(
                fields=["person", "organisation"],
                condition=Q(in_portal=True, read_at=None),
                name="letter_unread",
            ),
            models.Index(fields=["organisation", "-created_at"], name="letter_of_organisation"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} for {self.person_id}"
