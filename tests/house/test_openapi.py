"""The OpenAPI document is complete: no warnings, pages, problems, and every operation of the API in it."""

from collections import defaultdict
from collections.abc import Iterator

from django.urls import URLPattern, URLResolver, get_resolver, path
from drf_spectacular.generators import SchemaGenerator
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.serializers import BaseSerializer

from common.api import ApiView
from common.pacing import ByAddress


def _document() -> dict:
    return SchemaGenerator().get_schema(request=None, public=True)


def _routes(patterns: list, prefix: str = "") -> set[str]:
    found: set[str] = set()
    for pattern in patterns:
        route = f"{prefix}{pattern.pattern}"
        if isinstance(pattern, URLResolver):
            found |= _routes(pattern.url_patterns, route)
        elif isinstance(pattern, URLPattern) and route.startswith("api/v1/"):
            found.add("/" + route)
    return found


def test_every_route_of_the_api_is_described() -> None:
    assert len(_document()["paths"]) == len(_routes(get_resolver().url_patterns))


def test_lists_are_pages_and_refusals_are_problems() -> None:
    document = _document()
    listed = document["paths"]["/api/v1/tokens"]["get"]
    assert set(listed["responses"]["200"]["content"]["application/json"]["schema"]["properties"]) == {
        "next",
        "previous",
        "results",
    }
    for place, operations in document["paths"].items():
        for method, operation in operations.items():
            if method == "post":
                names = {parameter["name"] for parameter in operation["parameters"]}
                assert "Idempotency-Key" in names, (place, method)


def test_every_refusal_is_listed_by_its_status_and_nothing_stands_for_any() -> None:
    document = _document()
    shared = document["components"]["responses"]
    for place, operations in document["paths"].items():
        for method, operation in operations.items():
            answers = operation["responses"]
            assert "default" not in answers, (place, method)
            refused = {status for status in answers if status >= "400"}
            for status in refused:
                name = answers[status]["$ref"].rpartition("/")[2]
                assert list(shared[name]["content"]) == ["application/problem+json"], (place, method, status)
            assert ({"401", "403"} <= refused) == bool(operation.get("security")), (place, method)
            assert "404" in refused or "{" not in place, (place, method)
            assert {"409", "413", "415", "422"} <= refused or method == "get", (place, method)


def test_what_only_a_view_knows_is_listed_from_the_view() -> None:
    class Plain(ApiView):
        @extend_schema(operation_id="plain", responses=None)
        def get(self, request: Request) -> None:
            """Answer nothing."""

    class Paced(Plain):
        throttle_classes = (ByAddress,)

    class Telling(Plain):
        refusals = (413,)

    views = {"plain": Plain, "paced": Paced, "telling": Telling}
    patterns = [path(f"api/v1/{name}", view.as_view()) for name, view in views.items()]
    paths = SchemaGenerator(patterns=patterns).get_schema(request=None, public=True)["paths"]
    extra = {name: {"413", "429"} & set(paths[f"/api/v1/{name}"]["get"]["responses"]) for name in views}
    assert extra == {"plain": set(), "paced": {"429"}, "telling": {"413"}}


def test_generation_has_no_warnings() -> None:
    from django.core.management import call_command

    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")


def _ours(base: type) -> Iterator[type]:
    for kind in base.__subclasses__():
        if kind.__module__.partition(".")[0] not in {"rest_framework", "drf_spectacular"}:
            yield kind
        yield from _ours(kind)


def test_no_two_shapes_of_the_document_share_a_name() -> None:
    """Of two, one would be written in the place of the other, without a warning."""
    document = _document()
    places = defaultdict(set)
    for kind in _ours(BaseSerializer):
        places[kind.__name__].add(kind.__module__)
    assert {
        name: found for name, found in places.items() if len(found) > 1 and name in _names(document)
    } == {}


def _names(document: dict) -> set[str]:
    return set(document["components"]["schemas"])


def test_answers_that_may_be_empty_or_null_are_described_so() -> None:
    shapes = _document()["components"]["schemas"]
    for shape, name in (
        ("VerificationOutput", "report"),
        ("VerificationOutput", "signature"),
        ("JobOutput", "content"),
    ):
        assert shapes[shape]["properties"][name]["nullable"] is True, (shape, name)
    assert "enum" not in shapes["AssetOutput"]["properties"]["waits_for"]
    assert "$ref" not in shapes["AssetOutput"]["properties"]["waits_for"]


def test_training_manifests_are_described_as_they_are_answered() -> None:
    document = _document()
    page = document["paths"]["/api/v1/manifests"]["get"]["responses"]["200"]["content"]["application/json"]
    rows = page["schema"]["properties"]["results"]["items"]["$ref"].rpartition("/")[2]
    assert {"rows_root", "policy_hash", "withdrawn_reason"} <= set(
        document["components"]["schemas"][rows]["properties"]
    )


def _bare_strings(document: dict) -> list[tuple[str, str, str]]:
    """Answers that are JSON or YAML and described as text or bytes: a generated client reads them wrongly."""
    return [
        (place, method, kind)
        for place, operations in document["paths"].items()
        for method, operation in operations.items()
        for answer in operation["responses"].values()
        for kind, media in answer.get("content", {}).items()
        if kind.endswith(("json", "yaml"))
        and "ndjson" not in kind
        and media.get("schema", {}).get("type") == "string"
    ]


def test_what_is_answered_as_json_or_yaml_is_described_as_what_it_holds() -> None:
    document = _document()
    assert _bare_strings(document) == []
    operation = document["paths"]["/api/v1/rights-reports/{report_id}/statement"]["get"]
    (media,) = operation["responses"]["200"]["content"].values()
    media["schema"] = {"type": "string", "format": "binary"}
    assert len(_bare_strings(document)) == 1
