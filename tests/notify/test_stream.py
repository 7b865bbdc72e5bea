"""The event stream by its real server on the real database: who hears what, at once, again, and until when."""

from __future__ import annotations

import queue
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import psutil
import psycopg
import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import ApiCredential, Membership
from accounts.services import revoke_api_credential
from audit.models import Event
from licensing.services import revoke_token
from notify import services
from notify.stream import PATH
from tests import factories
from tests.notify.conftest import Cast, database_url, forget_waiting, happen
from tests.notify.processes import Heard, Listener, Process, start_events

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timed]


@pytest.fixture(scope="module")
def events(django_db_setup: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    process = start_events(tmp_path_factory.mktemp("events"))
    yield process
    process.stop()


def listener(events: Process, credential: ApiCredential, **headers: str) -> Listener:
    return Listener(events.url, {**factories.bearer(credential), **headers})


def key_of(organisation: Any, **options: Any) -> ApiCredential:
    return factories.make_credential(organisation, **options)[0]


def nothing(stream: Listener, *, seconds: float = 0.7) -> bool:
    try:
        stream.events.get(timeout=seconds)
    except queue.Empty:
        return True
    return False


def drained(stream: Listener, count: int) -> list[Heard]:
    return [stream.next() for _ in range(count)]


def test_revocation_arrives_within_a_second_at_those_who_may_know_and_at_no_stranger(
    events: Process, cast: Cast
) -> None:
    token, credential, _ = factories.make_live_token(cast.production, cast.talent)
    forget_waiting()
    studio = listener(events, credential).start()
    agency = listener(events, key_of(cast.agent.organisation)).start()
    stranger = listener(events, key_of(cast.other_studio.organisation)).start()
    revoke_token(
        principal=cast.agent, jti=token.pk, kind="PROSPECTIVE", disposition="KEEP", reason="Ilse said so."
    )
    committed_at = time.monotonic()
    for stream in (studio, agency):
        heard = stream.next()
        assert heard.at - committed_at < 1
        assert (heard.event, heard.data["type"]) == ("licence.revoked", "licence.revoked")
        assert heard.id == heard.data["data"]["event"]
        assert heard.data["data"]["object"] == {"type": "licence", "id": str(token.pk)}
        assert heard.data["data"]["details"] == {"kind": "PROSPECTIVE", "disposition": "KEEP", "version": 1}
        assert "Ilse" not in str(heard.data)
    assert nothing(stranger)


def test_kind_that_nobody_knew_is_told_like_any_other_and_filters_choose(events: Process, cast: Cast) -> None:
    credential = key_of(cast.producer.organisation)
    forget_waiting()
    everything = listener(events, credential).start()
    chosen = listener(events, credential).start(query="?kinds=talent.emergency_stop,licence.*")
    for kind in ("brand.new", "licence.suspended", "talent.emergency_stop", "talent.other"):
        happen(cast.producer, kind)
    assert [one.event for one in drained(everything, 4)] == [
        "brand.new", "licence.suspended", "talent.emergency_stop", "talent.other",
    ]  # fmt: skip
    assert [one.event for one in drained(chosen, 2)] == ["licence.suspended", "talent.emergency_stop"]
    assert nothing(chosen)


def test_reader_that_comes_back_goes_on_after_its_last_event_without_gap_or_repetition(
    events: Process, cast: Cast
) -> None:
    credential = key_of(cast.producer.organisation)
    forget_waiting()
    first = listener(events, credential).start()
    happen(cast.producer, "count.0")
    last = first.next()
    first.close()
    for number in range(1, 251):  # more than a page
        happen(cast.producer, f"count.{number}")
    again = listener(events, credential, **{"Last-Event-ID": last.id}).start()
    heard = drained(again, 250)
    assert [one.event for one in heard] == [f"count.{number}" for number in range(1, 251)]
    happen(cast.producer, "count.251")
    assert again.next().event == "count.251", "and from the past it goes over into the present"
    assert nothing(again)


def test_burst_beyond_what_is_kept_in_memory_is_heard_whole_and_in_order(events: Process, cast: Cast) -> None:
    forget_waiting()
    stream = listener(events, key_of(cast.producer.organisation)).start(query="?kinds=burst.*")
    Event.objects.bulk_create(
        Event(kind="burst.one", organisation_id=cast.producer.organisation_id, object_id=str(number))
        for number in range(900)
    )
    heard = [one.data["data"]["object"]["id"] for one in drained(stream, 900)]
    assert heard == [str(number) for number in range(900)]
    assert nothing(stream)


def test_server_that_is_killed_loses_nothing_and_another_serves_the_same_stream(
    cast: Cast, tmp_path: Path
) -> None:
    credential = key_of(cast.producer.organisation)
    forget_waiting()
    killed = start_events(tmp_path, "killed")
    stream = listener(killed, credential).start()
    happen(cast.producer, "one.1")
    last = stream.next()
    killed.kill()
    happen(cast.producer, "one.2")
    other = start_events(tmp_path, "other")
    try:
        again = listener(other, credential, **{"Last-Event-ID": last.id}).start()
        assert again.next().event == "one.2"
        happen(cast.producer, "one.3")
        assert again.next().event == "one.3"
    finally:
        other.stop()


def test_two_servers_tell_the_same_in_the_same_order(events: Process, cast: Cast, tmp_path: Path) -> None:
    credential = key_of(cast.producer.organisation)
    forget_waiting()
    other = start_events(tmp_path, "other")
    try:
        streams = [listener(server, credential).start() for server in (events, other)]
        for number in range(60):
            happen(cast.producer, f"count.{number}")
        heard = [[one.id for one in drained(stream, 60)] for stream in streams]
        assert heard[0] == heard[1]
        assert len(set(heard[0])) == 60
    finally:
        other.stop()


def test_listening_connection_that_is_cut_is_made_again_and_nothing_is_lost(
    events: Process, cast: Cast
) -> None:
    credential = key_of(cast.producer.organisation)
    forget_waiting()
    stream = listener(events, credential).start()
    with psycopg.connect(database_url(), autocommit=True) as admin:
        ended = admin.execute(
            "select count(pg_terminate_backend(pid)) from pg_stat_activity "
            "where datname = current_database() and query ilike 'listen %'"
        ).fetchone()
    assert ended == (1,)
    happen(cast.producer, "after.cut")
    assert stream.next().event == "after.cut"


def test_stream_lives_by_comments_and_a_revoked_key_loses_it_at_the_next(events: Process, cast: Cast) -> None:
    credential, kept = key_of(cast.producer.organisation), key_of(cast.producer.organisation)
    stream, other = listener(events, credential).start(), listener(events, kept).start()
    stream.wait_comment(": alive")
    stream.wait_comment(": alive")
    revoke_api_credential(credential=credential)
    revoked_at = time.monotonic()
    stream.wait_comment(": ends API_KEY_REVOKED")
    assert time.monotonic() - revoked_at < 2, "one heartbeat, of a second here"
    assert stream.ended.wait(5)
    again = listener(events, credential).start()
    assert again.status == 401
    other.wait_comment(": alive")
    assert not other.ended.is_set()


def test_key_that_expires_and_one_whose_maker_left_lose_their_streams(events: Process, cast: Cast) -> None:
    expiring, orphan = key_of(cast.producer.organisation), key_of(cast.producer.organisation)
    streams = [listener(events, one).start() for one in (expiring, orphan)]
    ApiCredential.objects.filter(pk=expiring.pk).update(expires_at=timezone.now())
    Membership.objects.filter(user=orphan.created_by).update(ended_at=timezone.now())
    streams[0].wait_comment(": ends API_KEY_EXPIRED")
    streams[1].wait_comment(": ends API_KEY_ORPHANED")


def test_person_signed_in_at_the_portal_listens_until_the_session_ends(events: Process, cast: Cast) -> None:
    browser = Client()
    browser.force_login(cast.producer.person, backend="allauth.account.auth_backends.AuthenticationBackend")
    forget_waiting()
    cookie = browser.cookies["sessionid"].value
    stream = Listener(events.url, {"Cookie": f"other=1; sessionid={cookie}"}).start()
    assert stream.status == 200
    happen(cast.producer, "seen.here")
    assert stream.next().event == "seen.here"
    browser.logout()
    stream.wait_comment(": ends UNAUTHENTICATED")


@pytest.mark.parametrize(
    ("headers", "status", "code"),
    [
        ({}, 401, "UNAUTHENTICATED"),
        ({"Authorization": "Bearer tm_00_x"}, 401, "API_KEY_INVALID"),
        ({"Cookie": "sessionid=nothing"}, 401, "UNAUTHENTICATED"),
    ],
)
def test_nobody_listens_without_saying_who(
    events: Process, headers: dict[str, str], status: int, code: str
) -> None:
    answer = httpx.get(f"{events.url}{PATH}", headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert answer.headers["content-type"] == "application/problem+json"
    assert "www-authenticate" in answer.headers


def test_what_cannot_be_answered_is_refused_with_its_code(events: Process, cast: Cast) -> None:
    mine, narrow = (
        key_of(cast.producer.organisation),
        key_of(cast.producer.organisation, scopes=["licence:read"]),
    )
    elsewhere = happen(cast.other_studio)
    services.place_waiting()

    def ask(credential: ApiCredential, query: str = "", **headers: str) -> tuple[int, str]:
        answer = httpx.get(f"{events.url}{PATH}{query}", headers={**factories.bearer(credential), **headers})
        return answer.status_code, answer.json()["code"]

    assert ask(narrow) == (403, "SCOPE_MISSING")
    assert ask(mine, "?kinds=everything") == (422, "KINDS_INVALID")
    assert ask(mine, **{"Last-Event-ID": "7"}) == (422, "LAST_EVENT_UNKNOWN")
    # another's event reads exactly as one that never was
    assert ask(mine, **{"Last-Event-ID": str(elsewhere.id)}) == (422, "LAST_EVENT_UNKNOWN")
    assert httpx.post(f"{events.url}{PATH}").json()["code"] == "METHOD_NOT_ALLOWED"
    assert httpx.get(f"{events.url}/api/v1/tokens").status_code == 404
    assert httpx.get(f"{events.url}/healthz").json() == {"status": "alive"}


def test_streams_are_bounded_and_leaving_makes_room(cast: Cast, tmp_path: Path) -> None:
    credential = key_of(cast.producer.organisation)
    events = start_events(tmp_path, TRUSTMARK_EVENTS_STREAMS_EACH_MAX="2")
    try:
        held = [listener(events, credential).start() for _ in range(2)]
        refused = listener(events, credential).start()
        assert refused.status == 503
        assert "STREAMS_EXHAUSTED" in refused.comments.get()
        assert listener(events, key_of(cast.other_studio.organisation)).start().status == 200
        held[0].close()
        deadline = time.monotonic() + 10
        while listener(events, credential).start().status != 200:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    finally:
        events.stop()


def test_reader_that_does_not_read_is_cut_off_costs_no_memory_and_holds_up_no_other(
    cast: Cast, tmp_path: Path
) -> None:
    credential, other = key_of(cast.producer.organisation), key_of(cast.agent.organisation)
    start = happen(cast.producer, "first.one", visible_to=[cast.agent.organisation_id])
    names = "act code disposition expires_at kid kind level purpose reason_code scope side state until"
    details = dict.fromkeys(names.split(), "x" * 80)
    Event.objects.bulk_create(
        Event(
            kind="a.b", organisation_id=cast.producer.organisation_id, object_type="o" * 60,
            object_id=f"{number:064d}", details=details,
        )
        for number in range(6_000)
    )  # fmt: skip
    # some 9 MB of frames: more than the sockets of this machine hold for one connection
    services.place_waiting()
    events = start_events(tmp_path, TRUSTMARK_EVENTS_STREAMS_EACH_MAX="2")
    try:
        (worker,) = psutil.Process(events.popen.pid).children()
        asleep = [sleeper(events, credential, start.id) for _ in range(2)]
        awake = listener(events, other).start()
        time.sleep(2)
        before = worker.memory_info().rss
        happen(cast.agent, "while.asleep")
        committed_at = time.monotonic()
        assert awake.next().at - committed_at < 2
        assert listener(events, credential).start().status == 503, "they hold their places"
        deadline = time.monotonic() + 60
        while listener(events, credential).start().status != 200:
            assert time.monotonic() < deadline, "it waits for readers that do not read"
            time.sleep(0.5)
        assert worker.memory_info().rss - before < 30e6
        for wire in asleep:  # what the sockets held is all they get, and then the end
            received = 0
            while chunk := wire.recv(65536):
                received += len(chunk)
            assert 0 < received < 8e6
            wire.close()
    finally:
        events.stop()


def sleeper(events: Process, credential: ApiCredential, last_id: UUID) -> socket.socket:
    """A client that asks for everything since ``last_id`` and reads nothing."""
    wire = socket.socket()
    wire.settimeout(20)
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    wire.connect(("127.0.0.1", events.port))
    wire.sendall(
        f"GET {PATH} HTTP/1.1\r\nHost: x\r\nLast-Event-ID: {last_id}\r\n"
        f"Authorization: {factories.bearer(credential)['Authorization']}\r\n\r\n".encode()
    )
    return wire
