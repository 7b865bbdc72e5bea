"""Take a version in: read first, in a process that can harm nothing; then sealed; then, in one transaction, known."""

import hashlib
from contextlib import suppress
from datetime import date
from pathlib import Path, PurePosixPath
from typing import Final
from uuid import UUID

import msgspec
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.clock import rfc3339
from common.errors import Conflict, InvalidInput, NotFound, TooLarge, Unavailable
from common.ids import new_id
from common.keys import signer_for
from common.language import later
from common.storage import blobs
from common.timestamps import is_configured, sha256_of, stamp
from common.visible import one_line
from screenplays.fingerprint import fingerprint_of
from screenplays.models import Scene, Version, VersionProof
from screenplays.proofs import sign_version
from screenplays.reading import Limits, Refused, Script, read_script, scenes_of, wording_of
from screenplays.reading.shape import Refusal
from screenplays.reading.texts import DECLARED
from screenplays.sealing import close, key_of, keyed_hash, put_part
from screenplays.selectors.works import part_of, work_for
from screenplays.services.works import lock_work, require_writer

VERSIONS_MOST: Final = 500
_WORDS: Final = {
    Refusal.SCRIPT_EMPTY: later("There is nothing in this file."),
    Refusal.SCRIPT_TYPE: later("This file is neither Fountain, Final Draft, PDF nor plain text."),
    Refusal.SCRIPT_ENCODING: later("The bytes are not text in that encoding."),
    Refusal.SCRIPT_CUT: later("The file ends before its end."),
    Refusal.SCRIPT_MALFORMED: later("The file is damaged, or not what it says it is."),
    Refusal.SCRIPT_ENTITIES: later("A Final Draft file declares no entities and no document type."),
    Refusal.SCRIPT_LOCKED: later("This PDF is locked by a password."),
    Refusal.SCRIPT_NO_TEXT: later("This PDF holds pictures of pages, and no text."),
    Refusal.SCRIPT_TOO_LONG: later("The script has more pages than are taken."),
    Refusal.SCRIPT_BOMB: later("Reading this file takes more than is allowed."),
    Refusal.SCRIPT_UNREADABLE: later("This file could not be read."),
}


def add_version(
    *,
    principal: Principal,
    work_id: UUID,
    path: Path,
    file_name: str,
    label: str,
    dated: date | None = None,
    encoding: str = "",
) -> Version:
    """Take the script at ``path`` in as the next version of a work; all of it, or nothing.

    Args:
        dated: the day that the draft bears, where it bears one.
        encoding: of a text that does not say so itself, one of ``DECLARED``; empty: UTF-8.

    Raises:
        NotFound; Forbidden: ``WORK_NOT_YOURS``.
        InvalidInput: ``ENCODING_UNKNOWN``, ``DATED_INVALID``, ``VERSION_LABEL_INVALID``, or why the file is no script
            (:class:`~screenplays.reading.shape.Refusal`).
        TooLarge: ``SCRIPT_TOO_LARGE``.
        Conflict: ``VERSION_KNOWN``: these bytes are a version of it already; ``VERSIONS_TOO_MANY``;
            ``SCRIPT_DESTROYED``.
    """
    name = one_line(label, most=80)
    if not name:
        raise InvalidInput("VERSION_LABEL_INVALID", "A version has a label, for example: Blue revision.")
    if encoding and encoding not in DECLARED:
        raise InvalidInput(
            "ENCODING_UNKNOWN", _("An encoding is one of %(known)s.") % {"known": ", ".join(DECLARED)}
        )
    if dated is not None and dated > clock.now().date():
        raise InvalidInput("DATED_INVALID", "A draft does not bear a day to come.")
    work = work_for(principal, work_id)
    if work is None:
        raise NotFound
    require_writer(principal, work)
    key = key_of(work)
    data, script = _read(path, file_name, encoding)
    sha256 = hashlib.sha256(data).hexdigest()
    fingerprint = fingerprint_of(script)
    version = Version(
        id=new_id(),
        work=work,
        label=name,
        dated=dated,
        format=script.format,
        encoding=script.encoding,
        file_name=one_line(PurePosixPath(file_name.replace("\\", "/")).name) or "script",
        size_bytes=len(data),
        pages=script.pages,
        words=fingerprint.words,
        sha256=sha256,
        wording_sha256=fingerprint.wording_sha256,
        iscc=fingerprint.iscc,
        sketch=list(fingerprint.sketch),
        submitted_by=principal.person,
        submitted_key=principal.credential,
    )
    scenes = _scenes(version, script, key)
    names: list[str] = []
    try:
        for part, content in (("file", data), ("text", msgspec.json.encode(script))):
            names.append(put_part(key, content, work_id=work.pk, part=part_of(version, part)))
        version.file_blob, version.text_blob = names
        version.created_at = clock.now()
        return _keep(principal, version, scenes, _proof(version))
    except BaseException:
        for one in names:
            with suppress(OSError):
                blobs().delete(one)
        raise


