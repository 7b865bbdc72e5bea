"""``trustmark graph``: origin, find, score, inspect, destroy-key."""

from __future__ import annotations

import hashlib
import json
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection

from provenance.graph.models import GenerationRecord
from provenance.graph.sealing import open_text
from tests import factories
from tests.provenance.graph.conftest import PROMPT, Film, film
from trustmark.cli import graph as cli

__all__ = ["film"]
pytestmark = pytest.mark.django_db


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(cli, "_set_up", lambda: None)

    def command(*argv: object, code: int = 0) -> list[dict[str, Any]]:
        assert cli.main([str(one) for one in argv]) == code
        out, err = capsys.readouterr()
        return [json.loads(line) for line in (out or err).splitlines()]

    return command


@pytest.mark.req("GP-001", "GP-042")
def test_origin_and_find_answer_whoever_may_know(film: Film, run: Any) -> None:
    me = ("--as", film.desk.person.email)
    told = run("origin", film.version("shot"), *me)[0]
    assert {one["name"] for one in told["versions"]} == {"shot", "frames", "plate", "rig", "scan", "script"}
    assert run("origin", film.version("shot"), "--frame", 1010, *me)[0]["versions"][0]["frame"] == 1010
    assert run("origin", film.version("shot"), "--frame", 5, *me, code=1)[0]["code"] == "FRAME_OUTSIDE"
    assert run("origin", film.version("shot"), "--x", 5, *me, code=1)[0]["code"] == "PLACE_INVALID"
    found = run("find", "--model", "IVT face rig@v3", "--reference", "external:scan", *me)
    assert [one["name"] for one in found] == ["frames"]
    assert run("find", *me, code=1)[0]["code"] == "QUERY_EMPTY"
    stranger = factories.make_producer(factories.make_studio()).person.email
    assert run("origin", film.version("shot"), "--as", stranger, code=1)[0]["code"] == "NOT_FOUND"
    assert run("find", "--model", "IVT face rig", "--as", stranger) == []
    assert (
        run("origin", film.version("shot"), "--as", "nobody@x.example", code=1)[0]["code"] == "PERSON_UNKNOWN"
    )
    assert run("score", film.production.pk, *me)[0]["versions"] == 5


def test_a_prompt_is_shown_with_the_salt_that_proves_it_to_its_production_alone(film: Film, run: Any) -> None:
    record = GenerationRecord.objects.select_related("prompt").get(production=film.production)
    me = ("--as", film.desk.person.email)
    told = run("prompt", record.pk, *me)[0]
    assert told["prompt"]["text"] == PROMPT
    proof = bytes.fromhex(told["prompt"]["salt"]) + told["prompt"]["text"].encode()
    assert record.prompt is not None
    assert hashlib.sha256(proof).hexdigest() == told["prompt"]["commitment"] == record.prompt.commitment
    guild = factories.make_desk(
        film.production.guild, "AUDITOR"
    ).person.email  # sees the run, not what it was told
    assert run("prompt", record.pk, "--as", guild, code=1)[0]["code"] == "NOT_FOUND"
    run("destroy-key", film.production.pk, "--destroy")
    assert run("prompt", record.pk, *me)[0]["prompt"] == {
        "text": None, "salt": None, "commitment": record.prompt.commitment,
    }  # fmt: skip


@pytest.mark.req("GP-035", "GP-036")
def test_inspect_finds_what_was_changed_behind_the_events(film: Film, run: Any) -> None:
    assert run("inspect", film.production.pk) == [{"differences": 0}]
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table provenance_decision disable trigger user")
        cursor.execute("update provenance_decision set outcome = 'REJECTED'")
    told = run("inspect", film.production.pk, code=4)
    assert (told[0]["code"], told[-1]) == ("ROW_CHANGED", {"differences": 1})
    assert run("inspect", uuid4(), code=1)[0]["code"] == "NOT_FOUND"


def test_a_key_is_destroyed_only_when_told_twice(film: Film, run: Any) -> None:
    record = GenerationRecord.objects.select_related("prompt").get(production=film.production)
    assert record.prompt is not None
    assert run("destroy-key", film.production.pk) == [{"texts": 2, "destroyed": False}]
    assert open_text(record.prompt)
    assert run("destroy-key", film.production.pk, "--destroy") == [{"texts": 2, "destroyed": True}]
    assert open_text(record.prompt) is None
    assert run("inspect", film.production.pk) == [{"differences": 0}]
