"""Work that is begun now and done in the background: reading a roll, signing grants anew."""

from typing import BinaryIO

from django.db import transaction

from accounts.principals import Principal
from licensing import services
from licensing.models import RollImport
from licensing.tasks import read_roll, reissue_grants


def import_roll(
    *, principal: Principal, stream: BinaryIO, size: int, file_name: str, encoding: str = ""
) -> RollImport:
    """Keep a roll and start its reading when that is committed.

    Raises:
        DomainError: as :func:`~licensing.services.rolls.hand_in_roll` says.
    """
    with transaction.atomic():
        roll = services.hand_in_roll(
            principal=principal, stream=stream, size=size, file_name=file_name, encoding=encoding
        )
        # should the broker not answer, the beat starts the reading
        transaction.on_commit(lambda: read_roll.delay(str(roll.pk)), robust=True)
    return roll


def reissue_after(*, kid: str) -> None:
    """Have the grants of a revoked key signed anew when its revocation is committed.

    Should the broker not answer, ``trustmark key reissue`` does the same.
    """
    transaction.on_commit(lambda: reissue_grants.delay(kid), robust=True)
