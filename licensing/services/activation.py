"""What time does to licences, written into the rows. Reads do not wait for it (``effective_state``).

Holds are rows of their own and never stored here: a licence that begins under one is suspended until it is lifted.
"""

from uuid import UUID

from django.db import connection, transaction

from audit.services import record
from common import clock
from licensing.models import LicenceToken
from licensing.selectors.tokens import state_without_holds
from trustcore.policy.vocabulary import TokenState

_MOVED_BY_TIME = [str(TokenState.ACTIVE), str(TokenState.PENDING_ACTIVATION)]


def settle_states() -> int:
    """Store every state that time has changed: begun, superseded, expired; returns how many."""
    at = clock.now()
    due = LicenceToken.objects.filter(state__in=_MOVED_BY_TIME).exclude(
        state=TokenState.ACTIVE, not_after__gt=at, superseded_by=None
    )
    return sum(_settle(jti) for jti in list(due.values_list("pk", flat=True)))


def forget_status_changes() -> int:
    """Drop the notes of status changes that a later one stands for; returns how many.

    Only below the snapshot's ``xmin``, where no transaction is open: there the last note of a list says all
    (:mod:`licensing.selectors.status`), and no later snapshot looks further back.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "delete from licensing_statuschange c where exists (select from licensing_statuschange n"
            " where n.status_list = c.status_list and n.xact > c.xact"
            " and n.xact < pg_snapshot_xmin(pg_current_snapshot()))"
        )
        return int(cursor.rowcount)


def _settle(jti: UUID) -> bool:
    with transaction.atomic():
        token = (
            LicenceToken.objects.select_for_update(of=("self",), skip_locked=True)
            .select_related("superseded_by")
            .filter(pk=jti)
            .first()
        )
        if token is None:
            return False
        before, after = token.state, state_without_holds(token)
        if before == after:
            return False
        token.state = after
        token.save(update_fields=["state"])
        record(
            kind=f"licence.{str(after).lower()}",
            principal=None,
            organisation_id=token.licensee_id,
            visible_to=[token.agency_id] if token.agency_id else [],
            object_type="licence",
            object_id=token.pk,
            production_id=token.production_id,
            before={"state": before},
            after={"state": str(after)},
        )
        return True
