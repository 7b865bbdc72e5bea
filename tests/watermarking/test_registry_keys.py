"""Rotation: a file is read under every key of the deployment, and the report says which one it was."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.watermarking import media
from tests.watermarking.conftest import MARK_ID, SECRET
from watermarking import engine
from watermarking.cli import main
from watermarking.engine import detect_file, embed_file
from watermarking.errors import ExtractionFailed
from watermarking.keys import ENVIRONMENT, MarkKey, mark_key

OLD, NEW = MarkKey("1", mark_key(SECRET, "1")), MarkKey("2", mark_key(SECRET, "2"))


@pytest.fixture(scope="module")
def still(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture marked under the old key."""
    folder = tmp_path_factory.mktemp("still")
    cut = media.cut(demo_clip, folder / "cut.mp4", first_frame=620, frames=2)
    media.save_still(cut, folder / "in.png")
    embed_file(folder / "in.png", folder / "out.png", mark_id=MARK_ID, key=OLD.key)
    return folder / "out.png"


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())


@pytest.mark.req("LV-035")
@pytest.mark.req("LV-102")
def test_the_key_that_found_it_is_named_and_all_keys_are_paid_for(still: Path) -> None:
    alone = detect_file(still, key=[OLD], search=False).layers["pixel"]
    among = detect_file(still, key=[NEW, OLD], search=False, candidates={"1": [MARK_ID], "2": [5]})
    found = among.layers["pixel"]
    assert alone is not None
    assert found is not None
    assert (among.payload, found.key_id, found.keys_tried) == (f"{MARK_ID:016x}", "1", 2)
    assert found.card == "pixel-1"
    assert found.thresholds["claim_p"] == 1e-9
    # read blind in one, among one id in the other: two keys and two ways of reading
    assert found.p_value == pytest.approx(4 * alone.p_value)
    assert [one.name for one in among.segments[0].variants] == ["original"]
    # without its key nothing is found, and without a key nothing is read
    assert detect_file(still, key=[NEW], search=False).payload is None
    with pytest.raises(ValueError, match="no key"):
        detect_file(still, key=[])


def test_the_command_reads_under_several_keys(
    still: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(ENVIRONMENT)
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "a-now.key").write_text(SECRET.hex())
    (tmp_path / "keys" / "b-old.key").write_text("ab" * 32)
    assert main(["detect", str(still), "--key", str(tmp_path / "keys"), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["payload"], answer["layers"]["pixel"]["key_id"]) == (f"{MARK_ID:016x}", "a-now/1")
    assert answer["layers"]["pixel"]["keys_tried"] == 2
    assert answer["layers"]["audio"] is None


@pytest.mark.parametrize(
    ("given", "exit_code", "code"),
    [
        (["detect", "FILE", "--key", "missing.key"], 2, "KEY_UNUSABLE"),
        (["detect", "FILE", "--layers", "smell"], 2, "LAYER_UNKNOWN"),
        (["detect", "FILE", "--candidates", "LIST"], 2, "CANDIDATES_MALFORMED"),
        (["detect", "missing.mp4"], 1, "MEDIA_MISSING"),
        (["detect"], 2, "USAGE"),
        (["listen"], 2, "USAGE"),
        (["embed", "FILE", "out.png", "--payload", "12"], 2, "PAYLOAD_MALFORMED"),
        (["embed", "FILE", "FILE", "--payload", "0" * 16], 2, "SAME_FILE"),
    ],
)
def test_every_refusal_is_json_on_the_last_line(
    given: list[str],
    exit_code: int,
    code: str,
    still: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "ids.txt").write_text("0000000000000001\nnonsense\n")
    names = {"FILE": str(still), "LIST": str(tmp_path / "ids.txt")}
    assert main([names.get(one, one) for one in given]) == exit_code
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (answer["code"], answer["error"]) == (code, code)
    if code == "CANDIDATES_MALFORMED":
        assert answer["line"] == 2


@pytest.mark.req("LV-143")
def test_a_reader_that_breaks_says_so_and_answers_nothing(
    still: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    from watermarking import pipeline

    def broken(*given: object) -> None:
        raise RuntimeError("a table is missing")

    monkeypatch.setattr(pipeline, "detect_medium", broken)
    with pytest.raises(ExtractionFailed) as failed:
        engine.detect_file(still, key=OLD.key)
    assert (failed.value.code, failed.value.cause) == ("watermark_extraction_failed", "RuntimeError")
    assert main(["detect", str(still), "--json"]) == 1
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer["code"] == "watermark_extraction_failed"
    assert "status" not in answer
    monkeypatch.undo()
    # and where nothing broke, an unmarked picture is an answer
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())
    grey = np.random.default_rng(1).integers(90, 160, (256, 256, 3), dtype=np.uint8)
    Image.fromarray(grey).save(tmp_path / "plain.png")
    assert detect_file(tmp_path / "plain.png", key=OLD.key, search=False).status == "absent"
