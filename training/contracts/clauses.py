"""What a contract demands, clause by clause, and what it demands that nothing here enforces.

Where the standard has a place of its own, the clause stands there: fields in ``schema``, times in ``slaProperties``. The
others are ``customProperties`` under the names of :data:`CUSTOM`. Prose describes and binds nobody. Everything else that
a contract says is a clause, and one that no part of the gate enforces is *named*, never passed over: with a single one
of them a contract cannot be put into force (TP-071).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from open_data_contract_standard.model import OpenDataContractStandard, SchemaProperty
from pydantic import BaseModel

from accounts.models import Membership
from training.contracts.reading import Contract
from training.vocabulary import LicenceClass, MediaKind, SourceType
from trustcore.policy.territory import expand_territories

ASSET: Final = "asset"
"""The one object of a contract's ``schema``: what is captured of an original."""
ON_MISSING: Final = ("REFUSE", "ISOLATE")
CAPTURED: Final = frozenset(
    {
        "external_id", "kind", "media_type", "sha256", "size_bytes", "canonical_url", "domain", "method", "collector",
        "collected_at", "licence_claim", "territory", "content", "flags", "business_unit", "location", "capture",
    }
)  # fmt: skip
"""What is captured of each original: a field beside these would be missing for ever."""

_PROSE = {
    "version", "kind", "apiVersion", "id", "name", "tenant", "tags", "status", "dataProduct", "description", "domain",
    "support", "team", "authoritativeDefinitions", "contractCreatedTs", "schema_", "slaProperties", "customProperties",
}  # fmt: skip
_PROSE_OF_FIELD = {
    "id", "name", "description", "businessName", "synonyms", "authoritativeDefinitions", "tags", "examples",
    "physicalName", "physicalType",
}  # fmt: skip
_COMPILED_OF_FIELD = {"required", "logicalType", "logicalTypeOptions", "enum", "properties", "items"}
_PROSE_OF_OBJECT = {"dataGranularityDescription"}
TYPES: Final = ("string", "integer", "number", "boolean", "object", "array", "date", "timestamp")
OPTIONS: Final = frozenset(
    {
        "minLength", "maxLength", "pattern", "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum",
        "multipleOf", "minItems", "maxItems", "uniqueItems",
    }
)  # fmt: skip
_DAYS: Final = {"d": 1, "day": 1, "days": 1, "y": 365, "yr": 365, "year": 365, "years": 365}
_MINUTES: Final = {
    "min": 1, "minute": 1, "minutes": 1, "h": 60, "hr": 60, "hour": 60, "hours": 60, "d": 1440, "day": 1440,
    "days": 1440,
}  # fmt: skip
_MOST: Final = 10**6
_WORD: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.&/-]{0,79}", re.ASCII)
_ADDRESS: Final = re.compile(r"[^@\s]{1,200}@[^@\s]{1,200}")


class Unenforced(NamedTuple):
    """A clause that nothing enforces: where it stands, and why."""

    clause: str
    why: str


@dataclass(slots=True, kw_only=True)
class Clauses:
    """Every clause of a contract that is enforced, ``missing`` ones by their names, and those that are not."""

    source_classes: tuple[str, ...] = ()
    source_types: tuple[str, ...] = ()
    licence_classes: tuple[str, ...] = ()
    prohibited_content: tuple[str, ...] = ()
    # ISO 3166, expanded
    regions: tuple[str, ...] = ()
    business_units: tuple[str, ...] = ()
    # which share of each kind is taken, 0 to 1; a kind that is not named is not taken
    shares: Mapping[str, float] = field(default_factory=dict)
    seed: str = ""
    approvers: tuple[str, ...] = ()
    on_missing: str = "REFUSE"
    retention_days: int = 0
    scan_minutes: int = 0
    fields: tuple[SchemaProperty, ...] = ()
    missing: tuple[str, ...] = ()
    unenforced: tuple[Unenforced, ...] = ()


class _Fault(Exception):
    """Why a clause cannot be enforced."""


