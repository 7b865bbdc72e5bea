"""The README's own example, run word for word against a served deployment."""

import re
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from PIL import Image
from trustmark_client import LicenceEnded

from licensing.services import revoke_token
from receipts.selectors import counts_for_token
from tests import factories

ROOT = Path(__file__).resolve().parents[2]


def _example() -> str:
    found = re.search(r"```python\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
    assert found
    return found[1]


@pytest.fixture
def names(live_server: Any, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """What the example takes as given: a server, a key, a licence, a production, a renderer."""
    settings.BASE_URL = live_server.url
    token, credential, proof_key = factories.make_live_token()
    (tmp_path / "proof.pem").write_bytes(
        proof_key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    )
    monkeypatch.chdir(tmp_path)

    def render(number: int) -> Path:
        path = tmp_path / f"{number:04}.png"
        Image.new("RGB", (16, 16), (number, 0, 255 - number)).save(path)
        return path

    return {
        "SERVER": live_server.url,
        "API_KEY": credential.secret,
        "LICENCE": str(token.jti),
        "PROJECT": str(token.production_id),
        "render": render,
        "token_row": token,
    }


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("ST-054")
@pytest.mark.req("ST-055")
def test_readme_example_renders_and_leaves_receipts_until_the_licence_is_revoked(
    names: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    exec(compile(_example(), "README.md", "exec"), dict(names))
    assert "25 receipts are in the log" in capsys.readouterr().out
    token = names["token_row"]
    assert counts_for_token(token.jti).rendered == 25
    agent = factories.decider_of(token.request)
    revoke_token(principal=agent, jti=token.jti, kind="PROSPECTIVE", disposition="KEEP", reason="over")
    with pytest.raises(LicenceEnded, match="REVOKED"):
        exec(compile(_example(), "README.md", "exec"), dict(names))
    assert counts_for_token(token.jti).rendered == 25


def test_client_page_shows_the_same_example() -> None:
    assert _example() in (ROOT / "clients/python/README.md").read_text()
