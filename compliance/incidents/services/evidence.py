"""Take a file of evidence in: judged by its bytes, hashed as it is read, kept where no browser runs it."""

import hashlib
import unicodedata
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.principals import Principal
from common import clock
from common.clock import rfc3339
from common.errors import Conflict, InvalidInput, NotFound, TooLarge
from common.ids import new_id
from common.storage import blobs, put_file
from compliance.incidents.models import EntryKind, Evidence, EvidenceKind
from compliance.incidents.selectors import incident_for
from compliance.incidents.services.appending import append, lock_incident, past_moment, require_writer
from compliance.incidents.services.recording import clean_url
from compliance.incidents.sniffing import HEAD_BYTES, Kind, kind_of
from trustcore.bundle.incident import evidence_path

FILES_MOST: Final = 100
_NAME_MOST: Final = 200
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Zl", "Zp"})


def require_may_add(*, principal: Principal, incident_id: UUID) -> None:
    """Refuse whoever may not add to an incident, before a byte of a file is read.

    Raises:
        NotFound, Forbidden: as :func:`add_evidence`.
    """
    incident = incident_for(principal, incident_id)
    if incident is None:
        raise NotFound
    require_writer(principal, incident.talent)


def add_evidence(
    *,
    principal: Principal,
    incident_id: UUID,
    path: Path,
    file_name: str,
    kind: str = EvidenceKind.FOUND,
    captured_at: datetime | None = None,
    source_url: str = "",
) -> Evidence:
    """Add the file at ``path`` as evidence; the file is copied, never opened by anything that runs it.

    Raises:
        NotFound, Forbidden, Conflict: as of every entry; ``EVIDENCE_KNOWN``: these bytes are in the file already;
            ``EVIDENCE_TOO_MANY``.
        InvalidInput: ``EVIDENCE_EMPTY``, ``EVIDENCE_TYPE``: none of the kinds of files that are kept;
            ``EVIDENCE_KIND_UNKNOWN``, ``CAPTURED_AT_INVALID`` or ``URL_INVALID``.
        TooLarge: ``EVIDENCE_TOO_LARGE``.
    """
    if kind not in EvidenceKind.values:
        raise InvalidInput("EVIDENCE_KIND_UNKNOWN", "Evidence is FOUND, CAPTURE or DOCUMENT.")
    moment = past_moment(captured_at, code="CAPTURED_AT_INVALID") if captured_at else None
    source = clean_url(source_url)
    require_may_add(principal=principal, incident_id=incident_id)
    size, found, digest = _read(path)
    blob = put_file(f"incidents/{incident_id}/{new_id()}.evidence", path)
    try:
        with transaction.atomic():
            incident = lock_incident(principal, incident_id)
            if incident.evidence.filter(sha256=digest).exists():
                raise Conflict("EVIDENCE_KNOWN", "This very file is in it already.")
            if incident.evidence.count() >= FILES_MOST:
                raise Conflict(
                    "EVIDENCE_TOO_MANY",
                    _("An incident has at most %(files_most)s files.") % {"files_most": FILES_MOST},
                )
            name = plain_name(file_name)
            number = (incident.entries.order_by("-number").values_list("number", flat=True).first() or 0) + 1
            entry = append(
                incident,
                EntryKind.EVIDENCE,
                {
                    "kind": str(kind),
                    "file_name": name,
                    "path": evidence_path(number, found.ending),
                    "media_type": found.media_type,
                    "sha256": digest,
                    "size_bytes": size,
                    "captured_at": rfc3339(moment) if moment else None,
                    "source_url": source,
                },
                principal=principal,
                at=clock.now(),
                event={"sha256": digest, "media_type": found.media_type},
            )
            return Evidence.objects.create(
                incident=incident,
                entry=entry,
                kind=kind,
                file_name=name,
                blob=blob,
                media_type=found.media_type,
                sha256=digest,
                size_bytes=size,
                captured_at=moment,
                source_url=source,
            )
    except (Conflict, NotFound, IntegrityError):
        blobs().delete(blob)
        raise


def plain_name(name: str) -> str:
    """A file's name without its folder, with every hidden character written out, so that none can disguise it."""
    last = PurePosixPath(unicodedata.normalize("NFC", name).replace("\\", "/")).name or "file"
    shown = "".join(f"⟨U+{ord(one):04X}⟩" if unicodedata.category(one) in _HIDDEN else one for one in last)
    return shown[:_NAME_MOST]


def _read(path: Path) -> tuple[int, Kind, str]:
    """Size, kind and SHA-256 of a file, read once in pieces."""
    size = path.stat().st_size
    if not size:
        raise InvalidInput("EVIDENCE_EMPTY", "This file is empty.")
    if size > settings.INCIDENT_EVIDENCE_BYTES_MAX:
        raise TooLarge(
            "EVIDENCE_TOO_LARGE",
            _("A file of evidence has at most %(incident_evidence_bytes_max)s bytes.")
            % {"incident_evidence_bytes_max": settings.INCIDENT_EVIDENCE_BYTES_MAX},
        )
    with path.open("rb") as stream:
        found = kind_of(stream.read(HEAD_BYTES))
        if found is None:
            raise InvalidInput(
                "EVIDENCE_TYPE",
                "This kind of file is not kept as evidence.",
                "Pictures, films, sound, PDF, saved pages, web archives (WARC) and plain text are.",
            )
        stream.seek(0)
        return size, found, hashlib.file_digest(stream, "sha256").hexdigest()
