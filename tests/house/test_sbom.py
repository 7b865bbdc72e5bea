"""The bill of materials: CycloneDX by its own schema, whole against the locks, and published."""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from django.test import Client

ROOT = Path(__file__).resolve().parents[2]


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("sbom_script", ROOT / "scripts" / "sbom.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def script() -> ModuleType:
    return _script()


@pytest.mark.req("LV-241")
def test_the_published_bill_names_every_pin_weight_and_card_with_its_hash(script: ModuleType) -> None:
    answer = Client().get("/.well-known/sbom")
    assert answer["Content-Type"].startswith("application/vnd.cyclonedx+json")
    text = answer.content.decode()
    assert script.faults(text) == ""
    document: dict[str, Any] = json.loads(text)
    assert (document["bomFormat"], document["specVersion"]) == ("CycloneDX", "1.6")
    lock = (ROOT / "requirements" / "base.txt").read_text()
    pinned = dict(re.findall(r"^([a-z0-9][a-z0-9._-]*)==([^\s;\\]+)", lock, re.MULTILINE))
    assert len(pinned) > 80
    libraries = {one["name"]: one for one in document["components"] if one["type"] == "library"}
    stale = "run python scripts/sbom.py"
    assert {name: one["version"] for name, one in libraries.items() if name != "torch"} == pinned, stale
    hashes = {row["value"] for one in libraries.values() for row in one.get("properties", [])}
    assert hashes == set(re.findall(r"--hash=sha256:([0-9a-f]{64})", lock)), stale
    files = {one["name"]: one for one in document["components"] if one["bom-ref"].startswith("file:")}
    weights = [name for name, one in files.items() if one["type"] == "machine-learning-model"]
    assert len(weights) == 2
    for name, one in files.items():
        assert one["hashes"][0]["content"] == hashlib.sha256((ROOT / name).read_bytes()).hexdigest(), stale
    assert document["metadata"]["component"]["name"] == "trustmark-server"


@pytest.mark.req("LV-241")
def test_a_bill_that_lags_behind_a_lock_or_is_no_cyclonedx_is_refused(
    script: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert script.main(["--check"]) == 0
    changed = json.loads(script.TARGET.read_text())
    row = next(one for one in changed["components"] if one["name"] == "django")
    row["version"] = "0.0.1"
    lagging = tmp_path / "sbom.cdx.json"
    lagging.write_text(json.dumps(changed))
    monkeypatch.setattr(script, "TARGET", lagging)
    assert script.main(["--check"]) == 1
    assert "run python scripts/sbom.py" in capsys.readouterr().err
    assert script.faults('{"bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{"name": 7}]}')


def test_the_same_locks_make_the_same_bytes(script: ModuleType) -> None:
    assert script.made() == script.made()
