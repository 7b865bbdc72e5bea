"""A package of an incident: whole, signed, verified offline, and every change in it is found."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from common import clock
from common.keys import public_keys
from compliance.bag import BagWriter
from compliance.incidents import services
from compliance.incidents.models import PackageState
from compliance.incidents.tasks import build_package, resume_packages
from tests import factories
from tests.compliance import incident as acts
from tests.compliance.incident import Cast, Desk
from trustcore.bundle import Trust
from trustcore.bundle.incident import entry_hash, verify_incident
from trustcore.cli import main
from trustcore.encoding import canonical_json
from trustcore.errors import InvalidEvidence
from trustcore.signing import Ed25519Signer

pytestmark = pytest.mark.django_db
HTML = "<img src=x onerror=alert(1)>"


@pytest.fixture
def cast() -> Cast:
    return acts.make_cast()


@pytest.fixture
def package(cast: Cast, tmp_path: Path) -> Path:
    """A package of a file with a licence, two pieces of evidence, a notice and an answer."""
    factories.make_live_token(cast.production, cast.talent)
    row = acts.record(cast.agent, cast.talent, seen_at=clock.now(), description=f"Her face, {HTML}")
    acts.add(cast.agent, row, tmp_path, acts.picture(), source_url="https://videos.example/watch?v=1")
    acts.add(cast.self, row, tmp_path, b"<html><script>alert(2)</script>", "page.html", kind="CAPTURE")
    services.add_notice(
        principal=cast.agent,
        incident_id=row.pk,
        sent_to="The Site",
        sent_at=clock.now() - timedelta(hours=1),
        law="Cal. Civ. Code 3344",
    )
    services.add_answer(
        principal=cast.agent,
        incident_id=row.pk,
        received_from="The Site",
        received_at=clock.now(),
        text="We took it down.",
    )
    acts.packed(cast.agent, row, tmp_path / "package.zip")
    return tmp_path / "package.zip"


def inside(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name.partition("/")[2]: archive.read(name) for name in archive.namelist()}


@pytest.mark.req("ST-082", "BX-028")
def test_a_package_is_whole_and_is_verified_offline_with_the_command_for_bundles(
    package: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    report = verify_incident(package, Trust(keys=dict(public_keys("BUNDLE"))))
    assert (report.summary.state, report.summary.evidence) == ("ANSWERED", 2)
    assert report.summary.withheld == ()
    assert main(["bundle", "verify", str(package)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(
        f"{report.summary.entries} entries are in the incident file, with 2 files of evidence."
    )
    assert main(["bundle", "verify", "--json", str(package)]) == 0
    assert json.loads(capsys.readouterr().out)["summary"]["schema"] == "trustmark.incident/1"


@pytest.mark.req("ST-082")
def test_the_statement_states_facts_and_runs_nothing(package: Path) -> None:
    files = inside(package)
    text, page = files["data/statement.txt"].decode(), files["data/statement.html"].decode()
    for words in ("no legal advice", "Cal. Civ. Code 3344", "We took it down.", "1 licence of this likeness"):
        assert words in text
    assert HTML in text
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    assert "<script" not in page
    names = [name for name in files if name.startswith("data/evidence/")]
    assert sorted(name.partition(".")[2] for name in names) == ["html.txt", "png"]
    assert "whether what was seen was made under one is not known" in text


def test_for_the_guild_what_others_licensed_is_left_out_and_said_to_be(cast: Cast, tmp_path: Path) -> None:
    token, *_ = factories.make_live_token(cast.production, cast.talent)
    row = acts.record(cast.agent, cast.talent)
    acts.packed(cast.auditor, row, tmp_path / "guild.zip")
    report = verify_incident(tmp_path / "guild.zip")
    assert len(report.summary.withheld) == 1, "what still holds within the hour is noted once"
    assert "withheld" in report.sentence
    files = inside(tmp_path / "guild.zip")
    assert all(str(token.pk).encode() not in data for data in files.values())
    assert all(token.licensee.name.encode() not in data for data in files.values())
    assert b"withheld from this reader" in files["data/statement.txt"]


def _flip(path: str, at: int = -2) -> Callable[[dict[str, bytes]], None]:
    def change(files: dict[str, bytes]) -> None:
        data = bytearray(files[path])
        data[at] ^= 1
        files[path] = bytes(data)

    return change


def _drop(files: dict[str, bytes]) -> None:
    del files["data/evidence/0003.png"]


def _add(files: dict[str, bytes]) -> None:
    files["data/evidence/0099.png"] = b"x"


CHANGES = (
    (_flip("data/evidence/0003.png"), "data/evidence/0003.png"),
    (_flip("data/entries.ndjson"), "data/entries.ndjson"),
    (_flip("data/details/0002.json"), "data/details/0002.json"),
    (_flip("data/statement.txt"), "data/statement.txt"),
    (_flip("data/incident.json"), "data/incident.json"),
    (_drop, "data/evidence/0003.png"),
    (_add, "data/evidence/0099.png"),
)


@pytest.mark.req("ST-082")
def test_whatever_is_changed_in_it_is_named(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from trustcore.bundle.archive import entry_info

    for change, at_fault in CHANGES:
        files = inside(package)
        change(files)
        tampered = tmp_path / "tampered.zip"
        with zipfile.ZipFile(tampered, "w") as archive:
            for path, data in files.items():
                archive.writestr(entry_info(f"incident-x/{path}"), data)
        assert main(["bundle", "verify", str(tampered)]) == 4
        assert at_fault in capsys.readouterr().err


def _resigned(
    files: dict[str, bytes], target: Path, predicate: dict[str, Any], signer: Ed25519Signer
) -> Path:
    with BagWriter(target, "incident-x") as bag:
        for path, data in files.items():
            if path.startswith("data/"):
                bag.add(path, data)
        bag.finish(
            identifier="x", created_at="2026-11-26T00:00:00Z", agent="t/1", predicate=predicate, signer=signer
        )
    return target


def test_who_holds_a_key_still_cannot_drop_an_entry_or_swap_a_file_unseen(
    package: Path, tmp_path: Path
) -> None:
    """The chain and the digests hold even where the bag is signed anew by the deployment's own key."""
    from common.keys import signer_for

    signer = signer_for("BUNDLE")
    files = inside(package)
    summary = json.loads(files["data/incident.json"])
    predicate = {"incident": summary["incident"], "entries": summary["entries"], "head": summary["head"]}
    whole = _resigned(files, tmp_path / "whole.zip", predicate, signer)
    assert verify_incident(whole).summary.entries == summary["entries"]

    lines = files["data/entries.ndjson"].splitlines(keepends=True)
    shorter = files | {"data/entries.ndjson": b"".join(lines[:2] + lines[3:])}
    with pytest.raises(InvalidEvidence, match="does not follow"):
        verify_incident(_resigned(shorter, tmp_path / "a.zip", predicate, signer))

    swapped = files | {"data/evidence/0003.png": acts.picture("red")}
    with pytest.raises(InvalidEvidence, match="not the file that the entry added"):
        verify_incident(_resigned(swapped, tmp_path / "b.zip", predicate, signer))

    entry = json.loads(lines[0])
    entry["body"]["platform"] = "Elsewhere"
    changed = files | {"data/entries.ndjson": b"".join([canonical_json(entry) + b"\n", *lines[1:]])}
    with pytest.raises(InvalidEvidence, match="entry 1 was changed"):
        verify_incident(_resigned(changed, tmp_path / "c.zip", predicate, signer))
    entry["hash"] = entry_hash(entry)
    changed["data/entries.ndjson"] = b"".join([canonical_json(entry) + b"\n", *lines[1:]])
    with pytest.raises(InvalidEvidence, match="does not follow"):
        verify_incident(_resigned(changed, tmp_path / "d.zip", predicate, signer))

    without = {path: data for path, data in files.items() if path != "data/details/0002.json"}
    with pytest.raises(InvalidEvidence, match="not the details"):
        verify_incident(_resigned(without, tmp_path / "e.zip", predicate, signer))
    with pytest.raises(InvalidEvidence, match="speaks of another file"):
        verify_incident(_resigned(files, tmp_path / "f.zip", predicate | {"entries": 1}, signer))


