"""What a detection holds of the registry: read once, topped up, never short of a row."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common import clock
from tests.watermarking.conftest import SECRET
from watermarking import registry, selectors, services
from watermarking.keys import ENVIRONMENT, KEY_ID_ENVIRONMENT
from watermarking.models import MarkRegistration

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())
    registry.forget()


def register(**changes: Any) -> int:
    row = services.register_mark(production_id=uuid4(), token_jtis=[uuid4()], asset_id=None, **changes)
    return int(row.mark_id, 16)


def held(key_id: str = "1") -> list[int]:
    return selectors.registered_ids(key_id=key_id).tolist()


def test_ids_are_kept_sorted_by_key_and_topped_up() -> None:
    assert held() == []
    first = sorted(register() for _ in range(5))
    other = register(key_id="2")
    assert held() == first
    assert held("2") == [other]
    assert held("3") == []
    more = register()
    assert held() == sorted([*first, more])
    with pytest.raises(ValueError, match="read-only"):
        selectors.registered_ids(key_id="1")[0] = 7


def test_what_is_held_is_not_read_again() -> None:
    for _ in range(3):
        register()
    held()
    with CaptureQueriesContext(connection) as asked:
        kept = selectors.registered_ids(key_id="1")
    assert len(asked) == 1  # how many, and the newest: no ids
    assert "count(*)" in asked[0]["sql"]
    assert selectors.registered_ids(key_id="1") is kept


@pytest.mark.parametrize("late", [timedelta(minutes=5), timedelta(days=5)])
def test_a_row_that_became_visible_late_is_not_missed(late: timedelta) -> None:
    """Its transaction was open while younger rows were read already."""
    first = register()
    assert held() == [first]
    row = MarkRegistration.objects.create(
        mark_id="00000000000000aa",
        production_id=uuid4(),
        card="pixel-1",
        key_id="1",
        created_at=clock.now() - late,
    )
    assert held() == sorted([first, int(row.mark_id, 16)])


def test_the_stream_is_read_with_debugging_on(settings: Any) -> None:
    register()
    with CaptureQueriesContext(connection):
        assert len(held()) == 1


def test_files_are_read_under_the_current_key_and_every_earlier_one(monkeypatch: pytest.MonkeyPatch) -> None:
    assert selectors.key_ids_in_use() == ("1",)
    register()
    monkeypatch.setenv(KEY_ID_ENVIRONMENT, "2027")
    row = MarkRegistration.objects.get(mark_id=f"{register():016x}")
    assert row.key_id == "2027"
    assert selectors.key_ids_in_use() == ("2027", "1")
