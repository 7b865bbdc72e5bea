"""What is written of a person is read back by every later reader, and what stood there before is sealed whole."""

from __future__ import annotations

from importlib import import_module
from types import SimpleNamespace

import pytest
from django.db import connection

from accounts.subject_keys import PREFIX, destroy_key
from audit.models import Event
from audit.services import record
from licensing import services
from licensing.models import RequestAction
from tests.factories import make_submitted_request
from tests.licensing.conftest import Cast

pytestmark = pytest.mark.django_db
NOTE = "Her knee is not yet well."


def _stored(table: str, column: str, key: object) -> str:
    with connection.cursor() as cursor:
        cursor.execute(f"select {column}::text from {table} where id = %s", [key])
        (text,) = cursor.fetchone()
    return str(text)


def test_details_of_an_event_are_read_back_until_their_key_is_destroyed(cast: Cast) -> None:
    told = record(
        kind="test.told", principal=cast.agent, object_type="talent", object_id=cast.talent.pk,
        subject_id=cast.talent.pk, details={"note": NOTE},
    )  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute("select details::text from audit_event where id = %s", [told.id])
        assert NOTE not in cursor.fetchone()[0]
    assert Event.objects.get(id=told.id).details == {"note": NOTE}
    destroy_key(cast.talent.pk)
    assert NOTE not in str(Event.objects.get(id=told.id).details)


def test_what_stood_in_clear_before_is_sealed_and_reads_the_same(cast: Cast) -> None:
    request = make_submitted_request(cast.production, cast.talent, producer=cast.producer)
    services.withdraw_request(principal=cast.producer, request_id=request.pk, note=NOTE)
    act = RequestAction.objects.get(request=request, kind="WITHDRAW")
    with connection.cursor() as cursor:  # as a server of before wrote it
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table licensing_requestaction disable trigger user")
        cursor.execute("update licensing_requestaction set note = %s where id = %s", [NOTE, act.pk])
        cursor.execute("alter table licensing_requestaction enable trigger user")
    assert RequestAction.objects.get(pk=act.pk).note == NOTE, "a text in clear is read as it stands"
    seal = import_module("licensing.migrations.0201_seal_what_was_written")._seal
    for _ in range(2):  # done twice, it is done once
        seal(None, SimpleNamespace(connection=connection))
        stored = _stored("licensing_requestaction", "note", act.pk)
        assert stored.startswith(PREFIX)
        assert RequestAction.objects.get(pk=act.pk).note == NOTE