def test_the_keys_one_brings_are_relied_on_alone(package: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    other = Ed25519PrivateKey.generate().public_key()
    with pytest.raises(InvalidEvidence) as refused:
        verify_incident(package, Trust(keys={"other": other}))
    assert refused.value.code == "KEY_UNTRUSTED"


def test_it_is_asked_for_made_in_the_background_and_downloaded(cast: Cast, tmp_path: Path) -> None:
    row = acts.record(cast.agent, cast.talent)
    desk = Desk(cast.colleague)  # who may read a file may have a copy of it
    asked = desk.post(f"incidents/{row.pk}/packages")
    assert (asked.status_code, asked.json()["state"]) == (202, "QUEUED")
    place = f"incident-packages/{asked.json()['id']}"
    early = desk.get(f"{place}/content")
    assert (early.status_code, early.json()["code"]) == (409, "PACKAGE_NOT_READY")
    build_package.apply(args=[asked.json()["id"]])
    build_package.apply(args=[asked.json()["id"]])
    ready = desk.get(place).json()
    assert ready["state"] == "READY"
    got = desk.client.get(ready["content"])
    data = b"".join(got.streaming_content)
    (tmp_path / "got.zip").write_bytes(data)
    assert verify_incident(tmp_path / "got.zip").summary.made_for == cast.colleague.organisation.name
    assert Desk(cast.auditor).get(place).status_code == 404  # made for another party's eyes


def test_one_that_cannot_be_made_says_so_and_one_that_was_left_is_taken_up(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = acts.record(cast.agent, cast.talent)
    package = services.request_package(principal=cast.agent, incident_id=row.pk)
    sent: list[str] = []
    monkeypatch.setattr("compliance.incidents.tasks.build_package.delay", sent.append)
    assert resume_packages() == 0
    type(package).objects.filter(pk=package.pk).update(touched_at=clock.now() - timedelta(minutes=2))
    assert (resume_packages(), sent) == (1, [str(package.pk)])

    def broken(*_args: Any) -> None:
        raise ValueError

    monkeypatch.setattr("compliance.incidents.services.packing._write", broken)
    build_package.apply(args=[str(package.pk)])
    package.refresh_from_db()
    assert (package.state, package.failure_code) == (PackageState.FAILED, "INTERNAL")
