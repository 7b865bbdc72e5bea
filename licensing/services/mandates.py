"""Who decides for a talent: grant and end mandates. Granting is the talent's own act."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, time
from typing import Any

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership, Organisation, User
from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Forbidden, InvalidInput
from licensing.models import LicenceRequest, Mandate, MandateSigner, Talent
from licensing.models.consent import AuthorityKind
from licensing.models.people import MANDATE_MODES
from licensing.models.requests import OPEN_STATES
from licensing.selectors.people import authority_wanted, speaks_for
from licensing.services.limits import parse_limits
from licensing.services.representation import judge_representation
from trustcore.policy.vocabulary import TRAINING_USE_TYPES, ApprovalMode, UseType

_NOTICE_MOST = 8760
_SIGNERS_MOST = 100


def grant_mandate(
    *,
    principal: Principal,
    talent: Talent,
    agency: Organisation,
    mode: str,
    use_types: Iterable[str],
    agent: User | None = None,
    limits: Mapping[str, Any] | None = None,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
    quorum: int | None = None,
    signers: Iterable[User] = (),
    notice_hours: int = 0,
    effect_hash: str | None = None,
) -> Mandate:
    """Let an agency decide within limits; a mandate in force before is ended. The talent alone may.

    What a guardian grants ends when the talent comes of age. Another agency than before is a change of
    representation: live licences that the former one granted are held (:mod:`licensing.services.representation`).

    Args:
        mode: ``AGENT_WITHIN_MANDATE``, ``DUAL``, ``TALENT_ONLY`` (the agency sees and advises), ``QUORUM`` of
            ``signers``, or ``UNION_NOTICE`` (the talent signs, and ``notice_hours`` pass first).
        use_types: what the agent may decide alone; anything else asks the talent too. Never training.
        agent: the one agent who may; None for each agent of the agency.
        limits: see :class:`~licensing.services.limits.MandateLimits`.
        effect_hash: of what was read to become of live licences; needed where one of them would be held.

    Raises:
        Forbidden: ``TALENT_ONLY``.
        Conflict: ``EFFECT_CHANGED`` with the present effects and their hash.
        InvalidInput: ``MODE_NOT_ROUTED``, ``USE_TYPE_UNKNOWN``, ``TRAINING_TALENT_ONLY``,
            ``NOT_AN_AGENCY``, ``AGENT_NOT_OF_AGENCY``, ``LIMITS_INVALID``, ``DATES_INVALID``,
            ``QUORUM_INVALID`` or ``NOTICE_INVALID``.
    """
    if not speaks_for(principal, talent):
        raise Forbidden("TALENT_ONLY", "Only the talent grants or raises a mandate.")
    require_presence(principal)
    uses = _uses(use_types)
    if mode not in MANDATE_MODES:
        raise InvalidInput(
            "MODE_NOT_ROUTED", _("%(mode)s is not a mode that requests are routed by.") % {"mode": mode}
        )
    if agency.kind != Organisation.Kind.AGENCY:
        raise InvalidInput("NOT_AN_AGENCY", "A mandate is given to an agency.")
    if agent is not None and not is_agent_there(agent, agency):
        raise InvalidInput("AGENT_NOT_OF_AGENCY", "This person is not an agent of that agency.")
    voices = _voices(mode, quorum, signers)
    if (mode == ApprovalMode.UNION_NOTICE) != (notice_hours > 0) or notice_hours > _NOTICE_MOST:
        raise InvalidInput(
            "NOTICE_INVALID",
            _("A union notice has between 1 and %(notice_most)s hours.") % {"notice_most": _NOTICE_MOST},
        )
    begins = valid_from or clock.now()
    valid_until = _while_a_minor(talent, valid_until)
    if valid_until is not None and valid_until <= begins:
        raise InvalidInput("DATES_INVALID", "The mandate would end before it begins.")
    numbers = msgspec.to_builtins(parse_limits(limits or {}))
    with transaction.atomic():
        judge_representation(
            principal=principal,
            talent=talent,
            agency_id=agency.pk,
            effect_hash=effect_hash,
            why=_("Another agency speaks for the talent."),
        )
        end_mandates(principal, talent)
        mandate = Mandate.objects.create(
            talent=talent,
            agency=agency,
            agent=agent,
            mode=mode,
            use_types=uses,
            limits=numbers,
            valid_from=begins,
            valid_until=valid_until,
            quorum=quorum,
            notice_hours=notice_hours,
            granted_by=principal.person,
        )
        MandateSigner.objects.bulk_create(MandateSigner(mandate=mandate, user=one) for one in voices)
        record(
            kind="mandate.granted",
            principal=principal,
            organisation_id=talent.organisation_id,
            visible_to=[agency.pk],
            object_type="mandate",
            object_id=mandate.pk,
            after={
                "mode": mode,
                "use_types": uses,
                "limits": numbers,
                "quorum": quorum,
                "signers": sorted(str(one.pk) for one in voices),
            },
            details={"mode": mode, "agency": agency.name, "use_types": uses},
        )
        return mandate


def end_mandate(*, principal: Principal, talent: Talent, effect_hash: str | None = None) -> None:
    """End the mandate in force; requests that it routed now wait for the talent alone.

    Raises:
        Forbidden: ``TALENT_ONLY``.
        Conflict: ``EFFECT_CHANGED``: as :func:`grant_mandate`.
    """
    if not speaks_for(principal, talent):
        raise Forbidden("TALENT_ONLY", "Only the talent ends a mandate.")
    require_presence(principal)
    with transaction.atomic():
        judge_representation(
            principal=principal,
            talent=talent,
            agency_id=None,
            effect_hash=effect_hash,
            why=_("No agency speaks for the talent any more."),
        )
        end_mandates(principal, talent)


def end_mandates(principal: Principal, talent: Talent) -> None:
    """End what is in force and hand its open requests to the talent; inside the caller's transaction."""
    for row in Mandate.objects.select_for_update().filter(talent=talent, revoked_at=None):
        row.revoked_at = clock.now()
        row.save()
        alone = authority_wanted(talent) is None
        LicenceRequest.objects.filter(mandate=row, state__in=OPEN_STATES).exclude(
            mode=ApprovalMode.AUTO_WITHIN_RULES
        ).update(
            mode=ApprovalMode.TALENT_ONLY if alone else ApprovalMode.GUARDIAN_AND_COURT,
            mandate=None,
            quorum=None,
        )
        record(
            kind="mandate.ended",
            principal=principal,
            organisation_id=talent.organisation_id,
            visible_to=[row.agency_id],
            object_type="mandate",
            object_id=row.pk,
        )


