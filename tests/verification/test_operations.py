"""What operators watch exists under the names that the alerts ask for, and each alert leads to a runbook."""

from __future__ import annotations

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_client import REGISTRY

from common.warmed import forked_seconds
from trustcore.verification.report import Deepfake, StageRun
from trustcore.verification.words import DetectionState, ErrorState, RiskStatus, StageState
from verification import metrics

ROOT = Path(__file__).parents[2]
RULES = ROOT / "deploy" / "prometheus" / "verification.rules.yml"
RUNBOOK = ROOT / "docs" / "operations" / "verification.md"


@pytest.mark.req("LV-212")
@pytest.mark.req("LV-213")
@pytest.mark.req("LV-215")
@pytest.mark.req("LV-233")
@pytest.mark.req("LV-234")
@pytest.mark.req("LV-235")
@pytest.mark.django_db  # a collector of the house asks the database
def test_every_alert_asks_for_metrics_that_exist_and_names_its_runbook() -> None:
    known = {sample.name for family in REGISTRY.collect() for sample in family.samples} | {
        f"{family.name}{suffix}" for family in REGISTRY.collect() for suffix in ("_total", "_bucket")
    }
    rules = [one for group in yaml.safe_load(RULES.read_text())["groups"] for one in group["rules"]]
    assert len(rules) >= 5
    headings = {
        re.sub(r"[^a-z -]", "", line[3:].lower()).replace(" ", "-")
        for line in RUNBOOK.read_text().splitlines()
        if line.startswith("## ")
    }
    for rule in rules:
        asked = set(re.findall(r"trustmark_\w+", rule["expr"]))
        assert asked
        assert asked <= known, asked - known
        assert rule["annotations"]["runbook"].partition("#")[2] in headings
        for reason in re.findall(r'reason=~"([^"]+)"', rule["expr"]):
            assert set(reason.split("|")) <= {*ErrorState}


@pytest.mark.req("LV-010")
@pytest.mark.req("LV-200")
@pytest.mark.req("LV-201")
@pytest.mark.django_db
def test_every_panel_of_the_dashboard_asks_for_metrics_and_labels_that_exist() -> None:
    families = {family.name: family for family in REGISTRY.collect()}
    board = json.loads((ROOT / "deploy" / "grafana" / "verification.json").read_text())
    asked = [target["expr"] for panel in board["panels"] for target in panel["targets"]]
    assert len(asked) >= 10
    for expression in asked:
        names = set(re.findall(r"trustmark_(?:verification|media)_\w+", expression))
        assert names
        known = {re.sub(r"_(total|bucket|sum|count)$", "", name) for name in names}
        assert known <= set(families), known - set(families)
    assert {"p50", "p95", "p99"} <= {one["legendFormat"] for one in board["panels"][0]["targets"]}
    assert len({panel["id"] for panel in board["panels"]}) == len(board["panels"])


@pytest.mark.req("LV-214")
@pytest.mark.django_db
def test_each_detectors_score_is_counted_and_no_score_is_not() -> None:
    from tests import factories
    from tests.verification.making import finished

    def counted(detector: str) -> float:
        told = REGISTRY.get_sample_value(
            "trustmark_verification_detector_score_count", {"detector": detector}
        )
        return told or 0.0

    desk = factories.make_desk(factories.make_studio(), "PRODUCER")
    before = {name: counted(name) for name in ("spatial", "temporal", "both")}
    finished(desk.organisation, desk.person)
    assert {name: counted(name) for name in before} == before
    scored = Deepfake(
        state=DetectionState.SCORED,
        status=RiskStatus.LOW,
        risk_score=0.2,
        scores={"spatial": 0.1, "temporal": 0.3},
    )
    finished(desk.organisation, desk.person, deepfake=scored)
    assert {name: counted(name) - one for name, one in before.items()} == dict.fromkeys(before, 1.0)
    alerts = {one["alert"] for group in yaml.safe_load(RULES.read_text())["groups"] for one in group["rules"]}
    assert "DetectorMedianDrift" in alerts


