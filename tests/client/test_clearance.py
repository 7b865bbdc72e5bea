"""``trustmark clearance`` on real cuts: OTIO and EDL in, a report and a marked copy out, licences of a served house."""

from __future__ import annotations

import json
import time
import tomllib
from collections.abc import Callable
from importlib import import_module
from pathlib import Path

import opentimelineio as otio
import pytest
from trustmark_client.clearance.cli import main

from licensing.selectors import pairwise_pseudonym
from tests import factories
from tests.client.test_gate import Gate

CLIENT = Path(__file__).resolve().parents[2] / "clients" / "python"
EDL = """TITLE: REEL 1
FCM: NON-DROP FRAME

001  AX       V     C        00:00:00:00 00:00:02:00 01:00:00:00 01:00:02:00
* FROM CLIP NAME: sh010
002  AX       V     C        00:00:00:00 00:00:01:00 01:00:02:00 01:00:03:00
* FROM CLIP NAME: sh020
"""


def clip(name: str, seconds: float = 2, **said: object) -> otio.schema.Clip:
    """A clip of so many seconds at 24 frames; ``said`` is what its metadata tells us."""
    span = otio.opentime.TimeRange(duration=otio.opentime.RationalTime(seconds * 24, 24))
    return otio.schema.Clip(name=name, source_range=span, metadata={"trustmark": said} if said else {})


def timeline_of(*clips: otio.schema.Composable) -> otio.schema.Timeline:
    timeline = otio.schema.Timeline(name="Reel 1")
    timeline.tracks.append(otio.schema.Track(name="V1", children=list(clips)))
    return timeline


@pytest.fixture
def ada(gate: Gate) -> str:
    """The licensed likeness, as the production's licences call her."""
    return pairwise_pseudonym(gate.token.talent_id, gate.token.production_id)


Ask = Callable[..., tuple[int, dict]]


@pytest.fixture
def ask(gate: Gate, capsys: pytest.CaptureFixture[str]) -> Ask:
    def ask(cut: otio.schema.Timeline | Path, *options: str, **changes: str) -> tuple[int, dict]:
        path = cut if isinstance(cut, Path) else gate.folder / "cut.otio"
        if not isinstance(cut, Path):
            otio.adapters.write_to_file(cut, str(path))
        told = {
            "--project": str(gate.token.production_id), "--channel": "SVOD", "--territory": "US",
            "--date": "2031-05-01", "--server": gate.server, "--key-file": str(gate.folder / "api.key"),
        } | {f"--{name}": value for name, value in changes.items()}  # fmt: skip
        status = main([str(path), "--json", *(part for pair in told.items() for part in pair), *options])
        said = capsys.readouterr()
        return status, json.loads(said.out) if said.out else {"said": said.err}

    return ask


@pytest.mark.req("ST-054")
@pytest.mark.req("BX-014")
def test_cut_whose_likenesses_are_licensed_is_cleared_and_one_gap_refuses_it(
    gate: Gate, ada: str, ask: Ask
) -> None:
    cleared = timeline_of(clip("sh010", likenesses=[ada]), clip("sh020", likenesses=[]))
    status, report = ask(cleared)
    assert (status, report["cleared"]) == (0, True)
    (row,) = report["rows"]
    assert (row["shot"], row["talent"], row["licence"]) == ("sh010", ada, str(gate.token.jti))
    for changes, code in [
        ({"channel": "OOH_DOOH"}, "CHANNEL_NOT_GRANTED"),
        ({"territory": "JP"}, "TERRITORY_DENIED"),
        ({"date": "2001-01-01"}, "NOT_YET_VALID"),
        ({"as": "TRAILER"}, "EDIT_NOT_GRANTED"),
    ]:
        status, report = ask(cleared, **changes)
        assert (status, report["cleared"]) == (3, False)
        assert report["rows"][0]["reasons"] == [code]


def test_every_gap_gets_a_red_marker_in_a_copy_and_the_cut_itself_stays_as_it_was(
    gate: Gate, ada: str, ask: Ask
) -> None:
    inner = otio.schema.Stack(name="nested", children=[clip("sh030", likenesses=["t_nobody"])])
    off = clip("sh050", likenesses=["t_nobody"])
    off.enabled = False
    cut = timeline_of(clip("sh010", likenesses=[ada]), clip("sh020"), inner, off)
    out = gate.folder / "marked.otio"
    status, report = ask(cut, "--out", str(out))
    assert status == 3
    assert [(row["shot"], row["reasons"]) for row in report["rows"]] == [
        ("sh010", []),
        ("sh020", ["CAST_UNKNOWN"]),
        ("sh030", ["LICENCE_MISSING"]),
    ]
    marked = otio.adapters.read_from_file(str(out))
    markers = {found.name: found.markers for found in marked.find_clips()}
    assert [len(markers[name]) for name in ("sh010", "sh020", "sh030", "sh050")] == [0, 1, 1, 0]
    (marker,) = markers["sh030"]
    assert (marker.name, marker.color) == ("NOT CLEARED t_nobody: LICENCE_MISSING", "RED")
    assert list(marker.metadata["trustmark"]["reasons"]) == ["LICENCE_MISSING"]
    before = otio.adapters.read_from_file(str(gate.folder / "cut.otio"))
    assert not any(found.markers for found in before.find_clips())


