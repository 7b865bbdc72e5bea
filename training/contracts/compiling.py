"""Compile a contract: a JSON Schema of what must be captured, and rules that the gate adds to the house's own.

Rules only ever forbid: a contract narrows what the house admits and cannot widen it. What a rule needs and an asset does
not say of itself (how old it is, whether the sample takes it, which fields lack) is worked out here as facts.

    >>> ready = compile_contract(text)                      # doctest: +SKIP
    >>> ready.facts_about(captured, kind="IMAGE", sha256="9f...", age_days=3, waited_minutes=0)   # doctest: +SKIP
    {'metadata_missing': (), 'metadata_invalid': (), 'sampled_out': False, ...}
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import jsonschema_rs
from jsonschema_rs import ValidationErrorKind
from open_data_contract_standard.model import SchemaProperty

from common.errors import InvalidInput
from training.contracts.clauses import OPTIONS, Clauses, clauses_of
from training.contracts.reading import Contract, read_contract
from trustcore.encoding import sha256_hex

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"
_TYPES: Final[Mapping[str, dict[str, str]]] = {
    "date": {"type": "string", "format": "date"},
    "timestamp": {"type": "string", "format": "date-time"},
}
_NAMES_TOLD = 50


@dataclass(frozen=True, slots=True)
class Compiled:
    """A contract that is ready to be enforced."""

    contract: Contract
    clauses: Clauses
    schema: dict[str, Any]
    rules: str
    validator: jsonschema_rs.Validator

    def facts_about(
        self, captured: Mapping[str, Any], *, kind: str, sha256: str, age_days: int, waited_minutes: int
    ) -> dict[str, Any]:
        """The facts of one asset that only this contract asks for."""
        missing, invalid = self.faults(captured)
        return {
            "metadata_missing": missing, "metadata_invalid": invalid, "age_days": max(age_days, 0),
            "waited_minutes": max(waited_minutes, 0), "sampled_out": not self.takes(kind, sha256),
        }  # fmt: skip

    def faults(self, captured: Mapping[str, Any]) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Names of fields that lack, and of fields that are not as they must be; an empty field lacks."""
        missing, invalid = set(), set()
        for fault in self.validator.iter_errors(_without_empty(captured)):
            path = [str(part) for part in fault.instance_path]
            if isinstance(fault.kind, ValidationErrorKind.Required):
                missing.add(".".join([*path, str(fault.kind.property)]))
            else:
                invalid.add(".".join(path) or "asset")
        return tuple(sorted(missing)[:_NAMES_TOLD]), tuple(sorted(invalid)[:_NAMES_TOLD])

    @property
    def required(self) -> tuple[str, ...]:
        """Every field that must be captured, by its path."""
        return tuple(_required(self.schema, ""))

    def takes(self, kind: str, sha256: str) -> bool:
        """Whether the sample takes these bytes: the same answer for the same bytes, whoever asks."""
        share = self.clauses.shares.get(kind, 0.0)
        point = int(sha256_hex(f"{self.clauses.seed}:{sha256}".encode())[:13], 16)
        return point < share * 16**13


@lru_cache(maxsize=64)
def compile_contract(text: str) -> Compiled:
    """Read and compile a contract, whether or not it may be put into force.

    Raises:
        InvalidInput: ``CONTRACT_INVALID``, as :func:`~training.contracts.reading.read_contract`, or a field whose
            rule is none.
    """
    contract = read_contract(text)
    clauses = clauses_of(contract)
    schema = _schema(contract, clauses)
    try:
        validator = jsonschema_rs.Draft202012Validator(
            schema, validate_formats=True, pattern_options=jsonschema_rs.RegexOptions(), offline=True
        )
    except (jsonschema_rs.ValidationError, ValueError) as error:
        raise InvalidInput(
            "CONTRACT_INVALID", "A field of this contract has a rule that is none.", str(error)[:300]
        ) from error
    return Compiled(contract, clauses, schema, _rules(contract, clauses), validator)


