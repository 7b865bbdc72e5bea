"""Checks by anybody, without an account: switched on by an operator, read by a worker, shown once, then gone.

Nothing is kept by default: the file is deleted as soon as it was read, the row with the answer as soon as it was seen;
what nobody fetches, or what is under way when the page is switched off, goes too. No trail says who asked or what.
"""

import hashlib
import secrets
import tempfile
from base64 import b64encode
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _
from msgspec import structs

from accounts.operating import require_operator
from accounts.principals import Principal
from audit import services as audit
from common import clock
from common.errors import Conflict, InvalidInput, NotFound, TooLarge, Unavailable
from common.ids import new_id
from common.locks import sole_worker
from common.storage import blobs, local_copy, put_file
from trustcore.verification.report import Report, StageRun
from trustcore.verification.words import Stage
from verification import metrics, selectors
from verification.models import UNFINISHED, PublicCheck, PublicSwitch, VerificationState
from verification.pipeline.case import Case
from verification.pipeline.run import verify
from verification.services.means import candidate_files, mark_keys, trusted_by, warmed
from verification.services.signing import sign_report
from verification.services.verifying import WORKER_LOST, policy_from
from watermarking.work.estimates import space_free
from watermarking.work.limits import work_limits

AUDIENCE = "public"
_ATTEMPTS = 3


@transaction.atomic
def switch_public_page(*, principal: Principal, on: bool) -> PublicSwitch:
    """Let anybody check files here, or nobody any more: then what waits is deleted, unread.

    Raises:
        Forbidden: ``OPERATOR_ONLY``.
        Conflict: ``PUBLIC_PAGE_MOVED``: it stands so already.
    """
    require_operator(principal)
    if selectors.is_public_page_on() == on:
        raise Conflict("PUBLIC_PAGE_MOVED", "Somebody changed this meanwhile.", "Nothing was changed by you.")
    row = PublicSwitch.objects.create(is_on=on, person=principal.person)
    audit.record(
        kind="verification.public_on" if on else "verification.public_off",
        principal=principal,
        object_type="public_page",
        object_id=row.pk,
    )
    if not on:
        transaction.on_commit(partial(drop_checks, minutes=0))
    return row


def take_check(*, path: Path, file_name: str, content_type: str = "") -> tuple[PublicCheck, str]:
    """Take a stranger's file in; the second value leads to the answer and is known to nobody else.

    The row comes first and for itself, outside of any transaction: whatever ends this process while the file is being
    written, the row names the file, and is deleted with it in its time.

    Raises:
        NotFound: the page is off, or was switched off while the file came in.
        InvalidInput: ``FILE_EMPTY``. TooLarge: ``UPLOAD_TOO_LARGE``.
        Unavailable: ``CHECKS_BUSY``, ``MEDIA_SPACE_SHORT``; nothing was taken in.
    """
    if not selectors.is_public_page_on():
        raise NotFound
    size = path.stat().st_size
    if not size:
        raise InvalidInput("FILE_EMPTY", _("This file is empty."))
    if size > settings.PUBLIC_CHECK_BYTES_MAX:
        raise TooLarge("UPLOAD_TOO_LARGE", _("This file is larger than what is read here."))
    if selectors.checks_waiting().count() >= settings.PUBLIC_CHECKS_WAITING_MAX:
        raise Unavailable(
            "CHECKS_BUSY", _("Too many files wait to be read."), _("Try again in a minute or two.")
        )
    if size + work_limits().free_bytes > space_free():
        raise Unavailable("MEDIA_SPACE_SHORT", _("There is not enough working space for this file."))
    secret = secrets.token_urlsafe(24)
    check_id = new_id()
    row = PublicCheck.objects.create(
        pk=check_id, digest=digest_of(secret), file_name=file_name[:200], content_type=content_type[:100],
        size_bytes=size, blob=f"checks/{check_id}{_suffix(file_name)}",
    )  # fmt: skip
    try:
        put_file(row.blob, path)
    except BaseException:
        _drop(row)
        raise
    if not PublicCheck.objects.filter(pk=row.pk).exists():
        blobs().delete(row.blob)  # whoever deleted the row found no file yet
        raise NotFound
    return row, secret


