"""What a guild sets for its members: tightened by anybody concerned, loosened by the member's own word alone."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.db.models import Max

from accounts.models import Organisation
from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput
from licensing.models import GuildDefault, GuildMember, Talent
from licensing.selectors.people import speaks_for
from licensing.selectors.rollouts import canary_limits
from licensing.services.limits import MandateLimits, is_tighter, parse_limits, tightest


def set_guild_defaults(*, principal: Principal, limits: Mapping[str, Any]) -> GuildDefault:
    """Set the next version of a guild's defaults. Where it is tighter it binds at once; where it is looser, only
    members who accept it.

    Raises:
        Forbidden: ``GUILD_ONLY``. InvalidInput: ``LIMITS_INVALID``.
    """
    if principal.organisation.kind != Organisation.Kind.GUILD or not principal.is_role("ADMIN"):
        raise Forbidden("GUILD_ONLY", "An administrator of a guild sets its defaults.")
    require_presence(principal)
    numbers: dict[str, Any] = msgspec.to_builtins(parse_limits(limits))
    with transaction.atomic():
        Organisation.objects.select_for_update().get(pk=principal.organisation_id)
        highest = GuildDefault.objects.filter(guild=principal.organisation).aggregate(Max("version"))
        row = GuildDefault.objects.create(
            guild=principal.organisation,
            version=(highest["version__max"] or 0) + 1,
            limits=numbers,
            set_by=principal.person,
        )
        record(
            kind="guild.defaults_set",
            principal=principal,
            object_type="guild_default",
            object_id=row.pk,
            after=numbers,
            details={"version": row.version},
        )
        return row


def tighten_own(*, principal: Principal, talent: Talent, limits: Mapping[str, Any]) -> GuildMember:
    """Set a member's own limits, tighter than the guild's: the talent alone.

    Raises:
        Forbidden: ``TALENT_ONLY``.
        InvalidInput: ``LIMITS_INVALID`` or ``LOOSER_THAN_GUILD``.
        Conflict: ``NOT_A_MEMBER``.
    """
    wanted = parse_limits(limits)
    with transaction.atomic():
        member = _lock(principal, talent)
        if not is_tighter(wanted, _guilds(member)):
            raise InvalidInput("LOOSER_THAN_GUILD", "A member tightens what the guild sets, and no more.")
        member.own_limits = msgspec.to_builtins(wanted)
        return _save(member, principal, "guild.member_tightened")


def accept_guild_defaults(*, principal: Principal, talent: Talent, version: int) -> GuildMember:
    """Let a later version of the guild's defaults count, looser where it is: the talent alone.

    Raises:
        Forbidden: ``TALENT_ONLY``, or as :func:`~accounts.presence.require_presence`. InvalidInput: ``VERSION_UNKNOWN``. Conflict: ``NOT_A_MEMBER``.
    """
    with transaction.atomic():
        member = _lock(principal, talent)
        require_presence(principal)
        known = GuildDefault.objects.filter(guild=member.guild_id, version=version).exists()
        if not known or version < member.accepted_version:
            raise InvalidInput("VERSION_UNKNOWN", "There is no such later version.")
        member.accepted_version = version
        return _save(member, principal, "guild.member_accepted")


def limits_of_member(
    talent: Talent, *, request_id: UUID | None = None, production_id: UUID | None = None
) -> MandateLimits | None:
    """What binds a member now: the guild's defaults since the one accepted, and the member's own; None: no guild.

    Args:
        request_id, production_id: of the request that is judged: a canary of the guild may bind it as well.
    """
    member = GuildMember.objects.filter(talent=talent).first()
    if member is None:
        return None
    own = [parse_limits(member.own_limits)] if member.own_limits else []
    canary = canary_limits(member.guild_id, request_id=request_id, production_id=production_id)
    return tightest([_guilds(member), *own, *(parse_limits(one) for one in canary)])


def _guilds(member: GuildMember) -> MandateLimits:
    rows = GuildDefault.objects.filter(guild=member.guild_id, version__gte=member.accepted_version)
    return tightest(parse_limits(one) for one in rows.order_by("version").values_list("limits", flat=True))


def _lock(principal: Principal, talent: Talent) -> GuildMember:
    if not speaks_for(principal, talent):
        raise Forbidden("TALENT_ONLY", "Only the talent says this.")
    member = GuildMember.objects.select_for_update(of=("self",)).filter(talent=talent).first()
    if member is None:
        raise Conflict("NOT_A_MEMBER", "No guild lists this talent.")
    return member


def _save(member: GuildMember, principal: Principal, kind: str) -> GuildMember:
    member.word_by, member.word_at = principal.person, clock.now()
    member.save()
    record(
        kind=kind,
        principal=principal,
        organisation_id=member.talent.organisation_id,
        object_type="talent",
        object_id=member.talent_id,
        after={"limits": member.own_limits, "version": member.accepted_version},
        details={"version": member.accepted_version},
    )
    return member
