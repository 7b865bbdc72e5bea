"""Hand in a roll now, have it read in the background."""

from typing import BinaryIO

from django.db import transaction

from accounts.principals import Principal
from licensing import services
from licensing.models import RollImport
from licensing.tasks import read_roll


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
