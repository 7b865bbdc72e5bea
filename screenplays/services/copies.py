"""Make a marked copy for one recipient, hand it out, and say whose copy a PDF that turned up was."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Forbidden, InvalidInput, NotFound, TooLarge
from common.ids import new_id
from common.storage import blobs
from common.visible import one_line
from screenplays.copies.lines import SeenLine
from screenplays.copies.marking import ODDS_MOST, Likeness, likest
from screenplays.copies.matching import lines_by_places, recognised
from screenplays.copies.printing import print_copy
from screenplays.models import Authority, Copy, Outcome, Purpose, Version, Work
from screenplays.reading import Limits, Refused, scan_lines, see_lines
from screenplays.reading.shape import Refusal
from screenplays.sealing import get_part, key_of, put_part
from screenplays.selectors.copies import copies_of, copy_for
from screenplays.selectors.works import script_of, work_for
from screenplays.services.accesses import ask_access, keep_delivery, lock_open_work
from screenplays.services.versions import refusal_of
from screenplays.services.works import require_writer
from trustcore.policy.reasons import DenyReason

COPY: Final = "COPY"
# versions whose lines are looked for in a scan
VERSIONS_MOST: Final = 20


@dataclass(frozen=True, slots=True)
class Leak:
    """What a PDF that turned up tells.

    Attributes:
        how: ``FILE`` (these very bytes were handed out), ``MARK`` (by its letters), ``SCAN`` (by a picture of its lines) or
            ``NONE``: no copy can be named.
        lines: lines that were read.
    """

    how: str
    copy: Copy | None
    likeness: Likeness | None
    lines: int
    asked: int


def make_copy(
    *, principal: Principal, work_id: UUID, version_id: UUID | None = None, recipient: str = ""
) -> Copy:
    """Make a marked PDF of a version, for the caller or, by its keepers, for somebody they name; on record.

    Raises:
        NotFound, Conflict, InvalidInput: as :func:`ask_access`; ``RECIPIENT_INVALID``.
        Forbidden: ``RECIPIENT_NOT_YOURS``: only keepers make copies for others; or the first reason of the refusal.
    """
    named = one_line(recipient, most=120) or one_line(principal.person.full_name, most=120)
    if not named:
        raise InvalidInput("RECIPIENT_INVALID", "A copy is made for somebody with a name.")
    access = ask_access(
        principal=principal, work_id=work_id, use_type="SCRIPT_ACCESS", version_id=version_id, pipeline=COPY
    )
    if access.outcome == Outcome.REFUSED:
        reason = DenyReason[access.reasons[0]]
        raise Forbidden(str(reason), reason.explanation, reason.mend)
    if recipient and access.authority != Authority.KEEPER:
        raise Forbidden("RECIPIENT_NOT_YOURS", "You may make a copy for yourself alone.")
    version, made_at = access.version, clock.now()
    assert version is not None
    version.work = access.work
    copy = Copy(id=new_id(), version=version, work=access.work, access=access, recipient=named)
    printed = print_copy(
        script_of(version),
        copy_id=copy.pk,
        title=f"{access.work.title}, {version.label}",
        line=f"For {named} alone, {made_at:%Y-%m-%d}. This copy can be traced to its reader. No {str(copy.pk)[-8:]}",
    )
    if printed.lacking:
        raise InvalidInput(
            "COPY_CHARACTERS",
            "The face that copies are printed in lacks some characters of this script.",
            printed.lacking[:40],
        )
    copy.sha256, copy.pages = hashlib.sha256(printed.data).hexdigest(), printed.pages
    copy.marked_words, copy.made_by, copy.created_at = printed.marked_words, principal.person, made_at
    copy.blob = put_part(key_of(access.work), printed.data, work_id=work_id, part=_part(copy))
    try:
        return _keep(principal, copy)
    except BaseException:
        with suppress(OSError):
            blobs().delete(copy.blob)
        raise


def fetch_copy(*, principal: Principal, copy_id: UUID) -> tuple[Copy, bytes]:
    """Hand out a copy that the caller made; decided anew, and on record.

    Raises:
        NotFound: no such copy, or none of the caller's.
        Forbidden: the first reason, where reading is not granted any more.
    """
    copy = copy_for(principal, copy_id)
    if copy is None:
        raise NotFound
    access = ask_access(
        principal=principal,
        work_id=copy.work_id,
        use_type="SCRIPT_ACCESS",
        version_id=copy.version_id,
        pipeline=COPY,
    )
    if access.outcome == Outcome.REFUSED:
        reason = DenyReason[access.reasons[0]]
        raise Forbidden(str(reason), reason.explanation, reason.mend)
    data = get_part(key_of(access.work), copy.blob, part=_part(copy))
    with transaction.atomic():
        keep_delivery(principal, access, part=COPY, sha256=copy.sha256)
    return copy, data


def whose_copy(*, principal: Principal, work_id: UUID, path: Path) -> Leak:
    """Say whose copy of a work the PDF or picture at ``path`` was, for its keepers; asked on record, the file is not kept.

    Raises:
        NotFound; Forbidden: ``WORK_NOT_YOURS``.
        InvalidInput: why it cannot be read; TooLarge: ``SCRIPT_TOO_LARGE``.
    """
    work = work_for(principal, work_id)
    if work is None:
        raise NotFound
    require_writer(principal, work)
    most = settings.SCRIPT_BYTES_MAX
    if path.stat().st_size > most:
        raise TooLarge("SCRIPT_TOO_LARGE", _("A script file has at most %(most)s bytes.") % {"most": most})
    leak = _leak(work, path)
    with transaction.atomic():
        record(
            kind="script.leak_asked",
            principal=principal,
            object_type="script",
            object_id=work.pk,
            production_id=work.production_id,
            details={
                "how": leak.how,
                "copy": str(leak.copy.pk) if leak.copy else None,
                "odds": f"{leak.likeness.odds:.3g}" if leak.likeness else None,
            },
        )
    return leak


def _leak(work: Work, path: Path) -> Leak:
    copies = {copy.pk: copy for copy in copies_of(work)}
    data = path.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    same = next((copy for copy in copies.values() if copy.sha256 == digest), None)
    if same is not None:
        return Leak("FILE", same, None, 0, len(copies))
    limits = Limits(pages=settings.SCRIPT_PAGES_MAX)
    told: list[Likeness] = []
    read = 0
    try:
        if data[:1024].lstrip().startswith(b"%PDF-"):
            lines = _letters(path, limits)
            told, read = likest(lines, list(copies), tries=2), len(lines)
            if told and told[0].odds <= ODDS_MOST:
                return Leak("MARK", copies[told[0].copy_id], told[0], read, len(copies))
        scanned = scan_lines(path, limits)
    except Refused as refused:
        raise refusal_of(refused) from refused
    known = lines_by_places(script_of(version) for version in _versions(copies.values()))
    told = likest(recognised(scanned, known), list(copies), tries=2)
    read = max(read, len(scanned))
    if told and told[0].odds <= ODDS_MOST:
        return Leak("SCAN", copies[told[0].copy_id], told[0], read, len(copies))
    return Leak("NONE", None, told[0] if told else None, read, len(copies))


def _letters(path: Path, limits: Limits) -> list[SeenLine]:
    """Lines of a PDF by its letters; none where its pages are pictures."""
    try:
        return see_lines(path, limits)
    except Refused as refused:
        if refused.code != Refusal.SCRIPT_NO_TEXT:
            raise
        return []


def _versions(copies: Iterable[Copy]) -> list[Version]:
    """The versions that copies were made of, the newest."""
    ids = {copy.version_id for copy in copies}
    rows = Version.objects.filter(pk__in=ids).select_related("work").defer("sketch")
    return list(rows.order_by("-number")[:VERSIONS_MOST])


def _keep(principal: Principal, copy: Copy) -> Copy:
    with transaction.atomic():
        work = lock_open_work(principal, copy.work_id)
        last = Copy.objects.filter(work=work).order_by("-number").values_list("number", flat=True).first()
        copy.number = (last or 0) + 1
        copy.save(force_insert=True)
        record(
            kind="script.copy_made",
            principal=principal,
            organisation_id=work.organisation_id,
            visible_to=[principal.organisation_id],
            object_type="script",
            object_id=work.pk,
            production_id=work.production_id,
            details={
                "copy": str(copy.pk),
                "number": copy.number,
                "sha256": copy.sha256,
                "purpose": Purpose.READ,
            },
        )
        return copy


def _part(copy: Copy) -> str:
    return f"screenplay/{copy.work_id}/copy/{copy.pk}"
