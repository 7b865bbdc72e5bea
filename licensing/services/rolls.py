"""Read a guild's member roll: handed in now, read in the background, the same however often it is read.

A member who is new becomes a talent of their own organisation, hidden from everybody. Chunks are transactions: a
reading that was cut off goes on after the last whole chunk.
"""

import hashlib
import secrets
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import islice
from typing import Any, BinaryIO, Final, cast
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F, Model
from django.utils.translation import gettext as _
from psycopg import sql
from simple_history.utils import get_history_manager_for_model

from accounts.models import Organisation
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import DomainError, Forbidden, InvalidInput, TooLarge
from common.ids import new_id
from common.storage import blobs
from licensing.models import GuildDefault, GuildMember, RollImport, RollRefusal, Talent, VisibilityRule
from licensing.selectors.guilds import member_digest
from licensing.services.leftovers import FOLDER
from licensing.services.productions import clean_text, hides_something
from licensing.services.sheets import Row, encoding_of, read_csv, runs_in_a_spreadsheet
from trustcore.policy.vocabulary import Visibility

ROLL_BYTES_MAX: Final = 200 * 1024 * 1024
CHUNK: Final = 1000
WANTED: Final = ("member_number", "stage_name")
OPTIONAL: Final = ("majority_on",)


@dataclass(frozen=True, slots=True)
class _Entry:
    row: int
    digest: str
    name: str
    majority_on: date | None


def require_roll_desk(principal: Principal) -> None:
    """Refuse whoever may not hand in a roll; to be asked before a byte of one is taken.

    Raises:
        Forbidden: ``GUILD_ONLY``.
    """
    if principal.organisation.kind != Organisation.Kind.GUILD or not principal.acts_as("ADMIN"):
        raise Forbidden("GUILD_ONLY", "An administrator of a guild hands in its roll.")


def hand_in_roll(
    *, principal: Principal, stream: BinaryIO, size: int, file_name: str, encoding: str = ""
) -> RollImport:
    """Keep a roll to be read in the background.

    Args:
        stream: at its beginning; CSV with the columns ``member_number``, ``stage_name`` and perhaps
            ``majority_on`` (``YYYY-MM-DD``).
        encoding: one of :data:`licensing.services.sheets.ENCODINGS`; empty: UTF-8, or UTF-16 by its mark.

    Raises:
        Forbidden: ``GUILD_ONLY``.
        TooLarge: ``ROLL_TOO_LARGE``.
        InvalidInput: ``ROLL_EMPTY``, ``ENCODING_UNKNOWN`` or ``COLUMNS_INVALID``.
    """
    require_roll_desk(principal)
    if size > ROLL_BYTES_MAX:
        raise TooLarge(
            "ROLL_TOO_LARGE",
            _("A roll has at most %(roll_bytes_max)s bytes.") % {"roll_bytes_max": ROLL_BYTES_MAX},
        )
    if size == 0:
        raise InvalidInput("ROLL_EMPTY", "The file is empty.")
    first = stream.read(64 * 1024)
    found = encoding_of(first, encoding)
    stream.seek(0)
    next(read_csv(stream, found, wanted=WANTED, optional=OPTIONAL), None)
    stream.seek(0)
    digest = _sha256(stream)
    stream.seek(0)
    blob = blobs().save(f"{FOLDER}/{new_id()}.csv", stream)
    name = "".join(c for c in file_name if c.isprintable() and not hides_something(c))[:200] or "roll.csv"
    with transaction.atomic():
        roll = RollImport.objects.create(
            guild=principal.organisation,
            submitted_by=principal.person,
            file_name=name,
            blob=blob,
            encoding=found,
            size_bytes=size,
            sha256=digest,
            moved_at=clock.now(),
        )
        record(
            kind="roll.handed_in",
            principal=principal,
            object_type="roll",
            object_id=roll.pk,
            details={"sha256": digest, "size_bytes": size},
        )
        return roll


