"""Rows are kept, judged and printed; a false claim is never passed over; a marked clip is read, others are not."""

from __future__ import annotations

import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.marks import claims, films, sounds
from bench.marks.attacks_pixels import prepared
from bench.marks.bars import is_wrong, verdicts
from bench.marks.ffmpeg import convert
from bench.marks.instruments import pixel_instrument, sound_instrument
from bench.marks.material import Material, all_material
from bench.marks.plots import write_scores, write_uniformity
from bench.marks.reading import KEY, MARK_ID, OTHER_KEY, read_cell, registry
from bench.marks.results import Results, code_version
from bench.marks.run import Run, marked_copy
from bench.marks.spread import spread
from bench.marks.table import retention, write_page
from watermarking.engine import embed_file


def row(room: str, name: str, **figures: Any) -> dict[str, Any]:
    return {"code": "c", "room": room, "material": "m", "name": name, "at": "2026-01-01T00:00:00Z", **figures}


def test_a_run_goes_on_where_it_stopped_and_other_code_is_measured_anew(tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl", version="one")
    results.add("films", "clip", "none", letter="B", z=20.0)
    with results.path.open("a") as file:
        file.write('{"code": "one", "room": "films", "mat')
    assert results.has("films", "clip", "none")
    assert not Results(results.path, version="two").has("films", "clip", "none")
    with results.path.open("a") as file:
        file.write("\n")
    results.add("films", "clip", "none", letter="R", z=9.0)
    assert [one["letter"] for one in results.current()] == ["R"]
    assert len(code_version()) == 12
    with pytest.raises(ValueError, match="JSON"):
        results.add("films", "clip", "nan", z=float("nan"))


def test_rows_of_older_code_stand_in_and_say_so(tmp_path: Path) -> None:
    before = Results(tmp_path / "before.jsonl", version="one")
    before.add("films", "clip", "none", letter="B", z=20.0, grade="G1", group="main", p_value=1e-80)
    before.add("films", "clip", "blur", letter="R", z=9.0, grade="G1", group="main")
    before.keep(tmp_path / "kept.jsonl")
    assert "p_value" not in (tmp_path / "kept.jsonl").read_text()
    now = Results(tmp_path / "now.jsonl", version="two", kept=tmp_path / "kept.jsonl")
    assert not now.has("films", "clip", "none")
    now.add("films", "clip", "none", letter="B", z=21.0, grade="G1", group="main")
    assert now.current() == [row for row in now.newest() if not row.get("older")]
    assert {row["name"]: (row["z"], row.get("older")) for row in now.newest()} == {
        "none": (21.0, None),
        "blur": (9.0, True),
    }
    told = {one.bar: one.measured for one in verdicts(now.newest())}
    assert told["G1, films from 720p, blind"] == "1 of 2 (50.0%), 1 of them by older code"
    write_page(tmp_path / "table.md", now.newest(), [], version="two", registered=10)
    text = (tmp_path / "table.md").read_text()
    assert "| none | G1 | B 21.0 |" in text
    assert "| blur | G1 | R 9.0° |" in text
    assert "1 of `one`" in text
    # what is measured at last takes the older row's place, in the kept file too
    now.add("films", "clip", "blur", letter="B", z=12.0, grade="G1", group="main")
    now.keep(tmp_path / "kept.jsonl")
    assert {json.loads(line)["code"] for line in (tmp_path / "kept.jsonl").read_text().splitlines()} == {
        "two"
    }


def test_shares_and_bounds_are_judged_and_what_is_missing_is_not() -> None:
    quality = {"luma_psnr_db": 48.2, "ssim": 0.99, "vmaf_loss": 0.4, "rgb_psnr_db": 40.9}
    quality |= {"scielab_mean": 0.8, "scielab_flat": 0.6}
    rows = [row("films", "quality before the codec", group="main", **quality)]
    rows += [row("films", f"a{n}", grade="G2", group="main", letter="BR?"[n % 3], z=9.0) for n in range(3)]
    rows += [row("films", f"d{n}", grade="G2", group="dark", letter="BR-R"[n], z=9.0) for n in range(4)]
    told = {one.bar: one for one in verdicts(rows)}
    assert told["films: luma PSNR, worst clip"].met is True
    assert told["films: RGB PSNR, worst clip"].met is False
    assert told["films: S-CIELAB on the flattest 30 %, worst clip"].met is False
    assert told["G2, films from 720p, registry"].measured == "2 of 3 (66.7%)"
    assert told["G2, films from 720p, registry"].met is False
    assert told["G2, dark and grainy, registry"].met is True
    assert told["G1, films from 720p, blind"].met is None
    assert told["film, unmarked"].met is None


def test_what_peers_fail_at_is_not_counted_as_ours() -> None:
    rows = [
        row("stills", "JPEG 75", grade="stills", letter="B"),
        row("peers", "another mark: JPEG 75", grade="stills", right=False),
    ]
    told = {one.bar: one.measured for one in verdicts(rows)}
    assert told["stills, blind"] == "1 of 1 (100.0%)"


def test_a_false_claim_is_never_passed_over() -> None:
    fine = row("films", "unmarked", grade="absent", letter="-", z=5.0)
    wrong = row("films", "another key", grade="absent", letter="WRONG", z=12.0)
    claim = row("false claims", "keys", layer="film", way="unmarked", trials=50, claimed=1)
    assert not is_wrong([fine])
    assert is_wrong([fine, wrong])
    assert is_wrong([claim])
    assert {one.bar: one.met for one in verdicts([claim])}["film, unmarked"] is False


@pytest.mark.req("LV-229")
def test_hit_rate_and_retention_compare_with_the_copy_as_delivered() -> None:
    rows = [
        row("films", "none", letter="B", z=20.0, grade="G1"),
        row("films", "x", letter="R", z=10.0, grade="G2"),
    ]
    rows.append({**row("films", "none", letter="B", z=10.0, grade="G1"), "material": "n"})
    rows.append({**row("films", "x", letter="-", z=6.0, grade="G2"), "material": "n"})
    rows.append(row("films", "unmarked", letter="-", z=6.0, grade="absent"))
    assert retention(rows) == {("films", "x"): (0.5, pytest.approx(0.55))}
    assert retention([row("films", "x", letter="B", z=10.0, grade="G2")]) == {}


def test_the_page_shows_every_cell_and_its_plots_are_pictures(tmp_path: Path) -> None:
    draw = np.random.default_rng(1)
    scores = {"fixed_scores": draw.normal(0, 1, 50).tolist(), "best_scores": draw.normal(7, 0.4, 50).tolist()}
    rows = [row("films", "H.264 CRF 34", grade="G2", letter="R", z=9.87)]
    rows.append(row("films", "another key", grade="absent", letter="WRONG", z=12.0))
    rows.append(row("films", "broken", failed="AttackFailed: x"))
    counts = {"trials": 50, "searched": 2, "claimed": 0, "uncertain": 1, "least_p": 0.5}
    rows.append(row("false claims", "keys", layer="film", way="unmarked", **counts, **scores))
    page = tmp_path / "table.md"
    write_page(page, rows, all_material(None), version="c", registered=1000)
    text = page.read_text()
    for cell in (
        "| H.264 CRF 34 | G2 | R 9.9 |",
        "**WRONG** 12.0",
        "| broken |  | failed |",
        "| film, unmarked | 50 | 2 | 0 | 1 |",
    ):
        assert cell in text
    for figure in (tmp_path / "figures").iterdir():
        assert ET.parse(figure).getroot().tag.endswith("svg")
    assert len(list((tmp_path / "figures").iterdir())) == 2


def test_plots_take_scores_of_any_size(tmp_path: Path) -> None:
    write_uniformity(tmp_path / "a.svg", {"x": [40.0, -40.0, 0.0]})
    write_scores(tmp_path / "b.svg", {"x": [3.0, 20.0]}, bound=11.4)
    assert ET.parse(tmp_path / "a.svg").getroot() is not None
    assert ET.parse(tmp_path / "b.svg").getroot() is not None


def test_the_registry_is_of_other_ids_and_the_marked_one() -> None:
    ids = registry(1000)
    assert len(set(ids)) == 1000
    assert MARK_ID in ids
    assert max(ids) > 1 << 63


@pytest.fixture(scope="module")
def pair(demo_clip: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    folder = tmp_path_factory.mktemp("pair")
    plain = prepared(demo_clip, folder / "plain.mkv", first=25, seconds=0.75, filters="scale=640:360")
    return plain, marked_copy(plain, folder / "marked.mp4")


def test_a_cell_says_right_wrong_or_nothing(pair: tuple[Path, Path], tmp_path: Path) -> None:
    plain, marked = pair
    told = read_cell(marked, "pixel", registered=10)
    assert told.letter == "B"
    assert told.cpu_seconds > 0
    assert read_cell(marked, "pixel", registered=0, marked=False).letter == "WRONG"
    assert read_cell(plain, "pixel", registered=0, marked=False).letter == "-"
    assert read_cell(marked, "audio", registered=0).letter == "no layer"
    other = tmp_path / "other.mp4"
    embed_file(plain, other, mark_id=MARK_ID ^ 1, key=KEY)
    assert read_cell(other, "pixel", registered=10).letter == "WRONG"


def test_false_claims_are_counted_as_claims(pair: tuple[Path, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    plain, marked = pair
    monkeypatch.setattr(claims, "BLOCK", 3)
    monkeypatch.setattr(claims, "SEARCHED_OF", 100)
    honest = claims.trials(pixel_instrument(plain), 1, "clip")
    assert (honest["trials"], honest["claimed"], honest["searched"]) == (3, 0, 0)
    assert len(honest["fixed_scores"]) == 3
    assert max(map(abs, honest["fixed_scores"])) < 5
    instrument = pixel_instrument(marked)
    assert instrument.fixed_score(KEY, MARK_ID) > 11
    assert abs(instrument.fixed_score(OTHER_KEY, MARK_ID)) < 5
    monkeypatch.setattr(claims, "_keys", lambda block, name: iter([KEY, OTHER_KEY]))
    assert claims.trials(instrument, 1, "clip")["claimed"] == 1


def test_the_score_of_one_id_in_sound_is_high_for_its_own_and_for_no_other(
    demo_clip: Path, tmp_path: Path
) -> None:
    plain = convert(
        demo_clip, tmp_path / "plain.wav", ("-vn", "-c:a", "pcm_s16le"), before=("-ss", "6", "-t", "6")
    )
    instrument = sound_instrument(marked_copy(plain, tmp_path / "marked.wav"))
    assert instrument.fixed_score(KEY, MARK_ID) > 11
    assert abs(instrument.fixed_score(KEY, MARK_ID ^ 1)) < 5
    assert abs(instrument.fixed_score(OTHER_KEY, MARK_ID)) < 5
    assert abs(sound_instrument(plain).fixed_score(KEY, MARK_ID)) < 5


@pytest.mark.req("LV-225", "LV-226", "LV-227", "LV-228", "LV-229")
def test_the_room_measures_the_corpus_once(demo_clip: Path, tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl", version=code_version())
    small = "scale=640:360"
    item = Material("clip", "film", demo_clip, "CC BY", first=25, seconds=1, filters=small, ci=True)
    names = "none|wrapped as|mobile|stream"
    run = Run(results, [item], tmp_path / "work", 10, 0, only=f"clip/({names})", ci=True)
    films.film_room(run)
    told = {one["name"]: one for one in results.current()}
    wanted = ("none", "wrapped as MKV, TS, MP4")
    hard = ("mobile, 480p at 0.6 Mbit/s", "stream, 0.5 % of datagrams lost")
    assert set(told) == {*wanted, *hard}
    assert {told[name]["letter"] for name in wanted} == {"B"}
    assert {told[name]["letter"] for name in hard} <= {"B", "R", "?", "-"}
    assert not any("failed" in one for one in told.values())
    size = results.path.stat().st_size
    films.film_room(run)
    assert results.path.stat().st_size == size
    assert not list((tmp_path / "work").iterdir())


def test_what_cannot_be_measured_is_written_down_as_failed(demo_clip: Path, tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl", version="v")
    run = Run(results, [], tmp_path, 0, 0)

    def broken() -> dict[str, Any]:
        raise ValueError("no such thing")

    run.measure("films", "clip", "row", broken)
    assert json.loads(results.path.read_text())["failed"] == "ValueError: no such thing"


def test_sound_is_read_in_its_room(demo_clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("pesq", reason="comes with requirements/marks.txt")
    results = Results(tmp_path / "results.jsonl", version="v")
    item = Material("sound", "sound", demo_clip, "CC BY", first=0, seconds=6, ci=True)
    sounds.sound_room(
        Run(results, [item], tmp_path / "work", 10, 0, only="/(none|8 kHz|unmarked|quality)", ci=True)
    )
    told = {one["name"]: one for one in results.current()}
    assert (told["none"]["letter"], told["8 kHz"]["letter"], told["unmarked"]["letter"]) == ("B", "B", "-")
    assert told["quality before the codec"]["snr_db"] > 25


def test_cells_are_spread_by_worth_and_a_later_run_goes_on(demo_clip: Path, tmp_path: Path) -> None:
    results = Results(tmp_path / "results.jsonl", version=code_version())
    small = "scale=640:360"
    film = Material("clip", "film", demo_clip, "CC BY", first=25, seconds=1, filters=small, ci=True)
    broken = Material("broken", "film", tmp_path / "none.mp4", "none", ci=True)
    names = "none|24 to 30 fps$|mobile"
    run = Run(results, [broken, film], tmp_path / "work", 10, 0, only=f"/({names})", ci=True)
    assert spread(run, {"stills"}, processes=1, seconds=60) == (0, 0)
    assert spread(run, {"films"}, processes=1, seconds=0) == (0, 6)
    assert spread(run, {"films"}, processes=1, seconds=300) == (3, 0)
    told = {(one["material"], one["name"]): one["letter"] for one in results.current()}
    assert told.keys() == {
        ("clip", "none"),
        ("clip", "24 to 30 fps"),
        ("clip", "mobile, 480p at 0.6 Mbit/s"),
    }
    assert told["clip", "none"] == "B"
    assert [row["name"] for row in results.current()][-1].startswith("mobile")
    assert spread(run, {"films"}, processes=1, seconds=300) == (0, 0)
    assert not list((tmp_path / "work").iterdir())
