"""Two layers on every output before its release, and an export that shows each duty by values."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from django.test import Client

from provenance import services
from provenance.duties import DutyState, OutputFacts, duty_findings, layer_reasons
from provenance.models import Asset
from tests import factories
from tests.farm import Farm, make_farm
from tests.provenance.resolving import released_asset, signing_asset
from trustmark.cli.evidence import main

FACTS = OutputFacts(
    asset="a",
    state="RELEASED",
    sha256="ab" * 32,
    mark_id="00e1d2c3b4a59687",
    layers={"pixel": {"status": "present", "p_value": 1e-30}},
    verdict="TRUSTED",
    source_type="http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia",
    manifest_id="urn:c2pa:x",
    manifest_sha256="cd" * 32,
    signed_at=datetime(2026, 11, 26, tzinfo=UTC),
    released_at=datetime(2026, 11, 26, tzinfo=UTC),
    log_origin="trustmark.local/p",
    log_index=7,
    receipts=4,
    licences=["j"],
    is_resolved=True,
)


def states(**changes: Any) -> dict[str, DutyState]:
    from dataclasses import replace

    return {one.duty: one.state for one in duty_findings(replace(FACTS, **changes))}


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)


@pytest.fixture
def farm() -> Farm:
    farm = make_farm(factories.make_production(guild=factories.make_guild()))
    farm.render(0, 3)
    return farm


@pytest.mark.parametrize(
    ("statuses", "verdict", "lacking"),
    [
        ({"PIXEL": "present", "AUDIO": "present"}, "TRUSTED", 0),
        ({"PIXEL": "absent", "AUDIO": "present"}, "TRUSTED", 0),
        ({"PIXEL": "uncertain", "AUDIO": "absent"}, "TRUSTED", 1),
        ({}, "TRUSTED", 1),
        ({"PIXEL": "present"}, "UNTRUSTED", 1),
        ({"PIXEL": "present"}, "", 1),
        ({}, "BROKEN", 2),
    ],
)
def test_both_layers_are_asked_for(statuses: dict[str, str], verdict: str, lacking: int) -> None:
    reasons = layer_reasons(statuses, verdict)
    assert [reason.code for reason in reasons] == ["LAYERS_INCOMPLETE"] * lacking


def test_each_duty_stands_on_its_own_facts_and_nothing_is_assumed() -> None:
    shown = states()
    assert shown == {
        "signed-metadata": DutyState.MET,
        "imperceptible-mark": DutyState.MET,
        "logging": DutyState.MET,
        "marks-kept": DutyState.NOT_SHOWN,
        "detection": DutyState.MET,
        "label": DutyState.NOT_SHOWN,
    }
    for duty, changes, state in [
        ("signed-metadata", {"verdict": "UNTRUSTED"}, DutyState.NOT_MET),
        ("signed-metadata", {"source_type": ""}, DutyState.NOT_MET),
        ("imperceptible-mark", {"layers": {"pixel": {"status": "uncertain"}}}, DutyState.NOT_MET),
        ("imperceptible-mark", {"layers": {}}, DutyState.NOT_MET),
        ("logging", {"receipts": 0}, DutyState.NOT_MET),
        ("detection", {"is_resolved": False}, DutyState.NOT_SHOWN),
        ("detection", {"state": "HELD"}, DutyState.NOT_SHOWN),
    ]:
        changed = states(**changes)
        assert changed[duty] is state
        assert {name for name in shown if shown[name] != changed[name]} == {duty}


@pytest.mark.django_db
@pytest.mark.req("BX-026", "GP-023", "GP-025")
def test_a_released_output_shows_its_duties_and_one_without_a_mark_is_held(
    farm: Farm, plain_film: Path, resolvable_film: Path, client: Client, tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    asset = released_asset(farm, plain_film, resolvable_film)
    assert asset.state == "RELEASED"
    studio = factories.bearer(factories.make_credential(asset.production.organisation)[0])
    address = f"/api/v1/assets/{asset.pk}/eu-evidence"
    evidence = client.get(address, headers=studio).json()
    found = {one["duty"]: one for one in evidence["duties"]}
    assert found["signed-metadata"]["state"] == found["imperceptible-mark"]["state"] == "MET"
    layers = found["imperceptible-mark"]["evidence"]["layers"]
    assert {name: one["status"] for name, one in layers.items()} == {"pixel": "present", "audio": "present"}
    assert all(one["p_value"] <= one["thresholds"]["claim_p"] for one in layers.values())
    manifest = asset.manifests.get()
    assert found["signed-metadata"]["evidence"]["manifest_sha256"] == manifest.sha256
    assert evidence["sha256"] == asset.sha256
    page = client.get(f"{address}.html", headers=studio)
    assert page["Content-Disposition"].startswith("attachment")
    for value in (str(asset.pk), manifest.sha256, asset.mark_id, "NOT_SHOWN"):
        assert value in page.content.decode()
    assert b"<script" not in page.content
    stranger = factories.bearer(factories.make_credential(factories.make_studio())[0])
    assert client.get(address, headers=stranger).status_code == 404
    assert client.get(f"{address}.html", headers=stranger).status_code == 404
    # by the command too
    assert main([str(asset.pk), "--html", str(tmp_path / "page.html")]) == 0
    assert json.loads(capsys.readouterr().out)["duties"] == evidence["duties"]
    assert asset.mark_id in (tmp_path / "page.html").read_text()
    assert main(["00000000-0000-0000-0000-000000000000"]) == 1


@pytest.mark.django_db
@pytest.mark.req("BX-026", "GP-023")
def test_an_output_whose_marking_was_forgotten_does_not_go_out(
    farm: Farm, plain_film: Path, resolvable_film: Path
) -> None:
    asset = signing_asset(farm, plain_film, resolvable_film)
    Asset.objects.filter(pk=asset.pk).update(marked_layers=[])
    held = services.verify_asset(asset.pk)
    assert held.state == "HELD"
    assert [one["code"] for one in held.hold_reasons] == ["LAYERS_INCOMPLETE"]
