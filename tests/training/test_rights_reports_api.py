"""Rights reports over the API: asked for, listed, taken along as data, made again."""

from __future__ import annotations

import io
import json
from typing import Any
from uuid import uuid4

import pytest

from common import keys
from tests.factories import bearer, make_credential
from tests.training.making import House
from tests.training.test_takedowns import a_story
from trustcore.rights_report import verify_report

pytestmark = pytest.mark.django_db
URL = "/api/v1/rights-reports"


def key_of(house: House) -> dict[str, str]:
    credential, _key = make_credential(house.organisation, created_by=house.engineer.person)
    return bearer(credential)


def asked(client: Any, headers: dict[str, str], **body: Any) -> Any:
    return client.post(URL, body, content_type="application/json", headers=headers)


def bytes_of(answer: Any) -> bytes:
    return b"".join(answer.streaming_content) if answer.streaming else bytes(answer.content)


@pytest.mark.req("TP-106")
def test_a_report_is_asked_for_read_taken_along_and_made_again(house: House, client: Any) -> None:
    told, key = a_story(house), key_of(house)
    answer = asked(client, key, scope="MODEL", about=str(told["model"].pk))
    made = answer.json()
    assert (answer.status_code, made["state"]) == (201, "DONE")
    assert made["answers"]["ended_up"]["models"] == 1
    whole = bytes_of(client.get(f"{URL}/{made['id']}/content", headers=key))
    report = verify_report(io.BytesIO(whole), keys.public_keys("DECISION"))
    assert (report.id, report.head["answers"]) == (made["report"], made["answers"])
    lines = bytes_of(client.get(f"{URL}/{made['id']}/tables/originals", headers=key))
    assert {json.loads(line)["id"] for line in lines.splitlines()} == {
        str(told["asset"].pk),
        str(told["beside"].pk),
    }
    sheet = client.get(f"{URL}/{made['id']}/tables/originals?form=csv", headers=key)
    assert (sheet["Content-Type"], bytes_of(sheet).decode("utf-8-sig").split(",")[0]) == (
        "text/csv; charset=utf-8",
        "id",
    )
    assert client.get(f"{URL}/{made['id']}/rerun", headers=key).status_code == 404
    answer = client.post(f"{URL}/{made['id']}/rerun", headers=key)
    again = answer.json()
    assert (answer.status_code, again["state"], again["is_same"]) == (200, "DONE", True)
    assert (again["report"], again["differs"], again["problem"]) == (made["report"], [], "")
    assert client.get(f"{URL}/{made['id']}/rerun", headers=key).json() == again


def test_making_a_report_again_takes_more_than_reading_and_a_large_one_is_answered_later(
    house: House, client: Any, settings: Any
) -> None:
    key = key_of(house)
    made = asked(client, key, scope="ORGANISATION").json()
    credential, _key = make_credential(
        house.organisation, created_by=house.engineer.person, scopes=["training:read"]
    )
    refused = client.post(f"{URL}/{made['id']}/rerun", headers=bearer(credential))
    assert (refused.status_code, refused.json()["code"]) == (403, "SCOPE_MISSING")
    house.admit()
    settings.REPORT_INLINE_ROWS, settings.CELERY_TASK_ALWAYS_EAGER = 0, False
    later = client.post(f"{URL}/{made['id']}/rerun", headers=key)
    assert (later.status_code, later.json()["state"], later.json()["is_same"]) == (202, "QUEUED", None)
    read = client.get(f"{URL}/{made['id']}/rerun", headers=bearer(credential)).json()
    assert (read["id"], read["done_at"]) == (later.json()["id"], None)


def test_a_question_sent_twice_under_one_key_is_asked_once(house: House, client: Any) -> None:
    headers = {**key_of(house), "Idempotency-Key": str(uuid4())}
    first, second = (asked(client, headers, scope="ORGANISATION").json() for _ in range(2))
    assert first["id"] == second["id"]
    listed = client.get(URL, headers=key_of(house)).json()["results"]
    assert [row["id"] for row in listed] == [first["id"]]


def test_reports_are_listed_in_pages_newest_first_and_to_their_house_alone(
    house: House, stranger: House, client: Any
) -> None:
    key = key_of(house)
    ids = [asked(client, key, scope="ORGANISATION").json()["id"] for _ in range(3)]
    page = client.get(f"{URL}?limit=2", headers=key).json()
    assert [row["id"] for row in page["results"]] == ids[:0:-1]
    rest = client.get(page["next"], headers=key).json()
    assert [row["id"] for row in rest["results"]] == [ids[0]]
    theirs = key_of(stranger)
    assert client.get(URL, headers=theirs).json()["results"] == []
    for path in ("", "/content", "/statement", "/tables/originals", "/paper", "/paper/statement"):
        assert client.get(f"{URL}/{ids[0]}{path}", headers=theirs).status_code == 404, path
    assert client.post(f"{URL}/{ids[0]}/rerun", headers=theirs).status_code == 404


def test_bad_questions_are_answered_with_stable_codes(house: House, client: Any, settings: Any) -> None:
    key = key_of(house)
    for body, status, code in (
        ({"scope": "SOURCE", "about": ""}, 422, "SCOPE_INCOMPLETE"),
        ({"scope": "ORGANISATION", "about": "x"}, 422, "SCOPE_INCOMPLETE"),
        ({"scope": "SOURCE", "about": str(uuid4())}, 404, "NOT_FOUND"),
        ({"scope": "ORGANISATION", "until": "2126-01-01T00:00:00Z"}, 422, "CUT_INVALID"),
        ({"scope": "ORGANISATION", "event": 2**61}, 404, "NOT_FOUND"),
    ):
        answer = asked(client, key, **body)
        assert (answer.status_code, answer.json()["code"]) == (status, code), body
    assert asked(client, key, scope="PLANET").status_code in (400, 422)
    assert asked(client, key, scope="ORGANISATION", colour="red").status_code in (400, 422)
    settings.REPORT_INLINE_ROWS, settings.CELERY_TASK_ALWAYS_EAGER = 0, False
    house.admit()
    waiting = asked(client, key, scope="ORGANISATION").json()
    assert (waiting["state"], waiting["report"]) == ("QUEUED", "")
    early = client.get(f"{URL}/{waiting['id']}/content", headers=key)
    assert (early.status_code, early.json()["code"]) == (409, "REPORT_NOT_DONE")
    made = asked(client, key, scope="ASSET", about=str(house.admit().pk)).json()
    assert client.get(f"{URL}/{made['id']}/tables/passwords", headers=key).status_code == 404
    assert client.get(f"{URL}/{made['id']}/tables/originals?form=exe", headers=key).status_code == 404
