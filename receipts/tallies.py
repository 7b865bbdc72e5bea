"""Counts that are kept: what pages and reports would otherwise read every receipt and check for.

Written by whoever appends to the log, in the same transaction and under the log's lock, so that they are exact
whenever anybody can see them; a check counts from when it is drained into the log, and who reads adds those that still
wait (:mod:`receipts.selectors.tally`). ``trustmark log check`` counts again and compares; docs/design/ledger.md says why
they are cut as they are. Rows may be made anew at any time (:func:`receipts.services.tally.recount`): the log is the fact.
"""

from typing import Final
from uuid import UUID

from django.db import models

LEAF_BITS: Final = 10
"""A tally of frames covers at most so many leaves: 1,024 in a row."""
QUARTER_SECONDS: Final = 900
"""Days begin at a quarter of an hour of UTC in every time zone there is."""
NO_LICENCE: Final = UUID(int=0)
"""Stands in for the licence of frames whose lease nobody knows."""


class FrameRanges(models.Field):
    """Numbers of frames as the ranges they form: exact however often one is told, and short for whole shots."""

    def db_type(self, connection: object) -> str:
        """The database's own type."""
        return "int4multirange"


class LicenceTally(models.Model):
    """What one licence's log holds of it, in all; ``token_jti`` is ``NO_LICENCE`` where it is not known."""

    pk = models.CompositePrimaryKey("token_jti", "log_id")
    token_jti = models.UUIDField()
    log_id = models.IntegerField(db_index=True)
    rendered = models.BigIntegerField(db_default=0)
    again = models.BigIntegerField(db_default=0)
    failed = models.BigIntegerField(db_default=0)
    discarded = models.BigIntegerField(db_default=0)
    unauthorised = models.BigIntegerField(db_default=0)
    allowed = models.BigIntegerField(db_default=0)
    refused = models.BigIntegerField(db_default=0)
    first_receipt_at = models.DateTimeField(null=True)
    last_receipt_at = models.DateTimeField(null=True)
    last_check_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"{self.token_jti} in {self.log_id}"


class CheckTally(models.Model):
    """Checks under one licence in one quarter of an hour, by what they ask for; ``units`` were reserved by those allowed.

    ``quarter`` counts quarters of an hour since 1970.
    """

    pk = models.CompositePrimaryKey("token_jti", "counter", "quarter")
    token_jti = models.UUIDField()
    counter = models.CharField(max_length=8)
    quarter = models.IntegerField()
    log_id = models.IntegerField()
    allowed = models.IntegerField()
    refused = models.IntegerField()
    units = models.BigIntegerField()
    last_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.token_jti} at {self.quarter}"


class ReturnTally(models.Model):
    """Units that leases granted in one quarter of an hour gave back; written under the lock of the quota they return to.

    A row of its own and not a column of :class:`CheckTally`: no lease waits for a batch.
    """

    pk = models.CompositePrimaryKey("token_jti", "counter", "quarter")
    token_jti = models.UUIDField()
    counter = models.CharField(max_length=8)
    quarter = models.IntegerField()
    units = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.token_jti} at {self.quarter}"


class ShotTally(models.Model):
    """The frames of one shot that were ever leased under one licence: from the first to the last."""

    pk = models.CompositePrimaryKey("token_jti", "shot")
    token_jti = models.UUIDField()
    shot = models.CharField(max_length=120)
    log_id = models.IntegerField()
    first = models.IntegerField()
    last = models.IntegerField()

    def __str__(self) -> str:
        return f"{self.token_jti} {self.shot}"


class FrameTally(models.Model):
    """Receipts with a lease: those of one licence, shot and counter in one block of leaves and one quarter of an hour.

    Attributes:
        block: the leaves' number without its last ``LEAF_BITS`` bits; they lie between ``first_leaf`` and ``last_leaf``.
        as_rendered, as_again, as_lost: which frames, each once: rendered, rendered again, failed or discarded.
    """

    pk = models.CompositePrimaryKey("token_jti", "block", "shot", "counter", "quarter")
    token_jti = models.UUIDField()
    block = models.BigIntegerField()
    shot = models.CharField(max_length=120)
    counter = models.CharField(max_length=8)
    quarter = models.IntegerField()
    log_id = models.IntegerField()
    rendered = models.IntegerField()
    again = models.IntegerField()
    failed = models.IntegerField()
    discarded = models.IntegerField()
    first_leaf = models.BigIntegerField()
    last_leaf = models.BigIntegerField()
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    as_rendered = FrameRanges()
    as_again = FrameRanges()
    as_lost = FrameRanges()

    class Meta:
        indexes = [models.Index(fields=["token_jti", "shot"], name="frametally_by_shot")]

    def __str__(self) -> str:
        return f"{self.token_jti} {self.shot} {self.block}"