def read_roll(roll_id: UUID) -> RollImport:
    """Read what is left of a roll, chunk by chunk; one reader at a time is the caller's to see to."""
    roll = RollImport.objects.select_related("guild").get(pk=roll_id)
    if roll.finished_at is not None:
        return roll
    version = _latest_version(roll.guild_id)
    try:
        with blobs().open(roll.blob, "rb") as stream:
            rows = read_csv(cast(BinaryIO, stream), roll.encoding, wanted=WANTED, optional=OPTIONAL)
            deque(islice(rows, roll.rows_read), maxlen=0)  # taken over before the reading was cut off
            while chunk := list(islice(rows, CHUNK)):
                _take_over(roll, chunk, version, min(stream.tell(), roll.size_bytes))
    except DomainError as error:
        return _finish(roll, RollImport.State.FAILED, error.code)
    except OSError:
        return _finish(roll, RollImport.State.FAILED, "FILE_GONE")
    return _finish(roll, RollImport.State.DONE)


def refusals_of(roll: RollImport) -> Iterator[tuple[int, str, str, str]]:
    """Every row that was refused: number, column, code, cell."""
    rows = roll.refusals.order_by("row").values_list("row", "column", "code", "cell")
    yield from rows.iterator(chunk_size=2000)


def _sha256(stream: BinaryIO) -> str:
    found = hashlib.sha256()
    while piece := stream.read(1024 * 1024):
        found.update(piece)
    return found.hexdigest()


def _latest_version(guild_id: UUID) -> int:
    rows = GuildDefault.objects.filter(guild=guild_id).order_by("-version")
    return rows.values_list("version", flat=True).first() or 0


def _take_over(roll: RollImport, chunk: list[Row], version: int, bytes_read: int) -> None:
    """One chunk, whole or not at all; ``bytes_read`` of the file are behind the reader."""
    entries: dict[str, _Entry] = {}
    refused: list[RollRefusal] = []
    for row in chunk:
        entry = _entry(roll, row)
        if isinstance(entry, RollRefusal):
            refused.append(entry)
        elif entry.digest in entries:
            cell = row.cells["stage_name"][:200]
            refused.append(_refusal(roll, row.number, "member_number", "DUPLICATE", cell))
        else:
            entries[entry.digest] = entry
    with transaction.atomic():
        made, changed = _write(roll, entries, version)
        RollRefusal.objects.bulk_create(refused)
        RollImport.objects.filter(pk=roll.pk).update(
            state=RollImport.State.RUNNING,
            rows_read=F("rows_read") + len(chunk),
            bytes_read=bytes_read,
            rows_made=F("rows_made") + made,
            rows_changed=F("rows_changed") + changed,
            rows_same=F("rows_same") + len(entries) - made - changed,
            rows_refused=F("rows_refused") + len(refused),
            moved_at=clock.now(),
        )


def _write(roll: RollImport, entries: dict[str, _Entry], version: int) -> tuple[int, int]:
    known = {
        one.number_digest: one.talent
        for one in GuildMember.objects.filter(guild=roll.guild, number_digest__in=entries).select_related(
            "talent"
        )
    }
    renamed = []
    for digest, talent in known.items():
        if talent.user_id is None and talent.stage_name != entries[digest].name:
            talent.stage_name = entries[digest].name
            renamed.append(talent)
    for talent in renamed:
        talent.save(update_fields=["stage_name"])
    fresh = [entry for digest, entry in entries.items() if digest not in known]
    organisations = [
        Organisation(name=one.name[:160], slug=_slug(), kind=Organisation.Kind.TALENT) for one in fresh
    ]
    _create(organisations)
    talents = [
        Talent(organisation=home, stage_name=one.name, handle=home.slug, majority_on=one.majority_on)
        for one, home in zip(fresh, organisations, strict=True)
    ]
    _create(talents)
    hidden = [VisibilityRule(talent=one, level=Visibility.HIDDEN) for one in talents]
    _create(hidden)
    GuildMember.objects.bulk_create(
        GuildMember(guild=roll.guild, talent=talent, number_digest=one.digest, accepted_version=version)
        for one, talent in zip(fresh, talents, strict=True)
    )
    return len(fresh), len(renamed)


