"""The command: one JSON object on the last line, and exit codes that tell what happened."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.watermarking.conftest import SECRET, MarkedFilm
from watermarking.cli import main
from watermarking.keys import ENVIRONMENT


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())


def _last(capsys: pytest.CaptureFixture[str]) -> dict[str, object]:
    answer: dict[str, object] = json.loads(capsys.readouterr().out.splitlines()[-1])
    return answer


def test_detect_prints_what_it_found_as_json_and_exits_0(
    stripped: Path, film: MarkedFilm, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", str(stripped)]) == 0
    answer = _last(capsys)
    assert set(answer) == {
        "status", "payload", "p_value", "confidence", "method", "layers", "segments", "scheme", "version",
    }  # fmt: skip
    assert (answer["status"], answer["payload"]) == ("present", film.payload)


def test_detect_exits_4_and_names_nothing_without_a_mark(
    film: MarkedFilm, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["detect", str(film.plain), "--layers", "audio", "--json"]) == 4
    answer = _last(capsys)
    assert (answer["status"], answer["payload"]) == ("absent", None)


def test_embed_verifies_what_it_wrote(
    film: MarkedFilm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = tmp_path / "out.png"
    from tests.watermarking import media

    media.save_still(film.plain, tmp_path / "in.png")
    given = ["embed", str(tmp_path / "in.png"), str(target), "--payload", "00000000000000ff", "--verify"]
    assert main(given) == 0
    assert _last(capsys)["payload"] == "00000000000000ff"
    assert main(["detect", str(target)]) == 0
    assert _last(capsys)["payload"] == "00000000000000ff"


def test_candidates_come_from_a_file_of_ids(
    film: MarkedFilm, stripped: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    listed = tmp_path / "ids.txt"
    listed.write_text(f"# two\n{film.payload}\n0000000000000001\n")
    assert main(["detect", str(stripped), "--candidates", str(listed), "--json"]) == 0
    assert _last(capsys)["payload"] == film.payload
    listed.write_text("not an id\n")
    assert main(["detect", str(stripped), "--candidates", str(listed)]) == 2


def test_misuse_exits_2_and_broken_media_exit_1_with_a_code(
    film: MarkedFilm, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["embed", str(film.plain), str(tmp_path / "o.mp4"), "--payload", "12"]) == 2
    assert main(["embed", str(film.plain), str(film.plain), "--payload", "0" * 16]) == 2
    assert main(["detect", str(film.plain), "--layers", "smell"]) == 2
    assert main(["listen"]) == 2
    capsys.readouterr()
    (tmp_path / "bad.mp4").write_bytes(b"no film")
    assert main(["detect", str(tmp_path / "bad.mp4")]) == 1
    assert _last(capsys)["error"] == "MEDIA_UNREADABLE"
    monkeypatch.delenv(ENVIRONMENT)
    assert main(["detect", str(film.plain)]) == 2


def test_command_loads_neither_django_nor_before_it_works_torch() -> None:
    code = (
        "import sys, watermarking.cli\n"
        "print(sorted({name.split('.')[0] for name in sys.modules} & {'django', 'torch', 'celery'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
