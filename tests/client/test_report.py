"""``trustmark report``: asked for from the shell, kept if it holds, checked without a server."""

from __future__ import annotations

import json
from pathlib import Path

import httpx
import pytest
from django.core.files.base import ContentFile
from trustmark_client.report import main

from common.storage import blobs
from tests.factories import make_credential
from tests.training.making import House
from training.models import RightsReport

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told(live_server, tmp_path: Path) -> tuple[House, list[str], Path]:
    house = House()
    credential, _key = make_credential(house.organisation, created_by=house.engineer.person)
    (tmp_path / "key").write_text(credential.secret)
    return house, ["--server", live_server.url, "--key-file", str(tmp_path / "key")], tmp_path


def test_a_report_is_kept_and_verified_offline_and_a_changed_one_is_refused(told, capsys) -> None:
    house, at, folder = told
    asset = house.admit()
    out, keys = folder / "one.zip", folder / "keys.json"
    assert main(["ask", "--scope", "ASSET", "--about", str(asset.pk), "--out", str(out), *at]) == 0
    printed = capsys.readouterr().out.split()
    report = printed[1].rstrip(",")
    keys.write_text(httpx.get(f"{at[1]}/.well-known/decision-jwks.json").text)
    assert main(["verify", str(out), "--keys", str(keys), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["report"], said["answers"]["collected"]["originals"]) == (report, 1)
    whole = out.read_bytes()
    out.write_bytes(whole[:200] + bytes([whole[200] ^ 1]) + whole[201:])
    assert main(["verify", str(out), "--keys", str(keys)]) == 4
    out.write_bytes(whole)
    keys.write_text('{"keys":[]}')
    assert main(["verify", str(out), "--keys", str(keys)]) == 4
    assert "KEY_UNTRUSTED" in capsys.readouterr().err
    assert main(["verify", str(folder / "none"), "--keys", str(keys)]) == 2


def test_another_genuine_report_in_the_place_of_the_one_that_was_asked_for_is_not_kept(told, capsys) -> None:
    house, at, folder = told
    asset = house.admit()
    for scope in (["--scope", "ASSET", "--about", str(asset.pk)], []):
        assert main(["ask", *scope, *at]) == 0
    first, second = (line.split(":")[0] for line in capsys.readouterr().out.splitlines())
    one, other = RightsReport.objects.get(pk=first), RightsReport.objects.get(pk=second)
    with blobs().open(other.location, "rb") as stream:
        genuine = stream.read()
    blobs().delete(one.location)
    blobs().save(one.location, ContentFile(genuine))
    assert main(["fetch", first, "--out", str(folder / "kept.zip"), *at]) == 4
    assert "another report was sent" in capsys.readouterr().err
    assert list(folder.glob("kept*")) == []


def test_a_paper_is_kept_with_its_statement_and_nothing_is_kept_that_does_not_hold(told, capsys) -> None:
    house, at, folder = told
    house.admit()
    assert main(["ask", *at]) == 0
    report_id = capsys.readouterr().out.split(":")[0]
    out, keys = folder / "one.pdf", folder / "keys.json"
    assert main(["paper", report_id, "--out", str(out), *at]) == 0
    statement = folder / "one.pdf.dsse.json"
    keys.write_text(httpx.get(f"{at[1]}/.well-known/decision-jwks.json").text)
    assert main(["verify", str(out), "--statement", str(statement), "--keys", str(keys)]) == 0
    keys.write_text('{"keys":[]}')
    for verb in ("fetch", "paper"):
        kept = folder / f"{verb}.kept"
        assert main([verb, report_id, "--out", str(kept), "--keys", str(keys), *at]) == 4
        assert not kept.exists()


def test_what_another_house_has_and_what_cannot_be_asked_are_refused(told, capsys) -> None:
    _house, at, folder = told
    theirs = House().admit()
    assert main(["ask", "--scope", "ASSET", "--about", str(theirs.pk), *at]) == 3
    assert "NOT_FOUND" in capsys.readouterr().err
    assert main(["ask", "--scope", "ASSET", *at]) == 3
    assert "SCOPE_INCOMPLETE" in capsys.readouterr().err
    assert main(["fetch", str(theirs.pk), "--out", str(folder / "x"), *at]) == 3
