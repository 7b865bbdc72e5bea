"""The archive of the audit log: written once, retained, chained, and held for as long as a matter needs it.

Events leave the database as it holds them, sealed details included: who was erased stays erased. A segment is JSON lines,
its name the hash of its bytes, and its row names the segment before it. In a bucket with object lock it is retained in
compliance mode for ``AUDIT_RETAIN_DAYS``; a legal hold keeps it beyond them until it is lifted.

Each event carries the time of the machine that wrote it. Before anything is archived, this machine's clock is compared
with the database's: one that is adrift archives nothing, and the difference is kept with each segment.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.conf import settings
from django.core.files.base import ContentFile
from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from audit.models import LegalHold, Segment
from common import clock
from common.errors import Conflict, InvalidInput, NotFound, Unavailable
from common.storage import blobs
from common.write_once import hold, retain
from trustcore.encoding import sha256_hex

EVENTS_MOST: Final = 50_000


@dataclass(frozen=True, slots=True)
class Broken:
    """A segment that is not what was archived, and why."""

    segment: int
    code: str


def archive_events(*, most: int = EVENTS_MOST) -> Segment | None:
    """Write the events that no segment has yet to the archive, at most ``most``; None where there is none.

    Raises:
        Unavailable: ``CLOCK_ADRIFT``: this machine's time is not the database's; ``LOG_BUSY``: try again;
            ``STORAGE_UNFAITHFUL``.
    """
    with transaction.atomic():  # alone: who writes to the log does not wait for the storage
        upto = _settled()
    with transaction.atomic():
        _take_turns()
        drift = _clock_ms()
        before = Segment.objects.order_by("-number").first()
        rows = _lines(before.last if before else 0, upto, most)
        if not rows:
            return None
        first, last, data = rows[0][0], rows[-1][0], _as_file(rows)
        sha256, until = sha256_hex(data), clock.now() + timedelta(days=settings.AUDIT_RETAIN_DAYS)
        name = f"audit/{first:020}-{last:020}-{sha256}.jsonl"
        _put(name, data, until)
        return Segment.objects.create(
            first=first, last=last, events=len(rows), name=name, sha256=sha256,
            previous_sha256=before.sha256 if before else "", clock_ms=drift, retain_until=until,
        )  # fmt: skip


def check_archive(*, at: datetime | None = None) -> list[Broken]:
    """Read every segment again: its bytes, its place in the chain, and the database's own rows of it.

    A file that is gone after its retention is not missed.
    """
    broken, before = [], ""
    for row in Segment.objects.order_by("number"):
        if row.previous_sha256 != before:
            broken.append(Broken(row.number, "SEGMENT_MISSING"))
        before = row.sha256
        try:
            with blobs().open(row.name, "rb") as stream:
                data = stream.read()
        except FileNotFoundError:
            if row.retain_until > (at or clock.now()):
                broken.append(Broken(row.number, "ARCHIVE_LOST"))
            continue
        if sha256_hex(data) != row.sha256:
            broken.append(Broken(row.number, "ARCHIVE_CHANGED"))
            continue
        if data != _as_file(_lines(row.first - 1, row.last, row.events + 1)):
            broken.append(Broken(row.number, "DATABASE_DIFFERS"))
    return broken


def place_hold(matter: str) -> LegalHold:
    """Keep the whole archive, and what is added to it, for a matter.

    Raises:
        InvalidInput: ``MATTER_INVALID``. Conflict: ``HOLD_EXISTS``.
    """
    matter = matter.strip()
    if not matter or len(matter) > 200:
        raise InvalidInput("MATTER_INVALID", "A legal hold names its matter, in at most 200 characters.")
    with transaction.atomic():
        _take_turns()
        if LegalHold.objects.filter(matter=matter, lifted_at=None).exists():
            raise Conflict("HOLD_EXISTS", "There is a hold for this matter.")
        made = LegalHold.objects.create(matter=matter)
        _hold_all(is_held=True)
        return made


def lift_hold(matter: str) -> LegalHold:
    """Lift a matter's hold; the archive stays held while another matter needs it. Raises ``NotFound``."""
    with transaction.atomic():
        _take_turns()
        row = LegalHold.objects.filter(matter=matter.strip(), lifted_at=None).first()
        if row is None:
            raise NotFound
        row.lifted_at = clock.now()
        row.save(update_fields=["lifted_at"])
        if not is_held():
            _hold_all(is_held=False)
        return row


def is_held() -> bool:
    """Whether any matter keeps the archive."""
    return LegalHold.objects.filter(lifted_at=None).exists()


def remove_expired(*, at: datetime | None = None) -> int:
    """Take the files of segments away whose retention is over, unless a hold keeps them; their rows stay.

    Raises:
        Conflict: ``LEGAL_HOLD``.
    """
    with transaction.atomic():
        _take_turns()
        if is_held():
            raise Conflict("LEGAL_HOLD", "A legal hold keeps the archive.")
        gone = 0
        for row in Segment.objects.filter(retain_until__lte=at or clock.now()):
            if blobs().exists(row.name):
                blobs().delete(row.name)
                gone += 1
        return gone


def _as_file(rows: list[tuple[int, str]]) -> bytes:
    return "".join(f"{line}\n" for _number, line in rows).encode()


def _put(name: str, data: bytes, until: datetime) -> None:
    store = blobs()
    if not store.exists(name):
        store.save(name, ContentFile(data))
    with store.open(name, "rb") as stream:
        if stream.read() != data:
            raise Unavailable("STORAGE_UNFAITHFUL", "The storage did not keep these bytes as they were sent.")
    retain(store, name, until=until, mode="COMPLIANCE")
    if is_held():
        hold(store, name, is_held=True)


def _lines(after: int, upto: int, most: int) -> list[tuple[int, str]]:
    """Events as the database holds them, each a number and a line of JSON; nothing is opened that is sealed."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select number, (to_jsonb(event) - 'log_entry')::text from audit_event event"
            " where number > %s and number <= %s order by number limit %s",
            [after, upto, most],
        )
        return [(int(number), str(line)) for number, line in cursor.fetchall()]


def _settled() -> int:
    """The last number up to which every event is there: who is writing is waited for, a second at most.

    Numbers are dealt out before they are committed; once the table was ours, no lower one comes after.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("set local lock_timeout = '1s'")
            cursor.execute("lock table audit_event in share mode")
            cursor.execute("select coalesce(max(number), 0) from audit_event")
            return int(cursor.fetchall()[0][0])
    except OperationalError as error:
        raise Unavailable("LOG_BUSY", "A transaction is still writing to the log.") from error


def _clock_ms() -> int:
    with connection.cursor() as cursor:
        begun = clock.now()
        cursor.execute("select clock_timestamp()")
        (theirs,) = cursor.fetchone()
        ended = clock.now()
    drift: int = round(((begun + (ended - begun) / 2) - theirs).total_seconds() * 1000)
    if abs(drift) > settings.AUDIT_CLOCK_MS_MAX:
        raise Unavailable(
            "CLOCK_ADRIFT", "This machine's clock is not the database's: nothing is archived.",
            _("They differ by %(ms)s milliseconds.") % {"ms": drift},
        )  # fmt: skip
    return drift


def _take_turns() -> None:
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtextextended('audit archive', 0))")


def _hold_all(*, is_held: bool) -> None:
    for name in Segment.objects.values_list("name", flat=True):
        if blobs().exists(name):
            hold(blobs(), name, is_held=is_held)
