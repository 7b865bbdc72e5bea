"""Checks, leases and the log: what was asked, what was allowed, what was rendered.

Three kinds of rows. *Facts* are append-only (``LogEntry``, ``RenderCheck``, ``UnauthorisedFrame``): triggers
refuse update, delete and truncate for every role. *Positions* move forward under a row lock
(``ProductionLog``, ``Quota``, ``Lease``, ``OfflineReckoning``). *Waiting and remembered* rows may go
(``PendingEntry`` is a queue, ``CheckKey`` and ``DpopProofSeen`` expire, a ``ReceiptDebt`` is paid).

``LogEntry`` is hash-partitioned by log and has only indexes that follow insertion order; why, with numbers,
stands in docs/design/ledger.md.
"""

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import BrinIndex
from django.db import models
from django.db.models import F, Q

from common import clock
from common.ids import new_id
from receipts.tallies import CheckTally, FrameRanges, FrameTally, LicenceTally, ReturnTally, ShotTally
from trustcore.policy.vocabulary import DecisionOutcome
from trustcore.policy.vocabulary import Quota as CoreQuota

KEPT_COUNTS = (LicenceTally, CheckTally, ReturnTally, ShotTally, FrameTally)
"""The rows of :mod:`receipts.tallies`, which belong to this app."""


class EntryKind(models.IntegerChoices):
    """What an entry of the log states; the number is stored, the entry itself names its kind."""

    AUTHORISED = 1, "authorised"
    CHECKED = 2, "checked"
    FRAME = 3, "frame"
    MARKED = 4, "marked"
    VERIFIED = 5, "verified"
    REVOKED = 6, "revoked"
    EXPORTED = 7, "exported"
    KEY = 8, "key"
    SUSPENDED = 9, "suspended"
    RESUMED = 10, "resumed"
    RECORDED = 11, "recorded"


class FrameOutcome(models.IntegerChoices):
    """How a rendered unit ended; only these are counted, the words stand in the entry."""

    RENDERED = 1, "RENDERED"
    FAILED = 2, "FAILED"
    DISCARDED = 3, "DISCARDED"
    RERENDER_OF = 4, "RERENDER_OF"
    UNAUTHORISED = 5, "UNAUTHORISED"


class Counter(models.TextChoices):
    """The counter of a licence that a lease is taken from."""

    FRAMES = CoreQuota.FRAMES.value, "frames"
    LINES = CoreQuota.LINES.value, "lines"
    SECONDS = CoreQuota.SECONDS.value, "seconds"
    RUNS = CoreQuota.RUNS.value, "runs"


class Beside(models.TextChoices):
    """What else a lease may take of: of lines their words, of frames the time on screen (see ``ScreenTime``)."""

    WORDS = "words", "words of lines"
    SCREEN = "screen", "frames on screen"


class ProductionLog(models.Model):
    """The transparency log of one production: its size and the right edge of its tree.

    The row is the compare-and-swap of the log: who appends holds it ``FOR UPDATE``. A trigger refuses to
    shrink it, to move it to another production and to delete it. No foreign key to the production: logs
    are what deployments shard by.
    """

    id = models.AutoField(primary_key=True)
    production_id = models.UUIDField(unique=True)
    origin = models.CharField(max_length=200, unique=True)
    size = models.BigIntegerField(default=0)
    frontier = models.BinaryField(default=b"")
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(size__gte=0), name="log_size_counts")]

    def __str__(self) -> str:
        return self.origin


class LogPublication(models.Model):
    """What was last published of a log. A row of its own, so that publishing never waits for an append.

    ``stale_tile`` is the level 0 tile whose partial widths go when the next tile is full.
    """

    log = models.OneToOneField(ProductionLog, models.PROTECT, primary_key=True, related_name="publication")
    size = models.BigIntegerField(default=0)
    checkpoint = models.BinaryField(default=b"")
    stale_tile = models.BigIntegerField(null=True)
    published_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.log_id} at {self.size}"


