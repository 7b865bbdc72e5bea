"""The OpenAPI document is complete: no warnings, pages, problems, and every operation of the API in it."""

from django.urls import URLPattern, URLResolver, get_resolver
from drf_spectacular.generators import SchemaGenerator


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
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            assert "application/problem+json" in operation["responses"]["default"]["content"], (path, method)
            if method == "post":
                names = {parameter["name"] for parameter in operation["parameters"]}
                assert "Idempotency-Key" in names, (path, method)


def test_generation_has_no_warnings() -> None:
    from django.core.management import call_command

    call_command("spectacular", "--validate", "--fail-on-warn", "--file", "/dev/null")
