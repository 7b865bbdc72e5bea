"""What a lease takes of beside its units, where the terms bound it: the words of lines, the frames on screen.

``words_max``: a lease takes the words that the check names for its lines. ``max_screen_seconds``: 24 frames are a
second, and each frame of a shot counts once, however often it is rendered. Both are given back when the node gives
its lease back: the words if no line of it was rendered, the frames that nobody rendered or holds. A lease that ran out
or was ended by its licence keeps what it took: receipts of it may still come.
"""

from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest

from licensing.selectors import LicenceFacts
from receipts.models import Beside, Counter, Lease, Quota
from receipts.requests import CheckBody
from trustcore.policy.rules import SCREEN_FRAMES_PER_SECOND
from trustcore.policy.shape import said
from trustcore.policy.terms import Terms


@dataclass(frozen=True, slots=True)
class BesideGranted:
    """How much is given out beside the units: words; frames on screen, and how many of those asked for are among them."""

    words: int = 0
    screen: int = 0
    counted: int = 0


NOTHING_BESIDE: Final = BesideGranted()


def beside_of(counter: str, body: CheckBody, terms: Terms, units: int) -> tuple[str | None, int | None]:
    """What a lease of ``units`` takes of beside them, and how much at most; None where the terms bound nothing."""
    if counter == Counter.LINES and said(terms.scope.words_max) is not None:
        return Beside.WORDS.value, body.units.words if body.units else 0
    if counter == Counter.FRAMES and said(terms.scope.max_screen_seconds) is not None:
        return Beside.SCREEN.value, units
    return None, None


def granted_beside(facts: LicenceFacts, counter: str, body: CheckBody) -> BesideGranted:
    """How much is given out, its row made at first use."""
    kind, _units = beside_of(counter, body, facts.terms, 0)
    if kind is None:
        return NOTHING_BESIDE
    scope = facts.terms.scope
    most = (
        said(scope.words_max)
        if kind == Beside.WORDS
        else said(scope.max_screen_seconds) * SCREEN_FRAMES_PER_SECOND
    )
    Quota.objects.bulk_create([Quota(token_jti=facts.jti, counter=kind, most=most)], ignore_conflicts=True)
    granted = Quota.objects.get(token_jti=facts.jti, counter=kind).granted
    if kind == Beside.WORDS:
        return BesideGranted(words=granted)
    return BesideGranted(screen=granted, counted=_counted(facts.jti, body))


def return_beside(lease: Lease) -> None:
    """Give back what a lease took beside its units; MUST be called with the lease and its quota locked."""
    if lease.beside == Beside.WORDS and not lease.units_used:
        Quota.objects.filter(token_jti=lease.token_jti, counter=Beside.WORDS).update(
            granted=Greatest(F("granted") - lease.beside_units, 0)
        )
    elif lease.beside == Beside.SCREEN:
        with connection.cursor() as cursor:
            cursor.execute(
                "select receipts_return_screen(%s, %s, %s)", [lease.token_jti, lease.sequence, lease.shot]
            )


def _counted(jti: UUID, body: CheckBody) -> int:
    """How many of the frames asked for are on screen already."""
    frames = body.frame_range
    if frames is None or frames.last < frames.first:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            "select receipts_frames_in(frames * int4multirange(int4range(%s, %s, '[]')))"
            " from receipts_screentime where token_jti = %s and sequence = %s and shot = %s",
            [frames.first, frames.last, jti, body.sequence or "", body.shot],
        )
        row = cursor.fetchone()
    return int(row[0]) if row else 0