def clauses_of(contract: Contract) -> Clauses:
    """Take a contract apart; never refuses, what cannot be enforced is told in ``unenforced``."""
    found, document = Clauses(), contract.document
    seen: set[str] = set()
    against = list(_beyond(document, _PROSE, ""))
    for number, one in enumerate(document.customProperties or []):
        where = f"customProperties.{one.property or number}"
        against += _put(found, seen, str(one.property), where, CUSTOM.get(str(one.property)), one.value)
    for number, sla in enumerate(document.slaProperties or []):
        where = f"slaProperties.{sla.property or number}"
        told = (sla.value, str(sla.unit or ""))
        against += _put(found, seen, str(sla.property), where, SLA.get(str(sla.property)), told)
        spare = {
            "id",
            "property",
            "value",
            "unit",
            "description",
            "authoritativeDefinitions",
            "element",
            "driver",
        }
        against += _beyond(sla, spare, f"{where}.")
    against += _fields(found, document)
    if not any(one.required for one in found.fields):
        found.missing += ("schema.asset",)
    found.missing += tuple(name for name in DEMANDED if name not in seen)
    found.unenforced = tuple(against)
    return found


def _put(
    found: Clauses, seen: set[str], name: str, where: str, reader: "Reader | None", told: Any
) -> Iterator[Unenforced]:
    if reader is None:
        yield Unenforced(where, "nothing here enforces it")
    elif name in seen:
        yield Unenforced(where, "it stands there twice")
    else:
        seen.add(name)
        try:
            reader(found, told)
        except _Fault as fault:
            yield Unenforced(where, str(fault))


def _beyond(model: BaseModel, known: set[str], where: str) -> Iterator[Unenforced]:
    """What ``model`` says besides what is prose or compiled."""
    for name in type(model).model_fields:
        if name not in known and getattr(model, name) not in (None, [], {}):
            yield Unenforced(f"{where}{name.rstrip('_')}", "nothing here enforces it")


def _fields(found: Clauses, document: OpenDataContractStandard) -> Iterator[Unenforced]:
    for number, thing in enumerate(document.schema_ or []):
        where = f"schema.{thing.name or number}"
        if thing.name != ASSET or found.fields:
            yield Unenforced(where, f"a contract has one object, {ASSET}")
            continue
        spare = _PROSE_OF_FIELD | _PROSE_OF_OBJECT | {"properties", "logicalType"}
        yield from _beyond(thing, spare, f"{where}.")
        found.fields = tuple(thing.properties or ())
        for one in found.fields:
            if one.name not in CAPTURED:
                yield Unenforced(f"{where}.{one.name}", "nothing captures it")
            yield from _field(one, f"{where}.{one.name}")


def _field(one: SchemaProperty, where: str) -> Iterator[Unenforced]:
    yield from _beyond(one, _PROSE_OF_FIELD | _COMPILED_OF_FIELD, f"{where}.")
    if one.logicalType is not None and one.logicalType not in TYPES:
        yield Unenforced(f"{where}.logicalType", "a type that is not checked")
    for name in sorted(set(one.logicalTypeOptions or {}) - OPTIONS):
        yield Unenforced(f"{where}.logicalTypeOptions.{name}", "nothing here enforces it")
    for below in one.properties or []:
        yield from _field(below, f"{where}.{below.name}")
    if one.items is not None:
        yield from _field(one.items, f"{where}.items")


Reader = Callable[[Clauses, Any], None]


def _list(told: Any, *, may_be_empty: bool = False) -> tuple[str, ...]:
    if not isinstance(told, list) or not all(isinstance(one, str) for one in told):
        raise _Fault("a list of words is expected")
    if not told and not may_be_empty:
        raise _Fault("the list is empty")
    return tuple(dict.fromkeys(told))


def _closed(told: Any, words: list[str]) -> tuple[str, ...]:
    chosen = _list(told)
    if unknown := sorted(set(chosen) - set(words)):
        raise _Fault(f"not known: {', '.join(unknown)[:200]}")
    return chosen


