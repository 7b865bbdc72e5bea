"""What strangers put into files is kept and shown as text that harms nobody; a machine that is full still gives a report."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import c2pa
import pytest

from provenance.credentials import c2pa_settings, manifest_definition
from tests import factories
from tests.provenance.test_revocation import House
from tests.verification.conftest import FACTS
from trustcore.verification.policy import policy_named
from trustcore.verification.report import parse_report
from trustcore.verification.words import Action, Impact, Stage
from verification import services
from verification.cli import main
from verification.models import VerificationState
from verification.pipeline import confined
from verification.pipeline.case import Case, Original
from verification.pipeline.cleaning import clean, read_answer
from verification.pipeline.run import verify

AT = datetime(2026, 11, 27, 12, 0, tzinfo=UTC)
DEFAULT = policy_named("default@1")
FAULTY = "tests.verification.faulty_child"
UNFIT = "http://x.example/\x00\x1b[2J\u202egpj"


def case(path: Path, name: str, **more: Any) -> Case:
    return Case(path=path, name=name, asset_id="a", pointer="p", **more)


@pytest.fixture(scope="module")
def rude(still: Path, studio: House, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Signed, with words that a database does not keep and a terminal obeys."""
    target = tmp_path_factory.mktemp("rude") / "rude.png"
    definition = manifest_definition(FACTS, media_type="image/png")
    definition["assertions"][0]["data"]["actions"][0]["digitalSourceType"] = UNFIT
    definition["assertions"].append({"label": "org.rude.words", "data": {"said": UNFIT}})
    identity = studio.identity
    with (
        c2pa.Context.from_dict(c2pa_settings(identity.anchor_pem)) as context,
        c2pa.Signer.from_callback(
            identity.sign, c2pa.C2paSigningAlg.ES256, identity.chain_pem, None
        ) as signer,
        c2pa.Builder(definition, context=context) as builder,
        still.open("rb") as reading,
        target.open("w+b") as writing,
    ):
        builder.sign(signer, "image/png", reading, writing)
    return target


@pytest.mark.req("LV-147")
@pytest.mark.django_db
def test_a_file_whose_credentials_hold_a_nul_is_decided_and_kept(rude: Path) -> None:
    desk = factories.make_desk(factories.make_studio(), "PRODUCER")
    row = services.request_verification(
        principal=desk, path=rude, file_name="rude.png", layers=["provenance"]
    )
    services.run_verification(verification_id=row.pk)
    row.refresh_from_db()
    assert (row.state, row.attempts) == (VerificationState.DONE, 1)
    report = parse_report(row.record.report)
    assert report.provenance.source_type == "http://x.example/��[2J�gpj"
    assert report.sha256 == row.record.report_sha256


def test_what_is_printed_holds_no_control_characters(
    rude: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    renamed = tmp_path / "a\x1b[2J.png"
    renamed.write_bytes(rude.read_bytes())
    main([str(renamed), "--no-detect"])
    main([str(renamed), "--no-detect", "--json"])
    told = capsys.readouterr().out
    assert "\x1b" not in told
    assert "\\u001b" not in told
    assert "a�[2J.png" in told


@pytest.mark.req("LV-147")
def test_a_stage_that_answers_with_unfit_text_or_numbers_costs_no_report(still: Path) -> None:
    report = verify(case(still, "provenance=unfit"), DEFAULT, at=AT, child=FAULTY)
    assert report.provenance.asserted_by == "Studio��[2J�oidutS �"
    assert parse_report(report.to_dict()) == report
    for fault, stage in (("no_number", Stage.PROVENANCE), ("no_codes", Stage.CANONICALISE)):
        original = Original("other", "0" * 64, ("00" * 8,))
        said = verify(case(still, f"{stage}={fault}", originals=(original,)), DEFAULT, at=AT, child=FAULTY)
        run = next(one for one in said.audit.stages if one.name is stage)
        assert (run.state, run.reason) == ("failed", "nonsense")
        assert parse_report(said.to_dict()) == said


@pytest.mark.req("LV-147")
def test_a_machine_without_processes_to_give_is_told_stage_by_stage(
    still: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def none_left(*given: Any, **more: Any) -> Any:
        raise BlockingIOError(11, "Resource temporarily unavailable")

    monkeypatch.setattr(subprocess, "Popen", none_left)
    assert confined.subprocess.Popen is none_left
    report = verify(case(still, "still.png", keys={"1": "5a" * 32}, impact=Impact.HIGH), DEFAULT, at=AT)
    runs = {run.name: run for run in report.audit.stages if run.name is not Stage.DECISION}
    assert {(run.state, run.reason, run.error) for run in runs.values()} == {
        ("failed", "not_started", "BlockingIOError")
    }
    assert len(runs) == 5
    assert report.decision.action is Action.ESCALATE
    assert parse_report(report.to_dict()) == report


def test_answers_are_read_strictly() -> None:
    assert read_answer(b'{"a\\u0000": ["\\u202eb", 1.5, null]}') == {"a�": ["�b", 1.5, None]}
    assert clean("two\nlines\tand a word: señal 信号") == "two\nlines\tand a word: señal 信号"
    for bad in (b"NaN", b"[Infinity]", b"[1e999]", b"{", b"\xff"):
        with pytest.raises(ValueError):
            read_answer(bad)
    with pytest.raises(RecursionError):
        read_answer(b"[" * 100_000)
