"""``/api/v1/data-contracts``: data contracts for pipelines; ``/material/contracts/`` shows reviewers the same."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from common.errors import NotFound
from training.api.base import ReasonInput, Strict, TrainingView
from training.contracts.compiling import compile_contract
from training.models import DataContract
from training.selectors.contracts import bound_now, contract_for, contracts_of
from training.services.contracts import activate_contract, register_contract, retire_contract, unenforced
from training.vocabulary import ContractState


class ContractInput(Strict):
    """A contract's text as it is written: YAML or JSON of the Open Data Contract Standard, version 3."""

    text = serializers.CharField(max_length=262_144, trim_whitespace=False)


class DataContractOutput(Strict):
    """One version of a contract."""

    id = serializers.UUIDField()
    contract = serializers.CharField()
    version = serializers.CharField()
    name = serializers.CharField()
    hash = serializers.CharField()
    state = serializers.ChoiceField(choices=ContractState.values)
    source_classes = serializers.ListField(child=serializers.CharField())
    registered_at = serializers.DateTimeField()
    activated_at = serializers.DateTimeField(allow_null=True)
    retired_at = serializers.DateTimeField(allow_null=True)
    retire_reason = serializers.CharField()


class ClausesOutput(Strict):
    """What the gate enforces of a contract."""

    source_types = serializers.ListField(child=serializers.CharField())
    licence_classes = serializers.ListField(child=serializers.CharField())
    prohibited_content = serializers.ListField(child=serializers.CharField())
    regions = serializers.ListField(child=serializers.CharField())
    business_units = serializers.ListField(child=serializers.CharField())
    shares = serializers.DictField(child=serializers.FloatField())
    seed = serializers.CharField()
    approvers = serializers.ListField(child=serializers.CharField())
    on_missing = serializers.CharField()
    retention_days = serializers.IntegerField()
    scan_minutes = serializers.IntegerField()
    mandatory = serializers.ListField(child=serializers.CharField())


class UnenforcedOutput(Strict):
    """A clause that nothing enforces."""

    clause = serializers.CharField()
    why = serializers.CharField()


class DataContractWholeOutput(DataContractOutput):
    """A version with its clauses, what it lacks, and what nothing enforces."""

    bound_now = serializers.ListField(child=serializers.CharField())
    clauses = ClausesOutput()
    missing = serializers.ListField(child=serializers.CharField())
    unenforced = UnenforcedOutput(many=True)
    rules = serializers.CharField()


class DataContractsApi(TrainingView):
    """List contracts, register a version of one."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "training:read", "POST": "training:write"}

    @extend_schema(operation_id="data_contracts_list", responses=DataContractOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(contracts_of(self.principal), write_contract)

    @extend_schema(
        operation_id="data_contracts_register", request=ContractInput, responses={201: DataContractOutput}
    )
    def post(self, request: Request) -> Response:
        made = register_contract(principal=self.principal, text=self.parsed(ContractInput)["text"])
        return Response(write_contract(made), status=201)


class DataContractApi(TrainingView):
    """Read one version."""

    required_scope = "training:read"

    @extend_schema(operation_id="data_contracts_read", responses=DataContractWholeOutput)
    def get(self, request: Request, contract_id: UUID) -> Response:
        row, principal = self.found(contract_id), self.principal
        compiled = compile_contract(row.text)
        clauses = compiled.clauses
        return Response(
            {
                **write_contract(row),
                "bound_now": bound_now(row),
                "clauses": {
                    "source_types": clauses.source_types, "licence_classes": clauses.licence_classes,
                    "prohibited_content": clauses.prohibited_content, "regions": clauses.regions,
                    "business_units": clauses.business_units, "shares": clauses.shares, "seed": clauses.seed,
                    "approvers": clauses.approvers, "on_missing": clauses.on_missing,
                    "retention_days": clauses.retention_days, "scan_minutes": clauses.scan_minutes,
                    "mandatory": compiled.required,
                },
                "missing": clauses.missing,
                "unenforced": [one._asdict() for one in unenforced(principal, compiled)],
                "rules": compiled.rules,
            }
        )  # fmt: skip

    def found(self, contract_id: UUID) -> DataContract:
        """The caller's contract. Raises ``NotFound``."""
        row = contract_for(self.principal, contract_id)
        if row is None:
            raise NotFound
        return row


class DataContractSchemaApi(DataContractApi):
    """The compiled JSON Schema: what a pipeline checks its captures with before it asks the gate."""

    @extend_schema(
        operation_id="data_contracts_schema",
        responses={(200, "application/schema+json"): OpenApiTypes.OBJECT},
    )
    def get(self, request: Request, contract_id: UUID) -> Response:
        return Response(
            compile_contract(self.found(contract_id).text).schema, content_type="application/schema+json"
        )


class DataContractFileApi(DataContractApi):
    """The text as it was written; its SHA-256 is the contract's hash."""

    @extend_schema(
        operation_id="data_contracts_file", responses={(200, "application/yaml"): OpenApiTypes.OBJECT}
    )
    def get(self, request: Request, contract_id: UUID) -> HttpResponse:  # type: ignore[override]
        return HttpResponse(self.found(contract_id).text.encode(), content_type="application/yaml")


class DataContractActivateApi(TrainingView):
    """Put a version into force."""

    required_scope = "training:write"

    @extend_schema(operation_id="data_contracts_activate", request=None, responses=DataContractOutput)
    def post(self, request: Request, contract_id: UUID) -> Response:
        return Response(write_contract(activate_contract(principal=self.principal, contract_id=contract_id)))


class DataContractRetireApi(TrainingView):
    """Retire a version with none after it."""

    required_scope = "training:write"

    @extend_schema(operation_id="data_contracts_retire", request=ReasonInput, responses=DataContractOutput)
    def post(self, request: Request, contract_id: UUID) -> Response:
        reason = self.parsed(ReasonInput)["reason"]
        row = retire_contract(principal=self.principal, contract_id=contract_id, reason=reason)
        return Response(write_contract(row))


def write_contract(row: DataContract) -> dict[str, Any]:
    """A version as the API shows it."""
    return {
        "id": str(row.pk), "contract": row.contract_id, "version": row.version, "name": row.name, "hash": row.hash,
        "state": row.state, "source_classes": list(compile_contract(row.text).clauses.source_classes),
        "registered_at": rfc3339(row.created_at),
        "activated_at": rfc3339(row.activated_at) if row.activated_at else None,
        "retired_at": rfc3339(row.retired_at) if row.retired_at else None, "retire_reason": row.retire_reason,
    }  # fmt: skip