class LogEntry(models.Model):
    """One leaf of a log: the canonical bytes, and columns enough to find it again.

    Attributes:
        lease: number of the lease for a frame; negative for a frame without one (a digest of the claim, so
            that a repeated row meets its first); null for the other kinds.
        ref: id of the check or audit event that the entry states; null for frames.
    """

    pk = models.CompositePrimaryKey("log_id", "idx")
    idx = models.BigIntegerField()
    lease = models.BigIntegerField(null=True)
    received_at = models.DateTimeField()
    log = models.ForeignKey(ProductionLog, models.DO_NOTHING, db_constraint=False, db_index=False)
    frame = models.IntegerField(null=True)
    kind = models.SmallIntegerField(choices=EntryKind.choices)
    take = models.SmallIntegerField(null=True)
    outcome = models.SmallIntegerField(null=True, choices=FrameOutcome.choices)
    ref = models.UUIDField(null=True)
    file_sha256 = models.BinaryField(null=True, max_length=32)
    entry = models.BinaryField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["log", "lease", "frame", "take"], name="log_entry_once_per_frame"
            ),
            models.UniqueConstraint(
                fields=["log", "ref"], condition=Q(ref__isnull=False), name="log_entry_once_per_ref"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.log_id}/{self.idx}"


class PendingEntry(models.Model):
    """An entry that waits for its place in the log: written in its fact's transaction, drained after it."""

    production_id = models.UUIDField()
    kind = models.SmallIntegerField(choices=EntryKind.choices)
    ref = models.UUIDField()
    at = models.DateTimeField()
    entry = models.BinaryField()

    class Meta:
        indexes = [models.Index(fields=["production_id", "id"])]

    def __str__(self) -> str:
        return f"{self.production_id} {self.ref}"


class Quota(models.Model):
    """What a token has granted so far, net of what leases gave back. The database refuses an overdraft."""

    pk = models.CompositePrimaryKey("token_jti", "counter")
    token_jti = models.UUIDField()
    counter = models.CharField(max_length=8, choices=[*Counter.choices, *Beside.choices])
    most = models.BigIntegerField()
    granted = models.BigIntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(granted__gte=0) & Q(granted__lte=F("most")), name="quota_never_overdrawn"
            )
        ]

    def __str__(self) -> str:
        return f"{self.token_jti}: {self.granted}/{self.most} {self.counter}"


class RenderCheck(models.Model):
    """A decision as it was given: the question, its hash, the reasons, the policy. Append-only."""

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    at = models.DateTimeField()
    outcome = models.CharField(max_length=24, choices=[(o.value, o.value) for o in DecisionOutcome])
    reasons = ArrayField(models.CharField(max_length=40), default=list)
    obligations = ArrayField(models.CharField(max_length=40), default=list)
    token_jti = models.UUIDField(null=True)
    production_id = models.UUIDField(null=True)
    organisation_id = models.UUIDField()
    credential_id = models.UUIDField(null=True)
    terms_version = models.IntegerField(null=True)
    use_type = models.CharField(max_length=40)
    construct = models.CharField(max_length=40)
    shot = models.CharField(max_length=120)
    task = models.CharField(max_length=120)
    worker = models.CharField(max_length=120)
    first = models.IntegerField(null=True)
    last = models.IntegerField(null=True)
    counter = models.CharField(max_length=8, choices=Counter.choices, blank=True, default="")
    units_asked = models.IntegerField(default=0)
    units_reserved = models.IntegerField(default=0)
    valid_until = models.DateTimeField(null=True)
    lease_uid = models.UUIDField(null=True)
    input_sha256 = models.BinaryField(max_length=32)
    policy_version = models.CharField(max_length=40)
    policy_hash = models.CharField(max_length=80)

    class Meta:
        indexes = [
            models.Index(fields=["token_jti", "id"], name="check_by_token"),
            models.Index(fields=["production_id", "id"], name="check_by_production"),
            models.Index(
                fields=["token_jti", "id"],
                condition=Q(outcome__in=["HOLD", "DENY"]),
                name="check_refused_by_token",
            ),
            BrinIndex(fields=["at"], name="check_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.outcome} {self.id}"


class CheckKey(models.Model):
    """Remembers that an idempotency key was used, for which question, and what it was answered. Expires."""

    credential_id = models.UUIDField()
    key = models.CharField(max_length=200)
    body_sha256 = models.BinaryField(max_length=32)
    check_id = models.UUIDField()
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["credential_id", "key"], name="check_key_once_per_credential")
        ]
        indexes = [BrinIndex(fields=["created_at"], name="check_key_by_time")]

    def __str__(self) -> str:
        return f"{self.credential_id} {self.key}"