def _create(rows: Sequence[Model]) -> None:
    """Insert new rows of one model, each with the first line of its history; MUST be called inside a transaction.

    The database copies the history from the rows it has just taken: made by the ORM, it costs as much again.
    """
    if not rows:
        return
    model = type(rows[0])
    model._default_manager.bulk_create(rows)
    history = get_history_manager_for_model(model).model
    columns = sql.SQL(", ").join(sql.Identifier(str(field.column)) for field in history.tracked_fields)
    statement = sql.SQL(
        "insert into {history} ({columns}, history_date, history_type, history_change_reason, history_user_id)"
        " select {columns}, %s, '+', null, null from {rows} where {key} = any(%s)"
    ).format(
        history=sql.Identifier(history._meta.db_table),
        columns=columns,
        rows=sql.Identifier(model._meta.db_table),
        key=sql.Identifier(str(model._meta.pk.column)),
    )
    with connection.cursor() as cursor:
        cursor.execute(statement, [clock.now(), [one.pk for one in rows]])


def _slug() -> str:
    return f"m-{secrets.token_hex(10)}"


def _entry(roll: RollImport, row: Row) -> _Entry | RollRefusal:
    if row.trouble:
        return _refusal(roll, row.number, "", row.trouble, "")
    number, name = row.cells["member_number"].strip(), row.cells["stage_name"]
    for column, cell in row.cells.items():
        if runs_in_a_spreadsheet(cell):
            return _refusal(roll, row.number, column, "FORMULA", cell)
    if not (1 <= len(number) <= 64) or not number.isprintable():
        return _refusal(roll, row.number, "member_number", "MEMBER_NUMBER_INVALID", number)
    try:
        clean = clean_text(name, most=160, code="NAME_INVALID")
        if "\n" in clean or "\t" in clean:
            raise InvalidInput("NAME_INVALID", "A name is one line.")
    except InvalidInput as error:
        return _refusal(roll, row.number, "stage_name", error.code, name)
    born = row.cells.get("majority_on", "").strip()
    try:
        majority_on = date.fromisoformat(born) if born else None
    except ValueError:
        return _refusal(roll, row.number, "majority_on", "DATE_INVALID", born)
    return _Entry(row.number, member_digest(roll.guild_id, number), clean, majority_on)


def _refusal(roll: RollImport, row: int, column: str, code: str, cell: str) -> RollRefusal:
    shown = "".join(c if c.isprintable() and not hides_something(c) else "�" for c in cell[:200])
    return RollRefusal(roll=roll, row=row, column=column, code=code, cell=shown)


def _finish(roll: RollImport, state: str, failure: str = "") -> RollImport:
    with transaction.atomic():
        row = RollImport.objects.select_for_update(of=("self",)).get(pk=roll.pk)
        if row.finished_at is None:
            row.state, row.failure, row.finished_at, row.moved_at = state, failure, clock.now(), clock.now()
            row.save(update_fields=["state", "failure", "finished_at", "moved_at"])
            record(
                kind="roll.read" if state == RollImport.State.DONE else "roll.failed",
                principal=None,
                organisation_id=row.guild_id,
                object_type="roll",
                object_id=row.pk,
                details=_figures(row),
            )
        return row


def _figures(roll: RollImport) -> dict[str, Any]:
    return {
        "read": roll.rows_read,
        "made": roll.rows_made,
        "changed": roll.rows_changed,
        "same": roll.rows_same,
        "refused": roll.rows_refused,
        "failure": roll.failure,
    }
