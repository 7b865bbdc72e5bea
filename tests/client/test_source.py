"""``trustmark source``: one command stops a class, and the very next question about it is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from trustmark_client.source import main

from tests.factories import make_credential
from tests.training.making import House
from tests.training.test_manifests import released
from training.models import SourceClass
from training.services.releasing import may_be_trained_on

pytestmark = pytest.mark.django_db(transaction=True)
Told = tuple[House, list[str]]


@pytest.fixture
def told(live_server: Any, tmp_path: Path) -> Told:
    house = House()
    credential, _key = make_credential(house.organisation, created_by=house.engineer.person)
    (tmp_path / "key").write_text(credential.secret)  # type: ignore[attr-defined]
    return house, ["--server", live_server.url, "--key-file", str(tmp_path / "key")]


@pytest.mark.req("TP-075")
def test_one_command_stops_a_class_and_the_next_question_is_refused(told: Told, capsys: Any) -> None:
    house, at = told
    source = house.licensed_source()
    manifest = released(house, house.admit(source))
    assert may_be_trained_on(manifest).is_clear
    code = source.source_class.code
    assert main(["stop", code, "--reason", "A claim came in.", *at]) == 0
    assert f"{code}: stopped" in capsys.readouterr().out
    refused = house.ask(source)
    assert (refused.asset, "SOURCE_CLASS_STOPPED" in refused.decision.codes) == (None, True)
    assert not may_be_trained_on(manifest).is_clear
    # a class beside it goes on
    assert house.admit().state == "ADMITTED"


def test_opening_again_is_counsels_and_a_key_is_told_where(told: Told, capsys: Any) -> None:
    house, at = told
    kind = house.source_class()
    assert main(["stop", kind.code, "--reason", "A claim.", *at]) == 0
    assert main(["resume", kind.code, "--reason", "Settled.", *at]) == 3
    said = capsys.readouterr().err
    assert f"/material/classes/{kind.pk}/open/" in said
    assert SourceClass.objects.get(pk=kind.pk).stopped_at is not None


def test_every_class_is_listed_and_a_strangers_is_none(told: Told, capsys: Any) -> None:
    house, at = told
    kinds = [house.source_class() for _ in range(3)]
    theirs = House().source_class()
    assert main(["list", "--json", *at]) == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {one["code"] for one in lines} == {one.code for one in kinds}
    assert main(["stop", theirs.code, "--reason", "Mine now.", *at]) == 3
    assert "there is no class" in capsys.readouterr().err
    assert SourceClass.objects.get(pk=theirs.pk).stopped_at is None


def test_a_stop_without_a_reason_is_misuse_and_stops_nothing(told: Told) -> None:
    house, at = told
    kind = house.source_class()
    with pytest.raises(SystemExit) as misuse:
        main(["stop", kind.code, *at])
    assert misuse.value.code == 2
    assert main(["stop", kind.code, "--reason", " ", *at]) == 3
    assert SourceClass.objects.get(pk=kind.pk).stopped_at is None