def _while_a_minor(talent: Talent, valid_until: datetime | None) -> datetime | None:
    """``valid_until``, and never after majority for what a guardian grants."""
    if talent.majority_on is None or authority_wanted(talent) is not AuthorityKind.GUARDIAN:
        return valid_until
    of_age = datetime.combine(talent.majority_on, time.min, UTC)
    return of_age if valid_until is None else min(valid_until, of_age)


def _voices(mode: str, quorum: int | None, signers: Iterable[User]) -> list[User]:
    """The signers of a quorum, each once; a quorum counts at least one and no more than there are."""
    voices = list({one.pk: one for one in signers}.values())
    counted = quorum is not None and 1 <= quorum <= len(voices) <= _SIGNERS_MOST
    if (mode == ApprovalMode.QUORUM) != counted or (mode != ApprovalMode.QUORUM and voices):
        raise InvalidInput("QUORUM_INVALID", "A quorum names its signers and how many of them must agree.")
    return voices


def _uses(use_types: Iterable[str]) -> list[str]:
    uses = sorted({str(use) for use in use_types})
    if unknown := [use for use in uses if use not in set(UseType)]:
        raise InvalidInput("USE_TYPE_UNKNOWN", "Not a use type.", ", ".join(unknown))
    if TRAINING_USE_TYPES.intersection(uses):
        raise InvalidInput("TRAINING_TALENT_ONLY", "Training consent is never part of a mandate.")
    return uses


def is_agent_there(user: User, agency: Organisation) -> bool:
    """Whether the person is an agent of that agency now."""
    return Membership.objects.filter(
        user=user, organisation=agency, role=Membership.Role.AGENT, ended_at=None
    ).exists()
