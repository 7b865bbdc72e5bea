"""The published JSON Schema of a generation record: what every one is held against before it is written.

The file is ``provenance/data/generation-record-1.json``; ``/schemas/generation-record-1.json`` serves its bytes.
"""

import json
from functools import cache, reduce
from importlib import resources
from itertools import islice
from typing import Any

import jsonschema_rs
from django.utils.translation import gettext as _

from common.errors import InvalidInput

NAME = "generation-record-1.json"
_FAULTS_MOST = 20


@cache
def schema_bytes() -> bytes:
    """The schema as it is published."""
    return (resources.files("provenance") / "data" / NAME).read_bytes()


def require_record(record: Any) -> None:
    """Let a generation record pass that fits the schema.

    Raises:
        InvalidInput: ``GENERATION_INVALID``; ``errors`` names each place and the rule broken there, never a value.
    """
    faults = list(islice(_validator().iter_errors(record), _FAULTS_MOST))
    if faults:
        told = [_told(fault) for fault in faults]
        raise InvalidInput(
            "GENERATION_INVALID",
            "This is no generation record.",
            _("See /schemas/%(name)s.") % {"name": NAME},
            {"errors": told},
        )


@cache
def _schema() -> Any:
    return json.loads(schema_bytes())


@cache
def _validator() -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator(_schema())


def _told(fault: jsonschema_rs.ValidationError) -> dict[str, str]:
    place = "/" + "/".join(map(str, fault.instance_path))
    rule = (
        reduce(lambda part, key: part[key], fault.schema_path, _schema()) if fault.kind.name in _SHORT else ""
    )
    return {"field": place[:200], "message": f"{fault.kind.name} {rule}".strip(), "code": "schema"}


_SHORT = frozenset(
    {"type", "enum", "pattern", "required", "minLength", "maxLength", "minItems", "maxItems", "minimum",
     "maximum", "maxProperties"}
)  # fmt: skip
