"""Ask for a work, and be handed it. Each ask and each delivery leaves a row that nobody can change.

A permission lasts minutes and lets nothing through by itself: whatever is handed out under it is decided anew, so an
ended grant is ended at once.
"""

import hashlib
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
from django.db import transaction

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.visible import one_line
from screenplays.deciding import USE_TYPES, Decision, decide, purpose_of
from screenplays.models import Access, Outcome, Version, Work
from screenplays.selectors.grants import access_for, facts_of, standing_of, works_open_to
from screenplays.selectors.works import file_of, script_of
from trustcore.policy.reasons import DenyReason

LASTING: Final = timedelta(minutes=5)
TEXT, FILE = "TEXT", "FILE"


def ask_access(
    *,
    principal: Principal,
    work_id: UUID,
    use_type: str,
    purpose: str = "",
    version_id: UUID | None = None,
    pipeline: str = "",
) -> Access:
    """Ask to use a version of a work; the answer is kept, whatever it is.

    Args:
        version_id: the newest version, where None.
        pipeline: what the caller calls itself and its run.

    Raises:
        NotFound: no such work, or none that this caller was ever granted anything of.
        InvalidInput: ``USE_TYPE_UNKNOWN``, ``PURPOSE_MISMATCH``, ``VERSION_UNKNOWN``.
        Conflict: ``VERSION_MISSING``: the work has no version yet; ``SCRIPT_DESTROYED``.
    """
    if use_type not in {str(one) for one in USE_TYPES.values()}:
        raise InvalidInput(
            "USE_TYPE_UNKNOWN", "Scripts are used as SCRIPT_ACCESS, SCRIPT_ANALYSIS or SCRIPT_TRAINING."
        )
    meant = purpose_of(use_type, purpose)
    if meant is None:
        raise InvalidInput("PURPOSE_MISMATCH", "This purpose does not belong to that use type.")
    with transaction.atomic():
        work = lock_open_work(principal, work_id)
        version = _version(work, version_id)
        decision = _decided(principal, work, version, meant)
        return _keep(principal, version, meant, decision, pipeline=one_line(pipeline, most=120))


def deliver(*, principal: Principal, access_id: UUID, part: str) -> tuple[Access, bytes]:
    """Hand out what was permitted: the text as it was read (``TEXT``, JSON) or the file as it came (``FILE``).

    Raises:
        NotFound: no such permission of this caller.
        InvalidInput: ``PART_UNKNOWN``.
        Forbidden: the code of the first reason: the permission lapsed (``EXPIRED``) or would not be given any more.
        Conflict, Unavailable: as :func:`screenplays.selectors.script_of`.
    """
    if part not in {TEXT, FILE}:
        raise InvalidInput("PART_UNKNOWN", "TEXT or FILE.")
    permission = access_for(principal, access_id)
    if permission is None or permission.outcome != Outcome.PERMITTED or permission.version_id is None:
        raise NotFound
    with transaction.atomic():
        work = lock_open_work(principal, permission.work_id)
        version = Version.objects.defer("sketch").select_related("work").get(pk=permission.version_id)
        decision = _decided(principal, work, version, permission.purpose)
        if decision.permitted and (permission.valid_until is None or clock.now() >= permission.valid_until):
            decision = _lapsed(decision)
        if decision.permitted:
            data = file_of(version) if part == FILE else msgspec.json.encode(script_of(version))
            row = _keep(
                principal,
                version,
                permission.purpose,
                decision,
                pipeline=permission.pipeline,
                permission=permission,
                part=part,
                sha256=hashlib.sha256(data).hexdigest(),
            )
            return row, data
        refused = _keep(
            principal,
            version,
            permission.purpose,
            decision,
            pipeline=permission.pipeline,
            permission=permission,
        )
    # raised behind the transaction: the refusal stays on record
    reason = DenyReason[refused.reasons[0]]
    raise Forbidden(str(reason), reason.explanation, reason.mend, {"access_id": str(refused.pk)})


def lock_open_work(principal: Principal, work_id: UUID) -> Work:
    """The work that the caller may ask for, locked against a grant of it that ends now: either it ended before, or
    this access came before. MUST be called inside a transaction.

    Raises:
        NotFound; Conflict: ``SCRIPT_DESTROYED``.
    """
    work = works_open_to(principal).select_for_update(of=("self",)).filter(pk=work_id).first()
    if work is None:
        raise NotFound
    if work.sealed_key is None:
        raise Conflict("SCRIPT_DESTROYED", "The text of this work was destroyed.")
    return work


def keep_delivery(principal: Principal, permission: Access, *, part: str, sha256: str) -> Access:
    """Record what was handed out under a permission just given; MUST be called inside a transaction."""
    assert permission.version is not None
    decision = Decision(
        True, (), permission.authority, permission.grant_id, None, permission.training_granted
    )
    return _keep(
        principal,
        permission.version,
        permission.purpose,
        decision,
        pipeline=permission.pipeline,
        permission=permission,
        part=part,
        sha256=sha256,
    )


def _lapsed(decision: Decision) -> Decision:
    return Decision(False, (DenyReason.EXPIRED,), "NONE", decision.grant_id, None, decision.training_granted)


def _version(work: Work, version_id: UUID | None) -> Version:
    rows = work.versions.defer("sketch").order_by("-number")
    found = rows.filter(pk=version_id).first() if version_id else rows.first()
    if found is not None:
        return found
    if version_id:
        raise InvalidInput("VERSION_UNKNOWN", "There is no such version of this work.")
    raise Conflict("VERSION_MISSING", "This work has no version yet.")


def _decided(principal: Principal, work: Work, version: Version, purpose: str) -> Decision:
    now = clock.now()
    return decide(
        purpose,
        version.pk,
        facts_of(principal, work, now),
        standing=standing_of(principal, work),
        now=now,
        lasting=LASTING,
    )


def _keep(
    principal: Principal,
    version: Version,
    purpose: str,
    decision: Decision,
    *,
    pipeline: str,
    permission: Access | None = None,
    part: str = "",
    sha256: str = "",
) -> Access:
    outcome = Outcome.REFUSED if not decision.permitted else Outcome.DELIVERED if part else Outcome.PERMITTED
    row = Access.objects.create(
        created_at=clock.now(),
        work=version.work,
        version=version,
        organisation=principal.organisation,
        person=principal.person,
        credential=principal.credential,
        purpose=purpose,
        outcome=outcome,
        authority=decision.authority,
        grant_id=decision.grant_id,
        reasons=[str(one) for one in decision.reasons],
        training_granted=decision.training_granted,
        pipeline=pipeline,
        valid_until=decision.until if outcome == Outcome.PERMITTED else None,
        permission=permission,
        part=part,
        sha256=sha256,
    )
    record(
        kind=f"script.access_{outcome.lower()}",
        principal=principal,
        organisation_id=version.work.organisation_id,
        visible_to=[principal.organisation_id],
        object_type="script",
        object_id=version.work_id,
        production_id=version.work.production_id,
        details={
            "access": str(row.pk),
            "purpose": purpose,
            "use_type": str(USE_TYPES[purpose]),
            "version": version.number,
            "authority": decision.authority,
            "grant": str(decision.grant_id) if decision.grant_id else None,
            "training_granted": decision.training_granted,
            "reasons": [str(one) for one in decision.reasons],
        },
    )
    return row
