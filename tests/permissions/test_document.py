"""Every operation of the OpenAPI document, asked as its schema allows and as it does not: the answer is one it lists.

A few hundred cases, the same each time; ``make fuzz-api`` asks twenty thousand of a served deployment.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections, transaction
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.openapi.checks import UndefinedStatusCode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

import bench.fuzz.lines  # noqa: F401  # schemathesis learns to write receipts
from tests import factories
from tests.permissions.asks import things_of
from tests.permissions.walk import Walk

pytestmark = pytest.mark.django_db
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]
SEATS = ("studio-key", "agency-key", "guild-key")
EXAMPLES = 1


@pytest.fixture(autouse=True)
def _one_connection() -> Iterator[None]:
    """A request leaves the worlds' transaction open, as with Django's own client."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _operations(document: dict[str, Any] | None = None) -> Iterator[Any]:
    app = get_wsgi_application()
    schema = (
        schemathesis.openapi.from_wsgi("/api/schema/?format=json", app)
        if document is None
        else schemathesis.openapi.from_dict(document)
    )
    schema.app = app
    for found in schema.get_all_operations():
        yield found.ok()


def _ask(walk: Walk, operation: Any, seat: str, mode: GenerationMode) -> int:
    """Ask ``EXAMPLES`` times, undo what it did; how often the answer was held against the document."""
    asked = 0
    names = tuple(one.name for one in operation.path_parameters)
    things = {
        name: walk.ours.ids[thing]
        for name, thing in things_of(operation.path, names, "").items()
        if thing in walk.ours.ids
    }

    @settings(
        max_examples=EXAMPLES, derandomize=True, deadline=None, database=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(case=operation.as_strategy(generation_mode=mode))
    def ask(case: Any) -> None:
        nonlocal asked
        case.path_parameters = {**(case.path_parameters or {}), **things}
        with transaction.atomic():
            answer = case.call(headers=factories.bearer(walk.ours.keys[seat]))
            transaction.set_rollback(True)
        case.validate_response(answer, checks=CHECKS)
        asked += 1

    ask()
    return asked


@pytest.mark.parametrize("mode", GenerationMode, ids=lambda mode: mode.value)
def test_no_operation_answers_what_its_document_does_not_say(walk: Walk, mode: GenerationMode) -> None:
    wrong, asked = [], 0
    for number, operation in enumerate(_operations()):
        if mode is GenerationMode.NEGATIVE and not (operation.body or operation.query):
            continue  # nothing of it can be wrong but its path
        try:
            asked += _ask(walk, operation, SEATS[number % len(SEATS)], mode)
        except Exception as error:  # noqa: BLE001  # all of them are told at once
            wrong.append(f"{operation.label}: {error}")
    assert not wrong, "\n\n".join(wrong)
    assert asked >= 120


def test_an_answer_that_is_not_listed_is_found(walk: Walk) -> None:
    """The look itself, on a document that says of one operation no more than that it wants a key."""
    document = deepcopy(next(_operations()).schema.raw_schema)
    answers = document["paths"]["/api/v1/productions"]["get"]["responses"]
    document["paths"]["/api/v1/productions"]["get"]["responses"] = {"401": answers["401"]}
    (operation,) = (one for one in _operations(document) if one.label == "GET /api/v1/productions")
    with pytest.raises(BaseExceptionGroup) as told:
        _ask(walk, operation, "guild-key", GenerationMode.POSITIVE)
    assert told.group_contains(UndefinedStatusCode)