class Lease(models.Model):
    """Units reserved for one worker: a range, a short life, a heartbeat, and what became of it.

    A lease whose licence ended is ``CLOSING`` for its grace: nothing may be begun, and receipts of what was
    finished before still find it. Then it is settled: what it did not use returns to the quota.
    """

    class State(models.TextChoices):
        ACTIVE = "ACTIVE", "active"
        CLOSING = "CLOSING", "closing"
        ENDED = "ENDED", "ended"
        EXPIRED = "EXPIRED", "expired"

    uid = models.UUIDField(unique=True, default=new_id, editable=False)
    check_id = models.UUIDField(unique=True)
    log = models.ForeignKey(ProductionLog, models.PROTECT, db_index=False)
    token_jti = models.UUIDField()
    production_id = models.UUIDField()
    organisation_id = models.UUIDField()
    credential_id = models.UUIDField(null=True)
    terms_version = models.IntegerField()
    talent = models.CharField(max_length=80)
    counter = models.CharField(max_length=8, choices=Counter.choices)
    use_type = models.CharField(max_length=40)
    shot = models.CharField(max_length=120)
    first = models.IntegerField()
    last = models.IntegerField()
    state = models.CharField(max_length=8, choices=State.choices, default=State.ACTIVE)
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    heartbeat_seconds = models.IntegerField()
    grace_seconds = models.IntegerField()
    # frames that may be finished after ``expires_at`` without the server, as the signed lease promised; leases
    # older than this column have the default of then
    grace_frames = models.IntegerField(db_default=100)
    window_ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    end_reason = models.CharField(max_length=40, blank=True, default="")
    units_used = models.IntegerField(null=True)
    # what the lease takes of beside its units, where the terms bound it: ``Beside``, and how much (words, frames)
    beside = models.CharField(max_length=8, db_default="", blank=True)
    beside_units = models.IntegerField(db_default=0)
    sequence = models.CharField(max_length=120, db_default="", blank=True)

    class Meta:
        indexes = [
            models.Index(fields=["token_jti", "shot"], condition=Q(beside="screen"), name="lease_on_screen"),
            models.Index(fields=["token_jti", "id"], name="lease_by_token"),
            models.Index(fields=["token_jti"], condition=Q(state="ACTIVE"), name="lease_live_by_token"),
            models.Index(
                fields=["token_jti", "granted_at"],
                condition=Q(state="EXPIRED", units_used=0),
                name="lease_silent_by_token",
            ),
            BrinIndex(fields=["granted_at"], name="lease_by_time", pages_per_range=16, autosummarize=True),
            models.Index(
                fields=["expires_at"],
                condition=Q(state__in=["ACTIVE", "CLOSING"]),
                name="lease_open_by_expiry",
            ),
        ]
        constraints = [
            models.CheckConstraint(condition=Q(last__gte=F("first")), name="lease_range_ordered"),
            models.CheckConstraint(
                condition=Q(state="ACTIVE") | Q(ended_at__isnull=False), name="lease_end_is_dated"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.uid} {self.first}-{self.last} {self.state}"

    @property
    def units(self) -> int:
        """How many units the lease reserves."""
        return self.last - self.first + 1


class ScreenTime(models.Model):
    """The frames of one shot that leases hold or that were rendered, each once: what the finished work can show.

    Shots of one name in several sequences are several shots.
    """

    pk = models.CompositePrimaryKey("token_jti", "sequence", "shot")
    token_jti = models.UUIDField()
    sequence = models.CharField(max_length=120, blank=True)
    shot = models.CharField(max_length=120)
    frames = FrameRanges()

    def __str__(self) -> str:
        return f"{self.token_jti} {self.sequence} {self.shot}"


class ReceiptDebt(models.Model):
    """A lease that ran out in silence: neither given back nor reported by a single receipt.

    Its credential owes an answer under that licence; the row goes when it is given (see ``services.debts``).
    """

    lease = models.OneToOneField(Lease, models.CASCADE, primary_key=True, related_name="debt")
    token_jti = models.UUIDField()
    credential_id = models.UUIDField()
    since = models.DateTimeField()

    class Meta:
        indexes = [models.Index(fields=["token_jti", "credential_id", "since"], name="debt_by_caller")]

    def __str__(self) -> str:
        return f"{self.credential_id} owes {self.lease_id}"


class OfflineReckoning(models.Model):
    """What frames rendered without the server have taken of a lease's bounds. Moves forward only.

    A row of its own and not columns of the lease: who reconciles holds the lease shared, and takes turns here.

    Attributes:
        frames: frames finished after the lease's end that were accepted.
        debited: units taken from the quota again, after the settled lease had given them back.
    """

    lease = models.OneToOneField(Lease, models.PROTECT, primary_key=True, related_name="reckoning")
    frames = models.IntegerField(default=0)
    debited = models.IntegerField(default=0)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(frames__gte=0) & Q(debited__gte=0), name="reckoning_counts_forward"
            )
        ]

    def __str__(self) -> str:
        return f"{self.lease_id}: {self.frames} offline"


