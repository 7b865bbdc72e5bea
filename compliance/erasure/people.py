"""Whom an erasure is of, and what stands against it (TAXONOMY 20)."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Q

from accounts.models import ApiCredential, Membership, Organisation, User
from common import clock
from common.errors import Conflict, NotFound
from compliance.incidents.models import Incident
from licensing.models import (
    Hold,
    LicenceRequest,
    LicenceToken,
    RevocationDuty,
    Talent,
    TrainingRequest,
    TrainingToken,
)
from licensing.models.requests import OPEN_STATES
from trustcore.bundle.incident import IncidentState
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import RequestState, TokenState

_STANDING_HOLDS = (str(DenyReason.LEGAL_HOLD), str(DenyReason.DISPUTE_HOLD))
STILL_MEMBER = "ERASURE_STILL_MEMBER"
_ENDED = (
    TokenState.REVOKED,
    TokenState.EXPIRED,
    TokenState.SUPERSEDED,
    TokenState.TERMINATED_CHANGE_OF_CONTROL,
)


@dataclass(frozen=True, slots=True)
class Person:
    """A talent, a user, or both in one.

    Attributes:
        organisation: the talent's own, where nobody else's is.
    """

    talent: Talent | None
    user: User | None
    organisation: Organisation | None = None

    @property
    def subjects(self) -> tuple[UUID, ...]:
        """The ids whose keys are destroyed."""
        return tuple(one.pk for one in (self.talent, self.user) if one is not None)

    @property
    def names(self) -> tuple[str, ...]:
        """What the person is called here, each as it is written."""
        said = [self.talent.stage_name, self.talent.handle] if self.talent else []
        said += [self.user.full_name, self.user.email] if self.user else []
        said += [self.organisation.name, self.organisation.slug] if self.organisation else []
        return tuple(dict.fromkeys(one for one in said if one))


@dataclass(frozen=True, slots=True)
class Refusal:
    """What stands against an erasure: a stable code, and how many of it there are."""

    code: str
    count: int


def person_of(*, talent: Talent | None, user: User | None) -> Person:
    """The person of a talent (with the talent's own user), or of a user who is no talent."""
    if talent is None and user is not None:
        talent = Talent.objects.select_related("organisation", "user").filter(user=user).first()
    if talent is None:
        return Person(None, user)
    house = talent.organisation
    is_own = (
        house.kind == Organisation.Kind.TALENT
        and not Talent.objects.filter(organisation=house).exclude(pk=talent.pk).exists()
    )
    return Person(talent, talent.user, house if is_own else None)


def person_named(*, talent: str = "", user: str = "") -> Person:
    """The person of a talent's id or handle, or of a user's id or address.

    Raises:
        NotFound: there is none.
    """
    if talent:
        rows = Talent.objects.select_related("organisation", "user")
        one = rows.filter(pk=talent).first() if _is_id(talent) else rows.filter(handle=talent).first()
        if one is not None:
            return person_of(talent=one, user=None)
    elif user:
        known = User.objects.filter(**({"pk": user} if _is_id(user) else {"email__iexact": user})).first()
        if known is not None:
            return person_of(talent=None, user=known)
    raise NotFound


def refusals(person: Person) -> list[Refusal]:
    """What stands against the erasure of a person; nothing: it may be carried out."""
    found = [Refusal(code, count) for code, count in _against(person) if count]
    return sorted(found, key=lambda one: one.code)


def require_erasable(person: Person, *, but: str = "") -> None:
    """Refuse what stands against, ``but`` this one code.

    Raises:
        Conflict: the first code of :func:`refusals`, with all of them.
    """
    against = [one for one in refusals(person) if one.code != but]
    if against:
        raise Conflict(
            against[0].code,
            "This person cannot be erased now.",
            ", ".join(f"{one.code} ({one.count})" for one in against),
            {"against": [{"code": one.code, "count": one.count} for one in against]},
        )


def _against(person: Person) -> list[tuple[str, int]]:
    counts: list[tuple[str, int]] = []
    now = clock.now()
    if (talent := person.talent) is not None:
        living = (
            LicenceToken.objects.filter(talent=talent).exclude(state__in=_ENDED).filter(not_after__gt=now)
        )
        training = TrainingToken.objects.filter(talent=talent, state=TokenState.ACTIVE, not_after__gt=now)
        asked = LicenceRequest.objects.filter(talent=talent, state__in=OPEN_STATES)
        wanted = TrainingRequest.objects.filter(talent=talent, state=RequestState.SUBMITTED)
        held = Hold.objects.filter(
            Q(talent=talent) | Q(token__talent=talent), lifted_at=None, reason__in=_STANDING_HOLDS
        )
        incidents = Incident.objects.filter(talent=talent, state=str(IncidentState.OPEN))
        owed = RevocationDuty.objects.filter(token__talent=talent, acknowledged_at=None)
        counts = [
            ("ERASURE_LICENCES_OPEN", living.count() + training.count()),
            ("ERASURE_REQUESTS_OPEN", asked.count() + wanted.count()),
            ("ERASURE_LEGAL_HOLD", held.count() + incidents.count()),
            ("ERASURE_RETENTION", owed.count()),
        ]
    if (user := person.user) is not None:
        elsewhere = Membership.objects.filter(user=user, ended_at=None)
        if person.organisation is not None:
            elsewhere = elsewhere.exclude(organisation=person.organisation)
        keys = ApiCredential.objects.filter(created_by=user, revoked_at=None, expires_at__gt=now)
        counts += [(STILL_MEMBER, elsewhere.count()), ("ERASURE_KEYS_IN_USE", keys.count())]
    return counts


def _is_id(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
