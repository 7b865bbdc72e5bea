"""Ask for a verification and hand the work out once the row is there."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path

from django.db import transaction

from accounts.principals import Principal
from common.storage import local_copy
from trustcore.verification.words import Impact
from verification import services, tasks
from verification.models import Verification


def verify_upload(
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

    Raises:
        DomainError: as ``services.request_verification`` says.
    """
    with transaction.atomic():
        row = services.request_verification(
            principal=principal, path=path, file_name=file_name, content_type=content_type, impact=impact,
            layers=layers, source=source,
        )  # fmt: skip
        # should the broker not answer, the sweeper starts the work
        transaction.on_commit(partial(tasks.verify.delay, str(row.pk)), robust=True)
    return row


def verify_stored(
    *, principal: Principal, address: str, impact: str = Impact.LOW, layers: Iterable[str] = ()
) -> Verification:
    """Verify a released output that lies here, by its address.

    Raises:
        DomainError: as ``services.stored_output`` and ``services.request_verification`` say.
    """
    asset = services.stored_output(principal=principal, address=address)
    with local_copy(asset.signed_blob) as path:
        return verify_upload(
            principal=principal,
            path=path,
            file_name=f"asset-{asset.pk}{asset.media['suffix']}",
            content_type=asset.media["media_type"],
            impact=impact,
            layers=layers,
            source=f"asset:{asset.pk}",
        )


def check_upload(*, path: Path, file_name: str, content_type: str = "") -> str:
    """Take a stranger's file in; a worker reads it. Returns the secret of the answer's address.

    Raises:
        DomainError: as ``services.take_check`` says.
    """
    row, secret = services.take_check(path=path, file_name=file_name, content_type=content_type)
    # should the broker not answer, the row is deleted in time, unread
    transaction.on_commit(partial(tasks.check.delay, str(row.pk)), robust=True)
    return secret