@pytest.mark.req("LV-201")
@pytest.mark.req("LV-203")
@pytest.mark.req("LV-204")
@pytest.mark.req("LV-006")
@pytest.mark.django_db
def test_a_verification_is_counted_by_stage_layer_action_and_reason() -> None:
    from tests import factories
    from tests.verification.making import finished

    def value(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(f"trustmark_verification_{name}", labels) or 0.0

    before = value("reasons_total", reason="stream_corrupted", codec="h264")
    held = value("actions_total", action="hold", policy="default@1")
    desk = factories.make_desk(factories.make_studio(), "PRODUCER")
    row = finished(desk.organisation, desk.person, errors=("missing_provenance", "stream_corrupted"))
    assert value("reasons_total", reason="stream_corrupted", codec="h264") == before + 1
    assert value("actions_total", action="hold", policy="default@1") == held + 1
    assert value("outcomes_total", layer="deepfake", status="detector_not_installed") >= 1
    timed = value("stage_seconds_count", stage="ingest", state="done")
    metrics.stage_ended(_run(row.record.report["audit"]["stages"][0]))
    assert value("stage_seconds_count", stage="ingest", state="done") == timed + 1
    metrics.stage_ended(_run(row.record.report["audit"]["stages"][0] | {"state": StageState.SKIPPED}))
    assert value("stage_seconds_count", stage="ingest", state="skipped") == 0.0


def _run(said: dict[str, object]) -> metrics.StageRun:
    import msgspec

    return msgspec.convert(said, metrics.StageRun)


@pytest.mark.req("LV-011")
@pytest.mark.req("LV-012")
@pytest.mark.req("LV-013")
@pytest.mark.req("LV-240")
def test_the_design_names_its_threats_and_maps_itself_to_c2pa_and_nist() -> None:
    design = (ROOT / "docs" / "design" / "verification.md").read_text()
    for threat in ("signature stripped", "mark removed", "evasion of detectors", "input changed on the way"):
        assert re.search(rf"^\| {threat} \| .{{20,}} \|$", design, re.MULTILINE), threat
    assert "It is not the\nC2PA hard binding" in design
    rows = re.findall(r"^\| [^|]+ \| ([^|]*) \| ([^|]+) \|$", design.partition("## C2PA")[2], re.MULTILINE)
    assert {"Govern", "Map", "Measure", "Manage"} <= set(
        re.findall(r"[A-Z][a-z]+", " ".join(two for _, two in rows))
    )


@pytest.mark.req("LV-205")
@pytest.mark.django_db
def test_what_a_file_costs_is_counted_in_processor_time_storage_and_bandwidth(
    still: Path, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    from django.core.files.storage import FileSystemStorage

    from tests import factories
    from verification import services
    from verification.services import means, verifying

    def value(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(f"trustmark_verification_{name}", labels) or 0.0

    def told() -> dict[str, float]:
        return {
            "cpu": value("cpu_seconds_sum"),
            "copy": value("stored_bytes_sum", what="copy"),
            "record": value("stored_bytes_sum", what="record"),
            "taken_in": value("carried_bytes_sum", way="taken_in"),
            "fetched": value("carried_bytes_sum", way="fetched"),
        }

    def verified() -> dict[str, float]:
        before = told()
        row = services.request_verification(
            principal=factories.make_desk(factories.make_studio(), "PRODUCER"), path=still, file_name="a.png",
            layers=["provenance"],
        )  # fmt: skip
        services.run_verification(verification_id=row.pk)
        return {name: now - before[name] for name, now in told().items()}

    size = still.stat().st_size
    settings.VERIFICATION_WARM = False
    cost = verified()
    assert 0.1 < cost["cpu"] < 120, "the confined processes are counted"
    settings.VERIFICATION_WARM = True
    forks = means.warmed()
    assert forks is not None
    assert forks.wait_ready()
    before = forked_seconds()
    assert verified()["cpu"] >= forked_seconds() - before > 0, "and those that are forked"
    assert (cost["copy"], cost["taken_in"], cost["fetched"]) == (size, size, 0), "the copy lies in a folder"
    assert 1_000 < cost["record"] < 100_000
    # in a bucket the worker fetches it
    assert isinstance(verifying.blobs(), FileSystemStorage)
    monkeypatch.setattr(verifying, "FileSystemStorage", type(None))
    assert verified()["fetched"] == size


@pytest.mark.req("LV-202")
@pytest.mark.django_db
def test_accelerators_their_active_time_and_batches_are_counted_and_none_is_said_to_be_none(
    tmp_path: Path,
) -> None:
    from watermarking import metrics as devices

    def value(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(f"trustmark_media_{name}", labels) or 0.0

    assert devices.accelerators(tmp_path) == 0
    assert value("accelerators") == devices.accelerators(), "what this machine shows"
    for name in ("nvidia0", "nvidia1", "nvidiactl"):
        (tmp_path / name).touch()
    assert devices.accelerators(tmp_path) == 2

    before = {one: value("active_seconds_total", device=one) for one in ("cpu", "cuda")}
    frames = value("marked_frames_total", device="cuda")
    with devices.measured() as work:
        time.sleep(0.05)
        work.device, work.frames = "cuda", 12
    assert 0.05 <= value("active_seconds_total", device="cuda") - before["cuda"] < 5
    assert value("active_seconds_total", device="cpu") == before["cpu"]
    assert value("marked_frames_total", device="cuda") - frames == 12
    with pytest.raises(ZeroDivisionError), devices.measured():
        raise ZeroDivisionError
    assert value("active_seconds_total", device="cpu") > before["cpu"], "what broke off took its time"


def _rule(name: str) -> str:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return str(next(one["expr"] for group in groups for one in group["rules"] if one["alert"] == name))


@pytest.mark.req("LV-206")
@pytest.mark.django_db
def test_sampling_of_which_one_in_ten_takes_twice_its_median_rings_and_even_sampling_does_not() -> None:
    from tests.verification.alerting import fires, samples
    from trustcore.verification.words import Stage

    def sampled(milliseconds: float, stage: Stage = Stage.CANONICALISE) -> None:
        metrics.stage_ended(
            StageRun(name=stage, contract="c", version="1", state=StageState.DONE, milliseconds=milliseconds)
        )

    before = samples()
    for number in range(100):
        sampled(800 + 3 * number)
        sampled(9_000 if number % 2 else 1, Stage.WATERMARK)  # another stage's times are not sampling's
    assert not fires(_rule("SamplingUneven"), before=before)
    before = samples()
    for number in range(100):
        sampled(1_900 if number % 10 == 0 else 800 + number)
    assert fires(_rule("SamplingUneven"), before=before)
    assert not fires(_rule("SamplingUneven"), before=samples()), "nothing was counted"


@pytest.mark.req("LV-207")
@pytest.mark.django_db
def test_short_clips_over_five_seconds_ring_and_longer_films_over_sixty() -> None:
    import msgspec

    from tests import factories
    from tests.verification.alerting import fires, samples
    from tests.verification.making import finished
    from trustcore.verification.report import parse_report

    desk = factories.make_desk(factories.make_studio(), "PRODUCER")
    report = parse_report(finished(desk.organisation, desk.person).record.report)

    def verified(seconds: float, *, length: float, times: int = 20) -> None:
        run = msgspec.structs.replace(report.audit.stages[0], milliseconds=seconds * 1000)
        media = msgspec.structs.replace(report.media, seconds=length)
        audit = msgspec.structs.replace(report.audit, stages=(run,))
        for _ in range(times):
            metrics.decided(msgspec.structs.replace(report, media=media, audit=audit))

    for name, length, within, over in (
        ("VerificationsSlow", 8.0, 1.5, 7.0), ("LongVerificationsSlow", 600.0, 25.0, 90.0),
    ):  # fmt: skip
        before = samples()
        verified(within, length=length)
        # the other kind's times do not count: a long film may take twenty seconds
        verified(200.0, length=8.0 if length > 60 else 600.0)
        assert not fires(_rule(name), before=before)
        # one in ten over the bar is more than one in twenty
        verified(over, length=length, times=3)
        assert fires(_rule(name), before=before)