def test_edl_with_a_table_of_who_is_in_which_shot(gate: Gate, ada: str, ask: Ask) -> None:
    edl, cast = gate.folder / "reel1.edl", gate.folder / "cast.csv"
    edl.write_text(EDL)
    cast.write_text(f"shot,talent,use_type\nsh010,{ada},FACE_RENDER\nsh020,{ada},FACE_RENDER\n")
    assert ask(edl, "--cast", str(cast))[0] == 0
    cast.write_text(f"shot,talent,use_type\nsh010,{ada},TRAINING_REPLICA\n")
    status, report = ask(edl, "--cast", str(cast), "--out", str(gate.folder / "marked.edl"))
    assert status == 3
    assert [row["reasons"] for row in report["rows"]] == [["USE_TYPE_NOT_GRANTED"], ["CAST_UNKNOWN"]]
    assert "NOT CLEARED" in (gate.folder / "marked.edl").read_text()


@pytest.mark.req("BX-014")
def test_revocation_clears_what_may_be_kept_and_nothing_that_was_recalled(
    gate: Gate, ada: str, ask: Ask
) -> None:
    from licensing import services

    other, _, _ = factories.make_live_token(production=gate.token.production)
    her = pairwise_pseudonym(other.talent_id, other.production_id)
    cut = timeline_of(clip("sh010", likenesses=[ada]), clip("sh020", likenesses=[her]))
    assert ask(cut)[0] == 0
    gate.revoke()  # prospective, frames kept
    services.revoke_token(
        principal=factories.decider_of(other.request),
        jti=other.pk,
        kind="RECALL_REQUEST",
        disposition="QUARANTINE",
        reason="Recalled.",
    )
    status, report = ask(cut)
    assert status == 3
    assert [row["reasons"] for row in report["rows"]] == [[], ["REVOKED"]]


@pytest.mark.req("BX-014")
def test_no_answer_clears_nothing_and_writes_no_copy(gate: Gate, ada: str, ask: Ask) -> None:
    out = gate.folder / "marked.otio"
    cut = timeline_of(clip("sh010", likenesses=[ada]))
    begun = time.monotonic()
    status, said = ask(cut, "--out", str(out), "--patience", "2", server="http://127.0.0.1:9")
    assert time.monotonic() - begun < 10
    assert (status, out.exists()) == (3, False)
    assert "OFFLINE" in said["said"]
    (gate.folder / "api.key").write_text("tm_00000000_nonsense")
    status, said = ask(cut, "--out", str(out))
    assert (status, out.exists()) == (3, False)


def test_what_cannot_be_understood_is_misuse_and_says_where(gate: Gate, ada: str, ask: Ask) -> None:
    broken = gate.folder / "broken.otio"
    broken.write_text("{")
    assert ask(broken)[0] == 2
    nonsense = gate.folder / "reel.docx"
    nonsense.write_text("no cut")
    assert ask(nonsense)[0] == 2
    for said in ({"likenesses": ada}, {"likenesses": [7]}, {"likenesses": [{"use_types": []}]}):
        status, answer = ask(timeline_of(clip("sh010", **said)))
        assert (status, "CUT_UNREADABLE: clip 'sh010'" in answer["said"]) == (2, True)
    good = timeline_of(clip("sh010", likenesses=[ada]))
    assert ask(good, date="tomorrow")[0] == 2
    assert ask(good, territory="Atlantis")[0] == 2
    assert ask(good, "--out", str(gate.folder / "x.docx"))[0] == 2
    cast = gate.folder / "cast.csv"
    cast.write_text("a,b\n1,2\n")
    assert ask(good, "--cast", str(cast))[0] == 2


def test_command_is_offered_under_its_name() -> None:
    project = tomllib.loads((CLIENT / "pyproject.toml").read_text())["project"]
    module, name = project["entry-points"]["trustmark.commands"]["clearance"].split(":")
    assert getattr(import_module(module), name) is main