class DpopProofSeen(models.Model):
    """A proof of possession that was used: it is good once. Rows go when no clock could accept them again."""

    digest = models.BinaryField(primary_key=True, max_length=32)
    seen_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        indexes = [BrinIndex(fields=["seen_at"], name="proof_by_time")]

    def __str__(self) -> str:
        return bytes(self.digest).hex()


class ReceiptBatch(models.Model):
    """A batch of receipts that was taken, and the answer it got, so that a retry gets the same one.

    ``runs`` packs the answer: ``[row, count, status, code, leaf]``, consecutive rows folded into one run.
    """

    id = models.UUIDField(primary_key=True, default=new_id, editable=False)
    caller_id = models.UUIDField()
    key = models.CharField(max_length=200)
    body_sha256 = models.BinaryField(max_length=32)
    accepted = models.IntegerField()
    unauthorised = models.IntegerField()
    refused = models.IntegerField()
    # size of each log touched, by the log's number, so that a retry knows what must be published
    sizes = models.JSONField(default=dict)
    runs = models.JSONField()
    created_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["caller_id", "key"], name="batch_once_per_key")]

    def __str__(self) -> str:
        return f"{self.id}: {self.accepted} accepted"


class UnauthorisedFrame(models.Model):
    """A frame that came without a valid lease: recorded in the log, and findable here. Append-only."""

    log = models.ForeignKey(ProductionLog, models.PROTECT, db_index=False)
    idx = models.BigIntegerField()
    token_jti = models.UUIDField(null=True)
    lease_uid = models.UUIDField(null=True)
    frame = models.IntegerField()
    shot = models.CharField(max_length=120, blank=True, default="")
    code = models.CharField(max_length=40)
    reported_by = models.UUIDField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "idx"], name="unauthorised_once_per_leaf")]
        indexes = [models.Index(fields=["token_jti", "idx"], name="unauthorised_by_token")]

    def __str__(self) -> str:
        return f"{self.log_id}/{self.idx} {self.code}"


class LogCheckpoint(models.Model):
    """A checkpoint as it was published, each naming the size of the one before. Append-only: a chain.

    ``previous`` is null for the first. A trigger refuses a checkpoint that does not follow the last one.
    """

    log = models.ForeignKey(ProductionLog, models.PROTECT, db_index=False, related_name="checkpoints")
    size = models.BigIntegerField()
    previous = models.BigIntegerField(null=True)
    root = models.BinaryField(max_length=32)
    note = models.BinaryField()
    published_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["log", "size"], name="checkpoint_once_per_size"),
            models.UniqueConstraint(
                fields=["log", "previous"], nulls_distinct=False, name="checkpoint_follows_one"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.log_id} at {self.size}"


class Witness(models.Model):
    """A guild or a studio whose cosignatures are published: its key, and where it shows what it saw."""

    name = models.CharField(max_length=200)
    vkey = models.CharField(max_length=300, unique=True)
    organisation_id = models.UUIDField(null=True)
    url = models.CharField(max_length=300, blank=True, default="")
    added_at = models.DateTimeField(default=clock.now, editable=False)
    removed_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return self.name


class LogCosignature(models.Model):
    """A witness's signature under a checkpoint, kept with the note it signed. Append-only.

    Attributes:
        seen_at: when the witness says it saw the checkpoint, seconds since 1970.
        note: the checkpoint with the log's signature and this witness's, nothing else.
    """

    log = models.ForeignKey(ProductionLog, models.PROTECT, db_index=False, related_name="cosignatures")
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    witness = models.ForeignKey(Witness, models.PROTECT, db_index=False)
    seen_at = models.BigIntegerField()
    note = models.BinaryField()
    received_at = models.DateTimeField(default=clock.now, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["log", "size", "witness", "seen_at"], name="cosignature_once_per_moment"
            )
        ]

    def __str__(self) -> str:
        return f"{self.witness_id}: {self.log_id} at {self.size}"
