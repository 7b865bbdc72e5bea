"""Roll a policy out: shadow, canary, binding. Each step after the first is signed off over what it would change."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final
from uuid import UUID

import msgspec
from django.db import IntegrityError, transaction

from accounts.models import Organisation
from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from licensing.models import GuildDefault, PolicyRollout, ProfileAdoption
from licensing.selectors.rollouts import productions_named, rollout_for
from licensing.services.defaults import set_guild_defaults
from licensing.services.difference import Report, report_on
from licensing.services.limits import parse_limits
from licensing.services.productions import clean_text
from licensing.services.profiles import adopt_profile
from licensing.services.shadows import ContentChanged
from licensing.services.sign_offs import sign_off_by_another
from trustcore.encoding import canonical_json, sha256_hex
from trustcore.policy.profiles import Status, catalogue, profile_hash

_PRODUCTIONS_MOST: Final = 100
_Kind, _Stage = PolicyRollout.Kind, PolicyRollout.Stage


def candidate(
    *, principal: Principal, profile: str = "", limits: Mapping[str, Any] | None = None
) -> PolicyRollout:
    """A policy that is not recorded anywhere, to look at what it would change.

    Raises:
        Forbidden: ``ADMIN_ONLY``, or ``GUILD_ONLY`` for limits.
        InvalidInput: ``PROFILE_UNKNOWN``, ``PROFILE_STRUCK_DOWN``, ``LIMITS_INVALID`` or ``POLICY_INVALID``:
            name a profile or limits, one of the two.
    """
    if not principal.is_role("ADMIN"):
        raise Forbidden("ADMIN_ONLY", "An administrator rolls policies out, signed in.")
    if bool(profile) is (limits is not None):
        raise InvalidInput("POLICY_INVALID", "Name a profile, or limits.")
    row = PolicyRollout(
        organisation=principal.organisation, recorded_by=principal.person, stage=_Stage.SHADOW
    )
    if limits is not None:
        if principal.organisation.kind != Organisation.Kind.GUILD:
            raise Forbidden("GUILD_ONLY", "An administrator of a guild sets its defaults.")
        row.kind, row.limits = _Kind.DEFAULTS, msgspec.to_builtins(parse_limits(limits))
        row.content_hash = f"sha256:{sha256_hex(canonical_json(row.limits))}"
        return row
    known = catalogue().get(profile)
    if known is None:
        raise InvalidInput("PROFILE_UNKNOWN", f"There is no profile {profile[:60]}.")
    if known.status is Status.STRUCK_DOWN:
        raise InvalidInput("PROFILE_STRUCK_DOWN", "This text was struck down and binds nobody.")
    row.kind, row.profile, row.content_hash = _Kind.PROFILE, profile, profile_hash(known)
    return row


def start_shadow(
    *, principal: Principal, profile: str = "", limits: Mapping[str, Any] | None = None
) -> PolicyRollout:
    """Have a policy judged beside those that bind, on every request from now on; it acts on none.

    Raises:
        Forbidden, InvalidInput: as :func:`candidate`.
        Conflict: ``PROFILE_ADOPTED``: it binds already; ``ROLLOUT_OPEN``: it is on its way already.
    """
    row = candidate(principal=principal, profile=profile, limits=limits)
    _require_not_binding(principal, row)
    try:
        with transaction.atomic():
            row.save()
            _tell(row, principal, "policy.shadowed")
    except IntegrityError as error:
        raise Conflict("ROLLOUT_OPEN", "This policy is being rolled out already.") from error
    return row


def difference_report(*, principal: Principal, rollout: PolicyRollout, since: date) -> Report:
    """What the policy would change; see :func:`~licensing.services.difference.report_on`.

    Raises:
        Forbidden: ``ADMIN_ONLY``. InvalidInput: ``SINCE_INVALID``: in the future, or more than two years ago.
        Conflict: ``PROFILE_CHANGED``.
    """
    if not principal.is_role("ADMIN"):
        raise Forbidden("ADMIN_ONLY", "An administrator rolls policies out, signed in.")
    today = clock.now().date()
    if not 0 <= (today - since).days <= 731:
        raise InvalidInput("SINCE_INVALID", "Choose a day of the last two years.")
    try:
        return report_on(principal, rollout, since=since)
    except ContentChanged as error:
        raise Conflict(
            "PROFILE_CHANGED", "This is not the text that was recorded.", "End it and start again."
        ) from error


def start_canary(
    *,
    principal: Principal,
    rollout_id: UUID,
    share_percent: int,
    productions: Iterable[UUID],
    content_hash: str,
    report_hash: str,
    since: date,
    counsel_name: str = "",
) -> PolicyRollout:
    """Let a policy bind a share of requests, or those of named productions, after counsel's sign-off.

    A request is chosen by a stable hash of its id: the same answer however often it is asked.

    Raises:
        NotFound: no such rollout here.
        Forbidden: ``ADMIN_ONLY``, or as :func:`~accounts.presence.require_presence`.
        InvalidInput: ``SHARE_INVALID``, ``PRODUCTION_UNKNOWN``, ``SINCE_INVALID``, or ``COUNSEL_INVALID``: limits
            without the name of counsel who read them.
        Conflict: ``ROLLOUT_ENDED``, ``ROLLOUT_STAGE``: it is no shadow; ``PROFILE_CHANGED``;
            ``EFFECT_CHANGED``: what it would change is no longer what was read; ``SIGN_OFF_MISSING``: counsel has
            not signed the profile off.
    """
    named = _named_productions(principal, productions)
    if not 0 <= share_percent <= 99 or not (share_percent or named):
        raise InvalidInput(
            "SHARE_INVALID", "A canary binds between 1 and 99 percent, or productions by name."
        )
    with transaction.atomic():
        before = _lock(principal, rollout_id)
        if before.stage != _Stage.SHADOW:
            raise Conflict("ROLLOUT_STAGE", "It is a canary already.", "End it, or let it bind everybody.")
        require_presence(principal)
        _require_read(principal, before, content_hash=content_hash, report_hash=report_hash, since=since)
        counsel = _counsel(principal, before, counsel_name)
        _end(before, principal)
        row = PolicyRollout.objects.create(
            organisation=before.organisation,
            kind=before.kind,
            profile=before.profile,
            content_hash=before.content_hash,
            limits=before.limits,
            stage=_Stage.CANARY,
            share_percent=share_percent,
            production_ids=named,
            came_from=before,
            counsel_name=counsel,
            report_hash=report_hash,
            recorded_by=principal.person,
        )
        _tell(row, principal, "policy.canary_started")
        return row


def promote(
    *,
    principal: Principal,
    rollout_id: UUID,
    content_hash: str,
    report_hash: str,
    since: date,
    counsel_name: str = "",
) -> ProfileAdoption | GuildDefault:
    """Let a policy bind every request from now on, after counsel's sign-off over it and over what it changes.

    Raises:
        NotFound, Forbidden, InvalidInput, Conflict: as :func:`start_canary`, from whichever stage; and as
            :func:`~licensing.services.profiles.adopt_profile`.
    """
    with transaction.atomic():
        row = _lock(principal, rollout_id)
        _require_read(principal, row, content_hash=content_hash, report_hash=report_hash, since=since)
        counsel = _counsel(principal, row, counsel_name)
        _end(row, principal)
        record(
            kind="policy.promoted",
            principal=principal,
            object_type="policy_rollout",
            object_id=row.pk,
            details={**_about(row), "counsel": counsel, "report": report_hash},
        )
        if row.kind == _Kind.DEFAULTS:
            return set_guild_defaults(principal=principal, limits=row.limits or {})
        return adopt_profile(principal=principal, profile=row.profile, profile_hash_read=content_hash)


def end_rollout(*, principal: Principal, rollout_id: UUID) -> PolicyRollout:
    """Stop a shadow or a canary; requests that a canary bound keep the terms that they have.

    Raises:
        NotFound: no such rollout here. Forbidden: ``ADMIN_ONLY``. Conflict: ``ROLLOUT_ENDED``.
    """
    with transaction.atomic():
        row = _lock(principal, rollout_id)
        _end(row, principal)
        _tell(row, principal, "policy.rollout_ended")
        return row


def _lock(principal: Principal, rollout_id: UUID) -> PolicyRollout:
    if rollout_for(principal, rollout_id) is None:
        raise NotFound
    if not principal.is_role("ADMIN"):
        raise Forbidden("ADMIN_ONLY", "An administrator rolls policies out, signed in.")
    row = PolicyRollout.objects.select_for_update().get(pk=rollout_id)
    if row.ended_at is not None:
        raise Conflict("ROLLOUT_ENDED", "This rollout has ended.")
    return row


def _require_read(
    principal: Principal, row: PolicyRollout, *, content_hash: str, report_hash: str, since: date
) -> None:
    """The very text, and what it would change, are the ones that counsel read."""
    if row.content_hash != content_hash:
        raise Conflict("PROFILE_CHANGED", "This is not the text that counsel read.", "Read it again.")
    _require_not_binding(principal, row)
    report = difference_report(principal=principal, rollout=row, since=since)
    if report.hash != report_hash:
        raise Conflict(
            "EFFECT_CHANGED",
            "What it would change is no longer what was read.",
            "Read the report again.",
            {"report_hash": report.hash, "differ": report.differ},
        )


def _counsel(principal: Principal, row: PolicyRollout, named: str) -> str:
    """Who signed: of a profile, the counsel whose own sign-off is on record; of limits, whom the caller names."""
    if row.kind == _Kind.DEFAULTS:
        return clean_text(named, most=200, code="COUNSEL_INVALID")
    found = sign_off_by_another(principal, profile=row.profile, text_hash=row.content_hash)
    return found.signed_by.full_name


def _require_not_binding(principal: Principal, row: PolicyRollout) -> None:
    standing = ProfileAdoption.objects.filter(organisation=principal.organisation, ended_at=None)
    if row.kind == _Kind.PROFILE and standing.filter(profile=row.profile).exists():
        raise Conflict("PROFILE_ADOPTED", "This profile is in force here already.")


def _named_productions(principal: Principal, productions: Iterable[UUID]) -> list[UUID]:
    wanted = set(productions)
    found = set(productions_named(principal).filter(pk__in=wanted).values_list("pk", flat=True))
    if wanted - found or len(wanted) > _PRODUCTIONS_MOST:
        raise InvalidInput("PRODUCTION_UNKNOWN", "Not a production of yours.")
    return sorted(found)


def _end(row: PolicyRollout, principal: Principal) -> None:
    row.ended_at, row.ended_by = clock.now(), principal.person
    row.save(update_fields=["ended_at", "ended_by"])


def _about(row: PolicyRollout) -> dict[str, Any]:
    return {"policy": row.profile or row.kind, "stage": row.stage, "hash": row.content_hash}


def _tell(row: PolicyRollout, principal: Principal, kind: str) -> None:
    share = (
        {"share": row.share_percent, "productions": len(row.production_ids)}
        if row.share_percent or row.production_ids
        else {}
    )
    signed = {"counsel": row.counsel_name, "report": row.report_hash} if row.counsel_name else {}
    record(
        kind=kind,
        principal=principal,
        object_type="policy_rollout",
        object_id=row.pk,
        after={**_about(row), "share": row.share_percent},
        details={**_about(row), **share, **signed},
    )
