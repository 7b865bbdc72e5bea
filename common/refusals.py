"""Which refusals an operation may answer, written into the OpenAPI document: each status by name, none besides.

What follows from an operation's form is told here once: who needs a key is told 401 and 403, a body may be too long or
of the wrong kind, a thing named in the path may not exist. What only its view knows (a pace, a refusal of its own)
stands at the view: ``throttle_classes``, and ``refusals = (413,)``.
"""

from typing import Any

from drf_spectacular.openapi import AutoSchema

PROBLEM_JSON = "application/problem+json"
_WHY = {
    400: "The request could not be read: not JSON, a cursor of somebody else's, a body that broke off.",
    401: "No API key and no session, or one that is not valid any more.",
    403: "The caller may see this and not do it: a scope is missing, or it takes a person, or another role.",
    404: "Nothing is here, or nothing that the caller may know of: the two read the same.",
    406: "None of the media types that `Accept` names is answered here.",
    409: "The thing has changed or is in a state that does not allow this; or the Idempotency-Key was used before.",
    413: "The body is larger than this operation reads.",
    415: "The body's media type is not read here.",
    422: "Understood and not accepted; `errors` names the fields, `code` the rule.",
    429: "Too often from this address; `Retry-After` says when to come again.",
    503: "A part that is needed does not answer. Nothing was acknowledged; `Retry-After` says when to come again.",
}
_WRITES = frozenset({"post", "put", "patch", "delete"})


class OperationSchema(AutoSchema):
    """Adds the refusals that only the view knows; the others are added to the whole document."""

    def get_operation(self, *args: Any, **kwargs: Any) -> dict[str, Any] | None:
        """One operation of the document; None for what is left out of it."""
        operation: dict[str, Any] | None = super().get_operation(*args, **kwargs)
        if operation is not None:
            told = [*getattr(self.view, "refusals", ())]
            if getattr(self.view, "throttle_classes", ()):
                told.append(429)
            for status in told:
                operation["responses"].setdefault(str(status), _reference(status))
        return operation


def describe_refusals(document: dict[str, Any]) -> None:
    """Add to every operation what its form may be refused for, and no ``default``."""
    components = document["components"]
    components["responses"] = {
        _name(status): {
            "description": why,
            "content": {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status, why in _WHY.items()
    }
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            for status in statuses_of(method, path, operation):
                operation["responses"].setdefault(str(status), _reference(status))


def statuses_of(method: str, path: str, operation: dict[str, Any]) -> list[int]:
    """The refusals that follow from an operation's form, in order."""
    found = {400, 406, 503}
    if any(operation.get("security", ())):
        found |= {401, 403}
    if "{" in path:
        found.add(404)
    if method in _WRITES:
        found |= {404, 409, 413, 415, 422}
    elif any(one["in"] == "query" for one in operation.get("parameters", ())):
        found |= {404, 422}  # no such cursor, a list of somebody else's; a filter that is none
    if _is_file(operation):
        found.add(409)  # not made yet, or not to be had any more
    return sorted(found)


def _is_file(operation: dict[str, Any]) -> bool:
    """Whether the answer is a file and not a document of the API."""
    kinds = set(operation["responses"].get("200", {}).get("content", ()))
    return bool(kinds) and not kinds & {"application/json", "text/event-stream"}


def _name(status: int) -> str:
    return f"Refused{status}"


def _reference(status: int) -> dict[str, str]:
    return {"$ref": f"#/components/responses/{_name(status)}"}
