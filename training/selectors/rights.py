"""Which rights record holds for a source, and how it stands at a moment."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from licensing.selectors.training import training_state
from training.models import RightsRecord
from trustcore.policy.vocabulary import TokenState


@dataclass(frozen=True, slots=True)
class Standing:
    """How a rights record stands: whether its time is over, or it was ended.

    ``is_held``: it permits nothing now and may again, as under a strike: what rests on it waits, and is not taken down.
    """

    rights: RightsRecord
    is_expired: bool
    is_ended: bool
    is_held: bool = False

    @property
    def is_in_force(self) -> bool:
        """Whether it permits anything now."""
        return not self.is_expired and not self.is_ended


def current_rights(source_ids: Collection[UUID], *, at: datetime) -> dict[UUID, Standing]:
    """The newest version of each source's record, with how it stands at ``at``, and its source; 1 query.

    A later version stands in for an earlier one whole: where the newest is over, an older one does not return.
    """
    newest = (
        RightsRecord.objects.filter(source__in=source_ids, created_at__lte=at)
        .order_by("source", "-version")
        .distinct("source")
        .select_related("source__source_class", "end", "training_token__licensee")
    )
    return {row.source_id: standing(row, at=at) for row in newest}


def standing(rights: RightsRecord, *, at: datetime) -> Standing:
    """How one record stands; a talent's licence is asked itself, and a hold on it ends nothing but permits nothing."""
    end = getattr(rights, "end", None)
    is_ended = end is not None and end.ended_at <= at
    is_expired, is_held = rights.expires_at is not None and at >= rights.expires_at, False
    if rights.training_token is not None:
        state = training_state(rights.training_token, at)
        is_held = not is_ended and state in (TokenState.SUSPENDED, TokenState.PENDING_ACTIVATION)
        is_expired = is_expired or state == TokenState.EXPIRED
        is_ended = is_ended or state not in (TokenState.ACTIVE, TokenState.EXPIRED)
    return Standing(rights, is_expired, is_ended, is_held and not is_expired)


def strictest(standings: Iterable[Standing]) -> dict[str, object]:
    """What many records permit together: what each of them permits, until the first of them ends."""
    rows = [one.rights for one in standings]
    if not rows:
        return {"may_train": False, "may_derive": False, "may_redistribute": False, "territories": [],
                "expires_at": None, "restrictions": [], "attribution": []}  # fmt: skip
    territories = set(rows[0].territories).intersection(*(row.territories for row in rows[1:]))
    ends = [row.expires_at for row in rows if row.expires_at is not None]
    return {
        "may_train": all(row.may_train for row in rows),
        "may_derive": all(row.may_derive for row in rows),
        "may_redistribute": all(row.may_redistribute for row in rows),
        "territories": sorted(territories),
        "expires_at": min(ends) if ends else None,
        "restrictions": sorted({text for row in rows for text in row.restrictions}),
        "attribution": sorted({row.attribution for row in rows if row.attribution}),
    }