def run_check(*, check_id: UUID) -> None:
    """Verify and leave the answer for who asked; the file is deleted, whatever came of it. Safe to repeat."""
    with sole_worker(check_id) as is_mine:
        row = PublicCheck.objects.filter(pk=check_id, state__in=UNFINISHED).first()
        if not is_mine or row is None:
            return
        if row.attempts >= _ATTEMPTS:
            _end(row, state=VerificationState.FAILED, error_code=WORKER_LOST)
            return
        row.state, row.attempts, row.stages = VerificationState.RUNNING, row.attempts + 1, []
        _update(row, "state", "attempts", "stages")
        with (
            metrics.cpu_counted(),
            tempfile.TemporaryDirectory(prefix="tm-check-") as folder,
            local_copy(row.blob) as path,
        ):
            report = verify(
                _case(row, path, Path(folder)),
                policy_from(settings.VERIFICATION_POLICY),
                at=clock.now(),
                seconds=settings.PUBLIC_CHECK_STAGE_SECONDS,
                tell=partial(_follow, row),
                warmed=warmed(),
            )
        metrics.decided(report)
        _end(row, state=VerificationState.DONE, answer=_signed(_without_ids(report)))


def take_answer(*, secret: str) -> PublicCheck:
    """Return a check; one that has ended is deleted by this: its answer is seen once.

    Raises:
        NotFound: there is none, it was seen, or the page is off.
    """
    if not selectors.is_public_page_on():
        raise NotFound
    with transaction.atomic():
        row = PublicCheck.objects.select_for_update().filter(digest=digest_of(secret)).first()
        if row is None:
            raise NotFound
        if row.state not in UNFINISHED:
            _drop(row)
        return row


def drop_checks(*, minutes: int) -> int:
    """Delete checks that nobody came back for, finished or not. Returns how many."""
    before, dropped = clock.now() - timedelta(minutes=minutes), 0
    for row in PublicCheck.objects.filter(created_at__lte=before).order_by("created_at")[:500]:
        _drop(row)
        dropped += 1
    return dropped


def digest_of(secret: str) -> str:
    """What is kept of the address of an answer."""
    return hashlib.sha256(secret.encode()).hexdigest()


def _suffix(file_name: str) -> str:
    """What readers tell formats by; letters and digits alone, so that the storage keeps the name as it is."""
    suffix = Path(file_name).suffix[1:8].lower()
    return f".{suffix}" if suffix.isascii() and suffix.isalnum() else ""


def _case(row: PublicCheck, path: Path, folder: Path) -> Case:
    """As a stranger's: no originals to compare with, no record that a mark leads to, no scores in shadow."""
    trusted, keys, promoted = trusted_by(AUDIENCE), mark_keys(), selectors.promoted_ensemble()
    layers = {Stage.PROVENANCE, Stage.WATERMARK} | ({Stage.DETECTION} if promoted else set())
    return Case(
        path=path,
        name=row.file_name,
        asset_id="check",
        pointer="check",
        anchors=trusted.anchors,
        crls=trusted.crls,
        timestamp_roots=trusted.timestamp_roots,
        actor_anchors=trusted.actor_anchors,
        actor_crls=trusted.actor_crls,
        keys=keys,
        candidates=candidate_files(list(keys), folder),
        layers=frozenset(one for one in layers if str(one) in settings.VERIFICATION_LAYERS),
        reduced=True,
        promoted=promoted,
        transport={"content_type": row.content_type} if row.content_type else {},
    )


def _without_ids(report: Report) -> Report:
    """Found or not, and never whose: a mark's id leads through a public log to a production and its licences."""
    return structs.replace(report, watermark=structs.replace(report.watermark, payload=None))


def _signed(report: Report) -> dict[str, Any]:
    kid, signature = sign_report(report.sha256)
    return {
        "report": report.to_dict(),
        "report_sha256": report.sha256,
        "signature": {"kid": kid, "value": b64encode(signature).decode("ascii")},
    }


def _follow(row: PublicCheck, run: StageRun) -> None:
    metrics.stage_ended(run)
    row.stages = [*row.stages, {"name": run.name, "state": run.state, "milliseconds": run.milliseconds}]
    _update(row, "stages")


def _end(row: PublicCheck, **changes: Any) -> None:
    for name, value in changes.items():
        setattr(row, name, value)
    _update(row, *changes)
    # once the answer is there: a worker that dies before this leaves the file to the next one, never to nobody
    blobs().delete(row.blob)


def _update(row: PublicCheck, *names: str) -> None:
    """Never makes the row anew: it may have been deleted meanwhile."""
    PublicCheck.objects.filter(pk=row.pk).update(**{name: getattr(row, name) for name in names})


def _drop(row: PublicCheck) -> None:
    blobs().delete(row.blob)
    PublicCheck.objects.filter(pk=row.pk).delete()
