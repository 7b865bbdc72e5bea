"""``trustmark bundle ask``: asked for from the shell, watched, downloaded in pieces that go on after a break, verified."""

from __future__ import annotations

import json
import time
from importlib.metadata import EntryPoint
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from trustmark_client import bundle as command

from common.errors import Unavailable
from compliance import api
from compliance.models import Bundle
from compliance.services import build_bundle
from tests.factories import make_credential
from tests.farm import Farm, make_farm
from trustcore import cli
from trustcore.bundle import verify_bundle

pytestmark = pytest.mark.django_db(transaction=True)
PIECE = 20_000


@pytest.fixture
def desk(live_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Farm, list[str]]:
    """A farm with frames, and a shell that knows its server and key; a worker works whenever the command waits."""
    farm = make_farm()
    farm.render(0, 9)
    credential, _key = make_credential(farm.token.licensee)
    (tmp_path / "key").write_text(credential.secret)

    def work(_seconds: float) -> None:
        for row in Bundle.objects.filter(state__in=["QUEUED", "BUILDING"]):
            build_bundle(row.pk)

    # the command's own clock alone: whoever else sleeps meanwhile (a subprocess that is waited for) builds nothing
    monkeypatch.setattr(command, "time", SimpleNamespace(sleep=work, monotonic=time.monotonic))
    monkeypatch.setattr(command, "PIECE_BYTES", PIECE)
    return farm, ["--server", live_server.url, "--key-file", str(tmp_path / "key")]


def test_a_bundle_is_asked_for_watched_downloaded_and_verified(
    desk: tuple[Farm, list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    farm, at = desk
    out = tmp_path / "film.zip"
    point = EntryPoint("bundle", "trustmark_client.bundle:main", cli.COMMANDS)
    monkeypatch.setattr(cli, "entry_points_of", lambda _group: [point])
    arguments = ["bundle", "ask", str(farm.token.production_id), "--purpose", "REGULATORY", "--out", str(out)]
    assert cli.main([*arguments, *at]) == 0
    said = capsys.readouterr()
    row = Bundle.objects.get()
    assert said.out.splitlines()[0] == str(row.pk)
    assert "10 receipts are in the log." in said.out
    assert "The server's keys are the ones you gave." in said.out
    assert "QUEUED" in said.err
    assert verify_bundle(out).summary.counts.rendered == 10
    assert list(tmp_path.glob("*.part")) == []
    assert command.main(["list", "--json", *at]) == 0
    assert json.loads(capsys.readouterr().out)["sha256"] == row.sha256
    # the verifier keeps its own words
    assert cli.main(["bundle", "verify", str(out)]) == 0


def test_a_download_that_broke_off_goes_on_where_it_stopped(
    desk: tuple[Farm, list[str]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    farm, at = desk
    assert command.main(["ask", str(farm.token.production_id), "--purpose", "REGULATORY", *at]) == 0
    bundle_id = capsys.readouterr().out.splitlines()[0]
    size, answer, asked = Bundle.objects.get().size_bytes, api.bundle_response, []
    assert size > 3 * PIECE

    def breaks_off(request: Any, bundle: Bundle) -> Any:
        asked.append(request.headers["Range"])
        if len(asked) > 2:
            raise Unavailable("STORAGE_UNAVAILABLE", "The storage does not answer.")
        return answer(request, bundle)

    monkeypatch.setattr(api, "bundle_response", breaks_off)
    out, fetching = tmp_path / "film.zip", ["fetch", bundle_id, "--out", str(tmp_path / "film.zip"), *at]
    assert command.main(fetching) == 3
    part = tmp_path / f"film.zip.{bundle_id}.part"
    assert (part.stat().st_size, out.exists()) == (2 * PIECE, False)
    asked.clear()

    def goes_on(request: Any, bundle: Bundle) -> Any:
        asked.append(request.headers["Range"])
        return answer(request, bundle)

    monkeypatch.setattr(api, "bundle_response", goes_on)
    assert command.main(fetching) == 0
    assert asked[0] == f"bytes={2 * PIECE}-{3 * PIECE - 1}"
    assert len(asked) == -(-size // PIECE) - 2
    assert verify_bundle(out).summary.counts.rendered == 10
    assert not part.exists()
    # what was damaged on the way, or is another's, gets no name
    out.unlink()
    part.write_bytes(b"x" * PIECE)
    assert command.main(fetching) == 4
    assert "HASH_MISMATCH" in capsys.readouterr().err
    assert not out.exists()
    assert not part.exists()
    (tmp_path / "other.json").write_text('{"keys":[]}')
    assert command.main([*fetching, "--keys", str(tmp_path / "other.json")]) == 2
    assert not out.exists()


def test_what_is_refused_says_its_code_and_a_failed_one_why(
    desk: tuple[Farm, list[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    farm, at = desk
    nowhere = "0199d000-0000-7000-8000-000000000001"
    assert command.main(["ask", nowhere, "--purpose", "REGULATORY", *at]) == 3
    assert "NOT_FOUND" in capsys.readouterr().err
    assert command.main(["fetch", nowhere, "--out", "never.zip", *at]) == 3
    capsys.readouterr()
    monkeypatch.setattr(
        command.time, "sleep", lambda _s: Bundle.objects.update(state="FAILED", failure_code="LOG_BROKEN")
    )
    assert command.main(["ask", str(farm.token.production_id), "--purpose", "REGULATORY", *at]) == 3
    assert "refused: LOG_BROKEN" in capsys.readouterr().err
