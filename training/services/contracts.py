"""Register a version of a contract, put it into force, retire it. What it says is enforced by the gate, or it stays out.

The classes are locked before anything else, as an ingest locks its own: whoever registers an asset at that moment is
judged wholly under the old version or wholly under the new one, and the verdict names which.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from training.contracts.clauses import Unenforced
from training.contracts.compiling import Compiled, compile_contract
from training.gate.policy import compile_policy
from training.models import ContractBinding, DataContract, SourceClass
from training.seats import require_counsel, require_engineer
from training.services.texts import clean
from training.vocabulary import ContractState

_SEATS = (Membership.Role.LEGAL, Membership.Role.ADMIN)


def register_contract(*, principal: Principal, text: str) -> DataContract:
    """Keep a version of a contract as it was written; it binds nobody before counsel puts it into force.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_engineer`.
        InvalidInput: ``CONTRACT_INVALID``. Conflict: ``CONTRACT_EXISTS``: a version is never written over.
    """
    require_engineer(principal)
    compiled = compile_contract(text)
    contract = compiled.contract
    try:
        with transaction.atomic():
            made = DataContract.objects.create(
                organisation=principal.organisation,
                contract_id=clean(contract.id, most=120, code="CONTRACT_INVALID"),
                version=clean(contract.version, most=40, code="CONTRACT_INVALID"),
                name=clean(contract.document.name or "", most=200, code="CONTRACT_INVALID", may_be_empty=True),
                text=text, hash=contract.hash, registered_by=principal.person,
            )  # fmt: skip
            _tell("training.contract_registered", principal, made)
    except IntegrityError as error:
        raise Conflict("CONTRACT_EXISTS", "This version is registered; a change is a new version.") from error
    return made


def activate_contract(*, principal: Principal, contract_id: UUID) -> DataContract:
    """Counsel puts a version into force over its classes, at once; the version before it is retired.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_counsel`; ``FOUR_EYES``.
        InvalidInput: ``CONTRACT_CLAUSE_UNENFORCED`` naming each clause; ``CONTRACT_INCOMPLETE``;
            ``SOURCE_CLASS_UNKNOWN``.
        Conflict: ``CONTRACT_STATE``: it is in force or retired; ``CONTRACT_CLASS_BOUND``: another contract has it.
    """
    require_counsel(principal)
    with transaction.atomic():
        compiled = compile_contract(_own(principal, contract_id).text)
        require_enforced(principal, compiled)
        classes = _locked_classes(principal, compiled)
        row = _lock(principal, contract_id)
        if row.state != ContractState.DRAFT:
            raise Conflict("CONTRACT_STATE", "This version is in force, or retired.")
        if row.registered_by_id == principal.person.pk:
            raise Forbidden("FOUR_EYES", "Registering a contract and putting it into force take two people.")
        compile_policy(compiled.rules)  # what the engine does not take is not put into force
        at = clock.now()
        _require_free(row, classes)
        for before in DataContract.objects.select_for_update().filter(
            organisation=principal.organisation, contract_id=row.contract_id, state=ContractState.ACTIVE
        ):
            _retire(principal, before, _("Version %(v)s took over.") % {"v": row.version}, at)
        row.state, row.activated_by, row.activated_at = ContractState.ACTIVE, principal.person, at
        row.save(update_fields=["state", "activated_by", "activated_at"])
        ContractBinding.objects.bulk_create(
            ContractBinding(contract=row, source_class=one) for one in classes
        )
        _tell("training.contract_activated", principal, row, classes=[one.code for one in classes])
        return row


def retire_contract(*, principal: Principal, contract_id: UUID, reason: str) -> DataContract:
    """Counsel retires a version with none after it: its classes admit nothing without a person from now on.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_counsel`. InvalidInput: ``REASON_INVALID``.
        Conflict: ``CONTRACT_STATE``: it is retired.
    """
    require_counsel(principal)
    reason = clean(reason, most=500, code="REASON_INVALID")
    with transaction.atomic():
        held = ContractBinding.objects.filter(contract=_own(principal, contract_id), until=None)
        list(
            SourceClass.objects.select_for_update(no_key=True)
            .filter(pk__in=held.values("source_class"))
            .order_by("pk")
            .values_list("pk", flat=True)
        )
        row = _lock(principal, contract_id)
        if row.state == ContractState.RETIRED:
            raise Conflict("CONTRACT_STATE", "This version is retired already.")
        _retire(principal, row, reason, clock.now())
        return row


def require_enforced(principal: Principal, compiled: Compiled) -> None:
    """Refuse a contract that says more than the gate does, or less than a contract has to (TP-071).

    Raises:
        InvalidInput: ``CONTRACT_CLAUSE_UNENFORCED``, ``CONTRACT_INCOMPLETE``, ``SOURCE_CLASS_UNKNOWN``.
    """
    against = unenforced(principal, compiled)
    if against:
        raise InvalidInput(
            "CONTRACT_CLAUSE_UNENFORCED", "A clause of this contract is enforced by nothing.",
            "; ".join(f"{one.clause}: {one.why}" for one in against[:5]),
            {"clauses": [{"clause": one.clause, "why": one.why} for one in against]},
        )  # fmt: skip
    if missing := compiled.clauses.missing:
        raise InvalidInput(
            "CONTRACT_INCOMPLETE", "A contract in force says all of what the gate asks.",
            _("Missing: %(names)s.") % {"names": ", ".join(missing)}, {"clauses": list(missing)},
        )  # fmt: skip


def unenforced(principal: Principal, compiled: Compiled) -> tuple[Unenforced, ...]:
    """Every clause that nothing enforces; an approver who cannot sign is one."""
    seats = Membership.objects.filter(organisation=principal.organisation, role__in=_SEATS, ended_at=None)
    may_sign = {*seats.values_list("role", flat=True), *seats.values_list("user__email", flat=True)}
    lost = [one for one in compiled.clauses.approvers if one not in may_sign]
    return (
        *compiled.clauses.unenforced,
        *(
            Unenforced("customProperties.exceptionApprovers", f"nobody who could sign: {one}")
            for one in lost
        ),
    )  # fmt: skip


def _locked_classes(principal: Principal, compiled: Compiled) -> list[SourceClass]:
    wanted = compiled.clauses.source_classes
    found = list(
        SourceClass.objects.select_for_update(no_key=True)
        .filter(organisation=principal.organisation, code__in=wanted)
        .order_by("pk")
    )
    if lost := sorted(set(wanted) - {one.code for one in found}):
        raise InvalidInput("SOURCE_CLASS_UNKNOWN", "There is no such class of sources.", ", ".join(lost[:5]))
    return found


def _require_free(row: DataContract, classes: Sequence[SourceClass]) -> None:
    others = (
        ContractBinding.objects.filter(source_class__in=classes, until=None)
        .exclude(contract__contract_id=row.contract_id)
        .select_related("source_class", "contract")
    )
    if taken := [f"{one.source_class.code}: {one.contract}" for one in others]:
        raise Conflict(
            "CONTRACT_CLASS_BOUND", "A class of sources stands under another contract.", ", ".join(taken[:5])
        )


def _retire(principal: Principal, row: DataContract, reason: str, at: datetime) -> None:
    row.bindings.filter(until=None).update(until=at)
    row.state, row.retired_by, row.retired_at, row.retire_reason = (
        ContractState.RETIRED, principal.person, at, reason
    )  # fmt: skip
    row.save(update_fields=["state", "retired_by", "retired_at", "retire_reason"])
    _tell("training.contract_retired", principal, row, reason=reason)


def _own(principal: Principal, contract_id: UUID) -> DataContract:
    row = DataContract.objects.filter(pk=contract_id, organisation=principal.organisation).first()
    if row is None:
        raise NotFound
    return row


def _lock(principal: Principal, contract_id: UUID) -> DataContract:
    return DataContract.objects.select_for_update(of=("self",)).get(
        pk=contract_id, organisation=principal.organisation
    )


def _tell(kind: str, principal: Principal, row: DataContract, **details: object) -> None:
    record(
        kind=kind, principal=principal, object_type="data_contract", object_id=row.pk,
        details={"contract": row.contract_id, "version": row.version, "hash": row.hash, **details},
    )  # fmt: skip
