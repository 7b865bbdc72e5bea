"""What every operation of the API has in common, written into the OpenAPI document after it is generated.

Lists answer pages by cursor, writes take ``Idempotency-Key``, refusals are problem documents: views need not repeat it.
"""

from typing import Any

from common.refusals import describe_refusals

_PROBLEM = {
    "type": "object",
    "description": "RFC 9457 problem details; `code` is stable, prose may change.",
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {name: {"type": "string"} for name in ("field", "message", "code")},
            },
        },
    },
    "required": ["type", "title", "status", "code"],
}
_CURSOR = [
    {
        "name": "cursor",
        "in": "query",
        "schema": {"type": "string"},
        "description": "From `next` or `previous`.",
    },
    {
        "name": "limit",
        "in": "query",
        "schema": {"type": "integer", "minimum": 1, "maximum": 200, "default": 50},
    },
]
_KEY = {
    "name": "Idempotency-Key",
    "in": "header",
    "schema": {"type": "string", "maxLength": 200},
    "description": "Repeating a write with the same key and body gives the first answer again.",
}


def describe_conventions(
    result: dict[str, Any], generator: Any, request: Any, public: bool
) -> dict[str, Any]:
    """Add pages, keys and problems to every operation (a post-processing hook of drf-spectacular)."""
    result.setdefault("components", {}).setdefault("schemas", {})["Problem"] = _PROBLEM
    for operations in result["paths"].values():
        for method, operation in operations.items():
            _describe(method, operation)
    describe_refusals(result)
    return result


def _describe(method: str, operation: dict[str, Any]) -> None:
    parameters: list[dict[str, Any]] = operation.setdefault("parameters", [])
    known = {parameter["name"] for parameter in parameters}
    if method == "post" and "Idempotency-Key" not in known:
        parameters.append(_KEY)
    page = operation["responses"].get("200", {}).get("content", {}).get("application/json")
    if method == "get" and page and page["schema"].get("type") == "array":
        page["schema"] = _page_of(page["schema"])
        parameters += [parameter for parameter in _CURSOR if parameter["name"] not in known]


def _page_of(rows: dict[str, Any]) -> dict[str, Any]:
    link = {"type": "string", "format": "uri", "nullable": True}
    return {
        "type": "object",
        "properties": {"next": link, "previous": link, "results": rows},
        "required": ["next", "previous", "results"],
    }