def _words(told: Any, *, may_be_empty: bool = False) -> tuple[str, ...]:
    chosen = _list(told, may_be_empty=may_be_empty)
    if bad := [one for one in chosen if not _WORD.fullmatch(one)]:
        raise _Fault(f"no plain words: {', '.join(bad)[:200]}")
    return chosen


def _source_classes(found: Clauses, told: Any) -> None:
    found.source_classes = _words(told)


def _source_types(found: Clauses, told: Any) -> None:
    found.source_types = _closed(told, SourceType.values)


def _licence_classes(found: Clauses, told: Any) -> None:
    found.licence_classes = _closed(told, LicenceClass.values)


def _content(found: Clauses, told: Any) -> None:
    found.prohibited_content = tuple(one.upper() for one in _words(told, may_be_empty=True))


def _regions(found: Clauses, told: Any) -> None:
    try:
        found.regions = expand_territories(_list(told))
    except ValueError as error:
        raise _Fault(str(error)) from error


def _units(found: Clauses, told: Any) -> None:
    found.business_units = _words(told)


def _sampling(found: Clauses, told: Any) -> None:
    if not isinstance(told, dict) or set(told) != {"seed", "share"} or not isinstance(told["share"], dict):
        raise _Fault("a seed and a share for each kind are expected, and nothing else")
    for kind, share in told["share"].items():
        is_number = isinstance(share, int | float) and not isinstance(share, bool)
        if kind not in MediaKind.values or not is_number or not 0 <= share <= 1:
            raise _Fault("a share is a number from 0 to 1 of a known kind")
    if not isinstance(told["seed"], str) or not _WORD.fullmatch(told["seed"]) or not told["share"]:
        raise _Fault("the seed is a plain word, and one kind is named")
    found.seed, found.shares = told["seed"], {kind: float(share) for kind, share in told["share"].items()}


def _approvers(found: Clauses, told: Any) -> None:
    chosen = _list(told)
    roles = {str(Membership.Role.LEGAL), str(Membership.Role.ADMIN)}
    if bad := [one for one in chosen if one not in roles and not _ADDRESS.fullmatch(one)]:
        raise _Fault(f"neither {' nor '.join(sorted(roles))}, nor an address: {', '.join(bad)[:200]}")
    found.approvers = chosen


def _on_missing(found: Clauses, told: Any) -> None:
    if told not in ON_MISSING:
        raise _Fault(f"one of {', '.join(ON_MISSING)} is expected")
    found.on_missing = told


def _whole(told: Any, units: Mapping[str, int]) -> int:
    value, unit = told
    if isinstance(value, str) and value.isascii() and value.isdigit():
        value = int(value)
    if unit not in units:
        raise _Fault(f"the unit is one of {', '.join(units)}")
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value * units[unit] <= _MOST:
        raise _Fault("a whole number above 0 is expected")
    return value * units[unit]


def _retention(found: Clauses, told: Any) -> None:
    found.retention_days = _whole(told, _DAYS)


def _scan(found: Clauses, told: Any) -> None:
    found.scan_minutes = _whole(told, _MINUTES)


CUSTOM: Final[Mapping[str, Reader]] = {
    "sourceClasses": _source_classes,
    "allowedSourceTypes": _source_types,
    "acceptableLicenceClasses": _licence_classes,
    "prohibitedContent": _content,
    "samplingRules": _sampling,
    "regions": _regions,
    "businessUnits": _units,
    "exceptionApprovers": _approvers,
    "onMissingMetadata": _on_missing,
}
"""The custom properties that are clauses, each with what reads it."""
SLA: Final[Mapping[str, Reader]] = {"retention": _retention, "timeToScan": _scan}
"""The service levels that are enforced."""
DEMANDED: Final = tuple(name for name in (*CUSTOM, *SLA) if name != "businessUnits")
"""Clauses that a contract in force has, beside its fields."""
