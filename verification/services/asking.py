"""Take a file in for verification, if there is room."""

import hashlib
from collections.abc import Iterable
from pathlib import Path

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.principals import Principal
from audit import services as audit
from common import clock
from common.errors import InvalidInput, TooLarge, Unavailable
from common.storage import blobs, put_file
from trustcore.verification.words import Impact
from verification import selectors
from verification.models import Verification
from verification.pipeline.case import LAYERS
from verification.services.leftovers import FOLDER
from watermarking.work.estimates import space_free
from watermarking.work.limits import work_limits


@transaction.atomic
def request_verification(
    *,
    principal: Principal,
    path: Path,
    file_name: str,
    content_type: str = "",
    impact: str = Impact.LOW,
    layers: Iterable[str] = (),
    source: str = "",
) -> Verification:
    """Take a file in; a worker verifies it.

    Args:
        impact: ``low`` or ``high``: how much hangs on a wrong answer.
        layers: those to ask, of what the deployment has switched on; all of them when empty.
        source: where it lay before, for the trail.

    Raises:
        InvalidInput: ``IMPACT_UNKNOWN``, ``LAYER_UNKNOWN``.
        TooLarge: ``UPLOAD_TOO_LARGE``.
        Unavailable: ``MEDIA_QUEUE_FULL``, ``MEDIA_SPACE_SHORT``; nothing was taken in.
    """
    if impact not in {one.value for one in Impact}:
        raise InvalidInput("IMPACT_UNKNOWN", "An impact is low or high.")
    wanted = [str(one) for one in LAYERS if not layers or str(one) in set(layers)]
    if set(layers) - {str(one) for one in LAYERS} or not wanted:
        raise InvalidInput("LAYER_UNKNOWN", "Layers are provenance, watermark and detection.")
    size = path.stat().st_size
    refuse_what_cannot_be(principal, size)
    with path.open("rb") as stream:
        sha256 = hashlib.file_digest(stream, "sha256").hexdigest()
    row = Verification(
        organisation=principal.organisation,
        asked_by=principal.person,
        file_name=file_name[:200],
        content_type=content_type[:100],
        sha256=sha256,
        size_bytes=size,
        impact=impact,
        layers=[one for one in wanted if one in settings.VERIFICATION_LAYERS] or wanted[:1],
        touched_at=clock.now(),
    )
    # the name holds the row's id: should this process end before the row is kept, ``drop_leftovers`` finds the file
    row.blob = put_file(f"{FOLDER}/{row.pk}{Path(file_name).suffix[:8].lower()}", path)
    try:
        row.save()
        audit.record(
            kind="verification.asked",
            principal=principal,
            object_type="verification",
            object_id=row.pk,
            details={"sha256": sha256, "impact": impact, "layers": row.layers}
            | ({"source": source} if source else {}),
        )
    except BaseException:
        blobs().delete(row.blob)
        raise
    return row


def refuse_what_cannot_be(principal: Principal, size: int) -> None:
    """Refuse a file of ``size`` bytes that is not to be taken in now.

    Raises:
        TooLarge: ``UPLOAD_TOO_LARGE``. Unavailable: ``MEDIA_QUEUE_FULL`` or ``MEDIA_SPACE_SHORT``.
    """
    if size > settings.UPLOAD_BYTES_MAX:
        raise TooLarge(
            "UPLOAD_TOO_LARGE",
            _("An upload may have %(upload_bytes_max)s bytes.")
            % {"upload_bytes_max": settings.UPLOAD_BYTES_MAX},
        )
    limits, waiting = work_limits(), selectors.verifications_waiting()
    if (
        waiting.count() >= limits.queue
        or waiting.filter(organisation=principal.organisation).count() >= limits.queue_each
    ):
        raise Unavailable("MEDIA_QUEUE_FULL", "Too much is waiting to be read. Try again later.")
    if size + limits.free_bytes > space_free():
        raise Unavailable("MEDIA_SPACE_SHORT", "There is not enough working space for this medium.")
