"""Register a work, and end it."""

from uuid import UUID

from django.db import transaction

from accounts.models import User
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.ids import new_id
from common.visible import one_line
from screenplays.models import Work, WorkKind
from screenplays.sealing import new_sealed_key
from screenplays.selectors.works import may_keep, may_write, works_visible_to


def register_work(
    *,
    principal: Principal,
    title: str,
    kind: str = WorkKind.SCREENPLAY,
    authors: str = "",
    production_id: UUID | None = None,
    writer_email: str = "",
) -> Work:
    """Register a written work of the caller's organisation, with a key of its own.

    Args:
        writer_email: of the writer, where they have an account here: they may read who read it.

    Raises:
        Forbidden: ``WORK_NOT_YOURS``: the caller's role or organisation keeps no works.
        InvalidInput: ``WORK_TITLE_INVALID``, ``WORK_KIND_UNKNOWN``, ``PRODUCTION_UNKNOWN`` (none of the
            organisation's own), ``WRITER_UNKNOWN``.
    """
    if not may_keep(principal):
        raise Forbidden("WORK_NOT_YOURS", "You may not register works here.")
    name = one_line(title)
    if not name:
        raise InvalidInput("WORK_TITLE_INVALID", "A work has a title.")
    if kind not in WorkKind.values:
        raise InvalidInput("WORK_KIND_UNKNOWN", "A work is a SCREENPLAY, a STORY_BIBLE or a TREATMENT.")
    with transaction.atomic():
        work_id = new_id()
        work = Work.objects.create(
            id=work_id,
            organisation=principal.organisation,
            production_id=_production(principal, production_id),
            writer=_writer(writer_email),
            title=name,
            kind=kind,
            authors=one_line(authors, most=300),
            registered_by=principal.person,
            sealed_key=new_sealed_key(work_id),
        )
        record(
            kind="script.registered",
            principal=principal,
            object_type="script",
            object_id=work.pk,
            production_id=work.production_id,
            details={"title": work.title, "work_kind": kind},
        )
        return work


def destroy_work(*, principal: Principal, work_id: UUID, reason: str) -> Work:
    """Destroy the key of a work, and with it every copy of its text here; hashes, grants and accesses stay.

    Raises:
        NotFound, Forbidden: ``WORK_NOT_YOURS``.
        Conflict: ``SCRIPT_DESTROYED``.
        InvalidInput: ``REASON_MISSING``.
    """
    why = one_line(reason, most=500)
    if not why:
        raise InvalidInput("REASON_MISSING", "Say why it is destroyed.")
    with transaction.atomic():
        work = lock_work(principal, work_id)
        if work.sealed_key is None:
            raise Conflict("SCRIPT_DESTROYED", "The text of this work was destroyed.")
        work.sealed_key, work.destroyed_at = None, clock.now()
        work.save(update_fields=["sealed_key", "destroyed_at"])
        record(
            kind="script.destroyed",
            principal=principal,
            object_type="script",
            object_id=work.pk,
            production_id=work.production_id,
            details={"title": work.title, "reason": why},
        )
        return work


def lock_work(principal: Principal, work_id: UUID) -> Work:
    """Lock a work that the caller may write to; MUST be called inside a transaction.

    Raises:
        NotFound: no such work, or none for this caller.
        Forbidden: ``WORK_NOT_YOURS``.
    """
    if not works_visible_to(principal).filter(pk=work_id).exists():
        raise NotFound
    work = Work.objects.select_for_update(of=("self",)).select_related("organisation").get(pk=work_id)
    require_writer(principal, work)
    return work


def require_writer(principal: Principal, work: Work) -> None:
    """Refuse whoever may not write to a work that they know of.

    Raises:
        Forbidden: ``WORK_NOT_YOURS``.
    """
    if not may_write(principal, work):
        raise Forbidden("WORK_NOT_YOURS", "You may read about this work, and others decide on it.")


def _production(principal: Principal, production_id: UUID | None) -> UUID | None:
    if production_id is None:
        return None
    productions = Work._meta.get_field("production").related_model
    own = productions._default_manager.filter(pk=production_id, organisation=principal.organisation)
    if not own.exists():
        raise InvalidInput("PRODUCTION_UNKNOWN", "There is no such production of this organisation.")
    return production_id


def _writer(email: str) -> User | None:
    if not email:
        return None
    found = User.objects.filter(email__iexact=email.strip(), is_active=True).first()
    if found is None:
        raise InvalidInput("WRITER_UNKNOWN", "Nobody with this e-mail address has an account here.")
    return found