def _schema(contract: Contract, clauses: Clauses) -> dict[str, Any]:
    return {
        "$schema": DIALECT,
        "$id": f"urn:trustmark:contract:{contract.hash}",
        "title": f"{contract.id} {contract.version}",
        **_object(clauses.fields),
    }


def _object(fields: tuple[SchemaProperty, ...]) -> dict[str, Any]:
    told: dict[str, Any] = {"type": "object", "properties": {str(one.name): _field(one) for one in fields}}
    if required := sorted(str(one.name) for one in fields if one.required):
        told["required"] = required
    return told


def _field(one: SchemaProperty) -> dict[str, Any]:
    told: dict[str, Any] = {}
    if one.properties or one.logicalType == "object":
        told |= _object(tuple(one.properties or ()))
    elif one.logicalType is not None:
        told |= _TYPES.get(one.logicalType, {"type": one.logicalType})
    if one.items is not None:
        told["items"] = _field(one.items)
    if one.enum:
        told["enum"] = [choice.value for choice in one.enum]
    told |= {name: value for name, value in (one.logicalTypeOptions or {}).items() if name in OPTIONS}
    if one.description:
        told["description"] = one.description
    return told


def _required(schema: Mapping[str, Any], over: str) -> Iterator[str]:
    for name, below in schema.get("properties", {}).items():
        if name in schema.get("required", []):
            yield f"{over}{name}"
        yield from _required(below, f"{over}{name}.")


def _rules(contract: Contract, clauses: Clauses) -> str:
    """The rules in Cedar; the first line names the contract, so that two contracts are never one policy."""
    subdivisions = [one for one in clauses.regions if "-" in one]
    countries = [one for one in clauses.regions if "-" not in one]
    both = "principal, action, resource"
    admit = 'principal, action == Action::"admit", resource'
    scope = admit if clauses.on_missing == "ISOLATE" else both
    rules = [
        f"// contract {json.dumps(contract.id)}, version {json.dumps(contract.version)}, {contract.hash}",
        _rule("SOURCE_TYPE", both, f"!{_set(clauses.source_types)}.contains(context.source_type)"),
        _rule("LICENCE_CLASS", both, f"!{_set(clauses.licence_classes)}.contains(context.licence_class)"),
        _rule(
            "REGION", both,
            f"!({_set(countries)}.contains(context.country) || {_set(subdivisions)}.contains(context.territory))",
        ),
        _rule("METADATA_MISSING", scope, "!context.metadata_missing.isEmpty()"),
        _rule("METADATA_INVALID", both, "!context.metadata_invalid.isEmpty()"),
        _rule("SAMPLED_OUT", both, "context.sampled_out"),
        _rule("RETENTION_OVER", both, f"context.age_days >= {clauses.retention_days}"),
        _rule("SCAN_LATE", admit, f"context.waited_minutes > {clauses.scan_minutes}"),
    ]  # fmt: skip
    if clauses.prohibited_content:
        held = _set(clauses.prohibited_content)
        rules.append(
            _rule(
                "CONTENT", both, f"context.content.containsAny({held}) || context.flags.containsAny({held})"
            )
        )
    if clauses.business_units:
        rules.append(
            _rule("BUSINESS_UNIT", both, f"!{_set(clauses.business_units)}.contains(context.business_unit)")
        )
    return "\n\n".join(rules) + "\n"


def _rule(name: str, scope: str, when: str) -> str:
    return f'@id("CONTRACT_{name}")\nforbid ({scope}) when {{ {when} }};'


def _set(words: tuple[str, ...] | list[str]) -> str:
    """A set in Cedar; the empty one holds a word that nothing is."""
    return "[" + ", ".join(json.dumps(one) for one in (words or ["-"])) + "]"


def _without_empty(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {
            name: _without_empty(inner)
            for name, inner in value.items()
            if inner is not None and inner not in ("", [], {})
        }
    if isinstance(value, list | tuple):
        return [_without_empty(inner) for inner in value]
    return value
