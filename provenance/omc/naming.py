"""How things are called in an OMC document: one scope, a prefix for each kind of thing, then our id."""

from typing import Any, Final
from uuid import UUID

SCHEMA: Final = "https://movielabs.com/omc/json/schema/v2.8"
ASSET, FORM, TASK, CONTEXT = "ast", "asc", "tsk", "cxt"
PARTICIPANT, PERSON, ORGANISATION, SERVICE = "ptc", "per", "org", "srv"
DEPICTION, CHARACTER, WORK, MODEL, MODEL_FORM = "dep", "chr", "cwk", "inf", "ifs"
# namespaces of custom data: what OMC has no word for
VERSION, RELATIONS, LICENCE, RECEIPTS, GENERATION, DECISION, EXPORT = (
    "version", "relations", "licence", "receipts", "generation", "decision", "export",
)  # fmt: skip

Entity = dict[str, Any]


class Names:
    """Identifiers under one scope, the deployment's own name."""

    def __init__(self, scope: str) -> None:
        self.scope = scope

    def identifier(self, prefix: str, value: UUID | str) -> list[dict[str, str]]:
        """Return the identifier of a thing."""
        return [{"identifierScope": self.scope, "identifierValue": f"{prefix}/{value}"}]

    def reference(self, prefix: str, value: UUID | str) -> Entity:
        """Return what stands for a thing elsewhere in the document."""
        return {"identifier": self.identifier(prefix, value)}

    def entity(self, kind: str, prefix: str, value: UUID | str, **fields: Any) -> Entity:
        """Return an entity of the document; fields that are ``None`` are left out."""
        head = {
            "schemaVersion": SCHEMA,
            "entityType": kind,
            "identifier": self.identifier(prefix, value),
        }
        return head | {name: value for name, value in fields.items() if value is not None}

    def custom(self, **values: Any) -> list[Entity]:
        """Return custom data, a namespace each; what is empty is left out."""
        return [
            {"domain": self.scope, "namespace": namespace, "value": value}
            for namespace, value in values.items()
            if value not in (None, {}, [])
        ]


def custom_value(entity: Entity, scope: str, namespace: str) -> Any:
    """The custom data of a scope and namespace, or ``None``."""
    found = entity.get("customData")
    for one in found if isinstance(found, list) else []:
        if one.get("domain") == scope and one.get("namespace") == namespace:
            return one.get("value")
    return None