def _keep(principal: Principal, version: Version, scenes: list[Scene], proof: VersionProof) -> Version:
    with transaction.atomic():
        work = lock_work(principal, version.work_id)
        if work.sealed_key is None:
            raise Conflict("SCRIPT_DESTROYED", "The text of this work was destroyed.")
        if work.versions.filter(sha256=version.sha256).exists():
            raise Conflict("VERSION_KNOWN", "This very file is a version of the work already.")
        number = (work.versions.order_by("-number").values_list("number", flat=True).first() or 0) + 1
        if number > VERSIONS_MOST:
            raise Conflict(
                "VERSIONS_TOO_MANY", _("A work has at most %(most)s versions.") % {"most": VERSIONS_MOST}
            )
        version.number = number
        version.save(force_insert=True)
        proof.save(force_insert=True)
        Scene.objects.bulk_create(scenes, batch_size=1000)
        record(
            kind="script.version_added",
            principal=principal,
            object_type="script",
            object_id=work.pk,
            production_id=work.production_id,
            after={"sha256": version.sha256, "wording_sha256": version.wording_sha256},
            details={
                "title": work.title,
                "version": version.label,
                "number": number,
                "sha256": version.sha256,
                "wording_sha256": version.wording_sha256,
                "scenes": len(scenes),
                "pages": version.pages,
            },
        )
        return version


def _proof(version: Version) -> VersionProof:
    """Sign the version's hashes and moment; stamped where an authority answers. Without a stamp the signature stands."""
    signer = signer_for("DECISION")
    facts = {
        "sha256": version.sha256,
        "wording_sha256": version.wording_sha256,
        "admitted_at": rfc3339(version.created_at),
        "work": str(version.work_id),
        "version": str(version.pk),
        "dated": version.dated.isoformat() if version.dated else None,
        "server": settings.BASE_URL,
    }
    envelope = sign_version(facts, signer)
    answer = None
    if is_configured():
        with suppress(Unavailable):
            answer = stamp(sha256_of(envelope))
    return VersionProof(version=version, envelope=envelope, kid=signer.kid, stamp=answer)


def read_refusing(path: Path, file_name: str, encoding: str = "") -> Script:
    """Read a script, or say in the house's words why it is none.

    Raises:
        InvalidInput, TooLarge: as :func:`add_version`.
    """
    limits = Limits(pages=settings.SCRIPT_PAGES_MAX)
    ending = PurePosixPath(file_name).suffix[1:].lower()
    try:
        if not path.stat().st_size:  # no process is started for nothing
            raise Refused(Refusal.SCRIPT_EMPTY)
        return read_script(path, limits, ending=ending, declared=encoding)
    except Refused as refused:
        raise refusal_of(refused) from refused


def refusal_of(refused: Refused) -> InvalidInput:
    """Why a file is no script, in the house's words."""
    return InvalidInput(str(refused.code), _WORDS[refused.code], refused.detail)


def _read(path: Path, file_name: str, encoding: str) -> tuple[bytes, Script]:
    most = settings.SCRIPT_BYTES_MAX
    with path.open("rb") as stream:
        data = stream.read(most + 1)
    if len(data) > most:
        raise TooLarge("SCRIPT_TOO_LARGE", _("A script file has at most %(most)s bytes.") % {"most": most})
    return data, read_refusing(path, file_name, encoding)


def _scenes(version: Version, script: Script, key: bytes) -> list[Scene]:
    return [
        Scene(
            version=version,
            ordinal=one.ordinal,
            label=one.label[:20],
            sealed_heading=close(key, one.heading.encode(), part=part_of(version, f"scene {one.ordinal}")),
            words=len(wording_of(one.text)),
            mac=keyed_hash(key, " ".join(wording_of(one.text)).encode()),
        )
        for one in scenes_of(script)
    ]
