"""The page of the Python client: every example on it runs, in order, against a served deployment."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.http import QueryDict
from PIL import Image
from trustmark_client import Denied, LicenceEnded

from accounts.models import Scope
from accounts.services import create_api_credential
from agents_portal.forms.keys import KeyForm
from common import clock
from licensing.services import revoke_token
from receipts.selectors import counts_for_token
from tests import factories
from tests.client.test_gate import Gate

PAGE = Path(__file__).resolve().parents[2] / "docs/integrations/python.md"
FIRST = 1  # the example under "A first frame"


def examples() -> list[str]:
    return re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)


@pytest.fixture
def names(gate: Gate, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the page takes as given."""
    monkeypatch.chdir(tmp_path)
    gate.frames.mkdir()

    def render(number: int) -> Path:
        path = gate.frames / f"{number:04}.png"
        Image.new("RGB", (16, 16), (number, 0, 255 - number)).save(path)
        return path

    return {
        "SERVER": gate.server,
        "API_KEY": (gate.folder / "api.key").read_text(),
        "LICENCE": str(gate.token.pk),
        "PROJECT": str(gate.token.production_id),
        "render": render,
    }


def test_every_example_of_the_page_runs_in_order(
    gate: Gate, names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    for example in examples()[FIRST:]:
        exec(compile(example, "python.md", "exec"), names)
    said = capsys.readouterr().out
    assert "25 receipts are in the log" in said
    assert "3 more" in said
    assert "1 by a task" in said
    assert "0 had waited" in said
    assert "0029.png" in said
    assert counts_for_token(gate.token.pk).rendered == 29


@pytest.mark.req("ST-054")
def test_who_has_only_the_page_and_the_portal_comes_to_a_first_frame(
    gate: Gate,
    names: dict[str, Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "new").mkdir()
    monkeypatch.chdir(tmp_path / "new")
    exec(compile(examples()[0], "python.md", "exec"), {})
    assert Path("proof.pem").stat().st_mode & 0o077 == 0
    told = PAGE.read_text().split("| `API_KEY` |")[1].split("\n")[0]
    asked = {
        "name": "node",
        "days": "90",
        "proof_jwk": capsys.readouterr().out,
        "scopes": [value for value, label in Scope.choices if f"*{label}*" in told],
    }
    data = QueryDict(mutable=True)
    for name, value in asked.items():
        data.setlist(name, value if isinstance(value, list) else [value])
    form = KeyForm(data, scopes=Scope.choices)
    assert form.is_valid(), form.errors
    _, names["API_KEY"] = create_api_credential(
        organisation=gate.token.licensee,
        created_by=factories.make_desk(gate.token.licensee, "PRODUCER").person,
        name="node",
        scopes=form.cleaned_data["scopes"],
        expires_at=clock.now() + timedelta(days=90),
        proof_jwk=form.cleaned_data["proof_jwk"],
    )
    exec(compile(examples()[FIRST], "python.md", "exec"), names)
    assert "25 receipts are in the log" in capsys.readouterr().out


@pytest.mark.req("ST-054")
def test_first_frame_takes_fifteen_lines_at_most_and_none_without_a_licence(
    gate: Gate, names: dict[str, Any]
) -> None:
    example = examples()[FIRST]
    assert len(example.strip().splitlines()) <= 15
    denied = example.replace('"US"', '"BR"')
    with pytest.raises(Denied) as no:
        exec(compile(denied, "python.md", "exec"), dict(names))
    assert no.value.reason_codes[0] == "TERRITORY_DENIED"
    exec(compile(example, "python.md", "exec"), dict(names))
    assert counts_for_token(gate.token.pk).rendered == 25
    agent = factories.decider_of(gate.token.request)
    revoke_token(principal=agent, jti=gate.token.pk, kind="PROSPECTIVE", disposition="KEEP", reason="over")
    with pytest.raises(LicenceEnded, match="REVOKED"):
        exec(compile(example, "python.md", "exec"), dict(names))
    assert counts_for_token(gate.token.pk).rendered == 25
