"""What leaves the house of an event, which kinds somebody wants, and when something is tried again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from audit.models import Event
from common.errors import InvalidInput
from notify.kinds import clean_kinds, is_wanted
from notify.payload import body_of
from notify.schedule import ATTEMPTS_MAX, retry_delay


def event_with(**details: object) -> Event:
    return Event(
        kind="licence.revoked",
        at=datetime(2026, 11, 25, 8, 5, tzinfo=UTC),
        organisation_id=uuid4(),
        person_id=uuid4(),
        object_type="licence",
        object_id="0199",
        details=details,
    )


def test_payload_is_thin_and_of_the_specifications_shape() -> None:
    event = event_with(kind="PROSPECTIVE", disposition="KEEP", version=2)
    assert json.loads(body_of(event)) == {
        "type": "licence.revoked",
        "timestamp": "2026-11-25T08:05:00Z",
        "data": {
            "event": str(event.id),
            "object": {"type": "licence", "id": "0199"},
            "production": None,
            "details": {"kind": "PROSPECTIVE", "disposition": "KEEP", "version": 2},
        },
    }


def test_neither_names_nor_sentences_nor_who_acted_leave() -> None:
    event = event_with(
        agency="HARROW",
        name="farm",
        reason="Ilse was hurt.",
        kind="Ilse Varga",
        state={"deep": "Ilse"},
        code="OK",
    )
    body = body_of(event)
    assert json.loads(body)["data"]["details"] == {"code": "OK"}
    for secret in (b"Ilse", b"HARROW", str(event.organisation_id).encode(), str(event.person_id).encode()):
        assert secret not in body


@given(st.text(), st.text(max_size=40))
def test_payload_is_one_line_whatever_the_trail_holds(value: str, kind: str) -> None:
    event = event_with(code=value)
    event.object_id = value
    event.kind = kind
    assert b"\n" not in body_of(event)
    assert b"\r" not in body_of(event)


@pytest.mark.parametrize(
    ("kind", "wanted", "answer"),
    [
        ("licence.revoked", [], True),
        ("licence.revoked", ["licence.revoked"], True),
        ("licence.revoked", ["licence.*"], True),
        ("licence.revoked", ["talent.*", "licence.revoke"], False),
        ("licences.revoked", ["licence.*"], False),
        ("licence", ["licence.*"], False),
    ],
)
def test_filter_of_kinds(kind: str, wanted: list[str], answer: bool) -> None:
    assert is_wanted(kind, wanted) is answer


@pytest.mark.parametrize(
    "wrong", ["*", "licence", "Licence.revoked", "a.b\n", "licence.**", ".x", "a.*.b", ""]
)
def test_filter_that_is_no_kind_is_refused(wrong: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        clean_kinds([wrong])
    assert refusal.value.code == "KINDS_INVALID"
    assert clean_kinds(["a.c", "a.b", "a.c", "x.*"]) == ["a.b", "a.c", "x.*"]


def test_retries_take_more_than_three_days_and_then_end() -> None:
    delays = [retry_delay(n, luck=0) for n in range(1, ATTEMPTS_MAX)]
    assert delays[:4] == [timedelta(seconds=s) for s in (5, 300, 1800, 7200)]
    assert sum(delays, timedelta()) > timedelta(days=3)
    assert delays == sorted(delays)
    assert retry_delay(ATTEMPTS_MAX, luck=0) is None
    with pytest.raises(ValueError, match="first attempt"):
        retry_delay(0, luck=0)


@given(st.integers(1, ATTEMPTS_MAX - 1), st.floats(0, 1))
def test_jitter_only_lengthens_by_a_fifth(attempts: int, luck: float) -> None:
    least, drawn = retry_delay(attempts, luck=0), retry_delay(attempts, luck=luck)
    assert least is not None
    assert drawn is not None
    assert least <= drawn <= least * 1.2


def test_receiver_may_ask_for_a_longer_wait_up_to_a_day_and_for_no_shorter_one() -> None:
    assert retry_delay(1, luck=0, retry_after=timedelta(minutes=1)) == timedelta(minutes=1)
    assert retry_delay(2, luck=0, retry_after=timedelta(seconds=1)) == timedelta(minutes=5)
    assert retry_delay(1, luck=0, retry_after=timedelta(days=9)) == timedelta(days=1)
