"""The edge of the API: strict bodies, problem documents, scopes, repeatable writes."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.http import HttpResponse
from django.test import Client

from accounts.models import Organisation
from accounts.services import add_member, create_api_credential, create_user, register_organisation
from common import clock

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.common.edge_urls")]
BODY = '{"name": "Pale Orbit VFX", "kind": "VENDOR"}'


@pytest.fixture
def key() -> str:
    studio = register_organisation(name="Lanternfish Pictures", kind="STUDIO")
    user = create_user(email="r@lanternfish.test", full_name="R", password="a long pass phrase")
    add_member(organisation=studio, user=user, role="PRODUCER")
    return create_api_credential(
        organisation=studio,
        created_by=user,
        name="pipeline",
        scopes=["licence:request"],
        expires_at=clock.now() + timedelta(days=1),
    )[1]


@pytest.fixture
def post(client: Client, key: str) -> Callable[..., HttpResponse]:
    def send(body: str | bytes = BODY, content_type: str = "application/json", **headers: str) -> Any:
        return client.post(
            "/api/v1/parties",
            data=body,
            content_type=content_type,
            headers={"Authorization": f"Bearer {key}"} | headers,
        )

    return send


def refused(response: Any, status: int, code: str) -> None:
    assert response.status_code == status
    assert response["Content-Type"].startswith("application/problem+json")
    assert response.json()["code"] == code
    assert response.json()["status"] == status


@pytest.mark.req("ST-057")
def test_known_caller_is_served_and_unknown_is_refused(client: Client, post: Callable[..., Any]) -> None:
    assert post().status_code == 201
    answer = client.post("/api/v1/parties", BODY, "application/json")
    refused(answer, 401, "UNAUTHENTICATED")
    assert "Bearer" in answer["WWW-Authenticate"]
    refused(post(Authorization="Bearer tm_x_y"), 401, "API_KEY_INVALID")


def test_key_without_the_scope_is_refused_by_name(client: Client, key: str) -> None:
    answer = client.get("/api/v1/parties", headers={"Authorization": f"Bearer {key}"})
    refused(answer, 403, "SCOPE_MISSING")
    assert answer.json()["scope"] == "licence:read"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ('{"name": "A", "kind": "VENDOR"', 400, "JSON_MALFORMED"),
        ('{"name": "A", "name": "B", "kind": "VENDOR"}', 400, "JSON_MALFORMED"),
        ('{"name": NaN, "kind": "VENDOR"}', 400, "JSON_MALFORMED"),
        ("[" * 100 + "]" * 100, 400, "JSON_MALFORMED"),
        (b"\xff\xfe{}", 400, "JSON_MALFORMED"),
        ("[]", 422, "FIELDS_INVALID"),
        ('{"name": "A", "kind": "PALACE"}', 422, "FIELDS_INVALID"),
        ('{"name": "A", "kind": "VENDOR", "admin": true}', 422, "FIELDS_INVALID"),
        ('{"kind": "VENDOR"}', 422, "FIELDS_INVALID"),
        ('{"name": "' + "x" * 300_000 + '"}', 413, "BODY_TOO_LARGE"),
    ],
)
def test_bad_body_has_its_code_and_changes_nothing(
    post: Callable[..., Any], body: str, status: int, code: str
) -> None:
    before = Organisation.objects.count()
    refused(post(body), status, code)
    assert Organisation.objects.count() == before


def test_wrong_content_type_is_refused(post: Callable[..., Any]) -> None:
    refused(post("name=A&kind=VENDOR", "application/x-www-form-urlencoded"), 415, "CONTENT_TYPE_UNSUPPORTED")


def test_database_that_went_away_is_a_503_that_says_nothing_was_kept(client: Client) -> None:
    studio = register_organisation(name="L", kind="STUDIO")
    user = create_user(email="q@l.test", full_name="Q", password="a long pass phrase")
    add_member(organisation=studio, user=user, role="PRODUCER")
    _, key = create_api_credential(
        organisation=studio,
        created_by=user,
        name="k",
        scopes=["licence:read"],
        expires_at=clock.now() + timedelta(days=1),
    )
    answer = client.get("/api/v1/parties", headers={"Authorization": f"Bearer {key}"})
    refused(answer, 503, "DATABASE_UNAVAILABLE")
    assert answer["Retry-After"]


def test_failure_of_ours_tells_no_detail(client: Client, key: str) -> None:
    client.raise_request_exception = False
    answer = client.get("/api/v1/broken", headers={"Authorization": f"Bearer {key}"})
    refused(answer, 500, "INTERNAL")
    assert "secret detail" not in answer.content.decode()


def test_repeated_write_is_carried_out_once_and_answered_alike(post: Callable[..., Any]) -> None:
    first = post(**{"Idempotency-Key": "k-1"})
    second = post(**{"Idempotency-Key": "k-1"})
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert second["Idempotent-Replay"] == "true"
    assert Organisation.objects.filter(kind="VENDOR").count() == 1
    refused(
        post('{"name": "Other", "kind": "VENDOR"}', **{"Idempotency-Key": "k-1"}), 409, "IDEMPOTENCY_CONFLICT"
    )
    refused(post(**{"Idempotency-Key": "x" * 201}), 422, "IDEMPOTENCY_KEY_INVALID")


def test_refusal_that_was_kept_is_answered_again_as_a_problem(client: Client, key: str) -> None:
    headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": "k-3"}
    first, second = (
        client.post("/api/v1/hidden", "{}", content_type="application/json", headers=headers)
        for _ in range(2)
    )
    refused(first, 404, "NOT_FOUND")
    refused(second, 404, "NOT_FOUND")
    assert second["Idempotent-Replay"] == "true"
    assert second["Content-Type"] == first["Content-Type"] == "application/problem+json"


def test_refused_write_does_not_use_up_its_key(post: Callable[..., Any]) -> None:
    refused(post('{"name": "A", "kind": "PALACE"}', **{"Idempotency-Key": "k-2"}), 422, "FIELDS_INVALID")
    assert post(**{"Idempotency-Key": "k-2"}).status_code == 201


def test_unknown_address_is_a_problem_document(client: Client) -> None:
    refused(client.get("/api/v1/nowhere"), 404, "NOT_FOUND")
