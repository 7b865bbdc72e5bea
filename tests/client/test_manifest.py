"""``trustmark manifest``: a training job is let in by what is true now, and by nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from trustmark_client.manifest import main
from trustmark_client.takedown import main as takedown

from tests.factories import make_credential
from tests.training.making import House
from tests.training.test_manifests import IMAGE, freeze, released
from training.services.rights import end_rights

pytestmark = pytest.mark.django_db(transaction=True)
COMMIT = "c" * 40


@pytest.fixture
def told(live_server, tmp_path: Path) -> tuple[House, list[str], Path]:
    house = House()
    credential, _key = make_credential(house.organisation, created_by=house.engineer.person)
    (tmp_path / "key").write_text(credential.secret)
    return house, ["--server", live_server.url, "--key-file", str(tmp_path / "key")], tmp_path


@pytest.mark.req("TP-013")
def test_a_job_may_train_until_a_right_ends_and_is_told_why(told, capsys) -> None:
    house, at, folder = told
    asset = house.admit()
    manifest, path = released(house, asset), folder / "faces.ndjson"
    assert main(["fetch", manifest.content_id, "--out", str(path), *at]) == 0
    assert main(["check", str(path), *at]) == 0
    assert main(["check", manifest.content_id, "--json", *at]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["permitted"] is True
    end_rights(principal=house.counsel, rights_id=asset.rights_id, reason="Taken back.")
    assert main(["check", str(path), *at]) == 3
    assert "denied: RIGHTS_ENDED" in capsys.readouterr().err


def test_a_manifest_that_nobody_released_and_one_of_another_house_are_refused(told, capsys) -> None:
    house, at, _folder = told
    waiting, other = freeze(house, house.admit()), House()
    theirs = released(other, other.admit())
    assert main(["check", waiting.content_id, *at]) == 3
    assert "MANIFEST_NOT_RELEASED" in capsys.readouterr().err
    assert main(["check", theirs.content_id, *at]) == 3
    assert "NOT_FOUND" in capsys.readouterr().err


def test_a_changed_file_is_not_asked_about(told, capsys) -> None:
    house, at, folder = told
    manifest, path = released(house, house.admit()), folder / "faces.ndjson"
    assert main(["fetch", manifest.content_id, "--out", str(path), *at]) == 0
    path.write_bytes(path.read_bytes().replace(b'"kind":"IMAGE"', b'"kind":"VIDEO"'))
    assert main(["check", str(path), *at]) == 4
    assert "HASH_MISMATCH" in capsys.readouterr().err
    assert main(["check", str(folder / "none"), *at]) == 2


def test_no_answer_is_no_leave_and_offline_says_only_what_it_saw(told, capsys) -> None:
    house, at, folder = told
    manifest, path, keys = released(house, house.admit()), folder / "faces.ndjson", folder / "keys.json"
    assert main(["fetch", manifest.content_id, "--out", str(path), *at]) == 0
    gone = ["--server", "http://127.0.0.1:9", *at[2:], "--patience", "1"]
    assert main(["check", manifest.content_id, *gone]) == 3
    assert "denied: OFFLINE" in capsys.readouterr().err
    keys.write_text(httpx.get(f"{at[1]}/.well-known/decision-jwks.json").text)
    assert main(["check", str(path), "--offline", "--keys", str(keys), "--json"]) == 0
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["permitted"] is None
    assert main(["check", str(path), "--offline"]) == 2
    keys.write_text('{"keys":[]}')
    assert main(["check", str(path), "--offline", "--keys", str(keys)]) == 4


def test_a_dataset_is_frozen_from_the_shell(told, capsys) -> None:
    house, at, _folder = told
    house.derive(house.admit(), dataset="crops")
    words = [
        "--name",
        "faces",
        "--purpose",
        "Faces.",
        "--territory",
        "US",
        "--commit",
        COMMIT,
        "--image",
        IMAGE,
    ]
    assert main(["freeze", *words, "--dataset", "crops:1", *at]) == 0
    assert capsys.readouterr().out.startswith("sha256:")
    assert main(["freeze", *words, "--dataset", "crops", *at]) == 2
    assert main(["freeze", *words, *at]) == 3
    assert "MANIFEST_EMPTY" in capsys.readouterr().err


def test_a_drill_and_a_case_from_the_shell_and_a_certificate_that_must_hold(told, capsys) -> None:
    house, at, folder = told
    asset = house.admit()
    assert takedown(["drill", "--reason", "Quarterly.", "--asset", str(asset.pk), "--json", *at]) == 0
    drill = json.loads(capsys.readouterr().out)
    assert (drill["state"], drill["reached"]) == ("CLOSED", 1)
    out, keys = folder / "case.json", folder / "keys.json"
    assert takedown(["certificate", drill["id"], "--out", str(out), *at]) == 0
    out.unlink()
    keys.write_text('{"keys":[]}')
    assert takedown(["certificate", drill["id"], "--out", str(out), "--keys", str(keys), *at]) == 4
    assert not out.exists()
    assert takedown(["open", "--reason", "A claim.", "--asset", str(asset.pk), *at]) == 0
    assert "CONTAINED, 1 reached (1 ASSET)" in capsys.readouterr().out
    assert takedown(["open", "--reason", "A claim.", "--asset", str(House().admit().pk), *at]) == 3
    assert "NOT_FOUND" in capsys.readouterr().err
