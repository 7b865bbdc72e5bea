"""Contracts for tests: the example that is shipped, with clauses changed, added or left out."""

from __future__ import annotations

from importlib import resources
from typing import Any

import yaml

from tests.training.making import House
from training.models import DataContract, Source, SourceClass
from training.services.contracts import activate_contract, register_contract

EXAMPLE = resources.files("training.contracts").joinpath("example.odcs.yaml").read_text("utf-8")
FIELDS = {"page_context": "Stills of reel 12", "photographer": "A. Berg", "hosting_domain": "x.example.test",
          "embedded_metadata": {"Make": "Arri"}}  # fmt: skip
GOOD: dict[str, Any] = {"business_unit": "dialogue-model", "capture": FIELDS}
"""What a capture says beside the usual, to meet the example."""


def written(*classes: str, version: str = "1.0.0", **changes: Any) -> str:
    """The example over other classes. ``changes``: custom properties and service levels by name; None leaves one out.

    ``beside`` adds to the whole, ``schema`` stands in for the fields.
    """
    told = yaml.safe_load(EXAMPLE)
    told |= {"version": version, **changes.pop("beside", {})}
    told["schema"][0]["properties"] = changes.pop("fields", told["schema"][0]["properties"])
    changes["sourceClasses"] = list(classes)
    levels = {one["property"] for one in told["slaProperties"]} & set(changes)
    told["slaProperties"] = [one for one in told["slaProperties"] if one["property"] not in levels]
    told["slaProperties"] += [
        {"property": name, **changes.pop(name)} for name in sorted(levels) if changes[name] is not None
    ]
    told["customProperties"] = [one for one in told["customProperties"] if one["property"] not in changes]
    told["customProperties"] += [
        {"property": name, "value": value} for name, value in changes.items() if name not in levels and value is not None
    ]  # fmt: skip
    return yaml.safe_dump(told, sort_keys=False)


def contract_over(house: House, *kinds: SourceClass, **changes: Any) -> DataContract:
    """A version in force over these classes."""
    text = written(*(kind.code for kind in kinds), **changes)
    row = register_contract(principal=house.engineer, text=text)
    return activate_contract(principal=house.counsel, contract_id=row.pk)


def bound_source(house: House, **changes: Any) -> tuple[Source, DataContract]:
    """A source with rights, whose class stands under the example."""
    kind = house.source_class(source_type="PARTNER_FEED")
    row = contract_over(house, kind, **changes)
    source = house.source(kind)
    house.rights(source)
    return source, row
