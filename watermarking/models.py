"""The registry of marks, what was found, and files that wait to be looked at.

``MarkRegistration`` and ``MarkReport`` are evidence: triggers refuse update, delete and truncate for every
role. ``MarkDetection`` is work: its state moves, and the file that was handed in is dropped when it is done.
No foreign keys to productions or licences: this floor does not see them.
"""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from common.models import BaseModel


class ReportKind(models.TextChoices):
    """What a report tells of."""

    EMBEDDED = "EMBEDDED", "embedded"
    VERIFIED = "VERIFIED", "verified before release"
    DETECTED = "DETECTED", "found in a file"


class DetectionState(models.TextChoices):
    """Where a detection stands."""

    QUEUED = "QUEUED", "waiting"
    RUNNING = "RUNNING", "being read"
    DONE = "DONE", "done"
    FAILED = "FAILED", "failed"


class MarkRegistration(BaseModel):
    """A mark id and what it leads to; written before the mark is embedded anywhere.

    ``mark_id``: 64 random bits as 16 hex digits. ``visible_to``: organisations that may be told of it.
    ``registered_by``, and ``vendor_ids`` beside it, may have it embedded; none: the deployment itself alone.
    ``segment``: the part of the output that carries it, empty for all of it.
    """

    mark_id = models.CharField(max_length=16, unique=True)
    production_id = models.UUIDField(db_index=True)
    token_jtis = ArrayField(models.UUIDField(), default=list)
    asset_id = models.UUIDField(null=True, blank=True, db_index=True)
    card = models.CharField(max_length=80)
    key_id = models.CharField(max_length=32)
    segment = models.CharField(max_length=80, blank=True, default="")
    registered_by = models.ForeignKey("accounts.Organisation", models.PROTECT, null=True, related_name="+")
    vendor_ids = ArrayField(models.UUIDField(), default=list, blank=True)
    visible_to = ArrayField(models.UUIDField(), default=list, blank=True)

    class Meta:
        indexes = [
            # all that a detection asks of a million rows: their number, the newest, and their ids in one stream
            models.Index(fields=["key_id", "created_at"], include=["mark_id"], name="mark_ids_by_key"),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(mark_id__regex=r"^[0-9a-f]{16}$"), name="mark_id_is_64_bits")
        ]

    def __str__(self) -> str:
        return self.mark_id


class MarkReport(BaseModel):
    """What an embedding or a detection said of a registered mark; ``results`` in the engine's words."""

    registration = models.ForeignKey(MarkRegistration, models.PROTECT, related_name="reports")
    kind = models.CharField(max_length=8, choices=ReportKind.choices)
    results = models.JSONField()

    class Meta:
        ordering = ["created_at", "id"]

    def __str__(self) -> str:
        return f"{self.registration_id} {self.kind}"


class MarkDetection(BaseModel):
    """A file that an organisation asked about, or a stranger (none), until it is read, and then the answer.

    ``attempts``: how often its reading was begun. ``is_batched``: its pictures were read with others' once, or that
    was begun; a file that kills its worker takes others with it no second time.
    """

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, null=True, related_name="+")
    # of the file that was handed in; empty for those taken in before it was kept
    sha256 = models.CharField(max_length=64, blank=True, default="")
    file_name = models.CharField(max_length=200)
    blob = models.CharField(max_length=300, blank=True)
    layers = ArrayField(models.CharField(max_length=8))
    state = models.CharField(max_length=8, choices=DetectionState.choices, default=DetectionState.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    is_batched = models.BooleanField(default=False)
    result = models.JSONField(null=True, blank=True)
    error_code = models.CharField(max_length=40, blank=True, default="")
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [
            models.Index(
                fields=["created_at"],
                condition=Q(state__in=["QUEUED", "RUNNING"]),
                name="detections_that_wait",
            ),
            models.Index(
                fields=["sha256", "-created_at"],
                condition=Q(organisation=None),
                name="detections_of_strangers",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} {self.state}"


class JobState(models.TextChoices):
    """Where a mark job stands. The last four are ends."""

    QUEUED = "QUEUED", "waiting for its turn"
    RUNNING = "RUNNING", "being marked"
    VERIFYING = "VERIFYING", "being joined and read back"
    RELEASED = "RELEASED", "marked and read back"
    NOT_MARKABLE = "NOT_MARKABLE", "nothing in it can carry a mark"
    FAILED = "FAILED", "failed"
    CANCELLED = "CANCELLED", "cancelled"


JOBS_IN_WORK = (JobState.RUNNING, JobState.VERIFYING)
JOBS_UNFINISHED = (JobState.QUEUED, *JOBS_IN_WORK)


class MediaJob(BaseModel):
    """The marking of one medium, from its asking to its release; its stretches say what is done already.

    ``then``: a task of the asker's, ``{"task": name, "args": [...]}``, sent when the job has ended.
    ``wait_code``: why it waits, while it does. ``bytes_needed``: working space, by estimate.
    """

    class Device(models.TextChoices):
        """Which queue it is worked on."""

        CPU = "cpu", "media.cpu"
        GPU = "gpu", "media.gpu"

    organisation = models.ForeignKey("accounts.Organisation", models.PROTECT, related_name="+")
    registration = models.OneToOneField(MarkRegistration, models.PROTECT, related_name="job")
    state = models.CharField(max_length=12, choices=JobState.choices, default=JobState.QUEUED)
    device = models.CharField(max_length=3, choices=Device.choices, default=Device.CPU)
    wait_code = models.CharField(max_length=40, blank=True, default="")
    error_code = models.CharField(max_length=40, blank=True, default="")
    file_name = models.CharField(max_length=255)
    source_blob = models.CharField(max_length=300, blank=True)
    # whether the source is the job's own, and goes when it ends
    owns_source = models.BooleanField(default=False)
    # a film is marked in stretches and joined; anything else is one part
    is_film = models.BooleanField(default=True)
    source_sha256 = models.CharField(max_length=64)
    crf = models.PositiveSmallIntegerField(null=True)
    lossless = models.BooleanField(default=False)
    seconds = models.FloatField(default=0.0)
    width = models.PositiveIntegerField(default=0)
    height = models.PositiveIntegerField(default=0)
    frames_total = models.PositiveBigIntegerField(default=0)
    bytes_needed = models.PositiveBigIntegerField(default=0)
    result = models.JSONField(null=True, blank=True)
    result_blob = models.CharField(max_length=300, blank=True, default="")
    result_sha256 = models.CharField(max_length=64, blank=True, default="")
    result_bytes = models.PositiveBigIntegerField(default=0)
    then = models.JSONField(null=True, blank=True)
    admitted_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    touched_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state=JobState.FAILED, error_code__gt="")
                | (~Q(state=JobState.FAILED) & Q(error_code="")),
                name="failed_job_has_its_code",
            ),
            models.CheckConstraint(
                condition=Q(state__in=JOBS_UNFINISHED, finished_at=None)
                | (~Q(state__in=JOBS_UNFINISHED) & Q(finished_at__isnull=False)),
                name="finished_job_has_its_time",
            ),
        ]
        indexes = [
            models.Index(
                fields=["organisation", "created_at"],
                condition=Q(state__in=JOBS_UNFINISHED),
                name="media_jobs_unfinished",
            ),
            models.Index(fields=["organisation", "-created_at"], name="media_jobs_of"),
        ]

    def __str__(self) -> str:
        return f"{self.file_name} {self.state}"


class StretchState(models.TextChoices):
    """Where a stretch stands; a RUNNING one whose lock is free was left by a dead worker."""

    WAITING = "WAITING", "waiting"
    RUNNING = "RUNNING", "being marked"
    DONE = "DONE", "marked"


class MediaStretch(BaseModel):
    """A part of a job that one worker marks alone: some seconds of pictures, or the sound.

    ``plan``: what the engine needs to find it again. ``blob``, ``sha256``: the marked part in working storage.
    ``result``: what happened to its layer, and what a detection confirmed.
    """

    job = models.ForeignKey(MediaJob, models.CASCADE, related_name="stretches")
    number = models.PositiveIntegerField()
    plan = models.JSONField()
    state = models.CharField(max_length=7, choices=StretchState.choices, default=StretchState.WAITING)
    frames = models.PositiveIntegerField(default=0)
    frames_done = models.PositiveIntegerField(default=0)
    attempts = models.PositiveSmallIntegerField(default=0)
    host = models.CharField(max_length=120, blank=True, default="")
    blob = models.CharField(max_length=300, blank=True, default="")
    sha256 = models.CharField(max_length=64, blank=True, default="")
    size_bytes = models.PositiveBigIntegerField(default=0)
    result = models.JSONField(null=True, blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering = ["number"]
        constraints = [
            models.UniqueConstraint(fields=["job", "number"], name="one_stretch_per_number"),
            models.CheckConstraint(
                condition=~Q(state=StretchState.DONE) | (Q(blob__gt="") & Q(sha256__gt="")),
                name="marked_stretch_has_its_file",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.job_id} {self.number} {self.state}"
